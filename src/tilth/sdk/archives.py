"""Folders as one file, and back: the same files make the same archive, and no archive writes outside of its folder."""

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Corrupt, Invalid, SourceUnreadable

__all__ = ["is_archive", "unpack", "zip_files"]

_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_THEN = (1980, 1, 1, 0, 0, 0)
"""Times are left out, because they would make another archive of the same files."""
_PIECE = 1024 * 1024


def is_archive(name: str) -> bool:
    """Whether a file's name says that it holds others."""
    return name.lower().endswith((".zip", *_TARS))


def zip_files(target: Path, folder: Path, files: Iterable[Path]) -> list[tuple[str, int]]:
    """Put files that lie below `folder` into a zip, in the order of their paths; returns the paths and sizes."""
    named = sorted((file.relative_to(folder).as_posix(), file) for file in files)
    packed: list[tuple[str, int]] = []
    with translated_os_errors(target), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, file in named:
            packed.append((name, _add(archive, name, file)))
    return packed


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of an archive below `folder`; `Corrupt` if it is broken, `Invalid` if it would write anywhere else."""
    try:
        with translated_os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        if archive.name.lower().endswith(_TARS):
            _unpack_tar(archive, folder)
        else:
            _unpack_zip(archive, folder)
    except (zipfile.BadZipFile, tarfile.ReadError, EOFError, zlib.error) as error:
        raise Corrupt(f"{archive.name} is no whole archive ({error})", hint="fetch it again, or without extracting it") from error


def _add(archive: zipfile.ZipFile, name: str, file: Path) -> int:
    try:
        with file.open("rb") as source:
            info = zipfile.ZipInfo(name, _THEN)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFREG | (0o755 if os.access(file, os.X_OK) else 0o644)) << 16
            with archive.open(info, "w", force_zip64=True) as written:
                shutil.copyfileobj(source, written, _PIECE)
    except PermissionError as error:
        raise SourceUnreadable(f"{file} can't be read ({error.strerror})", hint="check its permissions") from error
    except FileNotFoundError as error:
        raise SourceUnreadable(f"{file} went away", hint="run again when nobody changes the folder") from error
    except UnicodeEncodeError as error:
        raise Invalid(f"{name!r} is not text in UTF-8", hint="rename the file") from error
    return info.file_size


def _unpack_zip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            _check_inside(archive, info.filename)
        for info in opened.infolist():
            try:
                with translated_os_errors(folder):
                    opened.extract(info, folder)
            except RuntimeError as error:
                raise Invalid(f"{archive.name} can't be extracted ({error})", hint="get it without extracting it") from error


def _unpack_tar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        for member in opened:
            _check_inside(archive, member.name)
            try:
                with translated_os_errors(folder):
                    opened.extract(member, folder, filter="data")
            except tarfile.FilterError as error:
                raise Invalid(f"{archive.name} would write outside of its folder: {error}", hint="get it without extracting it") from error


def _check_inside(archive: Path, name: str) -> None:
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
        raise Invalid(f"{archive.name} would write outside of its folder: {name!r:.100}", hint="get it without extracting it")
