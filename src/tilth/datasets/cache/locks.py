"""One process at a time: locks that the system takes away from a process that dies, and that nobody waits for in vain.

Locks only save work; nothing in the cache depends on them for being whole. So a file system without them costs double work, and a lock
whose holder gave no sign of life for long, as a network disk keeps of a machine that is gone, is passed over.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tilth.base.forking import renew_after_fork
from tilth.datasets.cache.sharing import Sharing

__all__ = ["SILENT_S", "held", "let_go", "locked_by_others", "wait_briefly"]

SILENT_S = 600.0
"""A holder that lives gives a sign far more often than this."""
_SIGN_S = 30.0
_BRIEFLY_S = 10.0
_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.1


@contextmanager
def held(path: str, sharing: Sharing, *, shared: bool = False, wait: bool = True, silent_s: float = SILENT_S) -> Iterator[bool]:
    """Hold the lock of a file, alone or with others who hold it `shared`; with `wait=False`, False if somebody else has it."""
    descriptor = _acquired(path, sharing, shared=shared, wait=wait, silent_s=silent_s)
    if descriptor is None:
        yield False
        return
    if wait and not shared:
        _signs.begin(descriptor)
    try:
        yield True
    finally:
        _signs.end(descriptor)
        let_go(descriptor)


def let_go(descriptor: int) -> None:
    """Unlock and close a file. Closing is not enough: a fork that began meanwhile has it open, and would hold the lock until it ends."""
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def wait_briefly(descriptor: int) -> None:
    """Take the lock of an open file that everybody holds for a moment only; goes on without it when somebody holds it for long."""
    deadline, pause = time.monotonic() + _BRIEFLY_S, _FIRST_PAUSE_S / 10
    while not _tried(descriptor, fcntl.LOCK_EX) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 2, _FIRST_PAUSE_S)


def locked_by_others(descriptor: int) -> bool | None:
    """Whether anybody holds the lock of an open file, which is taken otherwise; None if this file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False


def _acquired(path: str, sharing: Sharing, *, shared: bool, wait: bool, silent_s: float) -> int | None:
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    pause = _FIRST_PAUSE_S
    while True:
        descriptor = sharing.open(path)
        try:
            while not _tried(descriptor, kind):
                if not wait:
                    os.close(descriptor)
                    return None
                if time.time() - os.fstat(descriptor).st_mtime > silent_s:
                    return descriptor
                time.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
        except BaseException:
            os.close(descriptor)
            raise
        if os.fstat(descriptor).st_nlink:
            if not shared:
                with suppress(OSError):
                    os.utime(descriptor)
            return descriptor
        let_go(descriptor)  # its thing was removed meanwhile, and this file with it


def _tried(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


class _Signs:
    """Lets the times of the files of held locks say that their holder lives: in one thread, however many there are."""

    def __init__(self) -> None:
        self._renew()
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        self._changed = threading.Condition()
        self._held: set[int] = set()
        self._thread: threading.Thread | None = None

    def begin(self, descriptor: int) -> None:
        """Give signs by a file from now on."""
        with self._changed:
            self._held.add(descriptor)
            if self._thread is None:
                self._thread = threading.Thread(target=self._sign, name="tilth-locks", daemon=True)
                self._thread.start()

    def end(self, descriptor: int) -> None:
        """Give none any more; the file may be closed."""
        with self._changed:
            self._held.discard(descriptor)
            self._changed.notify()

    def _sign(self) -> None:
        with self._changed:
            due = time.monotonic() + _SIGN_S
            while self._held:
                self._changed.wait(max(0.0, due - time.monotonic()))
                if time.monotonic() >= due:
                    for descriptor in self._held:
                        with suppress(OSError):
                            os.utime(descriptor)
                    due = time.monotonic() + _SIGN_S
            self._thread = None


_signs = _Signs()
