"""What a repository says about its versions, and how one is deleted."""

from datetime import timedelta

import pytest

from tilth.base.errors import Corrupt, VersionDeleted, VersionNotFound
from tilth.datasets.catalog import list_records, read_record, write_tombstone
from tilth.datasets.format import tombstone_key
from tilth.datasets.sessions import open_session
from tilth.store.api import Key
from tilth.store.memory import MemoryStore
from tilth.testing.clocks import ManualClock
from tilth.testing.versions import commit_light, light_record, numbered_id

CLOCK = ManualClock()
A, B, C = numbered_id(1), numbered_id(2), numbered_id(3)


def test_listing_shows_living_versions_in_the_order_of_their_ids() -> None:
    store = MemoryStore()
    for version in (C, A, B):
        commit_light(store, version, clock=CLOCK)
    write_tombstone(store, B, CLOCK)
    open_session(store, numbered_id(4), [], clock=CLOCK)
    open_session(store, numbered_id(5), [], clock=CLOCK).abort()
    assert list(list_records(store)) == [light_record(A), light_record(C)]


def test_a_deleted_version_can_not_be_read() -> None:
    store = MemoryStore()
    commit_light(store, A, clock=CLOCK)
    assert read_record(store, A) == light_record(A)
    write_tombstone(store, A, CLOCK)
    with pytest.raises(VersionDeleted, match=A):
        read_record(store, A)


def test_deleting_again_changes_nothing() -> None:
    store, clock = MemoryStore(), ManualClock()
    commit_light(store, A, clock=CLOCK)
    write_tombstone(store, A, clock)
    before = store.get(tombstone_key(A))
    clock.advance(timedelta(days=1))
    write_tombstone(store, A, clock)
    assert store.get(tombstone_key(A)) == before


def test_only_a_committed_version_can_be_deleted() -> None:
    store = MemoryStore()
    open_session(store, A, [], clock=CLOCK)
    open_session(store, B, [], clock=CLOCK).abort()
    for version in (A, B, C):
        with pytest.raises(VersionNotFound, match=version):
            write_tombstone(store, version, CLOCK)
    assert list(store.list("tombstones/")) == []


def test_a_foreign_object_among_the_versions_is_named() -> None:
    store = MemoryStore()
    store.put(Key("versions/notes.txt"), [b"?"])
    with pytest.raises(Corrupt, match=r"versions/notes\.txt"):
        list(list_records(store))
