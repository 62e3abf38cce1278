"""Large objects of a bucket: gathered on this machine, and sent when they are whole.

Sending them on as they come would leave, whenever a client breaks off, parts in the bucket that nobody lists and somebody pays for.
"""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import ObjectNotFound
from tilth.base.seeking import SeekableFile
from tilth.store.api import Buffer, Key, Signed
from tilth.store.buckets import BucketStore
from tilth.store.streams import Writer, new_key

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["BucketStreams"]

_IN_MEMORY = 4 << 20
_BLOCK_BYTES = 4 << 20


class _BucketWriter:
    def __init__(self, store: BucketStore, spool: Path, key: Key) -> None:
        self.key = key
        self.size_bytes = 0
        self._store = store
        self._spool = spool
        with translated_os_errors(spool):
            # It has no name on the disk, so that a killed process leaves nothing.
            self._file = SpooledTemporaryFile[bytes](max_size=_IN_MEMORY, dir=os.fspath(spool))

    def write(self, data: Buffer) -> None:
        with translated_os_errors(self._spool):
            self._file.write(data)
        self.size_bytes += len(data)

    def commit(self) -> None:
        with translated_os_errors(self._spool):
            self._file.seek(0)
        source: Any = self._file
        self._store.put_file(self.key, source, self.size_bytes)
        self._file.close()

    def abort(self) -> None:
        self._file.close()


class _BucketReader(SeekableFile):
    """Reads an object by ranges, each when it is asked for."""

    def __init__(self, store: BucketStore, key: Key, size_bytes: int) -> None:
        super().__init__(key, size_bytes)
        self._store = store
        self._key = key

    def readinto(self, target: "WriteableBuffer") -> int:
        view = memoryview(target).cast("B")
        length = max(0, min(len(view), self.size - self.position))
        view[:length] = self._store.get_range(self._key, self.position, length)
        self.position += length
        return length


class BucketStreams:
    """Large objects in a folder of a bucket; `spool` is a folder on this machine."""

    def __init__(self, store: BucketStore, spool: Path, *, direct: bool) -> None:
        self._store = store
        self._spool = spool
        self._direct = direct
        with translated_os_errors(spool):
            spool.mkdir(parents=True, exist_ok=True)

    def create(self, key: Key | None = None) -> Writer:
        return _BucketWriter(self._store, self._spool, key or new_key())

    def open(self, key: str) -> BinaryIO:
        found = self._store.head(Key(key))
        if found is None:
            raise ObjectNotFound(f"object {key} does not exist")
        return io.BufferedReader(_BucketReader(self._store, Key(key), found.size_bytes), _BLOCK_BYTES)

    def sign(self, method: str, key: str, *, expires_s: int) -> Signed | None:
        return self._store.sign(method, Key(key), expires_s=expires_s) if self._direct else None

    def delete(self, keys: Sequence[str]) -> None:
        self._store.delete([Key(key) for key in keys])

    def check(self) -> None:
        self._store.check()
