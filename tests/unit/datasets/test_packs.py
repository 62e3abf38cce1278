"""Packs say what they hold, and a damaged one never passes for a whole one."""

import os
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard

from tilth.base.errors import Corrupt
from tilth.base.ids import VersionId, new_id
from tilth.datasets import packs
from tilth.datasets.packs import PackWriter, read_chunks, read_pack_index, read_range
from tilth.domain.dataset import ChunkRef
from tilth.store.api import Key
from tilth.store.local import LocalStore


def stored(store: LocalStore, *contents: bytes) -> list[ChunkRef]:
    writer = PackWriter(store, VersionId(new_id()), first_sequence=0)
    chunks = [writer.add(sha256(data).digest(), data, len(data)) for data in contents]
    writer.close()
    return chunks


def test_chunks_come_back_in_the_order_asked_for(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    contents = [os.urandom(size) for size in (1, 70_000, 0, 5, 900_000)]
    chunks = stored(store, *contents)
    for order in ([0, 1, 2, 3, 4], [4, 0, 3], [2], []):
        assert [bytes(data) for data in read_chunks(store, [chunks[at] for at in order])] == [contents[at] for at in order]


def test_a_pack_knows_its_own_chunks(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    chunks = stored(store, b"one", b"two two")
    assert read_pack_index(store, Key(chunks[0].pack)) == chunks


def test_a_pack_of_very_many_chunks_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "PACK_CHUNKS", 3)
    store = LocalStore(tmp_path)
    chunks = stored(store, *(bytes([number]) for number in range(7)))
    assert [chunk.pack.rpartition("-")[2] for chunk in chunks] == ["0", "0", "0", "1", "1", "1", "2"]
    assert list(map(bytes, read_chunks(store, chunks))) == [bytes([number]) for number in range(7)]


def test_a_full_pack_is_closed_and_the_next_one_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "PACK_BYTES", 100)
    store, seen = LocalStore(tmp_path), []
    writer = PackWriter(store, VersionId(new_id()), first_sequence=7)
    writer.on_stored = lambda pack: seen.append(pack.sequence)
    chunks = [writer.add(sha256(bytes([n])).digest(), bytes([n]) * 60, 60) for n in range(5)]
    writer.close()
    assert seen == [7, 8, 9]
    assert len({chunk.pack for chunk in chunks}) == 3
    assert writer.stored_bytes == sum(info.size_bytes for info in store.list("packs/"))


def test_a_compressed_chunk_is_unpacked(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    data = b"again and " * 1000
    writer = PackWriter(store, VersionId(new_id()), first_sequence=0)
    chunk = writer.add(sha256(data).digest(), zstandard.compress(data), len(data))
    writer.close()
    assert chunk.stored < chunk.raw
    assert [bytes(found) for found in read_chunks(store, [chunk])] == [data]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_flipped_bit_is_found_and_named_and_spares_the_others(tmp_path: Path, compressed: bool) -> None:
    store = LocalStore(tmp_path)
    contents = [b"first " * 500, b"second " * 500, b"third " * 500]
    writer = PackWriter(store, VersionId(new_id()), first_sequence=0)
    chunks = [writer.add(sha256(data).digest(), zstandard.compress(data) if compressed else data, len(data)) for data in contents]
    writer.close()
    path = tmp_path / chunks[1].pack
    damaged = bytearray(path.read_bytes())
    damaged[chunks[1].offset + chunks[1].stored // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(Corrupt, match=chunks[1].pack):
        list(read_chunks(store, [chunks[1]]))
    assert [bytes(data) for data in read_chunks(store, [chunks[0], chunks[2]])] == [contents[0], contents[2]]


def test_a_truncated_pack_is_found_and_named(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    chunks = stored(store, b"a" * 1000, b"b" * 1000)
    path = tmp_path / chunks[0].pack
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(Corrupt, match=chunks[1].pack):
        list(read_chunks(store, [chunks[1]]))
    with pytest.raises(Corrupt, match=chunks[0].pack):
        read_pack_index(store, Key(chunks[0].pack))
    assert [bytes(data) for data in read_chunks(store, [chunks[0]])] == [b"a" * 1000]


@pytest.mark.parametrize(("start", "length"), [(0, 0), (0, 1), (5, 10), (999, 2), (0, 5_000), (1_000, 1_000), (2_500, 9_999), (3_000, 1)])
def test_a_range_is_cut_out_of_the_chunks_that_hold_it(tmp_path: Path, start: int, length: int) -> None:
    store = LocalStore(tmp_path)
    contents = [os.urandom(1_000) for _ in range(3)]
    chunks = stored(store, *contents)
    assert b"".join(read_range(store, chunks, start, length)) == b"".join(contents)[start : start + length]


def test_a_range_does_not_touch_the_other_chunks(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    contents = [os.urandom(1_000) for _ in range(3)]
    chunks = stored(store, *contents)
    path = tmp_path / chunks[0].pack
    damaged = bytearray(path.read_bytes())
    damaged[chunks[0].offset] ^= 1
    path.write_bytes(damaged)
    assert b"".join(read_range(store, chunks, 1_200, 1_000)) == (contents[1] + contents[2])[200:1_200]
