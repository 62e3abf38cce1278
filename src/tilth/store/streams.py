"""Objects that are too large for memory, written piece by piece.

An object appears at its key whole and durable, or not at all; what an upload that broke off left is swept away later.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from tilth.base.atomic_io import fsync_folder, sweep, translated_os_errors
from tilth.base.errors import ObjectNotFound
from tilth.base.ids import new_id
from tilth.store.api import Buffer, Key, Signed

__all__ = ["LocalStreams", "Streams", "Writer", "new_key"]


class Writer(Protocol):
    """One object that is being written; `commit` makes it appear, `abort` forgets it."""

    key: Key
    size_bytes: int

    def write(self, data: Buffer) -> None:
        """Take the next bytes; never waits for a network."""

    def commit(self) -> None:
        """Let the object appear, whole and durable, over what was there."""

    def abort(self) -> None:
        """Forget it; nothing if it was committed."""


class Streams(Protocol):
    """Large objects of one store."""

    def create(self, key: Key | None = None) -> Writer:
        """Begin an object, under a new key if none is given."""

    def open(self, key: str) -> BinaryIO:
        """The bytes of an object, from any place on; `ObjectNotFound` if there is none."""

    def sign(self, method: str, key: str, *, expires_s: int) -> Signed | None:
        """An address by which anybody may read (GET) or write (PUT) an object without asking us; None if there is no such thing."""

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that do not exist are passed over."""

    def check(self) -> None:
        """Raise unless objects can be written."""


def new_key() -> Key:
    """A key that nobody has."""
    id = new_id()
    return Key(f"objects/{id[-2:]}/{id}")


class _LocalWriter:
    def __init__(self, root: Path, scratch: Path, key: Key) -> None:
        self.key = key
        self.size_bytes = 0
        self._target = root / key
        self._scratch = scratch / new_id()
        with translated_os_errors(self._scratch):
            scratch.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = self._scratch.open("xb", buffering=0)

    def write(self, data: Buffer) -> None:
        with translated_os_errors(self._target):
            pending = memoryview(data)
            while pending:
                pending = pending[self._file.write(pending) :]
        self.size_bytes += len(data)

    def commit(self) -> None:
        with translated_os_errors(self._target):
            os.fsync(self._file.fileno())
            self._file.close()
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._scratch.rename(self._target)
            fsync_folder(self._target.parent)

    def abort(self) -> None:
        self._file.close()
        self._scratch.unlink(missing_ok=True)


class LocalStreams:
    """Large objects in a folder on this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._scratch = root / "tmp"
        sweep(self._scratch)

    def create(self, key: Key | None = None) -> Writer:
        return _LocalWriter(self.root, self._scratch, key or new_key())

    def open(self, key: str) -> BinaryIO:
        try:
            return (self.root / key).open("rb", buffering=0)
        except FileNotFoundError as error:
            raise ObjectNotFound(f"object {key} does not exist") from error

    def sign(self, method: str, key: str, *, expires_s: int) -> Signed | None:
        return None

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            with translated_os_errors(self.root / key):
                (self.root / key).unlink(missing_ok=True)

    def check(self) -> None:
        with translated_os_errors(self.root):
            self._scratch.mkdir(parents=True, exist_ok=True)
            probe = self._scratch / f"probe-{new_id()}"
            probe.write_bytes(b"?")
            probe.unlink()
