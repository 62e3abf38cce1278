"""Flags of absl are recorded when they are parsed, without absl's own, and an agent's are there without a command line."""

import pytest

from tests.frameworks.conftest import Runs

SCRIPT = """
{before}
import enum
from absl import app, flags

class Mode(enum.Enum):
    one = 1
    two = 2

FLAGS = flags.FLAGS
flags.DEFINE_float("lr", 0.1, "how fast")
flags.DEFINE_integer("seed", None, "where chance begins", required=True)
flags.DEFINE_list("names", ["a", "b"], "names")
flags.DEFINE_spaceseplist("words", None, "words")
flags.DEFINE_multi_integer("layers", [8], "layers")
flags.DEFINE_bool("fast", False, "fast")
flags.DEFINE_enum("kind", None, ["x", "y"], "kind")
flags.DEFINE_enum_class("mode", Mode.one, Mode, "mode")
flags.DEFINE_string("key", "a key", "a key")

def main(argv):
    {inside}
    print(argv[1:], [FLAGS.lr, FLAGS.seed, FLAGS.names, FLAGS.words, FLAGS.layers, FLAGS.fast, FLAGS.kind, FLAGS.mode, FLAGS.key])

app.run(main)
"""
BEGIN = 'task = Task.init("Pets", "train", auto_connect_arg_parser={"key": False}); print("task", task.id)'
SCRIPTS = {
    "before": SCRIPT.format(before="from tilth import Task\n" + BEGIN, inside=""),
    "inside": SCRIPT.format(before="from tilth import Task", inside=BEGIN),
    "late import": SCRIPT.format(before="", inside="from tilth import Task; " + BEGIN),
}
RECORDED = {
    "TF_DEFINE/lr": 0.5,
    "TF_DEFINE/seed": 3,
    "TF_DEFINE/names": ["c", "d"],
    "TF_DEFINE/words": None,
    "TF_DEFINE/layers": [1, 2],
    "TF_DEFINE/fast": True,
    "TF_DEFINE/kind": None,
    "TF_DEFINE/mode": "one",
}


@pytest.mark.parametrize("begins", SCRIPTS)
def test_absl(runs: Runs, begins: str) -> None:
    ran = runs.run(SCRIPTS[begins], "--lr=0.5", "--seed", "3", "--names=c,d", "--layers=1", "--layers=2", "--fast", "--key=mine", "rest")
    assert ran.printed == ["['rest'] [0.5, 3, ['c', 'd'], None, [1, 2], True, None, <Mode.one: 1>, 'mine']"]
    assert ran.parameters == RECORDED
    if begins == "late import":  # what was parsed before Tilth was imported can't be changed any more
        return
    new = {"TF_DEFINE/lr": 0.25, "TF_DEFINE/names": ["e"], "TF_DEFINE/layers": [5], "TF_DEFINE/fast": False, "TF_DEFINE/mode": "two"}
    again = ran.again(new)
    assert again.printed == ["[] [0.25, 3, ['e'], None, [5], False, None, <Mode.two: 2>, 'a key']"]
    assert again.parameters == RECORDED | new
    assert ran.again(new, {}, "--lr=9", "--layers=9").printed == again.printed


@pytest.mark.parametrize("wanted", ['{"tfdefines": False}', '{"absl": False}', "False"])
def test_absl_can_be_left_out(runs: Runs, wanted: str) -> None:
    script = SCRIPTS["inside"].replace('auto_connect_arg_parser={"key": False}', f"auto_connect_frameworks={wanted}")
    assert runs.run(script, "--seed", "3").parameters == {}


def test_what_absl_can_not_read_is_told_by_absl(runs: Runs) -> None:
    ran = runs.run(SCRIPTS["inside"], "--seed", "3")
    assert "flag --seed=many" in ran.again({"TF_DEFINE/seed": "many"}, fails=True).warned
