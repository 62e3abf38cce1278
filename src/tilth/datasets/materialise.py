"""How a version becomes a folder: a copy to be changed at will, or a read-only view whose files are shared through the cache.

A copy is made beside its place under a hidden name and renamed when it is whole; interrupted, the same call goes on. A view is
made of links to blobs in the cache, and has its name only when it is whole.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from tilth.base.atomic_io import describe_os_error, translated_os_errors
from tilth.base.errors import AlreadyExists, Corrupt, DiskFull, Internal, Invalid
from tilth.base.faultpoints import reach
from tilth.base.ids import VersionId
from tilth.base.paths import check_path
from tilth.datasets.cache.blobs import BlobCache, blob_name
from tilth.datasets.cache.borrowing import borrow
from tilth.datasets.cache.evicting import keep_within
from tilth.datasets.cache.notes import About
from tilth.datasets.fetching import damaged_pack, fetch_files
from tilth.datasets.placing import Damaged, Row, link, place
from tilth.datasets.resuming import chunks_wanted, copied_from_blob, take_pieces
from tilth.datasets.second_process import SecondProcess, second_process
from tilth.domain.dataset import Entry
from tilth.store.api import Key, ObjectStore

__all__ = ["copy_to", "mend_view", "part_of", "place_entries", "view_in"]

T = TypeVar("T")

Digest = tuple[str, int, bytes]
"""Path, size and SHA-256 of a file."""

Progress = Callable[[int, int], None]
"""Told how many more files, and bytes, are done."""


Earlier = Callable[[Sequence[Entry]], Iterable[tuple[Entry, Entry]]]
"""Finds earlier contents of large files that are likely to have chunks in common with them, and to be in the cache."""


class _How(Struct, frozen=True):
    """How contents are brought, and who hears of it."""

    on_done: Progress | None = None
    workers: int | None = None
    earlier: Earlier | None = None


class Links(Protocol):
    """Whoever fetches what lies elsewhere."""

    def link(self, links: Sequence[Entry], folder: Path, on_done: Progress) -> None:
        """Take the contents of links into the cache, and make read-only files below `folder` that share them."""

    def place(self, links: Sequence[Entry], folder: Path, on_done: Progress) -> None:
        """Write the contents of links below `folder`, to be changed at will."""


_BATCH = 16_384
_LINKS = 65_536
_ALONE_FILES = 1_000
_ALONE_BYTES = 32 << 20
_SHARE_BYTES = 512 << 20
"""What a local copy that is interrupted may have to fetch again from far away, unless one file is larger."""


def copy_to(
    store: ObjectStore,
    version: VersionId,
    entries: Iterable[Entry],
    target: Path,
    *,
    overwrite: bool = False,
    on_done: Progress | None = None,
    workers: int | None = None,
    links: Links | None = None,
    cache: BlobCache | None = None,
) -> None:
    """Make `target` a folder that holds just `entries`, to be changed at will, with their modes and times.

    A folder that holds anything is refused, or with `overwrite` replaced as a whole once the copy is whole; until then it stays as
    it is. Safe to repeat after an interruption: what was placed is not placed again. Contents that the `cache` has are not fetched
    from far away.
    """
    target = target.absolute()
    _check_target(store, target, overwrite=overwrite)
    staged = target.with_name(f".{target.name}.tilth-{version[:12]}")
    with translated_os_errors(staged):
        staged.mkdir(parents=True, exist_ok=True)
    place_entries(store, entries, staged, on_done, workers=workers, links=links, cache=cache)
    reach("copy.before-rename")
    replaced = target.with_name(f".{target.name}.tilth-replaced-{version[:12]}")
    with translated_os_errors(target):
        if overwrite and target.exists():
            target.rename(replaced)
            reach("copy.between-renames")
        staged.rename(target)
    shutil.rmtree(replaced, ignore_errors=True)


def view_in(  # noqa: PLR0913  all that a view depends on
    store: ObjectStore,
    cache: BlobCache,
    name: str,
    listing: Callable[[], Iterable[Digest]],
    entries: Callable[[], Iterable[Entry]],
    *,
    on_done: Progress | None = None,
    workers: int | None = None,
    about: About | None = None,
    group: str | None = None,
    links: Links | None = None,
    earlier: Earlier | None = None,
) -> Path:
    """A read-only folder in the cache that holds just the files of `listing`; one by this name that is there is taken as it is.

    Only contents that the cache does not have are read from the store, by the `entries` of their paths; of large files, only the chunks
    that the cache does not have of `earlier` contents of theirs. Any number of processes may ask for the same view; those of one `group`,
    whose contents are much the same, are fetched one after the other. Nobody removes the view before this process has ended.
    """
    if (there := cache.take(name)) is not None:
        return there
    view = cache.views / name
    with translated_os_errors(view), cache.locked(name), cache.scratch() as scratch:
        if view.exists():
            return view
        building = scratch / "view"
        building.mkdir()
        missing = _link(cache, building, listing(), on_done or _nobody, workers)
        if missing:
            with cache.locked(f"of-{group}") if group else nullcontext():
                wanted = [entry for entry in entries() if entry.path in missing]
                borrow(cache, {entry.sha256: entry.size for entry in wanted if not entry.link})
                wanted = _still_missing(cache, building, wanted)
                stored = [entry for entry in wanted if not entry.link]
                _fetch(store, cache, scratch, building, stored, _How(on_done, workers, earlier))
            if links and (elsewhere := [entry for entry in wanted if entry.link]):
                links.link(elsewhere, building, on_done or _nobody)
        cache.sharing.admit_tree(os.fspath(building))
        if about is not None:
            cache.notes.tell_about(name, about)
        reach("cache.before-view")
        try:
            building.rename(view)
        except OSError:
            if not view.exists():
                raise
    keep_within(cache)
    return view


def mend_view(store: ObjectStore, cache: BlobCache, view: Path, wrong: Sequence[Entry]) -> None:
    """Put files of a view right, each by one rename, so that whoever reads it meanwhile sees the old one or the right one."""
    with translated_os_errors(view), cache.locked(view.name), cache.scratch() as scratch:
        mended = scratch / "view"
        mended.mkdir()
        borrow(cache, {entry.sha256: entry.size for entry in wrong})
        missing = _still_missing(cache, mended, wrong)
        if missing:
            _fetch(store, cache, scratch, mended, missing, _How())
        cache.sharing.admit_tree(os.fspath(mended))
        for entry in wrong:
            target = view / entry.path
            cache.sharing.make(os.fspath(target.parent))
            os.replace(mended / entry.path, target)


def _still_missing(cache: BlobCache, building: Path, missing: Sequence[Entry]) -> list[Entry]:
    """Link what somebody else brought while this process waited; returns the rest."""
    links = [(entry.path, entry.sha256.hex()) for entry in missing]
    left = set(link((os.fspath(building), cache.blobs, links)))
    return [entry for entry in missing if entry.path in left]


def _fetch(
    store: ObjectStore,
    cache: BlobCache,
    scratch: Path,
    building: Path,
    missing: Sequence[Entry],
    how: _How,
) -> None:
    """Bring the contents of `missing`, link them, and take them into the cache for others; from far away in shares, each of which stays."""
    if store.local_path(Key("")) is not None:
        _fetch_share(store, cache, scratch, building, missing, how)
        return
    for share in _shares(missing, _SHARE_BYTES):
        left: Sequence[Entry] = share
        while left:
            with cache.announcements.fetching({entry.sha256 for entry in left}) as (own, others):
                ours = _still_missing(cache, building, [entry for entry in left if entry.sha256 in own])
                if ours:
                    _fetch_share(store, cache, scratch, building, ours, how)
            left = [entry for entry in left if entry.sha256 not in own]
            if left:  # what others bring, for whatever dataset
                cache.announcements.wait(others)
                left = _still_missing(cache, building, left)


def _fetch_share(
    store: ObjectStore,
    cache: BlobCache,
    scratch: Path,
    building: Path,
    missing: Sequence[Entry],
    how: _How,
) -> None:
    fetched = scratch / "blobs"
    fetched.mkdir()
    wanted = {entry.sha256: _as_blob(entry) for entry in missing}
    if how.earlier is not None and store.local_path(Key("")) is None:
        _take_pieces(cache, fetched, missing, how.earlier)  # before anything of the cache goes to make room
    keep_within(cache, incoming_bytes=sum(entry.size for entry in wanted.values()))
    place_entries(store, wanted.values(), fetched, how.on_done, workers=how.workers)
    # Linked before they are installed: a blob that a view links to is never removed.
    links = [(entry.path, entry.sha256.hex()) for entry in missing]
    if lost := link((os.fspath(building), os.fspath(fetched), links)):
        raise Internal(f"{lost[0]} was fetched and is not there", hint="run the command again")
    reach("cache.before-install")
    cache.install(fetched, wanted)
    reach("cache.after-install")
    shutil.rmtree(fetched, ignore_errors=True)


def _take_pieces(cache: BlobCache, fetched: Path, missing: Sequence[Entry], earlier: Earlier) -> None:
    """Begin the blobs of large files with what the cache has of their earlier contents."""
    large = [entry for entry in missing if len(entry.chunks) > 1]
    for entry, before in earlier(large) if large else ():
        target = f"{fetched}/{blob_name(entry.sha256)}"
        try:
            take_pieces(f"{cache.blobs}/{blob_name(before.sha256)}", before, target, entry)
        except DiskFull:  # room is made next
            os.truncate(target, 0)
            return


def _shares(entries: Sequence[Entry], most_bytes: int) -> Iterator[list[Entry]]:
    """The entries, in their order, cut behind whatever makes a share as large as that."""
    share: list[Entry] = []
    size = 0
    for entry in entries:
        share.append(entry)
        size += entry.size
        if size >= most_bytes:
            yield share
            share, size = [], 0
    if share:
        yield share


def _link(cache: BlobCache, folder: Path, listing: Iterable[Digest], told: Progress, workers: int | None) -> set[str]:
    """Make the files of `listing` links to blobs; returns the paths whose contents the cache does not have."""
    missing: set[str] = set()
    place = os.fspath(folder)
    with second_process(wanted=workers != 1) as second:
        for batch in _batches(listing, _LINKS):
            for path, _, _ in batch:
                if ".." in path:  # only such a path could lead out of the folder
                    check_path(path)
            links = [(path, sha256.hex()) for path, _, sha256 in batch]
            half = len(links) // 2 if second.wanted and len(links) >= _ALONE_FILES else len(links)
            if half < len(links):
                second.begin("link", (place, cache.blobs, links[half:]))
            missing.update(link((place, cache.blobs, links[:half])))
            if half < len(links):
                missing.update(second.answer())
            told(len(batch), sum(size for _, size, _ in batch))
    return missing


def part_of(files: Iterable[T], part: int, parts: int) -> Iterator[T]:
    """The share `part`, from 0, of `parts` equal ones: every file is in exactly one, and they differ by one file at the most."""
    if not 0 <= part < parts:
        raise Invalid(f"there is no part {part} of {parts}", hint="parts are counted from 0")
    return islice(files, part, None, parts)


def place_entries(
    store: ObjectStore,
    entries: Iterable[Entry],
    target: Path,
    on_done: Progress | None = None,
    *,
    workers: int | None = None,
    links: Links | None = None,
    cache: BlobCache | None = None,
) -> None:
    """Write `entries` below `target`, each chunk checked before a byte of it is written.

    `Corrupt` names the first damaged pack, after everything else has been placed. Where the store keeps plain files, a second
    process does half of a large job, unless `workers` is 1.
    """
    told = on_done or _nobody
    wrong: Corrupt | None = None
    with second_process(wanted=workers != 1) as second:
        for both in _batches(_checked(entries), _BATCH):
            batch = [entry for entry in both if not entry.link]
            if links and len(batch) < len(both):
                links.place([entry for entry in both if entry.link], target, told)
            try:
                if store.local_path(Key("")) is None:
                    _place_by_fetching(store, batch, target, told, cache, workers)
                else:
                    _place_from_files(store, batch, target, told, second)
            except Corrupt as error:
                wrong = wrong or error
    if wrong:
        raise wrong


def _place_from_files(store: ObjectStore, entries: Sequence[Entry], target: Path, told: Progress, second: SecondProcess) -> None:
    packs: dict[str, int] = {}
    rows: list[Row] = []
    for entry in entries:
        chunks = [(packs.setdefault(c.pack, len(packs)), c.offset, c.stored, c.raw, c.sha256) for c in entry.chunks]
        rows.append((entry.path, entry.mode, entry.mtime_ns, entry.size, entry.sha256, chunks))
    paths = [os.fspath(store.local_path(Key(pack)) or "") for pack in packs]
    alone = len(rows) < _ALONE_FILES and sum(entry.size for entry in entries) < _ALONE_BYTES
    ours, theirs = (rows, []) if alone or not second.wanted else _halves(rows)
    folder = os.fspath(target)
    if theirs:
        second.begin("place", (folder, paths, theirs))
    answer: Any = None
    damaged: Damaged | None = None
    try:
        place((folder, paths, ours), told)
    except Damaged as error:
        damaged = error
    except OSError as error:
        raise describe_os_error(error, error.filename or folder) from error
    if theirs:
        answer = second.answer()
    if answer and answer[0] == "failed":
        raise describe_os_error(OSError(answer[1], answer[2]), answer[3] or folder)
    if theirs:
        told(len(theirs), sum(row[3] for row in theirs))
    if damaged or answer:
        number, offset, path = damaged.args if damaged else answer[1:]
        raise damaged_pack(list(packs)[number], offset, path)


def _place_by_fetching(
    store: ObjectStore, entries: Sequence[Entry], target: Path, told: Progress, cache: BlobCache | None, workers: int | None
) -> None:
    if cache is not None:
        for entry in entries:
            blob = f"{cache.blobs}/{blob_name(entry.sha256)}"
            if os.path.exists(blob) and chunks_wanted(target / entry.path, entry) is not None:
                copied_from_blob(blob, target / entry.path, entry)
    fetch_files(store, entries, os.fspath(target), told, requests=workers)


def _halves(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Cut so that both halves have about the same work: bytes, and a fixed price for each file."""
    half = sum(row[3] + 65_536 for row in rows) // 2
    done = 0
    for at, row in enumerate(rows):
        done += row[3] + 65_536
        if done >= half:
            return rows[: at + 1], rows[at + 1 :]
    return rows, []


def _check_target(store: ObjectStore, target: Path, *, overwrite: bool) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise AlreadyExists(f"{target} is not a folder", hint="name a folder that does not exist yet")
    if not target.exists() or not any(target.iterdir()):
        return
    if not overwrite:
        hint = "name another folder, or replace it as a whole with --overwrite, in Python `overwrite=True`"
        raise AlreadyExists(f"{target} holds files already", hint=hint)
    home = store.local_path(Key(""))
    precious = [Path.home(), Path.cwd(), *([home.absolute()] if home else [])]
    if any(place == target or target in place.parents for place in precious):
        raise Invalid(f"{target} can't be replaced: it is, or holds, a folder that is in use", hint="name another folder")


def _as_blob(entry: Entry) -> Entry:
    return Entry(blob_name(entry.sha256), entry.size, entry.sha256, 0o444, entry.mtime_ns, entry.chunks)


def _checked(entries: Iterable[Entry]) -> Iterator[Entry]:
    for entry in entries:
        check_path(entry.path)
        yield entry


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _nobody(files: int, size: int) -> None:
    """Nobody wants to know."""
