"""Configurations of OmegaConf can be connected: they come back as what they were, with what was changed in the task."""

import json

from tests.frameworks.conftest import Runs

SCRIPT = """
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from omegaconf import MISSING, OmegaConf
from tilth import Task

class Mode(Enum):
    one = 1
    two = 2

@dataclass
class Net:
    width: int = 3
    mode: Mode = Mode.one

@dataclass
class Config:
    lr: float = 0.1
    name: str = MISSING
    layers: list[int] = field(default_factory=lambda: [1, 2])
    out: Path = Path("x")
    net: Net = field(default_factory=Net)
    to: str = "${net.width}"

task = Task.init("Pets", "train")
print("task", task.id)
config = OmegaConf.structured(Config)
OmegaConf.set_readonly(config, True)
given = task.connect(config, name="Config")
assert given is config
print([config.lr, config.layers, config.out, config.net, config.to, OmegaConf.get_type(config.net)])
print(OmegaConf.is_missing(config, "name"))
plain = OmegaConf.create({"a": {"b": 1}, "c": "${a.b}"})
task.connect(plain)
print(plain)
print(task.connect_configuration(OmegaConf.structured(Config), name="whole"))
print(type(task.connect_configuration(OmegaConf.create([1, {"a": 2}]), name="list")).__name__)
print(task.connect_configuration(OmegaConf.create([1]), name="few"))
"""


def test_omegaconf(runs: Runs) -> None:
    ran = runs.run(SCRIPT)
    assert ran.printed == [
        "[0.1, [1, 2], PosixPath('x'), {'width': 3, 'mode': <Mode.one: 1>}, '3', <class '__main__.Net'>]",
        "True",
        "{'a': {'b': 1}, 'c': '${a.b}'}",
        (
            "{'lr': 0.1, 'name': '???', 'layers': [1, 2], 'out': PosixPath('x'), "
            "'net': {'width': 3, 'mode': <Mode.one: 1>}, 'to': '${net.width}'}"
        ),
        "ListConfig",
        "[1]",
    ]
    recorded = {
        "Config/lr": 0.1, "Config/name": "???", "Config/layers": [1, 2], "Config/out": "x", "Config/net/width": 3, "Config/net/mode": "one",
        "Config/to": "${net.width}", "General/a/b": 1, "General/c": "${a.b}",
    }  # fmt: skip
    assert json.loads(json.dumps(ran.parameters, default=str)) == recorded
    assert ran.configurations["list"] == "- 1\n- a: 2\n"
    new = {"Config/lr": 0.5, "Config/layers": [7], "Config/net/width": 9, "Config/net/mode": "two", "Config/name": "big", "General/d/e": 5}
    texts = {"whole": "lr: 3\nname: small\nnet: {mode: two}\n", "few": "- 3\n- 4\n"}
    again = ran.again(new, texts)
    assert again.printed == [
        "[0.5, [7], PosixPath('x'), {'width': 9, 'mode': <Mode.two: 2>}, '9', <class '__main__.Net'>]",
        "False",
        "{'a': {'b': 1}, 'c': '${a.b}', 'd': {'e': 5}}",
        (
            "{'lr': 3.0, 'name': 'small', 'layers': [1, 2], 'out': PosixPath('x'), "
            "'net': {'width': 3, 'mode': <Mode.two: 2>}, 'to': '${net.width}'}"
        ),
        "ListConfig",
        "[3, 4]",
    ]
