"""Who may use what a cache folder holds: its own mode says it, and everything in it follows, whatever a process's umask says.

A folder that its group may write to (`chmod 2775`) belongs to the group, one that everybody may write to belongs to everybody; any
other belongs to one user, whose umask counts.
"""

import os
import pwd
import stat
import time
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from tilth.base.ids import new_id

__all__ = ["PRIVATE", "Sharing", "sharing_of", "user_name"]

_TRIES = 20
_PAUSE_S = 0.02


class Sharing(Struct, frozen=True):
    """What folders and files of a cache are made like."""

    mode: int | None = None
    """That of every folder; None leaves it to the umask."""
    group: int = -1

    def make(self, folder: str) -> None:
        """Make `folder`, and what it lies in, if it is not there; it appears with its right mode."""
        if self.mode is None:
            os.makedirs(folder, exist_ok=True)
            return
        if os.path.isdir(folder):
            return
        parent = os.path.dirname(folder)
        self.make(parent)
        temporary = f"{parent}/.{new_id()}"
        os.mkdir(temporary, 0o700)
        self._give(temporary, self.mode)
        try:
            os.rename(temporary, folder)
        except OSError:  # somebody else made it, and it holds something
            os.rmdir(temporary)
            if not os.path.isdir(folder):
                raise

    def open(self, path: str, flags: int = os.O_RDWR) -> int:
        """Open a file that all who use the cache may change, such as a lock; made if it is not there, with the folders above."""
        # Never through a symbolic link: whoever may write here could have made it lead to a file of this user's.
        made = self._opened(path, flags | os.O_NOFOLLOW)
        if self.mode is not None:
            self.admit(made, 0o666)
        return made

    def admit(self, file: int | str, mode: int) -> None:
        """Give a file that this process just made the part of `mode` that the cache is open to."""
        if self.mode is not None:
            with suppress(OSError):  # of another user, who saw to it
                os.chmod(file, mode & self.mode)

    def admit_tree(self, folder: str) -> None:
        """Let all who use the cache see into a read-only folder that this process just made."""
        if self.mode is None:
            return
        files = self.mode & 0o444
        for place, _, names in os.walk(folder):
            self._give(place, self.mode)
            for name in names:
                path = f"{place}/{name}"
                found = os.lstat(path)
                if stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) != files:
                    with suppress(PermissionError):  # a link to a file of another user
                        os.chmod(path, files)

    def _opened(self, path: str, flags: int) -> int:
        for _ in range(_TRIES):
            try:
                return self._open(path, flags)
            except PermissionError:
                if not _is_new(path):
                    raise
                time.sleep(_PAUSE_S)  # another user makes it now, and is about to give it its mode
        return self._open(path, flags)

    def _open(self, path: str, flags: int) -> int:
        try:
            return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:
            self.make(os.path.dirname(path))
            return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def _give(self, path: str, mode: int) -> None:
        if self.group != -1 and os.stat(path).st_gid != self.group:
            with suppress(OSError):
                os.chown(path, -1, self.group)
        os.chmod(path, mode)


PRIVATE = Sharing()


def sharing_of(root: Path) -> Sharing:
    """What the mode of a cache folder says; of one that is not there, that it will be its user's own."""
    try:
        found = root.stat()
    except OSError:
        return PRIVATE
    mode = stat.S_IMODE(found.st_mode)
    if mode & stat.S_IWGRP:
        return Sharing(mode & 0o777 | stat.S_ISGID, found.st_gid)
    if mode & stat.S_IWOTH:
        return Sharing(mode & 0o777)
    return PRIVATE


def _is_new(path: str) -> bool:
    try:
        return time.time() - os.stat(path).st_ctime < 1.0
    except OSError:
        return False


def user_name() -> str:
    """Who this process belongs to."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in many containers
        return str(os.getuid())
