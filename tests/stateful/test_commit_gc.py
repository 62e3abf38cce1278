"""Nothing that a living version needs is ever collected, whatever the order of requests and wherever actors stop.

Writers, deleters and collections run the real code over one store under a scheduler that decides who makes the next
request; any session may be called expired at any moment, and any actor may stop for ever. The same schedules must find
what is wrong with eight variants of the protocol, each of which differs in one step.

`TILTH_SCHEDULES` sets how many schedules the protocol itself has to survive; `make schedules` tries many.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import count
from random import Random

import pytest
from msgspec import Struct

from tilth.base.errors import Conflict, NotFound, SessionFenced, VersionFinal
from tilth.base.ids import VersionId
from tilth.datasets.catalog import list_records, write_tombstone
from tilth.datasets.format import PACKS, ROOTS, SESSIONS, pack_key, root_key, tombstone_key, version_key
from tilth.datasets.gc import (
    STEPS,
    Step,
    Survey,
    execute_gc,
    fence_expired,
    list_claims,
    list_objects,
    list_tombstones,
    list_versions,
    plan_gc,
)
from tilth.datasets.records import VersionRecord, fetch_register
from tilth.datasets.sessions import Bases, Claims, Session, open_session, resume_session
from tilth.store.api import Buffer, Key, ObjectStore
from tilth.store.memory import MemoryStore
from tilth.testing.clocks import ManualClock
from tilth.testing.scheduler import Crashed, ScheduledStore, Scheduler
from tilth.testing.versions import light_record, light_root, mark_light, numbered_id

SCHEDULES = int(os.environ.get("TILTH_SCHEDULES", "1000"))
BLOCKS = 4


class Violation(Exception):
    """Something that was promised does not hold."""


class Variant(Struct, frozen=True):
    """The protocol, or what it would be with one thing done otherwise."""

    steps: Sequence[Step] = STEPS
    claims: type[Claims] = Claims
    store: type[ScheduledStore] = ScheduledStore


class ClaimsWithoutPins(Claims):
    """Announces the session, but not what it relies on."""

    def write(self, key: Key, bases: tuple[VersionId, ...]) -> None:
        super().write(key, bases[:0])


class ClaimsAfterChecks(Claims):
    """Checks that a base is alive before the claim instead of after it."""

    def pin(self, key: Key, bases: Iterable[VersionId]) -> Bases:
        wanted = tuple(bases)
        checked = self.check(wanted)
        self.write(key, wanted)
        return checked


class PlainPutStore(ScheduledStore):
    """Looks first and writes then, instead of doing both at once."""

    def put_if_absent(self, key: Key, data: Buffer) -> bool:
        if self.head(key) is not None:
            return False
        self.put(key, [data])
        return True


def forget_expired(survey: Survey) -> None:
    """Takes the claims of expired sessions away without telling them."""
    for session in survey.expired():
        survey.release(session)


PROTOCOL = Variant()
MUTATIONS = {
    "sessions-first": Variant(steps=(list_claims, list_tombstones, list_objects, fence_expired, list_versions)),
    "sessions-before-tombs": Variant(steps=(list_objects, list_claims, list_tombstones, fence_expired, list_versions)),
    "packs-last": Variant(steps=(list_tombstones, list_claims, list_objects, fence_expired, list_versions)),
    "versions-before-fence": Variant(steps=(list_objects, list_tombstones, list_claims, list_versions, fence_expired)),
    "no-fence": Variant(steps=(list_objects, list_tombstones, list_claims, forget_expired, list_versions)),
    "no-pin": Variant(claims=ClaimsWithoutPins),
    "check-then-pin": Variant(claims=ClaimsAfterChecks),
    "plain-put": Variant(store=PlainPutStore),
}


class Crowd(Struct, frozen=True):
    """How many versions there are before anything else happens, how many of whom there may be, and how they take turns."""

    versions: int
    writers: tuple[int, int]
    deleters: tuple[int, int]
    collections: tuple[int, int]
    bursts: tuple[int, ...]


MANY = Crowd(versions=0, writers=(3, 8), deleters=(1, 3), collections=(1, 3), bursts=(1, 1, 1, 2, 5, 20))
FEW = Crowd(versions=1, writers=(1, 2), deleters=(1, 1), collections=(1, 1), bursts=(1, 3, 4, 10))

SEARCHES = {"sessions-before-tombs": (FEW, 4000, 20_000)}
"""Where to look for a violation that is rare, about one in 4,000: the crowd, the first seed, and how many to try."""


class Draft:
    """What a writer keeps on its own disk: enough for another process to go on."""

    def __init__(self, version: VersionId) -> None:
        self.id = version
        self.needs: set[Key] = set()
        self.packs = 0
        self.held: frozenset[VersionId] = frozenset()

    def relies_on(self, session: Session) -> None:
        self.held = frozenset(session.bases)


class World:
    """One store, what was promised about it, and the actors that may break the promise."""

    def __init__(self, seed: int, variant: Variant, crowd: Crowd) -> None:
        self.random = Random(seed)
        self.variant = variant
        self.crowd = crowd
        self.clock = ManualClock()
        self.disk = MemoryStore()
        self.scheduler = Scheduler(self.random, bursts=crowd.bursts)
        self.store: ObjectStore = variant.store(self.disk, self.scheduler, self.check)
        self.ids = map(numbered_id, count(1))
        self.needs: dict[VersionId, frozenset[Key]] = {}
        self.acknowledged: set[VersionId] = set()
        self.abandoned: list[Draft] = []

    def run(self) -> None:
        crowd = self.crowd
        for _ in range(crowd.versions):
            self.write_first()
        for actor, numbers in ((self.write, crowd.writers), (self.delete, crowd.deleters), (self.collect, crowd.collections)):
            for _ in range(self.random.randint(*numbers)):
                self.scheduler.spawn(actor)
        self.scheduler.run()

    def check(self) -> None:
        """Every version that anybody can see, and every one that was acknowledged, is whole until somebody deletes it."""
        for version, needs in self.needs.items():
            if self.disk.head(tombstone_key(version)) is not None:
                continue
            if isinstance(fetch_register(self.disk, version), VersionRecord):
                if missing := [key for key in needs if self.disk.head(key) is None]:
                    raise Violation(f"version {version} lost {missing}")
            elif version in self.acknowledged:
                raise Violation(f"version {version} was acknowledged and is gone")

    # The actors

    def write(self) -> None:
        resumes = bool(self.abandoned) and self.random.random() < 0.7
        draft = self.abandoned.pop() if resumes else Draft(next(self.ids))
        try:
            finished = self.write_version(draft, resumes=resumes)
        except (NotFound, SessionFenced, VersionFinal):
            return
        except Crashed:
            finished = False
        if not finished:
            self.abandoned.append(draft)

    def write_first(self) -> None:
        draft = Draft(next(self.ids))
        session = open_session(self.store, draft.id, [], clock=self.clock)
        for _ in range(3):
            self.put_pack(draft)
        self.commit(draft, session)

    def write_version(self, draft: Draft, *, resumes: bool) -> bool:
        session = self.resume(draft) if resumes else self.open(draft)
        for _ in range(self.random.randint(0, 2)):
            what = self.random.random()
            if what < 0.2:
                self.pin_late(draft, session)
            elif what < 0.3:
                session = self.resume(draft)
            elif what < 0.35:
                return False
            self.put_pack(draft)
        if self.random.random() < 0.1:
            session.abort()
            return self.random.random() < 0.5
        self.commit(draft, session)
        return True

    def open(self, draft: Draft) -> Session:
        base = self.some_version() if self.random.random() < 0.8 else None
        bases = [base] if base else []
        session = open_session(self.store, draft.id, bases, clock=self.clock, claims=self.variant.claims)
        draft.relies_on(session)
        self.reuse(draft, bases)
        return session

    def resume(self, draft: Draft) -> Session:
        session = resume_session(self.store, draft.id, clock=self.clock, claims=self.variant.claims)
        if self.variant is PROTOCOL and not draft.held <= session.bases.keys():
            raise Violation(f"session {draft.id} lost a base")
        draft.relies_on(session)
        return session

    def pin_late(self, draft: Draft, session: Session) -> None:
        base = self.some_version()
        if base is not None and session.pin(base) is not None:
            draft.relies_on(session)
            self.reuse(draft, [base])

    def reuse(self, draft: Draft, bases: Sequence[VersionId]) -> None:
        for base in bases:
            packs = sorted(key for key in self.needs[base] if key.startswith(PACKS))
            draft.needs.update(self.random.sample(packs, k=self.random.randint(0, len(packs))))

    def put_pack(self, draft: Draft) -> None:
        key = pack_key(draft.id, draft.packs)
        draft.packs += 1
        self.store.put(key, [b"chunks"])
        draft.needs.add(key)

    def commit(self, draft: Draft, session: Session) -> None:
        root = root_key(draft.id)
        self.store.put(root, [light_root(draft.needs)])
        record = light_record(draft.id, session.bases)
        self.needs[draft.id] = frozenset({root, *draft.needs})
        session.commit(record)
        self.acknowledged.add(draft.id)
        self.check()

    def delete(self) -> None:
        living = sorted(version for version in self.acknowledged if self.disk.head(tombstone_key(version)) is None)
        if living:
            with suppress(NotFound):
                write_tombstone(self.store, self.random.choice(living), self.clock)

    def clean_up(self) -> None:
        """Give up whatever is still open and collect until nothing changes."""
        for _ in range(2):
            plan = plan_gc(self.disk, mark=mark_light, is_expired=lambda *_: True, clock=self.clock)
            execute_gc(self.disk, plan, confirmed=True)
        self.check()
        needed = {key for record in list_records(self.disk) for key in mark_light(self.disk, record)}
        kept = {info.key for kind in (PACKS, ROOTS) for info in self.disk.list(kind)}
        if kept != needed or list(self.disk.list(SESSIONS)):
            raise Violation(f"garbage stayed: {sorted(kept - needed)}")

    def collect(self) -> None:
        # A version that another collection removes meanwhile can't be marked: giving up is allowed, going on is not.
        with suppress(Conflict):
            plan = plan_gc(
                self.store, mark=mark_light, is_expired=lambda *_: self.random.random() < 0.5, clock=self.clock, steps=self.variant.steps
            )
            execute_gc(self.store, plan, confirmed=True)

    def some_version(self) -> VersionId | None:
        known = sorted(version for version in self.needs if self.disk.head(version_key(version)) is not None)
        return self.random.choice(known) if known else None


def first_violation(seeds: Iterable[int], variant: Variant, crowd: Crowd) -> int | None:
    for seed in seeds:
        try:
            World(seed, variant, crowd).run()
        except Violation:
            return seed
    return None


@pytest.mark.parametrize("crowd", [MANY, FEW], ids=["many", "few"])
@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_protocol_keeps_what_is_needed_and_collects_the_rest(block: int, crowd: Crowd) -> None:
    for seed in range(block, SCHEDULES, BLOCKS):
        world = World(seed, PROTOCOL, crowd)
        try:
            world.run()
            world.clean_up()
        except Violation as violation:
            violation.add_note(f"seed {seed}, {crowd}")
            raise


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_is_caught(name: str) -> None:
    crowd, first, most = SEARCHES.get(name, (MANY, 0, 6000))
    assert first_violation(range(first, first + most), MUTATIONS[name], crowd) is not None


def test_a_schedule_is_a_function_of_its_seed() -> None:
    def ends(seed: int) -> list[tuple[Key, int]]:
        world = World(seed, PROTOCOL, MANY)
        world.run()
        return [(info.key, info.size_bytes) for info in world.disk.list("")]

    assert [ends(seed) for seed in range(30)] == [ends(seed) for seed in range(30)]


@pytest.mark.parametrize("position", range(len(STEPS) + 1))
def test_a_base_that_is_pinned_and_then_deleted_is_kept_whenever_that_happens(position: int) -> None:
    assert doomed_around_a_pin([*STEPS[:position], pin_then_delete, *STEPS[position:]]) == []


def test_a_base_that_is_pinned_and_then_deleted_is_lost_if_claims_are_read_before_tombstones() -> None:
    steps = [list_objects, list_claims, pin_then_delete, list_tombstones, fence_expired, list_versions]
    assert doomed_around_a_pin(steps) == [root_key(BASE), pack_key(BASE, 0)][::-1]


BASE = numbered_id(1)


def pin_then_delete(survey: Survey) -> None:
    """Stands between two steps of a collection: what a writer and a deleter do meanwhile."""
    open_session(survey.store, numbered_id(2), [BASE], clock=survey.clock)
    write_tombstone(survey.store, BASE, survey.clock)


def doomed_around_a_pin(steps: Sequence[Step]) -> list[Key]:
    disk, clock = MemoryStore(), ManualClock()
    session = open_session(disk, BASE, [], clock=clock)
    disk.put(pack_key(BASE, 0), [b"chunks"])
    disk.put(root_key(BASE), [light_root([pack_key(BASE, 0)])])
    session.commit(light_record(BASE))
    plan = plan_gc(disk, mark=mark_light, is_expired=lambda *_: False, clock=clock, steps=steps)
    return [info.key for info in plan.doomed]
