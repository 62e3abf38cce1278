"""Downloads of large files behind links that go on where another process, or this one, had to leave off.

    tmp/<fingerprint>.link   what has come of a file so far; whoever adds to it holds it locked

It is there until the file is whole, or for a day after the last byte came. What a crash of the machine may have damaged is fetched
again: everything behind the last place up to which it was written to the disk for certain.
"""

import os
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import BinaryIO

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Denied, SourceChanged, Unavailable
from tilth.base.units import readable_bytes
from tilth.datasets.cache.locks import let_go, locked_by_others
from tilth.domain.dataset import Entry
from tilth.sdk.links.reading import Come, download_link, link_of, read_link
from tilth.sdk.links.sources import Sources

__all__ = ["download_large_link"]

_CERTAIN_BYTES = 16 << 20
"""So often what came is written to the disk for certain; smaller files are not worth keeping a part of."""
_PIECE = 1 << 20


def download_large_link(sources: Sources, entry: Entry, target: Path, *, kept: Path, stopped: Event | None = None) -> bytes:
    """Do what `download_link` does, going on with what the folder `kept` has of it, and leaving there what came if the line fails."""
    if entry.size <= _CERTAIN_BYTES or not (link_of(entry).is_hashed or link_of(entry).etag):
        return download_link(sources, entry, target, stopped)  # of another state, nothing would tell what came before
    begun = kept / f"{entry.sha256.hex()}.link"
    with translated_os_errors(target), _alone(begun) as file:
        if file is None:
            return download_link(sources, entry, target, stopped)
        try:
            digest = _gone_on(sources, entry, file, stopped)
        except (Unavailable, Denied) as error:
            _explain(error, file)
            raise
        except CancelledError:
            raise
        except Exception:
            begun.unlink(missing_ok=True)  # no part of it is wanted any more, or there is no room
            raise
        begun.rename(target)
        return digest


def _gone_on(sources: Sources, entry: Entry, file: BinaryIO, stopped: Event | None) -> bytes:
    come = _come(file, min(entry.size, os.fstat(file.fileno()).st_size))
    try:
        return _come_whole(sources, entry, file, come, stopped)
    except SourceChanged:
        if not (come.size and link_of(entry).is_hashed):
            raise
    file.seek(0)  # what lay here may be to blame, and not the other side
    file.truncate()
    return _come_whole(sources, entry, file, Come(sha256(), 0), stopped)


def _come_whole(sources: Sources, entry: Entry, file: BinaryIO, come: Come, stopped: Event | None) -> bytes:

    def take(piece: bytes) -> None:
        before = file.tell()
        file.write(piece)
        if (before + len(piece)) // _CERTAIN_BYTES != before // _CERTAIN_BYTES:
            os.fdatasync(file.fileno())

    def begin_again() -> None:
        file.seek(0)
        file.truncate()

    return read_link(sources, entry, take, begin_again, come=come, stopped=stopped)


def _come(file: BinaryIO, size: int) -> Come:
    """What of a file has certainly come; what lies behind that is cut off."""
    digest = sha256()
    left = size = max(0, size - 1) // _CERTAIN_BYTES * _CERTAIN_BYTES
    while left and (piece := file.read(min(_PIECE, left))):
        digest.update(piece)
        left -= len(piece)
    file.truncate(size - left)
    return Come(digest, size - left)


def _explain(error: Unavailable | Denied, file: BinaryIO) -> None:
    """Say what is kept: whoever waited for hours wants to know."""
    came = max(0, file.tell() - 1) // _CERTAIN_BYTES * _CERTAIN_BYTES
    if came:
        error.hint = f"{readable_bytes(came)} of it are kept: the same command goes on there" + (f"; {error.hint}" if error.hint else "")


@contextmanager
def _alone(path: Path) -> Iterator[BinaryIO | None]:
    """A file of this user's, opened from its beginning and held; None if others work on it, or have one there, or nobody can tell."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:  # what somebody else put there may be anything
        yield None
        return
    try:
        if locked_by_others(descriptor) is False and _is_own(path, descriptor):
            with os.fdopen(descriptor, "r+b", buffering=0, closefd=False) as file:
                yield file
        else:
            yield None
    finally:
        let_go(descriptor)


def _is_own(path: Path, descriptor: int) -> bool:
    """Whether a file is this user's, and has not been taken away since it was opened: then it is what somebody was waiting for."""
    found = os.fstat(descriptor)
    with suppress(FileNotFoundError):
        return found.st_uid == os.geteuid() and found.st_ino == path.lstat().st_ino
    return False
