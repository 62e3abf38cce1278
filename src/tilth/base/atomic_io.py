"""How a file appears on a local disk: whole, durable, and never over somebody else's.

Every write goes to a temporary name in the same file system, is flushed to the disk, and only then gets its real name.
A crash at any step leaves the old state and at most a temporary file.
"""

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tilth.base.errors import DiskFull, HomeReadOnly, TilthError, Unavailable
from tilth.base.ids import new_id

__all__ = ["create_durably", "describe_os_error", "fsync_folder", "replace_durably", "sweep", "translated_os_errors", "write_all"]

Buffer = bytes | bytearray | memoryview

_IOV_MAX = 1024


def describe_os_error(error: OSError, path: str | os.PathLike[str]) -> TilthError:
    """The Tilth error that tells a person what an operating system's refusal to write `path` means."""
    shown = os.fspath(path)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFull(
            f"no space left to write {shown}", hint="free some space and run the same command again; nothing that was stored is lost"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return HomeReadOnly(
            f"{shown} can't be written ({error.strerror})", hint="check its permissions, or set TILTH_HOME to a writable folder"
        )
    return Unavailable(f"{shown}: {error.strerror or error}", hint="check the disk and run the same command again")


@contextmanager
def translated_os_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise refusals to write `path` as Tilth errors."""
    try:
        yield
    except OSError as error:
        raise describe_os_error(error, path) from error


def sweep(scratch: Path, *, older_than_s: float = 24 * 3600) -> None:
    """Remove what processes that were killed left in `scratch`; nobody works on one file for a day."""
    deadline = time.time() - older_than_s
    for found in scratch.iterdir() if scratch.is_dir() else ():
        with suppress(OSError):
            if found.stat().st_mtime < deadline:
                shutil.rmtree(found) if found.is_dir() else found.unlink()


def write_all(descriptor: int, parts: Sequence[Buffer]) -> None:
    """Write every byte of `parts` in order, in as few system calls as the system allows."""
    pending = [memoryview(part).cast("B") for part in parts if len(part)]
    first = 0
    while first < len(pending):
        written = os.writev(descriptor, pending[first : first + _IOV_MAX])
        while first < len(pending) and written >= pending[first].nbytes:
            written -= pending[first].nbytes
            first += 1
        if written:
            pending[first] = pending[first][written:]


def fsync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_durably(target: Path, parts: Sequence[Buffer], *, scratch: Path) -> None:
    """Put `parts` at `target`, over what was there; `scratch` is a folder of the same file system for the temporary file."""
    temporary = _write_temporary(parts, scratch, shown=target)
    try:
        with translated_os_errors(target):
            _in_folder(target, lambda: temporary.replace(target))
            fsync_folder(target.parent)
    finally:
        _forget(temporary)


def create_durably(target: Path, parts: Sequence[Buffer], *, scratch: Path) -> bool:
    """Put `parts` at `target` unless something is there; exactly one of several racers gets True."""
    temporary = _write_temporary(parts, scratch, shown=target)
    try:
        with translated_os_errors(target):
            try:
                _in_folder(target, lambda: os.link(temporary, target))
            except FileExistsError:
                return False
            fsync_folder(target.parent)
            return True
    finally:
        _forget(temporary)


def _in_folder(target: Path, name_it: Callable[[], object]) -> None:
    try:
        name_it()
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
        fsync_folder(target.parent.parent)
        name_it()


def _write_temporary(parts: Sequence[Buffer], scratch: Path, *, shown: Path) -> Path:
    temporary = scratch / f"{new_id()}.part"
    with translated_os_errors(shown):
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:
            scratch.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            write_all(descriptor, parts)
            os.fsync(descriptor)
        except BaseException:
            _forget(temporary)
            raise
        finally:
            os.close(descriptor)
    return temporary


def _forget(temporary: Path) -> None:
    with suppress(FileNotFoundError):
        temporary.unlink()
