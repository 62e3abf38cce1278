"""Arguments that a script parses with jsonargparse, on the command line or in files; Lightning's command line is built on it."""

import argparse
import functools
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tilth.capture.arguments import Arguments, calling_package, texts_of
from tilth.capture.patching import Patch
from tilth.sdk.arguments import Argument, is_secret, kind_of, words_of

__all__ = ["patches"]

_COMMAND = "jsonargparse.Command"
_FILES = "ActionConfigFile"
"""What the arguments are that name files with other arguments, all of which are recorded themselves."""
_PARSING = ("parse_args", "parse_object", "parse_path", "parse_string")


class _Depth(threading.local):
    value = 0


def patches(arguments: Arguments) -> list[Patch]:
    """Recorded with dots in their names, whichever file they came from. What an agent was told is read after the command line."""
    depth = _Depth()

    def around(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def around_parse(original: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(original)
            def parse(parser: Any, *args: Any, **kwargs: Any) -> Any:
                # Parsing asks itself and other parsers; and jsonargparse also parses what is no call of a command.
                if depth.value or (name != "parse_args" and calling_package() == "jsonargparse"):
                    return original(parser, *args, **kwargs)
                told = texts_of(arguments.told()) if name == "parse_args" else {}
                if told:
                    words = args[0] if args else kwargs.pop("args", None)
                    args = (_called_as(parser, sys.argv[1:] if words is None else words, told), *args[1:])
                depth.value += 1
                try:
                    found = original(parser, *args, **kwargs)
                finally:
                    depth.value -= 1
                arguments.parsed("jsonargparse", list(_arguments(parser, found)))
                return found

            return parse

        return around_parse

    return [Patch("jsonargparse", f"ArgumentParser.{name}", around(name)) for name in _PARSING]


def _arguments(parser: Any, found: Any) -> Iterator[Argument]:
    shown = _shown(parser, found)
    actions = dict(_declared(parser))
    for name, value in found.items():
        action = actions.get(name)
        about = str(getattr(action, "help", None) or "")
        if isinstance(action, argparse._SubParsersAction):
            yield Argument(name, value, _COMMAND)
        elif type(action).__name__ == _FILES:
            if value:
                yield Argument(name, json.dumps([str(one) for one in value]), "list/str", about)
        elif value is None and about != argparse.SUPPRESS:
            yield Argument(name, None, "NoneType", about)
        elif not is_secret(value) and (there := _at(shown, name.split("."))):
            yield Argument(name, _text(there[0]), kind_of(there[0]), about)


def _shown(parser: Any, found: Any) -> Any:
    """The values as jsonargparse writes them down, without what is hidden."""
    try:
        return json.loads(parser.dump(found, format="json", skip_validation=True))
    except TypeError:  # what it was called before
        return json.loads(parser.dump(found, format="json", skip_check=True))


def _declared(parser: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """What a parser and those of its sub-commands declare, by the whole name."""
    for action in parser._actions:
        yield prefix + action.dest, action
        if isinstance(action, argparse._SubParsersAction):
            for command, inner in action.choices.items():
                yield from _declared(inner, f"{prefix}{command}.")


def _at(shown: Any, path: Sequence[str]) -> list[Any]:
    """The value at a place in nested dictionaries, alone in a list; an empty list if there is none."""
    for name in path:
        if not isinstance(shown, dict) or name not in shown:
            return []
        shown = shown[name]
    return [shown]


def _text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def _called_as(parser: Any, words: Sequence[str], told: Mapping[str, str], prefix: str = "") -> list[str]:
    """The words of a call, with what is told behind those of the command that it belongs to."""
    words, there, after = list(words), not words, []
    commands = next((one for one in parser._actions if isinstance(one, argparse._SubParsersAction)), None)
    if commands is not None:
        command = next((word for word in words if word in commands.choices), told.get(prefix + commands.dest))
        if command in commands.choices:
            at = words.index(command) if command in words else len(words)
            words, behind = words[:at], words[at + 1 :]
            after = [command, *_called_as(commands.choices[command], behind, told, f"{prefix}{command}.")]
    known = {action.dest: action for action in parser._actions}
    for name, text in sorted(told.items(), key=lambda item: [part if part != "class_path" else "" for part in item[0].split(".")]):
        own = name.removeprefix(prefix)
        action = next((known[part] for part in _beginnings(own) if part in known), None)
        if name.startswith(prefix) and action is not None and not _is_for_others(action):
            words += _words(own, action, text) if action.option_strings else []
    placed = [action for action in parser._actions if not action.option_strings and not _is_for_others(action)]
    if there:
        words += [word for action in placed for word in _words(action.dest, action, told.get(prefix + action.dest))]
    return words + after


def _beginnings(name: str) -> Iterator[str]:
    """The name, and what it is part of, `a.b.c`, `a.b` and `a`."""
    while name:
        yield name
        name = name.rpartition(".")[0]


def _is_for_others(action: Any) -> bool:
    return isinstance(action, argparse._SubParsersAction) or type(action).__name__ == _FILES


def _words(name: str, action: Any, text: str | None) -> list[str]:
    if text is None:
        return []
    several = isinstance(action.nargs, int) or action.nargs in ("*", "+")
    if not action.option_strings:
        return words_of(text) if several else [text]
    # A `+` behind a name adds to a list.
    own = max((option for option in action.option_strings if not option.endswith("+")), key=len)
    option = own if action.dest == name else f"--{name}"
    if action.nargs == 0:
        return [option] if text == str(action.const) else []
    return [option, *words_of(text)] if several else [f"{option}={text}"]
