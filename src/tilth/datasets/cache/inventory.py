"""What lies in a cache: views and who uses them, files that were fetched by their addresses, and how much room each takes."""

import os
import stat
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from msgspec import Struct

from tilth.datasets.cache.blobs import DOWNLOADS, FILES, BlobCache, blobs_in, lease_of, leases_of_download
from tilth.datasets.cache.leases import User
from tilth.datasets.cache.notes import About, Pin

__all__ = ["CachedFile", "CachedView", "Linked", "Weights", "files_in", "free_views", "links_of", "view_names", "views_in", "weigh"]


SKEW_S = 60.0
"""So far apart may the clocks of machines be."""


class CachedView(Struct, frozen=True, kw_only=True):
    """A view, and why it may have to stay."""

    name: str
    about: About | None
    used_s: float
    """When it was last asked for."""
    users: tuple[User, ...] = ()
    links: tuple[str, ...] = ()
    """Symbolic links that lead to it."""
    pin: Pin | None = None

    @property
    def version(self) -> str:
        """The version that it holds, or holds a part of."""
        return self.about.version if self.about else self.name.partition("-")[0]

    @property
    def in_use(self) -> bool:
        """Whether somebody would miss it now."""
        return bool(self.users or self.links)

    def reasons(self) -> list[str]:
        """Why it stays, in words."""
        told = [f"{user.shown()} uses it" for user in self.users] + [f"the link {link} leads to it" for link in self.links]
        if self.pin:
            told.append(f"{self.pin.by} pinned it" + (f" ({self.pin.note})" if self.pin.note else ""))
        return told


class CachedFile(Struct, frozen=True):
    """A file that was fetched by its address, with what was unpacked of it."""

    path: str
    context: str
    """Nothing for one that lies below `downloads`."""
    used_s: float
    size_bytes: int
    users: tuple[User, ...] = ()


class Linked(Struct, frozen=True):
    """A content as a view has it."""

    size_bytes: int
    links: int
    """How many there are in all."""
    here: int
    """How many of them are in the view."""


class Weights(Struct, frozen=True):
    """How much room things take; contents that are shared are counted once."""

    total_bytes: int
    unused_bytes: int
    """Blobs that no view links to."""
    views: Mapping[str, tuple[int, int, int]]
    """Of each view: its files, their bytes, and how many of these would be free without it."""


def view_names(cache: BlobCache) -> list[str]:
    """The names of all views."""
    try:
        return sorted(name for name in os.listdir(cache.views) if not name.startswith("."))
    except OSError:
        return []


def free_views(cache: BlobCache) -> list[tuple[float, str]]:
    """When each view that nothing keeps was asked for last, and its name; without looking into any.

    One that a machine whose clock is wrong asked for in the future counts as asked for now.
    """
    now = time.time()
    kept = set(cache.leases.users()) | {link.view for link in cache.notes.links(cache.views)}
    pins = cache.notes.pins()
    found: list[tuple[float, str]] = []
    for name in view_names(cache):
        if name not in kept and name.partition("-")[0] not in pins:
            with suppress(OSError):
                used_s = (cache.views / name).stat().st_mtime
                if used_s > now + SKEW_S:
                    os.utime(cache.views / name)
                found.append((min(used_s, now), name))
    return found


def views_in(cache: BlobCache, names: Iterable[str] | None = None) -> list[CachedView]:
    """All views, or some, the longest unused first."""
    users, pins = cache.leases.users(), cache.notes.pins()
    links: dict[str, list[str]] = {}
    for link in cache.notes.links(cache.views):
        links.setdefault(link.view, []).append(link.path)
    found: list[CachedView] = []
    for name in view_names(cache) if names is None else names:
        with suppress(OSError):
            used_s = (cache.views / name).stat().st_mtime
            about = cache.notes.about(name)
            version = about.version if about else name.partition("-")[0]
            using, leading = tuple(users.get(name, ())), tuple(links.get(name, ()))
            found.append(CachedView(name=name, about=about, used_s=used_s, users=using, links=leading, pin=pins.get(version)))
    return sorted(found, key=lambda view: view.used_s)


def files_in(cache: BlobCache) -> list[CachedFile]:
    """All files that were fetched by their addresses, the longest unused first."""
    users = cache.leases.users()
    found: list[CachedFile] = []
    for context in _entries(f"{cache.root}/{FILES}"):
        for entry in _entries(context.path):
            with suppress(OSError):
                size = sum(seen.st_size for _, seen in _walk(entry.path))
                using = tuple(users.get(lease_of(entry.path), ()))
                found.append(CachedFile(entry.path, context.name, entry.stat().st_mtime, size, using))
    for path, seen in _walk(f"{cache.root}/{DOWNLOADS}"):
        using = tuple(dict.fromkeys(user for lease in leases_of_download(cache, path) for user in users.get(lease, ())))
        found.append(CachedFile(path, "", seen.st_mtime, seen.st_size, using))
    return sorted(found, key=lambda file: file.used_s)


def links_of(folder: str) -> dict[int, Linked]:
    """The contents of the files of a view, by their inodes."""
    sizes: dict[int, tuple[int, int]] = {}
    here: Counter[int] = Counter()
    for _, seen in _walk(folder):
        sizes[seen.st_ino] = (seen.st_size, seen.st_nlink)
        here[seen.st_ino] += 1
    return {inode: Linked(size, links, here[inode]) for inode, (size, links) in sizes.items()}


def weigh(cache: BlobCache) -> Weights:
    """Look at everything, and count it."""
    total = unused = 0
    counted: set[int] = set()
    blobs: set[int] = set()
    for entry, size, links in blobs_in(cache.blobs):
        blobs.add(entry.inode())
        total += size
        unused += 0 if links else size
    views: dict[str, tuple[int, int, int]] = {}
    for name in view_names(cache):
        files = size = frees = 0
        for inode, linked in links_of(os.fspath(cache.views / name)).items():
            files += linked.here
            size += linked.size_bytes * linked.here
            frees += linked.size_bytes if linked.links - (inode in blobs) == linked.here else 0
            if inode not in blobs and inode not in counted:
                counted.add(inode)
                total += linked.size_bytes
        views[name] = files, size, frees
    total += sum(file.size_bytes for file in files_in(cache))
    return Weights(total, unused, views)


def _walk(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Every file below a folder. What is removed meanwhile is passed over."""
    for entry in _entries(folder):
        with suppress(FileNotFoundError):
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)
            else:
                seen = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(seen.st_mode):
                    yield entry.path, seen


def _entries(folder: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            return [entry for entry in found if not entry.name.startswith(".") or not entry.is_dir()]
    except OSError:
        return []
