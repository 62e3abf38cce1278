"""Which processes use which views, so that nothing is removed under them.

    uses/<id>      one process and the views that it uses, line by line

A process holds the lock of its file until it and its forks have ended, however they end. A command that only tells a path, such as
`tilth data get`, says for whom: the program that called it. Where locks can't be seen, a process is looked up by its number and start;
one of another machine counts for a day after its last sign.
"""

import atexit
import fcntl
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from tilth.base.ids import new_id
from tilth.datasets.cache.locks import let_go, locked_by_others
from tilth.datasets.cache.sharing import Sharing, user_name

__all__ = ["Leases", "User"]

_DAY_S = 24 * 3600.0
_MANY = 64
"""So many files are looked through for those of processes that have ended."""
_START_FIELD = 19
"""Of what follows the name in /proc/<pid>/stat."""


class User(Struct, frozen=True, kw_only=True):
    """A process that uses views."""

    pid: int
    started: str
    """By the system's count, which tells it from a later process of that number."""
    space: str
    """Which processes its number means something to: those of its container."""
    boot: str
    host: str
    name: str
    program: str
    since: str
    by_lock: bool
    """Whether the process holds the lock of the file, or is only named in it."""

    def shown(self) -> str:
        """As people read it."""
        return f"{self.name}@{self.host} ({self.program}, process {self.pid})"


class _Own:
    """The file of this process."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.pid = os.getpid()
        self.names: set[str] = set()
        found = os.fstat(descriptor)
        self._inode = found.st_dev, found.st_ino

    @property
    def is_there(self) -> bool:
        """Whether the file is still open and has its name. What closes all files of a process, as daemons do, may have closed it."""
        try:
            found = os.fstat(self.descriptor)
        except OSError:
            return False
        return found.st_nlink > 0 and (found.st_dev, found.st_ino) == self._inode

    def say(self, text: str) -> None:
        os.write(self.descriptor, f"{text}\n".encode())


_own: dict[str, _Own] = {}
"""By cache folder. A path outlives the objects that it was got from, so nothing less than the process may hold this."""
_guard = threading.Lock()


class Leases:
    """The uses of one cache folder."""

    def __init__(self, root: str, sharing: Sharing) -> None:
        self._folder = f"{root}/uses"
        self._sharing = sharing

    def take(self, name: str) -> None:
        """Note that this process uses a view until it ends. OSError if that can't be noted."""
        with _guard:
            own = _own.get(self._folder)
            if own is None or not own.is_there:
                own = _own[self._folder] = self._begin()
            if name not in own.names:
                own.say(f"+{name}")
                own.names.add(name)
            with suppress(OSError):
                os.utime(own.descriptor)

    def drop(self, name: str) -> None:
        """Note that this process does not use a view any more."""
        with _guard:
            own = _own.get(self._folder)
            if own is not None and name in own.names and own.is_there:
                own.say(f"-{name}")
                own.names.discard(name)

    def take_for(self, name: str, pid: int) -> None:
        """Note that another process of this machine uses a view as long as it lives."""
        user = _described(pid, by_lock=False)
        descriptor = self._sharing.open(f"{self._folder}/{new_id()}", os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, msgspec.json.encode(user) + f"\n+{name}\n".encode())
        finally:
            os.close(descriptor)
        self._tidy()

    def users(self) -> dict[str, list[User]]:
        """Who uses which view at this moment. Files of processes that have ended are removed on the way."""
        found: dict[str, list[User]] = {}
        for path in self._files():
            user, names = _read(path)
            if user is None:
                if names and _is_held(path):
                    user = _of_another_release(path)
                    for name in names:
                        found.setdefault(name, []).append(user)
                else:
                    _forget_if_old(path)
            elif self._lives(path, user):
                for name in names:
                    found.setdefault(name, []).append(user)
        return found

    def _begin(self) -> _Own:
        while True:
            path = f"{self._folder}/{new_id()}"
            descriptor = self._sharing.open(path, os.O_RDWR | os.O_APPEND)
            with suppress(OSError):  # without locks it is looked up by its number
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                break
            os.close(descriptor)
        own = _Own(path, descriptor)
        own.say(msgspec.json.encode(_described(os.getpid(), by_lock=True)).decode())
        atexit.register(_end, own)
        self._tidy()
        return own

    def _tidy(self) -> None:
        if len(self._files()) > _MANY:
            self.users()

    def _files(self) -> list[str]:
        try:
            return [f"{self._folder}/{name}" for name in os.listdir(self._folder) if not name.startswith(".")]
        except OSError:
            return []

    def _lives(self, path: str, user: User) -> bool:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return os.path.exists(path)
        try:
            locked = locked_by_others(descriptor) if user.by_lock else None
            lives = locked or _is_there(user, unlocked=locked is False, signed_s=os.fstat(descriptor).st_mtime)
            if not lives:
                with suppress(OSError):
                    os.unlink(path)
            return lives
        finally:
            let_go(descriptor)


