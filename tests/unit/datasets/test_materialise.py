"""Copies and views hold just what the version holds, and nothing else is ever touched."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.base.errors import AlreadyExists, Corrupt, Invalid, PathInvalid
from tilth.base.ids import VersionId
from tilth.datasets import materialise
from tilth.datasets.cache.blobs import BlobCache
from tilth.datasets.materialise import copy_to, part_of, place_entries, view_in
from tilth.domain.dataset import Entry
from tilth.store.memory import MemoryStore
from tilth.testing.repositories import Workbench

FILES = {
    "Cat/1.jpg": b"cat one",
    "Cat/2.jpg": b"cat two",
    "Dog/deep/er/1.jpg": b"dog",
    "same": b"cat one",
    "empty": b"",
    "text.csv": b"a,b\n" * 5_000,
    "large.bin": random.Random(1).randbytes(9 << 20),
}


@pytest.fixture
def version(bench: Workbench) -> VersionId:
    return bench.version(FILES)


def contents(folder: Path | str) -> dict[str, bytes]:
    root = Path(folder)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def copied(bench: Workbench, version: VersionId, target: Path, *, overwrite: bool = False, workers: int | None = None) -> None:
    copy_to(bench.store, version, bench.repository.manifest(version).entries(), target, overwrite=overwrite, workers=workers)


def viewed(bench: Workbench, version: VersionId, name: str = "view") -> Path:
    manifest = bench.repository.manifest(version)
    return view_in(bench.store, BlobCache(bench.root / "cache"), name, manifest.digests, manifest.entries)


@pytest.mark.parametrize("alone", [1_000, 0])
@pytest.mark.parametrize("workers", [None, 1])
def test_a_copy_is_the_version(
    bench: Workbench, version: VersionId, monkeypatch: pytest.MonkeyPatch, alone: int, workers: int | None
) -> None:
    monkeypatch.setattr(materialise, "_ALONE_FILES", alone)
    monkeypatch.setattr(materialise, "_ALONE_BYTES", alone)
    target = bench.root / "new" / "copy"
    copied(bench, version, target, workers=workers)
    assert contents(target) == FILES
    assert os.listdir(target.parent) == ["copy"]


def test_a_copy_keeps_modes_and_times_and_can_be_changed(bench: Workbench) -> None:
    folder = Path(bench.folder({"run.sh": b"#!/bin/sh\n"}))
    (folder / "run.sh").chmod(0o755)
    version = bench.version_of(folder)
    copied(bench, version, bench.root / "copy")
    found, was = (bench.root / "copy" / "run.sh").stat(), (folder / "run.sh").stat()
    assert (found.st_mode, found.st_mtime_ns, found.st_nlink) == (was.st_mode, was.st_mtime_ns, 1)


def test_a_folder_that_holds_anything_is_refused(bench: Workbench, version: VersionId) -> None:
    target = bench.root / "mine"
    target.mkdir()
    (target / "precious").write_bytes(b"1")
    with pytest.raises(AlreadyExists, match="mine holds files"):
        copied(bench, version, target)
    assert contents(target) == {"precious": b"1"}


def test_an_empty_folder_is_taken(bench: Workbench, version: VersionId) -> None:
    (bench.root / "copy").mkdir()
    copied(bench, version, bench.root / "copy")
    assert contents(bench.root / "copy") == FILES


def test_overwriting_replaces_the_folder_as_a_whole(bench: Workbench, version: VersionId) -> None:
    target = bench.root / "mine"
    target.mkdir()
    (target / "old").write_bytes(b"1")
    copied(bench, version, target, overwrite=True)
    assert contents(target) == FILES
    assert sorted(path.name for path in bench.root.iterdir() if "mine" in path.name) == ["mine"]


@pytest.mark.parametrize("place", ["store", ".", "cwd"])
def test_a_folder_that_is_in_use_is_never_replaced(
    bench: Workbench, version: VersionId, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (bench.root / "cwd" / "deeper").mkdir(parents=True)
    monkeypatch.chdir(bench.root / "cwd" / "deeper")
    with pytest.raises(Invalid, match="in use"):
        copied(bench, version, bench.root / place, overwrite=True)
    assert bench.contents(version) == FILES


def test_a_damaged_pack_leaves_what_was_there(bench: Workbench, version: VersionId) -> None:
    target = bench.root / "mine"
    target.mkdir()
    (target / "old").write_bytes(b"1")
    damage(bench, version, "Cat/1.jpg")
    with pytest.raises(Corrupt, match=r"packs/.*Cat/1\.jpg"):
        copied(bench, version, target, overwrite=True)
    assert contents(target) == {"old": b"1"}


@pytest.mark.parametrize("alone", [1_000, 0])
def test_damage_spares_the_other_files(bench: Workbench, version: VersionId, monkeypatch: pytest.MonkeyPatch, alone: int) -> None:
    monkeypatch.setattr(materialise, "_ALONE_FILES", alone)
    monkeypatch.setattr(materialise, "_ALONE_BYTES", alone)
    damage(bench, version, "large.bin")
    target = bench.root / "part"
    target.mkdir()
    with pytest.raises(Corrupt, match=r"large\.bin"):
        place_entries(bench.store, bench.repository.manifest(version).entries(), target)
    assert contents(target) == {path: data for path, data in FILES.items() if path != "large.bin"}


def test_a_missing_pack_is_named(bench: Workbench, version: VersionId) -> None:
    for info in list(bench.store.list("packs/")):
        bench.store.delete([info.key])
    with pytest.raises(Corrupt, match="packs/"):
        copied(bench, version, bench.root / "copy")
    assert not (bench.root / "copy").exists()


@pytest.mark.parametrize("path", ["../escaped", "/tmp/escaped-absolute", "a/../../escaped"])
def test_a_path_that_leads_out_is_refused(bench: Workbench, version: VersionId, path: str) -> None:
    entry = next(bench.repository.manifest(version).entries("same"))
    hostile = Entry(path, entry.size, entry.sha256, entry.mode, entry.mtime_ns, entry.chunks)
    (bench.root / "inside").mkdir()
    with pytest.raises(PathInvalid):
        place_entries(bench.store, [hostile], bench.root / "inside")
    assert not list(bench.root.glob("escaped*"))


def test_a_store_without_plain_files_serves_as_well(bench: Workbench, version: VersionId) -> None:
    elsewhere = MemoryStore()
    for info in bench.store.list(""):
        elsewhere.put(info.key, [bench.store.get(info.key)])
    copy_to(elsewhere, version, bench.repository.manifest(version).entries(), bench.root / "copy")
    assert contents(bench.root / "copy") == FILES


def test_a_view_is_the_version_and_read_only(bench: Workbench, version: VersionId) -> None:
    view = viewed(bench, version)
    assert contents(view) == FILES
    assert {path.stat().st_mode & 0o777 for path in view.rglob("*") if path.is_file()} == {0o444}


def test_a_second_view_reads_nothing_from_the_store(bench: Workbench, version: VersionId) -> None:
    first = viewed(bench, version, "first")
    for info in list(bench.store.list("packs/")):
        bench.store.delete([info.key])
    second = viewed(bench, version, "second")
    assert contents(second) == FILES
    assert (first / "same").stat().st_ino == (second / "same").stat().st_ino == (second / "Cat/1.jpg").stat().st_ino


def test_a_next_version_fetches_only_what_the_cache_does_not_have(bench: Workbench, version: VersionId) -> None:
    viewed(bench, version, "first")
    child = bench.version(FILES | {"new": b"new"}, version)
    old_packs = [info for info in bench.store.list("packs/") if version in info.key]
    for info in old_packs:
        bench.store.delete([info.key])
    assert contents(viewed(bench, child, "second")) == FILES | {"new": b"new"}


def test_nothing_is_left_behind(bench: Workbench, version: VersionId) -> None:
    viewed(bench, version)
    assert not list((bench.root / "cache" / "tmp").iterdir())


@given(st.lists(st.integers(), max_size=50), st.integers(1, 9))
def test_parts_hold_every_file_once_and_are_even(files: list[int], parts: int) -> None:
    shares = [list(part_of(files, part, parts)) for part in range(parts)]
    assert sorted(file for share in shares for file in share) == sorted(files)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize(("part", "parts"), [(-1, 2), (2, 2), (0, 0)])
def test_a_part_that_is_not_there_is_refused(part: int, parts: int) -> None:
    with pytest.raises(Invalid, match="no part"):
        list(part_of([1, 2, 3], part, parts))


CHILD = """
import sys
from pathlib import Path
from tilth.base.ids import VersionId
from tilth.datasets.cache.blobs import BlobCache
from tilth.datasets.materialise import view_in
from tilth.testing.repositories import Workbench

