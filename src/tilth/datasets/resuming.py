"""What of a file need not be fetched from far away: what an interrupted copy left, and what the cache has. Both are compared first."""

import os
from hashlib import sha256
from pathlib import Path

from tilth.base.atomic_io import translated_os_errors, write_all
from tilth.domain.dataset import Entry

__all__ = ["chunks_there", "copied_from_blob"]

_PIECE = 1 << 20


def chunks_there(file: Path, entry: Entry) -> int | None:
    """How many chunks at the beginning of `file` are those of `entry`; None if all of it is there.

    A file has its time set last of all, so one whose size and time are right is whole. Of any other, every chunk is compared.
    """
    try:
        with file.open("rb", buffering=0) as opened:
            found = os.fstat(opened.fileno())
            if (found.st_size, found.st_mtime_ns) == (entry.size, entry.mtime_ns):
                return None
            for number, chunk in enumerate(entry.chunks):
                data = opened.read(chunk.raw)
                if len(data) != chunk.raw or sha256(data).digest() != chunk.sha256:
                    return number
            return len(entry.chunks)
    except OSError:
        return 0


def copied_from_blob(blob: str, target: Path, entry: Entry) -> bool:
    """Make `target` the file of `entry` out of its content in the cache; False if that is not there, or not right."""
    try:
        source = Path(blob).open("rb", buffering=0)  # noqa: SIM115 - closed below
    except OSError:
        return False
    digest = sha256()
    with source, translated_os_errors(target):
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
