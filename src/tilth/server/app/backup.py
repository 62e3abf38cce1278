"""How everything that a server keeps becomes one file, while the server goes on.

The order is what makes it whole: the database is copied as it is at one moment; then every object that this copy names gets a
second name, under which it stays even if the server deletes it; then all is written. Objects never change, so they fit the copy
whenever they are read. The file appears under its name when it is complete and on the disk.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct

from tilth import __version__
from tilth.base.atomic_io import fsync_folder, sweep, translated_os_errors
from tilth.base.clock import Clock
from tilth.base.errors import AlreadyExists, Invalid, NotFound
from tilth.base.ids import new_id
from tilth.server.app.backup_file import FORMAT, BackupWriter, Head
from tilth.server.db.engine import Database
from tilth.server.db.migrate import LATEST
from tilth.server.db.opening import open_database
from tilth.server.db.sqlite import SqliteDatabase
from tilth.store.api import ObjectStore

__all__ = ["BackupMade", "BackupPlan", "Watch", "make_backup"]

Watch = Callable[[int, int], None]
"""Is told how many more files, of how many bytes, are done."""

_ATTEMPTS = 3
_OBJECTS = "objects"
_PARTS = ("versions", "tombstones", "sessions", "heartbeats", "roots", "segments", "packs")
"""What datasets consist of, each before what it refers to: whatever is found under one is there still under the next."""
_KEYS = "SELECT key, size_bytes FROM file ORDER BY key"
_VERSIONS = "SELECT count(*) FROM version"


class BackupPlan(Struct, frozen=True, kw_only=True):
    """What is to be kept, and where."""

    target: Path
    home: Path
    store: Path | None
    """The folder for files; None if they lie in a bucket, which is not part of the backup."""
    bucket: ObjectStore | None = None
    storage: str = ""
    """The bucket's address."""
    database: str | None = None
    with_data: bool = False
    overwrite: bool = False


class BackupMade(Struct, frozen=True, kw_only=True):
    """What is in a backup."""

    files: int
    size_bytes: int
    versions: int
    lost: tuple[str, ...]
    """Objects that the database names and the store does not have."""


class _Snapshot(Struct, frozen=True, kw_only=True):
    """The database as it was at one moment, in files."""

    head: Head
    files: tuple[tuple[str, Path], ...]
    keys: tuple[tuple[str, int], ...]


def make_backup(plan: BackupPlan, clock: Clock, watch: Watch) -> BackupMade:
    """Write the backup; a file that is there is kept unless it may be overwritten."""
    _check(plan)
    database = open_database(plan.database, plan.home)
    try:
        with _scratch(plan.target) as scratch, _pins(plan.store) as pins:
            if plan.store and pins:
                snapshot, lost = _pinned_snapshot(plan, database, clock, scratch, pins)
                data = list(_pin_data(plan.store, pins)) if plan.with_data else []
            else:
                snapshot, data = _snapshot(plan, database, clock, scratch / "database-0"), []
                lost = _not_there(plan.bucket, snapshot.keys)
            part = scratch / "backup"
            with translated_os_errors(plan.target), part.open("xb") as file, BackupWriter(file, snapshot.head) as writer:
                for name, path in _all_files(plan, snapshot, pins, data):
                    with path.open("rb") as source:
                        size = os.fstat(source.fileno()).st_size
                        writer.add(name, source, size)
                    watch(1, size)
                writer.finish()
                file.flush()
                os.fsync(file.fileno())
            _put_in_place(part, plan)
    finally:
        database.close()
    return BackupMade(files=writer.files, size_bytes=writer.size_bytes, versions=snapshot.head.versions, lost=lost)


def _check(plan: BackupPlan) -> None:
    if not plan.target.parent.is_dir():
        raise NotFound(f"there is no folder {plan.target.parent}", hint="make it first")
    if plan.target.is_dir() or (plan.target.exists() and not plan.overwrite):
        raise AlreadyExists(f"{plan.target} is there already", hint="choose another name, or say --overwrite")
    if not plan.database and not (plan.home / "tilth.db").exists():
        raise NotFound(f"{plan.home} holds nothing of Tilth", hint="name the home that is served with --home")
    if plan.bucket and plan.with_data:
        raise Invalid(f"what datasets hold lies in {plan.storage}", hint="keep the bucket by its own means, and leave --with-data out")
    if plan.store and not plan.store.is_dir():
        raise NotFound(f"there is no folder {plan.store}", hint="name the folder for files with --storage, as for `tilth up`")


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """A folder beside the backup; nobody else may look into it, for it holds what accounts sign in with."""
    folder = target.with_name(f".{target.name}.{new_id()}")
    with translated_os_errors(target):
        folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _pins(store: Path | None) -> Iterator[Path | None]:
    """A folder for second names of objects; what a backup that was killed left there is swept away in time."""
    if store is None:
        yield None
        return
    sweep(store / "tmp")
    folder = store / "tmp" / f"backup-{new_id()}"
    with suppress(OSError):  # a store that can only be read is read as it is
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pinned_snapshot(plan: BackupPlan, database: Database, clock: Clock, scratch: Path, pins: Path) -> tuple[_Snapshot, tuple[str, ...]]:
    """The database, and its objects held fast; `lost` are those that are gone for good.

    An object that the server deletes between the two is named no more by the next snapshot; one that still is, is lost.
    """
    snapshot, missing = _pin_snapshot(plan, database, clock, scratch / "database-0", pins)
    for attempt in range(1, _ATTEMPTS):
        if not missing:
            break
        before = missing
        shutil.rmtree(scratch / f"database-{attempt - 1}")
        snapshot, missing = _pin_snapshot(plan, database, clock, scratch / f"database-{attempt}", pins)
        if missing == before:
            break
    return snapshot, missing


