"""An engine in this process, for tests of what is spread: it loses just the runs that it is told to lose."""

import pickle
from collections import deque
from collections.abc import Callable, Collection, Hashable
from typing import Any

from tilth.datasets.spreading import Lost

__all__ = ["InlineEngine"]


class InlineEngine:
    """Runs jobs one after the other when they are waited for, the last one first; everything travels as bytes.

    Runs whose numbers, from 1, are in `lost_before` are never run; those in `lost_after` run, and nobody hears of it. Before run number
    `stops_at` the command is interrupted.
    """

    def __init__(
        self, *, slots: int = 2, lost_before: Collection[int] = (), lost_after: Collection[int] = (), stops_at: int | None = None
    ) -> None:
        self.slots = slots
        self.begun = 0
        self.jobs: list[Any] = []
        self.is_closed = False
        self._lost_before, self._lost_after, self._stops_at = lost_before, lost_after, stops_at
        self._waiting: deque[tuple[int, bytes]] = deque()

    def share(self, value: Any) -> bytes:
        return pickle.dumps(value)

    def begin(self, function: Callable[[Any, Any], Any], shared: bytes, job: Any) -> Hashable:
        self.begun += 1
        self.jobs.append(job)
        self._waiting.append((self.begun, pickle.dumps((function, pickle.loads(shared), job))))  # noqa: S301  our own
        return self.begun

    def wait(self, timeout_s: float) -> tuple[Hashable, Any] | None:
        number, call = self._waiting.pop()
        if number == self._stops_at:
            raise KeyboardInterrupt
        if number in self._lost_before:
            return number, Lost("it was killed")
        function, shared, job = pickle.loads(call)  # noqa: S301  our own
        result = function(shared, job)
        return number, Lost("its machine is gone") if number in self._lost_after else result

    def close(self) -> None:
        self.is_closed = True
