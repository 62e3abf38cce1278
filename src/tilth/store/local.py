"""A store that is a folder: each object is a plain file whose path is its key."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tilth.base.atomic_io import create_durably, replace_durably, translated_os_errors
from tilth.base.errors import Corrupt, Denied, ObjectNotFound, Unavailable
from tilth.store.api import Buffer, Key, ObjectInfo

__all__ = ["SCRATCH_KEY", "LocalStore"]

_SCRATCH = "tmp"
SCRATCH_KEY = Key(_SCRATCH)
"""Where files lie that are being written."""


class LocalStore:
    """Objects in a folder of a local file system. Any number of processes may use the same folder at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: Key, parts: Sequence[Buffer]) -> None:
        replace_durably(self._path(key), parts, scratch=self.root / _SCRATCH)

    def put_if_absent(self, key: Key, data: Buffer) -> bool:
        return create_durably(self._path(key), [data], scratch=self.root / _SCRATCH)

    def get(self, key: Key) -> bytes:
        with _reading(key):
            return self._path(key).read_bytes()

    def get_range(self, key: Key, start: int, length: int) -> bytes:
        with _reading(key):
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC)
            try:
                size = os.fstat(descriptor).st_size
                begin = max(size + start, 0) if start < 0 else start
                data = os.pread(descriptor, length, begin)
                while len(data) < length and (more := os.pread(descriptor, length - len(data), begin + len(data))):
                    data += more
            finally:
                os.close(descriptor)
        if len(data) != length:
            raise Corrupt(f"object {key} is {size} bytes long and can't hold {length} bytes from {start}", hint="run `tilth data verify`")
        return data

    def head(self, key: Key) -> ObjectInfo | None:
        try:
            with _reading(key):
                found = self._path(key).stat()
        except ObjectNotFound:
            return None
        return ObjectInfo(key, found.st_size, found.st_mtime)

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        yield from _walk(self.root / prefix, prefix, after)

    def delete(self, keys: Iterable[Key]) -> None:
        for key in keys:
            with translated_os_errors(self._path(key)), suppress(FileNotFoundError):
                self._path(key).unlink()

    def local_path(self, key: Key) -> Path | None:
        return self._path(key)

    def _path(self, key: Key) -> Path:
        return self.root / key


@contextmanager
def _reading(key: str) -> Iterator[None]:
    """Raise what keeps an object, or a folder of them, from being read as Tilth errors."""
    try:
        yield
    except FileNotFoundError:
        raise ObjectNotFound(f"object {key} does not exist") from None
    except PermissionError as error:
        raise Denied(f"object {key} can't be read ({error.strerror})", hint="check the permissions of the store") from error
    except OSError as error:
        raise Unavailable(f"object {key} can't be read ({error.strerror or error})", hint="check the disk that holds the store") from error


def _walk(folder: Path, prefix: str, after: str) -> Iterator[ObjectInfo]:
    try:
        with _reading(prefix), os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name + "/" if entry.is_dir() else entry.name)
    except ObjectNotFound:
        return
    for entry in entries:
        if entry.is_dir():
            below = f"{prefix}{entry.name}/"
            if (prefix or entry.name != _SCRATCH) and (below > after or after.startswith(below)):
                yield from _walk(folder / entry.name, below, after)
            continue
        if prefix + entry.name <= after:
            continue
        try:
            info = entry.stat()
        except FileNotFoundError:
            continue
        yield ObjectInfo(Key(prefix + entry.name), info.st_size, info.st_mtime)
