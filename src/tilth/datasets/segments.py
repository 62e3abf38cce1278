"""Where a Version's bytes are: sorted Parquet slices of its listing.

A Segment is immutable and may be shared by many Versions. Cuts depend only on nearby paths, so two listings that agree on
a range of paths agree on the Segments of that range.

A `Rows` is a piece of a listing in memory, in columns; it is sliced and joined without making an object per entry, so that
ten changes in a million entries cost the rewriting of a few Segments and not the reading of all.
"""

import json
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from itertools import chain, repeat
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from tilth.base.errors import Corrupt
from tilth.datasets.columns import hashes, numbers, texts
from tilth.datasets.facts import LINK, links_in_columns
from tilth.domain.dataset import ChunkRef, Entry, Link

__all__ = ["Root", "Rows", "SegmentRef", "cut", "dump_root", "load_root", "packs_of_segment"]

LEAST_WEIGHT = 1 << 16
MOST_WEIGHT = 1 << 18
CUT_MASK = (1 << 14) - 1
_PACKS = "tilth.packs"
_LINK_COLUMN = "link"
_ENCODING: dict[str, Any] = {
    "compression": "zstd",
    "use_dictionary": ["mode", "chunks.list.element.pack"],
    "column_encoding": {
        "path": "DELTA_BYTE_ARRAY",
        "size": "DELTA_BINARY_PACKED",
        "mtime_ns": "DELTA_BINARY_PACKED",
        "sha256": "PLAIN",
        "chunks.list.element.sha256": "PLAIN",
        "chunks.list.element.offset": "DELTA_BINARY_PACKED",
        "chunks.list.element.stored": "DELTA_BINARY_PACKED",
        "chunks.list.element.raw": "DELTA_BINARY_PACKED",
    },
    "write_page_index": True,
    "store_schema": False,
}

_CHUNK = pa.struct(
    [
        ("sha256", pa.binary(32)),
        ("pack", pa.uint32()),
        ("offset", pa.uint64()),
        ("stored", pa.uint32()),
        ("raw", pa.uint32()),
    ]
)
_SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("size", pa.int64()),
        ("sha256", pa.binary(32)),
        ("mode", pa.uint16()),
        ("mtime_ns", pa.int64()),
        ("chunks", pa.list_(_CHUNK)),
    ]
)
_LINKED_SCHEMA = _SCHEMA.append(pa.field("link", LINK))
"""Of a Segment that holds a link, and of no other: one without is the same, byte for byte, whether or not its writer knows of links."""
_LINKED_ENCODING = _ENCODING | {
    "column_encoding": {**_ENCODING["column_encoding"], "link.address": "DELTA_BYTE_ARRAY", "link.etag": "PLAIN", "link.hashed": "PLAIN"},
}
_ROOT = pa.schema(
    [
        ("first_path", pa.string()),
        ("last_path", pa.string()),
        ("entries", pa.int64()),
        ("size_bytes", pa.int64()),
        ("key", pa.string()),
        ("sha256", pa.binary(32)),
    ]
)


class SegmentRef(Struct, frozen=True):
    """One Segment of a Root: the range of paths it holds, what they add up to, and the object that holds it."""

    first_path: str
    last_path: str
    entries: int
    size_bytes: int
    key: str
    sha256: bytes


Root = tuple[SegmentRef, ...]
"""The Segments of one Version, in the order of their paths."""


