"""Tables many times larger than the memory that is given are joined and compared."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.merging import JoinRules, RowConflict, join_tables
from tilth.sdk.tables.row_changes import compare_rows

EACH, SHARED = 140_000, 35_000

JOIN = """
import json, resource, sys
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.merging import JoinRules, RowConflict, join_tables
from tilth.sdk.tables.row_changes import compare_rows

folder = Path(sys.argv[1])
filler = ",".join("x" * 250 for _ in range(20))
for number in range(2):
    with (folder / f"{number}.csv").open("w") as file:
        file.write("id," + ",".join(f"c{at}" for at in range(20)) + "\\n")
        for row in range(40_000):
            file.write(f"{row + number * 25_000},{filler}\\n")
sources = [Source("t.csv", str(n), lambda n=n: (folder / f"{n}.csv").open("rb")) for n in range(2)]
for module in ("duckdb", "pyarrow", "tilth.sdk.tables.engine"):
    import_module(module)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
before = peak()
rules = JoinRules(key=["id"], on_conflict=RowConflict.FIRST, memory_bytes=64_000_000)
with (folder / "out.csv").open("wb") as out:
    report = join_tables(sources, rules, out, folder, lambda rows: None, skip_malformed=False)
changes = compare_rows(*sources, key=["id"], shown=1, scratch=folder, skip_malformed=False, memory_bytes=64_000_000)
size = sum(path.stat().st_size for path in folder.glob("?.csv"))
print(json.dumps([report.rows, report.duplicates, changes.added, changes.removed, changes.same, peak() - before, size]))
"""


@pytest.mark.integration
def test_tables_larger_than_memory_are_joined_and_compared(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", JOIN, str(tmp_path)], capture_output=True, text=True, check=True)
    rows, duplicates, added, removed, same, grown, size = json.loads(done.stdout)
    assert (rows, duplicates) == (65_000, 15_000)
    assert (added, removed, same) == (25_000, 25_000, 15_000)
    assert size > 400_000_000
    assert grown < 250_000_000, f"{grown / 1e6:.0f} MB more for {size / 1e6:.0f} MB of tables"


def _opened(path: Path) -> IO[bytes]:
    return path.open("rb")


@pytest.fixture
def crowded(tmp_path: Path) -> list[Source]:
    """Two tables with more keys than 64 MB hold, of which a quarter is in both and says something else there."""
    for number in range(2):
        with (tmp_path / f"{number}.csv").open("w") as file:
            file.write("id,of\n")
            for row in range(number * (EACH - SHARED), number * (EACH - SHARED) + EACH):
                file.write(f"{row * 7_919 % 1_000_003:0200},{number}\n")
    return [Source("keys.csv", str(number), partial(_opened, tmp_path / f"{number}.csv")) for number in range(2)]


@pytest.mark.integration
def test_more_keys_than_fit_into_memory_are_joined(crowded: list[Source], tmp_path: Path) -> None:
    rules = JoinRules(key=["id"], on_conflict=RowConflict.LAST, memory_bytes=64_000_000)
    with (tmp_path / "joined.csv").open("wb") as file:
        report = join_tables(crowded, rules, file, tmp_path, lambda rows: None, skip_malformed=False)
    assert (report.rows, report.conflicts, report.overridden) == (2 * EACH - SHARED, SHARED, SHARED)
    rows = [line.split(",") for line in (tmp_path / "joined.csv").read_text().splitlines()[1:]]
    assert [int(of) for _, of in rows] == [0] * (EACH - SHARED) + [1] * EACH
    assert len({key for key, _ in rows}) == len(rows) == 2 * EACH - SHARED


@pytest.mark.integration
@pytest.mark.parametrize("key", [["id"], []], ids=["by key", "whole"])
def test_more_keys_than_fit_into_memory_are_compared(crowded: list[Source], key: list[str], tmp_path: Path) -> None:
    found = compare_rows(*crowded, key=key, shown=1, scratch=tmp_path, skip_malformed=False, memory_bytes=64_000_000)
    only = EACH - SHARED if key else EACH
    assert (found.added, found.removed, found.changed, found.same) == (only, only, SHARED if key else 0, 0)


def test_what_does_not_fit_goes_to_the_disk_and_is_removed(tmp_path: Path) -> None:
    engine_module = pytest.importorskip("tilth.sdk.tables.engine")
    with engine_module.Engine(tmp_path, memory_bytes=64_000_000) as engine:
        for first in range(0, 600_000, 50_000):
            keys = [f"{number * 7919 % 600_000:060}".encode() for number in range(first, first + 50_000)]
            engine.add(0, first, range(1, 50_001), keys, keys)
        assert engine.run("SELECT count(*), count(DISTINCT key) FROM rows") == [(600_000, 600_000)]
        assert engine.run("SELECT coalesce(sum(size), 0) > 0 FROM duckdb_temporary_files()") == [(True,)]
        assert any(tmp_path.rglob("*"))
        assert next(engine.stream("SELECT n FROM rows ORDER BY key"))[0][0] == 0
    assert list(tmp_path.iterdir()) == []
