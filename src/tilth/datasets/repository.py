"""One place that holds versions, and all that can be done with it: the door to the engine."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tilth.base.atomic_io import sweep, translated_os_errors
from tilth.base.clock import Clock
from tilth.base.errors import NotFound
from tilth.base.ids import VersionId, new_id
from tilth.datasets.bases import ConflictRule
from tilth.datasets.catalog import list_records, read_record, write_tombstone
from tilth.datasets.chunking import CHUNKER
from tilth.datasets.drafts import Draft, DraftView, draft_exists
from tilth.datasets.format import init_format, read_format, require_unused
from tilth.datasets.gc import DEFAULT_LEASE, GcPlan, execute_gc, lease_expired, plan_gc
from tilth.datasets.manifests import Manifest, Marker, open_manifest
from tilth.datasets.records import VersionRecord, fetch_register
from tilth.store.api import Key, ObjectStore
from tilth.store.local import SCRATCH_KEY
from tilth.store.probe import require_put_if_absent

__all__ = ["Repository"]

_MARK = "mark-"


class Repository:
    """Versions in a store, and the drafts of versions to come on this machine.

    Any number of processes on any number of machines may use one store at once. A version is visible whole or not at all,
    and what a version holds never changes.
    """

    def __init__(self, store: ObjectStore, *, drafts: Path, clock: Clock) -> None:
        self.store = store
        self._drafts = drafts
        self._clock = clock

    def prepare(self) -> None:
        """Make the store a repository if it is none.

        `FormatUnsupported` if it can't be one, or is one that this release can't write; `Invalid` if it holds something else.
        """
        try:
            read_format(self.store)
        except NotFound:
            require_unused(self.store)
            require_put_if_absent(self.store)
            init_format(self.store, CHUNKER)

    def record(self, id: VersionId) -> VersionRecord:
        """What was committed as version `id`; `VersionNotFound` if nothing was, `VersionDeleted` if it is gone."""
        return read_record(self.store, id)

    def records(self) -> Iterator[VersionRecord]:
        """Every version that was committed and not deleted."""
        return list_records(self.store)

    def is_committed(self, id: VersionId) -> bool:
        """Whether `id` was ever committed."""
        return isinstance(fetch_register(self.store, id), VersionRecord)

    def exists(self, id: VersionId) -> bool:
        """Whether `id` is a version that can be read."""
        try:
            self.record(id)
        except NotFound:
            return False
        return True

    def needed_keys(self, id: VersionId) -> Iterator[Key]:
        """Every object that version `id` refers to."""
        return Marker().live_keys(self.store, self.record(id))

    def manifest(self, id: VersionId) -> Manifest:
        """The listing of version `id`."""
        return open_manifest(self.store, self.record(id))

    def create_draft(self, id: VersionId, parents: Sequence[VersionId], *, rule: ConflictRule = ConflictRule.FIRST) -> Draft:
        """Begin version `id` from what `parents` hold."""
        self.prepare()
        return Draft.create(self.store, self._folder(id), id, parents, rule=rule, clock=self._clock)

    def has_draft(self, id: VersionId) -> bool:
        """Whether version `id` can be changed on this machine."""
        return draft_exists(self._folder(id))

    def open_draft(self, id: VersionId) -> Draft:
        """Go on with version `id`, which this process then has for itself."""
        return Draft.open(self.store, self._folder(id), id, clock=self._clock)

    def peek_draft(self, id: VersionId) -> DraftView:
        """Look at a draft without keeping others from changing it."""
        return DraftView(self.store, self._folder(id), id)

    def discard_draft(self, id: VersionId) -> None:
        """Forget what this machine still knows of a draft that ended."""
        shutil.rmtree(self._folder(id), ignore_errors=True)

    def mark_draft(self, id: VersionId, mark: str) -> None:
        """Note something beside a draft, for whoever goes on with it on this machine."""
        with translated_os_errors(self._folder(id)):
            (self._folder(id) / f"{_MARK}{mark}").touch()

    def has_mark(self, id: VersionId, mark: str) -> bool:
        """Whether that was noted of the draft."""
        return (self._folder(id) / f"{_MARK}{mark}").exists()

    def keep_with_draft(self, id: VersionId, name: str, data: bytes) -> None:
        """Leave something with a draft for whoever goes on with it on this machine; it goes with the draft, and is lost if that is gone.

        It is only a help: after a power cut it may be there and be garbage.
        """
        folder = self._folder(id)
        temporary = folder / f"{new_id()}.part"
        with suppress(FileNotFoundError):
            try:
                temporary.write_bytes(data)
                temporary.replace(folder / name)
            finally:
                temporary.unlink(missing_ok=True)
                if not draft_exists(folder):  # it went while this was written
                    self.discard_draft(id)

    def kept_with_draft(self, id: VersionId, name: str) -> bytes:
        """What was left so; nothing if nothing was."""
        try:
            return (self._folder(id) / name).read_bytes()
        except OSError:
            return b""

    def rescue_draft(self, id: VersionId, successor: VersionId) -> Draft:
        """Carry what a fenced draft was to become over to a new version, `successor`."""
        folder, new_folder = self._folder(id), self._folder(successor)
        rescued = Draft.rescue(self.store, folder, id, successor=successor, new_folder=new_folder, clock=self._clock)
        for mark in folder.glob(f"{_MARK}*"):
            self.mark_draft(successor, mark.name.removeprefix(_MARK))
        return rescued

    def delete(self, id: VersionId) -> None:
        """Forget version `id`, irrevocably. What other versions share with it stays; the rest goes at the next collection."""
        write_tombstone(self.store, id, self._clock)

    def plan_gc(self) -> GcPlan:
        """Find what no version and no draft needs any more."""
        return plan_gc(self.store, mark=Marker().live_keys, is_expired=lease_expired(self._clock, DEFAULT_LEASE), clock=self._clock)

    def execute_gc(self, plan: GcPlan, *, confirmed: bool = False) -> None:
        """Remove it, and what killed writers left half-written more than a day ago."""
        execute_gc(self.store, plan, confirmed=confirmed)
        scratch = self.store.local_path(SCRATCH_KEY)
        if scratch is not None:
            sweep(scratch)

    def _folder(self, id: VersionId) -> Path:
        return self._drafts / id
