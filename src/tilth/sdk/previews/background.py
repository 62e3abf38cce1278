"""When previews are made: beside the storing of files, and after the commit behind the back of whoever goes on.

A version's preview takes two steps. While its files are stored, a thread looks at some that lie on this machine (`Ahead`). When it is
final, another one shows what that found, and looks at what is missing in the store. Whoever asks for the version's logger, publishes or
deletes it, or ends the process, waits for the second step, which ends by itself within the home's limits.
"""

from collections.abc import Iterable
from contextlib import suppress
from threading import Lock, Thread

from tilth.base.forking import renew_after_fork
from tilth.datasets.scanning import SourceFile
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home
from tilth.sdk.logger import Logger
from tilth.sdk.previews.ahead import Ahead
from tilth.sdk.previews.allowance import Allowance
from tilth.sdk.previews.showing import try_to_show
from tilth.sdk.recording import warn

__all__ = ["Previews"]

_MOST_AT_ONCE = 4
"""Whoever makes versions faster than they can be looked at waits for the oldest preview."""
_GRACE_S = 20.0
"""So much longer than its limit a preview may take, since what was begun is ended: a picture, a request to the store."""


class Previews:
    """The previews of one home that this process is making."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._renew()
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        """In a fork, the threads are gone that make previews, and the one that holds the lock."""
        self._ahead: dict[str, tuple[Ahead, Thread]] = {}
        self._behind: dict[str, tuple[Thread, DatasetVersion]] = {}
        self._one_at_a_time = Lock()

    def look_ahead(self, version: DatasetVersion, files: Iterable[SourceFile]) -> None:
        """Begin to look at files that are being stored for a version."""
        ahead, before = self._ahead.get(version.id) or (Ahead(self._allowance()), None)

        def fill() -> None:
            if before:
                before.join()
            with suppress(Exception):  # what could not be seen here is looked at in the store
                ahead.fill(files)

        thread = Thread(target=fill, name="tilth-preview", daemon=True)
        self._ahead[version.id] = ahead, thread
        thread.start()

    def forget(self, version: DatasetVersion) -> None:
        """End looking at files of a version, if that was begun."""
        ahead, _ = self._ahead.pop(version.id, (None, None))
        if ahead:
            ahead.stop()

    def _allowance(self) -> Allowance:
        return Allowance(self._home.clock, self._home.preview_s, self._home.preview_bytes)

    def begin(self, version: DatasetVersion, logger: Logger) -> None:
        """Begin to show a version that is final."""
        while len(self._behind) >= _MOST_AT_ONCE:
            self.wait(next(iter(self._behind)))
        ahead, filling = self._ahead.pop(version.id, (None, None))

        def run() -> None:
            if filling:  # it may be in the middle of what is wanted first
                filling.join()
            with self._one_at_a_time:
                try_to_show(self._home, version, logger, ahead)

        thread = Thread(target=run, name="tilth-preview", daemon=True)
        self._behind[version.id] = thread, version
        thread.start()

    def being_made(self) -> list[str]:
        """The versions whose previews nobody has waited for so far."""
        return list(self._behind)

    def wait(self, id: str) -> None:
        """Wait until a version's preview is made, if this process is making one."""
        thread, version = self._behind.get(id, (None, None))
        if thread is None or version is None:
            return
        thread.join(2 * (self._home.preview_s + _GRACE_S))
        self._behind.pop(id, None)
        if thread.is_alive():
            what = f"{version.project}/{version.name} {version.version}"
            warn(f"{what} is final, but its preview takes too long; `tilth data preview --id {id}` tries again")

    def wait_for_all(self) -> None:
        """Wait until all previews are made that this process is making."""
        for id in self.being_made():
            self.wait(id)
