"""Files of a version by their numbers."""

from pathlib import Path

import pytest

from tilth import Dataset
from tilth.base.errors import Corrupt, VersionNotFinal
from tilth.base.ids import new_id
from tilth.sdk.home import Home
from tilth.sdk.selected import SelectedFiles
from tilth.testing.repositories import write_files

FILES = {f"{kind}/{number}.txt": f"{kind} {number}".encode() for kind in ("cat", "dog") for number in range(6)} | {"empty": b""}


def made(folder: Path, *, final: bool = True) -> Dataset:
    dataset = Dataset.create(dataset_name=f"d-{new_id()}", dataset_project="Team/Selected")
    dataset.add_files(write_files(folder / "source", FILES))
    dataset.upload(preview=False)
    if final:
        dataset.finalize()
    return dataset


def test_all_files_in_any_order(home: Home, tmp_path: Path) -> None:
    files = SelectedFiles(home, made(tmp_path).id, None)
    assert files.paths == sorted(FILES)
    assert list(files.sizes) == [len(FILES[path]) for path in sorted(FILES)]
    numbers = [12, 0, 5, 0, 7]
    wanted = [(files.paths[number], FILES[files.paths[number]]) for number in numbers]
    assert list(files.read(numbers)) == wanted
    assert list(files.read(numbers)) == wanted
    assert files.fetch(numbers) == [content for _, content in wanted]
    assert [files.path(number) for number in numbers] == [path for path, _ in wanted]
    assert list(files.read([])) == []
    assert files.fetch([]) == []


def test_what_this_machine_has_at_hand_is_told_from_what_has_to_be_fetched(served: Home, tmp_path: Path) -> None:
    files = SelectedFiles(served, made(tmp_path).id, ["cat"])
    assert [files.near(number) for number in range(6)] == [None] * 6
    files.fetch([2, 4])  # and what lies between, which is read with them
    for known in (served._chunks, served.readings):  # as in a new process, which has nothing in memory
        known.clear()
    again = SelectedFiles(served, files.version, ["cat"])
    assert [again.near(number) for number in range(6)] == [None, None, b"cat 2", b"cat 3", b"cat 4", None]
    assert [content for _, content in again.read([2, 3, 5])] == [b"cat 2", b"cat 3", b"cat 5"]


def test_what_is_far_from_each_other_is_fetched_alone(served: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilth.sdk.selected.GAP_BYTES", len("cat 1"))
    files = SelectedFiles(served, made(tmp_path).id, ["cat"])
    files.fetch([0, 2, 5])
    for known in (served._chunks, served.readings):
        known.clear()
    again = SelectedFiles(served, files.version, ["cat"])
    assert [again.near(number) is not None for number in range(6)] == [True, True, True, False, False, True]


@pytest.mark.parametrize(
    ("patterns", "count"), [(["cat"], 6), (["cat/*.txt", "dog/1.txt"], 7), (["dog", "dog/1.txt"], 6), (["none"], 0), ([], 0), (["*"], 13)]
)
def test_some_files(own: Home, tmp_path: Path, patterns: list[str], count: int) -> None:
    files = SelectedFiles(own, made(tmp_path).id, patterns)
    assert len(files) == len(files.paths) == len(files.sizes) == count
    assert [path for path, _ in files.read(range(count))] == files.paths


def test_a_version_that_changes_has_no_numbers(own: Home, tmp_path: Path) -> None:
    with pytest.raises(VersionNotFinal):
        SelectedFiles(own, made(tmp_path, final=False).id, None)


def test_a_damaged_file_is_named(own: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    for pack in (own.folder / "store" / "packs").rglob("*-*"):
        pack.chmod(0o644)
        pack.write_bytes(b"?" * pack.stat().st_size)
    with pytest.raises(Corrupt, match=r"dog/1\.txt can't be read"):
        list(SelectedFiles(own, dataset.id, None).read([7]))
