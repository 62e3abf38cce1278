"""A child process is killed at each named step of taking files and of the commit; the same command then goes on and ends right."""

import os
import subprocess
from pathlib import Path

import pytest

from tilth.base.errors import VersionFinal
from tilth.base.faultpoints import CRASH_STATUS
from tilth.base.ids import VersionId
from tilth.testing import forking
from tilth.testing.repositories import Workbench

CHILD = """
import sys
from pathlib import Path
from tilth.base.errors import VersionFinal
from tilth.base.ids import VersionId
from tilth.datasets import packs, taking
from tilth.datasets.taking import AddRequest, add, sync, upload
from tilth.testing.repositories import Workbench

packs.PACK_BYTES, taking._BATCH = 40_000, 7
root, id, how, parent = Path(sys.argv[1]), VersionId(sys.argv[2]), sys.argv[3], sys.argv[4]
bench = Workbench(root)
source = str(root / "source")
if not bench.repository.has_draft(id):
    bench.repository.create_draft(id, [VersionId(parent)]).close()
with bench.repository.open_draft(id) as draft:
    if how == "sync":
        sync(draft, source, bench.context())
    else:
        add(draft, AddRequest(sources=[source]), bench.context())
        upload(draft, bench.context())
    bench.commit(draft)
"""

POINTS = [
    *[("sync", point) for point in ("session.before-claim", "session.after-claim", "session.before-heartbeat")],
    *[(how, f"ingest.{step}-pack:{n}") for how in ("sync", "add") for step in ("before", "after") for n in (1, 3)],
    *[(how, f"ingest.before-journal:{n}") for how in ("sync", "add") for n in (1, 3)],
    *[("sync", f"sync.after-batch:{n}") for n in (1, 4)],
    *[("add", f"add.after-batch:{n}") for n in (1, 4)],
    *[("sync", point) for point in ("commit.before-segment", "commit.before-root", "commit.before-record", "commit.before-register")],
    *[("sync", point) for point in ("commit.after-register", "commit.after-release", "commit.after-record")],
]

OLD = {f"old/{number:02}.bin": bytes([number]) * 3_000 for number in range(10)}
NEW = {f"new/{number:02}.bin": os.urandom(3_000) for number in range(50)} | {"large.bin": os.urandom(5 << 20), "old/03.bin": b"edited"}


@pytest.mark.parametrize(("how", "point"), POINTS)
def test_a_killed_command_goes_on_where_it_was(tmp_path: Path, how: str, point: str) -> None:
    bench = Workbench(tmp_path)
    parent = bench.version(OLD)
    inherited = bench.stored_bytes()
    bench.folder(NEW)
    id = VersionId("c0ffee" + "0" * 26)
    killed = run_child(tmp_path, id, how, parent, crash_at=point)
    assert killed.returncode == CRASH_STATUS, killed.stderr
    stored = bench.stored_bytes()
    again = run_child(tmp_path, id, how, parent)
    expected = NEW if how == "sync" else OLD | NEW
    if bench.repository.is_committed(id):
        assert again.returncode == 0 or VersionFinal.__name__ in again.stderr, again.stderr
    assert bench.contents(id) == expected
    assert bench.contents(parent) == OLD
    whole = sum(map(len, NEW.values()))
    assert bench.stored_bytes() - inherited < whole * 1.02 + 60_000
    assert bench.stored_bytes() >= stored
    plan = bench.repository.plan_gc()
    assert plan.doomed_bytes <= 60_000
    bench.repository.execute_gc(plan, confirmed=True)
    assert bench.contents(id) == expected


def run_child(root: Path, id: str, how: str, parent: str, *, crash_at: str = "") -> "subprocess.CompletedProcess[str]":
    return forking.run(["-c", CHILD, str(root), id, how, parent], env={**os.environ, "TILTH_CRASH_AT": crash_at})
