"""Names of objects, and what `format.json` makes a release accept or refuse."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.base.errors import Corrupt, FormatUnsupported, NotFound
from tilth.base.ids import VersionId
from tilth.datasets import format as fmt
from tilth.store.api import Key
from tilth.store.memory import MemoryStore

A = VersionId("0123456789abcdef0123456789abcdef")
B = VersionId("f" * 32)
CHUNKER: dict[str, str | int] = {"name": "fastcdc-2020", "average": 1 << 20}

ids = st.text("0123456789abcdef", min_size=32, max_size=32).map(VersionId)
numbers = st.integers(0, 10**9)


def stored(**fields: object) -> MemoryStore:
    store = MemoryStore()
    store.put(fmt.FORMAT_KEY, [json.dumps({"version": 1, "chunker": CHUNKER, **fields}).encode()])
    return store


def test_names() -> None:
    assert fmt.pack_key(A, 7) == f"packs/7f/{A}-7"
    assert fmt.segment_key(A, 0) == f"segments/8a/{A}-0"
    assert fmt.root_key(A) == f"roots/{A}"
    assert fmt.version_key(A) == f"versions/{A}"
    assert fmt.session_key(A) == f"sessions/{A}"
    assert fmt.late_claim_key(A, B) == f"sessions/{A}-{B}"
    assert fmt.heartbeat_key(A) == f"heartbeats/{A}"
    assert fmt.tombstone_key(A) == f"tombstones/{A}"


@given(ids, ids, numbers)
def test_every_name_says_who_owns_it(session: VersionId, other: VersionId, number: int) -> None:
    keys = [fmt.pack_key(session, number), fmt.segment_key(session, number), fmt.late_claim_key(session, other)]
    keys += [name(session) for name in (fmt.root_key, fmt.version_key, fmt.session_key, fmt.heartbeat_key, fmt.tombstone_key)]
    assert {fmt.owner_of(key) for key in keys} == {session}


@given(ids, numbers, numbers)
def test_names_differ_when_numbers_do(session: VersionId, one: int, other: int) -> None:
    assert (fmt.pack_key(session, one) == fmt.pack_key(session, other)) == (one == other)


@pytest.mark.parametrize(
    "name", ["packs/0f/x", "packs/", f"packs/0f/{A}-", f"packs/0f/{A}.part", f"roots/{A[:-1]}", f"roots/{A.upper()}", ""]
)
def test_foreign_names_have_no_owner(name: str) -> None:
    assert fmt.find_owner(Key(name)) is None
    with pytest.raises(Corrupt):
        fmt.owner_of(Key(name))


def test_the_first_use_decides_the_format() -> None:
    store = MemoryStore()
    first = fmt.init_format(store, CHUNKER)
    assert first == fmt.Format(1, CHUNKER)
    assert fmt.init_format(store, {"name": "another"}) == first
    assert fmt.read_format(store) == first


def test_a_place_without_format_is_no_repository() -> None:
    with pytest.raises(NotFound):
        fmt.read_format(MemoryStore())


def test_a_newer_format_is_refused_whatever_else_it_says() -> None:
    store = MemoryStore()
    store.put(fmt.FORMAT_KEY, [b'{"version":2,"chunker":"another shape"}'])
    with pytest.raises(FormatUnsupported, match="format 2"):
        fmt.read_format(store)


def test_an_unknown_required_feature_is_refused_by_name() -> None:
    with pytest.raises(FormatUnsupported, match="relocations"):
        fmt.read_format(stored(required=["relocations"]))


def test_another_hash_is_refused() -> None:
    with pytest.raises(FormatUnsupported, match="blake3"):
        fmt.read_format(stored(hash="blake3"))


def test_unknown_fields_are_passed_over() -> None:
    assert fmt.read_format(stored(optional=["comments"])) == fmt.Format(1, CHUNKER)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"version":"1"}', b'{"version":1}', b'\xff\xfe{"version":1}'])
def test_a_damaged_format_is_named(data: bytes) -> None:
    store = MemoryStore()
    store.put(fmt.FORMAT_KEY, [data])
    with pytest.raises(Corrupt, match=r"format\.json"):
        fmt.read_format(store)
