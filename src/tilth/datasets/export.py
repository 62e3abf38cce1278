"""A version as one file that every system can open: zip, or tar. Written piece by piece, and named only when it is whole."""

import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from io import RawIOBase
from pathlib import Path

from tilth.base.atomic_io import translated_os_errors
from tilth.base.ids import new_id
from tilth.datasets.packs import read_chunks
from tilth.domain.dataset import Entry
from tilth.store.api import Buffer, ObjectStore

__all__ = ["ArchiveKind", "export_to"]

Read = Callable[[Entry], Iterator[Buffer]]

_OLDEST_ZIP = 315_532_800
"""1980, the first year that a zip file can name."""


class ArchiveKind(StrEnum):
    """What kind of file."""

    ZIP = "zip"
    TAR = "tar"


def export_to(
    store: ObjectStore,
    entries: Iterable[Entry],
    target: Path,
    kind: ArchiveKind,
    on_done: Callable[[int, int], None] = lambda files, size: None,
    *,
    read_link: Callable[[Entry], Iterator[Buffer]] = lambda entry: iter(()),
) -> int:
    """Write `entries` to the file `target`, in their order, each chunk checked; returns the size. An existing file is replaced.

    The bytes of those that lie elsewhere are what `read_link` gives.
    """

    def read(entry: Entry) -> Iterator[Buffer]:
        return read_link(entry) if entry.link else read_chunks(store, entry.chunks)

    partial = target.with_name(f".{target.name}.{new_id()}.part")
    write = _write_zip if kind is ArchiveKind.ZIP else _write_tar
    with translated_os_errors(target):
        try:
            write(read, entries, partial, on_done)
            size = partial.stat().st_size
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return size


def _write_zip(read: Read, entries: Iterable[Entry], path: Path, on_done: Callable[[int, int], None]) -> None:
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_STORED, allowZip64=True) as archive:
        for entry in entries:
            moment = time.localtime(max(entry.mtime_ns / 1e9, _OLDEST_ZIP))
            member = zipfile.ZipInfo(entry.path, moment[:6])
            member.external_attr = entry.mode << 16
            member.file_size = entry.size
            with archive.open(member, "w", force_zip64=entry.size > zipfile.ZIP64_LIMIT) as out:
                for data in read(entry):
                    out.write(data)
            on_done(1, entry.size)


def _write_tar(read: Read, entries: Iterable[Entry], path: Path, on_done: Callable[[int, int], None]) -> None:
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            member = tarfile.TarInfo(entry.path)
            member.size, member.mode, member.mtime = entry.size, entry.mode, entry.mtime_ns // 1_000_000_000
            archive.addfile(member, _Reader(read(entry)))
            on_done(1, entry.size)


class _Reader(RawIOBase):
    """Chunks as a file to read from."""

    def __init__(self, chunks: Iterator[Buffer]) -> None:
        super().__init__()
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts: list[memoryview] = []
        wanted = size
        while wanted:
            if not self._left.nbytes:
                following = next(self._chunks, None)
                if following is None:
                    break
                self._left = memoryview(following)
            part = self._left[:wanted] if wanted > 0 else self._left
            self._left = self._left[part.nbytes :]
            parts.append(part)
            wanted -= part.nbytes if wanted > 0 else 0
        return b"".join(parts)
