"""Files made out of packs that are far away: whatever order answers come in, whatever is wrong with some of them."""

import os
import random
import time
from pathlib import Path

import pytest

from tilth.base.errors import Corrupt, DiskFull, Unavailable
from tilth.base.ids import VersionId
from tilth.datasets import fetching
from tilth.datasets.fetching import fetch_files
from tilth.domain.dataset import Entry
from tilth.store.api import Key
from tilth.store.memory import MemoryStore
from tilth.testing.repositories import Workbench

CHANCE = random.Random(6)
LARGE = CHANCE.randbytes(9 << 20)
TWICE = CHANCE.randbytes(5 << 20)
FILES = {
    "large.bin": LARGE,
    "a/copy of large.bin": LARGE,
    "a/twice.bin": TWICE + TWICE,
    "empty.txt": b"",
    "text.csv": b"1,2,3\n" * 100_000,
} | {f"b/{number}.bin": CHANCE.randbytes(300_000) for number in range(12)}


class Far(MemoryStore):
    """Answers late, and in no order; knows how many bytes of packs it gave."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        for info in bench.store.list(""):
            self.put(info.key, [bench.store.get(info.key)])
        self.given = 0
        self.fails = False

    def get_range(self, key: Key, start: int, length: int) -> bytes:
        time.sleep(CHANCE.random() / 100)
        if self.fails:
            raise Unavailable("the line is cut", hint="run the same command again")
        self.given += length
        return super().get_range(key, start, length)

    def change(self, key: str, data: bytes | None) -> None:
        if data is None:
            self.delete([Key(key)])
        else:
            self.put(Key(key), [data])


@pytest.fixture
def version(bench: Workbench) -> VersionId:
    return bench.version(FILES)


@pytest.fixture
def entries(bench: Workbench, version: VersionId) -> dict[str, Entry]:
    return {entry.path: entry for entry in bench.repository.manifest(version).entries()}


@pytest.fixture
def far(bench: Workbench, version: VersionId, monkeypatch: pytest.MonkeyPatch) -> Far:
    monkeypatch.setattr(fetching, "SPAN_BYTES", 1 << 20)
    return Far(bench)


def whole(folder: Path, entries: dict[str, Entry]) -> set[str]:
    """The files that are right in every respect; one that is wrong must not look whole."""
    found = set()
    for path, entry in entries.items():
        file = folder / path
        if file.exists() and file.stat().st_mtime_ns == entry.mtime_ns:
            assert file.read_bytes() == FILES[path]
            assert file.stat().st_mode & 0o777 == entry.mode
            found.add(path)
    return found


def test_every_file_is_right_and_nothing_is_fetched_twice(bench: Workbench, far: Far, entries: dict[str, Entry]) -> None:
    told: list[tuple[int, int]] = []
    fetch_files(far, entries.values(), str(bench.root / "out"), lambda files, size: told.append((files, size)))
    assert whole(bench.root / "out", entries) == set(FILES)
    assert (sum(files for files, _ in told), sum(size for _, size in told)) == (len(FILES), sum(map(len, FILES.values())))
    assert far.given <= bench.stored_bytes()


def test_what_is_there_is_not_fetched_again(bench: Workbench, far: Far, entries: dict[str, Entry]) -> None:
    out = bench.root / "out"
    fetch_files(far, entries.values(), str(out), lambda files, size: None)
    far.given = 0
    (out / "b/3.bin").unlink()
    entry, lost = entries["large.bin"], 1
    begin = sum(chunk.raw for chunk in entry.chunks[:lost])
    with (out / "large.bin").open("r+b") as file:
        file.seek(begin)
        file.write(b"something else")
    told: list[tuple[int, int]] = []
    fetch_files(far, entries.values(), str(out), lambda files, size: told.append((files, size)))
    assert whole(out, entries) == set(FILES)
    assert far.given == entries["b/3.bin"].size + entry.chunks[lost].stored
    assert sum(size for _, size in told) == sum(map(len, FILES.values()))


@pytest.mark.parametrize("how", ["damaged", "cut", "gone"])
def test_what_is_wrong_with_a_pack_spares_the_rest(bench: Workbench, far: Far, entries: dict[str, Entry], how: str) -> None:
    hurt = entries["a/twice.bin"].chunks[-1]
    data = far.get(Key(hurt.pack))
    changed = {
        "damaged": data[: hurt.offset] + bytes([data[hurt.offset] ^ 1]) + data[hurt.offset + 1 :],
        "cut": data[: hurt.offset + hurt.stored - 1],
        "gone": None,
    }[how]
    far.change(hurt.pack, changed)
    spared = {
        path
        for path, entry in entries.items()
        if not any(
            chunk.pack == hurt.pack and (how == "gone" or chunk.offset == hurt.offset or (how == "cut" and chunk.offset > hurt.offset))
            for chunk in entry.chunks
        )
    }
    assert "a/twice.bin" not in spared
    with pytest.raises(Corrupt, match=rf"{hurt.pack} is damaged at .* can't be restored"):
        fetch_files(far, entries.values(), str(bench.root / "out"), lambda files, size: None)
    assert whole(bench.root / "out", entries) == spared
    far.change(hurt.pack, data)
    fetch_files(far, entries.values(), str(bench.root / "out"), lambda files, size: None)
    assert whole(bench.root / "out", entries) == set(FILES)


def test_a_cut_line_ends_the_work_and_leaves_nothing_that_looks_whole(bench: Workbench, far: Far, entries: dict[str, Entry]) -> None:
    far.fails = True
    with pytest.raises(Unavailable, match="the line is cut"):
        fetch_files(far, entries.values(), str(bench.root / "out"), lambda files, size: None)
    assert whole(bench.root / "out", entries) == {"empty.txt"}


def test_a_full_disk_is_told(far: Far, bench: Workbench, entries: dict[str, Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(DiskFull):
        fetch_files(far, entries.values(), str(bench.root / "out"), lambda files, size: None)
