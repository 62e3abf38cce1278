"""Who fetches which chunk now, so that processes of a machine which want the same one share a request.

A claim is a lock on one byte of the file `chunks/claims`, at a place that the chunk's hash says: the system takes it away with its process,
and any number of claims costs one open file. Claims only save work. Nobody waits for one while holding another, nor longer than
`PATIENCE_S`.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tilth.datasets.cache.sharing import Sharing

__all__ = ["PATIENCE_S", "Claiming", "Claims"]

PATIENCE_S = 30.0
"""Whoever brings a chunk has so long; then others ask for it themselves."""
_MOST = 512
"""So many claims are made at once: a system looks through all that there are for each new one."""
_SET = getattr(fcntl, "F_OFD_SETLK", None)
"""Locks that belong to an open file, not to a process; of Linux."""


class Claiming:
    """The claims of one who fetches."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._left = _MOST

    def claim(self, sha256: bytes) -> bool:
        """Claim a chunk; False if somebody else fetches it now. Where nothing can be claimed, everybody fetches."""
        if self._descriptor < 0 or not self._left:
            return True
        try:
            self._lock(fcntl.F_WRLCK, sha256)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:  # a file system without locks
            self._left = 0
            return True
        self._left -= 1
        return True

    def release(self, sha256: bytes) -> None:
        """Let others have a chunk that was claimed."""
        if self._descriptor >= 0:
            with suppress(OSError):
                self._lock(fcntl.F_UNLCK, sha256)

    def end(self) -> None:
        """Let go of all claims, in forks that began meanwhile too."""
        if self._descriptor >= 0:
            with suppress(OSError):
                self._command(fcntl.F_UNLCK, 0, 0)

    def _lock(self, kind: int, sha256: bytes) -> None:
        self._command(kind, int.from_bytes(sha256[:7]), 1)

    def _command(self, kind: int, start: int, length: int) -> None:
        assert _SET is not None
        fcntl.fcntl(self._descriptor, _SET, struct.pack("hhqqi4x", kind, os.SEEK_SET, start, length, 0))


class Claims:
    """The claims on chunks of one cache folder."""

    def __init__(self, root: str, sharing: Sharing) -> None:
        self._path = f"{root}/chunks/claims"
        self._sharing = sharing

    @contextmanager
    def open(self) -> Iterator[Claiming]:
        """Claims, all of which end with the context."""
        descriptor = -1
        if _SET is not None:
            with suppress(OSError):  # a cache that can't be written to can't hold what is fetched either
                descriptor = self._sharing.open(self._path)
        claiming = Claiming(descriptor)
        try:
            yield claiming
        finally:
            claiming.end()
            if descriptor >= 0:
                os.close(descriptor)