class Rows:
    """Entries in columns, sorted by path."""

    def __init__(self, table: pa.Table, packs: Sequence[str]) -> None:
        self._table = table
        self._packs = packs

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "Rows":
        """The rows of `entries`, which are sorted by path."""
        chunks = list(chain.from_iterable(entry.chunks for entry in entries))
        packs = {name: number for number, name in enumerate(dict.fromkeys(chunk.pack for chunk in chunks))}
        ends = array("i", [0])
        end = 0
        for entry in entries:
            end += len(entry.chunks)
            ends.append(end)
        structs = pa.StructArray.from_arrays(
            [
                _chunk_hashes(entries),
                numbers((packs[chunk.pack] for chunk in chunks), pa.uint32()),
                numbers((chunk.offset for chunk in chunks), pa.uint64()),
                numbers((chunk.stored for chunk in chunks), pa.uint32()),
                numbers((chunk.raw for chunk in chunks), pa.uint32()),
            ],
            fields=list(_CHUNK),
        )
        columns = [
            texts([entry.path for entry in entries]),
            numbers((entry.size for entry in entries), pa.int64()),
            hashes([entry.sha256 for entry in entries]),
            numbers((entry.mode for entry in entries), pa.uint16()),
            numbers((entry.mtime_ns for entry in entries), pa.int64()),
            pa.ListArray.from_arrays(pa.Array.from_buffers(pa.int32(), len(ends), [None, pa.py_buffer(ends)]), structs),
        ]
        if any(entry.link for entry in entries):
            links = links_in_columns([entry.link for entry in entries])
            return cls(pa.table([*columns, links], schema=_LINKED_SCHEMA), list(packs))
        return cls(pa.table(columns, schema=_SCHEMA), list(packs))

    @classmethod
    def load(cls, data: bytes, *, name: str) -> "Rows":
        """The rows of an encoded Segment; `Corrupt` names it if it can't be read."""
        try:
            file = pq.ParquetFile(pa.BufferReader(data))
            packs = json.loads(file.metadata.metadata[_PACKS.encode()])
            table = file.read(use_threads=False).replace_schema_metadata(None)
            return cls(table.cast(_LINKED_SCHEMA if _LINK_COLUMN in table.column_names else _SCHEMA), packs)
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise Corrupt(f"segment {name} is damaged: {error}", hint="run `tilth data verify`") from error

    @classmethod
    def load_sizes(cls, data: bytes, *, name: str) -> tuple[list[str], list[int]]:
        """The paths and sizes of an encoded Segment, without what else it says."""
        table = cls.load_columns(data, ["path", "size"], name=name)
        return table.column("path").to_pylist(), table.column("size").to_pylist()

    @classmethod
    def load_columns(cls, data: bytes, columns: Sequence[str], *, name: str) -> pa.Table:
        """Some columns of an encoded Segment."""
        try:
            table = pq.ParquetFile(pa.BufferReader(data)).read(columns, use_threads=False).replace_schema_metadata(None)
            if _LINK_COLUMN in columns and _LINK_COLUMN not in table.column_names:
                table = table.append_column(_LINKED_SCHEMA.field(_LINK_COLUMN), pa.nulls(len(table), LINK))
            return table.select(columns).cast(pa.schema([_LINKED_SCHEMA.field(column) for column in columns]))
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise Corrupt(f"segment {name} is damaged: {error}", hint="run `tilth data verify`") from error

    @classmethod
    def load_outline(cls, data: bytes, *, name: str) -> pa.Table:
        """The paths and sizes of an encoded Segment, and a column `link` that is null where an entry is none."""
        try:
            table = pq.ParquetFile(pa.BufferReader(data)).read(["path", "size", "link.hashed"], use_threads=False)
            is_link = table.column(_LINK_COLUMN) if _LINK_COLUMN in table.column_names else pa.nulls(len(table), pa.bool_())
            return pa.table({"path": table.column("path").cast(pa.string()), "size": table.column("size"), "link": is_link})
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise Corrupt(f"segment {name} is damaged: {error}", hint="run `tilth data verify`") from error

    def dump(self) -> bytes:
        """The rows as a Segment: the same rows always give the same bytes."""
        used, table = self._with_used_packs_only()
        is_linked = self.has_links
        if not is_linked:
            table = table.select(_SCHEMA.names)
        out = BytesIO()
        with pq.ParquetWriter(out, table.schema, **(_LINKED_ENCODING if is_linked else _ENCODING)) as writer:
            writer.write_table(table)
            writer.add_key_value_metadata({_PACKS: json.dumps(used)})
        return out.getvalue()

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @cached_property
    def paths(self) -> list[str]:
        """All paths, in order."""
        return list(self._table.column("path").to_pylist())

    @property
    def has_links(self) -> bool:
        """Whether any of the entries is a link."""
        return _LINK_COLUMN in self._table.column_names and self._table.column(_LINK_COLUMN).null_count < len(self)

    @cached_property
    def size_bytes(self) -> int:
        """The sum of the sizes."""
        return int(pc.sum(self._table.column("size")).as_py() or 0)

    @cached_property
    def sizes(self) -> Sequence[int]:
        """All sizes, in order, without a number of Python's for each."""
        column = _single(self._table.column("size"))
        return memoryview(column.buffers()[1]).cast("q")[column.offset : column.offset + len(column)] if len(column) else ()

    @cached_property
    def wholes(self) -> "Wholes":
        """The files that consist of one chunk, by the numbers of their rows."""
        return Wholes(*(_single(self._table.column(name)) for name in ("path", "size", "sha256", "chunks")))

    def range_of(self, prefix: str) -> tuple[int, int]:
        """The rows, from and up to, of every path below the folder `prefix`; all rows for an empty one."""
        if not prefix:
            return 0, len(self)
        start = bisect_left(self.paths, prefix + "/")
        return start, bisect_left(self.paths, prefix + "0", lo=start)  # "0" is the character after "/"

    def row_of(self, path: str) -> int | None:
        """The number of the row of exactly `path`."""
        at = bisect_left(self.paths, path)
        return at if at < len(self) and self.paths[at] == path else None

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """The entries of rows `start` up to `stop`."""
        part = self._table.slice(start, (len(self) if stop is None else stop) - start).combine_chunks()
        lists = _single(part.column("chunks"))
        flat = lists.flatten()
        ends = lists.value_lengths().to_pylist()
        packs = self._packs
        chunk_columns = zip(
            flat.field("sha256").to_pylist(),
            [packs[number] for number in flat.field("pack").to_pylist()],
            flat.field("offset").to_pylist(),
            flat.field("stored").to_pylist(),
            flat.field("raw").to_pylist(),
            strict=True,
        )
        columns = (part.column(name).to_pylist() for name in ("path", "size", "sha256", "mode", "mtime_ns"))
        for path, size, digest, mode, mtime_ns, count, link in zip(*columns, ends, _links_in(part), strict=True):
            if count == 1:
                _, pack, offset, stored, raw = next(chunk_columns)
                chunks: tuple[ChunkRef, ...] = (ChunkRef(digest, pack, offset, stored, raw),)
            else:
                chunks = tuple(ChunkRef(*next(chunk_columns)) for _ in range(count))
            yield Entry(path, size, digest, mode, mtime_ns, chunks, link)

    def link_entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """The entries of rows `start` up to `stop` that are links."""
        if self.has_links:
            part = self._table.slice(start, (len(self) if stop is None else stop) - start)
            yield from Rows(part.filter(pc.is_valid(part.column(_LINK_COLUMN))), self._packs).entries()

    def facts(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[str, int, bytes, int, int, Link | None]]:
        """Path, size, SHA-256, time, mode and link of rows `start` up to `stop`."""
        part = self._table.slice(start, (len(self) if stop is None else stop) - start).combine_chunks()
        columns = (part.column(name).to_pylist() for name in ("path", "size", "sha256", "mtime_ns", "mode"))
        return zip(*columns, _links_in(part), strict=True)

    def digests(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[str, int, bytes]]:
        """Path, size and SHA-256 of rows `start` up to `stop`."""
        part = self._table.slice(start, (len(self) if stop is None else stop) - start)
        return zip(*(part.column(name).to_pylist() for name in ("path", "size", "sha256")), strict=True)

    def chunks(self) -> pa.Table:
        """Every chunk that the rows refer to: sha256, pack (a dictionary), offset, stored, raw."""
        lists = _single(self._table.column("chunks"))
        flat = lists.flatten()
        of_file = pc.take(_single(self._table.column("sha256")), pc.list_parent_indices(lists))
        packs = pa.DictionaryArray.from_arrays(flat.field("pack").cast(pa.int32()), texts(self._packs))
        columns = {"sha256": pc.coalesce(flat.field("sha256"), of_file), "pack": packs}
        return pa.table(columns | {name: flat.field(name) for name in ("offset", "stored", "raw")})

    def slice(self, start: int, stop: int) -> "Rows":
        """Rows `start` up to `stop`, sharing memory."""
        return Rows(self._table.slice(start, stop - start), self._packs)

    def take(self, rows: Sequence[int]) -> "Rows":
        """Some rows, in the order of their numbers in `rows`."""
        return Rows(self._table.take(numbers(rows)), self._packs)

    def splice(self, changes: Sequence[tuple[str, Entry | None]]) -> "Rows":
        """These rows with each path of `changes`, sorted, set to its entry, or taken away where it is None."""
        added = Rows.of([entry for _, entry in changes if entry is not None])
        return self._spliced(added, ((path, entry is not None) for path, entry in changes))

    def overlaid(self, above: "Rows") -> "Rows":
        """These rows and those of `above`; where both have a path, the row of `above` stands."""
        return self._spliced(above, ((path, True) for path in above.paths))

    def _spliced(self, rows: "Rows", changes: Iterable[tuple[str, bool]]) -> "Rows":
        """Each path of `changes` set to the next of `rows`, or taken away."""
        both = joined([self, rows])
        order = array("q")
        position, added = 0, len(self)
        for path, is_there in changes:
            at = bisect_left(self.paths, path, lo=position)
            order.extend(range(position, at))
            if is_there:
                order.append(added)
                added += 1
            position = at + 1 if at < len(self) and self.paths[at] == path else at
        order.extend(range(position, len(self)))
        return Rows(both._table.take(numbers(order)), both._packs)

    def weights_until(self, weight: int) -> int:
        """How many of the first rows it takes to reach `weight`, entries and chunks each counting one; all of them if they don't."""
        ends = self._chunk_ends
        return min(bisect_left(range(len(self)), weight, key=lambda row: row + 1 + ends[row]) + 1, len(self))

    @cached_property
    def weight(self) -> int:
        """The number of entries and of chunks."""
        return len(self) + (self._chunk_ends[-1] if len(self) else 0)

    @cached_property
    def _chunk_ends(self) -> list[int]:
        counts = _single(self._table.column("chunks")).value_lengths()
        return list(pc.cumulative_sum(counts).to_pylist())

    def _with_used_packs_only(self) -> tuple[list[str], pa.Table]:
        lists = _single(self._table.column("chunks"))
        flat = lists.flatten()
        before = flat.field("pack")
        used = pc.unique(before).to_pylist()
        renumbered = [0] * len(self._packs)
        for new, old in enumerate(used):
            renumbered[old] = new
        chunks = _with_packs(lists, flat, pc.take(numbers(renumbered, pa.uint32()), before))
        return [self._packs[number] for number in used], self._table.combine_chunks().set_column(5, _SCHEMA.field("chunks"), chunks)

    def _renumbered(self, packs: dict[str, int]) -> pa.Table:
        mapping = numbers((packs.setdefault(name, len(packs)) for name in self._packs), pa.uint32())
        lists = _single(self._table.column("chunks"))
        flat = lists.flatten()
        chunks = _with_packs(lists, flat, pc.take(mapping, flat.field("pack")))
        return self._table.combine_chunks().set_column(5, _SCHEMA.field("chunks"), chunks)


