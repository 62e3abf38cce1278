"""Several ranks of one training are one task: each metric once, the console of all, and the right end."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.frameworks.conftest import ALL, ROOT, python_with

pytestmark = pytest.mark.environment(ALL)

LIGHTNING = """
import sys, torch, lightning as L
from tilth import Task

class Module(L.LightningModule):
    def __init__(self, lr=0.5):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Linear(2, 1)
    def training_step(self, batch, index):
        loss = self.net(batch).mean() ** 2
        self.log("train/loss", loss)
        if self.current_epoch == 0 and index == 0:
            print("step of rank", self.global_rank, flush=True)
        return loss
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)

if __name__ == "__main__":
    task = Task.init(project_name="Pets", task_name="ranks")
    rows = torch.utils.data.DataLoader(torch.ones(16, 2), batch_size=4)
    trainer = L.Trainer(max_epochs=2, accelerator="cpu", devices=2, strategy=sys.argv[1], logger=False, log_every_n_steps=1,
                        enable_progress_bar=False, enable_model_summary=False, default_root_dir="out")
    trainer.fit(Module(), rows)
    trainer.save_checkpoint("last.ckpt")
"""

TORCHRUN = """
import argparse, os, sys, time, torch, torch.distributed as dist
from tilth import Task
parser = argparse.ArgumentParser()
parser.add_argument("--fail", type=int, default=-1)
task = Task.init(project_name="Pets", task_name="ranks")
fail = parser.parse_args().fail
dist.init_process_group("gloo")
rank = dist.get_rank()
print("hello of rank", rank, task.id, flush=True)
for step in range(3):
    loss = torch.tensor([1.0 / (step + 1)])
    dist.all_reduce(loss)
    if rank == 0:
        task.get_logger().report_scalar("loss", "train", loss.item() / 2, step)
task.get_logger().report_scalar("own", f"rank {rank}", rank, 0)
if rank == 0:
    torch.save(torch.nn.Linear(2, 1).state_dict(), "net.pt")
dist.barrier()
if fail == rank:
    raise ValueError(f"rank {rank} has had enough")
if fail >= 0:
    time.sleep(600)
dist.destroy_process_group()
"""

READ = """
import json
from tilth import Task
tasks = []
for id in Task.query_tasks(project_name="Pets"):
    task = Task.get_task(task_id=id)
    scalars = {title: {series: curve["x"] for series, curve in found.items()} for title, found in task.get_reported_scalars().items()}
    tasks.append({
        "id": id, "status": task.get_status(), "reason": task.data["status_reason"], "parameters": task.get_parameters(),
        "scalars": {title: found for title, found in scalars.items() if not title.startswith(":")},
        "models": sorted(model.name for model in task.models["output"]),
        "console": "".join(task.get_reported_console_output(number_of_reports=1000)),
    })
print(json.dumps(tasks))
"""


class Launched:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = python_with(ALL)
        self.place = {
            "PATH": f"{Path(self.python).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": str(folder),
            "CUDA_VISIBLE_DEVICES": "",
            "OMP_NUM_THREADS": "1",
            "TILTH_EXIT_WAIT": "60",  # a busy machine may need long to write down what was reported
        }

    def run(self, *words: str, status: int = 0) -> str:
        ran = subprocess.run([self.python, *words], cwd=self.folder, env=self.place, capture_output=True, text=True, check=False)
        assert ran.returncode == status, ran.stdout + ran.stderr
        assert "no longer records" not in ran.stderr, ran.stderr
        return ran.stdout

    def one_task(self) -> dict[str, Any]:
        (found,) = json.loads(self.run("-c", READ).splitlines()[-1])
        assert isinstance(found, dict)
        return found


@pytest.fixture
def launched(tmp_path: Path) -> Launched:
    return Launched(tmp_path)


@pytest.mark.parametrize("strategy", ["ddp", "ddp_spawn"])
def test_ranks_of_lightning(launched: Launched, strategy: str) -> None:
    (launched.folder / "train.py").write_text(LIGHTNING)
    launched.run("train.py", strategy)
    task = launched.one_task()
    assert task["status"] == "completed"
    assert task["scalars"] == {"train": {"loss": [0, 1, 2, 3]}}
    assert task["parameters"]["Lightning/lr"] == "0.5"
    assert task["models"] == ["epoch=0-step=2", "epoch=1-step=4", "last"]
    for rank in (0, 1):
        assert task["console"].count(f"step of rank {rank}") == 1


def test_one_rank_of_lightning_reports(launched: Launched) -> None:
    (launched.folder / "train.py").write_text(LIGHTNING)
    launched.place["TILTH_OFFLINE_MODE"] = "1"  # so that all that was written stays there
    launched.run("train.py", "ddp")
    lines = [json.loads(line) for file in launched.folder.rglob("*.events") for line in file.read_text().splitlines()]
    assert sorted(line["iter"] for line in lines if (line.get("metric"), line.get("variant")) == ("train", "loss")) == [0, 1, 2, 3]


def test_ranks_of_torchrun(launched: Launched) -> None:
    (launched.folder / "train.py").write_text(TORCHRUN)
    launched.run("-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", "train.py")
    task = launched.one_task()
    assert (task["status"], task["parameters"]) == ("completed", {"Args/fail": "-1"})
    assert task["scalars"] == {"loss": {"train": [0, 1, 2]}, "own": {"rank 0": [0], "rank 1": [0]}}
    assert task["models"] == ["net"]
    for rank in (0, 1):
        assert task["console"].count(f"hello of rank {rank} {task['id']}") == 1


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_fails_fails_the_task(launched: Launched, rank: int) -> None:
    (launched.folder / "train.py").write_text(TORCHRUN)
    launched.run("-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", "train.py", "--fail", str(rank), status=1)
    task = launched.one_task()
    assert task["status"] == "failed"
    assert f"ValueError: rank {rank} has had enough" in task["reason"]
    assert f"ValueError: rank {rank} has had enough" in task["console"]
