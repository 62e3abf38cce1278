"""Copies of files on this machine, of whatever lies somewhere else: fetched once, whole, and shared by every process.

    files/<context>/<key>/file/<name>     a file      files/<context>/<key>/unpacked/...     what was in it

The key stands for the address and the version of what lies there, so that a file that was replaced is fetched anew. A file gets its
name by a rename when all of it is there. Locks only save work: without them a file would be fetched twice.
"""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath
from time import sleep, time
from typing import Any

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Corrupt, Invalid, Unavailable
from tilth.datasets.cache.blobs import file_lock, lease_of
from tilth.datasets.cache.evicting import remove_file
from tilth.sdk.archives import unpack
from tilth.sdk.home import Home
from tilth.sdk.places import LocalPlace, Place, place_of

__all__ = ["DEFAULT_CONTEXT", "DEFAULT_LIMIT", "download", "fetch", "fetch_unpacked", "limit_files"]

DEFAULT_CONTEXT = "global"
DEFAULT_LIMIT = 100
"""How many files a context keeps if nobody says otherwise."""

Told = Callable[[int], None]

_PIECE = 1024 * 1024
_TRIES = 3
_IN_USE_S = 60.0
"""What was used so recently is not removed: somebody may be about to open it."""
_CONTEXT = re.compile(r"[\w-][\w.-]{0,99}")
_limits: dict[str, int] = {}


def fetch(
    home: Home,
    address: str,
    *,
    digest: str | None = None,
    force: bool = False,
    name: str | None = None,
    context: str | None = None,
    told: Told = lambda _: None,
) -> Path:
    """The path of a local copy of what lies at an address; of a file on this machine its own path.

    With `digest`, the SHA-256 of the content, a copy that is there is taken without asking, and other contents are `Corrupt`.
    """
    place = place_of(home, address)
    if isinstance(place, LocalPlace):
        place.size()
        return place.file
    version = digest or place.version()
    key = sha256(f"{place.address}\n{version}".encode()).hexdigest()[:32]
    entry = _context_folder(home, context) / key
    there = home.cache.take_file(entry)
    if there is not None and not force and version is not None and (kept := _file_in(there)) is not None:
        return kept
    with translated_os_errors(entry), home.cache.locked(file_lock(key)):
        kept = _file_in(entry)
        if kept is None or force or version is None:
            kept = _fetch_into(home, entry, place, _file_name(name, place), digest, told)
        _touch(entry)
    _evict(home, context)
    home.tidy_cache()
    return kept


def fetch_unpacked(
    home: Home,
    address: str,
    *,
    digest: str | None = None,
    force: bool = False,
    name: str | None = None,
    context: str | None = None,
    told: Told = lambda _: None,
) -> Path:
    """The path of a folder with what is in the archive at an address."""
    file = fetch(home, address, digest=digest, force=force, name=name, context=context, told=told)
    entry = file.parent.parent
    if entry.parent != _context_folder(home, context):
        found = file.stat()
        key = sha256(f"{file}\n{found.st_mtime_ns}\n{found.st_size}".encode()).hexdigest()[:32]
        entry = _context_folder(home, context) / key
    folder = entry / "unpacked"
    if home.cache.take_file(entry) is not None and folder.is_dir() and not force:
        return folder
    with translated_os_errors(entry), home.cache.locked(file_lock(entry.name)):
        if force or not folder.is_dir():
            with home.cache.scratch() as scratch:
                unpack(file, scratch / "unpacked")
                with translated_os_errors(folder):
                    home.cache.sharing.make(os.fspath(entry))
                    home.cache.sharing.admit_tree(os.fspath(scratch / "unpacked"))
                    if folder.is_dir():
                        folder.rename(scratch / "before")
                    (scratch / "unpacked").rename(folder)
        _touch(entry)
    return folder


