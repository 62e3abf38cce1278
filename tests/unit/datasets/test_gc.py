"""What a collection removes, what it keeps, and when it refuses."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tilth.base.errors import Conflict, Corrupt, PlanRefused
from tilth.base.ids import VersionId
from tilth.datasets.catalog import write_tombstone
from tilth.datasets.format import VERSIONS, heartbeat_key, pack_key, root_key, session_key, version_key
from tilth.datasets.gc import GcPlan, execute_gc, lease_expired, plan_gc
from tilth.datasets.records import Claim, Fence, VersionRecord, fetch_register, timestamp
from tilth.datasets.sessions import open_session
from tilth.store.api import Key, ObjectInfo, ObjectStore
from tilth.store.memory import MemoryStore
from tilth.testing.clocks import ManualClock
from tilth.testing.versions import commit_light, finish_light, light_record, light_root, mark_light, numbered_id

CLOCK = ManualClock()
A, B, C, NEW = (numbered_id(number) for number in (1, 2, 3, 9))


def never(claim: Claim, last_seen: datetime | None) -> bool:
    return False


def always(claim: Claim, last_seen: datetime | None) -> bool:
    return True


def plan(store: ObjectStore, is_expired: Callable[[Claim, datetime | None], bool] = never) -> GcPlan:
    return plan_gc(store, mark=mark_light, is_expired=is_expired, clock=CLOCK)


def keys(found: GcPlan) -> set[Key]:
    return {info.key for info in found.doomed}


def child_of(store: ObjectStore, base: VersionId, version: VersionId) -> list[Key]:
    """A version that shares its base's first pack and has one of its own."""
    session = open_session(store, version, [base], clock=CLOCK)
    store.put(pack_key(version, 0), [bytes(100)])
    return finish_light(store, session, [pack_key(base, 0), pack_key(version, 0)])


def test_nothing_is_removed_from_an_empty_store() -> None:
    assert plan(MemoryStore()) == GcPlan((), (), (), 0, 0)


def test_living_versions_are_kept_whole() -> None:
    store = MemoryStore()
    commit_light(store, A, clock=CLOCK, packs=3)
    child_of(store, A, B)
    total = sum(info.size_bytes for prefix in ("packs/", "roots/") for info in store.list(prefix))
    assert plan(store) == GcPlan((), (), (), total, total)


def test_a_deleted_version_goes_with_all_that_was_only_its_own() -> None:
    store = MemoryStore()
    commit_light(store, A, clock=CLOCK, packs=2)
    kept = child_of(store, A, B)
    write_tombstone(store, A, CLOCK)
    found = plan(store)
    doomed = tuple(ObjectInfo(key, info.size_bytes, info.modified_s) for key in (pack_key(A, 1), root_key(A)) if (info := store.head(key)))
    assert set(found.doomed) == set(doomed)
    assert found.dropped == (A,)
    assert found.total_bytes - found.kept_bytes == found.doomed_bytes == sum(info.size_bytes for info in doomed)
    execute_gc(store, found, confirmed=True)
    assert {info.key for prefix in ("packs/", "roots/") for info in store.list(prefix)} == set(kept)
    assert fetch_register(store, A) == light_record(A)
    assert keys(plan(store)) == set()
    assert plan(store).dropped == ()


def test_an_open_session_keeps_what_it_stored_and_its_deleted_bases() -> None:
    store = MemoryStore()
    commit_light(store, A, clock=CLOCK)
    commit_light(store, B, clock=CLOCK)
    session = open_session(store, NEW, [A], clock=CLOCK)
    session.pin(B)
    store.put(pack_key(NEW, 0), [b"new"])
    for version in (A, B):
        write_tombstone(store, version, CLOCK)
    assert keys(plan(store)) == set()
    finish_light(store, session, [pack_key(NEW, 0), pack_key(A, 0)])
    assert keys(plan(store)) == {root_key(A), root_key(B), pack_key(B, 0)}


def test_an_expired_session_is_fenced_and_what_it_stored_goes() -> None:
    store = MemoryStore()
    session = open_session(store, NEW, [], clock=CLOCK)
    store.put(pack_key(NEW, 0), [b"new"])
    found = plan(store, always)
    assert keys(found) == {pack_key(NEW, 0)}
    assert found.fenced == (NEW,)
    assert fetch_register(store, NEW) == Fence(NEW, timestamp(CLOCK))
    assert (store.head(session_key(NEW)), store.head(heartbeat_key(NEW))) == (None, None)
    assert session.id == NEW


def test_a_claim_that_a_commit_left_behind_is_removed() -> None:
    store = MemoryStore()
    commit_light(store, A, clock=CLOCK)
    store.put(session_key(A), [b'{"bases":[],"created":"2025-01-01T00:00:00Z","host":"h","id":"%s"}' % A.encode()])
    found = plan(store, always)
    assert (found.fenced, keys(found), store.head(session_key(A))) == ((), set(), None)
    assert fetch_register(store, A) == light_record(A)


def test_what_an_aborted_session_stored_goes() -> None:
    store = MemoryStore()
    session = open_session(store, NEW, [], clock=CLOCK)
    store.put(pack_key(NEW, 0), [b"new"])
    session.abort()
    assert keys(plan(store)) == {pack_key(NEW, 0)}


def test_objects_that_tilth_did_not_write_are_left_alone() -> None:
    store = MemoryStore()
    for name in ("packs/0f/.nfs0001", "packs/readme.txt", "roots/x"):
        store.put(Key(name), [b"?"])
    assert keys(plan(store)) == set()


