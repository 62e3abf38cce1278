"""What tests leave in their folders: a whole run would keep gigabytes until its end, and pytest keeps the folders of past runs too.

Large files of tests that passed are removed a while after the test, since threads and processes that end late may still be at them. The
while is a time: twenty of the shortest tests take a second. Small files stay: they are what such threads lock and look for.
"""

import os
import stat
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

__all__ = ["Leftovers"]

_LARGE = 1 << 18
_LATE_S = 90.0


class Leftovers:
    """The folders of tests that are over, the oldest first."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, Path]] = deque()
        self._kept: set[Path] = set()

    def keep(self, folder: Path) -> None:
        """Leave a folder as it is: whoever looks for the reason of a failure needs it."""
        self._kept.add(folder)

    def add(self, folder: Path) -> None:
        """Take a folder that its test needs no longer."""
        self._waiting.append((time.monotonic(), folder))

    def sweep(self) -> None:
        """Remove what is large in the folders of tests that have been over for a while."""
        while self._waiting and time.monotonic() - self._waiting[0][0] > _LATE_S:
            _, folder = self._waiting.popleft()
            self.remove_large(folder)

    def remove_large(self, folder: Path) -> None:
        """Remove what is large below a folder, but in those that are kept."""
        for path in self._files(folder):
            try:
                found = os.lstat(path)
                if stat.S_ISREG(found.st_mode) and found.st_blocks * 512 >= _LARGE:
                    os.unlink(path)
            except OSError:  # somebody else removed it, or it may not be
                continue

    def _files(self, top: Path) -> Iterator[str]:
        """The files below a folder, none of which is on another device: what is mounted there is nobody's leftover."""
        try:
            device = os.lstat(top).st_dev
        except OSError:
            return
        for above, folders, files in os.walk(top):
            folders[:] = [name for name in folders if self._is_searched(os.path.join(above, name), device)]
            yield from (os.path.join(above, name) for name in files)

    def _is_searched(self, folder: str, device: int) -> bool:
        try:
            return Path(folder) not in self._kept and os.lstat(folder).st_dev == device
        except OSError:
            return False
