"""The catalog's database: one SQLite file that any number of processes read, and one at a time writes.

Reading never waits for writing (WAL). A write transaction takes the only writer's place at once (`BEGIN IMMEDIATE`) and
waits for it up to a minute, so transactions are short. Statements are plain SQL that PostgreSQL accepts as well.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from tilth.base.errors import Corrupt, DiskFull, HomeReadOnly, Invalid, TilthError, Unavailable
from tilth.server.db.migrate import migrate, needs_migration

__all__ = ["Connection", "Database"]

_WAIT_S = 60

Values = Sequence[Any] | Mapping[str, Any]


class Connection:
    """Runs statements. `statements` counts them, for tests that hold queries to account."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self.statements = 0

    def execute(self, statement: str, values: Values = ()) -> int:
        """Run one statement and return how many rows it changed."""
        self.statements += 1
        return self._raw.execute(statement, values).rowcount

    def execute_many(self, statement: str, rows: Sequence[Values]) -> None:
        """Run one statement for each of `rows`."""
        self.statements += 1
        self._raw.executemany(statement, rows)

    def all(self, statement: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        self.statements += 1
        return self._raw.execute(statement, values).fetchall()

    def one(self, statement: str, values: Values = ()) -> tuple[Any, ...] | None:
        """The first row of a query, if there is one."""
        self.statements += 1
        found = self._raw.execute(statement, values).fetchone()
        return None if found is None else tuple(found)


class Database:
    """The catalog in one file. Safe for threads; made when it is missing, and brought up to date when it is older."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = RLock()
        with self._translated():
            self._raw = self._opened()
            if needs_migration(self._raw, path):
                migrate(self._raw, path)

    def close(self) -> None:
        self._raw.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent state of the database, as long as the block runs."""
        with self._lock, self._translated(), self._transaction("BEGIN"):
            yield Connection(self._raw)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all that the block does is there when it ends, or nothing if it raises."""
        with self._lock, self._translated(), self._transaction("BEGIN IMMEDIATE"):
            yield Connection(self._raw)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self._raw.execute(begin)
        try:
            yield
            self._raw.execute("COMMIT")
        finally:
            if self._raw.in_transaction:
                self._raw.execute("ROLLBACK")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _described(error, self._path) from error
        except OverflowError as error:
            raise Invalid("a number is too large", hint="use numbers below 9,223,372,036,854,775,808") from error

    def _opened(self) -> sqlite3.Connection:
        writable = _make_room(self._path)
        mode = "rwc" if writable else _read_only_mode(self._path)
        address = f"{self._path.absolute().as_uri()}?mode={mode}"
        raw = sqlite3.connect(address, uri=True, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        raw.execute("PRAGMA foreign_keys = ON")
        if writable:
            raw.execute("PRAGMA journal_mode = WAL")
            raw.execute("PRAGMA synchronous = NORMAL")
        raw.create_function("matches", 2, _matches, deterministic=True)
        return raw


def _make_room(path: Path) -> bool:
    """Make the folder of `path`; False if it exists and can only be read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeReadOnly(
            f"{path.parent} can't be made ({error.strerror})", hint="set TILTH_HOME to a folder that can be written"
        ) from error
    writable = os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))
    if not writable and not path.exists():
        raise HomeReadOnly(f"{path.parent} can't be written", hint="check its permissions, or set TILTH_HOME to another folder")
    return writable


def _read_only_mode(path: Path) -> str:
    """How to open a file that nobody here can write: as one that does not change, unless a log of changes lies beside it."""
    log = path.with_name(f"{path.name}-wal")
    return "ro" if log.exists() and log.stat().st_size else "ro&immutable=1"


def _matches(pattern: str, text: str) -> bool:
    return pattern.casefold() in text.casefold()


def _described(error: sqlite3.Error, path: Path) -> TilthError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_FULL:
            return DiskFull(f"no space left to write {path}", hint="free some space and run the same command again; nothing is lost")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return HomeReadOnly(f"{path} can't be written", hint="check its permissions, or set TILTH_HOME to another folder")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Unavailable(f"{path} is in use by another process", hint="try again when it is done")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Corrupt(
                f"{path} is damaged ({error})", hint="move it away and restore it from a copy; versions in the store are not affected"
            )
        case sqlite3.SQLITE_IOERR:
            return Unavailable(f"{path} can't be used ({error})", hint="check the disk and its free space, then run the same command again")
    return Unavailable(f"{path}: {error}", hint="this is a fault in Tilth; please report it")
