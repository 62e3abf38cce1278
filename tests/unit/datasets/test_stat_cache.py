"""The stat cache may be lost, shared or damaged: that costs time, and never a command or a file."""

import os
import sqlite3
import time
from hashlib import sha256
from pathlib import Path

import pytest

from tilth.datasets import ingest, stat_cache
from tilth.datasets.scanning import SourceFile, scan
from tilth.datasets.stat_cache import StatCache
from tilth.datasets.taking import sync
from tilth.testing.repositories import Workbench

FILES = {f"{number:03}.txt": b"text %d" % number for number in range(30)}

LATER = time.time_ns()


def files(count: int) -> list[tuple[SourceFile, bytes]]:
    return [(SourceFile(f"{number:04}", f"/data/{number:04}", 1, 1, 1, number, 0o644), bytes(32)) for number in range(count)]


def test_two_processes_remember_at_once(tmp_path: Path) -> None:
    one, two = StatCache(tmp_path / "stat.sqlite"), StatCache(tmp_path / "stat.sqlite")
    one.remember("/data", files(100), read_since_ns=LATER)
    walk = one.matched("/data", [file for file, _ in files(100)])
    next(walk)
    two.remember("/data", files(200)[100:], read_since_ns=LATER)
    one.remember("/data", files(50), read_since_ns=LATER)
    assert all(digest for _, digest in walk)
    assert all(digest for _, digest in two.matched("/data", [file for file, _ in files(200)]))
    one.close()
    two.close()


def test_a_damaged_cache_only_costs_time(bench: Workbench) -> None:
    path = bench.root / "stat.sqlite"
    bench.stat_cache.remember("/data", files(3_000), read_since_ns=LATER)
    bench.stat_cache.close()
    data = bytearray(path.read_bytes())
    data[2 * 4096 :] = b"\xff" * (len(data) - 2 * 4096)
    path.write_bytes(data)
    bench.stat_cache = StatCache(path)
    assert bench.contents(bench.version(FILES)) == FILES
    assert not any(digest for _, digest in bench.stat_cache.matched("/data", [file for file, _ in files(3_000)]))


def test_a_full_cache_only_costs_time(bench: Workbench) -> None:
    assert bench.stat_cache._connection
    bench.stat_cache._connection.execute("PRAGMA max_page_count = 10")
    bench.stat_cache.remember("/data", files(3_000), read_since_ns=LATER)
    assert bench.contents(bench.version(FILES)) == FILES


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_cache_that_can_not_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    StatCache(tmp_path / "locked" / "deeper" / "stat.sqlite").close()


def test_a_cache_without_a_place_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = StatCache(tmp_path / "file" / "stat.sqlite")
    cache.remember("/data", files(3), read_since_ns=LATER)
    assert not any(digest for _, digest in cache.matched("/data", [file for file, _ in files(3)]))
    cache.close()


def test_a_cache_that_somebody_uses_is_not_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "stat.sqlite"
    cache = StatCache(path)
    cache.remember("/data", files(3), read_since_ns=LATER)
    cache.close()
    monkeypatch.setattr(stat_cache, "_PATIENCE_S", 0)
    with sqlite3.connect(path) as holder:
        holder.execute("PRAGMA journal_mode = DELETE")
        holder.execute("BEGIN EXCLUSIVE")
        StatCache(path).close()
    holder.close()
    again = StatCache(path)
    assert all(digest for _, digest in again.matched("/data", [file for file, _ in files(3)]))
    again.close()


def test_a_hash_counts_from_when_its_file_was_read(tmp_path: Path) -> None:
    """Reading a batch may take long; a file that changed right before it was read may have changed once more right after."""
    cache = StatCache(tmp_path / "stat.sqlite")
    touched = SourceFile("a", "/data/a", 1, LATER, LATER, 1, 0o644)
    cache.remember("/data", [(touched, bytes(32))], read_since_ns=LATER + stat_cache.RACY_NS)
    assert list(cache.matched("/data", [touched])) == [(touched, None)]
    cache.remember("/data", [(touched, bytes(32))], read_since_ns=LATER + stat_cache.RACY_NS + 1)
    assert list(cache.matched("/data", [touched])) == [(touched, bytes(32))]
    cache.close()


def test_a_file_that_changed_while_it_was_read_is_known_as_it_is_now(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stat_cache, "RACY_NS", -(10**12))
    folder = bench.folder({"a": b"one"})
    seen = next(scan(folder))
    really_read = ingest._read_whole

    def changing_read(file: SourceFile) -> bytes:
        if file == seen:
            Path(file.source).write_bytes(b"another")
        return really_read(file)

    monkeypatch.setattr(ingest, "_read_whole", changing_read)
    with bench.draft() as draft:
        assert sync(draft, folder, bench.context()).added == 1
    assert list(bench.stat_cache.matched(folder, [seen])) == [(seen, None)]
    now = next(scan(folder))
    assert list(bench.stat_cache.matched(folder, [now])) == [(now, sha256(b"another").digest())]
