"""A version while it can be changed: what its parents hold, what was added, removed and modified since, and its commit.

A draft lives in a folder of this machine (its journal and its lock) and in the store (its claim and its packs). One process
changes it at a time; the others are told who does. Whatever a call has recorded stays recorded when it is killed: the same
call goes on where the last one was.
"""

import fcntl
import heapq
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Self

import msgspec
from msgspec import Struct

from tilth.base.atomic_io import replace_durably, translated_os_errors
from tilth.base.clock import Clock
from tilth.base.errors import Corrupt, DraftBusy, PathCollision, SessionFenced, VersionDeleted, VersionNotFinal, VersionNotFound
from tilth.base.faultpoints import reach
from tilth.base.ids import VersionId
from tilth.base.paths import normalise_prefix
from tilth.datasets.bases import Base, Collision, ConflictRule, overlaid
from tilth.datasets.facts import Fact
from tilth.datasets.journal import Journal, Removed, Row, Stored, Waiting
from tilth.datasets.manifests import Change, Manifest, WrittenRoot, merge_manifests, open_manifest, write_manifest
from tilth.datasets.matching import has_wildcard, literal_prefix, literally, matcher
from tilth.datasets.records import VersionRecord, fetch_register
from tilth.datasets.scanning import SourceFile
from tilth.datasets.segments import load_root
from tilth.datasets.sessions import Session, open_session, resume_session
from tilth.datasets.totals import TotalsCounter
from tilth.domain.dataset import ChangeTotals, Entry, Total, fingerprint
from tilth.store.api import Key, ObjectStore

__all__ = ["Digest", "Draft", "DraftView", "draft_exists"]

Digest = tuple[str, int, bytes]
"""Path, size and SHA-256 of a file."""

NOT_STORED = b"link"
"""Stands where the hash of a link would, for whoever asks what is stored."""
_BATCH = 5_000
_HEARTBEAT_S = 600


class _Origin(Struct, frozen=True):
    """What a draft was made of; written once, before anything else of it."""

    id: VersionId
    parents: tuple[VersionId, ...]
    rule: ConflictRule


class DraftView:
    """A draft as it stands, for looking only: the process that changes it is not disturbed. Use as a context manager."""

    def __init__(self, store: ObjectStore, folder: Path, id: VersionId) -> None:
        origin = _read_origin(folder, id)
        registers = [fetch_register(store, parent) for parent in origin.parents]
        self.parents = origin.parents
        records = [register for register in registers if isinstance(register, VersionRecord)]
        self.base = Base([open_manifest(store, record) for record in records], origin.rule)
        self.journal = Journal(folder / "journal.sqlite")
        self.ground = _ground(store, self.base, self.journal)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.close()

    def digests(self, prefix: str = "") -> Iterator[Digest]:
        """The files of the draft as it stands, in the order of their paths: all, the one at `prefix`, or all below it."""
        return _digests(self.ground, self.journal, prefix)

    def links(self, prefix: str = "") -> Iterator[Entry]:
        """The links among them."""
        return _links(self.ground, self.journal, prefix)

    def facts(self, prefix: str = "") -> Iterator[Fact]:
        """The same files with their times and modes, also those whose bytes are not stored yet."""
        prefix = normalise_prefix(prefix)
        below: Iterator[tuple[str, Fact | None]] = ((fact[0], fact) for fact in self.ground.facts(prefix))
        return (fact for _, fact in overlaid(below, self.journal.facts(prefix)) if fact)

    def entry(self, path: str) -> Entry | None:
        """The file at exactly `path`, if there is one; `VersionNotFinal` if its bytes are not stored yet."""
        row = self.journal.find(path)
        return _entry_of(row) if row else self.ground.find(path)

    def find(self, path: str) -> Digest | None:
        """The file at exactly `path`, if the draft holds one."""
        row = self.journal.find(path)
        if row is None:
            entry = self.ground.find(path)
            return (path, entry.size, entry.sha256) if entry else None
        if isinstance(row, Removed):
            return None
        return (path, row.entry.size, row.entry.sha256) if isinstance(row, Stored) else (path, row.file.size, row.sha256)


