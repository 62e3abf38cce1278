"""Contents of files on this machine, one file each, shared by everybody who links to them.

    blobs/<hh>/<sha256>   a content, read-only       views/<name>   a whole version, made of links to blobs
    locks/<name>          who is making what         tmp/<process>  work that is going on

A blob gets its name by a link or a rename of a whole, checked and flushed file, so what has the name is whole. Locks only save
work: without them the same content would be fetched twice.
"""

import ctypes
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tilth.base.atomic_io import sweep, translated_os_errors
from tilth.base.ids import new_id

__all__ = ["BlobCache", "blob_name"]


class BlobCache:
    """A cache folder. Any number of processes may use it at once; any of them may be killed at any moment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.views = root / "views"
        self.blobs = os.fspath(root / "blobs")

    def install(self, folder: Path, hashes: Iterable[bytes]) -> None:
        """Take in files of `folder`, which are whole and have the names of blobs."""
        _flush(folder)
        made: set[str] = set()
        for name in map(blob_name, hashes):
            if name[:2] not in made:
                os.makedirs(f"{self.blobs}/{name[:2]}", exist_ok=True)
                made.add(name[:2])
            os.rename(f"{folder}/{name}", f"{self.blobs}/{name}")

    def touch(self, view: Path) -> None:
        """Note that `view` is in use."""
        with suppress(OSError):
            os.utime(view)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Wait until nobody else works on `name`."""
        lock = self.root / "locks" / name
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as held:
            with suppress(OSError):  # a file system without locks costs double work, nothing else
                fcntl.flock(held, fcntl.LOCK_EX)
            try:
                yield
            finally:
                with suppress(OSError):  # closing is not enough: a fork that began meanwhile has it open as well
                    fcntl.flock(held, fcntl.LOCK_UN)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for work that is going on, gone afterwards; what killed processes left a day ago goes as well."""
        tmp = self.root / "tmp"
        with translated_os_errors(tmp):
            tmp.mkdir(parents=True, exist_ok=True)
            self.views.mkdir(parents=True, exist_ok=True)
            folder = tmp / new_id()
            folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            sweep(tmp)


def blob_name(sha256: bytes) -> str:
    """Where the content with this hash lies below `blobs`: spread over 256 folders, which two processes rarely want at once."""
    name = sha256.hex()
    return f"{name[:2]}/{name}"


def _flush(folder: Path) -> None:
    """Make all that was written to the file system of `folder` durable, in one call where the system has one."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        syncfs = getattr(ctypes.CDLL(None), "syncfs", None)
        if syncfs is None or syncfs(descriptor) != 0:
            os.sync()
    finally:
        os.close(descriptor)
