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
from tilth.datasets.cache.blobs import BlobCache, blobs_in
from tilth.datasets.cache.inventory import CachedView, Linked, files_in, links_of, view_names, views_in, weigh
from tilth.datasets.cache.locks import held, let_go, locked_by_others

__all__ = ["Freed", "clean", "keep_within", "plan_removal", "remove_view", "sweep_blobs"]

_KEPT_SHARE = 0.9
"""How much of the limit is left after an eviction, so that not every new version causes the next one."""
_RECENT_S = 60.0
"""What was asked for so recently stays: somebody may be about to use it."""


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
        deadline = time.time() - limits.age_s
        over_age = limits.age_s and any(_used_s(cache, name) < deadline for name in view_names(cache))
        if over_age:  # what is old and stays would make everybody look at everything, each time
            over_age = any(view.used_s < deadline for view in _evictable(cache))
        over_size = limits.size_bytes and cache.counter.add(0) + incoming_bytes > limits.size_bytes
        if over_age or over_size:
            clean(cache, incoming_bytes=incoming_bytes)


def clean(cache: BlobCache, *, incoming_bytes: int = 0) -> Freed:
    """Remove what is over age, and of the rest the longest unused until it is within the limit; nothing if somebody else does that now."""
    with held(cache.lock_path("evicting"), cache.sharing, wait=False) as alone:
        if not alone:
            return Freed(left_bytes=cache.counter.add(0))
        before = weigh(cache).total_bytes
        limits = cache.limits
        removed: list[str] = []
        files = 0
        if limits.age_s:
            removed, files = _remove_older(cache, time.time() - limits.age_s)
        left = before if not (removed or files) else weigh(cache).total_bytes
        if limits.size_bytes and left + incoming_bytes > limits.size_bytes:
            keep = max(0, int(limits.size_bytes * _KEPT_SHARE) - incoming_bytes)
            more, more_files = _remove_until(cache, left, keep)
            removed, files = removed + more, files + more_files
            left = weigh(cache).total_bytes
        with cache.counter.held() as count:
            count.value = left
        sweep(cache.root / "tmp")
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
    return freed


def remove_file(cache: BlobCache, path: str) -> bool:
    """Remove a file that was fetched by its address."""
    with suppress(OSError), _trash(cache) as trash:
        os.rename(path, trash / "file")
        return True
    return False


def _remove_older(cache: BlobCache, deadline_s: float) -> tuple[list[str], int]:
    removed = [view.name for view in _evictable(cache) if view.used_s < deadline_s and remove_view(cache, view.name)]
    if removed:
        sweep_blobs(cache)
    files = sum(remove_file(cache, file.path) for file in files_in(cache) if file.used_s < deadline_s)
    return removed, files


def _remove_until(cache: BlobCache, total: int, keep: int) -> tuple[list[str], int]:
    """Remove unused blobs, then views and fetched files in the order of their last use, until `keep` bytes are left."""
    left = total - sweep_blobs(cache, at_most_bytes=total - keep)
    blobs = {entry.inode() for entry, _, _ in blobs_in(cache.blobs)}
    recent_s = time.time() - _RECENT_S
    files = [file for file in files_in(cache) if file.used_s < recent_s]
    views = _evictable(cache)
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
    return removed, count


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


def _used_s(cache: BlobCache, name: str) -> float:
    try:
        return (cache.views / name).stat().st_mtime
    except OSError:
        return time.time()
