"""Sizes of links that nobody asked for when they were registered: asked for when somebody looks at them, and remembered.

Who asks for the next one after the other lists a folder, so those that follow are asked for at once, more of them each time. A server
that can't tell is asked again only after a while.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from tilth.base.errors import TilthError
from tilth.datasets.browsing import Place
from tilth.domain.dataset import Entry
from tilth.sdk.reading import Reading

__all__ = ["UnknownSizes"]

_REQUESTS_AT_ONCE = 16
_MOST_AHEAD = 256
_MOST_KEPT = 1 << 20
_AGAIN_S = 30.0
_STEP = 64
"""Between two links of a folder may lie so many files of which the size is known."""

Following = Callable[[Place, int], list[tuple[Place, Entry]]]
"""Finds a link and those behind it, at most so many, whose sizes have to be asked for."""


class UnknownSizes:
    """What servers said of the sizes of a version's links. Safe for threads."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._clock = reading.home.clock.monotonic
        self._lock = Lock()
        self._known: dict[Place, int] = {}
        self._failed: dict[Place, tuple[TilthError, float]] = {}
        self._next = -1
        self._ahead = 1

    def of(self, at: Place, following: Following) -> int:
        """The size of the link at a place; raises what keeps it from being known."""
        if (known := self._known.get(at)) is not None:
            return known
        with self._lock:  # who comes meanwhile mostly wants what is being asked for
            if at not in self._known and not self._has_failed(at):
                self._ask(at, following)
            if at in self._known:
                return self._known[at]
            error = self._failed[at][0]
            raise type(error)(error.message, hint=error.hint)  # an error that is raised again and again keeps where it was raised

    def _ask(self, at: Place, following: Following) -> None:
        is_listed = 0 <= at - self._next < _STEP
        self._ahead = min(4 * self._ahead, _MOST_AHEAD) if is_listed else 1
        asked = [(place, entry) for place, entry in following(at, self._ahead) if place not in self._known]
        with ThreadPoolExecutor(min(_REQUESTS_AT_ONCE, len(asked)), thread_name_prefix="tilth-sizes") as pool:
            answers = list(pool.map(self._size_of, [entry for _, entry in asked]))
        if len(self._known) + len(self._failed) > _MOST_KEPT:
            self._known.clear()
            self._failed.clear()
        for (place, _), answer in zip(asked, answers, strict=True):
            if isinstance(answer, int):
                self._known[place] = answer
                self._failed.pop(place, None)
            else:
                self._failed[place] = answer, self._clock()
        self._next = asked[-1][0] + 1

    def _size_of(self, entry: Entry) -> int | TilthError:
        try:
            return self._reading.size_of(entry)
        except TilthError as error:
            return error

    def _has_failed(self, at: Place) -> bool:
        found = self._failed.get(at)
        return found is not None and self._clock() - found[1] < _AGAIN_S
