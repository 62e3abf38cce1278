"""Hears of what changes on the server as long as a line to it stands, and connects again whenever it is cut.

Nothing depends on it: whoever looks for changes looks now and then anyhow, and each time when a line stands anew, since what changed
meanwhile was not heard.
"""

import threading
import time
from collections.abc import Callable, Iterator

from msgspec import Struct

from tilth.base.errors import TilthError
from tilth.client.live import Change

__all__ = ["Hearing", "Listener"]

_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 60.0
_STEADY_S = 30.0
"""A line that stood so long was a good one: what cuts it now and then, as proxies do, is no reason to wait."""


class Hearing(Struct, frozen=True):
    """How the line to the server is."""

    is_heard: bool = False
    """Whether it stands."""
    problem: str = ""
    """Why the last try to connect failed; nothing if it did not, or the line was cut only just now."""


class Listener:
    """One line to the server, which a thread of its own listens to until this process ends."""

    def __init__(
        self,
        connect: Callable[[], Iterator[Change | None]],
        concerns: Callable[[Change], bool],
        *,
        first_pause_s: float = _FIRST_PAUSE_S,
        longest_pause_s: float = _LONGEST_PAUSE_S,
    ) -> None:
        self._connect, self._concerns = connect, concerns
        self._first_pause_s, self._longest_pause_s = first_pause_s, longest_pause_s
        self._said = threading.Condition()
        self._hearing = Hearing()
        self._has_news = False
        threading.Thread(target=self._listen, name="tilth-live", daemon=True).start()

    @property
    def hearing(self) -> Hearing:
        """How the line is now."""
        with self._said:
            return self._hearing

    def wait(self, timeout_s: float, since: Hearing) -> bool:
        """Return when there is reason to look, or the line is not as it was, or after that time; whether there is reason to look."""
        with self._said:
            self._said.wait_for(lambda: self._has_news or self._hearing != since, max(0.0, timeout_s))
            found, self._has_news = self._has_news, False
            return found

    def _listen(self) -> None:
        pause = self._first_pause_s
        while True:
            begun, problem = time.monotonic(), ""
            try:
                self._hear()
            except TilthError as error:
                problem = error.message
            except Exception as error:  # noqa: BLE001 - the top of a thread that has to go on: nobody else says that it does not hear
                problem = f"{type(error).__name__}: {error}"
            with self._said:
                stood = self._hearing.is_heard
                # What was cut is tried again before anybody is told.
                self._hearing = Hearing(problem="" if stood else problem or "the line to the server is cut at once")
                self._said.notify_all()
            if stood and time.monotonic() - begun >= _STEADY_S:
                pause = self._first_pause_s
            time.sleep(pause)
            pause = min(pause * 2, self._longest_pause_s)

    def _hear(self) -> None:
        for change in self._connect():
            with self._said:
                if not self._hearing.is_heard:
                    self._hearing, self._has_news = Hearing(is_heard=True), True
                if change is not None and self._concerns(change):
                    self._has_news = True
                self._said.notify_all()
