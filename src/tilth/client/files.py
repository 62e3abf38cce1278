"""What can be done with files that a server keeps under names, or a home without a server."""

import mimetypes
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

__all__ = ["Counted", "Files", "Readable", "Told", "guessed_type"]

Told = Callable[[int], None]
"""Hears how many bytes of a file are on their way."""


class Readable(Protocol):
    """Bytes that come one after the other."""

    def read(self, size: int = -1, /) -> bytes: ...


class Files(Protocol):
    """The files of one server, or of a home. Names are relative paths; what lies under one is replaced whole or not at all."""

    def put(self, name: str, source: Path, *, content_type: str | None = None, told: Told | None = None) -> None:
        """Keep the bytes of `source` under `name`. Safe to repeat. `told` hears how far it is."""

    def open(self, name: str) -> AbstractContextManager[Readable]:
        """The bytes under `name`; raises `ObjectNotFound`."""

    def size(self, name: str) -> int | None:
        """How many bytes lie under `name`; None if nothing does."""

    def version(self, name: str) -> str | None:
        """A text that changes whenever the bytes under `name` are replaced; None if nothing lies there."""

    def delete(self, name: str) -> bool:
        """Forget what lies under `name`, or below it; False if nothing does."""


class Counted:
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, told: Told | None) -> None:
        self._file = file
        self._told = told

    def read(self, size: int = -1, /) -> bytes:
        """As the file's own."""
        data = self._file.read(size)
        if data and self._told is not None:
            self._told(self._file.tell())
        return data

    def seek(self, place: int, whence: int = 0, /) -> int:
        """As the file's own."""
        return self._file.seek(place, whence)

    def tell(self) -> int:
        """As the file's own."""
        return self._file.tell()


def guessed_type(name: str) -> str:
    """The media type that a file's name suggests."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
