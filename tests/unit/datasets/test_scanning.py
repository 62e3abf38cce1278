"""A walk of a folder is in the order of the paths, and keeps nothing of what it has handed out; problems are those of what is meant."""

import os
import tracemalloc
from pathlib import Path

from tilth.datasets.scanning import find_problems, scan
from tilth.testing.repositories import write_files


def test_a_large_flat_folder_is_forgotten_file_by_file(tmp_path: Path) -> None:
    for number in range(3_000):
        (tmp_path / f"{number:04}").touch()
    tracemalloc.start()
    try:
        walk = scan(str(tmp_path))
        assert next(walk).path == "0000"
        before, _ = tracemalloc.get_traced_memory()
        assert [next(walk).path for _ in range(2_990)] == [f"{number:04}" for number in range(1, 2_991)]
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after < before


def test_with_wildcards_only_what_they_mean_can_be_wrong(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "l", {"a.csv": b"1", "what?.txt": b"2", "aux.csv": b"3", "in:/b.csv": b"4", "out:/b.txt": b"5"})
    os.symlink("nowhere", tmp_path / "l" / "broken.txt")
    os.symlink("nowhere", tmp_path / "l" / "broken.csv")
    os.mkfifo(tmp_path / "l" / "pipe.txt")
    os.symlink("a.csv", tmp_path / "l" / "link.csv")
    found = find_problems(folder, wildcards=["*.csv"])
    assert [problem.partition(" is ")[0].rpartition("/")[2] for problem in found.refused] == ["broken.csv"]
    assert [warning.partition(" (")[0] for warning in found.warnings] == [
        "'in:' holds ':', which Windows does not allow",
        "aux.csv is a reserved name on Windows",
    ]
    flat = find_problems(folder, recursive=False, wildcards=["a.csv"])
    assert (flat.refused, flat.warnings) == ([], [])
    everything = find_problems(folder)
    assert len(everything.refused) == 3
    assert len(everything.warnings) == 4
