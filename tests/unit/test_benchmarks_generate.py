"""Benchmarks can be repeated: a workload is the same everywhere, and its next version changes what it says."""

import hashlib
import shutil
from pathlib import Path

import pytest

from benchmarks.generate import FIRST, NEXT, generate

SCALE = {"big": 0.002, "table": 0.0002, "images": 0.008, "tiny": 0.002, "million": 0.002}


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def link_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, copy_function=lambda old, new: Path(new).hardlink_to(old))


@pytest.mark.parametrize("workload", FIRST)
def test_a_workload_is_the_same_everywhere(workload: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        generate(workload, tmp_path / name, SCALE[workload])
    assert contents(tmp_path / "a") == contents(tmp_path / "b") != {}


@pytest.mark.parametrize("workload", [name.removesuffix("-next") for name in NEXT])
def test_the_next_version_leaves_linked_folders_alone(workload: str, tmp_path: Path) -> None:
    generate(workload, tmp_path / "first", SCALE[workload])
    before = contents(tmp_path / "first")
    link_tree(tmp_path / "first", tmp_path / "next")
    generate(f"{workload}-next", tmp_path / "next", SCALE[workload])
    assert contents(tmp_path / "first") == before
    assert contents(tmp_path / "next") != before


def test_the_next_images_are_changed_deleted_added_and_moved(tmp_path: Path) -> None:
    generate("images", tmp_path / "images", 0.008)
    before = contents(tmp_path / "images")
    generate("images-next", tmp_path / "images", 0.008)
    after = contents(tmp_path / "images")
    moved = {path for path in after if "/Reviewed/" in path}
    changed = {path for path in before.keys() & after.keys() if before[path] != after[path]}
    assert (len(before), len(after), len(moved), len(changed)) == (200, 200, 10, 2)
    assert {after[path] for path in moved} <= set(before.values())


def test_the_next_table_keeps_most_rows(tmp_path: Path) -> None:
    generate("table", tmp_path, 0.0002)
    before = (tmp_path / "rows.csv").read_text().splitlines()
    generate("table-next", tmp_path, 0.0002)
    after = (tmp_path / "rows.csv").read_text().splitlines()
    rows = len(before) - 1
    assert len(after) - len(before) == rows // 100
    assert sum(old != new for old, new in zip(before, after, strict=False)) == rows // 100
    assert after[0] == before[0]
