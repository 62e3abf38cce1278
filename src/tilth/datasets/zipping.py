"""A version's files as zip archives that are sent as they are made, with a length that is known before.

Members are stored, not compressed: chunks were compressed where they lie, and a length could not be known otherwise.
"""

import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, NamedTuple, cast

from tilth.datasets.packs import read_chunks
from tilth.domain.dataset import Entry
from tilth.store.api import ObjectStore

__all__ = ["Part", "parts_of", "stream_zip", "zip_size"]

_PART_BYTES = 512 * 1024 * 1024
_PART_FILES = 50_000
_OLDEST = 315_532_800
"""1980, the first year that a zip file can name."""

_END = 22
_LARGE_END = 56 + 20


class Part(NamedTuple):
    """Neighbouring files that make one archive."""

    first: str
    last: str
    files: int
    size_bytes: int
    """The length of the archive."""


def parts_of(files: Iterable[tuple[str, int]]) -> list[Part]:
    """Divide files, by path and size in the order of paths, into archives of bounded size; a larger file has one of its own."""
    parts: list[Part] = []
    current: list[tuple[str, int]] = []
    total = 0
    for path, size in files:
        if current and (total + size > _PART_BYTES or len(current) >= _PART_FILES):
            parts.append(_part(current))
            current, total = [], 0
        current.append((path, size))
        total += size
    return [*parts, _part(current)] if current else parts


def zip_size(files: Sequence[tuple[str, int]]) -> int:
    """How long the archive of files is that `stream_zip` makes."""
    length = offset = 0
    directory = 0
    for path, size in files:
        name = len(path.encode())
        large = size > zipfile.ZIP64_LIMIT
        offset = length
        length += 30 + 16 + name + size + (28 if large else 0)
        directory += 46 + name + _extra(size, offset)
    large_end = len(files) > zipfile.ZIP_FILECOUNT_LIMIT or length > zipfile.ZIP64_LIMIT or directory > zipfile.ZIP64_LIMIT
    return length + directory + _END + (_LARGE_END if large_end else 0)


def stream_zip(store: ObjectStore, entries: Iterable[Entry]) -> Iterator[bytes]:
    """The archive of `entries`, piece by piece, each chunk checked."""
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", compression=zipfile.ZIP_STORED, allowZip64=True) as archive:
        for entry in entries:
            moment = time.localtime(max(entry.mtime_ns / 1e9, _OLDEST))
            member = zipfile.ZipInfo(entry.path, moment[:6])
            member.external_attr = entry.mode << 16
            member.file_size = entry.size
            with archive.open(member, "w", force_zip64=entry.size > zipfile.ZIP64_LIMIT) as out:
                for data in read_chunks(store, entry.chunks):
                    out.write(data)
                    yield sink.taken()
    yield sink.taken()


class _Sink:
    """Something to write to that can't be sought in, and gives away what it got."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _part(files: Sequence[tuple[str, int]]) -> Part:
    return Part(files[0][0], files[-1][0], len(files), zip_size(files))


def _extra(size: int, offset: int) -> int:
    """What the directory adds for a member that is large or lies far behind."""
    words = (2 if size > zipfile.ZIP64_LIMIT else 0) + (1 if offset > zipfile.ZIP64_LIMIT else 0)
    return 4 + 8 * words if words else 0
