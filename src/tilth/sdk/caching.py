"""The cache of this machine as people look after it: what lies there, what stays, what goes, and whether it is what it should be."""

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from tilth.base.errors import AmbiguousId, Conflict, Corrupt, NotFound, TilthError
from tilth.base.ids import looks_like_id_prefix
from tilth.datasets.cache.blobs import DOWNLOADS, FILES, blobs_in
from tilth.datasets.cache.chunks import is_damaged
from tilth.datasets.cache.evicting import Freed, clean, remove_file, remove_view, sweep_blobs
from tilth.datasets.cache.inventory import CachedFile, CachedView, files_in, view_names, views_in
from tilth.datasets.cache.notes import Limits, Link, Pin
from tilth.datasets.cache.sharing import user_name
from tilth.datasets.materialise import mend_view
from tilth.sdk import copies, lookup
from tilth.sdk.home import Home
from tilth.sdk.taking import Watcher

__all__ = [
    "Removed",
    "Verified",
    "chosen",
    "clean_up",
    "context_name",
    "keep_for_caller",
    "keep_link",
    "pin",
    "remove",
    "set_limits",
    "share",
    "shown",
    "unpin",
    "verify",
]

CHUNKS = "chunks"


class Removed(Struct, frozen=True):
    """What was removed, and what stayed."""

    views: tuple[str, ...] = ()
    files: int = 0
    chunk_bytes: int = 0
    kept: tuple[str, ...] = ()
    """Sentences that name a view and why it stayed."""


class Verified(Struct, frozen=True):
    """What a check of the cache found."""

    blobs: int
    damaged_blobs: tuple[str, ...] = ()
    damaged_chunks: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    """Views whose damaged or missing files were fetched again."""
    removed: tuple[str, ...] = ()
    """Views that could not be mended."""
    broken: tuple[str, ...] = ()
    """Views that could not be mended either, and are in use: what is wrong with them."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong any more."""
        return not self.broken


def chosen(home: Home, reference: str) -> list[CachedView]:
    """The views that a person means: by an id or its beginning, `name`, `project/name` or `project/name@version`. Needs no server."""
    found = [view for view in views_in(home.cache) if _means(view, reference)]
    if not found:
        raise NotFound(f"the cache has no {reference}", hint="`tilth cache ls` shows what it has")
    datasets = {(view.about.project, view.about.name) for view in found if view.about}
    if len(datasets) > 1 and "/" not in reference:
        named = " and ".join(sorted("/".join(dataset) for dataset in datasets))
        raise AmbiguousId(f"{reference} may mean {named}", hint="write the project before the name")
    return found


def remove(
    home: Home, references: Sequence[str], *, older_than_s: float | None = None, unused: bool = False, force: bool = False
) -> Removed:
    """Remove what is named, and what nobody asked for so long, or nobody uses; what is named and in use is refused without `force`."""
    cache = home.cache
    named: dict[str, CachedView] = {}
    contexts: list[str] = []
    for reference in references:
        if reference.startswith(f"{FILES}/") or reference == DOWNLOADS:
            contexts.append(reference)
        elif reference != CHUNKS:
            named.update((view.name, view) for view in chosen(home, reference))
    fetched = _fetched_in(home, contexts)
    staying = [f"{shown(view)} stays: {reason}" for view in named.values() for reason in view.reasons()]
    staying += _files_staying(fetched)
    if staying and not force:
        raise Conflict("\n".join(staying), hint="nothing was removed; --force removes it all the same")
    kept: list[str] = []
    wanted = list(named.values())
    for view in views_in(cache) if unused or older_than_s is not None else ():
        if view.name in named or (older_than_s is not None and time.time() - view.used_s < older_than_s):
            continue
        if reasons := view.reasons():
            kept.append(f"{shown(view)} stays: {reasons[0]}")
        else:
            wanted.append(view)
    with cache.changed():
        gone = [view for view in wanted if remove_view(cache, view.name, force=force and view.name in named, wait=True)]
        kept += [f"{shown(view)} stays: somebody began to use it" for view in wanted if view not in gone]
        sweep_blobs(cache)
        for view in gone:
            if view.pin is not None:
                cache.notes.unpin(view.version)
    return Removed(
        tuple(view.name for view in gone),
        _remove_files(home, fetched, older_than_s, unused=unused, force=force),
        _remove_chunks(home, older_than_s, everything=unused or CHUNKS in references),
        tuple(kept),
    )


