"""Arguments of jsonargparse are recorded, whether they come from the command line or from files, and an agent's are there without both."""

import pytest

from tests.frameworks.conftest import ALL, Runs

SCRIPT = """
{before}
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Optional
from tilth import Task
from jsonargparse import SUPPRESS, ArgumentParser
from jsonargparse.typing import SecretStr

class Mode(Enum):
    one = 1
    two = 2

@dataclass
class Optimizer:
    lr: float = 0.1
    betas: tuple[float, float] = (0.9, 0.99)

class Net:
    pass

class Small(Net):
    def __init__(self, hidden: int = 5):
        self.hidden = hidden

fit = ArgumentParser()
fit.add_argument("--epochs", type=int, required=True)
parser = ArgumentParser()
parser.add_argument("--config", action="config")
parser.add_argument("data", type=str, help="where the data lies")
parser.add_argument("--opt", type=Optimizer)
parser.add_argument("--mode", type=Mode, default=Mode.one)
parser.add_argument("--out", type=Path, default=Path("x"))
parser.add_argument("--maybe", type=Optional[int])
parser.add_argument("--fast", action="store_true")
parser.add_argument("--layers", type=list[int], default=[8])
parser.add_argument("--more", type=dict, default={{"a": None}})
parser.add_argument("--key", type=str, default="a key")
parser.add_argument("--token", type=SecretStr, default=None)
parser.add_argument("--hidden", type=int, default=1, help=SUPPRESS)
parser.add_subclass_arguments(Net, "net", default={{"class_path": "Small"}})
commands = parser.add_subcommands()
commands.add_subcommand("fit", fit)
commands.add_subcommand("score", ArgumentParser())
parsed = parser.parse_args()
{after}
net = parser.instantiate_classes(parsed).net
names = ["data", "opt.lr", "opt.betas", "mode", "out", "maybe", "fast", "layers", "more", "key"]
print([parsed[name] for name in names])
print([parsed.subcommand, parsed.fit.epochs if "fit" in parsed else None, net.hidden])
"""
BEGIN = 'task = Task.init("Pets", "train", auto_connect_arg_parser={"key": False}); print("task", task.id)'
RECORDED = {
    "Args/config": ["train.yaml"],
    "Args/data": "rows",
    "Args/opt.lr": 0.25,
    "Args/opt.betas": [0.5, 0.75],
    "Args/mode": "one",
    "Args/out": "x",
    "Args/maybe": None,
    "Args/fast": True,
    "Args/layers": [8],
    "Args/more": {"a": None},
    "Args/net.class_path": "__main__.Small",
    "Args/net.init_args.hidden": 7,
    "Args/subcommand": "fit",
    "Args/fit.epochs": 9,
}


@pytest.mark.parametrize(
    "script", [SCRIPT.format(before="from tilth import Task\n" + BEGIN, after=""), SCRIPT.format(before="", after=BEGIN)]
)
def test_jsonargparse(runs: Runs, script: str) -> None:
    (runs.folder / "train.yaml").write_text("opt:\n  lr: 0.25\nkey: mine\nnet:\n  class_path: Small\n  init_args:\n    hidden: 7\n")
    words = ("--config", "train.yaml", "--opt.betas=[0.5, 0.75]", "--fast", "--token", "secret", "rows", "fit", "--epochs", "9")
    ran = runs.run(script, *words)
    assert ran.printed == [
        "['rows', 0.25, (0.5, 0.75), <Mode.one: 1>, PosixPath('x'), None, True, [8], {'a': None}, 'mine']",
        "['fit', 9, 7]",
    ]
    assert ran.parameters == RECORDED
    (runs.folder / "train.yaml").unlink()
    new = {"Args/opt.lr": 0.5, "Args/mode": "two", "Args/maybe": 3, "Args/layers": [1, 2], "Args/more": {"b": [True]}}
    new |= {"Args/net.init_args.hidden": 11, "Args/fit.epochs": 1}
    again = ran.again(new)
    assert again.printed == [
        "['rows', 0.5, (0.5, 0.75), <Mode.two: 2>, PosixPath('x'), 3, True, [1, 2], {'b': [True]}, 'a key']",
        "['fit', 1, 11]",
    ]
    assert again.parameters == RECORDED | new | {"Args/token": None}
    other = ran.again({"Args/opt.lr": 0.5, "Args/subcommand": "score"}, {}, "here", "--opt.lr=3")
    assert other.printed[1] == "['score', None, 7]"
    assert other.printed[0].startswith("['here', 0.5")


def test_the_command_line_of_functions(runs: Runs) -> None:
    script = """
    from jsonargparse import CLI
    from tilth import Task

    def fit(lr: float, name: str = "net"):
        task = Task.init("Pets", "train")
        print("task", task.id)
        print(lr, name)

    def score(rows: int = 3):
        print(rows)

    CLI([fit, score])
    """
    ran = runs.run(script, "fit", "0.5", "--name=big")
    assert ran.parameters == {"Args/subcommand": "fit", "Args/fit.lr": 0.5, "Args/fit.name": "big"}
    assert ran.again({"Args/fit.lr": 0.25}).printed == ["0.25 big"]


def test_what_can_not_be_parsed_is_told_by_jsonargparse(runs: Runs) -> None:
    script = """
    from jsonargparse import ArgumentParser
    from tilth import Task
    parser = ArgumentParser()
    parser.add_argument("--lr", type=float)
    parser.parse_args()
    print("task", Task.init("Pets", "train").id)
    """
    ran = runs.run(script, "--lr=3")
    assert 'key "lr"' in ran.again({"Args/lr": "fast"}, fails=True).warned


@pytest.mark.environment(ALL)
def test_the_command_line_of_lightning(runs: Runs) -> None:
    script = """
    import torch
    from lightning.pytorch import LightningModule
    from lightning.pytorch.cli import LightningCLI
    from tilth import Task

    class Model(LightningModule):
        def __init__(self, width: int = 2, lr: float = 0.1):
            super().__init__()
            self.lr = lr
            self.net = torch.nn.Linear(width, 1)

        def training_step(self, batch, index):
            return self.net(batch).mean()

        def train_dataloader(self):
            return torch.utils.data.DataLoader(torch.ones(4, self.net.in_features), batch_size=2)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=self.lr)

    print("task", Task.init("Pets", "train").id)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    cli = LightningCLI(Model, save_config_callback=None, trainer_defaults={"accelerator": "cpu", **quiet})
    print(cli.config.subcommand, cli.model.lr, cli.trainer.max_epochs, cli.model.net.in_features)
    """
    (runs.folder / "train.yaml").write_text("model:\n  width: 3\n")
    ran = runs.run(script, "fit", "--config=train.yaml", "--model.lr=0.5", "--trainer.max_epochs=1")
    recorded = ran.parameters
    assert len([name for name in recorded if name.endswith("lr")]) == 1
    told = {"Args/subcommand": "fit", "Args/fit.model.lr": 0.5, "Args/fit.model.width": 3, "Args/fit.trainer.max_epochs": 1}
    assert told.items() <= recorded.items()
    (runs.folder / "train.yaml").unlink()
    new = {"Args/fit.model.lr": 0.25, "Args/fit.trainer.max_epochs": 2}
    again = ran.again(new)
    assert again.printed[-1] == "fit 0.25 2 3"
    assert again.parameters == recorded | new
