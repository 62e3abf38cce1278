"""The cache of chunks keeps what is used, within its limit, whatever its processes go through."""

import fcntl
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import pytest

from tilth.base.faultpoints import CRASH_STATUS
from tilth.datasets.cache.blobs import blob_name
from tilth.datasets.cache.chunks import ChunkCache, KeptChunk, plan_eviction
from tilth.datasets.cache.locks import held
from tilth.datasets.cache.sharing import PRIVATE
from tilth.domain.dataset import ChunkRef

CHILD = """
import random, sys
from pathlib import Path
from hashlib import sha256
from tilth.datasets.cache.chunks import ChunkCache
from tilth.domain.dataset import ChunkRef

cache, chance = ChunkCache(Path(sys.argv[1]), limit_bytes=int(sys.argv[2])), random.Random(int(sys.argv[3]))
for number in range(int(sys.argv[4])):
    data = random.Random(chance.randrange(60)).randbytes(10_000)
    chunk = ChunkRef(sha256(data).digest(), "packs/00/p-0", 0, len(data), len(data))
    found = cache.get(chunk)
    assert found in (None, data), "a wrong byte"
    if found is None:
        cache.put(chunk, data)
"""


def chunk_of(data: bytes) -> ChunkRef:
    return ChunkRef(sha256(data).digest(), "packs/00/p-0", 0, len(data), len(data))


def contents(count: int, size: int = 1_000) -> list[bytes]:
    return [random.Random(number).randbytes(size) for number in range(count)]


def checksum(chunk: ChunkRef, data: bytes) -> int:
    return 1 + crc32(data, int.from_bytes(chunk.sha256[:4])) % 999_999_999


def path_in(root: Path, data: bytes) -> Path:
    return root / "chunks" / blob_name(sha256(data).digest())


def used_long_ago(root: Path, data: bytes, seconds: int) -> None:
    path = path_in(root, data)
    stat = path.stat()
    os.utime(path, (stat.st_atime - seconds, stat.st_mtime - seconds))


def run(root: Path, *, limit: int, seed: int, count: int, **environment: str) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-c", CHILD, str(root), str(limit), str(seed), str(count)]
    return subprocess.Popen(words, env=os.environ | environment)


def test_eviction_takes_the_longest_unused_first() -> None:
    kept = [KeptChunk("new", 3, 30.0), KeptChunk("old", 5, 10.0), KeptChunk("middle", 4, 20.0)]
    assert plan_eviction(kept, keep_bytes=12) == []
    assert plan_eviction(kept, keep_bytes=11) == [kept[1]]
    assert plan_eviction(kept, keep_bytes=6) == [kept[1], kept[2]]
    assert plan_eviction(kept, keep_bytes=0) == [kept[1], kept[2], kept[0]]
    assert plan_eviction([], keep_bytes=0) == []


def test_what_is_kept_is_found_by_another_process_of_the_same_folder(tmp_path: Path) -> None:
    data = contents(1)[0]
    ChunkCache(tmp_path, limit_bytes=10_000).put(chunk_of(data), data)
    assert ChunkCache(tmp_path, limit_bytes=10_000).get(chunk_of(data)) == data
    assert ChunkCache(tmp_path, limit_bytes=10_000).get(chunk_of(b"other")) is None


def test_the_limit_holds_and_what_was_used_last_stays(tmp_path: Path) -> None:
    cache = ChunkCache(tmp_path, limit_bytes=10_000)
    all_of_them = contents(12)
    for data in all_of_them[:10]:
        cache.put(chunk_of(data), data)
    assert cache.size_bytes() == 10_000
    for number, data in enumerate(all_of_them[:10]):
        used_long_ago(tmp_path, data, 10_000 - number)
    assert cache.get(chunk_of(all_of_them[0])) == all_of_them[0]  # which is a use
    for data in all_of_them[10:]:
        cache.put(chunk_of(data), data)
    assert cache.size_bytes() <= 10_000
    there = [number for number, data in enumerate(all_of_them) if path_in(tmp_path, data).exists()]
    assert 0 in there
    assert 1 not in there
    assert {10, 11} <= set(there)


@pytest.mark.parametrize("limit", [0, 999])
def test_what_is_larger_than_the_limit_is_not_kept(tmp_path: Path, limit: int) -> None:
    data = contents(1)[0]
    cache = ChunkCache(tmp_path, limit_bytes=limit)
    cache.put(chunk_of(data), data)
    assert cache.get(chunk_of(data)) is None
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("damage", [b"", b"x" * 999, b"x" * 1_000, b"x" * 2_000])
def test_a_damaged_entry_is_gone_and_can_be_kept_again(tmp_path: Path, damage: bytes) -> None:
    data = contents(1)[0]
    cache = ChunkCache(tmp_path, limit_bytes=10_000)
    cache.put(chunk_of(data), data)
    path_in(tmp_path, data).write_bytes(damage)
    assert cache.get(chunk_of(data)) is None
    assert not path_in(tmp_path, data).exists()
    cache.put(chunk_of(data), data)
    assert cache.get(chunk_of(data)) == data


