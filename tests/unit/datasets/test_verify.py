"""Damage is found at the level that looks for it, and named with the files that it costs."""

from pathlib import Path

import pytest

from tilth.base.ids import VersionId
from tilth.datasets.format import PACKS, ROOTS, SEGMENTS
from tilth.datasets.verify import Level, differing_files, is_sampled, verify_stored
from tilth.testing.repositories import Workbench

FILES = {"a": b"first " * 900, "b": b"second", "c/d": b"third", "empty": b""}


@pytest.fixture
def version(bench: Workbench) -> VersionId:
    return bench.version(FILES)


def paths_lost(bench: Workbench, version: VersionId, level: Level, sample: float = 1.0) -> list[tuple[str, ...]]:
    found = verify_stored(bench.store, bench.repository.record(version), level, sample=sample)
    assert all(bench.root.name not in problem.what for problem in found)
    return [problem.paths for problem in found]


@pytest.mark.parametrize("level", list(Level))
def test_a_whole_version_has_no_problems(bench: Workbench, version: VersionId, level: Level) -> None:
    assert paths_lost(bench, version, level) == []


@pytest.mark.parametrize(
    ("kind", "level"),
    [(ROOTS, Level.STRUCTURE), (SEGMENTS, Level.STRUCTURE), (PACKS, Level.PRESENCE)],
)
@pytest.mark.parametrize("how", ["removed", "cut", "emptied"])
def test_what_is_missing_or_cut_is_found(bench: Workbench, version: VersionId, kind: str, level: Level, how: str) -> None:
    for info in list(bench.store.list(kind)):
        file = bench.root / "store" / info.key
        if how == "removed":
            file.unlink()
        else:
            file.write_bytes(file.read_bytes()[: info.size_bytes // 2 if how == "cut" else 0])
    assert len(paths_lost(bench, version, level)) == 1
    if how == "removed":
        (told,) = verify_stored(bench.store, bench.repository.record(version), level)
        assert told.what.startswith(f"the store does not have {kind}")
    if kind == PACKS:
        assert paths_lost(bench, version, level) == [("a", "b", "c/d")]
        assert paths_lost(bench, version, Level.STRUCTURE) == []


def test_a_flipped_bit_is_found_by_reading_the_content(bench: Workbench, version: VersionId) -> None:
    entry = bench.repository.manifest(version).find("b")
    assert entry is not None
    flip(bench.root / "store" / entry.chunks[0].pack, entry.chunks[0].offset + 1)
    assert paths_lost(bench, version, Level.PRESENCE) == []
    assert paths_lost(bench, version, Level.CONTENT) == [("b",)]
    assert paths_lost(bench, version, Level.CONTENT, sample=0) == []


@pytest.mark.parametrize("sample", [0.3, 0.7])
def test_just_the_share_is_read_that_is_asked_for(bench: Workbench, sample: float) -> None:
    version = bench.version({f"{number:03}": b"%d" % number * 50 for number in range(200)})
    for info in list(bench.store.list(PACKS)):
        file = bench.root / "store" / info.key
        for entry in bench.repository.manifest(version).entries():
            flip(file, entry.chunks[0].offset + 1)
    lost = {path for paths in paths_lost(bench, version, Level.CONTENT, sample) for path in paths}
    assert lost == {entry.path for entry in bench.repository.manifest(version).entries() if is_sampled(entry.chunks[0].sha256, sample)}
    assert abs(len(lost) - 200 * sample) < 40


def test_a_damaged_segment_is_found(bench: Workbench, version: VersionId) -> None:
    (segment,) = bench.store.list(SEGMENTS)
    flip(bench.root / "store" / segment.key, segment.size_bytes // 2)
    assert paths_lost(bench, version, Level.STRUCTURE) == [("4 files from a to empty",)]


def test_a_local_copy_is_compared_file_by_file(bench: Workbench, version: VersionId) -> None:
    folder = Path(bench.folder(FILES, "copy"))
    manifest = bench.repository.manifest(version)
    assert list(differing_files(manifest.digests(), str(folder))) == []
    (folder / "b").write_bytes(b"SECOND")
    (folder / "c" / "d").unlink()
    (folder / "a").write_bytes(b"short")
    assert list(differing_files(manifest.digests(), str(folder))) == [("a", "modified"), ("b", "modified"), ("c/d", "missing")]
    assert list(differing_files(manifest.digests(), str(folder), sizes_only=True)) == [("a", "modified"), ("c/d", "missing")]


def flip(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)
