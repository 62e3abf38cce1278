"""How the tables of PostgreSQL come out of it, all as they were at one moment, and into an empty database again.

Each table is PostgreSQL's own text (`COPY`), which every release of it reads.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import AlreadyExists, Corrupt
from tilth.server.db.engine import WriteConflict
from tilth.server.db.migrate import migrate_postgres
from tilth.server.db.postgres import PostgresDatabase

__all__ = ["Columns", "check_empty", "fill_tables", "save_tables", "schema_version"]

Columns = Mapping[str, tuple[str, ...]]
Rows = Iterable[Sequence[Any]] | Path
_PIECE = 1024 * 1024
_OWN = "schema_version"
_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position
"""
_REFERENCES = """
SELECT child.relname, parent.relname FROM pg_constraint
JOIN pg_class AS child ON child.oid = conrelid JOIN pg_class AS parent ON parent.oid = confrelid
WHERE contype = 'f' AND child.relname <> parent.relname AND child.relnamespace = current_schema()::regnamespace
ORDER BY 1, 2
"""
_IDENTITIES = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND is_identity = 'YES' ORDER BY table_name
"""


def save_tables(database: PostgresDatabase, folder: Path, read: Callable[[psycopg.Connection[Any]], None]) -> tuple[Columns, int]:
    """Write each table to `folder`/`name`.copy, and let `read` see the same moment; returns the columns, and the number of the schema."""
    with database.session() as raw, raw.transaction():
        raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        columns, version = _columns(raw), schema_version(raw)
        for table, names in columns.items():
            statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(table), _names(names))
            path = folder / f"{table}.copy"
            with translated_os_errors(path), raw.cursor() as cursor, path.open("xb") as file, cursor.copy(statement) as pieces:
                for piece in pieces:
                    file.write(piece)
        read(raw)
    return columns, version


def check_empty(database: PostgresDatabase) -> None:
    """`AlreadyExists` if the database has tables in Tilth's schema."""
    with database.session() as raw:
        _check_empty(raw)


def fill_tables(
    database: PostgresDatabase, tables: Mapping[str, tuple[tuple[str, ...], Rows]], *, version: int, before_end: Callable[[], None]
) -> None:
    """Make the tables of schema `version` and fill them, then bring them up to date and call `before_end`: all of it, or nothing.

    The rows of a table are a file that `save_tables` wrote, or rows of values.
    """
    try:
        with database.session() as raw, raw.transaction():
            _check_empty(raw)
            migrate_postgres(raw, database.schema, until=version)
            for table in _order(raw, tables):
                names, rows = tables[table]
                _fill(raw, table, names, rows)
            _continue_identities(raw)
            migrate_postgres(raw, database.schema)
            before_end()
    except WriteConflict as error:
        raise Corrupt(f"the tables do not fit together: {error}", hint="take another backup: nothing of this one was used") from error


def schema_version(raw: psycopg.Connection[Any]) -> int:
    """The number of the last migration that was run."""
    row = raw.execute("SELECT max(number) FROM schema_version").fetchone()
    return int(row[0]) if row else 0


def _columns(raw: psycopg.Connection[Any]) -> Columns:
    found: dict[str, list[str]] = {}
    for table, column in raw.execute(_COLUMNS):
        found.setdefault(table, []).append(column)
    found.pop(_OWN)
    return {table: tuple(found[table]) for table in _order(raw, found)}


def _order(raw: psycopg.Connection[Any], tables: Iterable[str]) -> Iterable[str]:
    """The tables, each after those that it refers to."""
    wanted = list(tables)
    sorter = TopologicalSorter({table: set[str]() for table in wanted})
    for child, parent in raw.execute(_REFERENCES):
        if child in wanted and parent in wanted:
            sorter.add(child, parent)
    return sorter.static_order()


def _fill(raw: psycopg.Connection[Any], table: str, names: Sequence[str], rows: Rows) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _names(names))
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        if isinstance(rows, Path):
            with rows.open("rb") as file:
                while piece := file.read(_PIECE):
                    copy.write(piece)
            return
        for row in rows:
            copy.write_row([value.replace("\x00", "") if isinstance(value, str) else value for value in row])


def _continue_identities(raw: psycopg.Connection[Any]) -> None:
    for table, column in raw.execute(_IDENTITIES).fetchall():
        statement = sql.SQL("SELECT setval(pg_get_serial_sequence({}, {}), max({})) FROM {} HAVING max({}) IS NOT NULL").format(
            sql.Literal(table), sql.Literal(column), sql.Identifier(column), sql.Identifier(table), sql.Identifier(column)
        )
        raw.execute(statement)


def _check_empty(raw: psycopg.Connection[Any]) -> None:
    row = raw.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()").fetchone()
    if row and row[0]:
        raise AlreadyExists("the database holds tables of Tilth already", hint="restore into an empty one: make it with `createdb`")


def _names(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
