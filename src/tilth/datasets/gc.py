"""Which objects nobody can ever need again, and their removal.

    G1  LIST packs, segments, roots        G4  fence each expired Session: PUT-IF-ABSENT a Fence, DELETE its claims
    G2  LIST tombstones                    G5  LIST versions, without those that have a tombstone and that no claim pins
    G3  LIST heartbeats, claims            G6  mark what these need

What G1 listed, G6 did not mark, and no surviving claim owns, is garbage. The steps go against the order in which writers
write: a collection that missed a claim because the Session had ended sees its record, and one that missed a tombstone
keeps the Version. No listing has to be of one moment, because nothing that G2 and G5 list is ever removed. Whether a
Session is called expired matters for liveness only: a living one that is fenced fails its commit, and nothing is lost.
Whatever is missing or can't be understood ends the collection before anything is removed.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from tilth.base.clock import Clock
from tilth.base.errors import Conflict, Corrupt, ObjectNotFound, PlanRefused
from tilth.base.faultpoints import reach
from tilth.base.ids import VersionId
from tilth.datasets.format import (
    HEARTBEATS,
    PACKS,
    ROOTS,
    SEGMENTS,
    SESSIONS,
    TOMBSTONES,
    VERSIONS,
    find_owner,
    heartbeat_key,
    owner_of,
    tombstone_key,
    version_key,
)
from tilth.datasets.records import Claim, Fence, VersionRecord, dump_record, fetch_register, load_claim, timestamp
from tilth.store.api import Key, ObjectInfo, ObjectStore

__all__ = ["DEFAULT_LEASE", "STEPS", "GcPlan", "IsExpired", "Mark", "Step", "Survey", "execute_gc", "lease_expired", "plan_gc"]

DEFAULT_LEASE = timedelta(days=7)

Mark = Callable[[ObjectStore, VersionRecord], Iterable[Key]]
"""Yields every object that a Version needs besides its record, and raises if it can't tell."""

IsExpired = Callable[[Claim, datetime | None], bool]
"""Whether the Session behind a claim is to be given up, given when it last showed that it is alive."""


@dataclass(frozen=True)
class GcPlan:
    """What a collection found. It stays right for ever, since no name is used twice and garbage is never needed again."""

    doomed: tuple[ObjectInfo, ...]
    """The objects to remove."""
    dropped: tuple[VersionId, ...]
    """The deleted Versions that are gone for good with them. Their records stay, as their tombstones do."""
    fenced: tuple[VersionId, ...]
    """The Sessions that were given up while planning."""
    kept_bytes: int
    total_bytes: int
    permit: Lock = field(default_factory=Lock, compare=False, repr=False)
    """Taken by the one execution of the plan."""

    @property
    def doomed_bytes(self) -> int:
        """What the plan frees."""
        return self.total_bytes - self.kept_bytes


def plan_gc(store: ObjectStore, *, mark: Mark, is_expired: IsExpired, clock: Clock, steps: "Sequence[Step] | None" = None) -> GcPlan:
    """Find the garbage. Expired Sessions are fenced on the way; nothing that holds data is touched.

    Safe beside any number of writers, readers and other collections; `Conflict` if another collection removes what this one
    is looking at. Memory grows with the ids of Versions and Sessions and with what is to be removed; the listing of all other
    objects is kept in at most 64 MiB, and on disk beyond that. `steps` is for tests of the protocol, which show that no other
    order will do.
    """
    with closing(Survey(store, is_expired, clock)) as survey:
        for step in STEPS if steps is None else steps:
            step(survey)
        return _decide(survey, mark)


def execute_gc(store: ObjectStore, plan: GcPlan, *, confirmed: bool = False) -> None:
    """Remove what `plan` names, once. If it is cut short, the next collection finds the rest.

    `PlanRefused` if more than a fifth of all bytes would go and nobody `confirmed` it, or if the plan was already executed.
    """
    if plan.doomed_bytes * 5 > plan.total_bytes and not confirmed:
        share = 100 * plan.doomed_bytes // plan.total_bytes
        raise PlanRefused(f"the plan would remove {share} % of all stored bytes", hint="look at the plan, then confirm it")
    if not plan.permit.acquire(blocking=False):
        raise PlanRefused("the plan was already executed", hint="make a new one")
    store.delete(_reaching("gc.before-delete", (info.key for info in plan.doomed)))
    reach("gc.after-deletes")


def lease_expired(clock: Clock, lease: timedelta = DEFAULT_LEASE) -> IsExpired:
    """Give up Sessions that showed no sign of life for the length of `lease`."""
    deadline = clock.now() - lease

    def is_expired(claim: Claim, last_seen: datetime | None) -> bool:
        return max(claim.created_at, last_seen or claim.created_at) < deadline

    return is_expired


class Survey:
    """What the steps of one collection have found so far."""

    def __init__(self, store: ObjectStore, is_expired: IsExpired, clock: Clock) -> None:
        self.store = store
        self.is_expired = is_expired
        self.clock = clock
        self.objects = _Ledger()
        self.tombstones: set[VersionId] = set()
        self.last_seen: dict[VersionId, datetime] = {}
        self.claims: dict[VersionId, list[tuple[Key, Claim]]] = {}
        self.fenced: list[VersionId] = []
        self.versions: set[VersionId] = set()

    def expired(self) -> list[VersionId]:
        """The Sessions that are to be given up, each judged by the newest of its claims."""
        newest = [max((claim for _, claim in claims), key=lambda claim: claim.created_at) for claims in self.claims.values()]
        return [claim.id for claim in newest if self.is_expired(claim, self.last_seen.get(claim.id))]

    def release(self, session: VersionId) -> None:
        """Remove the claims of a Session that ended."""
        reach("gc.before-release")
        self.store.delete([*(key for key, _ in self.claims.pop(session)), heartbeat_key(session)])
        reach("gc.after-release")

    def close(self) -> None:
        self.objects.close()


