"""How the bytes behind links come into the cache, where they are blobs like all others, and from there into folders.

    links/<hh>/<fingerprint>   which content the link with this fingerprint had

A content that another link, or a stored file, has brought already is not fetched again. Of several processes that want the same link
one fetches it. What a killed one had fetched stays, a batch at a time.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import IO

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Denied, Internal, TilthError
from tilth.base.faultpoints import reach
from tilth.base.ids import new_id
from tilth.datasets.cache.blobs import BlobCache, blob_name
from tilth.datasets.cache.borrowing import borrow
from tilth.datasets.cache.evicting import keep_within
from tilth.datasets.placing import link
from tilth.domain.dataset import Entry
from tilth.sdk.links.begun import download_large_link
from tilth.sdk.links.reading import link_of
from tilth.sdk.links.remote import OF_ONE_LINK, joined
from tilth.sdk.links.sources import LocalSource, Sources, path_of

__all__ = ["LinkFetcher"]

Progress = Callable[[int, int], None]
Deliver = Callable[[Entry, str, bytes], bool]
"""Makes a file of a link out of the blob of a content in a folder of blobs; False if there is no such blob."""

_WORKERS = 8
_BATCH_FILES = 128
_BATCH_BYTES = 256 << 20


class LinkFetcher:
    """Fetches links into one cache. Any number of processes may do so at once."""

    def __init__(self, sources: Sources, cache: BlobCache, *, workers: int | None = None) -> None:
        self._sources = sources
        self._cache = cache
        self._workers = workers or _WORKERS
        self._known = cache.root / "links"

    def content_of(self, entry: Entry) -> bytes:
        """The SHA-256 of the bytes behind a link, as far as it is known; otherwise a text of which there is no content."""
        if link_of(entry).is_hashed:
            return entry.sha256
        with suppress(OSError, ValueError):
            known = bytes.fromhex((self._known / blob_name(entry.sha256)).read_text())
            if len(known) == len(entry.sha256):  # a crash of the machine may leave an empty note
                return known
        return entry.sha256

    def cached(self, entry: Entry) -> Path | None:
        """The file in the cache that has the bytes behind a link, if there is one."""
        blob = Path(self._cache.blobs, blob_name(self.content_of(entry)))
        return blob if blob.is_file() else None

    def knows(self, entry: Entry) -> bool:
        """Whether the SHA-256 of the bytes behind a link is known."""
        return link_of(entry).is_hashed or self.content_of(entry) != entry.sha256

    def link(self, links: Sequence[Entry], folder: Path, on_done: Progress = lambda files, size: None) -> None:
        """Take the contents of links into the cache, and make read-only files below `folder` that share them.

        Those that can't be had, because they were changed or are gone, are named once all others are there.
        """

        def deliver(entry: Entry, blobs: str, digest: bytes) -> bool:
            return not link((os.fspath(folder), blobs, [(entry.path, digest.hex())]))

        self._fetch(links, deliver, on_done)

    def place(self, links: Sequence[Entry], folder: Path, on_done: Progress = lambda files, size: None) -> None:
        """Write the contents of links below `folder`, to be changed at will; what is there and whole is passed over."""

        def deliver(entry: Entry, blobs: str, digest: bytes) -> bool:
            path = folder / entry.path
            partial = path.with_name(f".{new_id()}.part")
            with translated_os_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                try:
                    shutil.copyfile(f"{blobs}/{blob_name(digest)}", partial)
                    partial.chmod(entry.mode)
                    os.utime(partial, ns=(entry.mtime_ns, entry.mtime_ns))
                    partial.replace(path)
                except FileNotFoundError:
                    return False
                finally:
                    partial.unlink(missing_ok=True)
            return True

        self._fetch([entry for entry in links if not _is_there(folder / entry.path, entry)], deliver, on_done)

    def open(self, entry: Entry) -> IO[bytes]:
        """The bytes behind a link, which come whole into the cache for it; they can be read whatever is removed there."""
        opened: list[IO[bytes]] = []

        def deliver(_: Entry, blobs: str, digest: bytes) -> bool:
            with suppress(FileNotFoundError):
                opened.append(Path(blobs, blob_name(digest)).open("rb"))  # noqa: SIM115  whoever asked closes it
            return bool(opened)

        self._fetch([entry], deliver, lambda files, size: None)
        return opened[0]

    def _fetch(self, links: Sequence[Entry], deliver: Deliver, on_done: Progress) -> None:
        failed: list[TilthError] = []
        for batch in _batches(links):
            left: Sequence[Entry] = batch
            while left:
                # One open file, however many links: what others bring now is on lists of theirs.
                with self._cache.announcements.fetching({entry.sha256 for entry in left}) as (own, others):
                    if ours := [entry for entry in left if entry.sha256 in own]:
                        self._fetch_batch(ours, deliver, failed, on_done)
                left = [entry for entry in left if entry.sha256 not in own]
                if left:
                    self._cache.announcements.wait(others)
        if failed:
            raise joined(failed)

    def _fetch_batch(self, batch: Sequence[Entry], deliver: Deliver, failed: list[TilthError], on_done: Progress) -> None:
        missing: list[Entry] = []
        borrow(self._cache, {entry.sha256: entry.size for entry in batch if link_of(entry).is_hashed})
        for entry in batch:
            if deliver(entry, self._cache.blobs, self.content_of(entry)):
                on_done(1, entry.size)
            else:
                missing.append(entry)
        if not missing:
            return
        keep_within(self._cache, incoming_bytes=sum(entry.size for entry in missing))
        with self._cache.scratch() as scratch:
            fetched: dict[str, bytes] = {}
            blobs = os.fspath(scratch / "blobs")

            try:
                for entry, came in self._brought(missing, scratch, blobs):
                    if isinstance(came, TilthError):
                        failed.append(came)
                    else:
                        fetched[entry.path] = came
                        on_done(1, entry.size)
            finally:  # even if the line fails: what has come need not come again
                there = [entry for entry in missing if entry.path in fetched]
                # Delivered before they are installed: what nobody uses may be removed from the cache at any moment.
                for entry in there:
                    if not deliver(entry, blobs, fetched[entry.path]):
                        raise Internal(f"{entry.path} was fetched and is not there", hint="run the command again")
                if there:
                    self._install(there, fetched, scratch)

    def _brought(self, links: Sequence[Entry], scratch: Path, blobs: str) -> Iterator[tuple[Entry, bytes | TilthError]]:
        """Links with the SHA-256 of what lies behind them, in their order; the first that the line fails for ends it."""
        stopped = Event()
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="tilth-links")
        try:
            yield from zip(links, pool.map(lambda one: self._bring(one, scratch, blobs, stopped), links), strict=True)
        finally:
            stopped.set()
            pool.shutdown(cancel_futures=True)

    def _bring(self, entry: Entry, scratch: Path, blobs: str, stopped: Event) -> bytes | TilthError:
        """Make a blob of the bytes behind a link in a folder of blobs; returns their SHA-256, or why this one can't be had."""
        part = scratch / new_id()
        try:
            self._refuse_private(entry)
            digest = download_large_link(self._sources, entry, part, kept=scratch.parent, stopped=stopped)
        except OF_ONE_LINK as error:
            return error
        part.chmod(0o444)
        blob = Path(blobs, blob_name(digest))
        blob.parent.mkdir(parents=True, exist_ok=True)
        part.replace(blob)
        return digest

    def _refuse_private(self, entry: Entry) -> None:
        """Keep a file of this machine that only its owner may read out of a cache of many: whoever wrote the link may not see it."""
        source, address = self._sources.of(link_of(entry).address)
        if self._cache.sharing.mode is None or not isinstance(source, LocalSource):
            return
        with suppress(OSError):
            if not path_of(address).stat().st_mode & self._cache.sharing.mode & 0o044:
                raise Denied(
                    f"{entry.path} can't be had: {path_of(address)} is only for its owner, and the cache {self._cache.root} is shared",
                    hint="set TILTH_CACHE to a folder of your own, or leave links out with --skip-links",
                )

    def _install(self, links: Sequence[Entry], contents: Mapping[str, bytes], scratch: Path) -> None:
        """Take what was fetched into the cache, and remember which content each link had."""
        reach("links.before-install")
        self._cache.install(scratch / "blobs", set(contents.values()))
        reach("links.after-install")
        for entry in links:
            if not link_of(entry).is_hashed:
                self._remember(scratch, entry, contents[entry.path])

    def _remember(self, scratch: Path, entry: Entry, digest: bytes) -> None:
        place = self._known / blob_name(entry.sha256)
        note = scratch / "note"
        with translated_os_errors(place):
            self._cache.sharing.make(os.fspath(place.parent))
            note.write_text(digest.hex())
            self._cache.sharing.admit(os.fspath(note), 0o644)
            note.replace(place)


def _batches(links: Sequence[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in links:
        if batch and (len(batch) == _BATCH_FILES or size + entry.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch


def _is_there(path: Path, entry: Entry) -> bool:
    with suppress(OSError):
        found = path.stat()
        return bool(entry.mtime_ns) and (found.st_size, found.st_mtime_ns) == (entry.size, entry.mtime_ns)
    return False