bench = Workbench(Path(sys.argv[1]))
manifest = bench.repository.manifest(VersionId(sys.argv[2]))
print(view_in(bench.store, BlobCache(bench.root / "cache"), "shared", manifest.digests, manifest.entries))
"""


@pytest.fixture
def children(bench: Workbench, version: VersionId) -> "Iterator[list[subprocess.Popen[str]]]":
    command = [sys.executable, "-c", CHILD, str(bench.root), version]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    yield started
    for child in started:
        child.kill()
        child.communicate()


def test_many_processes_make_the_same_view_while_some_are_killed(
    bench: Workbench, version: VersionId, children: "list[subprocess.Popen[str]]"
) -> None:
    children[0].kill()
    children[1].kill()
    for child in children[2:]:
        out, _ = child.communicate(timeout=120)
        assert child.returncode == 0
        assert contents(out.strip()) == FILES


def damage(bench: Workbench, version: VersionId, path: str) -> None:
    """Flip a bit in the middle of the first chunk of a file."""
    entry = bench.repository.manifest(version).find(path)
    assert entry is not None
    chunk = entry.chunks[0]
    pack = bench.root / "store" / chunk.pack
    data = bytearray(pack.read_bytes())
    data[chunk.offset + chunk.stored // 2] ^= 1
    pack.write_bytes(data)
