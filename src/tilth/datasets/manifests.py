"""What a Version consists of: the full listing, found by path, walked in order, and rewritten only where it changed."""

from bisect import bisect_left, bisect_right
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from tilth.base.errors import Corrupt, ObjectNotFound
from tilth.base.faultpoints import reach
from tilth.base.ids import VersionId
from tilth.datasets.facts import Fact, below, facts_of_segment
from tilth.datasets.format import missing, root_key, segment_key
from tilth.datasets.records import VersionRecord
from tilth.datasets.segments import Root, Rows, SegmentRef, cut, dump_root, joined, load_root, packs_of_segment
from tilth.domain.dataset import Entry
from tilth.store.api import Key, ObjectStore

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Change", "Manifest", "Marker", "WrittenRoot", "live_keys", "merge_manifests", "open_manifest", "write_manifest"]

Change = tuple[str, Entry | None]
"""A path and what it is to be: an entry, or None for nothing."""

BATCH = 1 << 15
_MOST_LOADED = 4
_PIECES_WEIGHT = 1 << 17
_FOOTER_GUESS = 64 << 10


class Manifest:
    """The listing of one Version. Segments are fetched when a path in their range is asked for, and checked by their hash."""

    def __init__(self, store: ObjectStore, segments: Root, *, most_loaded: int = _MOST_LOADED) -> None:
        self._store = store
        self._most_loaded = most_loaded
        self._loaded: OrderedDict[str, Rows] = OrderedDict()
        self.segments = segments

    @property
    def count(self) -> int:
        """The number of entries."""
        return sum(segment.entries for segment in self.segments)

    @property
    def size_bytes(self) -> int:
        """The sum of the sizes of the entries."""
        return sum(segment.size_bytes for segment in self.segments)

    def find(self, path: str) -> Entry | None:
        """The entry at exactly `path`."""
        found = self._row(path)
        return next(found.entries()) if found else None

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """The entries in the order of their paths: all, or the one at `prefix`, or all below it."""
        for rows in self._rows(prefix):
            yield from rows.entries()

    def digests(self, prefix: str = "") -> Iterator[tuple[str, int, bytes]]:
        """Path, size and SHA-256 of the entries, in the order of their paths; much cheaper than the entries themselves."""
        for rows in self._rows(prefix):
            yield from rows.digests()

    def digests_with(self, content_of: Callable[[Entry], bytes | None], prefix: str = "") -> Iterator[tuple[str, int, bytes]]:
        """As `digests`, with what `content_of` says of each link as its hash; those of which it says nothing are left out."""
        for rows in self._rows(prefix):
            if not rows.has_links:
                yield from rows.digests()
                continue
            for entry in rows.entries():
                digest = content_of(entry) if entry.link else entry.sha256
                if digest is not None:
                    yield entry.path, entry.size, digest

    def link_entries(self, prefix: str = "") -> Iterator[Entry]:
        """The entries that are links, in the order of their paths."""
        for rows in self._rows(prefix):
            yield from rows.link_entries()

    def facts(self, prefix: str = "", *, batch_rows: int) -> "Iterator[pa.RecordBatch]":
        """What the listing says of the files, all or those below `prefix`, in the order of their paths; nothing of it is kept."""
        for segment in self.segments_of(prefix, itself=True):
            for batch in self.facts_of(segment, batch_rows=batch_rows):
                found = below(batch, prefix) if prefix else batch
                if found.num_rows:
                    yield found

    def facts_of(self, segment: SegmentRef, *, batch_rows: int) -> "Iterator[pa.RecordBatch]":
        """The same of one segment."""
        return facts_of_segment(self._fetch(segment), name=segment.key, batch_rows=batch_rows)

    def fact_rows(self, prefix: str = "") -> Iterator[Fact]:
        """The same of all files, one by one."""
        for rows in self._rows(prefix):
            yield from rows.facts()

    def has_below(self, path: str) -> bool:
        """Whether any entry lies below `path`, taken as a folder."""
        for segment in self.segments_of(path):
            start, stop = self.load(segment).range_of(path)
            if stop > start:
                return True
        return False

    def segments_of(self, prefix: str, *, itself: bool = False) -> Sequence[SegmentRef]:
        """The segments that may hold a path below `prefix`, or also it `itself`."""
        if not prefix:
            return self.segments
        start = bisect_left(self.segments, prefix if itself else prefix + "/", key=lambda segment: segment.last_path)
        stop = bisect_right(self.segments, prefix + "0", key=lambda segment: segment.first_path)
        return self.segments[start:stop]

    def sizes(self, segment: SegmentRef) -> tuple[list[str], list[int]]:
        """The paths and sizes of one segment: much cheaper than its rows, and kept by nobody."""
        return Rows.load_sizes(self._fetch(segment), name=segment.key)

    def outline(self, segment: SegmentRef) -> Any:
        """The paths and sizes of one segment, and in a column `link` a value where an entry is one; kept by nobody."""
        return Rows.load_outline(self._fetch(segment), name=segment.key)

    def columns(self, segment: SegmentRef, names: Sequence[str]) -> Any:
        """Some columns of one segment as a table of Arrow's, kept by nobody."""
        return Rows.load_columns(self._fetch(segment), names, name=segment.key)

    def links(self, segment: SegmentRef) -> Any:
        """The links of one segment, null where an entry is none."""
        return Rows.load_columns(self._fetch(segment), ["link"], name=segment.key).column(0).combine_chunks()

    def entry(self, segment: SegmentRef, row: int) -> Entry:
        """The entry of one row of a segment."""
        return next(self.load(segment).entries(row, row + 1))

    def load(self, segment: SegmentRef) -> Rows:
        """The rows of one segment."""
        rows = self._loaded.get(segment.key)
        if rows is None:
            rows = self._loaded[segment.key] = Rows.load(self._fetch(segment), name=segment.key)
        with suppress(KeyError):  # another thread may take out what this one has
            if len(self._loaded) > self._most_loaded:
                self._loaded.popitem(last=False)
            self._loaded.move_to_end(segment.key)
        return rows

    def _row(self, path: str) -> Rows | None:
        """The row of exactly `path`."""
        at = bisect_left(self.segments, path, key=lambda segment: segment.last_path)
        if at == len(self.segments) or self.segments[at].first_path > path:
            return None
        rows = self.load(self.segments[at])
        row = rows.row_of(path)
        return None if row is None else rows.slice(row, row + 1)

    def _rows(self, prefix: str) -> Iterator[Rows]:
        """The rows of the file at `prefix`, or of all files below it, not too many at once, in the order of their paths."""
        if prefix and (exact := self._row(prefix)):
            yield exact
            return
        for segment in self.segments_of(prefix):
            rows = self.load(segment)
            start, stop = rows.range_of(prefix)
            for at in range(start, stop, BATCH):
                yield rows.slice(at, min(at + BATCH, stop))

    def _fetch(self, segment: SegmentRef) -> bytes:
        data = _needed(self._store, Key(segment.key))
        if sha256(data).digest() != segment.sha256:
            raise Corrupt(f"segment {segment.key} is damaged: it does not match its checksum", hint="run `tilth data verify`")
        return data


