"""Arguments of Click and of Typer are recorded when a command begins, and an agent's are there without a command line."""

import pytest

from tests.frameworks.conftest import Runs

CLICK = """
{before}
from pathlib import Path
from tilth import Task
import click

@click.group()
@click.option("--seed", type=int, required=True)
def cli(seed):
    print(seed)

@cli.command()
@click.argument("data", type=Path)
@click.argument("files", nargs=-1)
@click.option("--lr", type=float, default=0.5, help="how fast")
@click.option("--tag", "tags", multiple=True)
@click.option("--size", type=(int, str), default=(1, "a"))
@click.option("--fast/--slow", default=False)
@click.option("-v", "verbose", count=True)
@click.option("--mode", type=click.Choice(["x", "y"]))
@click.option("--log", type=click.File("w"), default="log.txt")
@click.option("--left-out", default="a key")
@click.option("--password", prompt=True, hide_input=True)
@click.option("--hidden", hidden=True, default="a secret")
def fit(data, files, lr, tags, size, fast, verbose, mode, log, left_out, password, hidden):
    {inside}
    print([data, files, lr, tags, size, fast, verbose, mode, log.name, left_out, password, hidden])

@cli.command()
def score():
    {inside}
    print("score")

cli()
"""
BEGIN = 'task = Task.init("Pets", "train", auto_connect_arg_parser={"left_out": False}); print("task", task.id)'
WORDS = ("--seed", "1", "fit", "rows", "a.txt", "b.txt", "--tag", "it's", "--tag", "new", "-vv", "--password", "secret")
RECORDED = {
    "Args/seed": 1,
    "Args/fit": True,
    "Args/fit/data": "rows",
    "Args/fit/files": ["a.txt", "b.txt"],
    "Args/fit/lr": 0.5,
    "Args/fit/tags": ["it's", "new"],
    "Args/fit/size": [1, "a"],
    "Args/fit/fast": False,
    "Args/fit/verbose": 2,
    "Args/fit/mode": None,
    "Args/fit/log": "log.txt",
}


@pytest.mark.parametrize(
    "script", [CLICK.format(before="import click\nfrom tilth import Task\n" + BEGIN, inside=""), CLICK.format(before="", inside=BEGIN)]
)
def test_click(runs: Runs, script: str) -> None:
    ran = runs.run(script, *WORDS)
    first = """[PosixPath('rows'), ('a.txt', 'b.txt'), 0.5, ("it's", 'new'), (1, 'a'), False, 2, None, 'log.txt', 'a key', 'secret'"""
    assert ran.printed == ["1", f"{first}, 'a secret']"]
    assert ran.parameters == RECORDED
    new = {
        "Args/seed": 7,
        "Args/fit/lr": 0.25,
        "Args/fit/fast": True,
        "Args/fit/mode": "y",
        "Args/fit/tags": ["z"],
        "Args/fit/size": [2, "b"],
    }
    # A secret is not in the task: whoever runs it has to give it.
    again = ran.again(new, {}, "--seed", "3", "fit", "--password", "other", "--lr", "9")
    last = "[PosixPath('rows'), ('a.txt', 'b.txt'), 0.25, ('z',), (2, 'b'), True, 2, 'y', 'log.txt', 'a key', 'other', 'a secret']"
    assert again.printed == ["7", last]
    assert again.parameters == RECORDED | new


def test_an_agent_calls_the_command_that_was_called(runs: Runs) -> None:
    ran = runs.run(CLICK.format(before="", inside=BEGIN), "--seed", "1", "score")
    assert ran.parameters == {"Args/seed": 1, "Args/score": True}
    assert ran.again({"Args/seed": 2}).printed == ["2", "score"]


def test_what_click_can_not_read_is_told_by_click(runs: Runs) -> None:
    ran = runs.run(CLICK.format(before="", inside=BEGIN), "--seed", "1", "score")
    assert "Invalid value for '--seed': 'many' is not a valid integer" in ran.again({"Args/seed": "many"}, fails=True).warned


TYPER = """
import typer
from enum import Enum
from pathlib import Path
from tilth import Task

class Mode(Enum):
    one = "first"
    two = "second"

def main(name: str, lr: float = 0.5, fast: bool = False, mode: Mode = Mode.one, sizes: list[int] = [1], out: Path = Path("x"),
         key: str = typer.Option("none", hide_input=True)):
    task = Task.init("Pets", "train")
    print("task", task.id)
    print([name, lr, fast, mode, sizes, out, key])

typer.run(main)
"""


def test_typer(runs: Runs) -> None:
    ran = runs.run(TYPER, "net", "--fast", "--sizes", "3", "--sizes", "4", "--key", "mine")
    recorded = {"Args/name": "net", "Args/lr": 0.5, "Args/fast": True, "Args/mode": "first", "Args/sizes": [3, 4], "Args/out": "x"}
    assert ran.parameters == recorded
    again = ran.again({"Args/lr": 0.25, "Args/mode": "second", "Args/sizes": [7]})
    assert again.printed == ["['net', 0.25, True, <Mode.two: 'second'>, [7], PosixPath('x'), 'none']"]
    assert again.parameters == recorded | {"Args/lr": 0.25, "Args/mode": "second", "Args/sizes": [7]}
