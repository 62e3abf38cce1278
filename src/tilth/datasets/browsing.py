"""A listing as a person walks through it: folder by folder, from any place on, and by parts of paths, without passing what is not shown.

Of a Segment only the columns that are looked at are decoded, and they are kept, so that a second look costs microseconds. Versions that
share Segments share what is kept of them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import accumulate
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from tilth.base.kept import Kept
from tilth.datasets.columns import hashes, numbers, texts
from tilth.datasets.manifests import Manifest
from tilth.datasets.matching import portable_expression
from tilth.datasets.segments import Root, SegmentRef
from tilth.domain.dataset import Entry, Link, Total

__all__ = ["Child", "Listing", "Pieces", "Place", "SortedPaths", "children", "children_from", "fitting"]

Place = int
"""Which row of a listing, counted from its beginning."""
_THREADS = 2
_COLUMNS = (("path", pa.string()), ("size", pa.int64()), ("sha256", pa.binary(32)))


class SortedPaths(Protocol):
    """Paths in their order, of which any can be found without passing the others."""

    def __len__(self) -> int: ...

    def path(self, at: Place) -> str:
        """The path of one row."""

    def lower(self, path: str, start: Place = 0) -> Place:
        """The first row from `start` on whose path is not below `path`, in the order of characters."""


class Child(Struct, frozen=True):
    """A folder or a file right in another folder, and the rows that it stands for."""

    name: str
    is_folder: bool
    start: Place
    stop: Place

    @property
    def cursor(self) -> str:
        """Where a page ends that ends with it: a folder's comes with the slash behind its name."""
        return f"{self.name}/" if self.is_folder else self.name


class Piece(Struct, frozen=True):
    """The columns of a Segment that are looked at."""

    paths: pa.StringArray
    sizes: pa.Int64Array
    ends: pa.Int64Array
    """The sizes of all rows up to each one, added up."""


class Pieces:
    """What is kept of Segments: the names of their files, and, of those whose files were looked at, the hashes. Threads may share it."""

    def __init__(self, *, keep_bytes: int) -> None:
        self._kept: Kept[tuple[str, str], Any] = Kept(keep_bytes, _memory_bytes)

    def piece(self, manifest: Manifest, segment: SegmentRef) -> Piece:
        """The paths and sizes of one segment."""
        found: Piece = self._kept.of((segment.key, "names"), lambda: _piece(manifest.columns(segment, ["path", "size"])))
        return found

    def hashes(self, manifest: Manifest, segment: SegmentRef) -> pa.FixedSizeBinaryArray:
        """The hashes of one segment."""
        return _whole(self._contents(manifest, segment), "sha256")

    def links(self, manifest: Manifest, segment: SegmentRef) -> pa.StructArray | None:
        """The links of one segment, null where a file is none; None if there are none at all."""
        found = self._contents(manifest, segment)
        return _whole(found, "link") if "link" in found.column_names else None

    def _contents(self, manifest: Manifest, segment: SegmentRef) -> pa.Table:
        # In one piece, since a column in several would be copied for each row that is looked at.
        return self._kept.of(
            (segment.key, "contents"), lambda: _without_null_links(manifest.columns(segment, ["sha256", "link"])).combine_chunks()
        )

    def marks(self, manifest: Manifest, segment: SegmentRef) -> pa.Table:
        """The modes and times of one segment."""
        return self._kept.of((segment.key, "marks"), lambda: manifest.columns(segment, ["mode", "mtime_ns"]).combine_chunks())


