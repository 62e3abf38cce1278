"""`make demo` does what it says, on drawn pictures and on a folder of one's own, and leaves both that folder and the user's home alone."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tools.demo
from tilth.testing import forking

ROOT = Path(__file__).parents[2]


def demo(work: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("TILTH_")} | environment
    command = [sys.executable, "-m", "tools.demo", "--work", str(work), *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def forked_command(words: list[Any], *, stdout: int, text: bool = False, check: bool) -> "subprocess.CompletedProcess[Any]":
    """What `subprocess.run` does for the demo, by forking: it starts `tilth` a dozen times."""
    assert (words[0], stdout) == (tools.demo.COMMAND, subprocess.PIPE)
    asked = ["-m", "tilth.cli.main", *words[1:]]
    return forking.run(asked, check=check) if text else forking.run(asked, check=check, text=False)


def test_the_demo_restores_both_versions(tmp_path: Path) -> None:
    done = demo(tmp_path / "work", HOME=str(tmp_path / "home"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "120 restored files, all equal bit for bit" in done.stdout
    assert "3 added, 3 removed, 3 modified, 3 moved, 51 unchanged" in done.stdout
    assert not (tmp_path / "home").exists()


def test_the_demo_takes_a_folder_and_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mine"
    (folder / "a b").mkdir(parents=True)
    for number in range(8):
        (folder / "a b" / f"{number}.txt").write_text(f"number {number}\n")
    before = {path: path.read_bytes() for path in folder.rglob("*.txt")}
    monkeypatch.setenv("TILTH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["demo", "--work", str(tmp_path / "work"), "--folder", str(folder)])
    monkeypatch.setattr(tools.demo, "subprocess", SimpleNamespace(run=forked_command, PIPE=subprocess.PIPE))
    for _ in range(2):
        tools.demo.main()
        assert "16 restored files, all equal bit for bit" in capfd.readouterr().out
    assert {path: path.read_bytes() for path in folder.rglob("*.txt")} == before
    assert (tmp_path / "home" / "store").is_dir()


def test_the_demo_needs_a_folder_that_is_there(tmp_path: Path) -> None:
    done = demo(tmp_path / "work", "--folder", str(tmp_path / "missing"))
    assert (done.returncode, done.stderr) == (1, f"{tmp_path / 'missing'} is no folder; name one with FOLDER=...\n")
