"""How much of a file an interrupted copy left: what is there is compared, and only the rest comes from the store."""

import os
from hashlib import sha256
from pathlib import Path

from tilth.domain.dataset import Entry

__all__ = ["chunks_there"]


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