def test_a_damaged_entry_is_found_out_whatever_its_time_says(tmp_path: Path) -> None:
    cache = ChunkCache(tmp_path, limit_bytes=10_000)
    data, other = contents(2)
    cache.put(chunk_of(other), other)
    kept_other = path_in(tmp_path, other)
    cache.put(chunk_of(data), data)
    os.rename(kept_other, path_in(tmp_path, data))
    assert cache.get(chunk_of(data)) is None  # a whole entry, and not the one of this name
    for wrong in (bytes(1_000), data[:-1] + bytes([data[-1] ^ 1]), other, data + b"x", data[:-1]):
        cache.put(chunk_of(data), data)
        path = path_in(tmp_path, data)
        kept = path.stat().st_mtime_ns
        path.write_bytes(wrong)
        os.utime(path, ns=(kept, kept))
        assert cache.get(chunk_of(data)) is None
        assert not path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_a_checksum_counts_only_if_it_is_of_who_reads(tmp_path: Path) -> None:
    """Another user who may write into the folder could choose the time of an entry, and with it the checksum."""
    cache = ChunkCache(tmp_path, limit_bytes=10_000)
    data, other = contents(2)
    for owner, found in ((12345, None), (0, other)):  # its own user fools only itself
        cache.put(chunk_of(data), data)
        path_in(tmp_path, data).write_bytes(other)
        os.utime(path_in(tmp_path, data), ns=(1, checksum(chunk_of(data), other)))
        os.chown(path_in(tmp_path, data), owner, -1)
        assert cache.get(chunk_of(data)) == found
    (tmp_path / "chunks").rename(tmp_path / "old")
    cache.put(chunk_of(data), data)
    os.chown(path_in(tmp_path, data), 12345, -1)
    assert cache.get(chunk_of(data)) == data


def test_no_checksum_counts_where_others_may_write(tmp_path: Path) -> None:
    """They can write what fits the time that an entry then gets, and its owner stays who it was."""
    cache, data, other = ChunkCache(tmp_path / "cache", limit_bytes=10_000), *contents(2)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o2775)
    cache.put(chunk_of(data), data)
    assert cache.get(chunk_of(data)) == data
    path_in(tmp_path / "cache", data).write_bytes(other)
    os.utime(path_in(tmp_path / "cache", data), ns=(1, checksum(chunk_of(data), other)))
    assert cache.get(chunk_of(data)) is None


def test_what_is_no_file_of_the_right_size_is_not_read(tmp_path: Path) -> None:
    cache, data = ChunkCache(tmp_path, limit_bytes=10_000), contents(1)[0]
    for path in (path_in(tmp_path, data), tmp_path / "blobs" / blob_name(sha256(data).digest())):
        path.parent.mkdir(parents=True)
        os.mkfifo(path)
        assert cache.get(chunk_of(data)) is None
        path.unlink(missing_ok=True)
        with path.open("wb") as file:
            file.truncate(1 << 42)
        assert cache.get(chunk_of(data)) is None


def test_what_somebody_planted_in_place_of_an_entry_is_neither_waited_for_nor_touched(tmp_path: Path) -> None:
    cache, data = ChunkCache(tmp_path / "cache", limit_bytes=10_000), contents(1)[0]
    name = sha256(data).digest()
    cache.put(chunk_of(data), data)
    path = path_in(tmp_path / "cache", data)
    assert cache.part(name, 10, 90) == data[10:100]
    path.unlink()
    os.mkfifo(path)
    assert cache.part(name, 10, 90) is None
    assert cache.check(lambda files, size: None) == [path.name]
    other = tmp_path / "other"
    other.write_bytes(data)
    os.utime(other, ns=(5, 5))
    path.symlink_to(other)
    assert cache.part(name, 10, 90) is None
    assert other.stat().st_mtime_ns == 5


def test_an_entry_that_was_touched_or_made_without_a_checksum_gets_one(tmp_path: Path) -> None:
    cache, data = ChunkCache(tmp_path, limit_bytes=10_000), contents(1)[0]
    cache.put(chunk_of(data), data)
    path = path_in(tmp_path, data)
    assert path.stat().st_mtime_ns % 1_000_000_000 == checksum(chunk_of(data), data)
    os.utime(path, ns=(5, 5))
    assert cache.get(chunk_of(data)) == data
    assert path.stat().st_mtime_ns % 1_000_000_000 == checksum(chunk_of(data), data)
    assert time.time() - path.stat().st_mtime < 100


