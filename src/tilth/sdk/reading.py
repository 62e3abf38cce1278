"""How the files of one version are read where they lie: found in its listing, opened, and read from any place on."""

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from tilth.base.errors import Corrupt, Invalid, PathNotFound, TilthError, VersionDeleted
from tilth.datasets.browsing import Listing, Pieces
from tilth.datasets.drafts import Digest
from tilth.datasets.facts import Fact, facts_of_rows, filtered
from tilth.datasets.manifests import Manifest
from tilth.datasets.matching import literal_prefix, matcher
from tilth.datasets.parts import Loaded, Part
from tilth.datasets.reader import BUFFER_BYTES, ChunkSource, Neighbours, StoredFile
from tilth.domain.dataset import Entry
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk import contents
from tilth.sdk.home import Home
from tilth.sdk.links.reading import LinkFile
from tilth.sdk.lookup import find

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Reading", "reading_of"]

_LISTING_BYTES = 64 << 20
_MOST_KEPT = 16
"""Of so many versions the listings stay known to this process."""
_LINK_BUFFER = 256 << 10
_LINKS_AT_ONCE = 8
_MODES = ("rb", "br", "r", "rt", "tr")


class Reading:
    """The files of a version: of a final one by a listing that is fetched once, of a draft as it stands at each call.

    Safe for threads, and in forks of the process.
    """

    def __init__(self, home: Home, version: DatasetVersion) -> None:
        self.home = home
        self._version = version

    @property
    def version(self) -> DatasetVersion:
        """The version; it is looked up again while it can be changed, because it may have become final."""
        if self._version.status is VersionStatus.UPLOADING:
            self._version = find(self.home, self._version.id)
        return self._version

    @cached_property
    def manifest(self) -> Manifest:
        """The listing of a final version."""
        return self.home.repository_of(self._version).manifest(self._version.id)

    @cached_property
    def chunks(self) -> ChunkSource:
        """What the files consist of."""
        return self.home.chunks_of(self._version)

    def entry(self, path: str) -> Entry:
        """The file at exactly `path`; `PathNotFound` if there is none, `VersionNotFinal` if its bytes are not stored yet."""
        version = self.version
        if version.status is VersionStatus.UPLOADING:
            with self.home.repository_of(version).peek_draft(version.id) as draft:
                found = draft.entry(path)
        else:
            found = self.manifest.find(path)
        if found is None:
            hint = f"`tilth data ls --id {version.id}` shows what it has"
            raise PathNotFound(f"version {version.id} has no file {path}", hint=hint)
        return found

    @property
    def listing(self) -> Listing:
        """The paths of the files, to be sought in."""
        if self.version.status is VersionStatus.UPLOADING:
            return Listing.of_digests(self.digests())
        return self._final_listing

    @cached_property
    def _final_listing(self) -> Listing:
        return Listing.of_manifest(self.manifest, Pieces(keep_bytes=_LISTING_BYTES))

    def digests(self, prefix: str = "") -> Iterator[Digest]:
        """Path, size and SHA-256 of the files below `prefix`, in the order of their paths."""
        return contents.digests(self.home, self.version, prefix)

    def fact(self, path: str) -> Fact:
        """Path, size, SHA-256, time and mode of one file, also of one whose bytes are not stored yet."""
        version = self.version
        if version.status is VersionStatus.UPLOADING:
            with self.home.repository_of(version).peek_draft(version.id) as draft:
                return next(draft.facts(path))
        entry = self.entry(path)
        return entry.path, entry.size, entry.sha256, entry.mtime_ns, entry.mode, entry.link

    def read_many(self, parts: Sequence[tuple[Entry, int, int]], neighbours: Neighbours | None = None) -> list[Loaded]:
        """The bytes of many files from one place up to another, or what keeps them from being read."""
        if any(entry.link for entry, _, _ in parts):
            return self._read_mixed(parts)
        found = self.chunks.read_many([Part(*part) for part in parts], neighbours)
        return [self.explained(data) if isinstance(data, TilthError) else data for data in found]

    def _read_mixed(self, parts: Sequence[tuple[Entry, int, int]]) -> list[Loaded]:
        """The same of files of which some lie elsewhere."""
        stored = iter(self.read_many([part for part in parts if not part[0].link]))
        with ThreadPoolExecutor(_LINKS_AT_ONCE, thread_name_prefix="tilth-links") as pool:
            elsewhere = pool.map(self._read_link, [part for part in parts if part[0].link])
            return [next(elsewhere) if part[0].link else next(stored) for part in parts]

    def _read_link(self, part: tuple[Entry, int, int]) -> Loaded:
        entry, start, stop = part
        try:
            with self.open_entry(entry) as file:
                size = entry.size if entry.knows_size else file.seek(0, io.SEEK_END)
                file.seek(start)
                return file.read(max(0, min(stop, size) - start))
        except TilthError as error:
            return error

    def facts(self, pattern: str | None, *, batch_rows: int) -> "Iterator[pa.RecordBatch]":
        """What is known of the files that `pattern` means (see `tilth.datasets.matching`), in the order of their paths."""
        if batch_rows < 1:
            raise Invalid(f"a batch can't have {batch_rows} files", hint="give batch_size as a number from 1 on")
        means = matcher(pattern) if pattern else None
        for batch in self._batches(literal_prefix(pattern) if pattern else "", batch_rows):
            found = filtered(batch, means) if means else batch
            if found.num_rows:
                yield found

    def _batches(self, prefix: str, batch_rows: int) -> "Iterator[pa.RecordBatch]":
        version = self.version
        if version.status is not VersionStatus.UPLOADING:
            yield from self.manifest.facts(prefix, batch_rows=batch_rows)
            return
        with self.home.repository_of(version).peek_draft(version.id) as draft:
            yield from facts_of_rows(draft.facts(prefix), batch_rows=batch_rows)

    def open(
        self, path: str, mode: str = "rb", *, encoding: str | None = None, errors: str | None = None, newline: str | None = None
    ) -> IO[Any]:
        """The file at `path`, as Python's `open` would open a file for reading."""
        if mode not in _MODES:
            raise Invalid(f"a stored file can't be opened with mode {mode!r}: it never changes", hint="use rb or r")
        if "b" in mode and (encoding or errors or newline):
            raise Invalid("bytes have no encoding, errors or newline", hint="open the file with mode r")
        binary = self.open_entry(self.entry(path))
        return binary if "b" in mode else io.TextIOWrapper(binary, encoding or "utf-8", errors, newline)

    def open_entry(self, entry: Entry) -> io.BufferedReader:
        """The bytes of a file whose entry is known."""
        if entry.link:
            fetcher = self.home.link_fetcher()
            cached = fetcher.cached(entry)
            return cached.open("rb") if cached else io.BufferedReader(LinkFile(self.home.link_sources, entry, fetcher.open), _LINK_BUFFER)
        return io.BufferedReader(StoredFile(self.chunks, entry, explain=self.explained), BUFFER_BYTES)

    def size_of(self, entry: Entry) -> int:
        """How many bytes a file has; the source of a link is asked if nobody asked it before."""
        if entry.knows_size:
            return entry.size
        with self.open_entry(entry) as file:
            return file.seek(0, io.SEEK_END)

    def explained(self, error: TilthError) -> TilthError:
        """What is behind an error of reading: the version may have been deleted, and what it held collected."""
        if isinstance(error, Corrupt):
            try:
                self.home.repository_of(self._version).record(self._version.id)
            except VersionDeleted as deleted:
                return deleted
            except TilthError:
                return error
        return error


def reading_of(home: Home, version: DatasetVersion) -> Reading:
    """The files of a version, with what is known already of a final one."""
    if version.status is VersionStatus.UPLOADING:
        return Reading(home, version)
    found = home.readings.pop(version.id, None) or Reading(home, version)
    home.readings[version.id] = found
    while len(home.readings) > _MOST_KEPT:
        home.readings.pop(next(iter(home.readings)), None)
    return found
