"""What passed tests leave is removed where it is large, and late; what failed tests leave stays."""

import os
from pathlib import Path

import pytest

from tests import leftovers
from tests.leftovers import Leftovers

LARGE = os.urandom(1 << 19)


def left(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def write(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"small" if "small" in name else LARGE)
    return folder


def test_large_files_go_when_their_test_has_been_over_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = write(tmp_path / "elsewhere", "large")
    folder = write(tmp_path / "passed", "large", "a/large", "a/small")
    (folder / "link").symlink_to(elsewhere)
    found = Leftovers()
    found.add(folder)
    found.sweep()
    assert left(folder) == {"large", "a/large", "a/small"}
    monkeypatch.setattr(leftovers, "_LATE_S", -1.0)
    found.sweep()
    assert left(folder) == {"a/small"}
    assert left(elsewhere) == {"large"}


def test_at_the_end_all_goes_but_what_failed_tests_left(tmp_path: Path) -> None:
    write(tmp_path, "passed/large", "passed/small", "failed/large", "server/large")
    found = Leftovers()
    found.keep(tmp_path / "failed")
    found.remove_large(tmp_path)
    assert left(tmp_path) == {"passed/small", "failed/large"}