def open_manifest(store: ObjectStore, record: VersionRecord) -> Manifest:
    """The listing of the Version behind `record`; `Corrupt` if its Root is not what was committed."""
    data = _needed(store, Key(record.root))
    if sha256(data).hexdigest() != record.root_sha256:
        raise Corrupt(f"root {record.root} is damaged: it does not match its checksum", hint="run `tilth data verify`")
    return Manifest(store, load_root(data, name=record.root))


def live_keys(store: ObjectStore, record: VersionRecord) -> Iterator[Key]:
    """Every object that the Version needs besides its record: its Root, its Segments, and their packs, read from footers."""
    return Marker().live_keys(store, record)


class Marker:
    """Tells what Versions need, reading each Segment that they share only once."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def live_keys(self, store: ObjectStore, record: VersionRecord) -> Iterator[Key]:
        """Every object that the Version needs besides its record, except what was yielded before."""
        yield Key(record.root)
        for segment in open_manifest(store, record).segments:
            if segment.key in self._seen:
                continue
            packs = packs_of_segment(_footer(store, Key(segment.key)), name=segment.key)
            yield Key(segment.key)
            for pack in packs:
                yield Key(pack)
            self._seen.add(segment.key)


def _needed(store: ObjectStore, key: Key) -> bytes:
    try:
        return store.get(key)
    except ObjectNotFound as error:
        raise missing(store, key) from error


def _footer(store: ObjectStore, key: Key) -> bytes:
    info = store.head(key)
    if info is None:
        raise missing(store, key)
    size = min(info.size_bytes, _FOOTER_GUESS)
    tail = store.get_range(key, -size, size)
    needed = min(int.from_bytes(tail[-8:-4], "little") + 8, info.size_bytes)
    return tail if needed <= size else store.get_range(key, -needed, needed)


class WrittenRoot(Struct, frozen=True):
    """A Root that is durable in the store, and what it adds up to."""

    key: Key
    sha256: str
    entries: int
    size_bytes: int
    new_segments: int


def write_manifest(
    store: ObjectStore,
    session: VersionId,
    base: Manifest,
    changes: Iterable[Change],
    *,
    known: Iterable[SegmentRef] = (),
    first_sequence: int = 0,
) -> WrittenRoot:
    """Write the listing that `base` becomes with `changes`, which are sorted by path, each path once.

    Segments that no change touches are shared with the base. A segment that comes out equal to one of `known`, such as the
    segments of other parents, is shared with that. New ones are numbered from `first_sequence`.
    """
    writer = _SegmentWriter(store, session, [*base.segments, *known], first_sequence)
    _merge(base, _Batches(changes), writer)
    return writer.write_root()


def merge_manifests(
    store: ObjectStore, session: VersionId, base: Manifest, above: Manifest, *, known: Iterable[SegmentRef] = (), first_sequence: int
) -> tuple[Root, int]:
    """Write the segments of the listing that `base` becomes when that of `above` is laid over it, without making objects of entries.

    Returns them all, and the number of the session's next segment.
    """
    writer = _SegmentWriter(store, session, [*base.segments, *known], first_sequence)
    _merge(base, _Pieces(above), writer)
    return writer.root, first_sequence + writer.new


class _Edit(Protocol):
    """What is to become of some paths after each other."""

    @property
    def last_path(self) -> str: ...

    def laid_over(self, rows: Rows) -> Rows:
        """What `rows`, which reach just as far, become."""


class _Edits(Protocol):
    def before(self, bound: str | None) -> Iterator[_Edit]:
        """The edits not yet handed out of paths below `bound`, all if it is None."""


def _merge(base: Manifest, pending: _Edits, writer: "_SegmentWriter") -> None:
    carry = Rows.of([])
    bounds = [segment.first_path for segment in base.segments[1:]]
    for segment, bound in zip_longest(base.segments, bounds):
        batches: list[_Edit] = list(islice(pending.before(bound), 1))
        if not batches and not carry:
            writer.share(segment)
            continue
        rows = base.load(segment)
        done = 0
        for batch in chain(batches, pending.before(bound)):
            stop = bisect_right(rows.paths, batch.last_path)
            carry = writer.feed(joined([carry, batch.laid_over(rows.slice(done, stop))]))
            done = stop
        carry = writer.feed(joined([carry, rows.slice(done, len(rows))]))
    for batch in pending.before(None):
        carry = writer.feed(joined([carry, batch.laid_over(Rows.of([]))]))
    writer.end(carry)


class _Changes(Struct, frozen=True):
    """Some changes after each other."""

    changes: list[Change]

    @property
    def last_path(self) -> str:
        return self.changes[-1][0]

    def laid_over(self, rows: Rows) -> Rows:
        return rows.splice(self.changes)


class _Piece(Struct, frozen=True):
    """Some rows after each other that are to be there."""

    rows: Rows

    @property
    def last_path(self) -> str:
        return self.rows.paths[-1]

    def laid_over(self, rows: Rows) -> Rows:
        return rows.overlaid(self.rows) if rows else self.rows


class _Batches:
    """Hands out sorted changes in bounded batches, up to a path."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._changes = iter(changes)
        self._next = next(self._changes, None)

    def before(self, bound: str | None) -> Iterator[_Changes]:
        """The changes not yet handed out whose path is below `bound`, all if it is None."""
        batch: list[Change] = []
        while self._next is not None and (bound is None or self._next[0] < bound):
            batch.append(self._next)
            self._next = next(self._changes, None)
            if len(batch) == BATCH:
                yield _Changes(batch)
                batch = []
        if batch:
            yield _Changes(batch)


