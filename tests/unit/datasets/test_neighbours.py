"""What lies between chunks that are read together is kept, so that whoever wants it later, as an epoch does, finds it in the cache."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.unit.datasets.test_reader import FarStore
from tilth.base.ids import VersionId
from tilth.datasets.cache.chunks import ChunkCache
from tilth.datasets.packs import GAP_BYTES
from tilth.datasets.reader import ChunkSource
from tilth.domain.dataset import ChunkRef
from tilth.store.api import Key
from tilth.testing.repositories import Workbench

FILES = {f"{number:02}": random.Random(number).randbytes(1_000 + number) for number in range(20)}
CONTENTS = list(FILES.values())


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def version(bench: Workbench) -> VersionId:
    return bench.version(FILES)


@pytest.fixture
def chunks(bench: Workbench, version: VersionId) -> list[ChunkRef]:
    """The only chunk of each file, which lie in one pack in the order of the paths."""
    entries = [bench.repository.manifest(version).find(path) for path in FILES]
    found = [entry.chunks[0] for entry in entries if entry]
    assert [chunk.offset for chunk in found] == sorted(chunk.offset for chunk in found)
    assert len({chunk.pack for chunk in found}) == 1
    return found


@pytest.fixture
def far(bench: Workbench, version: VersionId) -> FarStore:
    store = FarStore()
    for info in bench.store.list(""):
        store.put(info.key, [bench.store.get(info.key)])
    return store


@pytest.fixture
def cache(tmp_path: Path) -> ChunkCache:
    return ChunkCache(tmp_path / "cache", limit_bytes=1 << 30)


def between(chunks: Sequence[ChunkRef]) -> Callable[[Sequence[ChunkRef]], list[ChunkRef]]:
    """What of `chunks` lies between the first and the last of some."""
    return lambda some: [chunk for chunk in chunks if some[0].offset < chunk.offset < some[-1].offset and chunk not in some]


def kept(cache: ChunkCache, chunks: Sequence[ChunkRef]) -> list[int]:
    return [number for number, chunk in enumerate(chunks) if cache.get(chunk) is not None]


def test_what_is_read_in_between_is_kept(chunks: list[ChunkRef], far: FarStore, cache: ChunkCache) -> None:
    wanted = [chunks[number] for number in (9, 3, 6)]
    assert ChunkSource(far, cache).load(wanted, between(chunks)) == [CONTENTS[9], CONTENTS[3], CONTENTS[6]]
    assert len(far.asked) == 1
    assert kept(cache, chunks) == list(range(3, 10))
    far.is_away = True
    assert ChunkSource(far, cache).load(chunks[3:10], between(chunks)) == CONTENTS[3:10]


def test_who_does_not_say_what_lies_there_keeps_what_was_wanted(chunks: list[ChunkRef], far: FarStore, cache: ChunkCache) -> None:
    ChunkSource(far, cache).load([chunks[2], chunks[5]])
    assert kept(cache, chunks) == [2, 5]


def test_without_a_cache_nothing_more_is_done(chunks: list[ChunkRef], far: FarStore, tmp_path: Path) -> None:
    for none in (None, ChunkCache(tmp_path / "none", limit_bytes=0)):
        source = ChunkSource(far, none)
        assert source.load([chunks[2], chunks[5]], between(chunks)) == [CONTENTS[2], CONTENTS[5]]
        assert set(source._memory) == {chunks[2].sha256, chunks[5].sha256}


def test_what_is_damaged_in_between_is_not_kept_and_harms_nothing(chunks: list[ChunkRef], far: FarStore, cache: ChunkCache) -> None:
    pack = bytearray(far.get(Key(chunks[4].pack)))
    pack[chunks[4].offset] ^= 1
    far.put(Key(chunks[4].pack), [pack])
    source = ChunkSource(far, cache)
    assert source.load([chunks[2], chunks[6]], between(chunks)) == [CONTENTS[2], CONTENTS[6]]
    assert kept(cache, chunks) == [2, 3, 5, 6]
    assert source._coming == {}


def test_what_somebody_else_fetches_or_has_fetched_is_left_to_them(chunks: list[ChunkRef], far: FarStore, cache: ChunkCache) -> None:
    cache.put(chunks[4], CONTENTS[4])
    before = (Path(cache._chunks) / chunks[4].sha256.hex()[:2] / chunks[4].sha256.hex()).stat().st_ino
    with cache.claims.open() as other:  # as another process, which is not done yet
        assert other.claim(chunks[5].sha256)
        assert ChunkSource(far, cache).load([chunks[2], chunks[7]], between(chunks)) == [CONTENTS[2], CONTENTS[7]]
        assert kept(cache, chunks) == [2, 3, 4, 6, 7]
    assert (Path(cache._chunks) / chunks[4].sha256.hex()[:2] / chunks[4].sha256.hex()).stat().st_ino == before
    with cache.claims.open() as other:
        assert all(other.claim(chunk.sha256) for chunk in chunks), "a claim was not let go"


def test_many_requests_go_in_rounds_and_all_comes(bench: Workbench, cache: ChunkCache) -> None:
    files = {f"{number:02}": random.Random(number).randbytes(1_000 if number % 2 else GAP_BYTES + 1) for number in range(24)}
    manifest = bench.repository.manifest(bench.version(files))
    small = [entry.chunks[0] for path in files if int(path) % 2 and (entry := manifest.find(path))]
    far = FarStore()
    for info in bench.store.list(""):
        far.put(info.key, [bench.store.get(info.key)])
    asked: list[int] = []

    def nothing(some: Sequence[ChunkRef]) -> list[ChunkRef]:
        asked.append(len(some))
        return []

    assert ChunkSource(far, cache).load(small, nothing) == [content for path, content in files.items() if int(path) % 2]
    assert asked == [4, 4, 4]
    assert len(far.asked) == 12
