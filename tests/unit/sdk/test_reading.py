"""Files of a version are opened where they are stored, as Python's `open` opens files."""

import random
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest

from tilth import Dataset
from tilth.base.errors import Corrupt, Invalid, PathNotFound, VersionDeleted, VersionNotFinal
from tilth.base.ids import new_id
from tilth.sdk.home import Home
from tilth.testing.repositories import write_files

LARGE = random.Random(2).randbytes(6_000_000)
FILES = {"a/large.bin": LARGE, "a/text.txt": "Zürich\r\nBern\n".encode(), "table.csv": b"id,name\n1,one\n2,two\n", "empty": b""}


def made(folder: Path, files: dict[str, bytes] = FILES, *, final: bool = True) -> Dataset:
    dataset = Dataset.create(dataset_name=f"d-{new_id()}", dataset_project="Team/Reading")
    dataset.add_files(write_files(folder / "source", files))
    dataset.upload(preview=False)
    if final:
        dataset.finalize()
    return dataset


@pytest.mark.parametrize("final", [True, False], ids=["final", "draft"])
def test_bytes_are_read_from_any_place_on(home: Home, tmp_path: Path, final: bool) -> None:
    dataset = made(tmp_path, final=final)
    with dataset.open("a/large.bin") as file:
        assert file.read(10) == LARGE[:10]
        assert file.seek(5_000_000) == 5_000_000
        assert file.read(100) == LARGE[5_000_000:5_000_100]
        file.seek(0)
        assert file.read() == LARGE
    with dataset.open("empty") as file:
        assert file.read() == b""