class Listing:
    """A listing to be walked through."""

    def __init__(
        self,
        segments: Root,
        piece: Callable[[SegmentRef], Piece],
        hashes: Callable[[SegmentRef], Any],
        links: Callable[[SegmentRef], Any] = lambda _: None,
    ) -> None:
        self.segments = segments
        self._links_of = links
        self._piece_of = piece
        self._hashes_of = hashes
        self._starts = [0, *accumulate(segment.entries for segment in segments)]
        self._bytes = [0, *accumulate(segment.size_bytes for segment in segments)]

    @classmethod
    def of_manifest(cls, manifest: Manifest, pieces: Pieces) -> "Listing":
        """The listing of a final version."""
        return cls(manifest.segments, partial(pieces.piece, manifest), partial(pieces.hashes, manifest), partial(pieces.links, manifest))

    @classmethod
    def of_digests(cls, digests: Iterable[tuple[str, int, bytes]], links: Iterable[Entry] = ()) -> "Listing":
        """A listing that lies in no Segments, such as that of a draft; paths, sizes and hashes in the order of the paths.

        `links` are those of the files that lie elsewhere.
        """
        table = _in_columns(list(digests))
        piece = _piece(table)
        hashes = table.column("sha256").combine_chunks()
        segments: Root = ()
        if len(table):
            first, last = (str(piece.paths[at].as_py()) for at in (0, len(table) - 1))
            segments = (SegmentRef(first, last, len(table), piece.ends[-1].as_py(), "", b""),)
        elsewhere = {entry.path: entry.link for entry in links}
        rows = [elsewhere.get(path) for path in table.column("path").to_pylist()] if elsewhere else None
        return cls(segments, lambda _: piece, lambda _: hashes, lambda _: rows)

    def __len__(self) -> int:
        return self._starts[-1]

    def path(self, at: Place) -> str:
        """The path of one row."""
        number = self._number(at)
        segment = self.segments[number]
        if at == self._starts[number]:
            return segment.first_path
        return str(self._piece(number).paths[at - self._starts[number]].as_py())

    def lower(self, path: str, start: Place = 0) -> Place:
        """The first row from `start` on whose path is not below `path`, in the order of characters."""
        number = bisect_left(self.segments, path, key=lambda segment: segment.last_path)
        if number == len(self.segments) or self.segments[number].first_path >= path:
            return max(start, self._starts[number])
        first = self._starts[number]
        return first + _lower(self._piece(number).paths, path, max(0, start - first))

    def find(self, path: str) -> Place | None:
        """The row with exactly this path."""
        at = self.lower(path)
        return at if at < len(self) and self.path(at) == path else None

    def range_of(self, folder: str) -> tuple[Place, Place]:
        """The rows of everything below a folder; all rows for the top."""
        if not folder:
            return 0, len(self)
        start = self.lower(f"{folder}/")
        return start, self.lower(f"{folder}0", start)  # "0" is the character after "/"

    def place_of(self, at: Place) -> tuple[SegmentRef, int]:
        """The segment that a row lies in, and its number there."""
        number = self._number(at)
        return self.segments[number], at - self._starts[number]

    def total(self, start: Place, stop: Place) -> Total:
        """How many files rows `start` up to `stop` are, and how large."""
        return Total(stop - start, self._bytes_before(stop) - self._bytes_before(start))

    def size(self, at: Place) -> int:
        """The size of the file of one row."""
        number = self._number(at)
        found: int = self._piece(number).sizes[at - self._starts[number]].as_py()
        return found

    def sha256(self, at: Place) -> bytes:
        """The hash of the file of one row."""
        number = self._number(at)
        found: bytes = self._hashes_of(self.segments[number])[at - self._starts[number]].as_py()
        return found

    def link(self, at: Place) -> Link | None:
        """Where the file of one row lies, if that is elsewhere."""
        number = self._number(at)
        links = self._links_of(self.segments[number])
        found = None if links is None else links[at - self._starts[number]]
        if found is None or isinstance(found, Link):
            return found
        said = found.as_py()
        return said and Link(said["address"], said["etag"], said["hashed"])

    def matching(self, pattern: str) -> pa.Int64Array:
        """The rows whose path fits (see `fitting`), in order."""
        fits, first = fitting(pattern), numbers(self._starts)

        def found(number: int) -> pa.Array:
            rows = pc.indices_nonzero(fits(self._piece(number).paths))
            return pc.add(rows.cast(pa.int64()), first[number])

        with ThreadPoolExecutor(_THREADS) as pool:
            parts = list(pool.map(found, range(len(self.segments))))
        return pa.concat_arrays([pa.nulls(0, pa.int64()), *parts])

    def columns(self, segments: Iterable[SegmentRef]) -> pa.Table:
        """Paths, sizes and hashes of some segments."""
        pieces = [(self._piece_of(segment), self._hashes_of(segment)) for segment in segments]
        tables = [pa.table({"path": piece.paths, "size": piece.sizes, "sha256": hashes}) for piece, hashes in pieces]
        return pa.concat_tables(tables) if tables else _in_columns([])

    def sizes(self, segment: SegmentRef) -> pa.Table:
        """Paths and sizes of one segment."""
        piece = self._piece_of(segment)
        return pa.table({"path": piece.paths, "size": piece.sizes})

    def _bytes_before(self, at: Place) -> int:
        number = self._number(at) if at < len(self) else len(self.segments)
        row = at - self._starts[number]
        inside: int = self._piece(number).ends[row - 1].as_py() if row else 0
        return self._bytes[number] + inside

    def _number(self, at: Place) -> int:
        return bisect_right(self._starts, at) - 1

    def _piece(self, number: int) -> Piece:
        return self._piece_of(self.segments[number])


