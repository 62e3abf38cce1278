"""The codecs of the small objects: nothing is lost, equal things are equal bytes, and damage is named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.base.errors import Corrupt, Invalid, VersionDeleted, VersionNotFound
from tilth.base.ids import VersionId
from tilth.datasets.format import root_key, session_key, tombstone_key, version_key
from tilth.datasets.records import (
    LARGEST_BYTES,
    Claim,
    Fence,
    Heartbeat,
    Register,
    Tombstone,
    VersionRecord,
    dump_record,
    fetch_register,
    load_claim,
    load_heartbeat,
    load_register,
    load_tombstone,
    read_record,
    timestamp,
)
from tilth.store.api import Key
from tilth.store.memory import MemoryStore
from tilth.testing.clocks import ManualClock

A, B = VersionId("a" * 32), VersionId("b" * 32)
NOW = "2025-01-01T00:00:00.000000Z"
RECORD = VersionRecord(
    id=A,
    project="pictures",
    name="cats",
    version="1.0.1",
    parents=(B,),
    bases=(B,),
    root=root_key(A),
    root_sha256="0" * 64,
    entries=2,
    size_bytes=3,
    author="someone",
    message="Ünïcödé\n",
    created=NOW,
    metadata={"b": "2", "a": "1"},
)

ids = st.text("0123456789abcdef", min_size=32, max_size=32).map(VersionId)
texts = st.text(max_size=40)
sizes = st.integers(0, 2**62)
versions = st.builds(
    VersionRecord,
    id=ids,
    project=texts,
    name=texts,
    version=texts,
    parents=st.lists(ids, max_size=3).map(tuple),
    bases=st.lists(ids, max_size=3).map(tuple),
    root=ids.map(root_key),
    root_sha256=texts,
    entries=sizes,
    size_bytes=sizes,
    author=texts,
    message=texts,
    created=texts,
    metadata=st.dictionaries(texts, texts, max_size=3),
)
registers: st.SearchStrategy[Register] = versions | st.builds(Fence, id=ids, fenced=texts)


@given(registers)
def test_a_register_comes_back(register: Register) -> None:
    data = dump_record(register)
    assert load_register(data, version_key(register.id)) == register
    assert dump_record(load_register(data, version_key(register.id))) == data


@given(ids, st.lists(ids, max_size=3).map(tuple), texts)
def test_claims_heartbeats_and_tombstones_come_back(version: VersionId, bases: tuple[VersionId, ...], host: str) -> None:
    claim, heartbeat, tombstone = Claim(version, bases, host, NOW), Heartbeat(version, bases, NOW), Tombstone(version, NOW)
    assert load_claim(dump_record(claim), session_key(version)) == claim
    assert load_heartbeat(dump_record(heartbeat), session_key(version)) == heartbeat
    assert load_tombstone(dump_record(tombstone), tombstone_key(version)) == tombstone


@given(registers)
def test_json_is_canonical(register: Register) -> None:
    data = dump_record(register)
    canonical = json.dumps(json.loads(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert data.decode() == canonical


def test_the_order_of_metadata_does_not_matter() -> None:
    other = {"a": "1", "b": "2"}
    assert list(other) != list(RECORD.metadata)
    assert dump_record(RECORD).count(b'"metadata":{"a":"1","b":"2"}') == 1


def test_a_usual_record_is_small() -> None:
    assert len(dump_record(RECORD)) < 1024


def test_a_record_that_is_too_large_is_refused() -> None:
    with pytest.raises(Invalid, match="shorten"):
        dump_record(Claim(A, (), "x" * LARGEST_BYTES, NOW))


@given(registers)
def test_unknown_fields_are_passed_over(register: Register) -> None:
    later = {**json.loads(dump_record(register)), "zz": {"from": ["a", "later", "release"]}}
    assert load_register(json.dumps(later).encode(), version_key(register.id)) == register


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"{}", b'{"type":"other","id":"x"}', b'{"type":"fence"}', b"\xff"])
def test_garbage_is_corrupt_and_named(data: bytes) -> None:
    for load in (load_register, load_claim, load_heartbeat, load_tombstone):
        with pytest.raises(Corrupt, match=version_key(A)):
            load(data, version_key(A))


@given(st.binary(max_size=60))
def test_no_bytes_do_worse_than_corrupt(data: bytes) -> None:
    for load in (load_register, load_claim, load_heartbeat, load_tombstone):
        try:
            load(data, version_key(A))
        except Corrupt:
            continue


def test_a_record_at_another_name_is_corrupt() -> None:
    with pytest.raises(Corrupt, match=version_key(B)):
        load_register(dump_record(RECORD), version_key(B))


@pytest.mark.parametrize("created", ["", "yesterday", "2025-13-01T00:00:00Z", "2025-01-01T00:00:00"])
def test_a_claim_without_a_real_time_is_corrupt(created: str) -> None:
    data = json.dumps({"id": A, "bases": [], "host": "h", "created": created}).encode()
    with pytest.raises(Corrupt, match=session_key(A)):
        load_claim(data, session_key(A))


def test_times_are_utc() -> None:
    assert timestamp(ManualClock()) == NOW


def test_a_register_is_open_until_it_is_written() -> None:
    store = MemoryStore()
    assert fetch_register(store, A) is None
    store.put(version_key(A), [dump_record(RECORD)])
    assert fetch_register(store, A) == RECORD


def test_only_a_living_version_has_a_record() -> None:
    store = MemoryStore()
    store.put(Key(version_key(A)), [dump_record(RECORD)])
    store.put(Key(version_key(B)), [dump_record(Fence(B, NOW))])
    assert read_record(store, A) == RECORD
    with pytest.raises(VersionNotFound, match=B):
        read_record(store, B)
    with pytest.raises(VersionNotFound, match=f"the store holds no version {'c' * 32}; if `tilth data search` shows it, "):
        read_record(store, VersionId("c" * 32))
    store.put(tombstone_key(A), [dump_record(Tombstone(A, NOW))])
    with pytest.raises(VersionDeleted, match=A):
        read_record(store, A)
