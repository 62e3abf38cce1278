"""What the server asks of a database: transactions, statements with `?` for values, and errors in Tilth's words.

Two engines stand behind it, SQLite and PostgreSQL; statements are plain SQL that both accept. What they lack is made up
for by functions of the same names in both: `fits`, `number` and `instr`. Texts hold no NUL, since PostgreSQL's can't.
"""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, Literal, Protocol, TypeVar

from tilth.base.errors import Invalid, Unavailable
from tilth.base.forking import renew_after_fork, rest_during_fork

__all__ = ["Connection", "Database", "Dialect", "RawConnection", "WriteConflict", "checked", "refusal"]

Values = Sequence[Any] | Mapping[str, Any]
Dialect = Literal["sqlite", "postgres"]
T = TypeVar("T")

_ATTEMPTS = 30
_MOST_IDLE = 8
_FORK_PATIENCE_S = 2.0
_MOST_VALUES = 20_000
"""SQLite takes 32,766 as it is built by default, PostgreSQL 65,535."""


class RawConnection(Protocol):
    """A connection of the engine's own driver."""

    def close(self) -> None:
        """Let go of it."""


class Connection(ABC):
    """Runs statements in one transaction. `statements` counts them, for tests that hold queries to account."""

    dialect: Dialect

    def __init__(self) -> None:
        self.statements = 0
        self.before_commit: list[Callable[[], None]] = []
        """What a transaction that writes does last."""

    def finish(self) -> None:
        """Do what is to be done last."""
        for work in self.before_commit:
            work()

    @abstractmethod
    def execute(self, statement: str, values: Values = ()) -> int:
        """Run one statement and return how many rows it changed."""

    @abstractmethod
    def execute_many(self, statement: str, rows: Sequence[Values]) -> None:
        """Run one statement for each of `rows`."""

    @abstractmethod
    def all(self, statement: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""

    @abstractmethod
    def one(self, statement: str, values: Values = ()) -> tuple[Any, ...] | None:
        """The first row of a query, if there is one."""


def checked(values: Values) -> Values:
    """Values that every engine takes: not too many, and without the character that no text can hold."""
    if len(values) > _MOST_VALUES:
        raise Invalid(f"a statement would hold {len(values):,} values, and {_MOST_VALUES:,} is the most", hint="ask for less at once")
    if isinstance(values, (tuple, list)) and any(isinstance(value, str) and "\0" in value for value in values):
        return [value.replace("\0", "") if isinstance(value, str) else value for value in values]
    return values


def refusal(error: OverflowError | UnicodeEncodeError) -> Invalid:
    """What to say of a value that no column can hold."""
    if isinstance(error, UnicodeEncodeError):
        return Invalid(f"{error.object!r:.80} is not text in UTF-8", hint="use other characters")
    return Invalid("a number is too large", hint="use numbers below 9,223,372,036,854,775,808")


class WriteConflict(Exception):
    """Another transaction was faster: this one has to run again."""


class Database(ABC):
    """A database and its connections. Safe for threads; made when it is missing, and brought up to date when it is older."""

    dialect: Dialect

    def __init__(self) -> None:
        self._idle: list[Any] = []
        self._inherited: list[Any] = []
        self._lock = Lock()
        self._closed = False
        self._used = 0
        self._is_resting = False
        renew_after_fork(self._renew)
        rest_during_fork(self._rest, self._go_on)

    def _renew(self) -> None:
        # A fork opens connections of its own. Its parent's are not even closed, which would tell the database that nobody uses them.
        self._inherited += self._idle
        self._idle = []
        self._lock = Lock()
        self._used = 0
        self._is_resting = False

    def _rest(self) -> None:
        """Let nobody be in the middle of anything. What SQLite knows of this process's locks goes on in a fork: a transaction of the parent
        would keep the fork from writing for good. Who takes longer than this only waits for another process, and holds no lock.
        """
        until = time.monotonic() + _FORK_PATIENCE_S
        while time.monotonic() < until:
            if self._lock.acquire(timeout=_FORK_PATIENCE_S):
                if not self._used:
                    self._is_resting = True
                    return
                self._lock.release()
                time.sleep(0.001)

    def _go_on(self) -> None:
        if self._is_resting:
            self._is_resting = False
            self._lock.release()

    def run(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        """Run `work` in a transaction: all that it does is there when this returns, or nothing if it raises.

        `work` may run more than once, when others change the same rows, so it does nothing but read and write here.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with self.writing() if writes else self.reading() as connection:
                    return work(connection)
            except WriteConflict as error:
                if attempt == _ATTEMPTS - 1:
                    raise Unavailable("others change the same thing all the time", hint="try again") from error
                time.sleep(random.uniform(0, 0.005) * (attempt + 1))  # noqa: S311 - so that those who met do not meet again
        raise AssertionError("unreachable")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent state of the database, as long as the block runs."""
        with self._translated(), self._connection() as raw, self._transaction(raw, writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all that the block does is there when it ends, or nothing if it raises."""
        with self._translated(), self._connection() as raw, self._transaction(raw, writes=True) as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections; the database can't be used afterwards."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for raw in idle:
            raw.close()

    @abstractmethod
    def _open(self) -> Any:
        """A new connection."""

    @abstractmethod
    def _usable(self, raw: Any) -> bool:
        """Whether a connection that was used can be used again."""

    @abstractmethod
    def _transaction(self, raw: Any, *, writes: bool) -> Any:
        """Begin a transaction and end it with the block; yields a `Connection`."""

    @abstractmethod
    def _translated(self) -> Any:
        """Raise the engine's own errors as Tilth's."""

    def _has_room(self) -> bool:
        return not self._closed and len(self._idle) < _MOST_IDLE

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        with self._lock:
            if self._closed:
                raise Invalid("the database is closed", hint="open it again")
            raw = self._idle.pop() if self._idle else None
            self._used += 1
        try:
            raw = raw if raw is not None else self._open()
            try:
                yield raw
            finally:
                with self._lock:
                    keep = self._has_room() and self._usable(raw)
                    if keep:
                        self._idle.append(raw)
                if not keep:
                    with suppress(OSError):
                        raw.close()
        finally:
            with self._lock:
                self._used = max(0, self._used - 1)  # of a fork that began in the middle of one, nobody has counted it