class Draft:
    """A version that is being changed by this process. Close it, or use it as a context manager, to let others in."""

    def __init__(
        self, store: ObjectStore, folder: Path, origin: _Origin, session: Session, journal: Journal, lock: int, clock: Clock
    ) -> None:
        self.store = store
        self.id = origin.id
        self.parents = origin.parents
        self.session = session
        self.journal = journal
        self._origin = origin
        self._folder = folder
        self._lock = lock
        self._process = os.getpid()
        self._clock = clock
        self._seen_alive = clock.monotonic()

    @classmethod
    def create(
        cls, store: ObjectStore, folder: Path, id: VersionId, parents: Sequence[VersionId], *, rule: ConflictRule, clock: Clock
    ) -> "Draft":
        """Begin a draft in `folder`, which does not exist yet, from what `parents` hold; they can't be collected while it is open."""
        with translated_os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder, id)
        try:
            origin = _Origin(id, tuple(parents), rule)
            # The origin before the claim: whatever has a claim can be found again and gone on with.
            replace_durably(folder / "origin.json", [msgspec.json.encode(origin)], scratch=folder)
            session = open_session(store, id, origin.parents, clock=clock)
            return cls(store, folder, origin, session, Journal(folder / "journal.sqlite"), lock, clock)
        except BaseException:
            _unlock(lock)
            shutil.rmtree(folder, ignore_errors=True)
            raise

    @classmethod
    def open(cls, store: ObjectStore, folder: Path, id: VersionId, *, clock: Clock) -> "Draft":
        """Go on with a draft; `DraftBusy` if another process is changing it, `SessionFenced` if it was given up as dead."""
        origin = _read_origin(folder, id)
        lock = _locked(folder, id)
        try:
            session = resume_session(store, id, clock=clock)
            _hold_parents(session, origin)
            draft = cls(store, folder, origin, session, Journal(folder / "journal.sqlite"), lock, clock)
            draft.merge()
            return draft
        except BaseException:
            _unlock(lock)
            raise

    @classmethod
    def rescue(cls, store: ObjectStore, folder: Path, id: VersionId, *, successor: VersionId, new_folder: Path, clock: Clock) -> "Draft":
        """Carry a fenced draft's changes over to a new one: what had not been stored elsewhere is to be stored again."""
        origin = _read_origin(folder, id)
        lock = _locked(folder, id)
        old = Journal(folder / "journal.sqlite")
        try:
            if old.ground() or old.deltas():
                raise SessionFenced(
                    f"version {id} was given up, and with it what the machines of a cluster had stored for it",
                    hint=f"`tilth data delete --id {id}` and run the same command again",
                )
            draft = cls.create(store, new_folder, successor, origin.parents, rule=origin.rule, clock=clock)
            draft.journal.put(_as_not_stored(row) for row in old.rows())
            return draft
        finally:
            old.close()
            _unlock(lock)

    def close(self) -> None:
        """Let other processes change the draft. Safe to repeat."""
        self.journal.close()
        if self._lock >= 0:
            if self._process == os.getpid():
                _unlock(self._lock)
            else:  # a fork's copy: the lock is the parent's
                os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def merge(self) -> None:
        """Lay segments that were recorded in the journal over the listing, so that they become part of it. Safe to repeat."""
        deltas = self.journal.deltas()
        if not deltas:
            return
        above = Manifest(self.store, deltas)
        known = [segment for manifest in self.base.manifests for segment in manifest.segments]
        self._unite()
        _, first = self.journal.ground() or ((), 0)
        ground = self.ground.manifests
        below = ground[0] if ground else Manifest(self.store, ())
        root, following = merge_manifests(self.store, self.id, below, above, known=known, first_sequence=first)
        reach("merge.before-ground")
        covered = (path for path, _, _ in above.digests()) if not self.journal.is_empty() else ()
        self.journal.set_ground(root, following, covered)
        vars(self).pop("ground", None)

    def _unite(self) -> None:
        """Write what several parents hold together as one listing, which segments can be laid over."""
        if self.journal.ground() is None and len(self.base.manifests) > 1:
            first, *others = self.base.manifests
            known = [segment for manifest in others for segment in manifest.segments]
            written = write_manifest(self.store, self.id, first, self.base.changes_to_first(), known=known)
            self.journal.set_ground(load_root(self.store.get(written.key), name=written.key), written.new_segments, ())
            vars(self).pop("ground", None)

    @property
    def rule(self) -> ConflictRule:
        """Whose file stands where parents have the same path."""
        return self._origin.rule

    @cached_property
    def base(self) -> Base:
        """The united listing of the parents."""
        return Base([open_manifest(self.store, self.session.bases[parent]) for parent in self.parents], self._origin.rule)

    @cached_property
    def ground(self) -> Base:
        """The listing that the journal's rows are changes of: the parents', or one that was written on the way."""
        return _ground(self.store, self.base, self.journal)

    def digests(self, prefix: str = "") -> Iterator[Digest]:
        """The files of the draft as it stands, in the order of their paths: all, the one at `prefix`, or all below it."""
        return _digests(self.ground, self.journal, prefix)

    def find(self, path: str) -> bytes | None:
        """The SHA-256 of the file at exactly `path`, if the draft holds one."""
        row = self.journal.find(path)
        if row is None:
            entry = self.ground.find(path)
            return entry.sha256 if entry else None
        return None if isinstance(row, Removed) else row.entry.sha256 if isinstance(row, Stored) else row.sha256

    def held(self, path: str) -> bytes | None:
        """As `find`, but of a link something that is no hash: whatever is known of its bytes, they are not stored."""
        row = self.journal.find(path)
        entry = self.ground.find(path) if row is None else row.entry if isinstance(row, Stored) else None
        if entry:
            return NOT_STORED if entry.link else entry.sha256
        return row.sha256 if isinstance(row, Waiting) else None

    def held_digests(self, prefix: str = "") -> Iterator[Digest]:
        """As `digests`, with what `held` says as the hashes."""
        prefix = normalise_prefix(prefix)
        below: Iterator[tuple[str, Digest | None]] = ((digest[0], digest) for digest in self.ground.digests(prefix, of_links=NOT_STORED))
        above = (
            (path, (path, size, sha256) if sha256 else None) for path, size, sha256 in self.journal.digests(prefix, of_links=NOT_STORED)
        )
        return (digest for _, digest in overlaid(below, above) if digest)

    def entry(self, path: str) -> Entry | None:
        """The entry at exactly `path`, if the draft holds one whose bytes need not be stored any more."""
        row = self.journal.find(path)
        if row is None:
            return self.ground.find(path)
        return row.entry if isinstance(row, Stored) else None

    def links(self, prefix: str = "") -> Iterator[Entry]:
        """The links of the draft as it stands, in the order of their paths: all, the one at `prefix`, or all below it."""
        return _links(self.ground, self.journal, prefix)

    def collisions(self) -> Iterator[Collision]:
        """The paths that the parents disagree on; raises `PathCollision` if the draft was begun with the rule `fail`."""
        return self.base.collisions()

    def is_dirty(self) -> bool:
        """Whether files were added whose bytes are not stored yet."""
        return self.journal.count_waiting()[0] > 0

    def waits(self, path: str) -> bool:
        """Whether the file at exactly `path` was added and its bytes are not stored yet."""
        return isinstance(self.journal.find(path), Waiting)

    def is_changed(self) -> bool:
        """Whether the draft is anything else than what its first parent is."""
        return len(self.parents) != 1 or not self.journal.is_empty() or self.ground.segments != self.base.segments

    def remove(self, pattern: str, *, recursive: bool = True) -> list[str]:
        """Take away just the files that `pattern` means (see `tilth.datasets.matching`); returns their paths.

        A name that has the characters of a pattern in it, such as `a[1].jpg`, means the file or folder of that name if there is one.
        """
        if has_wildcard(pattern) and any(self.digests(pattern)):
            pattern = literally(pattern)
        means = matcher(pattern, recursive=recursive)
        gone = [path for path, _, _ in self.digests(literal_prefix(pattern)) if means(path)]
        self.record_removed(gone)
        return gone

    def record_removed(self, paths: Sequence[str]) -> None:
        """Record that `paths` are to be gone."""
        for at in range(0, len(paths), _BATCH):
            batch = paths[at : at + _BATCH]
            inherited = {path for path in batch if self.ground.find(path)}
            self.journal.put(Removed(path) for path in batch if path in inherited)
            self.journal.forget(path for path in batch if path not in inherited)

    def totals(self) -> ChangeTotals:
        """How the draft differs from its parents' united listing, in numbers."""
        if self.journal.ground():
            return self._totals_over_ground()
        if not self.base.manifests:
            return ChangeTotals(added=self.journal.total())
        counter = TotalsCounter()
        for path, size, sha256 in self.journal.digests():
            before = self.ground.find(path)
            counter.count((before.size, before.sha256) if before else None, (size, sha256) if sha256 else None)
        return counter.totals(self.base.total())

    def show_life(self) -> None:
        """Keep the draft from being taken for dead; to be called now and then during long work."""
        if self._clock.monotonic() - self._seen_alive > _HEARTBEAT_S:
            self.session.heartbeat()
            self._seen_alive = self._clock.monotonic()

    def write(self) -> WrittenRoot:
        """Write the listing, durably; nobody sees it before `commit`."""
        ground = self.journal.ground()
        if ground:
            _check_sorted(path for path, _, _ in self.digests())
        else:
            self._check_clashes()
        base = self.ground
        first = base.manifests[0] if base.manifests else Manifest(self.store, ())
        known = [segment for manifest in self.base.manifests for segment in manifest.segments]
        changes = overlaid(base.changes_to_first(), self._changes())
        return write_manifest(self.store, self.id, first, changes, known=known, first_sequence=ground[1] if ground else 0)

    def commit(self, record: VersionRecord) -> None:
        """Make the version real, once for all, and forget the draft. Safe to call again with the same record."""
        reach("commit.before-record")
        self.session.commit(record)
        reach("commit.after-record")
        self.store.delete(Key(key) for key in self.journal.merged_keys())

    def discard(self) -> None:
        """Forget what this machine knows of the draft; what it stored is collected later unless it was committed."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def abort(self) -> None:
        """Give the draft up."""
        self.session.abort()
        self.discard()

    def _totals_over_ground(self) -> ChangeTotals:
        if not self.base.manifests:
            sizes = [0, 0]
            for _, size, _ in self.digests():
                sizes = [sizes[0] + 1, sizes[1] + size]
            return ChangeTotals(added=Total(*sizes))
        counter = TotalsCounter()
        below = ((path, ((size, sha256), None)) for path, size, sha256 in self.base.digests())
        above = ((path, (None, (size, sha256))) for path, size, sha256 in self.digests())
        for _, group in groupby(heapq.merge(below, above, key=itemgetter(0)), key=itemgetter(0)):
            sides = [side for _, side in group]
            counter.count(sides[0][0], sides[-1][1])
        return counter.totals(self.base.total())

    def _changes(self) -> Iterator[Change]:
        for row in self.journal.rows():
            yield row.path, _entry_of(row)

    def _check_clashes(self) -> None:
        """A path can't be a file and a folder at once."""
        checked: set[str] = set()
        inherited = ((path, entry is not None) for path, entry in self.base.changes_to_first())
        own = ((path, sha256 is not None) for path, _, sha256 in self.journal.digests())
        for path, is_there in overlaid(inherited, own):
            if not is_there:
                continue
            folder = path.rpartition("/")[0]
            while folder and folder not in checked:
                checked.add(folder)
                if self._holds(folder):
                    raise _clash(folder, path)
                folder = folder.rpartition("/")[0]
            if self.ground.has_below(path) and (below := next((found for found, _, _ in self.digests(path) if found != path), None)):
                raise _clash(path, below)

    def _holds(self, path: str) -> bool:
        row = self.journal.find(path)
        return not isinstance(row, Removed) if row else self.ground.find(path) is not None


