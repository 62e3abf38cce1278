"""How an object of a program is tied to the parameters of a task: recorded here, and changed by them when an agent runs the task."""

import argparse
import dataclasses
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from tilth.base.errors import Invalid
from tilth.sdk.omega import is_omega, set_values, values_of
from tilth.sdk.parameters import cast_like, flatten, nested

__all__ = ["read_object", "write_object"]


def read_object(given: Any) -> dict[str, Any]:
    """The values in an object, flat, with names joined by slashes. `Invalid` if it is of a kind that has none, or holds itself."""
    try:
        return dict(flatten(_plain(given)))
    except RecursionError as error:
        raise Invalid(f"this {type(given).__name__} holds itself, or is nested too deep", hint="connect a part that does not") from error


def write_object(given: Any, texts: Mapping[str, str]) -> Any:
    """Set those values of an object for which there is a text, each with the type that it had; returns the object.

    Dictionaries keep what nobody names, and get what is new.
    """
    before = read_object(given)
    values = {name: cast_like(text, before.get(name)) for name, text in texts.items()}
    if is_omega(given):
        set_values(given, values)
        return given
    if isinstance(given, MutableMapping):
        _merge(given, nested(values))
        return given
    for name, value in nested({name: value for name, value in values.items() if name.partition("/")[0] in _names(given)}).items():
        inner = getattr(given, name, None)
        if isinstance(inner, MutableMapping) and isinstance(value, Mapping):
            _merge(inner, value)
        elif isinstance(value, Mapping) and inner is not None and not isinstance(inner, (str, int, float, bool)):
            write_object(inner, {path.partition("/")[2]: text for path, text in texts.items() if path.startswith(f"{name}/")})
        else:
            setattr(given, name, value)
    return given


def _plain(given: Any) -> Mapping[Any, Any]:
    """An object's values as dictionaries."""
    if is_omega(given):
        found = values_of(given)
        if isinstance(found, Mapping):
            return found
        raise Invalid("a list can't be connected", hint="connect a dictionary, or give it to connect_configuration")
    if isinstance(given, Mapping):
        return {name: _plain(value) if _has_parts(value) else value for name, value in given.items()}
    if dataclasses.is_dataclass(given) and not isinstance(given, type):
        return {field.name: _value(getattr(given, field.name)) for field in dataclasses.fields(given)}
    if callable(getattr(given, "model_dump", None)):  # pydantic 2
        dumped: Mapping[str, Any] = given.model_dump()
        return dumped
    if isinstance(given, argparse.Namespace):
        return vars(given)
    if isinstance(given, (str, bytes, int, float, list, tuple, set, Path)) or given is None:
        raise Invalid(f"{type(given).__name__} can't be connected", hint="connect a dictionary, a dataclass, or an object with attributes")
    return {name: _value(getattr(given, name)) for name in _names(given)}


def _value(value: Any) -> Any:
    return _plain(value) if _has_parts(value) else value


def _has_parts(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        or (dataclasses.is_dataclass(value) and not isinstance(value, type))
        or (is_omega(value) and hasattr(value, "items"))
    )


def _names(given: Any) -> list[str]:
    """The public attributes of an object, those of its class first, without what can be called."""
    if dataclasses.is_dataclass(given):
        return [field.name for field in dataclasses.fields(given)]
    known = {name: None for kind in reversed(type(given).__mro__[:-1]) for name in (*getattr(kind, "__annotations__", ()), *vars(kind))}
    names = [*known, *getattr(given, "__dict__", {})]
    shown = [name for name in dict.fromkeys(names) if not name.startswith("_") and hasattr(given, name)]
    return [name for name in shown if not callable(getattr(given, name)) and not isinstance(getattr(type(given), name, None), property)]


def _merge(target: MutableMapping[Any, Any], values: Mapping[str, Any]) -> None:
    names = {str(name): name for name in target}
    for name, value in values.items():
        key = names.get(name, name)
        inner = target.get(key)
        if isinstance(inner, MutableMapping) and isinstance(value, Mapping):
            _merge(inner, value)
        else:
            target[key] = value
