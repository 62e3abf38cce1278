"""What a writer may rely on while its Session is open, and how a Session ends."""

from datetime import timedelta

import msgspec
import pytest

from tilth.base.errors import AlreadyExists, Internal, SessionFenced, VersionDeleted, VersionFinal, VersionNotFound
from tilth.datasets.catalog import write_tombstone
from tilth.datasets.format import heartbeat_key, late_claim_key, session_key, version_key
from tilth.datasets.records import Claim, Fence, Heartbeat, dump_record, fetch_register, load_claim, load_heartbeat, timestamp
from tilth.datasets.sessions import Claims, open_session, resume_session
from tilth.store.api import Buffer, Key
from tilth.store.memory import MemoryStore
from tilth.testing.clocks import ManualClock
from tilth.testing.versions import commit_light, light_record, numbered_id

A, B, C, NEW = (numbered_id(number) for number in (1, 2, 3, 9))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> MemoryStore:
    """A store with the versions A, B and C."""
    store = MemoryStore()
    for version in (A, B, C):
        commit_light(store, version, clock=clock)
    return store


def open_keys(store: MemoryStore) -> set[Key]:
    return {info.key for prefix in ("sessions/", "heartbeats/") for info in store.list(prefix)}


def test_opening_claims_the_bases_and_returns_their_records(store: MemoryStore, clock: ManualClock) -> None:
    session = open_session(store, NEW, [A, B, A], clock=clock)
    claim = load_claim(store.get(session_key(NEW)), session_key(NEW))
    assert session.bases == {A: light_record(A), B: light_record(B)}
    assert claim == Claim(NEW, (A, B), claim.host, timestamp(clock))
    assert load_heartbeat(store.get(heartbeat_key(NEW)), heartbeat_key(NEW)) == Heartbeat(NEW, (A, B), timestamp(clock))


def test_opening_on_a_deleted_base_is_refused_and_leaves_nothing(store: MemoryStore, clock: ManualClock) -> None:
    write_tombstone(store, B, clock)
    with pytest.raises(VersionDeleted, match=B):
        open_session(store, NEW, [A, B], clock=clock)
    assert open_keys(store) == set()


def test_opening_on_what_was_never_committed_is_refused(store: MemoryStore, clock: ManualClock) -> None:
    open_session(store, numbered_id(7), [], clock=clock).abort()
    for base in (numbered_id(7), numbered_id(8)):
        with pytest.raises(VersionNotFound, match=base):
            open_session(store, NEW, [base], clock=clock)
    assert open_keys(store) == set()


def test_opening_twice_is_refused(store: MemoryStore, clock: ManualClock) -> None:
    open_session(store, NEW, [A], clock=clock)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(AlreadyExists, match=NEW):
        open_session(store, NEW, [], clock=clock)
    assert resume_session(store, NEW, clock=clock).bases == {A: light_record(A)}


def test_commit_writes_the_register_and_lets_go(store: MemoryStore, clock: ManualClock) -> None:
    session = open_session(store, NEW, [A], clock=clock)
    session.pin(B)
    session.commit(light_record(NEW, [A, B]))
    assert fetch_register(store, NEW) == light_record(NEW, [A, B])
    assert open_keys(store) == set()


def test_commit_may_be_repeated(store: MemoryStore, clock: ManualClock) -> None:
    session = open_session(store, NEW, [], clock=clock)
    session.commit(light_record(NEW))
    session.commit(light_record(NEW))
    assert fetch_register(store, NEW) == light_record(NEW)


class DeafStore(MemoryStore):
    """Does what it is asked, but its answers to commits get lost."""

    def put_if_absent(self, key: Key, data: Buffer) -> bool:
        return super().put_if_absent(key, data) and not key.startswith("versions/")


def test_a_commit_whose_answer_was_lost_succeeds(clock: ManualClock) -> None:
    store = DeafStore()
    open_session(store, NEW, [], clock=clock).commit(light_record(NEW))
    assert fetch_register(store, NEW) == light_record(NEW)
    assert open_keys(store) == set()


def test_commit_after_a_fence_is_refused(store: MemoryStore, clock: ManualClock) -> None:
    session = open_session(store, NEW, [A], clock=clock)
    store.put_if_absent(version_key(NEW), dump_record(Fence(NEW, timestamp(clock))))
    with pytest.raises(SessionFenced, match=NEW):
        session.commit(light_record(NEW, [A]))
    assert fetch_register(store, NEW) == Fence(NEW, timestamp(clock))
    assert open_keys(store) == set()