def _fetched_in(home: Home, contexts: Sequence[str]) -> list[CachedFile]:
    if not contexts:
        return []
    files = [file for file in files_in(home.cache) if context_name(file) in contexts]
    if missing := set(contexts) - {context_name(file) for file in files}:
        raise NotFound(f"the cache has no {min(missing)}", hint="`tilth cache ls` shows what it has")
    return files


def context_name(file: CachedFile) -> str:
    """What people call a file that was fetched by its address together with those beside it."""
    return f"{FILES}/{file.context}" if file.context else DOWNLOADS


def _files_staying(files: Iterable[CachedFile]) -> list[str]:
    """Who uses how many of some fetched files, in words."""
    counted = Counter((context_name(file), user.shown()) for file in files for user in file.users)
    return [f"{name} stays: {user} uses {number:,} of it" for (name, user), number in sorted(counted.items())]


def _remove_files(home: Home, named: Sequence[CachedFile], older_than_s: float | None, *, unused: bool, force: bool) -> int:
    gone = sum(remove_file(home.cache, file.path, force=force) for file in named)
    if unused or older_than_s is not None:
        deadline_s = time.time() - (older_than_s or 0)
        wanted = [file for file in files_in(home.cache) if file.used_s < deadline_s and not file.users]
        gone += sum(remove_file(home.cache, file.path) for file in wanted)
    return gone


def _remove_chunks(home: Home, older_than_s: float | None, *, everything: bool) -> int:
    if older_than_s is None and not everything:
        return 0
    return home.chunk_cache.remove(keep_bytes=0, unused_since_s=None if older_than_s is None else time.time() - older_than_s)


def clean_up(home: Home) -> Freed:
    """Bring the cache within its limits now."""
    with home.cache.changed():
        freed = clean(home.cache)
    home.chunk_cache.evict()
    if home.cache.limits.age_s:
        _remove_chunks(home, home.cache.limits.age_s, everything=False)
    return freed


def set_limits(home: Home, *, size_bytes: int | None, age_s: float | None) -> Limits:
    """Set limits for all who use the cache; None leaves one as it is."""
    before = home.cache.limits
    limits = Limits(size_bytes=before.size_bytes if size_bytes is None else size_bytes, age_s=before.age_s if age_s is None else age_s)
    if limits != before:
        with home.cache.changed():
            home.cache.notes.limit(limits)
    return limits


def pin(home: Home, reference: str, *, note: str = "", watcher: Watcher | None = None) -> str:
    """Let a version stay in the cache, which it is fetched into if it is not there; returns the folder."""
    version = lookup.find(home, reference)
    folder = copies.local_copy(home, version, watcher=watcher)
    with home.cache.changed():
        home.cache.notes.pin(version.id, Pin(by=user_name(), since=datetime.now(UTC).isoformat(timespec="seconds"), note=note))
    return folder


def unpin(home: Home, reference: str) -> list[str]:
    """Let a version go when it is its turn; returns the ids of those that were pinned."""
    pins = home.cache.notes.pins()
    wanted = {view.version for view in views_in(home.cache) if _means(view, reference)} | {id for id in pins if id == reference}
    with home.cache.changed():
        gone = sorted(id for id in wanted if id in pins and home.cache.notes.unpin(id))
    if not gone:
        raise NotFound(f"no version that is pinned is {reference}", hint="`tilth cache ls` shows which are")
    return gone


def keep_for_caller(home: Home, folder: str) -> None:
    """Note that the program that runs this command uses a view, whose path it is about to be told."""
    caller = os.getppid()
    if caller > 1:
        with suppress(OSError):  # whoever may only read is told the path all the same
            home.cache.leases.take_for(Path(folder).name, caller)


def keep_link(home: Home, link: str, folder: str) -> None:
    """Note that a symbolic link leads to a view, which stays as long as it does."""
    with suppress(OSError):
        home.cache.notes.link(Link(view=Path(folder).name, path=os.path.abspath(link), by=user_name()))


def share(home: Home, *, group: str | None) -> int:
    """Open the cache to a group, or to everybody, with all that lies in it; returns how many files and folders were changed."""
    root = home.cache_folder
    mode = 0o2775 if group else 0o777
    with home.cache.changed():
        root.mkdir(parents=True, exist_ok=True)
        try:
            _open_to(root, group, mode)
        except LookupError:
            raise NotFound(f"there is no group {group}", hint="an administrator makes one: `groupadd`") from None
        changed = 1
        for place, folders, files in os.walk(root):
            for name in folders:
                _open_to(Path(place, name), group, mode)
            for name in files:
                path = Path(place, name)
                inside = path.relative_to(root).parts[0]
                _open_to(path, group, mode & (0o444 if inside in ("blobs", "views") and name != "size" else 0o666))
            changed += len(folders) + len(files)
    return changed