def test_text_is_text(home: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    with dataset.open("a/text.txt", "r") as file:
        assert list(file) == ["Zürich\n", "Bern\n"]
    with dataset.open("a/text.txt", "r", encoding="latin-1", newline="") as file:
        assert file.readline() == "ZÃ¼rich\r\n"
    with dataset.open("a/text.txt", "rt", encoding="ascii", errors="replace") as file:
        assert file.read(3) == "Z\ufffd\ufffd"


@pytest.mark.parametrize("mode", ["w", "wb", "a", "r+", "x", "", "rbt"])
def test_a_version_can_not_be_written(own: Home, tmp_path: Path, mode: str) -> None:
    with pytest.raises(Invalid, match="never changes; use rb or r"):
        made(tmp_path).open("empty", mode)


def test_bytes_have_no_encoding(own: Home, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="open the file with mode r"):
        made(tmp_path).open("table.csv", encoding="utf-8")


@pytest.mark.parametrize("final", [True, False], ids=["final", "draft"])
@pytest.mark.parametrize("path", ["nothing", "a", "a/", "/table.csv", "../table.csv", ""])
def test_a_path_that_is_no_file_is_told(own: Home, tmp_path: Path, path: str, final: bool) -> None:
    dataset = made(tmp_path, final=final)
    with pytest.raises(PathNotFound, match=f"has no file {path}; `tilth data ls --id {dataset.id}` shows"):
        dataset.open(path)


def test_a_draft_shows_what_is_stored_and_what_its_parents_hold(own: Home, tmp_path: Path) -> None:
    parent = made(tmp_path)
    draft = Dataset.create(parent_datasets=[parent])
    draft.add_files(write_files(tmp_path / "more", {"new.txt": b"new", "a/text.txt": b"other"}))
    with pytest.raises(VersionNotFinal, match=r"new\.txt was added but its bytes are not stored yet"):
        draft.open("new.txt")
    draft.upload(preview=False)
    draft.remove_files("empty")
    assert [draft.open(path).read() for path in ("new.txt", "a/text.txt", "table.csv")] == [b"new", b"other", FILES["table.csv"]]
    with pytest.raises(PathNotFound):
        draft.open("empty")
    draft.finalize()
    assert draft.open("new.txt").read() == b"new"
    assert parent.open("a/text.txt").read() == FILES["a/text.txt"]


def test_an_open_file_of_a_version_that_was_deleted_and_collected_says_so(own: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    file = dataset.open("a/large.bin")
    Dataset.delete(dataset.id)
    own.repository.execute_gc(own.repository.plan_gc(), confirmed=True)
    with pytest.raises(VersionDeleted, match=dataset.id):
        file.read()


def test_a_damaged_pack_is_told_with_the_file(own: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    for pack in (own.folder / "store" / "packs").rglob("*-*"):
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:100] + b"?" * (pack.stat().st_size - 100))
    with (
        pytest.raises(Corrupt, match=r"a/large\.bin can't be read: its chunk 1 of \d+, \w{16}: pack packs/"),
        dataset.open("a/large.bin") as f,
    ):
        f.read()


def test_what_a_server_keeps_stays_in_the_cache(served: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    with dataset.open("a/large.bin") as file:
        file.seek(3_000_000)
        file.read(10)
    kept = [path for path in (served.cache_folder / "chunks").glob("??/*") if path.is_file()]
    assert len(kept) == 1
    assert kept[0].read_bytes() in LARGE


def test_the_files_of_a_version_are_a_table(home: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    table = dataset.files()
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "path": "string",
        "size": "int64",
        "sha256": "string",
        "modified": "timestamp[ns, tz=UTC]",
        "mode": "uint16",
        "link": "string",
    }
    seen = {path: (tmp_path / "source" / path).stat() for path in sorted(FILES)}
    assert table.to_pydict() == {
        "path": list(seen),
        "size": [len(FILES[path]) for path in seen],
        "sha256": [sha256(FILES[path]).hexdigest() for path in seen],
        "modified": pa.array([stat.st_mtime_ns for stat in seen.values()], pa.timestamp("ns", tz="UTC")).to_pylist(),
        "mode": [stat.st_mode & 0o777 for stat in seen.values()],
        "link": [None for _ in seen],
    }


@pytest.mark.parametrize("final", [True, False], ids=["final", "draft"])
@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("a", ["a/large.bin", "a/text.txt"]),
        ("a/", ["a/large.bin", "a/text.txt"]),
        ("*.txt", ["a/text.txt"]),
        ("a/*.bin", ["a/large.bin"]),
        ("empty", ["empty"]),
        ("b*", []),
        (None, sorted(FILES)),
    ],
)
def test_a_pattern_chooses_files_of_the_table(own: Home, tmp_path: Path, pattern: str | None, paths: list[str], final: bool) -> None:
    dataset = made(tmp_path, final=final)
    assert dataset.files(pattern).column("path").to_pylist() == paths == dataset.list_files(pattern)


def test_the_table_of_a_draft_has_what_waits_and_lacks_what_is_removed(own: Home, tmp_path: Path) -> None:
    draft = Dataset.create(parent_datasets=[made(tmp_path)])
    draft.add_files(write_files(tmp_path / "more", {"a/text.txt": b"other", "zebra": b"waits"}))
    draft.remove_files("empty")
    table = draft.files().select(["path", "size"]).to_pydict()
    assert dict(zip(table["path"], table["size"], strict=True)) == {"a/large.bin": len(LARGE), "a/text.txt": 5, "table.csv": 20, "zebra": 5}


def test_batches_are_small_and_complete(own: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path, {f"{number % 7}/{number}": b"" for number in range(100)})
    batches = list(dataset.iter_files(batch_size=30))
    assert max(batch.num_rows for batch in batches) == 30
    assert pa.Table.from_batches(batches) == dataset.files()
    assert dataset.files().num_rows == 100
    with pytest.raises(Invalid, match="a batch can't have 0 files"):
        next(dataset.iter_files(batch_size=0))


def test_a_version_without_files_has_an_empty_table(own: Home, tmp_path: Path) -> None:
    draft = Dataset.create(parent_datasets=[made(tmp_path)])
    draft.remove_files("*")
    assert (draft.files().num_rows, list(draft.iter_files())) == (0, [])
    draft.finalize()
    assert (draft.files().num_rows, list(draft.iter_files())) == (0, [])
