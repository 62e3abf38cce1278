"""Copies of versions on this machine: read-only in the cache, or folders of one's own; and checks of both."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from msgspec.json import encode

from tilth.base.errors import AlreadyExists, DiskFull, HomeReadOnly, Invalid, PathNotFound, TilthError
from tilth.datasets.cache.notes import About
from tilth.datasets.export import ArchiveKind, export_to
from tilth.datasets.manifests import Manifest
from tilth.datasets.matching import matcher
from tilth.datasets.materialise import copy_to, part_of, view_in
from tilth.datasets.packs import read_range
from tilth.datasets.verify import Level, Problem, differing_files, verify_stored
from tilth.domain.dataset import Entry
from tilth.domain.version import DatasetVersion
from tilth.sdk import contents, lifecycle
from tilth.sdk.earlier import earlier_contents
from tilth.sdk.home import Home
from tilth.sdk.reading import reading_of
from tilth.sdk.taking import Watcher
from tilth.store.api import Buffer

T = TypeVar("T")

_PIECE = 1 << 20

__all__ = ["check_stored", "digests_of", "export", "link_to", "local_copy", "mutable_copy", "read", "wrong_files"]


def read(home: Home, version: DatasetVersion, path: str, *, start: int = 0, length: int | None = None) -> Iterator[Buffer]:
    """The bytes of one file of a final version, or `length` of them from `start`, each chunk checked before it is handed out."""
    entry = contents.entry_at(home, lifecycle.require_final(version), path)
    if start < 0 or (length is not None and length < 0):
        raise Invalid("a range begins at 0 or later and has no negative length", hint="give --start and --length as numbers of bytes")
    if entry.link:
        yield from _linked(home, version, entry, start, length)
        return
    yield from read_range(home.repository_of(version).store, entry.chunks, start, entry.size if length is None else length)


def _linked(home: Home, version: DatasetVersion, entry: Entry, start: int = 0, length: int | None = None) -> Iterator[Buffer]:
    """The bytes of a file that lies elsewhere, or `length` of them from `start`."""
    with reading_of(home, version).open_entry(entry) as file:
        file.seek(start)
        left = sys.maxsize if length is None else length
        while left > 0 and (piece := file.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece


def local_copy(
    home: Home,
    version: DatasetVersion,
    *,
    part: int | None = None,
    num_parts: int | None = None,
    files: Sequence[str] | None = None,
    raise_on_error: bool = True,
    workers: int | None = None,
    skip_links: bool = False,
    watcher: Watcher | None = None,
) -> str:
    """The read-only view of a version in the cache, made if it is not there."""
    lifecycle.require_final(version)
    told = watcher or Watcher()
    chosen = [part, num_parts, sorted(files) if files is not None else None]
    selection = encode([*chosen, "without links"] if skip_links else chosen)
    whole = part is None and num_parts is None and files is None and not skip_links
    fetcher = home.link_fetcher(workers)
    name = version.id if whole else f"{version.id}-{sha256(selection).hexdigest()[:16]}"
    try:
        manifest = home.repository_of(version).manifest(version.id)
        told.found(manifest.count, manifest.size_bytes)
        view = view_in(
            home.repository_of(version).store,
            home.cache,
            name,
            lambda: digests_of(manifest, files, part, num_parts, _nothing if skip_links else fetcher.content_of),
            lambda: _named(manifest.entries(), files, lambda entry: entry.path),
            on_done=told.done,
            workers=workers,
            about=About(
                version=version.id,
                project=version.project,
                name=version.name,
                number=version.version,
                part=part,
                num_parts=num_parts,
                patterns=tuple(files) if files is not None else None,
                made_by=home.author,
            ),
            group=sha256(f"{version.project}/{version.name}".encode()).hexdigest()[:16],
            links=fetcher,
            earlier=partial(earlier_contents, home, version),
        )
        return os.fspath(view)
    except TilthError as error:
        if not raise_on_error:
            return ""
        if isinstance(error, HomeReadOnly) and "TILTH_CACHE" not in (error.hint or ""):
            raise HomeReadOnly(error.message, hint="check its permissions, or set TILTH_CACHE to a folder that can be written") from error
        if isinstance(error, DiskFull):
            hint = "free some space (`tilth cache rm --unused`), or set TILTH_CACHE to a folder on another disk, and run it again"
            raise DiskFull(f"no space is left for the cache {home.cache.root}", hint=hint) from error
        raise


def digests_of(
    manifest: Manifest,
    files: Sequence[str] | None,
    part: int | None,
    num_parts: int | None,
    content_of: Callable[[Entry], bytes | None],
) -> Iterable[tuple[str, int, bytes]]:
    """Path, size and SHA-256 of what a local copy holds; of links what `content_of` says, or not at all if it says nothing."""
    return _share(_named(manifest.digests_with(content_of), files, lambda digest: digest[0]), part, num_parts)


def mutable_copy(
    home: Home,
    version: DatasetVersion,
    target: Path,
    *,
    overwrite: bool = False,
    part: int | None = None,
    num_parts: int | None = None,
    raise_on_error: bool = True,
    workers: int | None = None,
    skip_links: bool = False,
    watcher: Watcher | None = None,
) -> str | None:
    """A folder of one's own that holds the version."""
    lifecycle.require_final(version)
    told = watcher or Watcher()
    try:
        manifest = home.repository_of(version).manifest(version.id)
        told.found(manifest.count, manifest.size_bytes)
        entries = _share((entry for entry in manifest.entries() if not (skip_links and entry.link)), part, num_parts)
        copy_to(
            home.repository_of(version).store,
            version.id,
            entries,
            target,
            overwrite=overwrite,
            on_done=told.done,
            workers=workers,
            links=home.link_fetcher(workers),
            cache=home.cache,
        )
    except TilthError:
        if raise_on_error:
            raise
        return None
    return os.fspath(target)


