"""What goes when the cache holds more than it may: what was not used for the longest time, and never what is used.

A view stays while a process that asked for it lives, a symbolic link that was made for somebody leads to it, or its version is pinned. It
is taken out of sight by one rename, under the lock that whoever takes it into use holds as well, and deleted then.
"""

import os
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from tilth.base.atomic_io import sweep
from tilth.base.faultpoints import reach
from tilth.datasets.cache.blobs import DOWNLOADS, BlobCache, blob_name, blobs_in, file_lock, lease_of, leases_of_download
from tilth.datasets.cache.inventory import CachedView, Linked, Weights, files_in, free_views, links_of, views_in, weigh
from tilth.datasets.cache.locks import held, let_go, locked_by_others
from tilth.datasets.cache.notes import Limits, Look

__all__ = ["Freed", "clean", "keep_within", "plan_removal", "remove_view", "sweep_blobs"]

_KEPT_SHARE = 0.9
"""How much of the limit is left after an eviction, so that not every new version causes the next one."""
_RECENT_S = 60.0
"""What was asked for so recently stays: somebody may be about to use it."""
_PAUSE_S = 10.0
_LOOKS_SHARE = 50
"""While all is in use, a look at everything is repeated after so many times as long as the last one took, and not before the pause."""
_AGE_PAUSE_S = 3600.0
"""So often fetched files are looked at for their age."""


class Freed(Struct, frozen=True):
    """What an eviction removed."""

    views: tuple[str, ...] = ()
    files: int = 0
    size_bytes: int = 0
    left_bytes: int = 0
    """How much lies there now."""


def keep_within(cache: BlobCache, *, incoming_bytes: int = 0) -> None:
    """Make room for so many bytes if there is a limit; cheap as long as it is not reached. A cache that can't be cleaned stays as it is."""
    limits = cache.limits
    with suppress(OSError):
        is_over = bool(limits.size_bytes) and cache.counter.add(0) + incoming_bytes > limits.size_bytes
        if (is_over or limits.age_s) and _is_worth_a_look(cache, limits, is_over=is_over):
            clean(cache, incoming_bytes=incoming_bytes)


def clean(cache: BlobCache, *, incoming_bytes: int = 0) -> Freed:
    """Remove what is over age, and of the rest the longest unused until it is within the limit; nothing if somebody else does that now."""
    with held(cache.lock_path("evicting"), cache.sharing, wait=False) as alone:
        if not alone:
            return Freed(left_bytes=cache.counter.add(0))
        begun_s = time.monotonic()
        weights = weigh(cache)
        before = weights.total_bytes
        limits = cache.limits
        removed: list[str] = []
        files = 0
        if limits.age_s:
            removed, files = _remove_older(cache, time.time() - limits.age_s)
            weights = weigh(cache) if removed or files else weights
        if limits.size_bytes and weights.total_bytes + incoming_bytes > limits.size_bytes:
            keep = max(0, int(limits.size_bytes * _KEPT_SHARE) - incoming_bytes)
            more, more_files, swept = _remove_until(cache, weights, keep)
            removed, files = removed + more, files + more_files
            weights = weigh(cache) if more or more_files or swept else weights
        left = weights.total_bytes
        with cache.counter.held() as count:
            count.value = left
        sweep(cache.root / "tmp")
        is_over = bool(limits.size_bytes) and left + incoming_bytes > limits.size_bytes
        stayed = tuple(name for _, name in _old_enough(cache)) if is_over or limits.age_s else ()
        took_s = time.monotonic() - begun_s
        with suppress(OSError):
            cache.notes.tell_look(Look(at_s=time.time(), took_s=took_s, is_over=is_over, stayed=stayed))
        return Freed(tuple(removed), files, max(0, before - left), left)