def _is_there(user: User, *, unlocked: bool, signed_s: float) -> bool:
    """Whether a process that holds no lock that can be seen is there all the same."""
    here = _described(os.getpid(), by_lock=False)
    if user.boot == here.boot and here.boot:
        if unlocked:
            return False
        if user.space == here.space:
            return _started(user.pid) == user.started != ""
    elif user.host == here.host and here.boot:
        return False  # before this machine was started
    # Of another machine, whose locks this one may not see, or of another container: nobody can be asked.
    return abs(time.time() - signed_s) < _DAY_S


def _described(pid: int, *, by_lock: bool) -> User:
    return User(
        pid=pid,
        started=_started(pid),
        space=_link("/proc/self/ns/pid"),
        boot=_text("/proc/sys/kernel/random/boot_id"),
        host=socket.gethostname(),
        name=user_name(),
        program=_text(f"/proc/{pid}/comm") or "python",
        since=datetime.now(UTC).isoformat(timespec="seconds"),
        by_lock=by_lock,
    )


def _started(pid: int) -> str:
    """When a process was started; nothing if it is not there. Where the system does not say, that it is there must do."""
    if os.path.isdir("/proc/self"):
        fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
        return fields[_START_FIELD] if len(fields) > _START_FIELD and fields[0] != "Z" else ""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return "?"
    except OSError:
        return ""
    return "?"


def _read(path: str) -> tuple[User | None, set[str]]:
    """A process and what it uses. A last line that is not whole was never relied on."""
    names: set[str] = set()
    user: User | None = None
    with suppress(OSError), open(path, "rb") as file:
        head, *lines = file.read().split(b"\n")[:-1] or [b""]
        for sign, name in _lines(lines):
            (names.add if sign == "+" else names.discard)(name)
        with suppress(msgspec.MsgspecError):
            user = msgspec.json.decode(head, type=User)
    return user, names


def _is_held(path: str) -> bool:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            return locked_by_others(descriptor) is True
        finally:
            let_go(descriptor)
    return False


def _of_another_release(path: str) -> User:
    """Who holds a file that this release does not understand."""
    since = datetime.fromtimestamp(os.stat(path).st_mtime, UTC).isoformat(timespec="seconds")
    unknown = {"started": "", "space": "", "boot": "", "host": "?", "name": "?", "program": "another release of Tilth"}
    return User(pid=0, since=since, by_lock=True, **unknown)


def _forget_if_old(path: str) -> None:
    """Remove a file that says nothing, which a process left that was killed in that moment."""
    with suppress(OSError):
        if time.time() - os.stat(path).st_mtime > _DAY_S:
            os.unlink(path)


def _lines(lines: list[bytes]) -> Iterator[tuple[str, str]]:
    for line in lines:
        text = line.decode(errors="replace")
        yield text[:1], text[1:]


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _end(own: _Own) -> None:
    """Take the file away when this process ends, unless forks of it go on, which have it open."""
    if os.getpid() != own.pid:
        return
    with suppress(OSError):
        if own.is_there:
            os.close(own.descriptor)
        descriptor = os.open(own.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            if locked_by_others(descriptor) is not True:
                os.unlink(own.path)
        finally:
            let_go(descriptor)


def _renew() -> None:
    global _guard  # noqa: PLW0603  the thread that held it is not in this fork
    _guard = threading.Lock()


os.register_at_fork(after_in_child=_renew)
