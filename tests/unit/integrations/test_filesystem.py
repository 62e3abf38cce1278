"""`tilth://project/name@version/path` is a place like any other to whatever reads through fsspec."""

import io
import pickle
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import FSSpecHandler, PyFileSystem

from tilth import Dataset, _wiring
from tilth.base.errors import Corrupt
from tilth.base.ids import new_id
from tilth.config.settings import load_settings
from tilth.sdk._current import set_home
from tilth.sdk.home import Home
from tilth.testing.repositories import write_files

LARGE = random.Random(4).randbytes(5_000_000)
CSV = "id,animal\n1,cat\n2,dog\n3,cat\n"


def parquet(first: int, count: int) -> bytes:
    out = io.BytesIO()
    table = pa.table({"id": list(range(first, first + count)), "kind": ["even", "odd"] * (count // 2)})
    pq.write_table(table, out, row_group_size=1000)
    return out.getvalue()


FILES = {
    "tables/animals.csv": CSV.encode(),
    "tables/numbers/0.parquet": parquet(0, 10_000),
    "tables/numbers/1.parquet": parquet(10_000, 10_000),
    "deep/er/er/file.txt": b"deep",
    "deep/a[1]@.txt": b"odd name",
    "large.bin": LARGE,
    "empty": b"",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    found = _wiring._open(load_settings({}, given={"home": str(tmp_path_factory.mktemp("home"))}))
    yield found
    found.close()


@pytest.fixture(autouse=True)
def inside(home: Home) -> Iterator[None]:
    set_home(home)
    yield
    set_home(None)


@pytest.fixture(scope="module")
def dataset(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    set_home(home)
    made = Dataset.create(dataset_name="Animals", dataset_project="Team/Zoo", dataset_version="1.0.0")
    made.add_files(write_files(tmp_path_factory.mktemp("source"), FILES))
    made.upload(preview=False)
    made.finalize()
    return made


@pytest.fixture(params=["of the dataset", "by its address", "by its id"])
def place(request: pytest.FixtureRequest, dataset: Dataset) -> tuple[Any, str]:
    """A file system, and what its paths begin with."""
    if request.param == "of the dataset":
        return dataset.fs(), ""
    return fsspec.filesystem("tilth"), ("Team/Zoo/Animals@1.0.0/" if request.param == "by its address" else f"{dataset.id}/")


def test_folders_are_listed(place: tuple[Any, str]) -> None:
    fs, top = place
    assert fs.ls(top, detail=False) == [f"{top}{name}" for name in ("deep", "empty", "large.bin", "tables")]
    assert fs.ls(f"{top}deep/") == [
        {"name": f"{top}deep/a[1]@.txt", "size": 8, "type": "file"},
        {"name": f"{top}deep/er", "size": 0, "type": "directory"},
    ]
    assert fs.ls(f"{top}empty") == [{"name": f"{top}empty", "size": 0, "type": "file"}]
    assert {name: [len(folders), len(files)] for name, folders, files in fs.walk(top)} == {
        top.rstrip("/"): [2, 2],
        f"{top}deep": [1, 1],
        f"{top}deep/er": [1, 0],
        f"{top}deep/er/er": [0, 1],
        f"{top}tables": [1, 1],
        f"{top}tables/numbers": [0, 2],
    }


def test_files_are_found(place: tuple[Any, str]) -> None:
    fs, top = place
    assert fs.find(top) == [f"{top}{path}" for path in sorted(FILES)]
    assert fs.find(f"{top}deep", detail=True)[f"{top}deep/er/er/file.txt"] == {
        "name": f"{top}deep/er/er/file.txt", "size": 4, "type": "file",
    }  # fmt: skip
    assert fs.find(top, maxdepth=1) == [f"{top}empty", f"{top}large.bin"]
    assert fs.glob(f"{top}tables/**/*.parquet") == [f"{top}tables/numbers/{number}.parquet" for number in (0, 1)]
    assert fs.glob(f"{top}*.bin") == [f"{top}large.bin"]
    assert fs.glob(f"{top}*.none") == []
    assert fs.du(top) == sum(map(len, FILES.values()))


def test_what_is_known_of_a_path(place: tuple[Any, str], dataset: Dataset) -> None:
    fs, top = place
    info = fs.info(f"tilth://{top}large.bin")
    seen = dataset.files("large.bin").to_pylist()[0]
    assert info | {"modified": None} == {
        "name": f"{top}large.bin",
        "size": len(LARGE),
        "type": "file",
        "sha256": sha256(LARGE).hexdigest(),
        "mode": seen["mode"],
        "modified": None,
    }
    assert abs(info["modified"].timestamp() - seen["modified"].timestamp()) < 0.001
    assert fs.info(f"{top}tables/")["type"] == "directory"
    assert (fs.isfile(f"{top}empty"), fs.isdir(f"{top}deep"), fs.isfile(f"{top}deep"), fs.size(f"{top}empty")) == (True, True, False, 0)
    assert [fs.exists(f"{top}{path}") for path in ("deep/er", "dee", "deep/er/er/file.txt", "large.bin/x")] == [True, False, True, False]
    assert fs.modified(f"{top}empty") < datetime.now(UTC)
    assert fs.ukey(f"{top}large.bin") == sha256(LARGE).hexdigest()


@pytest.mark.parametrize("what", ["info", "ls", "open", "cat_file", "modified"])
def test_what_is_not_there_is_a_missing_file(place: tuple[Any, str], what: str) -> None:
    fs, top = place
    with pytest.raises(FileNotFoundError):
        getattr(fs, what)(f"{top}deep/none")


@pytest.mark.parametrize("path", ["Team/Zoo/Animals@9.9.9/x", "Team/Zoo/None@1.0.0/x", "0" * 32 + "/x", "nowhere", "@1.0.0/x"])
def test_a_version_that_is_not_there_is_a_missing_file(dataset: Dataset, path: str) -> None:
    fs = fsspec.filesystem("tilth")
    assert not fs.exists(path)
    with pytest.raises(FileNotFoundError):
        fs.info(path)


def test_bytes_are_read(place: tuple[Any, str]) -> None:
    fs, top = place
    with fs.open(f"{top}large.bin") as file:
        file.seek(4_000_000)
        assert file.read(10) == LARGE[4_000_000:4_000_010]
    with fs.open(f"{top}tables/animals.csv", "r") as file:
        assert file.readline() == "id,animal\n"
    assert fs.cat_file(f"{top}large.bin", 10, 20) == LARGE[10:20]
    assert fs.cat_file(f"{top}large.bin", -5) == LARGE[-5:]
    assert fs.cat([f"{top}empty", f"{top}deep/er/er/file.txt"]) == {f"{top}empty": b"", f"{top}deep/er/er/file.txt": b"deep"}
    assert fs.head(f"{top}large.bin", 3) == LARGE[:3]
    assert fs.tail(f"{top}large.bin", 3) == LARGE[-3:]
    assert fsspec.open(f"tilth://{top}empty").open().read() == b"" if top else True


def test_many_ranges_at_once(place: tuple[Any, str]) -> None:
    fs, top = place
    paths = [f"{top}{path}" for path in ("large.bin", "empty", "none", "large.bin", "deep")]
    found = fs.cat_ranges(paths, [3_000_000, 0, 0, -10, 0], [3_000_005, 5, 5, None, 5])
    assert [found[0], found[1], found[3]] == [LARGE[3_000_000:3_000_005], b"", LARGE[-10:]]
    assert (type(found[2]), type(found[4])) == (FileNotFoundError, IsADirectoryError)
    with pytest.raises(FileNotFoundError):
        fs.cat_ranges(paths, 0, 5, on_error="raise")


def test_a_folder_is_no_file(place: tuple[Any, str]) -> None:
    fs, top = place
    with pytest.raises(IsADirectoryError):
        fs.open(f"{top}deep")


def test_nothing_can_be_written(place: tuple[Any, str]) -> None:
    fs, top = place
    for mode in ("wb", "ab", "xb"):
        with pytest.raises(OSError, match="read only"):
            fs.open(f"{top}new", mode)
    changes: list[Callable[[], object]] = [
        lambda: fs.rm(f"{top}empty"),
        lambda: fs.rm(f"{top}deep", recursive=True),
        lambda: fs.mkdir(f"{top}new"),
        lambda: fs.makedirs(f"{top}new/folder"),
        lambda: fs.makedirs(f"{top}deep"),
        lambda: fs.rmdir(f"{top}deep"),
        lambda: fs.cp(f"{top}empty", f"{top}new"),
        lambda: fs.mv(f"{top}empty", f"{top}new"),
        lambda: fs.touch(f"{top}new"),
        lambda: fs.pipe(f"{top}new", b"x"),
    ]
    for change in changes:
        with pytest.raises(OSError, match="read only"):
            change()
    fs.makedirs(f"{top}deep", exist_ok=True)
    assert fs.exists(f"{top}empty")


def test_the_catalog_is_above_the_versions(dataset: Dataset) -> None:
    fs = fsspec.filesystem("tilth")
    assert "Team" in fs.ls("", detail=False)
    assert fs.ls("tilth://Team", detail=False) == ["Team/Zoo"]
    assert fs.ls("Team/Zoo")[0] == {"name": "Team/Zoo/Animals@1.0.0", "size": 0, "type": "directory"}
    assert fs.isdir("Team/Zoo/Animals@1.0.0")


def test_latest_is_the_newest_final_version(dataset: Dataset, tmp_path: Path) -> None:
    name = f"d-{new_id()}"
    fs = fsspec.filesystem("tilth")
    for number in range(2):
        made = Dataset.create(dataset_name=name, dataset_project="Team/Zoo")
        made.add_files(write_files(tmp_path / str(number), {"file": str(number).encode()}))
        made.upload(preview=False)
        assert fs.exists(f"Team/Zoo/{name}@1.0.{number}/file")
        assert fs.cat(f"Team/Zoo/{name}@1.0.{number}/file") == str(number).encode()
        made.finalize()
        assert fs.cat(f"Team/Zoo/{name}@latest/file") == str(number).encode()


def test_a_damaged_file_is_no_missing_one(home: Home, tmp_path: Path) -> None:
    made = Dataset.create(dataset_name=f"d-{new_id()}", dataset_project="Team/Broken")
    made.add_files(write_files(tmp_path / "source", {"file": random.Random(9).randbytes(1000)}))
    made.upload(preview=False)
    made.finalize()
    pack = next(path for path in (home.folder / "store" / "packs").rglob(f"{made.id}-*"))
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[:100] + b"?" * 900)
    with pytest.raises(Corrupt, match="file can't be read"):
        made.fs().cat_file("file")


def test_pandas_reads_it(dataset: Dataset) -> None:
    frame = pd.read_csv("tilth://Team/Zoo/Animals@1.0.0/tables/animals.csv")
    assert frame["animal"].tolist() == ["cat", "dog", "cat"]
    assert len(pd.read_parquet("tilth://Team/Zoo/Animals@1.0.0/tables/numbers/1.parquet", columns=["id"])) == 10_000
    assert pd.read_parquet("tables/numbers", filesystem=dataset.fs())["id"].sum() == sum(range(20_000))


def test_polars_reads_it(dataset: Dataset) -> None:
    with dataset.open("tables/animals.csv") as file:
        assert pl.read_csv(file)["animal"].to_list() == ["cat", "dog", "cat"]
    with dataset.open("tables/numbers/0.parquet") as file:
        assert pl.read_parquet(file, columns=["id"])["id"].sum() == sum(range(10_000))
    lazy = pl.scan_pyarrow_dataset(pyarrow.dataset.dataset("tables/numbers", filesystem=dataset.fs()))
    assert lazy.filter(pl.col("id") >= 15_000).select(pl.len()).collect().item() == 5_000


def test_duckdb_queries_it(dataset: Dataset) -> None:
    with duckdb.connect() as connection:
        connection.register_filesystem(fsspec.filesystem("tilth"))
        top = "tilth://Team/Zoo/Animals@1.0.0/tables"
        assert connection.execute(f"SELECT count(*) FROM '{top}/numbers/*.parquet' WHERE kind = 'odd'").fetchone() == (10_000,)
        assert connection.execute(f"SELECT max(id) FROM read_csv('{top}/animals.csv')").fetchone() == (3,)


def test_pyarrow_reads_it(dataset: Dataset) -> None:
    arrow = PyFileSystem(FSSpecHandler(dataset.fs()))
    assert pq.read_table("tables/numbers/0.parquet", filesystem=arrow).num_rows == 10_000
    found = pyarrow.dataset.dataset("tables/numbers", filesystem=dataset.fs())
    assert found.count_rows(filter=pyarrow.dataset.field("id") < 12_000) == 12_000
    with arrow.open_input_file("tables/animals.csv") as file:
        assert pyarrow.csv.read_csv(file).num_rows == 3


def test_threads_share_it(dataset: Dataset) -> None:
    fs = dataset.fs()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda path: fs.cat_file(path) == FILES[path], sorted(FILES) * 10))
    assert all(found)


def test_it_goes_to_another_process_by_name(dataset: Dataset, home: Home) -> None:
    code = "import pickle, sys\nfs = pickle.loads(sys.stdin.buffer.read())\nsys.stdout.write(fs.cat('deep/er/er/file.txt').decode())"
    environment = {"TILTH_HOME": str(home.folder), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(dataset.fs()), env=environment, capture_output=True, check=True)
    assert done.stdout == b"deep"