class Wholes:
    """Rows read where Arrow has them, so that looking at one costs no more than the objects that are asked for."""

    def __init__(self, paths: pa.Array, sizes: pa.Array, hashes: pa.Array, chunks: pa.Array) -> None:
        count = len(paths)
        self._path_ends = _view(paths, 1, "i", count + 1)
        self._path_bytes = memoryview(paths.buffers()[2] or b"")
        self._sizes = _view(sizes, 1, "q", count)
        self._hashes = _view(hashes, 1, "B", count * 32, width=32)
        self._chunk_ends = _view(chunks, 1, "i", count + 1)

    def path(self, row: int) -> str:
        """The path of any file."""
        return str(self._path_bytes[self._path_ends[row] : self._path_ends[row + 1]], "utf-8")

    def chunk(self, row: int) -> tuple[bytes, int] | None:
        """SHA-256 and size of the only chunk of a file, which are the file's own; None if it has more of them, or none."""
        if self._chunk_ends[row + 1] - self._chunk_ends[row] != 1:
            return None
        return bytes(self._hashes[32 * row : 32 * row + 32]), self._sizes[row]


def joined(pieces: Sequence[Rows]) -> Rows:
    """The rows of all pieces, one after the other."""
    if len(pieces) == 1:
        return pieces[0]
    packs: dict[str, int] = {}
    tables = _alike([piece._renumbered(packs) for piece in pieces])
    return Rows(pa.concat_tables(tables).combine_chunks() if tables else _SCHEMA.empty_table(), list(packs))


