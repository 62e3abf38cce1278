"""One process at a time: locks that the system takes away from a process that dies, and that nobody waits for in vain.

Locks only save work; nothing in the cache depends on them for being whole. So a file system without them costs double work, and a lock
whose holder gave no sign of life for long, as a network disk keeps of a machine that is gone, is passed over.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tilth.datasets.cache.sharing import Sharing

__all__ = ["SILENT_S", "held", "let_go", "locked_by_others"]

SILENT_S = 600.0
"""A holder that lives gives a sign far more often than this."""
_SIGN_S = 30.0
_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.1


@contextmanager
def held(path: str, sharing: Sharing, *, shared: bool = False, wait: bool = True, silent_s: float = SILENT_S) -> Iterator[bool]:
    """Hold the lock of a file, alone or with others who hold it `shared`; with `wait=False`, False if somebody else has it."""
    descriptor = _acquired(path, sharing, shared=shared, wait=wait, silent_s=silent_s)
    if descriptor is None:
        yield False
        return
    end = _give_signs(descriptor) if wait and not shared else None
    try:
        yield True
    finally:
        if end:
            end()
        let_go(descriptor)


def let_go(descriptor: int) -> None:
    """Unlock and close a file. Closing is not enough: a fork that began meanwhile has it open, and would hold the lock until it ends."""
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


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


def _give_signs(descriptor: int) -> Callable[[], None]:
    """Let the time of a lock's file say that its holder lives, until what is returned is called."""
    done = threading.Event()

    def sign() -> None:
        while not done.wait(_SIGN_S):
            with suppress(OSError):
                os.utime(descriptor)

    thread = threading.Thread(target=sign, name="tilth-lock", daemon=True)
    thread.start()

    def end() -> None:
        done.set()
        thread.join()

    return end
