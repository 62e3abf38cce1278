"""Arguments of a script become parameters, and changed parameters become arguments."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from tilth.base.errors import Invalid
from tilth.sdk.arguments import Argument, arguments_of, is_tracked, overrides


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path, help="where the data lies")
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--layers", type=int, nargs="+", default=[8, 4])
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--shuffle", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("-v", action="count", default=0)
    parser.add_argument("--tag", action="append")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="sgd")
    parser.add_argument("--version", action="version", version="1")
    parser.set_defaults(model="small", run=len)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("fit").add_argument("--epochs", type=int, default=3, help="how many")
    commands.add_parser("score").add_argument("--limit", type=int)
    return parser


def parsed(*words: str) -> argparse.Namespace:
    return parser().parse_args(["/data", *words])


def test_everything_is_recorded_with_its_type_and_defaults() -> None:
    assert arguments_of(parser(), parsed("--lr", "0.5", "-vv", "--tag", "a", "fit")) == [
        Argument("data", "/data", "str", "where the data lies"),
        Argument("lr", 0.5, "float"),
        Argument("layers", [8, 4], "list/int"),
        Argument("fast", False, "bool"),
        Argument("shuffle", True, "bool", arguments_of(parser(), parsed())[4].description),
        Argument("v", 2, "int"),
        Argument("tag", ["a"], "list/str"),
        Argument("seed", None, "int"),
        Argument("optimizer", "sgd", "str"),
        Argument("command", "fit", "str"),
        Argument("epochs", 3, "int", "how many"),
        Argument("model", "small", "str"),
    ]


def test_unchanged_texts_override_nothing() -> None:
    namespace = parsed("fit")
    said = {argument.name: argument.text for argument in arguments_of(parser(), namespace)}
    assert overrides(parser(), namespace, said) == {}


def test_changed_texts_are_read_as_the_script_reads_them() -> None:
    said = {
        "data": "/other", "lr": "1e-3", "layers": "[1, 2, 3]", "fast": "True", "shuffle": "false", "v": "1", "tag": "x, y", "seed": "7",
        "optimizer": "adam", "epochs": "9", "model": "large", "unknown": "1",
    }  # fmt: skip
    assert overrides(parser(), parsed("fit"), said) == {
        "data": Path("/other"), "lr": 0.001, "layers": [1, 2, 3], "fast": True, "shuffle": False, "v": 1, "tag": ["x", "y"], "seed": 7,
        "optimizer": "adam", "epochs": 9, "model": "large",
    }  # fmt: skip


def test_a_value_can_be_taken_away_again() -> None:
    assert overrides(parser(), parsed("--seed", "1", "--tag", "a"), {"seed": "", "tag": ""}) == {"seed": None, "tag": None}


@pytest.mark.parametrize("said", [{"lr": "fast"}, {"optimizer": "lion"}, {"fast": "maybe"}, {"layers": "[1, 'a']"}])
def test_what_the_script_can_not_read_is_said(said: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="the task says"):
        overrides(parser(), parsed(), said)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (True, ["a_key", "lr"]),
        (False, []),
        ({}, []),
        ({"a_key": False}, ["lr"]),
        ({"*": False, "lr": True}, ["lr"]),
        ({"*_key": False}, ["lr"]),
    ],
)
def test_arguments_can_be_left_out(wanted: Any, names: list[str]) -> None:
    assert [name for name in ("a_key", "lr") if is_tracked(name, wanted)] == names