def download(place: Place, target: Path, *, digest: str | None = None, told: Told = lambda _: None) -> str:
    """Write what lies at a place to `target`, whole, and return its SHA-256; a line that breaks off is tried again.

    `told` hears how many bytes are there.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            found = _download(place, target, told)
        except Unavailable:
            if attempt == _TRIES:
                raise
            sleep(0.2 * attempt)
            continue
        if digest and found != digest:
            target.unlink(missing_ok=True)
            raise Corrupt(f"{place.address:.200} does not hold what was recorded", hint="it was replaced or damaged: read the record again")
        return found
    raise AssertionError("the last attempt returns or raises")


def limit_files(home: Home, limit: Any, context: str | None = None) -> int:
    """Keep at most so many files of a context from now on; the least recently used go first, also those that this process asked for."""
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise Invalid(f"{limit!r} is no number of files", hint="use 1 or more")
    _context_folder(home, context)
    _limits[context or DEFAULT_CONTEXT] = limit
    _evict(home, context)
    return int(limit)


def _fetch_into(home: Home, entry: Path, place: Place, name: str, digest: str | None, told: Told) -> Path:
    target = entry / "file" / name
    with home.cache.scratch() as scratch:
        download(place, scratch / "file", digest=digest, told=told)
        with translated_os_errors(target):
            home.cache.sharing.make(os.fspath(target.parent))
            home.cache.sharing.admit(os.fspath(scratch / "file"), 0o666)
            os.replace(scratch / "file", target)
            for other in target.parent.iterdir():
                if other != target:
                    other.unlink()
            if (entry / "unpacked").is_dir():
                (entry / "unpacked").rename(scratch / "before")
    home.cache.counter.add(target.stat().st_size)
    return target


def _download(place: Place, target: Path, told: Told) -> str:
    expected = place.size()
    written, digest = 0, sha256()
    with place.open() as source, translated_os_errors(target), target.open("wb") as file:
        while piece := source.read(_PIECE):
            file.write(piece)
            digest.update(piece)
            written += len(piece)
            told(written)
        file.flush()
        os.fsync(file.fileno())
    if expected is not None and written != expected:
        raise Unavailable(f"{written} of {expected} bytes of {place.address:.200} came", hint="try again")
    return digest.hexdigest()


def _file_in(entry: Path) -> Path | None:
    try:
        return next(iter(sorted((entry / "file").iterdir())), None)
    except OSError:
        return None


def _file_name(name: str | None, place: Place) -> str:
    """A name that every file system takes, with the ending that readers look at."""
    said = PurePosixPath((name or place.path).replace("\\", "/")).name
    clean = "".join(letter if letter.isprintable() and letter not in '/:*?"<>|' else "_" for letter in said).strip(". ") or "file"
    if name and not PurePosixPath(clean).suffix:
        clean += "".join(PurePosixPath(place.path).suffixes[-2:])
    while len(clean.encode("utf-8", "replace")) > 200:
        clean = clean[1:]
    return clean.encode("utf-8", "replace").decode()


def _context_folder(home: Home, context: str | None) -> Path:
    chosen = context or DEFAULT_CONTEXT
    if not _CONTEXT.fullmatch(chosen):
        raise Invalid(f"{chosen!r:.100} can't be a part of the cache", hint="use letters, digits, - and _")
    return home.cache_folder.absolute() / "files" / chosen


def _touch(entry: Path) -> None:
    with suppress(OSError):
        os.utime(entry)


def _evict(home: Home, context: str | None) -> None:
    """Drop the files that were not used for the longest time, and that no process has a path of; of this one, if it set a limit."""
    said = _limits.get(context or DEFAULT_CONTEXT)
    used: list[tuple[float, Path]] = []
    with suppress(OSError):
        used = sorted(((entry.stat().st_mtime, entry) for entry in _context_folder(home, context).iterdir()), reverse=True)
    deadline = time() - _IN_USE_S
    spare = [entry for at, entry in used[DEFAULT_LIMIT if said is None else said :] if at < deadline]
    if said is not None:
        for entry in spare:
            home.cache.leases.drop(lease_of(entry))
    kept = home.cache.leases.users() if spare else {}
    for entry in spare:
        if lease_of(entry) not in kept:
            remove_file(home.cache, os.fspath(entry))
