"""A training with fastai is recorded."""

import pytest

from tests.frameworks.conftest import ALL, Run

pytestmark = pytest.mark.environment(ALL)

SCRIPT = """
import torch
from fastai.basics import *
from fastai.callback.tensorboard import TensorBoardCallback
rows = torch.rand(16, 2)
class Rows(torch.utils.data.TensorDataset):
    def new_empty(self):
        return self
data = Rows(rows, rows.sum(1, keepdim=True))
dls = DataLoaders.from_dsets(data, data, bs=4, device="cpu")
learner = Learner(dls, torch.nn.Linear(2, 1), loss_func=torch.nn.MSELoss(), metrics=[mae], path=".")
"""
NAMES = [("loss", "train_loss"), ("loss", "valid_loss"), ("mae", "mae")]


@pytest.mark.parametrize("before", ["", "import fastai.basics\n"])
def test_epochs_settings_and_models(run: Run, before: str) -> None:
    script = """
from fastai.callback.schedule import fit_one_cycle, lr_find
learner.lr_find(num_it=8, show_plot=False, suggest_funcs=None)
learner.fit(2, lr=0.1)
learner.validate()
learner.fit_one_cycle(1)
learner.save("net")
learner.export("whole.pkl")
import shutil; shutil.copy("models/net.pth", "models/older.pth")
learner.load("older")
"""
    calls = run(SCRIPT + script, before=before)
    points = [(args[0], args[1], args[3]) for name, args, _ in calls if name == "report_scalar"]
    assert points == [(title, series, epoch) for epoch in range(3) for title, series in NAMES]
    settings = [args[0] for name, args, _ in calls if name == "connect"]
    assert [(said["epochs"], said["lr"], said["model"], said["loss"], said["batch size"]) for said in settings] == [
        (2, "0.1", "Linear", "MSELoss", 4), (1, "0.001", "Linear", "MSELoss", 4),
    ]  # fmt: skip
    models = [name for name, *_ in calls if name.startswith("PyTorch")]
    assert models == ["PyTorch net update_weights", "PyTorch whole update_weights", "PyTorch older input connect"]


def test_metrics_that_are_written_for_tensorboard_too_are_reported_once(run: Run) -> None:
    calls = run(SCRIPT + "learner.fit(1, cbs=TensorBoardCallback('logs', trace_model=False, log_preds=False))\n")
    points = [(args[0], args[1]) for name, args, _ in calls if name == "report_scalar"]
    assert [point for point in points if point in NAMES or point[0] in ("valid_loss", "mae")] == NAMES
