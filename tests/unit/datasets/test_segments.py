"""Pieces of listings in columns: changing them does not make a piece for each change."""

from hashlib import sha256

from tilth.datasets.segments import Rows
from tilth.domain.dataset import ChunkRef, Entry


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
