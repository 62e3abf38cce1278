"""Tasks that Tilth's own SDK recorded are tasks for ClearML's client too."""

import os
import subprocess
import sys

import pytest

from tests.compat.conftest import User

OURS = """
import pandas
from tilth import Task
task = Task.init("Team/Pets", "ours", tags=["a"])
task.connect({"lr": 0.1, "deep": {"er": 2}})
for step in range(3):
    task.get_logger().report_scalar("loss", "train", 1 / (step + 1), step)
task.get_logger().report_single_value("accuracy", 0.9)
task.get_logger().report_table("rows", "few", table_plot=[["a"], [1]])
task.upload_artifact("numbers", {"a": [1, 2]})
task.upload_artifact("text", "some text")
task.register_artifact("rows", pandas.DataFrame({"name": ["cat", "dog"], "count": [1, 2]}))
task.connect_label_enumeration({"cat": 0})
task.set_model_config(config_dict={"layers": [1, 2]})
print("said by ours")
print(task.id)
"""


def test_a_task_that_tilth_recorded_is_read_by_clearml(somebody: User) -> None:
    known = somebody.server.credentials
    given = {f"TILTH_API_{name.upper()}": known[name] for name in ("access_key", "secret_key", "files_server")}
    environment = os.environ | {"TILTH_HOME": str(somebody.folder / "home"), "TILTH_API_SERVER": known["api_server"]} | given
    environment |= {"TILTH_EXIT_WAIT": "60"}  # a busy machine may need long to send what was reported
    said = subprocess.run([sys.executable, "-c", OURS], env=environment, cwd=somebody.folder, capture_output=True, text=True, check=True)
    found = somebody.play("reads_ours", said.stdout.split()[-1])
    assert found.pop("loss") == pytest.approx([1, 0.5, 1 / 3])
    assert found == {
        "name": "ours",
        "project": "Team/Pets",
        "status": "completed",
        "tags": ["a"],
        "parameters": {"General/lr": 0.1, "General/deep/er": 2},
        "single": {"accuracy": 0.9},
        "numbers": {"a": [1, 2]},
        "text": "some text",
        "rows": {"name": ["cat", "dog"], "count": [1, 2]},
        "labels": {"cat": 0},
        "layers": [1, 2],
        "console": True,
        "plots": 1,
    }
