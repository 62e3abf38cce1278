"""Pieces of listings in columns: changing them does not make a piece for each change."""

from hashlib import sha256

from tilth.datasets.segments import Rows
from tilth.domain.dataset import ChunkRef, Entry, Link, fingerprint


def entry(number: int, pack: str) -> Entry:
    digest = sha256(f"{pack}{number}".encode()).digest()
    return Entry(f"{number:06}", 10, digest, 0o644, number, (ChunkRef(digest, pack, 16 + 10 * number, 10, 10),))


def test_scattered_changes_are_spliced_at_once() -> None:
    count = 60_000
    rows = Rows.of([entry(number, "packs/old") for number in range(count)])
    changed = rows.splice([(f"{number:06}", entry(number, "packs/new") if number % 4 else None) for number in range(0, count, 2)])
    expected = [entry(number, "packs/old" if number % 2 else "packs/new") for number in range(count) if number % 4]
    assert list(changed.entries()) == expected
    assert changed.dump() == Rows.of(expected).dump()


def link(number: int, etag: str = "a") -> Entry:
    address = f"s3://bucket/folder/{number:06}"
    return Entry(f"{number:06}", 10, fingerprint(address, 10, etag), 0o644, number, (), Link(address, etag, is_hashed=False))


def test_links_come_back_as_they_went_in_beside_stored_files() -> None:
    entries = [link(number) if number % 3 else entry(number, "packs/old") for number in range(1_000)]
    loaded = Rows.load(Rows.of(entries).dump(), name="s")
    assert list(loaded.entries()) == entries
    assert loaded.has_links
    at = loaded.row_of("000001")
    assert at == 1
    assert list(loaded.slice(at, at + 1).entries()) == [link(1)]
    assert loaded.row_of("000001x") is None


def test_a_segment_without_links_is_the_same_whether_or_not_there_ever_were_any() -> None:
    stored = [entry(number, "packs/old") for number in range(0, 1_000, 2)]
    mixed = Rows.of([link(number) if number % 2 else entry(number, "packs/old") for number in range(1_000)])
    without = mixed.splice([(f"{number:06}", None) for number in range(1, 1_000, 2)])
    assert not without.has_links
    assert without.dump() == Rows.of(stored).dump()


def test_a_stored_file_becomes_a_link_and_a_link_a_stored_file() -> None:
    rows = Rows.of([entry(number, "packs/old") for number in range(10)])
    linked = rows.splice([("000003", link(3))])
    assert list(linked.entries(3, 5)) == [link(3), entry(4, "packs/old")]
    assert linked.splice([("000003", entry(3, "packs/old"))]).dump() == rows.dump()


def test_columns_can_be_asked_for_links_also_where_there_are_none() -> None:
    plain, linked = Rows.of([entry(1, "packs/old")]).dump(), Rows.of([link(1)]).dump()
    assert Rows.load_columns(plain, ["path", "link"], name="s").column("link").to_pylist() == [None]
    assert Rows.load_columns(linked, ["link", "size"], name="s").to_pylist() == [
        {"link": {"address": "s3://bucket/folder/000001", "etag": "a", "hashed": False}, "size": 10}
    ]