def _digests(base: Base, journal: Journal, prefix: str) -> Iterator[Digest]:
    prefix = normalise_prefix(prefix)
    below: Iterator[tuple[str, Digest | None]] = ((digest[0], digest) for digest in base.digests(prefix))
    above = ((path, (path, size, sha256) if sha256 else None) for path, size, sha256 in journal.digests(prefix))
    return (digest for _, digest in overlaid(below, above) if digest)


def _links(base: Base, journal: Journal, prefix: str) -> Iterator[Entry]:
    prefix = normalise_prefix(prefix)
    below: Iterator[tuple[str, Entry | None]] = ((entry.path, entry) for entry in base.links(prefix))
    above = ((row.path, row.entry if isinstance(row, Stored) else None) for row in journal.rows(prefix))
    return (entry for _, entry in overlaid(below, above) if entry and entry.link)


def _as_not_stored(row: Row) -> Row:
    """What is left of a row without what was stored for it: its source, or the link whose content it was."""
    if not isinstance(row, Stored) or row.entry.link is not None:
        return row
    link, entry = row.file.imported_from, row.entry
    if link is None:
        return Waiting(row.file, entry.sha256)
    digest = entry.sha256 if link.is_hashed else fingerprint(link.address, entry.size, link.etag)
    file = SourceFile(entry.path, link.address, entry.size, entry.mtime_ns, 0, 0, entry.mode)
    return Stored(Entry(entry.path, entry.size, digest, entry.mode, entry.mtime_ns, (), link), file)


