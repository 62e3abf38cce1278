"""Arguments of argparse are recorded when they are parsed, and an agent's are there without a command line."""

from tests.frameworks.conftest import Runs

SCRIPT = """
import argparse
from tilth import Task

def parsed():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("--lr", type=float, default=0.1, help="how fast")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--key", default="a key")
    parser.add_argument("--hidden", default="a secret", help=argparse.SUPPRESS)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--fast", action="store_true")
    group.add_argument("--slow", action="store_true")
    commands = parser.add_subparsers(dest="command", required=True)
    fit = commands.add_parser("fit")
    fit.add_argument("--epochs", type=int, default=3)
    fit.add_argument("layers", type=int, nargs="+")
    commands.add_parser("score")
    return parser.parse_args()
"""
BEGIN = 'task = Task.init("Pets", "train", auto_connect_arg_parser={"key": False})\nprint("task", task.id)\n'
AFTER = SCRIPT + BEGIN + "print(vars(parsed()))\n"
BEFORE = SCRIPT + "values = vars(parsed())\nlr = values['lr']\n" + BEGIN + "print(values)\nassert lr == values['lr']\n"
WORDS = ("rows", "--seed", "7", "--fast", "--key", "mine", "fit", "8", "4")
RECORDED = {
    "Args/data": "rows",
    "Args/lr": 0.1,
    "Args/seed": 7,
    "Args/fast": True,
    "Args/slow": False,
    "Args/command": "fit",
    "Args/epochs": 3,
    "Args/layers": [8, 4],
}


def test_arguments_that_are_parsed_after_the_task_began(runs: Runs) -> None:
    ran = runs.run(AFTER, *WORDS)
    assert ran.parameters == RECORDED
    again = ran.again({"Args/lr": 0.5, "Args/layers": [1, 2], "Args/data": "other"})
    there = {"data": "other", "lr": 0.5, "seed": 7, "key": "a key", "hidden": "a secret", "fast": True, "slow": False}
    assert again.printed == [str(there | {"command": "fit", "epochs": 3, "layers": [1, 2]})]
    assert again.parameters == RECORDED | {"Args/lr": 0.5, "Args/layers": [1, 2], "Args/data": "other"}


def test_arguments_that_are_parsed_before_the_task_begins(runs: Runs) -> None:
    ran = runs.run(BEFORE, *WORDS)
    assert ran.parameters == RECORDED
    again = ran.again({"Args/lr": 0.5, "Args/command": "score"})
    assert again.printed == [
        "{'data': 'rows', 'lr': 0.5, 'seed': 7, 'key': 'a key', 'hidden': 'a secret', 'fast': True, 'slow': False, 'command': 'score'}"
    ]


def test_what_an_agent_was_told_counts_before_the_command_line(runs: Runs) -> None:
    ran = runs.run(BEFORE, *WORDS)
    again = ran.again({"Args/lr": 0.5}, {}, "here", "--lr", "0.3", "--seed", "1", "--slow", "fit", "1")
    there = {"data": "rows", "lr": 0.5, "seed": 7, "key": "a key", "hidden": "a secret", "fast": True, "slow": False}
    assert again.printed == [str(there | {"command": "fit", "epochs": 3, "layers": [8, 4]})]


def test_arguments_belong_to_every_task_that_begins_later(runs: Runs) -> None:
    script = """
    import argparse
    from tilth import Task
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.parse_args()
    for name in ("one", "two"):
        task = Task.init("Pets", name)
        print("task", task.id)
        task.close()
    """
    ran = runs.run(script, "--lr", "3")
    assert [runs.look(id)[1] for id in ran.ids] == [{"Args/lr": 3.0}] * 2


def test_nothing_is_recorded_if_nothing_is_wanted(runs: Runs) -> None:
    script = BEFORE.replace('{"key": False}', "False")
    assert runs.run(script, *WORDS).parameters == {}


def test_arguments_are_recorded_without_frameworks(runs: Runs) -> None:
    script = BEFORE.replace(
        'auto_connect_arg_parser={"key": False}', 'auto_connect_arg_parser={"key": False}, auto_connect_frameworks=False'
    )
    assert runs.run(script, *WORDS).parameters == RECORDED


def test_arguments_between_options(runs: Runs) -> None:
    script = """
    import argparse
    from tilth import Task
    parser = argparse.ArgumentParser()
    parser.add_argument("files", type=int, nargs="+")
    parser.add_argument("--lr", type=float, required=True)
    print(sorted(vars(parser.parse_intermixed_args()).items()))
    print("task", Task.init("Pets", "train").id)
    """
    ran = runs.run(script, "1", "--lr", "3", "2")
    assert ran.parameters == {"Args/files": [1, 2], "Args/lr": 3.0}
    assert ran.again({"Args/files": [7]}).printed == ["[('files', [7]), ('lr', 3.0)]"]


def test_what_can_not_be_parsed_is_told_by_argparse(runs: Runs) -> None:
    ran = runs.run(BEFORE, "rows", "--seed", "x", fails=True)
    assert "argument --seed: invalid int value: 'x'" in ran.warned
    again = runs.run(BEFORE, *WORDS).again({"Args/lr": "0,5"}, fails=True)
    assert "error: the task says lr=0,5, which the script can't read" in again.warned
