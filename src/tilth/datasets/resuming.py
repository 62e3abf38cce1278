"""What of a file need not be fetched from far away: what an interrupted copy left, and what the cache has. Both are compared first."""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tilth.base.atomic_io import translated_os_errors, write_all
from tilth.domain.dataset import Entry

__all__ = ["chunks_wanted", "copied_from_blob"]

_PIECE = 1 << 20


def chunks_wanted(file: str | Path, entry: Entry) -> Sequence[int] | None:
    """The numbers of the chunks of `entry` that `file` does not have in their places; None if all of it is there.

    A file has its time set last of all, so one whose size and time are right is whole. Of any other, every chunk is compared.
    """
    try:
        opened = open(file, "rb", buffering=0)  # noqa: SIM115 - closed below
    except OSError:
        return range(len(entry.chunks))
    with opened:
        try:
            found = os.fstat(opened.fileno())
            if (found.st_size, found.st_mtime_ns) == (entry.size, entry.mtime_ns):
                return None
            return [number for number, chunk in enumerate(entry.chunks) if sha256(opened.read(chunk.raw)).digest() != chunk.sha256]
        except OSError:
            return range(len(entry.chunks))


def copied_from_blob(blob: str, target: Path, entry: Entry) -> bool:
    """Make `target` the file of `entry` out of its content in the cache; False if that is not there, or not right."""
    try:
        source = open(blob, "rb", buffering=0, opener=_at_once)  # noqa: SIM115 - closed below
    except OSError:
        return False
    digest = sha256()
    with source, translated_os_errors(target):
        if os.fstat(source.fileno()).st_size != entry.size:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb", buffering=0) as copy:
            while piece := source.read(_PIECE):
                digest.update(piece)
                write_all(copy.fileno(), [piece])
        if digest.digest() != entry.sha256:
            return False
        target.chmod(entry.mode)
        os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))
    return True


def _at_once(path: str, flags: int) -> int:
    """A pipe that others put into the cache would not open before it had a writer."""
    return os.open(path, flags | os.O_NONBLOCK)