def plan_removal(views: Iterable[tuple[str, Mapping[int, Linked]]], *, blobs: Collection[int], free_bytes: int) -> list[str]:
    """The first of `views` that together free so many bytes: a content is free when no view that stays links to it."""
    chosen: list[str] = []
    gone: dict[int, int] = {}
    freed = 0
    for name, contents in views:
        if freed >= free_bytes:
            break
        chosen.append(name)
        for inode, linked in contents.items():
            gone[inode] = gone.get(inode, 0) + linked.here
            if gone[inode] == linked.links - (inode in blobs):
                freed += linked.size_bytes
    return chosen


def remove_view(cache: BlobCache, name: str, *, force: bool = False, wait: bool = False) -> bool:
    """Remove a view, but not its blobs; False, and nothing happened, if it is in use and `force` is not said."""
    view = cache.views / name
    with _trash(cache) as trash, held(cache.lock_path(name), cache.sharing, wait=wait) as alone:
        if not alone or not (force or _is_free(cache, name)):
            return False
        with _unread(view) as unread:
            if not (unread or force):
                return False
            try:
                os.rename(view, trash / "view")
            except FileNotFoundError:
                return False
        reach("evict.after-rename")
        # Without working locks somebody may have taken it in this moment. Whoever did not see it any more makes it anew.
        if not force and name in cache.leases.users():
            with suppress(OSError):
                os.rename(trash / "view", view)
                return False
        cache.notes.forget(name)
        with suppress(OSError):
            os.unlink(cache.lock_path(name))
    return True


def sweep_blobs(cache: BlobCache, *, at_most_bytes: int | None = None) -> int:
    """Remove blobs that no view links to, the first that are found, up to so many bytes; returns how many bytes."""
    freed = 0
    for entry, size, links in blobs_in(cache.blobs):
        if not links and (at_most_bytes is None or freed < at_most_bytes):
            with suppress(OSError):
                os.unlink(entry.path)
                freed += size
    if freed:
        _forget_links(cache)
    return freed


def remove_file(cache: BlobCache, path: str, *, force: bool = False) -> bool:
    """Remove a file that was fetched by its address; False, and nothing happened, if it is in use and `force` is not said."""
    top = os.fspath(cache.root / DOWNLOADS)
    is_download = path.startswith(f"{top}/")
    leases = leases_of_download(cache, path) if is_download else [lease_of(path)]
    lock = cache.lock_path(file_lock(leases[0] if is_download else os.path.basename(path)))
    with suppress(OSError), _trash(cache) as trash, held(lock, cache.sharing, wait=False) as alone:
        if not (alone or force) or (not force and not cache.leases.users().keys().isdisjoint(leases)):
            return False
        # Who may only read holds one folder for all that lies below it.
        with _unread(Path(top if is_download else path)) as unread:
            if not (unread or force):
                return False
            os.rename(path, trash / "file")
        if alone:
            with suppress(OSError):
                os.unlink(lock)
        if is_download:
            _remove_empty(os.path.dirname(path), top)
        return True
    return False


def _remove_empty(folder: str, top: str) -> None:
    """Remove a folder below `top`, and those that it lies in, as far as nothing lies there."""
    with suppress(OSError):
        while folder.startswith(f"{top}/"):
            os.rmdir(folder)
            folder = os.path.dirname(folder)


def _remove_older(cache: BlobCache, deadline_s: float) -> tuple[list[str], int]:
    removed = [view.name for view in _evictable(cache) if view.used_s < deadline_s and remove_view(cache, view.name)]
    if removed:
        sweep_blobs(cache)
    files = sum(remove_file(cache, file.path) for file in files_in(cache) if file.used_s < deadline_s and not file.users)
    return removed, files


