"""As much of Helm's template language as our chart uses, so that its templates can be checked where no Helm is.

`{{ ... }}` with `.Values.a.b` and the like, strings, pipelines, brackets, and `if`, `else`, `end`. Anything else is an error.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml  # type: ignore[import-untyped]

__all__ = ["render"]

_TAG = re.compile(r"(\s*)\{\{(-?)\s*(.*?)\s*\}\}", re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[()|]|[^\s()|]+')


def render(template: str, scope: Mapping[str, Any]) -> str:
    """The text that a template makes of `scope`, which holds `Values`, `Release` and `Chart`."""
    written: list[str] = []
    shown = [True]
    place = 0
    for tag in _TAG.finditer(template):
        space, trimmed, inside = tag.groups()
        if all(shown):
            written.append(template[place : tag.start()] + ("" if trimmed else space))
        place = tag.end()
        word, _, rest = inside.partition(" ")
        if word == "if":
            shown.append(bool(_value(rest, scope)) if all(shown) else False)
        elif word == "else":
            shown[-1] = not shown[-1]
        elif word == "end":
            shown.pop()
        elif all(shown):
            written.append(str(_value(inside, scope)))
    assert shown == [True], "an `if` without its `end`"
    return "".join([*written, template[place:]])


def _value(text: str, scope: Mapping[str, Any]) -> Any:
    tokens = _TOKEN.findall(text)
    value = _pipeline(tokens, scope)
    assert not tokens, f"can't read {text}"
    return value


def _pipeline(tokens: list[str], scope: Mapping[str, Any]) -> Any:
    value = _call(tokens, scope)
    while tokens and tokens[0] == "|":
        tokens.pop(0)
        value = _call(tokens, scope, value)
    return value


def _call(tokens: list[str], scope: Mapping[str, Any], *piped: Any) -> Any:
    name = tokens[0]
    if name in _FUNCTIONS:
        tokens.pop(0)
        given = []
        while tokens and tokens[0] not in ("|", ")"):
            given.append(_term(tokens, scope))
        return _FUNCTIONS[name](*given, *piped)
    assert not piped, f"there is no function {name}"
    return _term(tokens, scope)


def _term(tokens: list[str], scope: Mapping[str, Any]) -> Any:
    token = tokens.pop(0)
    if token == "(":
        value = _pipeline(tokens, scope)
        assert tokens.pop(0) == ")"
        return value
    if token.startswith('"'):
        return token[1:-1].replace('\\"', '"')
    if token.isdecimal():
        return int(token)
    assert token.startswith("."), f"can't read {token}"
    value = scope
    for name in token[1:].split("."):
        value = value[name]
    return value


def _to_yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, default_flow_style=False)).rstrip("\n")


def _nindent(width: int, text: str) -> str:
    return "".join(f"\n{' ' * width}{line}" for line in text.splitlines())


def _quote(value: Any) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "default": lambda other, value: value or other,
    "nindent": _nindent,
    "not": lambda value: not value,
    "printf": lambda pattern, *values: pattern % values,
    "quote": _quote,
    "toYaml": _to_yaml,
}
