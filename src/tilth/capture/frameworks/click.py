"""Arguments of commands that are made with Click or with Typer."""

import ast
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from tilth.capture.arguments import Arguments, texts_of
from tilth.capture.patching import Patch
from tilth.sdk.arguments import Argument, is_secret, kind_of, plain, words_of

__all__ = ["patches"]

# Newer releases of Typer bring a Click of their own.
_MODULES = ("click.core", "typer._click.core")
_COMMAND = "click.Command"


def patches(arguments: Arguments) -> list[Patch]:
    """Recorded when a command begins: those of a sub-command stand below its name. What is typed hidden, such as a password, is not.

    What an agent was told counts before the command line and before the environment; Click itself reads it.
    """

    def around_make_context(original: Callable[..., Any]) -> Callable[..., Any]:
        def make_context(command: Any, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
            if parent is None and not args:
                args = _called(arguments)
            return original(command, info_name, args, parent, **extra)

        return make_context

    def around_consume_value(original: Callable[..., Any]) -> Callable[..., Any]:
        def consume_value(parameter: Any, context: Any, given: Any) -> Any:
            value, source = original(parameter, context, given)
            text = texts_of(arguments.told()).get("/".join([*_path(context), str(parameter.name)]))
            if text is None or _is_hidden(parameter) or context.resilient_parsing:
                return value, source
            return _read(parameter, text), type(source).DEFAULT_MAP

        return consume_value

    def around_invoke(original: Callable[..., Any]) -> Callable[..., Any]:
        def invoke(command: Any, context: Any) -> Any:
            path = _path(context)
            shown = [one for one in command.params if one.name in context.params and not _is_hidden(one)]
            values = {one.name: (context.params[one.name], getattr(one, "help", None) or "") for one in shown}
            found = [
                Argument("/".join([*path, name]), _plain(command, value), kind_of(value) if value is not None else "NoneType", about)
                for name, (value, about) in values.items()
                if not is_secret(value)
            ]
            arguments.parsed("click", ([Argument("/".join(path), value=True, type=_COMMAND)] if path else []) + found)
            return original(command, context)

        return invoke

    return [
        patch
        for module in _MODULES
        for patch in (
            Patch(module, "Command.make_context", around_make_context),
            Patch(module, "Parameter.consume_value", around_consume_value),
            Patch(module, "Command.invoke", around_invoke),
        )
    ]


def _called(arguments: Arguments) -> list[str]:
    """The sub-commands that an agent was told to call."""
    told = arguments.told().items()
    called = [name for name, item in told if item.get("type") == _COMMAND and item.get("value") == "True"]
    return max(called, key=lambda name: name.count("/")).split("/") if called else []


def _path(context: Any) -> list[str]:
    """The names of the sub-commands that lead to this one."""
    names: list[str] = []
    while context.parent is not None:
        names.insert(0, str(context.info_name))
        context = context.parent
    return names


def _is_hidden(parameter: Any) -> bool:
    return bool(getattr(parameter, "hide_input", False) or getattr(parameter, "hidden", False))


def _plain(command: Any, value: Any) -> Any:
    # The Click of Typer calls a choice by its value, the other one by its name.
    if isinstance(value, Enum) and type(command).__module__.startswith("typer"):
        return value.value
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_plain(command, one) for one in value]
    return plain(value)


def _read(parameter: Any, text: str) -> Any:
    """A text as Click takes it from a command line: several words, if it takes several."""
    if not getattr(parameter, "multiple", False) and parameter.nargs == 1:
        return text
    try:
        words = ast.literal_eval(text or "[]")
    except (ValueError, SyntaxError):
        return words_of(text)
    return words if isinstance(words, (list, tuple)) else [text]
