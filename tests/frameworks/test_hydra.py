"""What Hydra composes is recorded when a job begins, and an agent composes it anew with what was changed in the task."""

import ast

import pytest

from tests.frameworks.conftest import Runs

SCRIPT = """
{before}
from dataclasses import dataclass
from tilth import Task
import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

@dataclass
class Net:
    width: int = 3
    drop: float | None = None

ConfigStore.instance().store(group="net", name="plain", node=Net)

@hydra.main(config_path="conf", config_name="config", version_base="1.3")
def main(cfg):
    {inside}
    assert OmegaConf.get_type(cfg.net) is Net
    print(OmegaConf.to_container(cfg, resolve=True))

main()
"""
BEGIN = 'task = Task.init("Pets", "train", auto_connect_arg_parser={"key": False}); print("task", task.id)'
SCRIPTS = {"before": SCRIPT.format(before="from tilth import Task\n" + BEGIN, inside=""), "inside": SCRIPT.format(before="", inside=BEGIN)}
COMPOSED = """\
key: ???
lr: 0.5
out: runs/${db.name}
layers:
- 1
- 2
db:
  name: pg
  port: 5432
net:
  width: 3
  drop: null
more:
  x: 2
"""
RECORDED = {"Hydra/db": "pg", "Hydra/lr": 0.5, "Hydra/more.x": 2, "Hydra/~gone": "", "Hydra/_allow_omegaconf_edit_": False}


@pytest.fixture(autouse=True)
def files(runs: Runs) -> None:
    folder = runs.folder / "conf"
    (folder / "db").mkdir(parents=True)
    (folder / "config.yaml").write_text(
        "defaults:\n  - _self_\n  - db: mysql\n  - net: plain\nkey: a key\nlr: 0.1\nout: runs/${db.name}\nlayers: [1, 2]\ngone: 1\n"
    )
    (folder / "other.yaml").write_text("defaults:\n  - net: plain\nlr: 9\n")
    (folder / "db" / "mysql.yaml").write_text("name: mysql\nport: 3306\n")
    (folder / "db" / "pg.yaml").write_text("name: pg\nport: 5432\n")


@pytest.mark.parametrize("begins", SCRIPTS)
def test_what_is_composed(runs: Runs, begins: str) -> None:
    ran = runs.run(SCRIPTS[begins], "db=pg", "lr=0.5", "+more.x=2", "~gone", "hydra.job.chdir=false")
    there = {"key": "a key", "lr": 0.5, "out": "runs/pg", "layers": [1, 2], "db": {"name": "pg", "port": 5432}}
    there |= {"net": {"width": 3, "drop": None}, "more": {"x": 2}}
    assert ran.printed == [str(there)]
    assert ran.parameters == RECORDED
    assert ran.configurations == {"OmegaConf": COMPOSED}

    new = {"Hydra/lr": 0.25, "Hydra/db": "mysql", "Hydra/net.width": 7, "Hydra/extra": "[1,a]"}
    again = ran.again(new)
    there |= {"lr": 0.25, "db": {"name": "mysql", "port": 3306}, "net": {"width": 7, "drop": None}, "out": "runs/mysql"}
    assert again.printed == [str(there | {"extra": [1, "a"]})]
    assert again.parameters == RECORDED | new
    assert "width: 7" in again.configurations["OmegaConf"]
    assert ran.again(new, {}, "lr=3", "db=pg").printed == again.printed


@pytest.mark.parametrize("begins", SCRIPTS)
def test_a_configuration_that_was_edited(runs: Runs, begins: str) -> None:
    ran = runs.run(SCRIPTS[begins], "db=pg", "lr=0.5")
    text = "lr: 3\nnew: {a: 1}\nnet: {width: 9, drop: 0.5}\ndb: {name: here}\nout: to/${db.name}\nkey: ???\n"
    again = ran.again({"Hydra/_allow_omegaconf_edit_": True}, {"OmegaConf": text})
    there = {"key": "a key", "lr": 3, "out": "to/here", "db": {"name": "here"}, "net": {"width": 9, "drop": 0.5}, "new": {"a": 1}}
    assert [ast.literal_eval(line) for line in again.printed] == [there]


def test_a_configuration_of_another_name(runs: Runs) -> None:
    ran = runs.run(SCRIPTS["inside"], "--config-name=other")
    assert ran.parameters == {"Args/config_name": "other", "Hydra/_allow_omegaconf_edit_": False}
    assert ran.again({"Hydra/lr": 8}).printed == ["{'net': {'width': 3, 'drop': None}, 'lr': 8}"]


def test_each_of_several_jobs_is_a_task(runs: Runs) -> None:
    script = SCRIPTS["inside"] + "print('after')\n"
    ran = runs.run(script.replace("    print(", "    assert cfg.lr != 3, 'too fast'\n    print("), "--multirun", "lr=1,2,3", fails=True)
    looked = [runs.look(id) for id in ran.ids]
    assert [(found[1]["Hydra/lr"], found[3]) for found in looked] == [(1, "completed"), (2, "completed"), (3, "failed")]


def test_what_hydra_can_not_read_is_told_by_hydra(runs: Runs) -> None:
    ran = runs.run(SCRIPTS["inside"])
    assert "Error parsing override '++lr=]'" in ran.again({"Hydra/lr": "]"}, fails=True).warned


def test_hydra_can_be_left_out(runs: Runs) -> None:
    ran = runs.run(SCRIPTS["inside"].replace('auto_connect_arg_parser={"key": False}', 'auto_connect_frameworks={"hydra": False}'), "lr=3")
    assert (ran.parameters, ran.configurations) == ({}, {})
