"""How versions differ, how large they are, and how they descend from each other."""

from collections import Counter, deque
from collections.abc import Sequence

from msgspec import Struct

from tilth.datasets.totals import TotalsCounter
from tilth.domain.dataset import ChangeTotals, Total
from tilth.domain.version import DatasetVersion, LineageNode
from tilth.sdk import contents
from tilth.sdk.home import Home

__all__ = ["Comparison", "Statistics", "children_first", "compared", "drawn_lineage", "statistics"]


class Comparison(Struct, frozen=True):
    """How one listing differs from another, path by path, in the order of the paths."""

    added: list[str]
    removed: list[str]
    modified: list[str]
    moved: list[tuple[str, str]]
    """Old and new path of files that only got another one."""
    unchanged: int


class Statistics(Struct, frozen=True):
    """A version in numbers."""

    whole: Total
    changes: ChangeTotals | None
    """Against its parents."""
    packs: int
    own_packs: int


def compared(home: Home, before: DatasetVersion, after: DatasetVersion) -> Comparison:
    """How `after` differs from `before`. Memory grows with the number of differences only."""
    added: dict[str, tuple[int, bytes]] = {}
    removed: dict[tuple[int, bytes], deque[str]] = {}
    modified: list[str] = []
    unchanged = 0
    for was, now in contents.side_by_side(contents.digests(home, before), contents.digests(home, after)):
        if was is None and now is not None:
            added[now[0]] = now[1:]
        elif now is None and was is not None:
            removed.setdefault(was[1:], deque()).append(was[0])
        elif was is not None and now is not None and was[2] != now[2]:
            modified.append(now[0])
        else:
            unchanged += 1
    moved = [(removed[content].popleft(), path) for path, content in added.items() if removed.get(content)]
    arrived = {path for _, path in moved}
    return Comparison(
        [path for path in added if path not in arrived],
        sorted(path for paths in removed.values() for path in paths),
        modified,
        moved,
        unchanged,
    )


def statistics(home: Home, version: DatasetVersion) -> Statistics:
    """`version` in numbers, final or not."""
    if version.status is not version.status.UPLOADING:
        packs = contents.count_packs(home, version, own_only=False)
        own = contents.count_packs(home, version, own_only=True)
        return Statistics(Total(version.entries, version.size_bytes), version.changes, packs, own)
    counter, sizes, before = TotalsCounter(), Total(), Total()
    for was, now in contents.side_by_side(contents.parents_digests(home, version), contents.digests(home, version)):
        counter.count(was and was[1:], now and now[1:])
        sizes = sizes.plus(now[1]) if now else sizes
        before = before.plus(was[1]) if was else before
    return Statistics(sizes, counter.totals(before), 0, 0)


def drawn_lineage(nodes: Sequence[LineageNode]) -> list[str]:
    """A drawing of `nodes`, newest first: a column for each line of descent, as version control shows it."""
    lines: list[str] = []
    columns: list[str] = []
    known = {node.id for node in nodes}
    for node in children_first(nodes):
        if node.id not in columns:
            columns.append(node.id)
        at = columns.index(node.id)
        marks = ["*" if column == at else "|" for column in range(len(columns))]
        state = "deleted" if node.deleted else str(node.status)
        lines.append(
            f"{' '.join(marks)}  {node.id}  {node.project}/{node.name} {node.version}  {state}  {node.created[:16].replace('T', ' ')}"
        )
        parents = [parent for parent in node.parents if parent in known]
        columns[at : at + 1] = [parent for parent in parents if parent not in columns]
        if len(parents) > 1:
            lines.append(f"{' '.join('|' for _ in columns)}  merged from {', '.join(parent[:8] for parent in parents)}")
    return lines


def children_first(nodes: Sequence[LineageNode]) -> list[LineageNode]:
    """Every node before its parents, newer ones first where that leaves a choice."""
    children = Counter(parent for node in nodes for parent in set(node.parents))
    waiting = {node.id: children[node.id] for node in nodes}
    by_id = {node.id: node for node in nodes}
    ready = sorted((node for node in nodes if not waiting[node.id]), key=lambda node: node.created)
    ordered: list[LineageNode] = []
    while ready:
        node = ready.pop()
        ordered.append(node)
        for parent in dict.fromkeys(node.parents):
            if parent in waiting:
                waiting[parent] -= 1
                if not waiting[parent]:
                    ready.append(by_id[parent])
        ready.sort(key=lambda node: node.created)
    return ordered
