"""Where a chunk with a given hash lies already: sorted columns, 72 bytes a chunk, searched by the hash.

Only chunks of pinned versions and of the session itself may be put in: that a chunk exists somewhere in the store says
nothing about how long it will.
"""

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from tilth.datasets.columns import hashes, numbers, texts
from tilth.datasets.manifests import Manifest
from tilth.domain.dataset import ChunkRef

__all__ = ["ChunkIndex"]

MOST_CHUNKS = 4_000_000
"""An index takes in no more chunks than this, 288 MB; what lies beyond is stored again."""
_RECENT = 1 << 17
_PREFIX = struct.Struct("=Q")


class ChunkIndex:
    """Finds chunks by hash. Pieces are immutable and sorted; chunks added one by one lie in a dictionary until they make a piece."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._recent: dict[bytes, ChunkRef] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, chunk: ChunkRef) -> None:
        """Take in one chunk."""
        self._recent[chunk.sha256] = chunk
        self._count += 1
        if len(self._recent) >= _RECENT:
            self._pieces.append(_Piece.of(_table_of(self._recent.values())))
            self._recent = {}

    def add_manifest(self, manifest: Manifest, *, seen: set[str] | None = None, most: int = MOST_CHUNKS) -> None:
        """Take in every chunk that a version refers to, until there are `most`.

        Segments in `seen`, by key, are passed over; the others are added to it.
        """
        tables: list[pa.Table] = []
        for segment in manifest.segments:
            if seen is not None:
                if segment.key in seen:
                    continue
                seen.add(segment.key)
            if self._count >= most:
                break
            tables.append(manifest.load(segment).chunks())
            self._count += len(tables[-1])
        if tables:
            self._pieces.append(_Piece.of(pa.concat_tables(tables).unify_dictionaries().combine_chunks()))

    def absorb(self, other: "ChunkIndex") -> None:
        """Take in all that `other` holds."""
        self._pieces += other._pieces
        self._recent |= other._recent
        self._count += other._count

    def tables(self) -> list[pa.Table]:
        """All that was taken in, as `of_tables` makes an index of it elsewhere, which shares the memory of the tables."""
        if self._recent:
            self._pieces.append(_Piece.of(_table_of(self._recent.values())))
            self._recent = {}
        return [piece.table for piece in self._pieces]

    @classmethod
    def of_tables(cls, tables: Iterable[pa.Table]) -> "ChunkIndex":
        """An index of what `tables` gave."""
        index = cls()
        index._pieces = [_Piece(table) for table in tables]
        index._count = sum(len(piece.table) for piece in index._pieces)
        return index

    def find(self, sha256: bytes) -> ChunkRef | None:
        """The chunk with this hash, if it was taken in."""
        found = self._recent.get(sha256)
        for piece in self._pieces:
            if found is not None:
                break
            found = piece.find(sha256)
        return found


class _Piece:
    """Chunks in columns, found by bisecting the first eight bytes of their hashes."""

    @classmethod
    def of(cls, chunks: pa.Table) -> "_Piece":
        """A piece of chunks in any order."""
        prefixes = array("Q")
        prefixes.frombytes(bytes(_bytes_of(_single(chunks.column("sha256")), 32).cast("Q")[::4]))
        unsorted = pa.Array.from_buffers(pa.uint64(), len(prefixes), [None, pa.py_buffer(prefixes)])
        order = pc.sort_indices(unsorted)
        return cls(chunks.append_column("order", order).append_column("prefix", pc.take(unsorted, order)))

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        columns = {name: _single(table.column(name)) for name in table.column_names}
        self._hashes = _bytes_of(columns["sha256"], 32)
        self._order = _bytes_of(columns["order"], 8).cast("Q")
        self._prefixes = _bytes_of(columns["prefix"], 8).cast("Q")
        self._packs = columns["pack"].dictionary.to_pylist()
        self._pack = _bytes_of(columns["pack"].indices, 4).cast("i")
        self._offset = _bytes_of(columns["offset"], 8).cast("Q")
        self._stored = _bytes_of(columns["stored"], 4).cast("I")
        self._raw = _bytes_of(columns["raw"], 4).cast("I")

    def find(self, sha256: bytes) -> ChunkRef | None:
        (prefix,) = _PREFIX.unpack_from(sha256)
        at = bisect_left(self._prefixes, prefix)
        while at < len(self._prefixes) and self._prefixes[at] == prefix:
            row = self._order[at]
            if self._hashes[row * 32 : row * 32 + 32] == sha256:
                return ChunkRef(sha256, self._packs[self._pack[row]], self._offset[row], self._stored[row], self._raw[row])
            at += 1
        return None


def _table_of(chunks: Iterable[ChunkRef]) -> pa.Table:
    listed = list(chunks)
    columns = {
        "sha256": hashes([chunk.sha256 for chunk in listed]),
        "pack": texts([chunk.pack for chunk in listed]).dictionary_encode(),
        "offset": numbers((chunk.offset for chunk in listed), pa.uint64()),
        "stored": numbers((chunk.stored for chunk in listed), pa.uint32()),
        "raw": numbers((chunk.raw for chunk in listed), pa.uint32()),
    }
    return pa.table(columns)


def _single(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _bytes_of(column: pa.Array, width: int) -> memoryview:
    data = memoryview(column.buffers()[1]).cast("B")
    return data[column.offset * width : (column.offset + len(column)) * width]
