"""Every interleaving of store requests, on demand: a seed decides who makes the next request, and who never makes another.

Actors are plain functions of the real code, each in a thread of its own, but only one of them runs at a time, and
control changes hands only where it asks the store for something. So a schedule is a function of its seed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from threading import Lock, Thread

from tilth.store.api import Buffer, Key, ObjectInfo, ObjectStore

__all__ = ["Crashed", "ScheduledStore", "Scheduler"]


class Crashed(BaseException):
    """Ends an actor on the spot. Not an `Exception`, so that no handler mistakes it for an answer of the store."""


class Scheduler:
    """Runs actors to their ends, one request of one of them at a time, in the order that `random` gives.

    The actor whose turn it is makes as many requests in a row as one of `bursts` says.
    """

    def __init__(self, random: Random, *, bursts: Sequence[int] = (1, 1, 1, 2, 5, 20), crash_chance: float = 0.004) -> None:
        self.random = random
        self._bursts = bursts
        self._crash_chance = crash_chance
        self._actors: list[_Actor] = []
        self._running: _Actor | None = None
        self._turn = Lock()
        self._turn.acquire()

    def spawn(self, work: Callable[[], None]) -> None:
        """Add an actor. It does nothing before `run`."""
        self._actors.append(_Actor(work, self._turn))

    def run(self) -> None:
        """Let the actors take turns until each has ended. The first exception of one of them crashes the others and is raised."""
        waiting = list(self._actors)
        try:
            while waiting:
                actor = self.random.choice(waiting)
                actor.burst = self.random.choice(self._bursts)
                self._give_turn(actor)
                if actor.failure is not None:
                    raise actor.failure
                if actor.ended:
                    waiting.remove(actor)
        finally:
            for actor in waiting:
                actor.crashed = True
                while not actor.ended:
                    self._give_turn(actor)

    def gate(self) -> None:
        """Wait here, before a request, until it is this actor's turn to make it. Outside of `run`, go on at once."""
        actor = self._running
        if actor is None:
            return
        if actor.burst == 0 and not actor.crashed:
            self._turn.release()
            actor.turn.acquire()
        actor.burst -= 1
        if actor.crashed or self.random.random() < self._crash_chance:
            actor.crashed = True
            raise Crashed

    def _give_turn(self, actor: "_Actor") -> None:
        self._running = actor
        actor.take_turn()
        self._turn.acquire()
        self._running = None


class _Actor:
    """One thread, which runs only between `take_turn` and its next release of the scheduler's lock."""

    def __init__(self, work: Callable[[], None], give_back: Lock) -> None:
        self.turn = Lock()
        self.turn.acquire()
        self.burst = 0
        self.crashed = False
        self.ended = False
        self.failure: BaseException | None = None
        self._work = work
        self._give_back = give_back
        self._thread: Thread | None = None

    def take_turn(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._run, daemon=True)
            self._thread.start()
        else:
            self.turn.release()

    def _run(self) -> None:
        try:
            with suppress(Crashed):
                self._work()
        except BaseException as failure:  # noqa: BLE001 - the top of a thread: whatever it is, `run` raises it
            self.failure = failure
        self.ended = True
        self._give_back.release()


class ScheduledStore:
    """A store whose every request waits for its turn. A listing is two requests, so that others can write in its middle."""

    def __init__(self, store: ObjectStore, scheduler: Scheduler, after_write: Callable[[], None]) -> None:
        self._store = store
        self._scheduler = scheduler
        self._after_write = after_write

    def put(self, key: Key, parts: Sequence[Buffer]) -> None:
        self._scheduler.gate()
        self._store.put(key, parts)
        self._after_write()

    def put_if_absent(self, key: Key, data: Buffer) -> bool:
        self._scheduler.gate()
        created = self._store.put_if_absent(key, data)
        self._after_write()
        return created

    def get(self, key: Key) -> bytes:
        self._scheduler.gate()
        return self._store.get(key)

    def get_range(self, key: Key, start: int, length: int) -> bytes:
        self._scheduler.gate()
        return self._store.get_range(key, start, length)

    def head(self, key: Key) -> ObjectInfo | None:
        self._scheduler.gate()
        return self._store.head(key)

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        self._scheduler.gate()
        found = list(self._store.list(prefix, after=after))
        if not found:
            return
        middle = self._scheduler.random.choice(found).key
        yield from (info for info in found if info.key <= middle)
        self._scheduler.gate()
        yield from self._store.list(prefix, after=middle)

    def delete(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._scheduler.gate()
            self._store.delete([key])
            self._after_write()

    def local_path(self, key: Key) -> Path | None:
        return self._store.local_path(key)
