"""A file of a version as readers of formats want it: seekable, fetched chunk by chunk, and never more of it than was allowed."""

import io
from bisect import bisect_right
from collections import OrderedDict
from itertools import accumulate
from typing import Protocol

from tilth.base.errors import Invalid
from tilth.datasets.packs import read_chunks
from tilth.domain.dataset import Entry
from tilth.store.api import Buffer, ObjectStore

__all__ = ["LocalFile", "Peeked", "RangeFile", "StoredFile", "head_of"]

_CHUNKS_KEPT = 4


class Peeked(Protocol):
    """A file that is looked into, wherever its bytes are."""

    @property
    def path(self) -> str:
        """Its path in the version."""

    @property
    def size(self) -> int:
        """How many bytes it has."""

    def head(self, length: int) -> bytes:
        """At most the first `length` bytes."""

    def open(self, *, most_bytes: int) -> io.RawIOBase | io.BytesIO:
        """Its bytes from any place on; `Invalid` is raised if more than so many would have to be fetched."""


class StoredFile:
    """A file of the repository."""

    def __init__(self, store: ObjectStore, entry: Entry) -> None:
        self._store = store
        self._entry = entry
        self._head = b""
        self.path = entry.path
        self.size = entry.size

    def head(self, length: int) -> bytes:
        if len(self._head) < min(length, self.size):  # once: a store may be far
            self._head = head_of(self._store, self._entry, length)
        return self._head[:length]

    def open(self, *, most_bytes: int) -> io.RawIOBase | io.BytesIO:
        return RangeFile(self._store, self._entry, most_bytes=most_bytes)


class LocalFile:
    """A file whose bytes are here already, which costs nothing more."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.size = len(data)
        self._data = data

    def head(self, length: int) -> bytes:
        return self._data[:length]

    def open(self, *, most_bytes: int) -> io.RawIOBase | io.BytesIO:
        return io.BytesIO(self._data)


def head_of(store: ObjectStore, entry: Entry, length: int) -> bytes:
    """At most the first `length` bytes of a file."""
    with RangeFile(store, entry, most_bytes=length + _LARGEST_CHUNK) as file:
        return file.read(length)


_LARGEST_CHUNK = 16 << 20
"""What is fetched is whole chunks, so the last one may go beyond what was asked for."""


class RangeFile(io.RawIOBase):
    """Reads a file of the repository; raises `Invalid` if more than `most_bytes` would have to be fetched."""

    def __init__(self, store: ObjectStore, entry: Entry, *, most_bytes: int) -> None:
        super().__init__()
        self._store = store
        self._entry = entry
        self._left = most_bytes
        self._starts = [0, *accumulate(chunk.raw for chunk in entry.chunks)]
        self._kept: OrderedDict[int, Buffer] = OrderedDict()
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._entry.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Buffer, /) -> int:  # type: ignore[override]
        target = memoryview(buffer).cast("B")
        if self._at >= self._entry.size or not len(target):
            return 0
        number = bisect_right(self._starts, self._at) - 1
        piece = memoryview(self._chunk(number))[self._at - self._starts[number] :][: len(target)]
        target[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = max(0, self._entry.size - self._at)
        wanted = wanted if size is None or size < 0 else min(size, wanted)
        if wanted > self._left + sum(len(memoryview(kept)) for kept in self._kept.values()):
            raise Invalid(f"{self._entry.path} would have to be read to more than a preview may", hint="look at it with `tilth data cat`")
        found = bytearray(wanted)
        view, done = memoryview(found), 0
        while done < wanted:
            count = self.readinto(view[done:])
            if not count:
                break
            done += count
        return bytes(view[:done])

    def _chunk(self, number: int) -> Buffer:
        data = self._kept.get(number)
        if data is None:
            chunk = self._entry.chunks[number]
            if chunk.raw > self._left:
                raise Invalid(f"{self._entry.path} needs more reading than a preview may do", hint="look at it with `tilth data cat`")
            self._left -= chunk.raw
            data = self._kept[number] = next(read_chunks(self._store, [chunk]))
            if len(self._kept) > _CHUNKS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(number)
        return data
