"""Arguments of functions and classes that Fire calls."""

import inspect
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tilth.capture.arguments import Arguments, texts_of
from tilth.capture.patching import Patch
from tilth.sdk.arguments import Argument, is_secret, kind_of, plain

__all__ = ["patches"]

_COMMAND = "fire.Command"
_ACCESSED = "Accessed property"


class _Path(threading.local):
    value: tuple[str, ...] = ()


def patches(arguments: Arguments) -> list[Patch]:
    """Recorded before each call, below the names of sub-commands. What an agent was told counts before the command line."""
    path = _Path()

    def around_fire(original: Callable[..., Any]) -> Callable[..., Any]:
        def fire(component: Any, args: Any, *more: Any, **named: Any) -> Any:
            return original(component, args or _words(arguments.told()), *more, **named)

        return fire

    def around_call(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(component: Any, args: Any, trace: Any, *more: Any, **named: Any) -> Any:
            path.value = tuple(str(step.args[0]) for step in trace.elements if not step.HasError() and step._action == _ACCESSED)
            return original(component, args, trace, *more, **named)

        return call

    def around_make(original: Callable[..., Any]) -> Callable[..., Any]:
        def make(function: Any, metadata: Any) -> Any:
            parse, here = original(function, metadata), path.value

            def parsed(args: Any) -> Any:
                told = arguments.told()
                # What has no name on a command line is set below.
                unnamed = [name for name in _unnamed(function) if "/".join([*here, name]) in told]
                (positional, named), *rest = parse([word for word in args if not word.startswith(tuple(f"--{name}=" for name in unnamed))])
                try:
                    bound = inspect.signature(function).bind(*positional, **named)
                except (TypeError, ValueError):
                    return (positional, named), *rest
                bound.apply_defaults()
                _change(bound, here, told)
                arguments.parsed("fire", _arguments(bound, here))
                return (list(bound.args), bound.kwargs), *rest

            return parsed

        return make

    return [
        Patch("fire.core", "_Fire", around_fire),
        Patch("fire.core", "_CallAndUpdateTrace", around_call),
        Patch("fire.core", "_MakeParseFn", around_make),
    ]


def _unnamed(function: Callable[..., Any]) -> list[str]:
    try:
        return [one.name for one in inspect.signature(function).parameters.values() if one.kind is inspect.Parameter.VAR_POSITIONAL]
    except (TypeError, ValueError):  # a function of C may not say what it takes
        return []


def _arguments(bound: inspect.BoundArguments, path: Sequence[str]) -> list[Argument]:
    found = [Argument("/".join(path[: depth + 1]), value=True, type=_COMMAND) for depth in range(len(path))]
    for name, value in bound.arguments.items():
        values = value if bound.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD else {name: value}
        for one, held in values.items():
            if not is_secret(held):
                found.append(Argument("/".join([*path, one]), plain(held), "NoneType" if held is None else kind_of(held)))
    return found


def _change(bound: inspect.BoundArguments, path: Sequence[str], told: Mapping[str, Mapping[str, Any]]) -> None:
    """Set what the task says otherwise."""
    texts, kinds = texts_of(told), {name: one.kind for name, one in bound.signature.parameters.items()}
    for argument in _arguments(bound, path):
        text, name = texts.get(argument.name), argument.name.split("/")[-1]
        if argument.type == _COMMAND or text is None or text == argument.text:
            continue
        value = _value(text, str(told[argument.name].get("type")))
        if kinds.get(name) is inspect.Parameter.VAR_POSITIONAL:
            bound.arguments[name] = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        elif name in kinds:
            bound.arguments[name] = value
        else:
            more = next(one for one, kind in kinds.items() if kind is inspect.Parameter.VAR_KEYWORD)
            bound.arguments[more] = bound.arguments[more] | {name: value}


def _words(told: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The command line that an agent was told, for a call without one."""
    called = {name for name, item in told.items() if item.get("type") == _COMMAND and item.get("value") == "True"}
    path = max(called, key=lambda name: name.count("/")).split("/") if called else []
    words: list[str] = []
    for depth in range(len(path) + 1):
        # The separator keeps what belongs to the next step from this one.
        words += ["-"] if depth > 1 and words[-1].startswith("--") else []
        words += path[depth - 1 : depth] if depth else []
        here = {name: text for name, text in texts_of(told).items() if name.split("/")[:-1] == path[:depth] and name not in called}
        here = {name: text for name, text in here.items() if told[name].get("type") != _COMMAND}
        words += [f"--{name.split('/')[-1]}={_word(text, str(told[name].get('type')))}" for name, text in here.items()]
    return words


def _word(text: str, kind: str) -> str:
    return repr(text) if kind == "str" and _value(text, "") != text else text


def _value(text: str, kind: str) -> Any:
    return text if kind == "str" else sys.modules["fire.parser"].DefaultParseValue(text)