def _ground(store: ObjectStore, base: Base, journal: Journal) -> Base:
    found = journal.ground()
    return Base([Manifest(store, found[0])]) if found else base


def _check_sorted(paths: Iterable[str]) -> None:
    """A path can't be a file and a folder at once: of all paths, in their order."""
    trail: list[str] = []
    for path in paths:
        while trail and not path.startswith(trail[-1]):
            trail.pop()
        for above in trail:
            if path[len(above)] == "/":
                raise _clash(above, path)
        trail.append(path)


def draft_exists(folder: Path) -> bool:
    """Whether `folder` holds a draft."""
    return (folder / "origin.json").exists()


def _read_origin(folder: Path, id: VersionId) -> _Origin:
    try:
        return msgspec.json.decode((folder / "origin.json").read_bytes(), type=_Origin)
    except FileNotFoundError:
        raise VersionNotFound(
            f"version {id} is not being changed on this machine", hint="it can be changed only where it was created"
        ) from None
    except msgspec.MsgspecError as error:
        raise Corrupt(f"the draft of version {id} can't be read ({error})", hint="delete it and make it again") from error


def _hold_parents(session: Session, origin: _Origin) -> None:
    """Pin the parents that a process did not come to pin before it ended."""
    for parent in origin.parents:
        if session.pin(parent) is None:
            raise VersionDeleted(f"parent {parent} of version {origin.id} was deleted", hint="delete this version and make it again")


def _locked(folder: Path, id: VersionId) -> int:
    with translated_os_errors(folder):
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
        os.close(lock)
        raise DraftBusy(f"version {id} is being changed by process {holder or 'another'}", hint="wait for it to end, or stop it") from None
    with suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _unlock(lock: int) -> None:
    # A process that is just being started has copies of all descriptors until it is its own: closing ours would not be enough.
    fcntl.flock(lock, fcntl.LOCK_UN)
    os.close(lock)


def _entry_of(row: Row) -> Entry | None:
    if isinstance(row, Waiting):
        raise VersionNotFinal(f"{row.path} was added but its bytes are not stored yet", hint="run `tilth data upload`")
    return row.entry if isinstance(row, Stored) else None


def _clash(file: str, below: str) -> PathCollision:
    return PathCollision(f"{file} would be a file and also the folder that holds {below}", hint="remove one of them")
