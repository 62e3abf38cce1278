"""Who used which version is known whichever client recorded it, and what is reported of a version is seen by both."""

import json
import os
from typing import Any

import pytest

from tests.compat.conftest import User
from tests.compat.quick import quickly
from tests.compat.test_datasets import tilth
from tilth.testing import forking

OURS = """
import json
from pathlib import Path
from tilth import Dataset, Task
from tilth.sdk.pictures import png_of
Path("ours.csv").write_text("name,age\\nTom,3\\n")
made = Dataset.create("ours", "Uses")
made.add_files("ours.csv")
Path("ours.png").write_bytes(png_of([[0, 255], [255, 0]], "matrix"))
made.add_files("ours.png")
made.finalize(auto_upload=True)
made.get_logger().report_table("rows", "few", table_plot=[["a"], [1]])
made.get_logger().flush(wait=True)
task = Task.init("Uses", "ours", reuse_last_task_id=False)
Dataset.get(made.id, alias="data", overridable=True)
task.close()
Path("ours.json").write_text(json.dumps({"version": made.id, "task": task.id}))
"""
AGAIN = """
import json
from pathlib import Path
from tilth import Dataset, Task
task = Task.init("Uses", "ours")
got = Dataset.get(dataset_project="Uses", dataset_name="ours", alias="data", overridable=True)
Path("again.json").write_text(json.dumps({"task": task.id, "got": got.id, "used": task.get_datasets()}))
"""


@pytest.fixture
def ours(somebody: User) -> dict[str, str]:
    """A version and a task that got it, both of Tilth's own SDK."""
    played(somebody, OURS)
    found: dict[str, str] = json.loads((somebody.folder / "ours.json").read_text())
    return found


def played(somebody: User, code: str, **more: str) -> None:
    known = somebody.server.credentials
    api = {"TILTH_API_SERVER": known["api_server"]}
    api |= {f"TILTH_API_{name.upper()}": known[name] for name in ("access_key", "secret_key", "files_server")}
    patient = {"TILTH_EXIT_WAIT": "60", "TILTH_PREVIEW_TIME": "120"}  # a busy machine may need long for what is reported
    environment = os.environ | {"TILTH_HOME": str(somebody.folder / "home")} | patient | api | more
    done = forking.run(["-c", code], env=environment, cwd=somebody.folder)
    assert done.returncode == 0, done.stderr


def users(somebody: User, id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = somebody.server.call("tasks.using_dataset", dataset=id)["tasks"]
    return found


def test_uses_are_known_across_clients(somebody: User, ours: dict[str, str]) -> None:
    found = quickly(somebody).play("uses", ours["version"], ours["task"])
    assert found["ours"] == {"runtime": [ours["version"]], "parameters": {"Datasets/data": ours["version"]}}
    numbers = [["Files", "by dimensions"], ["Files", "by size"], ["Files", "by type"], ["Files", "per folder"]]
    assert found["plots"] == [["Columns", "ours.csv"], *numbers, ["Tables", "ours.csv"], ["rows", "few"]]
    assert len(found["samples"]) == 1
    assert {(task["id"], *task["aliases"]) for task in users(somebody, ours["version"])} == {
        (ours["task"], "data"),
        (found["task"], "of tilth"),
    }
    assert found["task"] in tilth(somebody.server, "data", "used-by", "--id", ours["version"])


def test_a_run_with_another_version_set_takes_that(somebody: User, ours: dict[str, str]) -> None:
    other = somebody.server.call("tasks.get_by_id", task=ours["task"])["task"]["hyperparams"]["Datasets"]["data"]["value"]
    assert other == ours["version"]
    newer = {"TILTH_HOME": str(somebody.folder / "home")}
    played(somebody, OURS, **newer)
    newest = json.loads((somebody.folder / "ours.json").read_text())["version"]
    assert newest != ours["version"]
    again = somebody.server.call("tasks.clone", task=ours["task"], new_task_name="again")["id"]
    played(somebody, AGAIN, TILTH_TASK_ID=again)
    found = json.loads((somebody.folder / "again.json").read_text())
    assert (found["task"], found["got"]) == (again, ours["version"])  # what the parameter says, not the newest that the code asks for
    assert [use["id"] for use in found["used"]] == [ours["version"]]
