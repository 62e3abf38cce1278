"""Tasks that are made to run elsewhere: their code is found, and records itself there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tilth import Task
from tilth.base.errors import Invalid, PathNotFound
from tilth.sdk.home import Home

SCRIPT = '"""What it does."""\n\nfrom __future__ import annotations\n\nimport msgspec\nimport beside\n\nprint("runs")\n'
WITH_INIT = SCRIPT.replace("annotations\n", 'annotations\nfrom tilth import Task\n(__name__ != "__main__") or Task.init()\n\n', 1)


def git(folder: Path, *words: str) -> str:
    author = ["-c", "user.name=n", "-c", "user.email=n@host"]
    return subprocess.run(["git", "-C", str(folder), *author, *words], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "src").mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "remote", "add", "origin", "https://somebody:secret@host/code.git")
    (folder / "src" / "train.py").write_text(SCRIPT)
    (folder / "src" / "beside.py").write_text("import urllib3\n")
    (folder / "requirements.txt").write_text("one\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


@pytest.mark.parametrize("state", ["as committed", "changed", "not tracked"])
def test_a_script_of_a_repository_records_itself_elsewhere(
    own: Home, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    script = repository / "src" / "train.py"
    if state == "changed":
        script.write_text(SCRIPT + 'print("more")\n')
    if state == "not tracked":
        script = script.with_name("new.py")
        script.write_text(SCRIPT)
    wanted = script.read_text().replace(SCRIPT, WITH_INIT)
    monkeypatch.chdir(repository)
    task = Task.create(project_name="Team", script=str(script))
    found = task.get_script()
    assert (found["repository"], found["branch"]) == ("https://host/code.git", "main")
    assert (found["entry_point"], found["working_dir"]) == (f"src/{script.name}", ".")
    requirements = task.get_requirements()["pip"].splitlines()
    assert any(line.startswith("msgspec==") for line in requirements)
    assert any(line.startswith("urllib3==") for line in requirements), "what is imported by a file beside the script"
    assert any("tilth" in line for line in requirements)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    git(clone, "checkout", "--quiet", found["version_num"])
    subprocess.run(["git", "apply", "--unidiff-zero"], cwd=clone, input=found["diff"], text=True, check=True)
    assert (clone / "src" / script.name).read_text() == wanted


def test_a_repository_that_is_not_here_is_changed_at_the_beginning(own: Home, repository: Path) -> None:
    task = Task.create("Team", repo=str(repository), branch="main", script="src/train.py", argparse_args=[("lr", "0.1")], docker="image:1")
    diff = task.get_script()["diff"]
    subprocess.run(["git", "apply", "--unidiff-zero"], cwd=repository, input=diff, text=True, check=True)
    assert (repository / "requirements.txt").read_text() == "tilth\none\n"
    assert (
        (repository / "src" / "train.py").read_text().startswith('from tilth import Task\n(__name__ != "__main__") or Task.init()\n\n"""')
    )
    assert task.get_parameters() == {"Args/lr": "0.1"}
    assert task.data["container"]["image"] == "image:1"
    plain = Task.create("Team", repo=str(repository), branch="main", script="src/train.py", add_task_init_call=False, packages=["numpy"])
    assert "diff" not in plain.get_script()
    assert plain.get_requirements() == {"pip": "numpy"}


@pytest.mark.parametrize("how", ["outside", "single file", "not looked for"])
def test_a_script_without_a_repository_is_its_text(own: Home, repository: Path, tmp_path: Path, how: str) -> None:
    script = repository / "src" / "train.py"
    if how == "outside":
        script = Path(script.rename(tmp_path / "train.py"))
    task = Task.create("Team", script=str(script), force_single_script_file=how == "single file", detect_repository=how != "not looked for")
    found = task.get_script()
    assert (found["diff"], found["repository"], found["entry_point"], found["working_dir"]) == (WITH_INIT, "", "train.py", ".")
    assert any(line.startswith("msgspec==") for line in task.get_requirements()["pip"].splitlines())


def test_code_that_records_itself_already_stays_as_it_is(own: Home, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("from clearml import Task\ntask = Task.init('Team', 'train')\n")
    assert Task.create("Team", script=str(script)).get_script()["diff"] == script.read_text()
    script.write_text("import clearml\n")
    changed = Task.create("Team", script=str(script))
    assert changed.get_script()["diff"].startswith("from clearml import Task\n")
    assert "clearml" in changed.get_requirements()["pip"]


def test_the_text_of_a_task_runs_and_is_recorded(own: Home, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("print('runs')\n")
    text = Task.create("Team", script=str(script)).get_script()["diff"]
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "train.py").write_text(text)
    environment = os.environ | {"TILTH_HOME": str(own.folder), "TILTH_ANNOUNCE": "false"}
    said = subprocess.run([sys.executable, "train.py"], cwd=other, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert (said.stdout, said.stderr) == ("runs\n", "")
    assert Task.get_task(project_name="Examples", task_name="train").get_status() == "completed"


def test_a_module_of_a_folder_is_described(own: Home, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "tool").mkdir()
    (repository / "tool" / "__main__.py").write_text("import msgspec\n")
    task = Task.create("Team", task_name="tool", module="tool", working_directory=str(repository), packages=True)
    assert task.get_script()["entry_point"] == "-m tool"
    assert task.get_script()["repository"] == "https://host/code.git"
    assert any(line.startswith("msgspec==") for line in task.get_requirements()["pip"].splitlines())


def test_code_that_is_not_there_is_refused(own: Home, tmp_path: Path) -> None:
    with pytest.raises(PathNotFound, match="is no file"):
        Task.create("Team", script=str(tmp_path / "missing.py"))
    with pytest.raises(Invalid, match="both script and module"):
        Task.create("Team", script="train.py", module="train")
    with pytest.raises(PathNotFound, match=r"requirements\.txt is no file"):
        Task.create("Team", repo="https://host/code.git", script="a.py", requirements_file=tmp_path / "requirements.txt")
