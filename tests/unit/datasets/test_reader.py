"""A stored file reads like one on disk, in few requests, and never a byte that is not what was written."""

import io
import os
import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tilth.base.errors import Corrupt, Unavailable
from tilth.base.ids import VersionId
from tilth.datasets.blocks import BLOCK_BYTES
from tilth.datasets.cache.chunks import ChunkCache
from tilth.datasets.parts import Loaded, Part
from tilth.datasets.reader import ChunkSource, Neighbours, StoredFile
from tilth.domain.dataset import ChunkRef, Entry
from tilth.store.api import Key
from tilth.store.memory import MemoryStore
from tilth.testing.repositories import Workbench

CHANCE = random.Random(11)
LARGE = CHANCE.randbytes(14_000_000)
WORDS = b"the same words again, " * 200_000
OTHERS = bytes(255 - byte for byte in range(256))
"""Another byte for each one."""
FILES = {"large.bin": LARGE, "words.txt": WORDS, "small": b"only a few bytes", "empty": b""}


class FarStore(MemoryStore):
    """A store that is on no disk of this machine, and notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int]] = []
        self.is_away = False

    def get_range(self, key: Key, start: int, length: int) -> bytes:
        if self.is_away:
            raise Unavailable("the network is cut")
        self.asked.append((start, length))
        return super().get_range(key, start, length)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def version(bench: Workbench) -> VersionId:
    return bench.version(FILES)


@pytest.fixture
def far(bench: Workbench, version: VersionId) -> FarStore:
    store = FarStore()
    for info in bench.store.list(""):
        store.put(info.key, [bench.store.get(info.key)])
    return store


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> ChunkCache:
    return ChunkCache(tmp_path_factory.mktemp("cache"), limit_bytes=1 << 30)


def entry_of(bench: Workbench, version: VersionId, path: str) -> Entry:
    found = bench.repository.manifest(version).find(path)
    assert found is not None
    return found


@given(st.sampled_from(sorted(FILES)), st.lists(st.tuples(st.integers(0, 14_000_100), st.integers(-1, 3_000_000)), min_size=1, max_size=6))
def test_any_reads_give_what_the_file_holds(bench: Workbench, version: VersionId, path: str, reads: list[tuple[int, int]]) -> None:
    source = ChunkSource(bench.store, None, memory_bytes=5_000_000)
    ours, theirs = io.BufferedReader(StoredFile(source, entry_of(bench, version, path))), io.BytesIO(FILES[path])
    for position, size in reads:
        assert ours.seek(position) == theirs.seek(position)
        assert ours.read(size) == theirs.read(size)
        assert ours.tell() == theirs.tell()


def test_it_is_a_file_like_any_other(bench: Workbench, version: VersionId) -> None:
    file = StoredFile(ChunkSource(bench.store, None), entry_of(bench, version, "words.txt"))
    assert (file.readable(), file.seekable(), file.writable(), file.name, file.mode) == (True, True, False, "words.txt", "rb")
    assert (file.seek(-4, io.SEEK_END), file.read(), file.read(10)) == (len(WORDS) - 4, b"in, ", b"")
    assert file.seek(2, io.SEEK_SET) == 2
    assert file.seek(3, io.SEEK_CUR) == 5
    with pytest.raises(OSError, match="negative"):
        file.seek(-1)
    with pytest.raises(io.UnsupportedOperation):
        io.BufferedReader(file).write(b"more")
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.read(1)
    with pytest.raises(ValueError, match="closed"):
        file.tell()


def test_a_small_read_far_away_asks_for_one_chunk(bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache) -> None:
    entry = entry_of(bench, version, "large.bin")
    file = io.BufferedReader(StoredFile(ChunkSource(far, cache), entry))
    file.seek(7_000_000)
    assert file.read(4096) == LARGE[7_000_000:7_004_096]
    assert len(far.asked) == 1
    assert far.asked[0][1] <= 4 << 20


def test_a_large_read_asks_once_for_what_lies_together(bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache) -> None:
    assert ChunkSource(far, cache).read(entry_of(bench, version, "large.bin"), 1_000, 13_000_000) == LARGE[1_000:13_000_000]
    assert len(far.asked) == 1


def test_reading_on_brings_what_follows_ahead(bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache) -> None:
    entry = entry_of(bench, version, "large.bin")
    assert len(entry.chunks) > 6
    with StoredFile(ChunkSource(far, cache), entry) as file:
        pieces = []
        while piece := file.read(100_000):
            pieces.append(piece)
    assert b"".join(pieces) == LARGE
    assert len(far.asked) < len(entry.chunks), "chunks came one by one"
    assert sum(length for _, length in far.asked) == sum(chunk.stored for chunk in entry.chunks), "a chunk came twice"


def jump(file: IO[bytes], places: Sequence[int], size: int = 4096) -> None:
    """Read some bytes at each of the places, and compare them."""
    for at in places:
        file.seek(at)
        assert file.read(size) == LARGE[at : at + size]


def test_what_left_memory_is_read_in_parts(
    bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = entry_of(bench, version, "large.bin")
    file = io.BufferedReader(StoredFile(ChunkSource(far, cache, memory_bytes=5_000_000), entry))
    wholes: list[bytes] = []
    find = cache.find

    def noted(digest: bytes, size: int) -> bytes | None:
        wholes.append(digest)
        return find(digest, size)

    monkeypatch.setattr(cache, "find", noted)
    places = [CHANCE.randrange(1, len(LARGE) - 200_000) for _ in range(100)]
    jump(file, places)
    assert len(far.asked) == len(entry.chunks)
    wholes.clear()
    for size in (1, 4096, 50_000, 120_000):
        jump(file, places, size)
    assert len(far.asked) == len(entry.chunks)
    assert len(wholes) < len(entry.chunks)
    jump(file, places[:1], 3_000_000)  # who stays reads on, whole chunks


@pytest.mark.parametrize("how", ["changed", "cut", "removed"])
def test_parts_of_an_entry_that_was_touched_are_not_believed(
    bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache, how: str
) -> None:
    file = io.BufferedReader(StoredFile(ChunkSource(far, cache, memory_bytes=5_000_000), entry_of(bench, version, "large.bin")))
    places = [CHANCE.randrange(1, len(LARGE) - 4096) for _ in range(100)]
    jump(file, places)
    asked = len(far.asked)
    for kept in list(cache._scan()):
        if how == "removed":
            os.unlink(kept.path)
            continue
        known = os.stat(kept.path)
        if how == "cut":
            os.truncate(kept.path, CHANCE.randrange(kept.size_bytes) // BLOCK_BYTES * BLOCK_BYTES)
        else:
            with open(kept.path, "r+b") as there:
                wrong = there.read().translate(OTHERS)
                there.seek(0)
                there.write(wrong)
        os.utime(kept.path, ns=(known.st_atime_ns, known.st_mtime_ns))
    jump(file, places)
    assert len(far.asked) > asked


def test_reading_a_part_is_a_use(bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache) -> None:
    file = io.BufferedReader(StoredFile(ChunkSource(far, cache, memory_bytes=1), entry_of(bench, version, "large.bin")))
    places = [CHANCE.randrange(1, len(LARGE) - 4096) for _ in range(30)]
    jump(file, places)
    marks = {}
    for kept in list(cache._scan()):
        seen = os.stat(kept.path)
        marks[kept.path] = seen.st_mtime_ns % 1_000_000_000
        os.utime(kept.path, ns=(seen.st_atime_ns, seen.st_mtime_ns - 5_000 * 1_000_000_000))
    jump(file, places)
    assert all(time.time() - kept.used_s < 1_000 for kept in cache._scan())
    assert {kept.path: os.stat(kept.path).st_mtime_ns % 1_000_000_000 for kept in cache._scan()} == marks


def test_parts_of_packs_on_this_machine_are_checked_too(bench: Workbench, version: VersionId, far: FarStore) -> None:
    entry = entry_of(bench, version, "large.bin")
    file = io.BufferedReader(StoredFile(ChunkSource(far, None, memory_bytes=5_000_000), entry))
    places = [CHANCE.randrange(1, len(LARGE) - 4096) for _ in range(100)]
    jump(file, places)
    before = sum(length for _, length in far.asked)
    jump(file, places)
    assert sum(length for _, length in far.asked) - before < before / 2
    for pack in {chunk.pack for chunk in entry.chunks}:
        far.put(Key(pack), [far.get(Key(pack)).translate(OTHERS)])
    with pytest.raises(Corrupt, match=r"large\.bin can't be read: its chunk"):
        jump(file, places)


def test_the_second_reader_finds_all_in_the_cache(bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache) -> None:
    entry = entry_of(bench, version, "large.bin")
    ChunkSource(far, cache).read(entry, 0, entry.size)
    far.is_away = True
    assert ChunkSource(far, cache).read(entry, 0, entry.size) == LARGE


def test_packs_on_this_machine_are_not_kept_twice(bench: Workbench, version: VersionId, cache: ChunkCache) -> None:
    entry = entry_of(bench, version, "large.bin")
    ChunkSource(bench.store, cache).read(entry, 0, entry.size)
    assert cache.size_bytes() == 0


def test_what_somebody_wrote_into_the_cache_is_fetched_again(
    bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache
) -> None:
    entry = entry_of(bench, version, "words.txt")
    ChunkSource(far, cache).read(entry, 0, entry.size)
    first = len(far.asked)
    for kept in list(cache._scan()):
        with open(kept.path, "r+b") as file:
            file.write(b"!")
    assert ChunkSource(far, cache).read(entry, 0, entry.size) == WORDS
    assert len(far.asked) > first
    far.is_away = True
    assert ChunkSource(far, cache).read(entry, 0, entry.size) == WORDS


def test_a_damaged_chunk_is_named_and_its_neighbours_read(bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache) -> None:
    entry = entry_of(bench, version, "large.bin")
    broken = entry.chunks[2]
    pack = bytearray(far.get(Key(broken.pack)))
    pack[broken.offset] ^= 1
    far.put(Key(broken.pack), [pack])
    source = ChunkSource(far, cache)
    with pytest.raises(Corrupt, match=rf"large\.bin can't be read: its chunk 3 of {len(entry.chunks)}, {broken.sha256.hex()[:16]}: pack"):
        source.read(entry, 0, entry.size)
    before, after = sum(c.raw for c in entry.chunks[:2]), sum(c.raw for c in entry.chunks[:3])
    assert source.read(entry, 0, before) == LARGE[:before]
    assert source.read(entry, after, entry.size) == LARGE[after:]


def test_a_missing_pack_is_told_with_the_file(bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache) -> None:
    entry = entry_of(bench, version, "small")
    far.delete([Key(entry.chunks[0].pack)])
    with pytest.raises(Corrupt, match=r"small can't be read: its chunk 1 of 1, \w{16}, is missing, because there is no packs/"):
        ChunkSource(far, cache).read(entry, 0, entry.size)


def test_a_store_that_is_away_is_asked_once_and_later_again(bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache) -> None:
    entry = entry_of(bench, version, "large.bin")
    source = ChunkSource(far, cache)
    far.is_away = True
    with pytest.raises(Unavailable, match=r"large\.bin can't be read: its chunk 1 of .* the network is cut"):
        source.read(entry, 0, entry.size)
    far.is_away = False
    assert source.read(entry, 0, entry.size) == LARGE


def test_threads_share_one_file_and_fetch_each_chunk_once(bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache) -> None:
    entry = entry_of(bench, version, "large.bin")
    source = ChunkSource(far, cache)
    file = io.BufferedReader(StoredFile(source, entry))
    begin = threading.Barrier(6)

    def read(number: int) -> None:
        begin.wait()
        for at in range(number, 14_000_000, 1_500_000):
            assert source.read(entry, at, at + 1000) == LARGE[at : at + 1000]
            file.read(10)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(read, range(6)))
    assert file.tell() == 6 * 10 * len(range(0, 14_000_000, 1_500_000))
    assert sum(length for _, length in far.asked) <= sum(chunk.stored for chunk in entry.chunks)


def test_memory_is_bounded(bench: Workbench, version: VersionId, far: FarStore) -> None:
    entry = entry_of(bench, version, "large.bin")
    source = ChunkSource(far, None, memory_bytes=3_000_000)
    with StoredFile(source, entry) as file:
        while file.read(50_000):
            assert source._held_bytes <= 3_000_000
    assert source._held_bytes == sum(map(len, source._memory.values()))


def test_tiny_parts_of_many_chunks_are_not_all_held_at_once(
    bench: Workbench, version: VersionId, far: FarStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = entry_of(bench, version, "large.bin")
    most = 3 * max(chunk.raw for chunk in entry.chunks)
    monkeypatch.setattr("tilth.datasets.parts._MOST_HELD_BYTES", most)
    loads: list[dict[bytes, int]] = []

    class Noting(ChunkSource):
        def load(self, wanted: Sequence[ChunkRef], neighbours: Neighbours | None = None) -> list[Loaded]:
            loads.append({chunk.sha256: chunk.raw for chunk in wanted})
            return super().load(wanted, neighbours)

    begins = [end - chunk.raw for chunk, end in zip(entry.chunks, accumulate(chunk.raw for chunk in entry.chunks), strict=True)]
    starts = [begin + at for begin in begins for at in (1, 1_000, 5)]
    CHANCE.shuffle(starts)
    parts = [Part(entry, start, start + 7) for start in starts]
    parts.insert(4, Part(entry_of(bench, version, "empty"), 0, 7))
    found = Noting(far, None, memory_bytes=1).read_many(parts)
    assert found == [LARGE[part.start : part.stop] if part.entry is entry else b"" for part in parts]
    assert len(loads) > 1
    assert all(sum(load.values()) <= most for load in loads)
    assert sorted(digest for load in loads for digest in load) == sorted({chunk.sha256 for chunk in entry.chunks})  # each once


def test_the_chunks_of_a_file_are_gone_through_once_for_all_its_parts(bench: Workbench, version: VersionId, far: FarStore) -> None:
    class Counted(tuple[ChunkRef, ...]):
        __slots__ = ()
        times = 0

        def __iter__(self) -> Iterator[ChunkRef]:
            type(self).times += 1
            return super().__iter__()

    entry = entry_of(bench, version, "large.bin")
    counted = replace(entry, chunks=Counted(entry.chunks))
    parts = [Part(counted, start, start + 5) for start in range(0, 500_000, 1_000)]
    assert ChunkSource(far, None).read_many(parts) == [LARGE[part.start : part.stop] for part in parts]
    assert Counted.times == 1


def test_a_fork_reads_on(bench: Workbench, version: VersionId, far: FarStore, cache: ChunkCache) -> None:
    entry = entry_of(bench, version, "large.bin")
    source = ChunkSource(far, cache)
    file = io.BufferedReader(StoredFile(source, entry))
    file.read(3_000_000)
    source._lock.acquire()  # as a thread of the parent may hold it
    try:
        child = os.fork()
        if child == 0:
            right = file.read(5_000_000) == LARGE[3_000_000:8_000_000]
            os._exit(0 if right else 1)
    finally:
        source._lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert file.read() == LARGE[3_000_000:]


def test_an_empty_list_is_no_request(far: FarStore) -> None:
    assert ChunkSource(far, None).load([]) == []
    assert ChunkSource(far, None).read(Entry("e", 0, b"", 0o644, 0, ()), 0, 10) == b""


def test_one_chunk_wanted_twice_is_there_twice(bench: Workbench, version: VersionId, far: FarStore) -> None:
    chunk: ChunkRef = entry_of(bench, version, "small").chunks[0]
    assert ChunkSource(far, None).load([chunk, chunk]) == [FILES["small"]] * 2
    assert len(far.asked) == 1