def children(paths: SortedPaths, folder: str, *, after: str | None, limit: int) -> tuple[list[Child], str | None]:
    """What lies right in a folder, in the order of paths, from behind the cursor `after`; and the next cursor, if there is more."""
    prefix = f"{folder}/" if folder else ""
    at = paths.lower(prefix)
    stop = paths.lower(f"{folder}0", at) if folder else len(paths)
    if after is not None:
        # Behind a folder: behind all below it. Behind a file: behind its path, which no other begins with and a NUL character.
        at = paths.lower(f"{prefix}{after[:-1]}0" if after.endswith("/") else f"{prefix}{after}\0", at)
    found = children_from(paths, folder, at, stop, limit=limit)
    more = bool(found) and found[-1].stop < stop
    return found, found[-1].cursor if more else None


def children_from(paths: SortedPaths, folder: str, at: Place, stop: Place, *, limit: int) -> list[Child]:
    """What lies right in a folder, from the row `at` on, with which a file or folder begins, up to the row `stop`."""
    prefix = f"{folder}/" if folder else ""
    found: list[Child] = []
    while at < stop and len(found) < limit:
        name, deeper, _ = paths.path(at)[len(prefix) :].partition("/")
        end = paths.lower(f"{prefix}{name}0", at) if deeper else at + 1
        found.append(Child(name, bool(deeper), at, end))
        at = end
    return found


def fitting(pattern: str) -> Callable[[pa.Array], pa.Array]:
    """A test of many paths at once: one with wildcards has to fit a whole path or folder, another text stands anywhere in it.

    Capitals and small letters are the same.
    """
    if any(mark in pattern for mark in "*?["):
        expression = portable_expression(pattern.lower())
        return lambda paths: pc.match_substring_regex(paths, f"(?is){expression}")
    if pattern.isascii():
        text = pattern.lower()
        return lambda paths: pc.match_substring(pc.ascii_lower(paths), text)
    return lambda paths: pc.match_substring(paths, pattern, ignore_case=True)


def _in_columns(digests: Sequence[tuple[str, int, bytes]]) -> pa.Table:
    if not digests:
        return pa.table({name: pa.nulls(0, kind) for name, kind in _COLUMNS})
    paths, sizes, contents = zip(*digests, strict=True)
    return pa.table({"path": texts(paths), "size": numbers(sizes), "sha256": hashes(contents)})


def _whole(table: pa.Table, name: str) -> pa.Array:
    """A column of a table that is in one piece."""
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _without_null_links(table: pa.Table) -> pa.Table:
    return table.select(["sha256"]) if table.column("link").null_count == len(table) else table


def _piece(table: pa.Table) -> Piece:
    paths, sizes = (table.column(name).combine_chunks() for name in ("path", "size"))
    return Piece(paths, sizes, pc.cumulative_sum(sizes))


def _memory_bytes(kept: Any) -> int:
    return int(kept.paths.nbytes + kept.sizes.nbytes + kept.ends.nbytes if isinstance(kept, Piece) else kept.nbytes)


def _lower(paths: pa.StringArray, path: str, start: int) -> int:
    return bisect_left(range(len(paths)), path, lo=min(start, len(paths)), key=lambda row: paths[row].as_py())
