"""Earlier contents of large files are found among what the cache has of the same dataset."""

import random
from pathlib import Path

from tilth import Dataset
from tilth.domain.dataset import Entry
from tilth.sdk.contents import manifest_of
from tilth.sdk.earlier import earlier_contents
from tilth.sdk.home import Home
from tilth.testing.repositories import write_files

LARGE = random.Random(7).randbytes(6 << 20)


def version(folder: Path, files: dict[str, bytes], *, parents: list[str] | None = None) -> Dataset:
    made = Dataset.create("large", "p", parent_datasets=parents or [])
    made.sync_folder(write_files(folder, files))
    made.finalize(auto_upload=True)
    return made


def found(home: Home, made: Dataset) -> list[tuple[str, str]]:
    large: list[Entry] = [entry for entry in manifest_of(home, made._version).entries() if len(entry.chunks) > 1]
    return [(entry.path, before.sha256.hex()) for entry, before in earlier_contents(home, made._version, large)]


def test_large_files_are_found_in_parents_and_other_versions_that_the_cache_has(own: Home, tmp_path: Path) -> None:
    first = version(tmp_path / "1", {"a.bin": LARGE, "b.bin": LARGE[::-1], "small": b"x"})
    child = version(tmp_path / "2", {"a.bin": LARGE + b"more", "b.bin": LARGE[::-1] + b"more"}, parents=[first.id])
    other = version(tmp_path / "3", {"a.bin": LARGE + b"other", "new.bin": LARGE + b"new"})
    assert found(own, child) == []  # nobody has fetched anything
    first.get_local_copy()
    hashes = {entry.path: entry.sha256.hex() for entry in manifest_of(own, first._version).entries()}
    assert found(own, child) == [(path, hashes[path]) for path in ("a.bin", "b.bin")]
    assert found(own, other) == [("a.bin", hashes["a.bin"])]