def verify(home: Home, watcher: Watcher | None = None) -> Verified:
    """Compare everything with its hash. What is damaged is removed; views that had it are mended from the store, or removed too."""
    cache, told = home.cache, watcher or Watcher()
    with cache.changed():
        pass
    sound: dict[int, bytes] = {}
    damaged: dict[int, str] = {}
    for entry, size, _ in blobs_in(cache.blobs):
        told.found(1, size)
        if is_damaged(entry.path):
            damaged[entry.inode()] = entry.name
            try:
                with cache.changed():
                    os.unlink(entry.path)
            except TilthError as error:
                raise Corrupt(f"the content {entry.name} is damaged, and {error.message}", hint=error.hint) from error
        else:
            sound[entry.inode()] = bytes.fromhex(entry.name)
        told.done(1, size)
    chunks = home.chunk_cache.check(told.done)
    mended, removed, broken = [], [], []
    for name in view_names(cache):
        problem = _mended(home, name, sound, set(damaged))
        if problem is None:
            continue
        if not problem:
            mended.append(name)
        elif remove_view(cache, name, wait=True):
            removed.append(name)
        else:
            broken.append(f"{name}: {problem}")
    return Verified(len(sound) + len(damaged), tuple(damaged.values()), tuple(chunks), tuple(mended), tuple(removed), tuple(broken))


def _mended(home: Home, name: str, sound: dict[int, bytes], damaged: set[int]) -> str | None:
    """Put a view right if anything is wrong with it: None if nothing is, nothing if it is right now, or why it could not be done."""
    view, about = home.cache.views / name, home.cache.notes.about(name)
    wrong: set[str] = set()
    try:
        if about is None:
            raise NotFound("nobody knows which version it is")
        version = home.api.versions.get(about.version)
        repository = home.repository_of(version)
        manifest = repository.manifest(version.id)
        fetcher = home.link_fetcher()
        listed = copies.digests_of(manifest, about.patterns, about.part, about.num_parts, fetcher.content_of)
        wrong = {path for path, size, digest in listed if not _is_right(view / path, size, digest, sound)}
        if not wrong:
            return None
        entries = [entry for entry in manifest.entries() if entry.path in wrong]
        # Links may have been left out, and nobody knows the content of one that was not fetched.
        links = [entry for entry in entries if entry.link and fetcher.knows(entry) and (view / entry.path).exists()]
        if links:
            return f"the link {links[0].path} in it is damaged"
        if not (entries := [entry for entry in entries if not entry.link]):
            return None
        mend_view(repository.store, home.cache, view, entries)
    except TilthError as error:
        if wrong:
            return f"{min(wrong)} is damaged or missing, and {error.message}"
        # Without its listing, what is known is which contents are damaged.
        inodes = {found.stat().st_ino for found in view.rglob("*") if found.is_file()} if damaged else set()
        return f"it holds damaged files, and {error.message}" if inodes & damaged else None
    return ""


def _is_right(path: Path, size: int, digest: bytes, sound: dict[int, bytes]) -> bool:
    try:
        found = path.lstat()
        if found.st_size != size:
            return False
        return sound.get(found.st_ino) == digest or _hash(path) == digest
    except OSError:
        return False


def _hash(path: Path) -> bytes:
    whole = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            whole.update(block)
    return whole.digest()


def _means(view: CachedView, reference: str) -> bool:
    if looks_like_id_prefix(reference) and view.version.startswith(reference):
        return True
    if reference == view.name:
        return True
    about = view.about
    if about is None:
        return False
    dataset, _, number = reference.rpartition("@") if "@" in reference else (reference, "", "")
    return dataset in (about.name, f"{about.project}/{about.name}") and number in ("", about.number)


def shown(view: CachedView) -> str:
    """A view's name as people know it."""
    about = view.about
    if about is None:
        return view.name
    what = f"{about.project}/{about.name} {about.number}"
    if about.part is not None:
        what += f" (part {about.part} of {about.num_parts})"
    return what if about.patterns is None else f"{what} (some files)"


def _open_to(path: Path, group: str | None, mode: int) -> None:
    if path.is_symlink():
        return
    if group:
        shutil.chown(path, group=group)
    path.chmod(mode)
