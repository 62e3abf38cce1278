"""How the database gets its tables: numbered SQL files, each run once, all or none, behind a copy of what was there."""

import re
import sqlite3
from contextlib import closing
from functools import cache
from importlib.resources import files
from pathlib import Path

from tilth.base.errors import FormatUnsupported
from tilth.base.faultpoints import reach

__all__ = ["LATEST", "migrate", "needs_migration"]

LATEST = 1
"""The number of the last file in `migrations`; a test compares it with the folder."""

_APPLICATION_ID = 0x54494C54  # TILT


def needs_migration(raw: sqlite3.Connection, path: Path) -> bool:
    """Whether tables are missing; `FormatUnsupported` if a newer Tilth made them, or something else did."""
    version = _number(raw, "user_version")
    if version > LATEST:
        raise FormatUnsupported(
            f"{path} was written by a newer Tilth (format {version}, this one knows {LATEST})", hint="install a newer Tilth"
        )
    if version and _number(raw, "application_id") != _APPLICATION_ID:
        raise FormatUnsupported(f"{path} is a database of another program", hint="set TILTH_HOME to another folder")
    return version < LATEST


def migrate(raw: sqlite3.Connection, path: Path) -> None:
    """Run what is missing. Of several processes that try at once, one does it; a file that has content is copied before."""
    raw.execute("BEGIN IMMEDIATE")
    try:
        version = _number(raw, "user_version")
        if 0 < version < LATEST:
            _copy(path, path.with_name(f"{path.name}.v{version}"))
        for number in range(version + 1, LATEST + 1):
            for statement in statements(number):
                raw.execute(statement)
            reach("migrate.after-file")
        raw.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        raw.execute(f"PRAGMA user_version = {LATEST}")
        raw.execute("COMMIT")
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")


@cache
def statements(number: int) -> tuple[str, ...]:
    """The statements of one file, in their order; tables are strict."""
    folder = files("tilth.server.db") / "migrations"
    name = next(found.name for found in folder.iterdir() if found.name.startswith(f"{number:04d}_"))
    text = re.sub(r"^--.*$", "", (folder / name).read_text(), flags=re.MULTILINE)
    found = [statement.strip() for statement in text.split(";") if statement.strip()]
    return tuple(f"{statement} STRICT" if statement.startswith("CREATE TABLE") else statement for statement in found)


def _number(raw: sqlite3.Connection, pragma: str) -> int:
    return int(raw.execute(f"PRAGMA {pragma}").fetchone()[0])


def _copy(path: Path, target: Path) -> None:
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