class _Pieces:
    """Hands out the rows of a listing up to a path, as they lie in its segments."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._segments = deque(manifest.segments)
        self._rest = Rows.of([])

    def before(self, bound: str | None) -> Iterator[_Piece]:
        """The rows not yet handed out whose path is below `bound`, all if it is None; many small pieces at once."""
        pieces: list[Rows] = []
        weight = 0
        for piece in self._single(bound):
            pieces.append(piece)
            weight += piece.weight
            if weight >= _PIECES_WEIGHT:
                yield _Piece(joined(pieces))
                pieces, weight = [], 0
        if pieces:
            yield _Piece(joined(pieces))

    def _single(self, bound: str | None) -> Iterator[Rows]:
        while self._rest or self._segments:
            if not self._rest:
                if bound is not None and self._segments[0].first_path >= bound:
                    return
                self._rest = self._manifest.load(self._segments.popleft())
            count = len(self._rest) if bound is None else bisect_left(self._rest.paths, bound)
            if count == 0:
                return
            piece, self._rest = self._rest.slice(0, count), self._rest.slice(count, len(self._rest))
            yield piece


class _SegmentWriter:
    """Cuts rows into segments, stores those that are new, and may end with the Root."""

    def __init__(self, store: ObjectStore, session: VersionId, known: Iterable[SegmentRef], first_sequence: int) -> None:
        self._store = store
        self._session = session
        self._known = {segment.sha256: segment for segment in known}
        self._root: list[SegmentRef] = []
        self._first = first_sequence
        self.new = 0

    @property
    def root(self) -> Root:
        """All segments so far."""
        return tuple(self._root)

    def share(self, segment: SegmentRef) -> None:
        self._root.append(segment)

    def feed(self, rows: Rows) -> Rows:
        """Store the whole segments at the front of `rows`; what is left comes back."""
        segments, rest = cut(rows, last=False)
        for segment in segments:
            self._write(segment)
        return rest

    def end(self, rest: Rows) -> None:
        """Store what is left."""
        for segment in cut(rest, last=True)[0]:
            self._write(segment)

    def write_root(self) -> WrittenRoot:
        data = dump_root(self.root)
        key = root_key(self._session)
        reach("commit.before-root")
        self._store.put(key, [data])
        entries = sum(segment.entries for segment in self._root)
        size_bytes = sum(segment.size_bytes for segment in self._root)
        return WrittenRoot(key, sha256(data).hexdigest(), entries, size_bytes, self.new)

    def _write(self, rows: Rows) -> None:
        data = rows.dump()
        digest = sha256(data).digest()
        shared = self._known.get(digest)
        if shared is None:
            key = segment_key(self._session, self._first + self.new)
            reach("commit.before-segment")
            self._store.put(key, [data])
            self.new += 1
            shared = SegmentRef(rows.paths[0], rows.paths[-1], len(rows), rows.size_bytes, key, digest)
        self._root.append(shared)
