"""PostgreSQL: for several server processes, and for more than one machine.

Write transactions see one state (REPEATABLE READ); where two change the same row, the later one is run again from its beginning.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict

from tilth.base.errors import DiskFull, Invalid, TilthError, Unavailable
from tilth.server.db.engine import Connection, Database, Values, WriteConflict, checked, refusal
from tilth.server.db.migrate import migrate_postgres

__all__ = ["PostgresDatabase"]


class _Connection(Connection):
    dialect = "postgres"

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        super().__init__()
        self._raw = raw

    def execute(self, statement: str, values: Values = ()) -> int:
        self.statements += 1
        return self._raw.execute(_translate(statement), _sent(values)).rowcount

    def execute_many(self, statement: str, rows: Sequence[Values]) -> None:
        self.statements += 1
        with self._raw.cursor() as cursor:
            cursor.executemany(_translate(statement), [_sent(row) for row in rows])

    def all(self, statement: str, values: Values = ()) -> list[tuple[Any, ...]]:
        self.statements += 1
        return self._raw.execute(_translate(statement), _sent(values)).fetchall()

    def one(self, statement: str, values: Values = ()) -> tuple[Any, ...] | None:
        self.statements += 1
        found = self._raw.execute(_translate(statement), _sent(values)).fetchone()
        return None if found is None else tuple(found)


class PostgresDatabase(Database):
    """The database behind a URL, `postgresql://user:password@host:port/name`, in the schema `tilth`."""

    dialect = "postgres"

    def __init__(self, url: str, *, schema: str = "tilth", migrate: bool = True) -> None:
        super().__init__()
        self._url = url
        self.schema = schema
        try:
            with self._translated(), self._connection() as raw:
                _check_encoding(raw)
                if migrate:
                    migrate_postgres(raw, schema)
        except TilthError:
            self.close()
            raise

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection of the driver itself, for what plain statements can't do."""
        with self._translated(), self._connection() as raw:
            yield raw

    def _open(self) -> psycopg.Connection[Any]:
        raw = psycopg.connect(self._url, autocommit=True, connect_timeout=10, application_name="tilth")
        raw.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(self.schema)))
        raw.execute("SET lock_timeout = '60s'")
        return raw

    def _usable(self, raw: psycopg.Connection[Any]) -> bool:
        return not raw.closed and raw.info.transaction_status is psycopg.pq.TransactionStatus.IDLE

    @contextmanager
    def _transaction(self, raw: psycopg.Connection[Any], *, writes: bool) -> Iterator[Connection]:
        raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ" + ("" if writes else " READ ONLY"))
        try:
            connection = _Connection(raw)
            yield connection
            connection.finish()
            raw.execute("COMMIT")
        finally:
            if not raw.closed and raw.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE:
                raw.execute("ROLLBACK")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation) as error:
            raise WriteConflict(str(error)) from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise refusal(error) from error
        except psycopg.Error as error:
            raise _described(error, self._url) from error


def _check_encoding(raw: psycopg.Connection[Any]) -> None:
    encoding = raw.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        hint = "make another one: createdb --encoding UTF8 --template template0 tilth"
        raise Invalid(f"the database keeps texts in {encoding}, where not all letters fit", hint=hint)


@lru_cache(maxsize=2_000)
def _translate(statement: str) -> bytes:
    """A statement with psycopg's marks for values; ours hold no question mark of their own."""
    return statement.replace("%", "%%").replace("?", "%s").encode()


def _sent(values: Values) -> Values:
    """Values as they are sent; what is too large for a column is refused here, since it would be sent as another type."""
    if isinstance(values, (tuple, list)) and any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in values):
        raise OverflowError
    return checked(values)


def _described(error: psycopg.Error, url: str) -> TilthError:
    place = conninfo_to_dict(url)
    shown = f"PostgreSQL at {place.get('host', 'localhost')}:{place.get('port', 5432)}/{place.get('dbname', '')}"
    said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, errors.DiskFull):
        return DiskFull(f"no space left on {shown}", hint="free some space; nothing is lost")
    if isinstance(
        error,
        (errors.InvalidRegularExpression, errors.NumericValueOutOfRange, errors.CharacterNotInRepertoire, errors.UntranslatableCharacter),
    ):
        return Invalid(said, hint="check the request")
    if "cannot adapt" in said or isinstance(error, (errors.InvalidTextRepresentation, errors.UndefinedFunction, errors.DatatypeMismatch)):
        return Invalid("a value has a type that can't be looked for", hint="check the types in the request")
    if isinstance(error, errors.ForeignKeyViolation):
        return Invalid("an id in the request is nobody's", hint="check the ids")
    if isinstance(error, psycopg.OperationalError):
        return Unavailable(f"{shown} can't be used: {said}", hint="check its address, user and password, and that it runs")
    return Unavailable(f"{shown}: {said}", hint="this is a fault in Tilth; please report it")