def _nothing(_link: Entry) -> None:
    return None


def link_to(link: Path, folder: str, *, overwrite: bool) -> str:
    """Make `link` a symbolic link to `folder`; an existing link is replaced with `overwrite`, anything else never."""
    if link.is_symlink() and overwrite:
        link.unlink()
    if link.exists() or link.is_symlink():
        raise AlreadyExists(f"{link} exists already", hint="name another link; --overwrite replaces a link, never a folder")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(folder)
    return os.fspath(link)


def _named(files: Iterable[T], patterns: Sequence[str] | None, path_of: Callable[[T], str]) -> Iterable[T]:
    """Those of `files` that any of `patterns` means; all without patterns."""
    if patterns is None:
        return files
    means = [matcher(pattern) for pattern in patterns]
    return (file for file in files if any(test(path_of(file)) for test in means))


def _share(files: Iterable[T], part: int | None, num_parts: int | None) -> Iterable[T]:
    if part is None and num_parts is None:
        return files
    if part is None or num_parts is None:
        raise Invalid("a part needs the number of parts, and the other way round", hint="give both part and num_parts")
    return part_of(files, part, num_parts)


def wrong_files(home: Home, version: DatasetVersion, folder: str | None, *, skip_hash: bool = False, verbose: bool = False) -> list[str]:
    """The paths of the files of a local copy, the cached one if none is named, that are missing or not what the version holds."""
    lifecycle.require_final(version)
    place = folder or local_copy(home, version)
    if not os.path.isdir(place):
        raise PathNotFound(f"{place} is not a folder", hint="name the folder of a local copy")
    fetcher = home.link_fetcher()
    listed = (
        home.repository_of(version).manifest(version.id).digests_with(lambda link: fetcher.content_of(link) if fetcher.knows(link) else b"")
    )
    found = list(differing_files(listed, place, sizes_only=skip_hash))
    if verbose:
        for path, what in found:
            print(f"{what} {path}")
    return [path for path, _ in found]


def check_stored(home: Home, version: DatasetVersion, *, level: str, sample: float, watcher: Watcher | None = None) -> list[Problem]:
    """What is wrong with what is stored of a version."""
    lifecycle.require_final(version)
    told = watcher or Watcher()
    told.found(version.entries, version.size_bytes)
    record = home.repository_of(version).record(version.id)
    return verify_stored(home.repository_of(version).store, record, Level(level), sample=sample, on_done=told.done)


def export(
    home: Home,
    version: DatasetVersion,
    target: Path,
    *,
    prefix: str = "",
    kind: str | None = None,
    skip_links: bool = False,
    watcher: Watcher | None = None,
) -> int:
    """Write a version, or a folder of it, to one file; of the kind that its name says, if none is given. Returns the size."""
    lifecycle.require_final(version)
    wanted = kind or target.suffix.removeprefix(".").lower()
    if wanted not in set(ArchiveKind):
        raise Invalid(f"{target.name} could be a zip or a tar file", hint="end the name with .zip or .tar, or say --format")
    if not target.absolute().parent.is_dir():
        raise PathNotFound(f"{target.parent} does not exist", hint="make the folder first, or name another one")
    told = watcher or Watcher()
    manifest = home.repository_of(version).manifest(version.id)
    told.found(manifest.count, manifest.size_bytes)
    folder = contents.existing_folder(home, version, prefix)
    return export_to(
        home.repository_of(version).store,
        (entry for entry in manifest.entries(folder) if not (skip_links and entry.link)),
        target,
        ArchiveKind(wanted),
        told.done,
        read_link=lambda entry: _linked(home, version, entry),
    )
