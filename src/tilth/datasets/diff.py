"""How one listing differs from another: a table of changes in the order of paths, to be walked through and narrowed as listings are.

Segments that both listings refer to hold the same and are not read, so that ten changes in a million files cost two Segments. What is
left is compared in columns.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from tilth.datasets.browsing import Listing, fitting
from tilth.datasets.columns import numbers
from tilth.datasets.segments import Root, SegmentRef

__all__ = ["KINDS", "Changed", "Changes", "Differing", "changes_between", "differing", "unshared"]

KINDS = ("added", "removed", "modified", "moved")


class Changed(Struct, frozen=True, kw_only=True):
    """One path that is not what it was."""

    path: str
    change: str
    size_before: int | None
    size_after: int | None
    path_before: str | None = None
    """Where a moved file was."""


class Changes:
    """Changes in the order of their paths; a moved file stands at its new path, once."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table.combine_chunks()
        self._paths = _single(self._table.column("path"), pa.string())
        kinds = _single(self._table.column("kind"), pa.int64())
        self._until = [pc.cumulative_sum(pc.equal(kinds, number).cast(pa.int64())) for number in numbers(range(len(KINDS)))]

    def __len__(self) -> int:
        return len(self._paths)

    def path(self, at: int) -> str:
        """The path of one row."""
        return str(self._paths[at].as_py())

    def lower(self, path: str, start: int = 0) -> int:
        """The first row from `start` on whose path is not below `path`."""
        return bisect_left(range(len(self)), path, lo=min(start, len(self)), key=self.path)

    def counts(self, start: int = 0, stop: int | None = None) -> dict[str, int]:
        """How many changes of each kind rows `start` up to `stop` are."""
        stop = len(self) if stop is None else stop
        return {kind: _at(until, stop) - _at(until, start) for kind, until in zip(KINDS, self._until, strict=True)}

    def rows(self, start: int, stop: int) -> list[Changed]:
        """Rows `start` up to `stop`."""
        part = self._table.slice(start, max(0, stop - start))
        columns = (part.column(name).to_pylist() for name in ("path", "kind", "before", "after", "was"))
        return [
            Changed(path=path, change=KINDS[kind], size_before=before, size_after=after, path_before=was)
            for path, kind, before, after, was in zip(*columns, strict=True)
        ]

    def narrowed(self, *, kinds: Sequence[str] = (), pattern: str = "") -> "Changes":
        """The changes of some kinds, whose paths fit (see `tilth.datasets.browsing.fitting`)."""
        table = self._table
        if kinds:
            wanted = numbers(number for number, kind in enumerate(KINDS) if kind in kinds)
            table = table.filter(pc.is_in(table.column("kind"), value_set=wanted))
        if pattern:
            fits = fitting(pattern)
            moved_from = _single(table.column("was"), pa.string())
            table = table.filter(pc.or_kleene(fits(_single(table.column("path"), pa.string())), fits(moved_from)))
        return self if table is self._table else Changes(table)


class Differing(Struct, frozen=True):
    """The rows of two listings that differ."""

    added: pa.Table
    removed: pa.Table
    modified: pa.Table
    were: pa.Table
    """What those of `modified` were, in the same order."""


def unshared(old: Root, new: Root) -> tuple[list[SegmentRef], list[SegmentRef]]:
    """The segments of two listings that are not in both."""
    shared = {segment.key for segment in old} & {segment.key for segment in new if segment.key}
    first, second = ([segment for segment in segments if segment.key not in shared] for segments in (old, new))
    return first, second


def differing(before: pa.Table, after: pa.Table) -> Differing:
    """The rows of two tables with the columns `path` and `sha256`, and whatever else, that differ in them."""
    before, after = before.combine_chunks(), after.combine_chunks()
    found_in_old = pc.index_in(after.column("path"), value_set=before.column("path"))
    stayed = pc.is_in(before.column("path"), value_set=after.column("path"))
    fresh = pc.is_null(found_in_old)
    kept, were = after.filter(pc.invert(fresh)), before.take(found_in_old.drop_null())
    differs = pc.not_equal(kept.column("sha256"), were.column("sha256"))
    return Differing(after.filter(fresh), before.filter(pc.invert(stayed)), kept.filter(differs), were.filter(differs))


def changes_between(old: Listing, new: Listing) -> Changes:
    """How `new` differs from `old`."""
    before, after = (listing.columns(segments) for listing, segments in zip((old, new), unshared(old.segments, new.segments), strict=True))
    found = differing(before, after)
    added, removed, kept, were = found.added, found.removed, found.modified, found.were
    origins = _moves(removed, added)
    gone = numbers(origins.values())
    came = numbers(origins)
    arrived = pc.is_in(numbers(range(len(added))), value_set=came)
    left = pc.is_in(numbers(range(len(removed))), value_set=gone)
    moved, moved_from = added.take(came), removed.take(gone)
    table = pa.concat_tables(
        [
            _rows(0, added.filter(pc.invert(arrived)), after="size"),
            _rows(1, removed.filter(pc.invert(left)), before="size"),
            _rows(2, kept.append_column("before", were.column("size")), before="before", after="size"),
            _rows(3, moved.append_column("was", moved_from.column("path")), before="size", after="size", was="was"),
        ]
    )
    return Changes(table.take(pc.sort_indices(table.column("path"))))


def _moves(removed: pa.Table, added: pa.Table) -> Mapping[int, int]:
    """For rows of `added` the row of `removed` with the same content, the first with the first and so on."""
    shared = pc.is_in(removed.column("sha256"), value_set=added.column("sha256"))
    left: defaultdict[tuple[int, bytes], list[int]] = defaultdict(list)
    rows = pc.indices_nonzero(shared)
    for row, size, digest in zip(rows.to_pylist(), *_contents(removed.take(rows)), strict=True):
        left[size, digest].append(row)
    taken: Counter[tuple[int, bytes]] = Counter()
    found: dict[int, int] = {}
    coming = pc.indices_nonzero(pc.is_in(added.column("sha256"), value_set=removed.column("sha256")))
    for row, size, digest in zip(coming.to_pylist(), *_contents(added.take(coming)), strict=True):
        candidates = left.get((size, digest), [])
        if taken[size, digest] < len(candidates):
            found[row] = candidates[taken[size, digest]]
            taken[size, digest] += 1
    return found


def _contents(table: pa.Table) -> tuple[list[int], list[bytes]]:
    return table.column("size").to_pylist(), table.column("sha256").to_pylist()


def _rows(kind: int, table: pa.Table, *, before: str = "", after: str = "", was: str = "") -> pa.Table:
    count = len(table)
    return pa.table(
        {
            "path": table.column("path"),
            "kind": numbers([kind] * count),
            "before": table.column(before) if before else pa.nulls(count, pa.int64()),
            "after": table.column(after) if after else pa.nulls(count, pa.int64()),
            "was": table.column(was) if was else pa.nulls(count, pa.string()),
        }
    )


def _single(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    return pa.concat_arrays([pa.nulls(0, kind), *column.chunks])


def _at(until: pa.Array, stop: int) -> int:
    return int(until[stop - 1].as_py()) if stop else 0