def _remove_until(cache: BlobCache, weights: Weights, keep: int) -> tuple[list[str], int, int]:
    """Remove unused blobs, then views and fetched files in the order of their last use, until `keep` bytes are left.

    Returns the views, how many files, and how many bytes of blobs that nothing used.
    """
    swept = sweep_blobs(cache, at_most_bytes=weights.total_bytes - keep) if weights.unused_bytes else 0
    left = weights.total_bytes - swept
    recent_s = time.time() - _RECENT_S
    files = [file for file in files_in(cache) if file.used_s < recent_s and not file.users]
    views = _evictable(cache)
    if not (files or views):
        return [], 0, swept
    blobs = {entry.inode() for entry, _, _ in blobs_in(cache.blobs)}
    plan: list[tuple[float, str, bool]] = sorted(
        [(view.used_s, view.name, True) for view in views] + [(file.used_s, file.path, False) for file in files]
    )
    sizes = {file.path: file.size_bytes for file in files}

    def contents() -> Iterator[tuple[str, Mapping[int, Linked]]]:
        for number, (_, name, is_view) in enumerate(plan):
            # A fetched file is a content of its own, by a number that no inode has.
            yield name, links_of(os.fspath(cache.views / name)) if is_view else {-1 - number: Linked(sizes[name], 1, 1)}

    chosen = set(plan_removal(contents(), blobs=blobs, free_bytes=left - keep))
    removed = [name for _, name, is_view in plan if is_view and name in chosen and remove_view(cache, name)]
    count = sum(remove_file(cache, name) for _, name, is_view in plan if not is_view and name in chosen)
    if removed:
        sweep_blobs(cache)
    return removed, count, swept


def _is_worth_a_look(cache: BlobCache, limits: Limits, *, is_over: bool) -> bool:
    """Whether anything could be removed that the last look left: what is in use and stays would make everybody look at everything."""
    look, now = cache.notes.look(), time.time()
    if look is None or look.at_s > now or (is_over and not look.is_over):
        return True
    deadline = now if is_over else now - limits.age_s
    if any(used_s < deadline and name not in look.stayed for used_s, name in _old_enough(cache)):
        return True
    # A view shows without effort whether it is free; anything else only by looking at all that there is.
    return now - look.at_s > (max(_PAUSE_S, _LOOKS_SHARE * look.took_s) if is_over else _AGE_PAUSE_S)


def _forget_links(cache: BlobCache) -> None:
    """Drop what is known of links in versions whose contents are not here any more."""
    for number in range(256):
        with suppress(OSError), os.scandir(f"{cache.root}/links/{number:02x}") as notes:
            for note in notes:
                with suppress(OSError, ValueError):
                    content = bytes.fromhex(Path(note.path).read_text())
                    if not os.path.exists(f"{cache.blobs}/{blob_name(content)}"):
                        os.unlink(note.path)


def _old_enough(cache: BlobCache) -> list[tuple[float, str]]:
    recent_s = time.time() - _RECENT_S
    return [(used_s, name) for used_s, name in free_views(cache) if used_s < recent_s]


def _evictable(cache: BlobCache) -> list[CachedView]:
    recent_s = time.time() - _RECENT_S
    return [view for view in views_in(cache) if not view.in_use and view.pin is None and view.used_s < recent_s]


def _is_free(cache: BlobCache, name: str) -> bool:
    """Whether nobody uses a view; asked again under its lock."""
    (view,) = views_in(cache, [name]) or (None,)
    return view is None or not (view.in_use or view.pin)


@contextmanager
def _unread(view: Path) -> Iterator[bool]:
    """Whether nobody who may only read holds the folder of a view, which is held alone meanwhile."""
    try:
        descriptor = os.open(view, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield True
        return
    try:
        yield locked_by_others(descriptor) is not True
    finally:
        let_go(descriptor)


@contextmanager
def _trash(cache: BlobCache) -> Iterator[Path]:
    """A folder whose contents are deleted at the end; what a kill leaves of it goes after a day."""
    with cache.scratch() as folder:
        yield folder
        for place, folders, _ in os.walk(folder):
            for name in folders:
                if os.path.islink(os.path.join(place, name)):  # what it leads to is not deleted
                    continue
                with suppress(OSError):  # deleting needs it, and a view may have folders that are read-only
                    os.chmod(os.path.join(place, name), 0o700)
        shutil.rmtree(folder, ignore_errors=True)
