"""How fast the bytes of this process may go to stores that are far, and come from them.

Whoever is about to move bytes takes them from a lane first, and waits for its turn. What is taken at once may go at once, so bytes are
taken in pieces that are small beside a second's worth wherever that is possible. All threads share a lane; a process has its own.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tilth.base.forking import renew_after_fork
from tilth.store.api import Buffer

__all__ = ["Bandwidth", "Lane", "PacedFile", "paced_blocks"]

_PIECE_S = 0.5
"""How much of a second's worth is taken at once, if nothing asks for more."""
_SMALLEST_PIECE = 64 << 10


class Lane:
    """One direction. Over any time, no more bytes get through than `limit` a second allows, and one piece."""

    def __init__(self, limit: int = 0, *, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> None:
        self.limit = limit
        """Bytes a second; 0 lets all through at once."""
        self._now = now
        self._sleep = sleep
        self._renew()
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._free_at = 0.0

    def take(self, size_bytes: int) -> None:
        """Return when so many more bytes may go."""
        if not self.limit or not size_bytes:
            return
        with self._lock:
            now = self._now()
            begin = max(now, self._free_at)
            self._free_at = begin + size_bytes / self.limit
        if begin > now:
            self._sleep(begin - now)

    def piece_bytes(self, *, least: int = _SMALLEST_PIECE, most: int) -> int:
        """How many bytes to ask for at once: `most` without a limit."""
        return max(least, min(most, round(self.limit * _PIECE_S))) if self.limit else most


class Bandwidth:
    """Both directions."""

    def __init__(self, *, upload: int = 0, download: int = 0) -> None:
        self.upload = Lane(upload)
        self.download = Lane(download)

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process, the same limits."""
        return _limited, (self.upload.limit, self.download.limit)


class PacedFile:
    """A file whose bytes are taken from a lane when they are read."""

    def __init__(self, file: Any, lane: Lane) -> None:
        self._file = file
        self._lane = lane

    def read(self, size: int = -1, /) -> bytes:
        data: bytes = self._file.read(size)
        self._lane.take(len(data))
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def paced_blocks(blocks: Iterable[Buffer], lane: Lane) -> Iterator[Buffer]:
    """The blocks, in pieces that are taken from a lane when they are asked for."""
    for block in blocks:
        view = memoryview(block)
        piece = lane.piece_bytes(most=len(view) or 1)
        for begin in range(0, len(view), piece):
            lane.take(min(piece, len(view) - begin))
            yield view[begin : begin + piece]


def _limited(upload: int, download: int) -> Bandwidth:
    return Bandwidth(upload=upload, download=download)
