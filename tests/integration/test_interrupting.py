"""Ctrl-C, as a terminal sends it to a command and all that it started: it ends at once, says so, and leaves nothing to mend."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tilth.testing.repositories import write_files

INTERRUPTED = 130
FILES = {f"{number % 7}/{number}.bin": number.to_bytes(4) * (2_000 if number % 50 else 500_000) for number in range(3_000)}


def begin(*words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tilth.cli.main", "data", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def interrupt(process: "subprocess.Popen[str]", when: Callable[[], object]) -> None:
    """Press Ctrl-C as soon as `when` is true."""
    deadline = time.monotonic() + 180
    while not when() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    assert process.poll() is None, process.communicate()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == INTERRUPTED, err
    assert err == "\ninterrupted; run the same command again to go on where it was\n"
    assert out == ""


def run(*words: str) -> str:
    process = begin(*words)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def some_files(folder: Path, pattern: str) -> Callable[[], bool]:
    def found() -> bool:
        with suppress(FileNotFoundError):  # a folder got its last name while it was looked into
            return any(path.is_file() for path in folder.glob(pattern))
        return False

    return found


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_files(tmp_path_factory.mktemp("source") / "data", FILES)


def test_a_sync_that_is_interrupted_goes_on_in_the_same_version(source: str) -> None:
    store = Path(os.environ["TILTH_HOME"]) / "store"
    interrupt(begin("sync", "--name", "n", "--folder", source, "--chunk-size", "1"), some_files(store, "packs/**/*"))
    (begun,) = [line.split()[-1] for line in run("search", "--not-only-completed").splitlines() if "uploading" in line]
    assert f"id={begun}" in run("sync", "--name", "n", "--folder", source)
    assert "nothing wrong" in run("verify")


def test_a_copy_that_is_interrupted_is_finished_by_the_same_command(source: str, tmp_path: Path) -> None:
    run("sync", "--name", "n", "--folder", source)
    interrupt(begin("get", "--copy", f"{tmp_path}/copy"), some_files(tmp_path, ".copy.tilth-*/*/*"))
    assert not (tmp_path / "copy").exists()
    run("get", "--copy", f"{tmp_path}/copy")
    assert contents(tmp_path / "copy") == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_a_view_that_is_interrupted_is_made_by_the_same_command(source: str) -> None:
    run("sync", "--name", "n", "--folder", source)
    cache = Path(os.environ["TILTH_HOME"]) / "cache"
    interrupt(begin("get"), some_files(cache, "**/*.bin"))
    assert not list((cache / "views").glob("*"))
    assert contents(Path(run("get").strip())) == FILES


def test_an_archive_that_is_interrupted_is_not_there(source: str, tmp_path: Path) -> None:
    run("sync", "--name", "n", "--folder", source)
    interrupt(begin("export", f"{tmp_path}/n.tar"), some_files(tmp_path, "*.part"))
    assert list(tmp_path.iterdir()) == []
