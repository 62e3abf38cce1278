"""What was reported and not yet acknowledged: files to which every process of a run appends at once.

The lines are those that `events.add_batch` takes, so that sending is reading. What is written here outlives the process that wrote it.
"""

import errno
import fcntl
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from tilth.base.atomic_io import describe_os_error
from tilth.base.errors import TilthError
from tilth.base.forking import renew_after_fork
from tilth.base.ids import new_id

__all__ = [
    "CALLS",
    "EVENTS",
    "FILES",
    "PLACES",
    "Outbox",
    "OutboxCall",
    "OutboxUpload",
    "Waiting",
    "bucket_of",
    "in_json",
    "is_writing",
    "outboxes_in",
    "written",
]

EVENTS = ".events"
CALLS = ".calls"
PLACES = ".places"
"""Uploads to elsewhere than the server, and the calls that belong to them; each bucket has files of its own, so one that is away holds up
nothing else.
"""
FILES = "files"
_BLOB = ".blob."
"""What the name of a server of Azure's has, which stands before the bucket."""

Warn = Callable[[str], None]


class OutboxUpload(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that is to be uploaded before the call that it belongs to is made."""

    path: str
    name: str
    """What it is called among the server's files."""
    content_type: str | None = None
    address: str = ""
    """Where it goes, if not among the server's files."""


class OutboxCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a file of calls."""

    call: str = ""
    fields: dict[str, Any] = {}
    upload: OutboxUpload | None = None
    event: dict[str, Any] | None = None
    """Reported when the file is there."""
    first: bool = False
    """Whether it is made before any event is sent, because it makes what the events belong to."""
    last: bool = False
    """Whether it waits for every event that was written before it."""


class Waiting:
    """The copies of one process that wait in an outbox and that newer ones stand in for. Whoever sends passes over those that are gone."""

    def __init__(self, most_bytes: int | None, *, warn: Warn) -> None:
        self._most_bytes = most_bytes
        self._warn = warn
        self._lock = threading.Lock()
        self._copies: dict[str, tuple[Path, int]] = {}
        """By what they are called among the server's files, the oldest first, with what they count: a moved file is the only one, and 0."""
        self._has_told = False
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        self._lock, self._copies = threading.Lock(), {}

    def add(self, name: str, copy: Path, *, is_moved: bool) -> None:
        """Note the newest copy; the one before it would only be overwritten, and if all together are too much, the oldest ones go."""
        with self._lock:
            before = self._copies.pop(name, None)
            self._copies = {other: kept for other, kept in self._copies.items() if kept[0].exists()}
            self._copies[name] = (copy, 0 if is_moved else _size_of(copy))
            old = [kept for kept, _ in ([before] if before else [])]
            excess = sum(size for _, size in self._copies.values()) - self._most_bytes if self._most_bytes is not None else 0
            too_much = []
            for other, (kept, size) in list(self._copies.items()):
                if excess <= 0 or other == name:
                    break
                if size:
                    excess -= size
                    too_much.append(kept)
                    del self._copies[other]
        for kept in (*old, *too_much):
            kept.unlink(missing_ok=True)
        if too_much and not self._has_told:
            self._has_told = True
            limit = f"more than {(self._most_bytes or 0) / 1e9:g} GB of models wait to be sent"
            self._warn(f"{limit}: copies of the oldest files are given up; `outbox_limit` lets more wait")


class Outbox:
    """One task's outbox, as one process writes to it. Safe for threads, forks, and what signals and destructors do in the middle of a
    write; never raises because of a disk.
    """

    def __init__(self, folder: Path, *, warn: Warn, wake: Callable[[], None] = lambda: None, most_bytes: int | None = None) -> None:
        """`most_bytes` is how much of what newer files stand in for may wait."""
        self.folder = folder
        self._replaceable = Waiting(most_bytes, warn=warn)
        self._warn = warn
        self._wake = wake
        self._lock = threading.Lock()
        self._owner = 0
        self._descriptors: dict[str, int] = {}
        self._name = ""
        self._told: str | None = None
        self._inside: set[int] = set()
        """The threads that are in the middle of writing. What one of them writes then, because of a signal, waits until it is through."""
        self._waiting: deque[tuple[str, bytes]] = deque()
        renew_after_fork(self._forked)

    def event(self, line: bytes) -> None:
        """Write down an event: JSON on one line, with its line feed."""
        self._append(EVENTS, line)

    def call(self, name: str, fields: Mapping[str, Any], *, first: bool = False, last: bool = False) -> None:
        """Write down a call; calls are made in the order in which they were written."""
        self._append(CALLS, in_json(OutboxCall(call=name, fields=dict(fields), first=first, last=last)) + b"\n")

    def upload(
        self,
        source: Path,
        *,
        name: str,
        delete: bool = False,
        content_type: str | None = None,
        event: dict[str, Any] | None = None,
        call: str = "",
        fields: Mapping[str, Any] | None = None,
        replaces: bool = False,
        address: str = "",
    ) -> Path | None:
        """Write down an upload, and the event or call that follows it. The file is copied, or moved if it may be deleted, so it can change.

        With `address` it goes there instead, when all the rest is sent. With `replaces`, it stands in for one of the same name that still
        waits, of which neither file nor call is sent any more.

        Returns the copy, which is there until all is done. Raises if `source` can't be read; what goes wrong on the outbox's side is told,
        and None returned.
        """
        with source.open("rb"):
            pass
        kept = self.folder / FILES / new_id()
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            if delete:
                shutil.move(source, kept)
            else:
                shutil.copyfile(source, kept)
        except OSError as error:
            kept.unlink(missing_ok=True)
            self._tell(describe_os_error(error, self.folder))
            return None
        given = OutboxUpload(path=kept.name, name=name, content_type=content_type, address=address)
        written = OutboxCall(call=call, fields=dict(fields or {}), upload=given, event=event)
        if not self._append(_places_of(address) if address else CALLS, in_json(written) + b"\n"):
            return None
        if replaces:  # when it is written down: there is always one of them
            self._replaceable.add(address or name, kept, is_moved=delete)
        return kept

    def close(self) -> None:
        """Let go of the files; what is written afterwards goes into new ones."""
        with self._lock:
            self._forget()

    def own_files(self) -> frozenset[Path]:
        """The files that this process is writing."""
        kinds = tuple(self._descriptors)  # in one step: other threads begin files meanwhile
        return frozenset(self.folder / f"{self._name}{kind}" for kind in kinds) if self._owner == os.getpid() else frozenset()

    def _append(self, kind: str, line: bytes) -> bool:
        me = threading.get_ident()
        if me in self._inside:
            self._waiting.append((kind, line))
            return True
        self._inside.add(me)
        try:
            failure = self._write(kind, line)
            if failure is None:
                self._wake()
        finally:
            self._inside.discard(me)
        if failure is not None:  # told when nothing is held: what is told on the console is reported, too
            self._tell(failure)
        while self._waiting:
            with suppress(IndexError):  # another thread was quicker
                self._append(*self._waiting.popleft())
        return failure is None

    def _write(self, kind: str, line: bytes) -> TilthError | None:
        try:
            with self._lock:
                descriptor = self._descriptors.get(kind) if self._owner == os.getpid() else None
                if descriptor is None:
                    descriptor = self._open(kind)
                _write_whole(descriptor, line)
                self._told = None
        except OSError as error:
            return describe_os_error(error, self.folder)
        return None

    def _open(self, kind: str) -> int:
        if self._owner != os.getpid():
            self._forget()
            self._owner = os.getpid()
            self._name = f"{time.time_ns():020d}-{self._owner}-{new_id()[:8]}"
        descriptor = _new_file(self.folder / f"{self._name}{kind}")
        self._descriptors[kind] = descriptor
        return descriptor

    def _forget(self) -> None:
        for descriptor in self._descriptors.values():
            if self._owner == os.getpid():  # a process that is just being started may have it open, too, and would hold the lock
                with suppress(OSError):
                    fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)
        self._descriptors = {}
        self._owner = 0

    def _forked(self) -> None:
        # The parent's lock may have been held by a thread that is not here any more.
        self._lock = threading.Lock()
        self._inside, self._waiting = set(), deque()
        self._forget()

    def _tell(self, error: TilthError) -> None:
        if self._told != error.code:
            self._told = error.code
            self._warn(f"what is reported is lost until this is mended: {error}")


