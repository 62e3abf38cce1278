"""How the files of one version are read where they lie: found in its listing, opened, and read from any place on."""

import io
from collections.abc import Iterator
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from tilth.base.errors import Corrupt, Invalid, PathNotFound, TilthError, VersionDeleted
from tilth.datasets.facts import facts_of_rows, filtered
from tilth.datasets.manifests import Manifest
from tilth.datasets.matching import literal_prefix, matcher
from tilth.datasets.reader import BUFFER_BYTES, ChunkSource, StoredFile
from tilth.domain.dataset import Entry
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk.home import Home
from tilth.sdk.lookup import find

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Reading"]

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
        return io.BufferedReader(StoredFile(self.chunks, entry, explain=self.explained), BUFFER_BYTES)

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