def _alike(tables: list[pa.Table]) -> list[pa.Table]:
    """The tables with the column of links in all of them, if it is in any."""
    if not any(_LINK_COLUMN in table.column_names for table in tables):
        return tables
    field = _LINKED_SCHEMA.field(_LINK_COLUMN)
    return [table if _LINK_COLUMN in table.column_names else table.append_column(field, pa.nulls(len(table), LINK)) for table in tables]


def _links_in(part: pa.Table) -> Iterator[Link | None]:
    if _LINK_COLUMN not in part.column_names:
        yield from repeat(None, len(part))
        return
    links = _single(part.column(_LINK_COLUMN))
    columns = (links.field(name).to_pylist() for name in ("address", "etag", "hashed"))
    for is_link, address, etag, hashed in zip(links.is_valid().to_pylist(), *columns, strict=True):
        yield Link(address, etag, hashed) if is_link else None


def cut(rows: Rows, *, last: bool) -> tuple[list[Rows], Rows]:
    """Cut whole Segments off the front of `rows`; what is left may still grow, unless this is the `last` of the listing."""
    segments = []
    while rows.weight >= LEAST_WEIGHT:
        length = _segment_length(rows)
        if length is None:
            break
        segments.append(rows.slice(0, length))
        rows = rows.slice(length, len(rows))
    if last and len(rows):
        segments.append(rows)
        rows = rows.slice(len(rows), len(rows))
    return segments, rows


