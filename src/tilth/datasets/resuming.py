"""What of a file need not be fetched from far away: what an interrupted copy left, and what the cache has, also of its earlier contents.

All of it is compared with the hashes of its chunks first.
"""

import os
import stat
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tilth.base.atomic_io import translated_os_errors, write_all
from tilth.domain.dataset import Entry

__all__ = ["chunks_wanted", "copied_from_blob", "take_pieces"]

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


def take_pieces(blob: str, before: Entry, target: str, entry: Entry) -> None:
    """Begin `target`, the file of `entry`, with the chunks that its earlier content `before`, which is in the cache, has as well.

    Whoever fetches the others compares these: what is in a cache may have been changed.
    """
    had: dict[bytes, int] = {}
    at = 0
    for chunk in before.chunks:
        had.setdefault(chunk.sha256, at)
        at += chunk.raw
    if os.path.exists(target) or not any(chunk.sha256 in had for chunk in entry.chunks):
        return
    try:
        source = open(blob, "rb", buffering=0, opener=_at_once)  # noqa: SIM115 - closed below
    except OSError:
        return
    with source, translated_os_errors(target):
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb", buffering=0) as made:
            position = 0
            for chunk in entry.chunks:
                begin = had.get(chunk.sha256)
                if begin is not None:
                    source.seek(begin)
                    made.seek(position)
                    write_all(made.fileno(), [source.read(chunk.raw)])
                position += chunk.raw


def _at_once(path: str, flags: int) -> int:
    """A pipe that others put into the cache would not open before it had a writer."""
    return os.open(path, flags | os.O_NONBLOCK)