def test_another_record_under_the_same_id_is_refused(store: MemoryStore, clock: ManualClock) -> None:
    session = open_session(store, NEW, [], clock=clock)
    other = msgspec.structs.replace(light_record(NEW), message="another")
    resume_session(store, NEW, clock=clock).commit(other)
    with pytest.raises(VersionFinal, match=NEW):
        session.commit(light_record(NEW))
    assert fetch_register(store, NEW) == other


def test_a_session_commits_only_its_own_record(store: MemoryStore, clock: ManualClock) -> None:
    with pytest.raises(Internal):
        open_session(store, NEW, [], clock=clock).commit(light_record(numbered_id(10)))


def test_an_aborted_session_can_never_commit(store: MemoryStore, clock: ManualClock) -> None:
    session = open_session(store, NEW, [A], clock=clock)
    session.abort()
    session.abort()
    assert open_keys(store) == set()
    with pytest.raises(SessionFenced):
        session.commit(light_record(NEW, [A]))
    with pytest.raises(SessionFenced):
        resume_session(store, NEW, clock=clock)


def test_a_committed_version_can_not_be_aborted(store: MemoryStore, clock: ManualClock) -> None:
    session = open_session(store, NEW, [], clock=clock)
    session.commit(light_record(NEW))
    with pytest.raises(VersionFinal, match=NEW):
        session.abort()
    assert fetch_register(store, NEW) == light_record(NEW)


def test_a_late_base_gets_a_claim_of_its_own(store: MemoryStore, clock: ManualClock) -> None:
    session = open_session(store, NEW, [A], clock=clock)
    before = store.get(session_key(NEW))
    assert session.pin(B) == light_record(B)
    assert session.pin(A) == light_record(A)
    assert session.bases.keys() == {A, B}
    assert store.get(session_key(NEW)) == before
    assert load_claim(store.get(late_claim_key(NEW, B)), late_claim_key(NEW, B)).bases == (B,)


def test_a_dead_base_is_not_pinned(store: MemoryStore, clock: ManualClock) -> None:
    session = open_session(store, NEW, [A], clock=clock)
    write_tombstone(store, B, clock)
    assert session.pin(B) is None
    assert session.pin(numbered_id(8)) is None
    assert session.bases == {A: light_record(A)}
    assert open_keys(store) == {session_key(NEW), heartbeat_key(NEW)}


def test_resuming_keeps_every_base_even_if_it_was_deleted_since(store: MemoryStore, clock: ManualClock) -> None:
    session = open_session(store, NEW, [A, B], clock=clock)
    session.pin(C)
    for version in (B, C):
        write_tombstone(store, version, clock)
    resumed = resume_session(store, NEW, clock=clock)
    assert resumed.bases == session.bases
    resumed.commit(light_record(NEW, resumed.bases))
    assert open_keys(store) == set()


def test_resuming_gives_up_a_base_that_died_before_it_was_held(store: MemoryStore, clock: ManualClock) -> None:
    session = open_session(store, NEW, [A], clock=clock)
    write_tombstone(store, B, clock)
    Claims(store, NEW, clock).write(late_claim_key(NEW, B), (B,))
    Claims(store, NEW, clock).write(late_claim_key(NEW, C), (C,))
    assert resume_session(store, NEW, clock=clock).bases == {**session.bases, C: light_record(C)}


def test_a_session_that_never_began_begins_when_it_is_resumed(store: MemoryStore, clock: ManualClock) -> None:
    session = resume_session(store, NEW, clock=clock)
    assert session.bases == {}
    assert load_claim(store.get(session_key(NEW)), session_key(NEW)).bases == ()


def test_resuming_what_was_committed_is_refused_and_cleans_up(store: MemoryStore, clock: ManualClock) -> None:
    open_session(store, NEW, [A], clock=clock).pin(B)
    store.put_if_absent(version_key(NEW), dump_record(light_record(NEW, [A, B])))
    with pytest.raises(VersionFinal, match=NEW):
        resume_session(store, NEW, clock=clock)
    assert open_keys(store) == set()


def test_a_heartbeat_says_when_and_what_is_held(store: MemoryStore, clock: ManualClock) -> None:
    session = open_session(store, NEW, [A], clock=clock)
    clock.advance(timedelta(hours=1))
    session.heartbeat()
    assert load_heartbeat(store.get(heartbeat_key(NEW)), heartbeat_key(NEW)) == Heartbeat(NEW, (A,), timestamp(clock))
