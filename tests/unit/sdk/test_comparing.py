"""A lineage is drawn with each version before its parents, in time that grows with its length and not with its square."""

import time

from tilth.base.ids import VersionId
from tilth.domain.version import LineageNode, VersionStatus
from tilth.sdk.comparing import drawn_lineage


def lineage(count: int) -> list[LineageNode]:
    ids = [VersionId(f"{number:032x}") for number in range(count)]
    return [
        LineageNode(id=ids[at], status=VersionStatus.FINAL, parents=(ids[at - 1],) if at else (), created=f"2026-01-01T{at:08}")
        for at in range(count)
    ]


def test_a_long_lineage_is_drawn_in_order() -> None:
    nodes = lineage(10_000)
    began = time.process_time()
    drawn = drawn_lineage(nodes)
    assert time.process_time() - began < 5
    assert [line.split()[1] for line in drawn] == [node.id for node in reversed(nodes)]