@pytest.mark.parametrize("name", ["sessions/notes.txt", f"sessions/{A}", "versions/notes.txt", f"versions/{A}", "tombstones/notes.txt"])
def test_what_can_not_be_understood_ends_the_collection(name: str) -> None:
    store = MemoryStore()
    store.put(pack_key(NEW, 0), [b"garbage"])
    store.put(Key(name), [b"?"])
    with pytest.raises(Corrupt, match=name):
        plan(store)


def test_a_living_version_whose_root_is_lost_ends_the_collection() -> None:
    store = MemoryStore()
    commit_light(store, A, clock=CLOCK)
    store.put(pack_key(NEW, 0), [b"garbage"])
    store.delete([root_key(A)])
    with pytest.raises(Corrupt, match=A):
        plan(store)


def test_an_error_while_marking_ends_the_collection() -> None:
    store = MemoryStore()
    commit_light(store, A, clock=CLOCK)

    def mark(store: ObjectStore, record: VersionRecord) -> Iterator[Key]:
        yield record.root
        raise Corrupt("segment is damaged")

    with pytest.raises(Corrupt, match="segment is damaged"):
        plan_gc(store, mark=mark, is_expired=never, clock=CLOCK)


def test_removing_more_than_a_fifth_has_to_be_confirmed() -> None:
    store = MemoryStore()
    for version in (A, B, C):
        commit_light(store, version, clock=CLOCK, size_bytes=1000)
    write_tombstone(store, A, CLOCK)
    found = plan(store)
    with pytest.raises(PlanRefused, match="33 %"):
        execute_gc(store, found)
    assert store.head(root_key(A)) is not None
    execute_gc(store, found, confirmed=True)
    assert store.head(root_key(A)) is None


def test_removing_little_needs_no_confirmation() -> None:
    store = MemoryStore()
    commit_light(store, A, clock=CLOCK, size_bytes=1)
    commit_light(store, B, clock=CLOCK, size_bytes=1000)
    write_tombstone(store, A, CLOCK)
    execute_gc(store, plan(store))
    assert store.head(root_key(A)) is None


def test_a_plan_is_executed_once() -> None:
    store = MemoryStore()
    found = plan(store)
    execute_gc(store, found)
    with pytest.raises(PlanRefused, match="already"):
        execute_gc(store, found, confirmed=True)


def test_a_session_is_judged_by_its_claim_and_its_heartbeat() -> None:
    store, seen = MemoryStore(), list[tuple[Claim, datetime | None]]()
    session = open_session(store, NEW, [], clock=CLOCK)
    beat = store.head(heartbeat_key(NEW))
    assert beat is not None

    def watch(claim: Claim, last_seen: datetime | None) -> bool:
        seen.append((claim, last_seen))
        return False

    plan(store, watch)
    store.delete([heartbeat_key(NEW)])
    plan(store, watch)
    assert [(claim.id, last) for claim, last in seen] == [(session.id, datetime.fromtimestamp(beat.modified_s, UTC)), (session.id, None)]


def test_a_lease_ends_after_the_last_sign_of_life() -> None:
    clock = ManualClock()
    claim = Claim(NEW, (), "h", timestamp(clock))
    first = clock.now()
    day = timedelta(days=1)
    clock.advance(7 * day)
    assert not lease_expired(clock)(claim, None)
    clock.advance(day)
    assert lease_expired(clock)(claim, None)
    assert lease_expired(clock)(claim, first - 300 * day)
    assert not lease_expired(clock)(claim, first + 2 * day)
    assert not lease_expired(clock, lease=9 * day)(claim, None)
    assert not lease_expired(clock)(claim, first + 300 * day)


class SlowStore(MemoryStore):
    """Something happens between the moment that a listing of versions shows and its arrival."""

    meanwhile: Callable[[], None] | None = None

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        found = list(super().list(prefix))
        if prefix == VERSIONS and self.meanwhile is not None:
            happen, self.meanwhile = self.meanwhile, None
            happen()
        return iter(found)


def test_a_base_that_another_collection_removes_meanwhile_is_not_taken_for_garbage() -> None:
    store = SlowStore()
    commit_light(store, A, clock=CLOCK)
    session = open_session(store, NEW, [A], clock=CLOCK)
    write_tombstone(store, A, CLOCK)

    def commit_and_collect() -> None:
        finish_light(store, session, [pack_key(A, 0)])
        execute_gc(store, plan(store), confirmed=True)

    store.meanwhile = commit_and_collect
    with pytest.raises(Conflict, match=A):
        plan(store)
    assert store.head(root_key(A)) is None
    assert store.head(pack_key(A, 0)) is not None
    assert keys(plan(store)) == set()


def test_a_register_that_somebody_removed_ends_the_collection() -> None:
    store = SlowStore()
    commit_light(store, A, clock=CLOCK)
    store.meanwhile = lambda: store.delete([version_key(A)])
    with pytest.raises(Corrupt, match=version_key(A)):
        plan(store)


def test_a_large_listing_is_decided_exactly() -> None:
    store = MemoryStore()
    packs = [pack_key(A, number) for number in range(3000)]
    for key in packs:
        store.put(key, [b"x"])
    session = open_session(store, A, [], clock=CLOCK)
    store.put(root_key(A), [light_root(packs[::2])])
    session.commit(light_record(A))
    assert keys(plan(store)) == set(packs[1::2])