def _places_of(address: str) -> str:
    """The kind of file for what goes to the bucket of an address."""
    return f".{sha256(bucket_of(address).encode()).hexdigest()[:16]}{PLACES}"


def bucket_of(address: str) -> str:
    """The bucket that the address of an object lies in."""
    scheme, _, rest = address.partition("://")
    parts = rest.split("/")
    named = 2 if (":" in parts[0] if scheme == "s3" else _BLOB in parts[0]) else 1
    return f"{scheme}://{'/'.join(parts[:named])}"


def in_json(value: Any) -> bytes:
    """What is written down, on one line of JSON. Halves of characters, which UTF-8 does not have, become question marks."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_whole_characters(msgspec.to_builtins(value)))


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_whole_characters(name): _whole_characters(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_whole_characters(part) for part in value]
    return value


def _new_file(path: Path) -> int:
    """A file that is locked before anybody can see it, so that none takes it for one that is over."""
    hidden = path.with_name(f".{path.name}")
    for last in (False, True):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            hidden.rename(path)
        except FileNotFoundError:  # a sender that found nothing here removed the folder just now
            if last:
                raise
        else:
            return descriptor
    raise AssertionError("the loop returns or raises")


def _write_whole(descriptor: int, line: bytes) -> None:
    written = os.write(descriptor, line)
    if written != len(line):  # the disk is full: half a line would spoil the next one
        os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it is sent already
        return 0


def is_writing(path: Path) -> bool:
    """Whether a process that is alive writes a file of an outbox."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def outboxes_in(home: Path) -> list[Path]:
    """The outboxes of a home in which something is, the oldest first."""
    found = []
    for folder in (home / "outbox").glob("*"):
        if any(written(folder, kind) for kind in (EVENTS, CALLS, PLACES)):
            with suppress(FileNotFoundError):  # all of it was sent just now
                found.append((folder.stat().st_mtime, folder))
    return [folder for _, folder in sorted(found)]


def written(folder: Path, kind: str) -> list[Path]:
    """The files of one kind in an outbox, the oldest first; none if the outbox is gone, which it is as soon as all was sent."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / name for name in sorted(names) if name.endswith(kind) and name[0].isdigit()]
