"""Arguments of what Fire calls are recorded before it is called, and an agent's are there without a command line."""

import pytest

from tests.frameworks.conftest import Runs

SCRIPT = """
{before}
from tilth import Task
import fire

class Pipeline:
    def __init__(self, seed: int = 1, name="net"):
        self.seed = seed

    def fit(self, data, lr: float = 0.5, key="a key", *layers, fast=False, **more):
        {inside}
        print([self.seed, data, lr, key, layers, fast, more])

    def score(self):
        {inside}
        print("score", self.seed)

fire.Fire({{"pipe": Pipeline}})
"""
BEGIN = 'task = Task.init("Pets", "train", auto_connect_arg_parser={"key": False}); print("task", task.id)'
WORDS = ("pipe", "--seed=3", "fit", "[1,'a']", "0.25", "mine", "8", "4", "--fast", "--extra=yes")
RECORDED = {
    "Args/pipe": True,
    "Args/pipe/seed": 3,
    "Args/pipe/name": "net",
    "Args/pipe/fit": True,
    "Args/pipe/fit/data": [1, "a"],
    "Args/pipe/fit/lr": 0.25,
    "Args/pipe/fit/layers": (8, 4),
    "Args/pipe/fit/fast": True,
    "Args/pipe/fit/extra": "yes",
}


@pytest.mark.parametrize(
    "script", [SCRIPT.format(before="import fire\nfrom tilth import Task\n" + BEGIN, inside=""), SCRIPT.format(before="", inside=BEGIN)]
)
def test_fire(runs: Runs, script: str) -> None:
    ran = runs.run(script, *WORDS)
    assert ran.printed == ["[3, [1, 'a'], 0.25, 'mine', (8, 4), True, {'extra': 'yes'}]"]
    recorded = ran.parameters
    assert recorded == {name: list(value) if isinstance(value, tuple) else value for name, value in RECORDED.items()}
    new = {
        "Args/pipe/seed": 7,
        "Args/pipe/fit/data": "12",
        "Args/pipe/fit/lr": 0.5,
        "Args/pipe/fit/layers": [1],
        "Args/pipe/fit/extra": "no",
    }
    again = ran.again(new)
    assert again.printed == ["[7, '12', 0.5, 'a key', (1,), True, {'extra': 'no'}]"]
    assert again.parameters == recorded | new
