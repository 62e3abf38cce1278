"""SQLite: one file that any number of processes read, and one at a time writes.

Reading never waits for writing (WAL). A write transaction takes the only writer's place at once (`BEGIN IMMEDIATE`) and
waits for it up to a minute, so transactions are short.
"""

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any

import msgspec

from tilth.base.errors import Corrupt, DiskFull, HomeReadOnly, Invalid, TilthError, Unavailable
from tilth.server.db.engine import Connection, Database, Values, checked, refusal
from tilth.server.db.migrate import NUMBER, migrate_sqlite, needs_migration

__all__ = ["SqliteDatabase"]

_WAIT_S = 60


class _Connection(Connection):
    dialect = "sqlite"

    def __init__(self, raw: sqlite3.Connection) -> None:
        super().__init__()
        self._raw = raw

    def execute(self, statement: str, values: Values = ()) -> int:
        self.statements += 1
        return self._raw.execute(statement, checked(values)).rowcount

    def execute_many(self, statement: str, rows: Sequence[Values]) -> None:
        self.statements += 1
        self._raw.executemany(statement, map(checked, rows))

    def all(self, statement: str, values: Values = ()) -> list[tuple[Any, ...]]:
        self.statements += 1
        return self._raw.execute(statement, checked(values)).fetchall()

    def one(self, statement: str, values: Values = ()) -> tuple[Any, ...] | None:
        self.statements += 1
        found = self._raw.execute(statement, checked(values)).fetchone()
        return None if found is None else tuple(found)


class SqliteDatabase(Database):
    """The database in one file."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._writer = RLock()
        with self._translated():
            raw = self._open()
            if needs_migration(raw, path):
                migrate_sqlite(raw, path)
            self._idle.append(raw)

    def _renew(self) -> None:
        super()._renew()
        self._writer = RLock()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        # Waiting here costs nothing; waiting for SQLite's own lock is polling.
        with self._writer, super().writing() as connection:
            yield connection

    def copy_to(self, target: Path) -> None:
        """Write the whole database, as it is at one moment, into a new file; others go on reading and writing meanwhile."""
        with self._translated(), self._connection() as raw:
            try:
                with closing(sqlite3.connect(target)) as copy:
                    raw.backup(copy)
            except sqlite3.Error as error:
                raise _described(error, target) from error

    def _open(self) -> sqlite3.Connection:
        writable = _make_room(self.path)
        mode = "rwc" if writable else _read_only_mode(self.path)
        address = f"{self.path.absolute().as_uri()}?mode={mode}"
        raw = sqlite3.connect(address, uri=True, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        raw.execute("PRAGMA foreign_keys = ON")
        if writable:
            raw.execute("PRAGMA journal_mode = WAL")
            raw.execute("PRAGMA synchronous = NORMAL")
        raw.create_function("fits", 2, _fits, deterministic=True)
        raw.create_function("json_at", 2, _json_at, deterministic=True)
        raw.create_function("number", 1, _number, deterministic=True)
        return raw

    def _usable(self, raw: sqlite3.Connection) -> bool:
        return not raw.in_transaction

    @contextmanager
    def _transaction(self, raw: sqlite3.Connection, *, writes: bool) -> Iterator[Connection]:
        raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        try:
            connection = _Connection(raw)
            yield connection
            connection.finish()
            raw.execute("COMMIT")
        finally:
            if raw.in_transaction:
                raw.execute("ROLLBACK")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _described(error, self.path) from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise refusal(error) from error


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


def _fits(pattern: str, text: str | None) -> bool:
    return text is not None and _compiled(pattern).search(text) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and _NUMBER.search(text) else None


def _json_at(text: str | None, path: str) -> str | None:
    """What lies at a path in a JSON text: a text as it is, anything else as JSON writes it; nothing if that is null."""
    raw = msgspec.Raw((text or "null").encode())
    try:
        for name in _read_path(path):
            raw = _READ_OBJECT(raw)[name]
    except (msgspec.ValidationError, KeyError):
        return None
    found = bytes(raw)
    return None if found == b"null" else msgspec.json.decode(found, type=str) if found.startswith(b'"') else found.decode()


@lru_cache(maxsize=256)
def _read_path(path: str) -> tuple[str, ...]:
    return msgspec.json.decode(path, type=tuple[str, ...])


_READ_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_NUMBER = re.compile(NUMBER)


def _described(error: sqlite3.Error, path: Path) -> TilthError:
    if "binding parameter" in str(error):
        return Invalid("a value has a type that can't be looked for", hint="check the types in the request")
    if "FOREIGN KEY" in str(error):
        return Invalid("an id in the request is nobody's", hint="check the ids")
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
        case sqlite3.SQLITE_TOOBIG:
            return Invalid("a value is too large for the database", hint="keep it below 1 GB")
    return Unavailable(f"{path}: {error}", hint="this is a fault in Tilth; please report it")
