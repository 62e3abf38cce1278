"""How values of a program become parameters of a task, which are texts with a type, and come back as what they were."""

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["cast_like", "flat", "flatten", "grouped", "nested", "parameter", "typed"]

_EMPTY = "NoneType"


def parameter(section: str, name: str, value: Any, *, kind: str | None = None, description: str | None = None) -> dict[str, Any]:
    """One parameter as the protocol has it."""
    found = {"section": section, "name": name, "value": _text(value), "type": kind or _kind(value)}
    return found | ({"description": description} if description else {})


def flatten(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested dictionaries, with names joined by slashes; an empty dictionary is a leaf."""
    for name, value in values.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{path}/")
        else:
            yield path, value


def flat(hyperparams: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Every parameter of a task as `section/name: text`."""
    return {f"{section}/{name}": item.get("value") or "" for section, items in hyperparams.items() for name, item in items.items()}


def typed(item: Mapping[str, Any]) -> Any:
    """A parameter's value with the type that was recorded; its text, if that type does not fit."""
    text, kind = item.get("value") or "", item.get("type") or ""
    return _read(text, kind)


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Names with slashes turned back into dictionaries."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        *parents, last = name.split("/")
        place = found
        for parent in parents:
            inner = place.setdefault(parent, {})
            if not isinstance(inner, dict):
                inner = place[parent] = {}
            place = inner
        place[last] = value
    return found


def grouped(values: Mapping[str, Any], default_section: str = "General") -> Iterator[tuple[str, str, Any]]:
    """Section, name and value of each `section/name`; a name without a slash lies in the default section."""
    for name, value in values.items():
        section, slash, rest = str(name).partition("/")
        yield (section, rest, value) if slash else (default_section, section, value)


def cast_like(text: str, example: Any) -> Any:
    """A text as the type of `example`, which stood there before; the text itself where that is not possible."""
    if example is None:
        return _guess(text)
    if isinstance(example, bool):
        return text.strip().lower() in ("true", "1", "yes", "on")
    if isinstance(example, (int, float)):
        try:
            number = float(text)
        except ValueError:
            return _guess(text) if text.strip() in ("", "None") else text
        return int(text) if isinstance(example, int) and text.strip().lstrip("+-").isdecimal() else number
    if isinstance(example, str):
        return text
    if isinstance(example, (list, tuple, dict, set)):
        found = _literal(text)
        return type(example)(found) if isinstance(found, (list, tuple, dict, set)) else found
    return _guess(text)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple, dict)):
        try:
            return json.dumps(value)
        except (TypeError, ValueError):
            return str(value)
    return str(value)


def _kind(value: Any) -> str:
    return type(value).__name__


def _read(text: str, kind: str) -> Any:
    if kind == _EMPTY or (not text and kind not in ("str", "")):
        return None
    try:
        match kind:
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "bool":
                return text.strip().lower() in ("true", "1")
            case "str" | "":
                return text
    except ValueError:
        return text
    found = _literal(text)
    return tuple(found) if kind == "tuple" and isinstance(found, list) else found


def _guess(text: str) -> Any:
    return None if text in ("", "None") else _literal(text)


def _literal(text: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return text