def _pin_snapshot(plan: BackupPlan, database: Database, clock: Clock, folder: Path, pins: Path) -> tuple[_Snapshot, tuple[str, ...]]:
    snapshot = _snapshot(plan, database, clock, folder)
    store = plan.store
    return snapshot, tuple(key for key, _ in snapshot.keys if store and not _pin(store, key, pins))


def _snapshot(plan: BackupPlan, database: Database, clock: Clock, folder: Path) -> _Snapshot:
    with translated_os_errors(plan.target):
        folder.mkdir()
    created = clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(database, SqliteDatabase):
        path = folder / "tilth.db"
        database.copy_to(path)
        with closing(sqlite3.connect(path)) as raw:
            keys, versions = raw.execute(_KEYS).fetchall(), int(raw.execute(_VERSIONS).fetchone()[0])
        head = _head(plan, created, engine="sqlite", schema=LATEST, versions=versions)
        return _Snapshot(head=head, files=(("database.sqlite", path),), keys=tuple(keys))
    found: dict[str, Any] = {}

    def read(raw: Any) -> None:
        found.update(keys=raw.execute(_KEYS).fetchall(), versions=int(raw.execute(_VERSIONS).fetchone()[0]))

    columns, schema = import_module("tilth.server.db.postgres_copy").save_tables(database, folder, read)
    head = _head(plan, created, engine="postgres", schema=schema, versions=found["versions"], tables=columns)
    files = tuple((f"tables/{table}.copy", folder / f"{table}.copy") for table in columns)
    return _Snapshot(head=head, files=files, keys=tuple(found["keys"]))


def _head(plan: BackupPlan, created: str, **values: Any) -> Head:
    return Head(format=FORMAT, tilth=__version__, created=created, with_data=plan.with_data, storage=plan.storage, **values)


def _pin(store: Path, key: str, pins: Path) -> bool:
    """Give an object its second name; False if it is gone."""
    pinned = pins / key
    try:
        pinned.parent.mkdir(parents=True, exist_ok=True)
        os.link(store / key, pinned)
    except FileExistsError:
        return True
    except OSError:
        return (store / key).is_file()
    return True


def _pin_data(store: Path, pins: Path) -> Iterator[str]:
    """Hold fast what datasets consist of; yields the keys."""
    names = [store / "format.json", *(path for part in _PARTS for path in _files_below(store / part))]
    for path in names:
        key = path.relative_to(store).as_posix()
        if _pin(store, key, pins):
            yield key


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))


def _not_there(bucket: ObjectStore | None, keys: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """Those objects that the bucket does not have. One that was deleted since the snapshot is among them."""
    there = {info.key for info in bucket.list("objects/")} if bucket and keys else set()
    return tuple(key for key, _ in keys if key not in there)


def _all_files(plan: BackupPlan, snapshot: _Snapshot, pins: Path | None, data: Iterable[str]) -> Iterator[tuple[str, Path]]:
    yield from snapshot.files
    for name in ("credentials.json", "tilth.toml"):
        if (plan.home / name).is_file():
            yield name, plan.home / name
    if plan.store is None or pins is None:
        return
    for key in (*(key for key, _ in snapshot.keys), *data):
        pinned = pins / key
        path = pinned if pinned.exists() else plan.store / key
        if path.exists():
            yield f"store/{key}", path


def _put_in_place(part: Path, plan: BackupPlan) -> None:
    with translated_os_errors(plan.target):
        part.chmod(0o600)
        if plan.overwrite:
            part.replace(plan.target)
        else:
            try:
                os.link(part, plan.target)
            except FileExistsError as error:
                raise AlreadyExists(f"{plan.target} is there already", hint="choose another name") from error
            except OSError:  # a file system without second names
                part.replace(plan.target)
        fsync_folder(plan.target.parent)
