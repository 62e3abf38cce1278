"""Scripts of ClearML's users call our classes with the same names, parameters and defaults."""

import inspect
import logging
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tilth
from tilth.sdk.artifacts import Artifact
from tilth.sdk.tasks.kinds import TaskStatusEnum, TaskTypes

FACTS: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("signatures.toml").read_text(encoding="utf-8"))
LEFT_OUT = FACTS.pop("left_out")
NAMES = [(kind, name) for kind, names in FACTS.items() for name in names]
KINDS = {"Artifact": Artifact}
WORDS = {"TaskTypes": TaskTypes, "_Task": SimpleNamespace(TaskStatusEnum=TaskStatusEnum), "logging": logging}


def ours(kind: str) -> Any:
    return KINDS.get(kind) or getattr(tilth, kind)


def parameters(of: Callable[..., Any], *, bound: bool) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(of).parameters)
    if not bound:
        found.pop("self", None)
    return found


@pytest.mark.parametrize(("kind", "name"), NAMES, ids=lambda word: word)
def test_a_name_is_what_it_is_there(kind: str, name: str) -> None:
    said = FACTS[kind][name]
    if f"{kind}.{name}" in LEFT_OUT:
        assert len(LEFT_OUT[f"{kind}.{name}"]) > 20, "the reason is missing"
        assert name == "__init__" or not hasattr(ours(kind), name), "it is there: do not list it as left out"
        return
    found = inspect.getattr_static(ours(kind), name)
    if said == "property":
        assert isinstance(found, property)
        return
    bound = said.startswith(("class ", "static "))
    assert bound == isinstance(found, (classmethod, staticmethod))
    words = said[said.index("(") + 1 : -1]
    theirs = parameters(eval(f"lambda {words}: None", dict(WORDS)), bound=True)
    own = parameters(getattr(ours(kind), name), bound=bound)
    left_out = {parameter for parameter in theirs if f"{kind}.{name}({parameter})" in LEFT_OUT}
    wanted = {
        parameter: one
        for parameter, one in theirs.items()
        if parameter not in left_out and one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
    }
    assert left_out.isdisjoint(own), "it is there: do not list it as left out"
    here = [parameter for parameter in own if parameter in wanted]
    assert here == list(wanted)
    assert {parameter: own[parameter].default for parameter in here} == {parameter: one.default for parameter, one in wanted.items()}
    assert all(own[parameter].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for parameter in here)
    assert list(own)[: len(here)] == here, "what is ours alone comes after"
    more = [own[parameter] for parameter in own if parameter not in wanted]
    assert all(one.default is not one.empty or one.kind in (one.VAR_KEYWORD, one.VAR_POSITIONAL) for one in more)


def test_what_is_left_out_is_a_name_there() -> None:
    named = {one.partition("(")[0] for one in LEFT_OUT}
    assert named <= {f"{kind}.{name}" for kind, name in NAMES}
