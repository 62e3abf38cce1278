"""Objects that are too large for memory, written piece by piece into a folder on this machine.

An object appears at its key whole and durable, or not at all; what an upload that broke off left is swept away later.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from tilth.base.atomic_io import fsync_folder, sweep, translated_os_errors
from tilth.base.ids import new_id
from tilth.store.api import Buffer, Key

__all__ = ["LocalStreams", "Writer"]


class Writer:
    """One object that is being written; `commit` makes it appear, `abort` forgets it."""

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
    """Large objects below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._scratch = root / "tmp"
        sweep(self._scratch)

    def create(self, key: Key | None = None) -> Writer:
        """Begin an object, under a new key if none is given."""
        id = new_id()
        return Writer(self.root, self._scratch, key or Key(f"objects/{id[-2:]}/{id}"))

    def path(self, key: str) -> Path:
        """The file that holds an object; read it, never write it."""
        return self.root / key

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that do not exist are passed over."""
        for key in keys:
            with translated_os_errors(self.root / key):
                (self.root / key).unlink(missing_ok=True)

    def check(self) -> None:
        """Raise unless objects can be written."""
        with translated_os_errors(self.root):
            self._scratch.mkdir(parents=True, exist_ok=True)
            probe = self._scratch / f"probe-{new_id()}"
            probe.write_bytes(b"?")
            probe.unlink()
