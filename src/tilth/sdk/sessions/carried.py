"""How a session is opened that was carried here: looked at before it is believed, and never written to.

It may come from anybody, on a medium that can't be written, and be broken: what is no session is refused before anything is made of it.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Corrupt, DiskFull, Invalid
from tilth.sdk.archives import is_archive, unpack
from tilth.sdk.home import Home
from tilth.sdk.sessions.notes import FILE

__all__ = ["opened_copy"]

_HINT = "give the folder that Dataset.get_offline_mode_folder() names, or a zip of it"
_LEFT_OUT = ("session.lock", "stat.sqlite", "spool", "tmp", "store")
"""What lies in a session beside what it says; the store is read where it is."""
_DATABASES = (".db", ".sqlite")
_BESIDE_DATABASES = ("-wal", "-shm", "-journal")


def opened_copy(home: Home, place: Path, scratch: Path) -> tuple[Path, Home]:
    """The folder of a session, out of an archive if it is in one, and a home over a copy of it and its own store."""
    if not place.exists():
        raise Invalid(f"{place} does not exist", hint=_HINT)
    folder = _root(place, place) if place.is_dir() else _root(_unpacked(place, scratch / "unpacked"), place)
    copy = scratch / "session"
    for source in _files(folder, place):
        _copy(source, copy / source.relative_to(folder), place)
    assert home.open_session
    try:
        return folder, home.open_session(copy, folder / "store")
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise Invalid(f"{place} holds a catalog that can't be read: {error}", hint="carry the folder again") from error


def _root(folder: Path, place: Path) -> Path:
    """Where the session begins: a zip may have been made of the folder, or of what lies in it."""
    if not (folder / FILE).is_file():
        inner = [found.parent for found in folder.glob(f"*/{FILE}")]
        if len(inner) != 1:
            raise Invalid(f"{place} holds no datasets that were made offline", hint=_HINT)
        folder = inner[0]
    return folder


def _unpacked(place: Path, target: Path) -> Path:
    try:
        if not is_archive(place.name) or place.suffix.lower() == ".zip":
            _require_room(place, target.parent)
        unpack(place, target)
    except (Corrupt, BadZipFile) as error:
        raise Invalid(f"{place} is no whole zip of a session: {error}", hint="zip the folder again, or carry it again") from error
    except Invalid as error:
        raise Invalid(f"{place} can't be unpacked: {error.message}", hint=_HINT) from error
    except (NotImplementedError, OSError) as error:
        raise Invalid(f"{place} can't be unpacked: {error}", hint=_HINT) from error
    return target


def _require_room(place: Path, folder: Path) -> None:
    with ZipFile(place) as archive:
        wanted = sum(info.file_size for info in archive.infolist())
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise DiskFull(f"{place} holds {wanted:,} bytes, and {free:,} are free where it is unpacked", hint="free some, or give the folder")


def _files(folder: Path, place: Path) -> Iterator[Path]:
    """What is copied; everything is looked at: there are files and folders only, no links to what lies elsewhere."""
    for found in sorted(folder.rglob("*")):
        if found.is_symlink() or not (found.is_dir() or found.is_file()):
            raise Invalid(f"{place} holds {str(found.relative_to(folder))!r:.100}, which is no plain file", hint=_HINT)
        if found.is_file() and found.relative_to(folder).parts[0] not in _LEFT_OUT:
            yield found


def _copy(source: Path, target: Path, place: Path) -> None:
    if source.name.endswith(_BESIDE_DATABASES):
        return
    with translated_os_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix not in _DATABASES:
            shutil.copyfile(source, target)
            return
    try:
        # By its own means: this process may have it open, and who opens and closes its file takes its locks away.
        _copy_database(source, target, "mode=ro")
    except sqlite3.OperationalError:
        _copy_database_alone(source, target, place)
    except sqlite3.DatabaseError as error:
        raise _broken(source, place, error) from error


def _copy_database_alone(source: Path, target: Path, place: Path) -> None:
    """From where nothing can be written, as on a medium that is read only; with what was written last, which may lie beside it."""
    latest = source.with_name(f"{source.name}-wal")
    try:
        if not latest.is_file():
            _copy_database(source, target, "mode=ro&immutable=1")
            return
        with translated_os_errors(target):
            shutil.copyfile(source, target)
            shutil.copyfile(latest, target.with_name(f"{target.name}-wal"))
        with closing(sqlite3.connect(os.fspath(target))) as copy:
            copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise _broken(source, place, error) from error


def _copy_database(source: Path, target: Path, how: str) -> None:
    target.unlink(missing_ok=True)
    address = f"{source.absolute().as_uri()}?{how}"
    with closing(sqlite3.connect(address, uri=True)) as original, closing(sqlite3.connect(os.fspath(target))) as copy:
        original.backup(copy)


def _broken(source: Path, place: Path, error: sqlite3.Error) -> Invalid:
    return Invalid(f"{place} holds a database that can't be read, {source.name}: {error}", hint="carry the folder again")
