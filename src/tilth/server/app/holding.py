"""Who serves a home: one server, which leaves word where it is."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tilth.base.errors import Unavailable

__all__ = ["held"]

_NAME = "server.lock"


@contextmanager
def held(home: Path, *, alone: bool) -> Iterator[Callable[[str], None]]:
    """Hold a home for this process, and yield what notes its address there; `Unavailable` if another server holds it.

    Without `alone`, nobody is kept out. The lock ends with the process, however that ends.
    """
    descriptor = _opened(home) if alone else None
    if descriptor is None:
        yield lambda _: None
        return
    try:
        _lock(descriptor, home)
        os.ftruncate(descriptor, 0)
        yield lambda address: _write(descriptor, address)
    finally:
        os.close(descriptor)


def _opened(home: Path) -> int | None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        return os.open(home / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:  # what is wrong with the home is told by whoever opens the database
        return None


def _lock(descriptor: int, home: Path) -> None:
    try:
        # This kind of lock belongs to the process: a fork does not inherit it.
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        said = os.pread(descriptor, 4_096, 0).decode(errors="replace").strip()
        raise Unavailable(
            f"{home} is served already, {said or 'by a server that is starting'}",
            hint="use that server, or stop it first; another home is served with `tilth up --home folder`",
        ) from error
    except OSError:  # a file system without locks
        pass


def _write(descriptor: int, address: str) -> None:
    os.pwrite(descriptor, f"at {address} (process {os.getpid()})\n".encode(), 0)
