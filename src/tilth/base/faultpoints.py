"""Where a test may kill this process: named points that do nothing unless the environment names one of them.

`TILTH_CRASH_AT=commit.before-register` ends the process, as a power cut would, when it first reaches that point;
`TILTH_CRASH_AT=gc.before-delete:3` when it reaches it for the third time. No cleanup runs and nothing is flushed. Of several processes
with one environment, only the first ends there if `TILTH_CRASH_ONCE` names a file that does not exist: it is made then. With
`TILTH_CRASH_HANGS=1` it stays there for ever instead, as on a disk that does not answer any more.
"""

import os
import time

__all__ = ["CRASH_STATUS", "arm", "reach"]

CRASH_STATUS = 137
"""The exit status of a process that ended at a fault point; the one that a shell shows after SIGKILL."""


class _Fuse:
    """Counts down the visits of one point."""

    def __init__(self) -> None:
        self.arm()

    def arm(self) -> None:
        """Take the point from the environment."""
        self.point, _, count = os.environ.get("TILTH_CRASH_AT", "").partition(":")
        self.left = int(count or 1)
        self.hangs = os.environ.get("TILTH_CRASH_HANGS", "") == "1"
        self.once = os.environ.get("TILTH_CRASH_ONCE", "")

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0 and self._is_first():
            while self.hangs:
                time.sleep(60.0)
            os._exit(CRASH_STATUS)

    def _is_first(self) -> bool:
        if not self.once:
            return True
        try:
            os.close(os.open(self.once, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return False
        return True


# The one place outside `tilth.config` that reads the environment: a crash must be possible at any depth of any process,
# before and without settings, and nothing that a user may rely on depends on it.
_FUSE = _Fuse()


def arm() -> None:
    """Look at the environment again: in a process that was forked with another one than this module was imported with."""
    _FUSE.arm()


def reach(point: str) -> None:
    """Note that the work has come to `point`; end the process here if that is what the environment asks for."""
    if point == _FUSE.point:
        _FUSE.burn()
