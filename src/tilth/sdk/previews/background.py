"""When previews are made: beside the storing of files, and after the commit behind the back of whoever goes on.

A version's preview takes two steps. While its files are stored, a thread looks at some that lie on this machine (`Ahead`). When it is
final, another thread shows what that found, and looks at what is missing in the store: of one version after the other, in the order in
which they became final. Nobody who makes a version final waits for a place. Whoever asks for the version's logger, publishes or deletes
it waits for the second step, which then comes next; the end of the process waits for all of them, as long as each ends in time.

Whoever stores files and leaves the version open to another process leaves what was seen with the draft.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Event, Lock, Thread

from msgspec import Struct

from tilth.base.errors import TilthError
from tilth.base.forking import renew_after_fork
from tilth.datasets.scanning import SourceFile
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home
from tilth.sdk.logger import Logger
from tilth.sdk.previews.ahead import Ahead
from tilth.sdk.previews.allowance import Allowance
from tilth.sdk.previews.showing import try_to_show
from tilth.sdk.recording import warn
from tilth.sdk.taking import SEEN

__all__ = ["Previews"]

_MOST_WAITING = 1_000
"""A version that becomes final while so many wait has no preview, and whoever made it is told the command that makes one."""
_MOST_AHEAD = 4
"""Of so many versions that wait, what was seen ahead stays in memory; what the others show is looked at in the store."""
_GRACE_S = 20.0
"""So much longer than its limit a step may take, since what was begun is ended: a picture, a request to the store."""
_PATIENCE_S = 1.0
"""So long whoever leaves a version to others waits for the file that is being looked at; so often whoever waits looks what goes on."""


class _Looking(Struct, frozen=True):
    """What is being looked at while it is stored."""

    version: DatasetVersion
    ahead: Ahead
    thread: Thread


class _Preview:
    """A preview that waits or is being made."""

    def __init__(self, version: DatasetVersion, open_logger: Callable[[], Logger], ahead: Ahead | None, filling: Thread | None) -> None:
        self.version = version
        self.open_logger = open_logger
        self.ahead = ahead
        self.filling = filling
        self.until = 0.0
        """When nobody waits for it any more, once it is being made."""
        self.ended = Event()


class Previews:
    """The previews of one home that this process is making."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._renew()
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        """In a fork, the threads are gone that make previews, and the one that holds the lock."""
        self._looking: dict[str, _Looking] = {}
        self._waiting: OrderedDict[str, _Preview] = OrderedDict()
        self._current: _Preview | None = None
        self._worker: object | None = None
        """Stands for the one thread that makes what waits."""
        self._lock = Lock()

    # --- while files are stored -------------------------------------------------------------------------------------

    def look_ahead(self, version: DatasetVersion, files: Iterable[SourceFile]) -> None:
        """Begin to look at files that are being stored for a version."""
        before = self._looking.get(version.id)
        ahead = before.ahead if before else Ahead(self._allowance())

        def fill() -> None:
            if before:
                before.thread.join()
            with suppress(Exception):  # what could not be seen here is looked at in the store
                ahead.fill(files)

        thread = Thread(target=fill, name="tilth-preview", daemon=True)
        self._looking[version.id] = _Looking(version, ahead, thread)
        thread.start()

    def forget(self, version: DatasetVersion) -> None:
        """End looking at files of a version, and do not show it any more, if that is not begun."""
        looking = self._looking.pop(version.id, None)
        if looking:
            looking.ahead.stop()
        with self._lock:
            waiting = self._waiting.pop(version.id, None)
        if waiting:
            waiting.ended.set()

    def keep(self) -> None:
        """Leave what was seen of versions that are not final with their drafts, for whoever makes them final, and look at nothing more."""
        kept = [self._looking.pop(id) for id in list(self._looking)]
        for looking in kept:
            looking.ahead.stop()
        for looking in kept:
            looking.thread.join(_PATIENCE_S)
            seen = looking.ahead.dump()
            if seen:
                with suppress(OSError, TilthError):  # the draft is gone, or the disk is full: it is looked at in the store
                    self._home.repository_of(looking.version).keep_with_draft(looking.version.id, SEEN, seen)

    def _allowance(self) -> Allowance:
        return Allowance(self._home.clock, self._home.preview_s, self._home.preview_bytes)

    # --- when a version is final ------------------------------------------------------------------------------------

    def begin(self, version: DatasetVersion, open_logger: Callable[[], Logger], *, seen: bytes | None = None) -> None:
        """Let a version that is final be shown when it is its turn, and return. What another process has `seen` is not looked at again."""
        looking = self._looking.pop(version.id, None)
        preview = _Preview(version, open_logger, looking.ahead if looking else None, looking.thread if looking else None)
        if seen:
            preview.ahead = preview.ahead or Ahead(self._allowance())
            preview.ahead.load(seen)
        with self._lock:
            if version.id in self._waiting:
                return
            is_full = len(self._waiting) >= _MOST_WAITING
            if is_full or sum(other.ahead is not None for other in self._waiting.values()) >= _MOST_AHEAD:
                if preview.ahead:
                    preview.ahead.stop()
                preview.ahead = preview.filling = None
            if not is_full:
                self._waiting[version.id] = preview
                self._start()
        if is_full:
            what = f"{_named(version)} is final, but {_MOST_WAITING:,} previews wait already"
            warn(f"{what}; `tilth data preview --id {version.id}` makes its")

    def _start(self) -> None:
        """Have a thread that makes what waits; the lock is held."""
        if self._worker is None:
            self._worker = object()
            try:
                Thread(target=self._work, args=(self._worker,), name="tilth-preview", daemon=True).start()
            except RuntimeError:  # the interpreter ends, and nobody can start threads: whoever waits makes them
                self._worker = None

    def _work(self, worker: object) -> None:
        try:
            while preview := self._next(worker):
                try:
                    if preview.filling:  # it may be in the middle of what is wanted first
                        preview.filling.join()
                    try_to_show(self._home, preview.version, preview.open_logger(), preview.ahead)
                finally:
                    preview.ended.set()
        finally:
            with self._lock:
                if self._worker is worker:
                    self._worker = self._current = None

    def _next(self, worker: object) -> _Preview | None:
        with self._lock:
            if self._worker is not worker:  # what it did took too long, and nobody waits for it any more
                return None
            if not self._waiting:
                self._worker = self._current = None  # at once: what begins to wait from now on needs another one
                return None
            _, self._current = self._waiting.popitem(last=False)
            self._current.until = self._home.clock.monotonic() + 2 * (self._home.preview_s + _GRACE_S)
            return self._current

    def being_made(self) -> list[str]:
        """The versions whose previews are being made, or wait for that."""
        with self._lock:
            return [preview.version.id for preview in (self._current, *self._waiting.values()) if preview]

    def wait(self, id: str) -> None:
        """Wait until a version's preview is made, if this process is to make one: it comes next."""
        with self._lock:
            preview = self._waiting.get(id)
            if preview:
                self._waiting.move_to_end(id, last=False)
            elif self._current and self._current.version.id == id:
                preview = self._current
        if preview:
            self._wait_for(preview)

    def wait_for_all(self) -> None:
        """Wait until all previews are made that this process is to make, unless one takes too long."""
        while True:
            with self._lock:
                preview = self._current or next(iter(self._waiting.values()), None)
            if preview is None or not self._wait_for(preview):
                return

    def _wait_for(self, preview: _Preview) -> bool:
        """Wait until a preview is made; False, and a line for a person, if it or the one before it takes too long."""
        while not preview.ended.wait(_PATIENCE_S if self._worker else 0):
            with self._lock:
                mine = object() if self._worker is None else None
                self._worker = self._worker or mine
                late = self._late()
            if mine:
                self._work(mine)
            if late:
                first = late[0]
                more = f", with {len(late) - 1:,} more behind it" if len(late) > 1 else ""
                warn(f"{_named(first)} is final, but its preview takes too long{more}; `tilth data preview --id {first.id}` tries again")
                return False
        return True

    def _late(self) -> list[DatasetVersion]:
        """The version whose preview takes too long, and those behind it, for which nobody waits from now on; the lock is held."""
        current = self._current
        if current is None or self._home.clock.monotonic() <= current.until:
            return []
        late = [current, *self._waiting.values()]
        self._waiting.clear()
        self._worker = self._current = None
        for preview in late:
            preview.ended.set()
        return [preview.version for preview in late]


def _named(version: DatasetVersion) -> str:
    return f"{version.project}/{version.name} {version.version}"
