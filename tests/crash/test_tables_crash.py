"""Rows that do not fit into memory: their process is killed, or the disk is full. Nothing is half done, and nothing stays."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tilth.base.faultpoints import CRASH_STATUS
from tilth.testing import forking
from tilth.testing.repositories import write_files

EACH, SHARED = 12_000, 2_000
NOISY, NOISE_BYTES = 1_000, 1_500
UNAVAILABLE = 7
MERGE = ("merge-tables", "--ids", "P/A@1.0.0", "P/B@1.0.0", "--name", "M", "--no-preview", "--memory", "64 MB")
COMPARE = ("compare", "P/A@1.0.0", "P/B@1.0.0", "--rows", "--key", "id", "--path", "t.csv.gz", "--memory", "64 MB")

LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
from tilth.cli.main import main
main()
"""
"""No file of the process may become larger, which is what a full disk is to it."""


def tilth(*words: str, status: int = 0, limit: int = 0, crash_at: str = "") -> str:
    """Run `tilth data` in a process, and give what it says: its errors if it has some."""
    program = ["-c", LIMITED.format(limit=limit)] if limit else ["-m", "tilth.cli.main"]
    done = forking.run([*program, "data", *words], env=os.environ | {"TILTH_CRASH_AT": crash_at}, timeout=600)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if status else done.stdout


def document(*words: str) -> Any:
    return json.loads(tilth(*words, "--json"))


@pytest.fixture
def scratch(own_home: Path, tmp_path: Path) -> Path:
    """Where the commands work. There are two versions with a table whose keys take more than 64 MB, and with some that are all noise."""
    for number, name in enumerate("AB"):
        first = number * (EACH - SHARED)
        keys = (f"{row * 7_919 % 100_003:05}" * 800 for row in range(first, first + EACH))
        table = "".join(["id,of\n", *(f"{key},{number}\n" for key in keys)])
        files = {"t.csv.gz": gzip.compress(table.encode(), 1)}
        for other in range(4):
            files[f"noise/{other}.csv"] = "".join(["x\n", *(f"{os.urandom(NOISE_BYTES // 2).hex()}\n" for _ in range(NOISY))]).encode()
        tilth("sync", "--folder", write_files(tmp_path / name, files), "--name", name, "--project", "P", "--no-preview")
    return own_home / "cache/tables"


def test_killed_with_rows_on_the_disk(scratch: Path) -> None:
    by_key, by_place = (*MERGE, "--tables", "t.csv.gz", "--key", "id", "--on-conflict", "last"), (*MERGE, "--tables", "noise/*")
    for words, point, files in (
        (by_key, "before-make", "duckdb_temp*"),
        (COMPARE, "before-make", "duckdb_temp*"),
        (by_place, "after-write", "*.csv"),
    ):
        tilth(*words, status=CRASH_STATUS, crash_at=f"tables.{point}")
        (folder,) = scratch.iterdir()  # what the one before left is gone
        assert sum(path.stat().st_size for path in folder.rglob(files)) > 1_000_000
        assert document("search", "--name", "M", "--not-only-completed")["versions"] == []
    (table,) = document(*COMPARE)["tables"]
    assert (table["added"], table["removed"], table["changed"]) == (EACH - SHARED, EACH - SHARED, SHARED)
    assert list(scratch.iterdir()) == []
    (joined,) = document(*by_key)["tables"]
    assert (joined["rows"], joined["overridden"]) == (2 * EACH - SHARED, SHARED)
    assert list(scratch.iterdir()) == []


def test_no_space_for_rows(scratch: Path) -> None:
    """For those that do not fit into memory, for a joined table, and for a pack of several."""
    by_key = (*MERGE, "--tables", "t.csv.gz", "--key", "id", "--on-conflict", "last")
    for words in (by_key, COMPARE):
        said = tilth(*words, limit=2_000_000, status=UNAVAILABLE)
        assert f"no space left in {scratch}/" in said
        assert "set TILTH_CACHE to a folder of another disk" in said
    for limit, place in ((2_000_000, scratch), (4_000_000, scratch.parents[1] / "store")):
        assert f"no space left to write {place}" in tilth(*MERGE, "--tables", "noise/*", limit=limit, status=UNAVAILABLE)
    assert list(scratch.iterdir()) == []
    assert document("search", "--name", "M", "--not-only-completed")["versions"] == []
    tables = document(*MERGE)["tables"]
    assert {table["path"]: table["rows"] for table in tables} == {f"noise/{n}.csv": 2 * NOISY for n in range(4)} | {"t.csv.gz": 2 * EACH}
    assert list(scratch.iterdir()) == []
    assert "nothing wrong" in tilth("verify")
