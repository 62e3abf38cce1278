"""How large a tree is, and how much of it another tree does not share.

python -m benchmarks.trees BEFORE AFTER     prints the bytes of files in AFTER that are no links to files in BEFORE
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Tree", "new_bytes", "tree_of"]


@dataclass(frozen=True)
class Tree:
    """How many files lie below a folder, and how many bytes."""

    files: int
    size_bytes: int


def tree_of(folder: Path) -> Tree:
    """Count what lies below `folder`."""
    files = size_bytes = 0
    for status in _statuses(folder):
        files += 1
        size_bytes += status.st_size
    return Tree(files, size_bytes)


def new_bytes(before: Path, after: Path) -> int:
    """The bytes of files below `after` that are not also below `before`, under whatever name."""
    known = {status.st_ino for status in _statuses(before)}
    return sum(status.st_size for status in _statuses(after) if status.st_ino not in known)


def _statuses(folder: Path) -> Iterator[os.stat_result]:
    pending = [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as found:
            for one in found:
                if one.is_dir(follow_symlinks=False):
                    pending.append(one.path)
                else:
                    yield one.stat(follow_symlinks=False)


if __name__ == "__main__":
    print(new_bytes(Path(sys.argv[1]), Path(sys.argv[2])))
