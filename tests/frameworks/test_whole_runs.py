"""A script that only begins a task is recorded with what its frameworks do, and read back from its home."""

import json
import os
import subprocess
from pathlib import Path

from tests.frameworks.conftest import LIGHT, ROOT, python_with

TRAIN = """
import argparse
from tilth import Task
task = Task.init(project_name="Pets", task_name="train", auto_connect_arg_parser={"key": False})
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.5)
parser.add_argument("--key", default="secret")
lr = parser.parse_args().lr

import matplotlib.pyplot as plt
from tensorboardX import SummaryWriter
with SummaryWriter("logs") as writer:
    for step in range(3):
        writer.add_scalar("loss/train", lr / (step + 1), step)
plt.plot([1, 2, 3])
plt.title("curve")
plt.savefig("curve.png")
import joblib, shutil
from sklearn.linear_model import LinearRegression
joblib.dump(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), "line.joblib")
shutil.copy("line.joblib", "older.joblib")
joblib.load("older.joblib")
print("task", task.id)
task.close()
plt.savefig("late.png")
"""

READ = """
import json, sys
from tilth import Task
task = Task.get_task(task_id=sys.argv[1])
print(json.dumps([task.get_parameters(), task.get_reported_scalars(), [plot["metric"] for plot in task.get_reported_plots()],
                  task.get_status(), task.get_requirements()["pip"], task.get_script()["diff"],
                  {kind: [[model.name, model.framework] for model in models] for kind, models in task.models.items()}]))
"""


def test_the_task_has_what_the_frameworks_did(tmp_path: Path) -> None:
    python = python_with(LIGHT)
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "read.py").write_text(READ)
    place = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "HOME": str(tmp_path), "TILTH_HOME": str(tmp_path / "home")}
    place |= {"TILTH_EXIT_WAIT": "60"}  # a busy machine may need long to write down what was reported

    def run(*words: str) -> str:
        ran = subprocess.run([python, *words], cwd=tmp_path, env=place | {"MPLBACKEND": "Agg"}, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert "no longer records" not in ran.stderr
        return ran.stdout

    id = next(line for line in run("train.py", "--lr", "0.75").splitlines() if line.startswith("task ")).split()[1]
    parameters, scalars, plots, status, packages, code, models = json.loads(run("read.py", id).splitlines()[-1])
    assert parameters == {"Args/lr": "0.75"}
    assert scalars["loss"]["train"]["x"] == [0, 1, 2]
    assert scalars["loss"]["train"]["y"] == [0.75, 0.375, 0.25]
    assert plots == ["curve"]
    assert status == "completed"
    assert "tensorboardX==2.6.5" in packages
    assert code == TRAIN
    assert models == {"input": [["older", "ScikitLearn"]], "output": [["line", "ScikitLearn"]]}
