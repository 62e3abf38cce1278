"""Copies from far away that break off go on where they were."""

import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tilth.base.errors import Unavailable
from tilth.base.ids import VersionId
from tilth.datasets import fetching, materialise
from tilth.datasets.cache.blobs import BlobCache, blob_name
from tilth.datasets.materialise import copy_to, view_in
from tilth.datasets.resuming import chunks_wanted
from tilth.domain.dataset import Entry
from tilth.store.api import Key
from tilth.store.memory import MemoryStore
from tilth.testing.repositories import Workbench

CHANCE = random.Random(5)
FILES = {f"{number}.bin": CHANCE.randbytes(400_000) for number in range(20)} | {"z/large.bin": CHANCE.randbytes(12 << 20)}
SIZE = sum(map(len, FILES.values()))


class FarStore(MemoryStore):
    """Gives so many bytes of packs, and then nothing more."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        for info in bench.store.list(""):
            self.put(info.key, [bench.store.get(info.key)])
        self.left = 1 << 40
        self.given = 0

    def get_range(self, key: Key, start: int, length: int) -> bytes:
        if key.startswith("packs/"):
            if length > self.left:
                raise Unavailable("the line is cut", hint="run the same command again")
            self.left -= length
            self.given += length
        return super().get_range(key, start, length)


@pytest.fixture
def version(bench: Workbench) -> VersionId:
    return bench.version(FILES)


@pytest.fixture
def far(bench: Workbench, version: VersionId, monkeypatch: pytest.MonkeyPatch) -> FarStore:
    monkeypatch.setattr(fetching, "SPAN_BYTES", 1 << 20)
    monkeypatch.setattr(fetching, "REQUESTS", 1)
    return FarStore(bench)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("first", [3_000_000, 14_000_000], ids=["among small files", "within the large one"])
def test_a_copy_goes_on_where_it_broke_off(bench: Workbench, far: FarStore, version: VersionId, first: int) -> None:
    entries = list(bench.repository.manifest(version).entries())
    target = bench.root / "copy"
    far.left = first
    with pytest.raises(Unavailable, match="the line is cut"):
        copy_to(far, version, entries, target)
    assert not target.exists()
    before, far.left, far.given = far.given, 1 << 40, 0
    copy_to(far, version, entries, target)
    assert contents(target) == FILES
    # A read that had begun, or a chunk that was written in part, may come again: not more.
    assert before > first - (5 << 20)
    assert far.given <= SIZE - before + (9 << 20)


def test_a_local_copy_keeps_the_shares_that_came(
    bench: Workbench, far: FarStore, version: VersionId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(materialise, "_SHARE_BYTES", 2_000_000)
    manifest, cache = bench.repository.manifest(version), BlobCache(bench.root / "cache")
    far.left = 6_500_000
    with pytest.raises(Unavailable):
        view_in(far, cache, "view", manifest.digests, manifest.entries)
    assert not (cache.views / "view").exists()
    far.left, far.given = 1 << 40, 0
    view = view_in(far, cache, "view", manifest.digests, manifest.entries)
    assert contents(view) == FILES
    assert far.given == SIZE - 6_000_000


def test_a_copy_takes_what_the_cache_has(bench: Workbench, far: FarStore, version: VersionId) -> None:
    manifest, cache = bench.repository.manifest(version), BlobCache(bench.root / "cache")
    view = view_in(far, cache, "view", manifest.digests, manifest.entries)
    blob = Path(cache.blobs) / blob_name(next(entry.sha256 for entry in manifest.entries() if entry.path == "1.bin"))
    blob.chmod(0o644)
    blob.write_bytes(b"damaged by somebody")
    far.given = 0
    copy_to(far, version, list(manifest.entries()), bench.root / "copy", cache=cache)
    assert contents(bench.root / "copy") == FILES
    assert far.given == len(FILES["1.bin"])
    for path in FILES:
        found, shown = (bench.root / "copy" / path).stat(), (view / path).stat()
        assert found.st_ino != shown.st_ino
        assert found.st_mode & 0o200


@pytest.mark.parametrize("is_damaged", [False, True])
def test_of_a_large_file_that_changed_only_the_chunks_that_differ_are_fetched(
    bench: Workbench, version: VersionId, monkeypatch: pytest.MonkeyPatch, *, is_damaged: bool
) -> None:
    large = FILES["z/large.bin"]
    changed = large[: 5 << 20] + b"something else" + large[5 << 20 :]
    later = bench.version({"z/moved.bin": changed, "z/large.bin": b"another file"})
    monkeypatch.setattr(fetching, "SPAN_BYTES", 1 << 20)
    far, cache = FarStore(bench), BlobCache(bench.root / "cache")
    old, new = bench.repository.manifest(version), bench.repository.manifest(later)
    (before,) = (entry for entry in old.entries() if entry.path == "z/large.bin")
    view_in(far, cache, "old", old.digests, old.entries)
    if is_damaged:  # by whoever may write to the cache: what is not what it was is fetched
        blob = Path(cache.blobs, blob_name(before.sha256))
        blob.chmod(0o644)
        blob.write_bytes(large[: 1 << 20] + bytes(len(large) - (1 << 20)))
    asked: list[str] = []

    def earlier(files: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
        asked.extend(entry.path for entry in files)
        return ((entry, before) for entry in files)

    far.given = 0
    view = view_in(far, cache, "new", new.digests, new.entries, earlier=earlier)
    assert contents(view) == {"z/moved.bin": changed, "z/large.bin": b"another file"}
    assert asked == ["z/moved.bin"]
    least = 6 << 20 if is_damaged else 0
    assert least <= far.given <= (len(changed) + 100 if is_damaged else 9 << 20)  # two chunks at the most, and small ones


def test_what_is_there_and_wrong_is_not_kept(bench: Workbench, version: VersionId) -> None:
    entries = {entry.path: entry for entry in bench.repository.manifest(version).entries()}
    entry = entries["z/large.bin"]
    file = bench.root / "part"
    every, first = range(len(entry.chunks)), entry.chunks[0].raw
    assert chunks_wanted(file, entry) == every
    for content, wanted in (
        (FILES["z/large.bin"][: first + 5], every[1:]),
        (bytes(first) + FILES["z/large.bin"][first:], every[:1]),
        (b"x" + FILES["z/large.bin"], every),
        (FILES["z/large.bin"], ()),
        (FILES["z/large.bin"] + b"more", ()),
    ):
        file.write_bytes(content)
        assert list(chunks_wanted(file, entry) or ()) == list(wanted)
    _stamp(file, entry)
    assert chunks_wanted(file, entry) == []
    os.truncate(file, entry.size)
    _stamp(file, entry)
    assert chunks_wanted(file, entry) is None


def _stamp(file: Path, entry: Entry) -> None:
    os.utime(file, ns=(entry.mtime_ns, entry.mtime_ns))


def test_a_copy_over_what_somebody_left_in_its_place_is_right(bench: Workbench, far: FarStore, version: VersionId) -> None:
    entries = list(bench.repository.manifest(version).entries())
    target = bench.root / "copy"
    staged = target.with_name(f".{target.name}.tilth-{version[:12]}")
    (staged / "z").mkdir(parents=True)
    (staged / "0.bin").write_bytes(b"longer than it was, by some bytes" * 20_000)
    (staged / "z" / "large.bin").write_bytes(FILES["z/large.bin"] + b"more")
    copy_to(far, version, entries, target)
    assert contents(target) == FILES


def test_a_pipe_in_the_place_of_a_content_is_not_waited_for(bench: Workbench, far: FarStore, version: VersionId) -> None:
    manifest, cache = bench.repository.manifest(version), BlobCache(bench.root / "cache")
    pipe = Path(cache.blobs) / blob_name(next(manifest.entries()).sha256)
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    copy_to(far, version, list(manifest.entries()), bench.root / "copy", cache=cache)
    assert contents(bench.root / "copy") == FILES