def list_objects(survey: Survey) -> None:
    """G1: what might be garbage."""
    for kind in (PACKS, SEGMENTS, ROOTS):
        survey.objects.add(survey.store.list(kind))


def list_tombstones(survey: Survey) -> None:
    """G2: what is to be forgotten."""
    survey.tombstones.update(owner_of(info.key) for info in survey.store.list(TOMBSTONES))


def list_claims(survey: Survey) -> None:
    """G3: who is writing, on top of which bases, and when each was last seen."""
    for info in survey.store.list(HEARTBEATS):
        survey.last_seen[owner_of(info.key)] = datetime.fromtimestamp(info.modified_s, UTC)
    for info in survey.store.list(SESSIONS):
        try:
            claim = load_claim(survey.store.get(info.key), info.key)
        except ObjectNotFound:
            # Withdrawn or ended meanwhile. If it ended, its register says how, and G5 is still to come.
            continue
        survey.claims.setdefault(claim.id, []).append((info.key, claim))


def fence_expired(survey: Survey) -> None:
    """G4: end the Sessions that are given up, so that none of them can commit any more."""
    for session in survey.expired():
        reach("gc.before-fence")
        fence = dump_record(Fence(session, timestamp(survey.clock)))
        if survey.store.put_if_absent(version_key(session), fence):
            survey.fenced.append(session)
        reach("gc.after-fence")
        survey.release(session)


def list_versions(survey: Survey) -> None:
    """G5: what was committed and is not to be forgotten."""
    for info in survey.store.list(VERSIONS):
        survey.versions.add(owner_of(info.key))


Step = Callable[[Survey], None]
STEPS: tuple[Step, ...] = (list_objects, list_tombstones, list_claims, fence_expired, list_versions)


def _decide(survey: Survey, mark: Mark) -> GcPlan:
    """G6: which of the listed objects nobody needs."""
    pinned = {base for claims in survey.claims.values() for _, claim in claims for base in claim.bases}
    forgotten = survey.tombstones - pinned
    total_bytes = survey.objects.size_bytes()
    for version in survey.versions - forgotten:
        survey.objects.keep(_needs(survey.store, version, mark))
    doomed = tuple(info for info in survey.objects.unmarked() if _is_abandoned(info.key, survey))
    kept_bytes = total_bytes - sum(info.size_bytes for info in doomed)
    dropped = tuple(owner_of(info.key) for info in doomed if info.key.startswith(ROOTS) and owner_of(info.key) in forgotten)
    return GcPlan(doomed, dropped, tuple(survey.fenced), kept_bytes, total_bytes)


def _needs(store: ObjectStore, version: VersionId, mark: Mark) -> Iterator[Key]:
    register = fetch_register(store, version)
    if isinstance(register, Fence):
        return
    if register is None:
        raise Corrupt(f"object {version_key(version)} was removed, which Tilth never does", hint="restore it from a backup")
    try:
        yield from mark(store, register)
    except ObjectNotFound as error:
        if store.head(tombstone_key(version)) is None:
            raise Corrupt(f"version {version} is damaged: {error.message}", hint="run `tilth data verify`; nothing was removed") from error
        raise Conflict(f"version {version} is being removed by another collection", hint="run the command again") from error


def _is_abandoned(key: Key, survey: Survey) -> bool:
    """Whether the owner of `key` ended. What has no owner is not ours to remove."""
    owner = find_owner(key)
    return owner is not None and owner not in survey.claims


def _reaching(point: str, keys: Iterable[Key]) -> Iterator[Key]:
    for key in keys:
        reach(point)
        yield key


class _Ledger:
    """The listed objects that are not marked yet, in a private database whose pages spill to a nameless file."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript("""
            PRAGMA journal_mode = OFF;
            PRAGMA cache_size = -65536;
            CREATE TABLE object (key TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, modified_s REAL NOT NULL) WITHOUT ROWID;
            BEGIN;
        """)

    def add(self, objects: Iterable[ObjectInfo]) -> None:
        rows = ((info.key, info.size_bytes, info.modified_s) for info in objects)
        self._db.executemany("INSERT OR IGNORE INTO object VALUES (?, ?, ?)", rows)

    def keep(self, keys: Iterable[Key]) -> None:
        self._db.executemany("DELETE FROM object WHERE key = ?", ((key,) for key in keys))

    def size_bytes(self) -> int:
        return int(self._db.execute("SELECT coalesce(sum(size_bytes), 0) FROM object").fetchone()[0])

    def unmarked(self) -> Iterator[ObjectInfo]:
        for key, size_bytes, modified_s in self._db.execute("SELECT key, size_bytes, modified_s FROM object ORDER BY key"):
            yield ObjectInfo(Key(key), size_bytes, modified_s)

    def close(self) -> None:
        self._db.close()