def test_a_file_that_a_local_copy_brought_is_used_and_never_removed(tmp_path: Path) -> None:
    data = contents(1)[0]
    blob = tmp_path / "blobs" / blob_name(sha256(data).digest())
    blob.parent.mkdir(parents=True)
    blob.write_bytes(data)
    cache = ChunkCache(tmp_path, limit_bytes=10_000)
    assert cache.get(chunk_of(data)) == data
    blob.write_bytes(b"changed by somebody")
    assert cache.get(chunk_of(data)) is None
    assert blob.exists()


def test_whoever_reads_an_entry_keeps_it_while_it_is_evicted(tmp_path: Path) -> None:
    cache = ChunkCache(tmp_path, limit_bytes=2_000)
    first, *others = contents(4)
    cache.put(chunk_of(first), first)
    with path_in(tmp_path, first).open("rb") as held:
        used_long_ago(tmp_path, first, 100)
        for data in others:
            cache.put(chunk_of(data), data)
        assert not path_in(tmp_path, first).exists()
        assert held.read() == first


@pytest.mark.parametrize("text", ["", "nonsense", "-5", "999999999999999999999999999999"])
def test_a_counter_that_is_wrong_is_found_out(tmp_path: Path, text: str) -> None:
    cache = ChunkCache(tmp_path, limit_bytes=5_000)
    for data in contents(3):
        cache.put(chunk_of(data), data)
    (tmp_path / "chunks" / "size").write_text(text)
    for data in contents(20):
        cache.put(chunk_of(data), data)
        assert cache.size_bytes() <= 5_000
    assert cache.size_bytes() >= 4_000


def test_a_cache_that_was_removed_is_begun_again(tmp_path: Path) -> None:
    cache = ChunkCache(tmp_path / "cache", limit_bytes=10_000)
    data = contents(1)[0]
    for _ in range(2):
        cache.put(chunk_of(data), data)
        assert cache.get(chunk_of(data)) == data
        shutil.rmtree(tmp_path / "cache")
        assert cache.get(chunk_of(data)) is None


def test_a_full_disk_costs_no_read_and_leaves_nothing(tmp_path: Path) -> None:
    """The size of a file stands for the size of a disk: this process may write none larger than half of the chunk."""
    cache = ChunkCache(tmp_path, limit_bytes=10_000_000)
    data = random.Random(1).randbytes(200_000)
    known = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, known[1]))
    try:
        cache.put(chunk_of(data), data)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, known)
        signal.signal(signal.SIGXFSZ, ignored)
    assert cache.get(chunk_of(data)) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    cache.put(chunk_of(data), data)
    assert cache.get(chunk_of(data)) == data


def test_a_folder_that_can_not_be_written_costs_no_read(tmp_path: Path) -> None:
    (tmp_path / "chunks").write_text("a file where a folder should be")
    data = contents(1)[0]
    cache = ChunkCache(tmp_path, limit_bytes=10_000)
    cache.put(chunk_of(data), data)
    assert cache.get(chunk_of(data)) is None


def test_a_process_that_is_killed_leaves_no_half_entry(tmp_path: Path) -> None:
    child = run(tmp_path, limit=1 << 20, seed=1, count=5, TILTH_CRASH_AT="chunks.before-rename:3")
    assert child.wait(60) == CRASH_STATUS
    assert len(list((tmp_path / "tmp").iterdir())) == 1
    assert run(tmp_path, limit=1 << 20, seed=1, count=5).wait(60) == 0


@pytest.mark.parametrize("what", ["size", "evicting"])
def test_a_fork_that_begins_while_a_lock_is_held_does_not_keep_it(tmp_path: Path, what: str) -> None:
    cache, data = ChunkCache(tmp_path, limit_bytes=1_000_000), contents(1)[0]
    cache.put(chunk_of(data), data)
    ends, goes_on = os.pipe()
    with cache.counter.held() if what == "size" else held(str(tmp_path / "chunks" / what), PRIVATE):
        child = os.fork()
        if not child:
            os.close(goes_on)
            os.read(ends, 1)
            os._exit(0)
    try:
        with (tmp_path / "chunks" / what).open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(goes_on)
        os.waitpid(child, 0)
        os.close(ends)


def test_many_processes_at_once_stay_within_the_limit_and_read_no_wrong_byte(tmp_path: Path) -> None:
    """Some of them are killed; the limit is a third of what they all want."""
    limit = 200_000
    children = [run(tmp_path, limit=limit, seed=seed, count=150) for seed in range(6)]
    killed = [run(tmp_path, limit=limit, seed=seed, count=150, TILTH_CRASH_AT=f"chunks.before-rename:{seed}") for seed in (2, 5)]
    assert [child.wait(120) for child in children] == [0] * 6
    assert [child.wait(120) for child in killed] == [CRASH_STATUS] * 2
    cache = ChunkCache(tmp_path, limit_bytes=limit)
    assert cache.size_bytes() <= limit + 8 * 10_000
    cache.evict()
    assert cache.size_bytes() <= limit
