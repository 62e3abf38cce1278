"""Which code ran is known, and can be had again."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tilth.capture import source, untracked
from tilth.capture.source import Entry, describe_source, without_credentials

WHO = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]


def git(folder: Path, *command: str) -> str:
    return subprocess.run(["git", *WHO, *command], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit, on the branch `work`."""
    folder = tmp_path / "repository"
    (folder / "code").mkdir(parents=True)
    git(folder, "init", "--initial-branch", "work")
    (folder / "code" / "train.py").write_text("print('first')\n")
    (folder / "weights.bin").write_bytes(bytes(range(256)))
    git(folder, "add", ".")
    git(folder, "commit", "--message", "first")
    return folder


def script(file: Path) -> Entry:
    return Entry(file.name, file)


def test_a_clean_repository_is_named_by_its_commit(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://me:secret@example.com/team/code.git?token=secret")
    assert describe_source(script(repository / "code" / "train.py"), cwd=repository) == {
        "binary": f"python3.{sys.version_info[1]}",
        "repository": "https://example.com/team/code.git",
        "branch": "work",
        "version_num": git(repository, "rev-parse", "HEAD"),
        "entry_point": "code/train.py",
        "working_dir": ".",
        "diff": "",
    }


def test_the_entry_point_is_seen_from_where_the_run_began(repository: Path, tmp_path: Path) -> None:
    entry = script(repository / "code" / "train.py")
    inside = describe_source(entry, cwd=repository / "code")
    outside = describe_source(entry, cwd=tmp_path)
    assert (inside["working_dir"], inside["entry_point"]) == ("code", "train.py")
    assert (outside["working_dir"], outside["entry_point"]) == (".", "code/train.py")
    assert inside["repository"] == str(repository.resolve())


def test_the_diff_makes_the_same_files_again(repository: Path, tmp_path: Path) -> None:
    (repository / "code" / "train.py").write_text("print('second')\n")
    (repository / "weights.bin").write_bytes(b"\0\1" * 300)
    (repository / "code" / "new.py").write_text("print('not tracked')\n")
    (repository / "odd näme.txt").write_text("x\n")
    (repository / "staged.txt").write_text("staged\n")
    git(repository, "add", "staged.txt")
    without = describe_source(script(repository / "code" / "train.py"), cwd=repository)
    described = describe_source(script(repository / "code" / "train.py"), cwd=repository, untracked=True)
    assert "new.py" not in without["diff"]
    again = tmp_path / "again"
    git(tmp_path, "clone", described["repository"], "again")
    subprocess.run(["git", "apply", "-"], cwd=again, input=described["diff"], text=True, check=True)
    for name in ("code/train.py", "weights.bin", "code/new.py", "odd näme.txt", "staged.txt"):
        assert (again / name).read_bytes() == (repository / name).read_bytes(), name


def untracked_files(folder: Path) -> dict[str, bytes]:
    """Files whose names and texts a patch could get wrong."""
    (folder / "more things").mkdir()
    files = {
        "more things/with a space.py": b"print('not tracked')\n",
        "no-end.txt": b"one\ntwo",
        "empty.txt": b"",
        "windows.txt": b"one\r\ntwo\rthree\x0cfour\xe2\x80\xa8five\n",
        'odd "n\u00e4me"\t\\.txt': b"--- a/x\n+++ b/x\n\n",
        "diff --git a b": b"@@ -1 +1 @@\n",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("more things")
    return {**files, "run.sh": b"#!/bin/sh\n"}


def test_untracked_files_come_back_as_they_were(repository: Path, tmp_path: Path) -> None:
    (repository / "code" / "train.py").write_text("print('second')\n")
    (repository / ".gitignore").write_text("secret.env\n")
    (repository / "secret.env").write_text("password\n")
    files = untracked_files(repository) | {"code/train.py": b"print('second')\n", ".gitignore": b"secret.env\n"}
    described = describe_source(script(repository / "code" / "train.py"), cwd=repository, untracked=True)
    again = tmp_path / "again"
    git(tmp_path, "clone", described["repository"], "again")
    subprocess.run(["git", "apply", "-"], cwd=again, input=described["diff"].encode(), check=True)
    assert {name: (again / name).read_bytes() for name in files} == files
    assert os.access(again / "run.sh", os.X_OK)
    assert not os.access(again / "empty.txt", os.X_OK)
    assert (again / "link").readlink() == Path("more things")
    assert not (again / "secret.env").exists()


def test_untracked_files_that_a_text_can_not_hold_are_named(
    repository: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(untracked, "LARGEST_FILE", 1_000)
    monkeypatch.setattr(source, "LARGEST_DIFF", 3_000)
    (repository / "code" / "train.py").write_text("print('second')\n")
    (repository / "a.bin").write_bytes(b"\0\1")
    (repository / "b latin.txt").write_bytes("n\u00e4me".encode("latin-1"))
    (repository / "c.csv").write_text("1,2\n" * 500)
    for number in range(4):
        (repository / f"d{number}.txt").write_text("x" * 900)
    (repository / "e.txt").write_text("small\n")
    git(repository, "init", "f")
    (repository / "home").mkdir()
    (repository / "home" / "tilth.toml").write_text("secret\n")
    entry = script(repository / "code" / "train.py")
    diff = describe_source(entry, cwd=repository, untracked=True, home=repository / "home")["diff"]
    assert len(diff) <= 3_000
    assert ["+print('second')" in diff, "+small" in diff, "d1.txt" in diff, "secret" in diff] == [True, True, True, False]
    binary = "a.bin (binary), b latin.txt (binary)"
    large = "c.csv (2,000 bytes, and 1,000 is the most), d2.txt (no room for it), d3.txt (no room for it)"
    said = f"untracked files that are not recorded with the uncommitted changes: {binary}, {large}, and 1 more"
    assert [record.getMessage() for record in caplog.records] == [said]
    git(repository, "apply", "--reverse", "--check", str(write(repository.parent / "patch", diff)))


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_script_that_is_not_tracked_comes_with_the_diff(repository: Path) -> None:
    (repository / "quick.py").write_text("print('quick')\n")
    (repository / "other.py").write_text("print('other')\n")
    diff = describe_source(script(repository / "quick.py"), cwd=repository)["diff"]
    assert "+print('quick')" in diff
    assert "other" not in diff


def test_states_in_which_git_knows_little(repository: Path, tmp_path: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "--detach")
    detached = describe_source(script(repository / "code" / "train.py"), cwd=repository)
    assert (detached["branch"], detached["version_num"]) == ("", commit)
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "--initial-branch", "begun")
    (empty / "run.py").write_text("print('run')\n")
    (empty / "kept.py").write_text("print('kept')\n")
    git(empty, "add", "kept.py")
    begun = describe_source(script(empty / "run.py"), cwd=empty)
    assert (begun["branch"], begun["version_num"]) == ("begun", "")
    assert "+print('run')" in begun["diff"]
    assert "+print('kept')" in begun["diff"]


def test_the_remote_is_that_of_the_branch(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "git@example.com:team/code.git")
    git(repository, "remote", "add", "fork", "ssh://git:pw@example.com:2222/me/code.git")
    entry = script(repository / "code" / "train.py")
    assert describe_source(entry, cwd=repository)["repository"] == "git@example.com:team/code.git"
    git(repository, "config", "branch.work.remote", "fork")
    assert describe_source(entry, cwd=repository)["repository"] == "ssh://git@example.com:2222/me/code.git"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://token@host/a.git", "https://host/a.git"),
        ("https://user:to%40ken@host:8443/a.git#x", "https://host:8443/a.git"),
        ("http://u:p@[::1]:80/a", "http://[::1]:80/a"),
        ("git@host:a/b.git", "git@host:a/b.git"),
        ("file:///srv/a.git", "file:///srv/a.git"),
        ("https://u:p@host:none/a", ""),
        ("/srv/a.git", "/srv/a.git"),
    ],
)
def test_no_secret_of_an_address_is_kept(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


def test_a_script_in_no_repository_is_kept_as_text(tmp_path: Path) -> None:
    (tmp_path / "alone.py").write_text("print('alone')\n")
    described = describe_source(script(tmp_path / "alone.py"), cwd=tmp_path)
    assert (described["entry_point"], described["working_dir"], described["diff"]) == ("alone.py", ".", "print('alone')\n")
    assert (described["repository"], described["branch"], described["version_num"]) == ("", "", "")


def test_without_git_the_text_is_still_there(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    described = describe_source(script(repository / "code" / "train.py"), cwd=repository)
    assert (described["entry_point"], described["diff"]) == ("train.py", "print('first')\n")


def test_a_git_that_hangs_is_ended(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text("#!/bin/sh\nexec sleep 600\n")
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setattr(source, "GIT_PATIENCE_S", 0.2)
    assert describe_source(script(repository / "code" / "train.py"), cwd=repository)["diff"] == "print('first')\n"


def test_a_diff_that_is_too_large_is_left_out_with_a_warning(
    repository: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(source, "LARGEST_DIFF", 2_000)
    (repository / "weights.bin").write_bytes(bytes(range(255, -1, -1)) * 50 + b"x")
    (repository / "code" / "train.py").write_text("print('small')\n")
    entry = script(repository / "code" / "train.py")
    readable = describe_source(entry, cwd=repository)["diff"]
    assert "+print('small')" in readable
    (repository / "code" / "train.py").write_text("print('large')\n" * 1_000)
    assert describe_source(entry, cwd=repository)["diff"] == ""
    assert [record.getMessage() for record in caplog.records] == [
        "uncommitted changes are not recorded: git fails, takes too long, or they have more than 2000 bytes"
    ]


FOUND = """
import json, sys
from pathlib import Path
from tilth.capture.source import describe_source, find_entry
Path("{seen}").write_text(json.dumps(describe_source(find_entry())))
"""


def run(folder: Path, *command: str, files: dict[str, str] | None = None) -> Any:
    seen = folder / "seen.json"
    code = FOUND.format(seen=seen)
    for name in files or {}:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(code)
    subprocess.run([sys.executable, *(code if word == "CODE" else word for word in command)], cwd=folder, check=True)
    return json.loads(seen.read_text()), code


def test_every_way_to_start_python_is_known(tmp_path: Path) -> None:
    files = {"run.py": "", "tool/__init__.py": "", "tool/part.py": "", "tool/__main__.py": ""}
    ways = {
        ("run.py", "--lr", "1"): ("run.py", True),
        ("-m", "run"): ("run.py", True),
        ("-m", "tool.part"): ("-m tool.part", False),
        ("-m", "tool"): ("-m tool", False),
        ("-X", "dev", "-c", "CODE", "-c"): ("code.py", True),
    }
    for way, (name, has_text) in ways.items():
        described, code = run(tmp_path, *way, files=files)
        assert (described["entry_point"], described["diff"]) == (name, code if has_text else ""), way


def test_code_that_is_typed_in_has_no_text(tmp_path: Path) -> None:
    code = FOUND.format(seen=tmp_path / "seen.json")
    ran = subprocess.run([sys.executable, "-"], cwd=tmp_path, input=code, text=True, check=True, capture_output=True)
    described = json.loads((tmp_path / "seen.json").read_text())
    assert (described["entry_point"], described["diff"], ran.stderr) == ("code.py", "", "")


def test_a_module_of_a_repository_is_started_as_a_module(repository: Path) -> None:
    described, _ = run(repository, "-m", "tool.part", files={"tool/part.py": ""})
    assert (described["entry_point"], described["working_dir"]) == ("-m tool.part", ".")
    assert "tool/part.py" in described["diff"]


def test_a_notebook_is_the_cells_that_ran(tmp_path: Path) -> None:
    # What IPython shows of itself to code that runs in it: `get_ipython` and the names of the user.
    script = FOUND.format(seen=tmp_path / "seen.json")
    shell = "import types, sys\nmodule = types.ModuleType('IPython')\n"
    shell += (
        "module.get_ipython = lambda: types.SimpleNamespace(user_ns={'In': ['', 'a = 1', 'print(a)'], '__session__': '/w/study.ipynb'})\n"
    )
    subprocess.run([sys.executable, "-c", shell + "sys.modules['IPython'] = module\n" + script], check=True)
    described = json.loads((tmp_path / "seen.json").read_text())
    assert (described["entry_point"], described["diff"]) == ("study.py", "a = 1\n\nprint(a)\n")
