"""One task's way out of this process: its outbox, the thread that sends, and what its reports are called."""

import re
import socket
import sys
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tilth.base.errors import Denied, TilthError, Unavailable
from tilth.client.outbox import Outbox, outboxes_in
from tilth.client.sending import PERIOD_S, Courier, Sender
from tilth.sdk.home import Home
from tilth.sdk.places import place_of
from tilth.sdk.reporting import Reporter

__all__ = ["Recording", "send_outboxes", "task_folder", "warn"]

_HOSTILE = re.compile(r"[\x00-\x1f\x7f?#&%\\]")
_LONGEST_NAME = 160
"""In bytes, which leaves room for an id: file systems take 255."""
_LONGEST_PROJECT = 400
"""In bytes: keys of object stores have 1,024 at the most, and there is a file's name to come."""


class Recording:
    """What one task writes down, and how it is sent. It is opened when the first thing is reported."""

    def __init__(self, home: Home, task: str, *, folder: str, offline: bool = False, locked: bool = False) -> None:
        self.home = home
        self.task = task
        place = home.folder / "outbox" / task
        self._offline = offline
        # What was recorded offline on purpose is carried somewhere: nothing of it is given up.
        most_bytes = None if offline else home.outbox_limit_gb * 1_000_000_000
        self.outbox = Outbox(place, warn=warn, wake=self._wake, most_bytes=most_bytes)
        self.reporter = Reporter(self.outbox, task, folder=folder, worker=socket.gethostname(), locked=locked)
        self._courier: Courier | None = None
        self._period_s = PERIOD_S
        self._is_closed = False

    @property
    def period_s(self) -> float:
        """How long what was reported may gather before it is sent."""
        return self._period_s

    @period_s.setter
    def period_s(self, period_s: float) -> None:
        self._period_s = period_s
        if self._courier is not None:
            self._courier.period_s = period_s

    @property
    def is_offline(self) -> bool:
        """Whether nobody sends it before it is imported."""
        return self._offline

    def call(self, name: str, /, *, first: bool = False, last: bool = False, **fields: Any) -> None:
        """Write down a call: one that is made before any report is sent, or after all of them, or in its turn."""
        self.outbox.call(name, {field: value for field, value in fields.items() if value is not None}, first=first, last=last)

    def upload(
        self, source: Path, *, name: str, delete: bool, call: str, fields: Mapping[str, Any], replaces: bool = False, address: str = ""
    ) -> Path | None:
        """Write down an upload, and the call that names it afterwards; returns the copy, which is there until both are done.

        None if there is no room for it. With `replaces`, it stands in for one of the same name that still waits; with `address` it does not
        go to the server, but there.
        """
        name = f"{self.reporter.folder}/{name}"
        return self.outbox.upload(source, name=name, delete=delete, call=call, fields=fields, replaces=replaces, address=address)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything is where it is kept; False if it is not in time, or nobody answers."""
        if self._offline:
            return False
        return self._courier is None or self._courier.flush(timeout_s)

    def close(self, wait_s: float) -> bool:
        """Send the rest, for so long at the most; False if something is left in the outbox. What is reported later opens it again."""
        if self._offline or self._is_closed:
            self.outbox.close()
            return not self._offline
        self._wake()
        self._is_closed = True
        self.outbox.close()
        done = self._courier is None or self._courier.flush(wait_s)
        if self._courier is not None:
            self._courier.stop()
            self._courier = None
        return done

    def _wake(self) -> None:
        self._is_closed = False
        if self._offline:
            return
        courier = self._courier
        if courier is None:
            courier = self._courier = self._hired()
        courier.wake()

    def _hired(self) -> Courier:
        api, files = self.home.reporting
        sender = Sender(self.outbox.folder, api, files, warn=warn, put_elsewhere=partial(_put, self.home))
        courier = Courier(sender, own=self.outbox.own_files, warn=warn, where=str(self.outbox.folder))
        courier.period_s = self.period_s
        return courier


def send_outboxes(home: Home) -> tuple[int, int]:
    """Send what runs left behind that are over; returns how many outboxes were sent, and how many are left.

    Raises `Unavailable` or `Denied` if the server does not take it, or, when all the rest was sent, if a bucket does not.
    """
    sent, left = 0, 0
    away: TilthError | None = None
    api, files = home.reporting
    for folder in outboxes_in(home.folder):
        if (folder / "offline").exists():
            continue
        sender = Sender(folder, api, files, warn=warn, put_elsewhere=partial(_put, home))
        with sender.alone() as alone:
            if alone:
                try:
                    sender.send()
                except (Unavailable, Denied) as error:
                    if not sender.is_rest_sent:
                        raise
                    away = away or error
        sent, left = (sent + 1, left) if not sender.left_bytes() else (sent, left + 1)
    if away:
        raise away
    return sent, left


def _put(home: Home, address: str, source: Path) -> None:
    place_of(home, address).put(source)


def task_folder(project: str | None, name: str, id: str) -> str:
    """Where a task's files lie among the files of a server."""
    parts = [clean for part in (project or "").split("/") if (clean := _short(part))]
    if len("/".join(parts).encode()) > _LONGEST_PROJECT:
        parts = [f"{_cut(parts[0], 40)}~{_digest('/'.join(parts))}"]
    return "/".join([*parts, f"{_short(name.replace('/', '_'))}.{id}"])


def _short(name: str) -> str:
    """A name that can be that of a file and stand in an address: a long one ends with a digest of the whole."""
    clean = _HOSTILE.sub(lambda found: quote(found.group()), name).strip()
    clean = clean if len(clean.encode()) <= _LONGEST_NAME else f"{_cut(clean, _LONGEST_NAME - 20)}~{_digest(clean)}"
    return "_" if clean in (".", "..") else clean


def _cut(name: str, size: int) -> str:
    return name.encode()[:size].decode(errors="ignore")


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:16]


def warn(message: str) -> None:
    """Tell a person something without stopping the run."""
    print(f"tilth: {message}", file=sys.__stderr__ or sys.stderr, flush=True)
