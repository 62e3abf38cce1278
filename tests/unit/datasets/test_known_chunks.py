"""Versions that may share contents are looked at in bounded memory, however alike and however many they are."""

from hashlib import sha256

import pytest

from tilth.datasets import known_chunks
from tilth.datasets.known_chunks import KnownChunks
from tilth.testing.repositories import Workbench


def test_what_candidates_share_is_taken_in_once(bench: Workbench) -> None:
    first = bench.version({"a": b"shared", "b": b"shared too"})
    second = bench.version({"a": b"shared", "b": b"shared too"}, first)
    with bench.draft() as draft:
        known = KnownChunks(bench.store, draft.session, [], lambda: [second, first])
        assert known.has_candidates
        assert [len(index) for index in (known._unpinned or {}).values()] == [2, 0]
        known.probe([sha256(b"shared").digest()])
        assert list(draft.session.bases) == [second]
        assert known.find(sha256(b"shared too").digest())


def test_candidates_share_the_room_there_is(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_chunks, "MOST_CANDIDATE_CHUNKS", 3)
    versions = [bench.version({f"{number}{name}": f"{number}{name}".encode() for name in "ab"}) for number in range(4)]
    with bench.draft() as draft:
        known = KnownChunks(bench.store, draft.session, [], lambda: versions)
        assert known.has_candidates
        assert [len(index) for index in (known._unpinned or {}).values()] == [2, 2, 0, 0]
