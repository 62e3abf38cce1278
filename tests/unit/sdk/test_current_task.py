"""A run that makes a dataset can become the version itself: with its code, console and metrics, and the data that it made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tilth import Dataset, Task
from tilth.base.errors import AlreadyExists, Invalid, StatusRefused
from tilth.sdk.home import Home

QUIET = dict.fromkeys(("auto_connect_arg_parser", "auto_connect_frameworks", "auto_resource_monitoring", "auto_connect_streams"), False)
SCRIPT = """
import sys
from pathlib import Path
from tilth import Dataset, Task
task = Task.init("Team", "makes pets")
made = Dataset.create("pets", "Team/Data", use_current_task=True)
Path("a.csv").write_text("a,b\\n1,2\\n")
made.add_files("a.csv")
task.get_logger().report_scalar("rows", "count", 1, 0)
if "finalizes" in sys.argv:
    made.finalize(auto_upload=True)
Path("id").write_text(task.id)
if "fails" in sys.argv:
    raise ValueError("after all")
"""


def _begun() -> Task:
    return Task.init("Team", "makes", reuse_last_task_id=False, **QUIET)  # type: ignore[arg-type]


def test_a_run_becomes_the_version_that_it_makes(home: Home, tmp_path: Path) -> None:
    task = _begun()
    task.connect({"rows": 3})
    task.get_logger().report_scalar("rows", "count", 3, 0)
    made = Dataset.create("current", "Team/Data", dataset_tags=["made"], use_current_task=True)
    assert (made.id, task.name, task.get_project_name()) == (task.id, "current", "Team/Data/.datasets/current")
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    made.add_files(tmp_path / "a.csv")
    with pytest.raises(AlreadyExists, match="is a version already"):
        Dataset.create("another", "Team/Data", use_current_task=True)
    made.finalize(auto_upload=True)
    task.get_logger().report_scalar("rows", "count", 4, 1)
    task.close()
    found = Dataset.get(dataset_project="Team/Data", dataset_name="current", only_completed=True)
    assert (found.id, found.tags, found.list_files()) == (task.id, ["made"], ["a.csv"])
    read = Task.get_task(task.id)
    assert read.get_status() == "completed"
    assert read.get_parameters() == {"General/rows": "3", "properties/version": "1.0.0"}
    assert read.get_reported_scalars()["rows"]["count"]["y"] == [3, 4]
    assert ("Tables", "a.csv") in {(plot["metric"], plot["variant"]) for plot in read.get_reported_plots()}
    with pytest.raises(StatusRefused, match="can't be reset"):
        read.reset(force=True)


def test_a_version_that_its_run_left_open_can_be_gone_on_with(home: Home, tmp_path: Path) -> None:
    task = _begun()
    made = Dataset.create("left-open", "Team/Data", use_current_task=True)
    (tmp_path / "a.csv").write_text("a\n1\n")
    made.add_files(tmp_path / "a.csv")
    task.close()
    assert not Dataset.get(made.id).is_final()
    with pytest.raises(StatusRefused, match="tilth data close"):
        home.api.call("tasks.completed", task=made.id, force=True)
    again = Dataset.get(made.id)
    assert again.finalize(auto_upload=True)
    assert Task.get_task(made.id).get_status() == "completed"


@pytest.mark.parametrize(("words", "status"), [(["finalizes"], "final"), (["finalizes", "fails"], "final"), (["fails"], "uploading")])
def test_however_the_run_ends_the_version_is_what_it_is(own: Home, tmp_path: Path, words: list[str], status: str) -> None:
    environment = os.environ | {"TILTH_HOME": str(own.folder)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == ("fails" in words), done.stderr
    assert "refused" not in done.stderr
    id = (tmp_path / "id").read_text()
    assert own.api.versions.get(id).status == status
    if "fails" in words:
        assert "ValueError: after all" in "".join(Task.get_task(id).get_reported_console_output(100))


def test_the_next_run_is_a_task_of_its_own(own: Home, tmp_path: Path) -> None:
    environment = os.environ | {"TILTH_HOME": str(own.folder)}
    ids = []
    for _ in range(2):
        subprocess.run([sys.executable, "-c", SCRIPT, "finalizes"], cwd=tmp_path, env=environment, check=True)
        ids.append((tmp_path / "id").read_text())
    assert [own.api.versions.get(id).version for id in ids] == ["1.0.0", "1.0.1"]


def test_without_a_task_that_runs_there_is_none_to_become_it(own: Home) -> None:
    with pytest.raises(Invalid, match="no task is running"):
        Dataset.create("nothing", "Team/Data", use_current_task=True)
