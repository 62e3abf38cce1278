"""How versions that were made offline become versions of a home, or of its server: begun, filled, made final and told of, in that order.

Each step is safe to repeat, and finds what an earlier try did: by the id of the version, which nobody knows before it is here but who has
the session, and by the contents that the draft or the store holds.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from tilth.base.errors import Invalid, NotFound, TilthError, VersionNotFound
from tilth.base.faultpoints import reach
from tilth.base.ids import VersionId, new_id
from tilth.base.paths import check_path
from tilth.client.sending import Sender
from tilth.datasets.chunking import ONE_CHUNK_BYTES
from tilth.datasets.drafts import Draft
from tilth.datasets.format import session_key
from tilth.datasets.ingest import Ingest
from tilth.datasets.journal import Stored, Waiting
from tilth.datasets.records import Fence, fetch_register
from tilth.datasets.scanning import SourceFile, one_file
from tilth.datasets.taking import Outcome, ingesting
from tilth.datasets.taking import upload as upload_waiting
from tilth.domain.dataset import Entry
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk import finalizing, lifecycle
from tilth.sdk.carried import check_carried
from tilth.sdk.carried_addresses import disarm_addresses
from tilth.sdk.contents import side_by_side
from tilth.sdk.home import Home
from tilth.sdk.offline import rewrite
from tilth.sdk.reading import Reading, reading_of
from tilth.sdk.recording import warn
from tilth.sdk.sessions.carried import opened_copy
from tilth.sdk.sessions.notes import Noted, Notes, id_of, read_notes
from tilth.sdk.storage import chosen_storage
from tilth.sdk.taking import taking_context

__all__ = ["import_session"]

_BATCH = 1_000
_COPY_BYTES = 1 << 20
_MOST_TRIES = 100
_MODES = 0o777
_SAMPLE = 16
_MOST_READ = 64 << 20
"""In bytes; as much of small files is read at once."""


def import_session(home: Home, place: Path, *, upload: bool, finalize: bool) -> str:
    """Bring the versions of a session into `home`; returns what the last one is called there."""
    if home.is_session:
        raise Invalid("a session can't be imported into another one", hint="call Dataset.set_offline(False) first")
    with home.cache.scratch() as scratch:
        folder, session = opened_copy(home, place, scratch)
        try:
            notes = read_notes(folder)
            became: dict[VersionId, VersionId] = {}
            for noted in notes.versions:
                made = _made(session, noted, place)
                if made is None:
                    continue
                carried = _Carried(home, session, notes, noted, made, scratch, place)
                became[noted.id] = carried.bring(became, upload=upload, finalize=finalize)
        except UnicodeDecodeError as error:
            raise Invalid(f"{place} can't be read: {error}", hint="carry the folder again") from error
        finally:
            session.close()
    if not became:
        raise Invalid(f"{place} holds no versions", hint="give the folder that Dataset.get_offline_mode_folder() names, or a zip of it")
    return next(reversed(became.values()))


def _made(session: Home, noted: Noted, place: Path) -> DatasetVersion | None:
    """A version as it is in the session; None of one that could not be begun there."""
    try:
        made = session.api.versions.get(noted.id)
        if made.storage:  # it would be read with the keys of this machine
            raise Invalid("it keeps a version elsewhere, which no session does")
        return lifecycle.settled(session, made)
    except VersionNotFound:
        return None
    except TilthError as error:
        raise Invalid(f"{place} can't be read: {error.message}", hint="carry the folder again") from error


class _Carried:
    """One version of a session, on its way into a home."""

    def __init__(self, home: Home, session: Home, notes: Notes, noted: Noted, made: DatasetVersion, scratch: Path, place: Path) -> None:
        self.home = home
        self.session = session
        self.made = made
        self._notes = notes
        self._noted = noted
        self._scratch = scratch
        self._place = place

    def bring(self, became: dict[VersionId, VersionId], *, upload: bool, finalize: bool) -> VersionId:
        """Do what is not done yet; returns the id that the version has here."""
        parents = [became.get(parent, parent) for parent in self._noted.parents]
        version = self._begun(parents)
        if version.status is VersionStatus.UPLOADING:
            with lifecycle.opened_draft(self.home, version) as draft:
                self._fill(draft, version, upload=upload)
            reach("session.before-final")
            was_final = self.made.status is not VersionStatus.UPLOADING
            if was_final or finalize:
                version = finalizing.finalize(self.home, version, preview=not was_final)
        if version.status is not VersionStatus.PUBLISHED:
            self._tell(version)
            if self.made.status is VersionStatus.PUBLISHED:
                self.home.api.versions.publish(id=version.id)
        return version.id

    # --- begun ------------------------------------------------------------------------------------------------------

    def _begun(self, parents: Sequence[VersionId]) -> DatasetVersion:
        """The version as it is here; begun, if it is not here."""
        place = self._storage(parents)
        for again in range(_MOST_TRIES):
            id = id_of(self._noted.secret, again)
            try:
                found = lifecycle.settled(self.home, self.home.api.versions.get(id))
            except NotFound:
                if self._is_free(id, place):
                    return self._begin(id, parents, place)
                continue
            if found.status is VersionStatus.UPLOADING and not self.home.repository_of(found).has_draft(id):
                raise Invalid(
                    f"version {id} is being imported in another home", hint="import it there again, or delete it there and import it here"
                )
            if not isinstance(fetch_register(self.home.repository_of(found).store, id), Fence):
                return found
            self.home.api.versions.delete(id=id)  # it was given up, as nothing was done with it for too long
            self.home.repository_of(found).discard_draft(id)
        raise Invalid(f"{self._place} was imported and deleted {_MOST_TRIES} times", hint="make the dataset again")

    def _storage(self, parents: Sequence[VersionId]) -> str:
        try:
            return chosen_storage(self.home, self._noted.storage, parents)
        except VersionNotFound as error:
            what = f"{self.made.name} builds on what is not here: {error.message}"
            raise VersionNotFound(what, hint="import it where its parents are, or import them first") from error

    def _is_free(self, id: VersionId, place: str) -> bool:
        """Whether nothing was begun under this id, but what can be gone on with here."""
        repository = self.home.repository_at(place)
        is_claimed = repository.store.head(session_key(id)) is not None and not repository.has_draft(id)
        return not is_claimed and fetch_register(repository.store, id) is None

    def _begin(self, id: VersionId, parents: Sequence[VersionId], place: str) -> DatasetVersion:
        repository = self.home.repository_at(place)
        # Whatever goes wrong, the draft stays: giving it up would keep its id from ever becoming a version.
        draft = repository.open_draft(id) if repository.has_draft(id) else repository.create_draft(id, parents)
        with draft:
            reach("session.after-draft")
            return self.home.api.versions.create(
                id=id,
                name=self.made.name,
                project=self.made.project,
                version=self._noted.number,
                parents=list(parents),
                tags=list(self.made.tags),
                description=self.made.description,
                author=self.home.author,
                storage=place,
            )

    # --- filled -----------------------------------------------------------------------------------------------------

    def _fill(self, draft: Draft, version: DatasetVersion, *, upload: bool) -> None:
        """Let the draft hold what the version holds in the session, over what its parents hold."""
        if self._notes.is_whole(self._noted):
            both = side_by_side(draft.digests(), self._reading.digests())
            draft.record_removed([before[0] for before, now in both if before and not now])
        else:
            for removal in self._noted.removals:
                draft.remove(removal.pattern, recursive=removal.recursive)
        context = taking_context(self.home, version)
        waiting: list[Waiting] = []
        with ingesting(draft, context, Outcome()) as (ingest, known):
            for batch in _batches(self._differing(draft)):
                if known.has_candidates:
                    known.probe(_sample(batch))
                waiting += [found for found in batch if isinstance(found, Waiting)]
                draft.journal.put(_stored_link(found) for found in batch if isinstance(found, Entry) and found.link)
                self._take(ingest, [found for found in batch if isinstance(found, Entry) and not found.link])
                reach("session.after-batch")
        draft.journal.put(waiting)
        if upload and draft.is_dirty():
            upload_waiting(draft, context)

    @property
    def _reading(self) -> Reading:
        return reading_of(self.session, self.made)

    def _differing(self, draft: Draft) -> Iterator[Entry | Waiting]:
        """What the session holds and the draft does not."""
        for found in self._held():
            check_path(found.path)  # it was carried here, and may come from anybody
            if isinstance(found, Waiting):
                if draft.held(found.path) != found.sha256:
                    yield found
            elif found.link:
                if draft.entry(found.path) != found:
                    yield found
            elif draft.held(found.path) != found.sha256 or draft.waits(found.path):
                yield found

    def _held(self) -> Iterator[Entry | Waiting]:
        if self.made.status is not VersionStatus.UPLOADING:
            yield from self._reading.manifest.entries()
            return
        with self.session.repository_of(self.made).peek_draft(self.made.id) as draft:
            for path, _, _ in draft.digests():
                row = draft.journal.find(path)
                if isinstance(row, Waiting):
                    yield row
                elif entry := draft.entry(path):
                    yield entry

    def _take(self, ingest: Ingest, entries: Sequence[Entry]) -> None:
        """Store files: without reading them, if they are small and their contents are known here."""
        unknown: list[Entry] = []
        size = 0
        for entry in entries:
            if entry.size > ONE_CHUNK_BYTES:
                self._take_large(ingest, entry)
            elif not ingest.reuse(_as_source(entry), entry.sha256):
                unknown.append(entry)
                size += entry.size
            if size > _MOST_READ:
                self._take_small(ingest, unknown)
                unknown, size = [], 0
        self._take_small(ingest, unknown)

    def _take_small(self, ingest: Ingest, entries: Sequence[Entry]) -> None:
        for entry, data in zip(entries, self._reading.read_many([(entry, 0, entry.size) for entry in entries]), strict=True):
            if isinstance(data, TilthError):
                raise data
            self._check(entry, sha256(data).digest())
            ingest.take_content(_as_source(entry), entry.sha256, bytes(data))

    def _take_large(self, ingest: Ingest, entry: Entry) -> None:
        part = self._scratch / new_id()
        try:
            with self._reading.open_entry(entry) as source, part.open("wb") as copy:
                shutil.copyfileobj(source, copy, _COPY_BYTES)
            os.utime(part, ns=(entry.mtime_ns, entry.mtime_ns))
            _, digest = ingest.take(replace(one_file(os.fspath(part), entry.path), mode=entry.mode & _MODES))
        finally:
            part.unlink(missing_ok=True)
        self._check(entry, digest)

    def _check(self, entry: Entry, digest: bytes) -> None:
        if digest != entry.sha256:
            raise Invalid(f"{self._place} holds {entry.path} with another content than it says", hint="carry the folder again")

    # --- told of ----------------------------------------------------------------------------------------------------

    def _tell(self, version: DatasetVersion) -> None:
        """Bring what was attached to it and reported of it. What is attached here already may be newer, and stays."""
        for name in self._noted.metadata:
            if self.home.api.versions.get_metadata(id=version.id, name=name) is not None:
                continue
            found = self.session.api.versions.get_metadata(id=self.made.id, name=name)
            if found is not None:
                self.home.api.versions.set_metadata(id=version.id, name=name, kind=found.kind, value=found.value)
        folder = self.session.folder / "outbox" / self.made.id
        if not folder.is_dir():
            return
        check_carried(self.home, folder, self.made.id, self._place)
        disarm_addresses(self.home, folder, self.made.id)
        (folder / "offline").unlink(missing_ok=True)
        if version.id != self.made.id:
            rewrite(folder, self.made.id, version.id, 0)
        api, files = self.home.reporting
        reach("session.before-reports")
        Sender(folder, api, files, warn=warn).send()


def _as_source(entry: Entry) -> SourceFile:
    """A file of a session as one of a folder would be."""
    return SourceFile(entry.path, entry.path, entry.size, entry.mtime_ns, 0, 0, entry.mode & _MODES)


def _stored_link(entry: Entry) -> Stored:
    assert entry.link
    mode = entry.mode & _MODES
    file = SourceFile(entry.path, entry.link.address, entry.size, entry.mtime_ns, 0, 0, mode)
    return Stored(replace(entry, mode=mode, chunks=()), file)


def _sample(batch: Sequence[Entry | Waiting]) -> list[bytes]:
    """The hashes of the first chunks of some: enough to tell whether a version holds many of them."""
    first = [found.chunks[0].sha256 for found in batch if isinstance(found, Entry) and found.chunks]
    return first[:: max(1, len(first) // _SAMPLE)][:_SAMPLE]


def _batches(items: Iterator[Entry | Waiting]) -> Iterator[list[Entry | Waiting]]:
    while batch := list(islice(items, _BATCH)):
        yield batch
