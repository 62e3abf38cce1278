"""Files that are downloaded without a folder for them being named: they lie in the cache, in folders as they lay where they come from.

    downloads/<path>              of the files that the server keeps itself, or a home without one
    downloads/<origin>/<path>     of a bucket, a web server, or this machine

A file appears by a rename when all of it is there. It counts as what the cache holds, and goes when it is its turn, never while a process
lives that was told its path, or that of a folder around it.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlsplit

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Invalid, NotFound
from tilth.datasets.cache.blobs import DOWNLOADS, file_lock, lease_of_download
from tilth.datasets.cache.evicting import keep_within
from tilth.sdk.fetching import download
from tilth.sdk.home import Home
from tilth.sdk.places import BucketPlace, LocalPlace, Place, WebPlace

__all__ = ["download_to", "kept_download", "kept_folder"]

Told = Callable[[int], None]

_TRIES = 5


def kept_folder(home: Home, place: Place) -> Path:
    """The folder of the cache below which files of this place lie at their paths."""
    return home.cache_folder / DOWNLOADS / _origin(place)


def kept_download(home: Home, place: Place, *, overwrite: bool, empty: bool, told: Told, within: Place | None = None) -> Path:
    """The path of a file in the cache, downloaded if it is not there, or with `overwrite` in any case.

    This process uses it from now on; with `within`, a folder that it lies in, all that lies there.
    """
    cache, top = home.cache, kept_folder(home, place)
    target = _below(top, place)
    around = top / within.path if within is not None else None
    there = cache.take_download(target, within=around)
    if there is not None and not overwrite:
        return there
    with translated_os_errors(target), cache.locked(file_lock(lease_of_download(cache, target))):
        if overwrite or not target.is_file():
            size = _require_content(place, empty=empty)
            keep_within(cache, incoming_bytes=size or 0)
            with cache.scratch() as scratch:
                download(place, scratch / "file", told=told)
                cache.sharing.admit(os.fspath(scratch / "file"), 0o666)
                _put(home, scratch / "file", target)
            cache.counter.add(target.stat().st_size)
        with suppress(OSError):
            os.utime(target)
    home.tidy_cache()
    return target


def download_to(home: Home, place: Place, folder: Path, *, overwrite: bool, empty: bool, told: Told) -> Path:
    """The path of a file below a folder of somebody's own, downloaded if it is not there, or with `overwrite` in any case."""
    target = _below(folder, place)
    if target.is_file() and not overwrite:
        return target
    _require_content(place, empty=empty)
    if isinstance(place, LocalPlace):
        LocalPlace(target).put(place.file)
        return target
    with home.cache.scratch() as scratch:
        download(place, scratch / "file", told=told)
        LocalPlace(target).put(scratch / "file")
    return target


def _below(folder: Path, place: Place) -> Path:
    """Where a file lies below a folder: at the path that it has in its place."""
    parts = [part for part in place.path.split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise Invalid(f"{place.address:.200} names no file", hint="check the address")
    return folder.joinpath(*parts)


def _require_content(place: Place, *, empty: bool) -> int | None:
    """The size of a file, if it is known; an empty one is refused unless it is wanted."""
    size = place.size()
    if size == 0 and not empty:
        raise NotFound(f"the file at {place.address:.200} is empty", hint="set skip_zero_size_check to have it")
    return size


def _put(home: Home, file: Path, target: Path) -> None:
    for attempt in range(_TRIES):
        home.cache.sharing.make(os.fspath(target.parent))
        try:
            os.replace(file, target)
            return
        except FileNotFoundError:  # the folder was empty, and an eviction took it away just now
            if attempt == _TRIES - 1:
                raise


def _origin(place: Place) -> str:
    """A name of a folder that no other bucket, web server or query has; none of its own for the server's files."""
    match place:
        case LocalPlace():
            return "file"
        case BucketPlace():
            return quote(place.bucket.replace("://", ".", 1), safe="")
        case WebPlace():
            parts = urlsplit(place.address)
            query = f".{sha256(parts.query.encode()).hexdigest()[:12]}" if parts.query else ""
            return quote(parts.netloc.rpartition("@")[2], safe="") + query
        case _:
            return ""