def _segment_length(rows: Rows) -> int | None:
    most = rows.weights_until(MOST_WEIGHT)
    for row in range(rows.weights_until(LEAST_WEIGHT) - 1, most):
        if int.from_bytes(sha256(rows.paths[row].encode()).digest()[-4:]) & CUT_MASK == 0:
            return row + 1
    return most if rows.weight >= MOST_WEIGHT else None


def packs_of_segment(data: bytes, *, name: str) -> list[str]:
    """The packs that a Segment refers to, read from its footer alone; `data` may be its tail."""
    try:
        metadata = pq.read_metadata(pa.BufferReader(data)).metadata
        return list(json.loads(metadata[_PACKS.encode()]))
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise Corrupt(f"segment {name} is damaged: {error}", hint="run `tilth data verify`") from error


def dump_root(root: Root) -> bytes:
    """The Root as a Parquet table."""
    out = BytesIO()
    columns = [
        texts([ref.first_path for ref in root]),
        texts([ref.last_path for ref in root]),
        numbers(ref.entries for ref in root),
        numbers(ref.size_bytes for ref in root),
        texts([ref.key for ref in root]),
        hashes([bytes(ref.sha256) for ref in root]),
    ]
    pq.write_table(pa.table(columns, schema=_ROOT), out, compression="zstd", store_schema=False)
    return out.getvalue()


def load_root(data: bytes, *, name: str) -> Root:
    """The Root behind `data`; `Corrupt` names it if it can't be read."""
    try:
        table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
        columns = [table.column(field).to_pylist() for field in _ROOT.names]
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise Corrupt(f"root {name} is damaged: {error}", hint="run `tilth data verify`") from error
    return tuple(SegmentRef(*row) for row in zip(*columns, strict=True))


def _single(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0, column.type)


def _view(column: pa.Array, buffer: int, code: str, length: int, *, width: int = 1) -> memoryview:
    """One of a column's buffers, from its first row on."""
    begin = column.offset * width
    return memoryview(column.buffers()[buffer] or b"").cast("B").cast(code)[begin : begin + length]  # type: ignore[call-overload,no-any-return]


def _chunk_hashes(entries: Sequence[Entry]) -> pa.Array:
    """Null where the file is one chunk: the chunk's hash is the file's."""
    values = [None if len(entry.chunks) == 1 else chunk.sha256 for entry in entries for chunk in entry.chunks]
    return hashes(values)


def _with_packs(lists: pa.ListArray, flat: pa.StructArray, packs: pa.Array) -> pa.ListArray:
    fields = [packs if field.name == "pack" else flat.field(field.name) for field in _CHUNK]
    structs = pa.StructArray.from_arrays(fields, fields=list(_CHUNK))
    ends = pc.cumulative_sum(lists.value_lengths())
    offsets = pa.concat_arrays([numbers([0], pa.int32()), ends.cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, structs)
