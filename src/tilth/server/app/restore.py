"""How a backup becomes a home again, or nothing: all is read, checked and laid out beside the place before it gets its name.

Where nothing can lie beside the home, as when it is a volume of its own, all is laid out in it, and the database is put in place last.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct

from tilth.base.atomic_io import fsync_folder, translated_os_errors
from tilth.base.errors import AlreadyExists, Corrupt, FormatUnsupported, Invalid, NotFound
from tilth.base.ids import new_id
from tilth.server.app.backup import Watch
from tilth.server.app.backup_file import BackupReader, Head
from tilth.server.db.migrate import LATEST

__all__ = ["Restored", "check_backup", "restore_backup"]

_DATABASE = "tilth.db"
_OF_THE_VOLUME = {"lost+found"}
_SECRET = {"credentials.json", "tilth.toml"}


class Restored(Struct, frozen=True, kw_only=True):
    """What was in a backup."""

    head: Head
    files: int
    size_bytes: int


def check_backup(source: Path, watch: Watch) -> Restored:
    """Read a whole backup and compare its checksums; nothing is written."""
    with _opened(source) as reader:
        files = size = 0
        for member, pieces in reader.members():
            for _ in pieces:
                pass
            files, size = files + 1, size + member.size_bytes
            watch(1, member.size_bytes)
    return Restored(head=reader.head, files=files, size_bytes=size)


def restore_backup(source: Path, home: Path, database: str | None, watch: Watch) -> Restored:
    """Make `home`, and fill the database if one is named, out of a backup; `Corrupt` if that is damaged, and nothing was changed then."""
    _check_home(home)
    target = _postgres(database)
    try:
        with _opened(source) as reader:
            _check_head(reader.head, database)
            if target:
                _copying().check_empty(target)
            with _beside(home) as folder:
                files, size = _lay_out(reader, folder, watch)
                _check_database(folder / "home")
                if target:
                    tables = _tables(reader.head, folder)
                    laid_out = folder / "home"
                    _fill(target, tables, reader.head.schema, lambda: _put_in_place(laid_out, home), lambda: _take_back(laid_out, home))
                else:
                    _put_in_place(folder / "home", home)
    finally:
        if target:
            target.close()
    return Restored(head=reader.head, files=files, size_bytes=size)


@contextmanager
def _opened(source: Path) -> Iterator[BackupReader]:
    try:
        file = source.open("rb")
    except OSError as error:
        raise NotFound(f"{source} can't be read ({error.strerror})", hint="name a file that `tilth backup` wrote") from error
    with file, BackupReader(file, str(source)) as reader:
        yield reader


def _check_home(home: Path) -> None:
    if home.exists() and (not home.is_dir() or {found.name for found in home.iterdir()} - _OF_THE_VOLUME):
        raise AlreadyExists(f"{home} is not empty", hint="name a folder that is empty, or not there, with --home")


def _check_head(head: Head, database: str | None) -> None:
    if head.schema > LATEST:
        raise FormatUnsupported(f"the backup is of a newer Tilth ({head.tilth})", hint="install a newer Tilth")
    if head.engine == "postgres" and not database:
        raise Invalid("the backup is of a PostgreSQL database", hint="name an empty one with --database postgresql://...")


def _postgres(address: str | None) -> Any:
    if not address:
        return None
    if not address.startswith(("postgresql://", "postgres://")):
        hint = "name postgresql://user:password@host/name; without --database, the database is a file in the home"
        raise Invalid(f"{address.partition('://')[0]} is no database that a backup can be restored into", hint=hint)
    try:
        return import_module("tilth.server.db.postgres").PostgresDatabase(address, migrate=False)
    except ImportError as error:
        raise Invalid("PostgreSQL needs a library that is not installed", hint="install it: pip install 'tilth[postgres]'") from error


def _copying() -> Any:
    return import_module("tilth.server.db.postgres_copy")


@contextmanager
def _beside(home: Path) -> Iterator[Path]:
    """A folder of the file system that the home is to be in."""
    with translated_os_errors(home):
        home.parent.mkdir(parents=True, exist_ok=True)
        inside = home.is_dir() and (os.path.ismount(home) or not os.access(home.parent, os.W_OK))
        folder = (home if inside else home.parent) / f".{home.name}.{new_id()}"
        folder.mkdir(mode=0o700)
        (folder / "home").mkdir()
        (folder / "tables").mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lay_out(reader: BackupReader, folder: Path, watch: Watch) -> tuple[int, int]:
    """Write every file of a backup; returns once all of them are known to be good, and are on the disk."""
    files = size = 0
    for member, pieces in reader.members():
        path = _place(folder, member.name)
        with translated_os_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                for piece in pieces:
                    file.write(piece)
            path.chmod(0o600 if member.name in _SECRET else 0o644)
        files, size = files + 1, size + member.size_bytes
        watch(1, member.size_bytes)
    os.sync()  # all at once: one by one, many files take ten times as long
    return files, size


def _place(folder: Path, name: str) -> Path:
    if name == "database.sqlite":
        return folder / "home" / _DATABASE
    return folder / name if name.startswith("tables/") else folder / "home" / name


def _check_database(home: Path) -> None:
    """The checksums were right; this is about a database that was damaged before it was kept."""
    path = home / _DATABASE
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as raw:
            said = raw.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        raise Corrupt(f"the database in the backup is damaged: {said}", hint="restore an older backup")


def _tables(head: Head, folder: Path) -> Mapping[str, tuple[tuple[str, ...], Any]]:
    if head.engine == "postgres":
        return {table: (names, folder / "tables" / f"{table}.copy") for table, names in head.tables.items()}
    path = folder / "home" / _DATABASE
    moved = path.rename(folder / _DATABASE)
    return _sqlite_tables(moved)


def _sqlite_tables(path: Path) -> Mapping[str, tuple[tuple[str, ...], Any]]:
    with closing(sqlite3.connect(path)) as raw:
        names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
        columns = {name: tuple(row[1] for row in raw.execute(f'PRAGMA table_info("{name}")')) for name in names}
    return {name: (columns[name], _Rows(path, name, columns[name])) for name in names}


class _Rows:
    """The rows of a table of a file."""

    def __init__(self, path: Path, table: str, columns: Sequence[str]) -> None:
        self._path = path
        self._query = f'SELECT {", ".join(columns)} FROM "{table}"'  # noqa: S608 - names of the file itself

    def __iter__(self) -> Iterator[Sequence[Any]]:
        with closing(sqlite3.connect(self._path)) as raw:
            yield from raw.execute(self._query)


def _fill(database: Any, tables: Mapping[str, Any], schema: int, put: Callable[[], None], take_back: Callable[[], None]) -> None:
    """Fill the tables; the home gets its name just before the database keeps them, and loses it if that fails."""
    try:
        _copying().fill_tables(database, tables, version=schema, before_end=put)
    except BaseException:
        take_back()
        raise


def _put_in_place(folder: Path, home: Path) -> None:
    with translated_os_errors(home):
        if home in folder.parents:
            for part in sorted(folder.iterdir(), key=lambda part: part.name == _DATABASE):
                part.rename(home / part.name)
            fsync_folder(home)
            return
        try:
            folder.replace(home)
        except OSError as error:
            _check_home(home)
            raise error from None
        fsync_folder(home.parent)


def _take_back(folder: Path, home: Path) -> None:
    """Undo what `_put_in_place` did, if it did it."""
    if home in folder.parents:
        for found in home.iterdir():
            if found != folder.parent and found.name not in _OF_THE_VOLUME:
                found.rename(folder / found.name)
    elif not folder.exists():
        home.rename(folder)
