"""A walk of a folder is in the order of the paths, and keeps nothing of what it has handed out."""

import tracemalloc
from pathlib import Path

from tilth.datasets.scanning import scan


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
