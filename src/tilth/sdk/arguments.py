"""What a script was called with, as parameters of its task; and back, when somebody changed them there. Knows `argparse` alone."""

import argparse
import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from tilth.base.errors import Invalid

__all__ = [
    "Argument",
    "arguments_of",
    "called_as",
    "is_secret",
    "is_tracked",
    "kind_of",
    "nothing_is_missing",
    "overrides",
    "plain",
    "words_of",
]

_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0", ""})
_PLAIN = (bool, int, float, str, list, tuple, dict, type(None))
_SECRET = frozenset({"SecretStr", "SecretBytes"})
"""What types of pydantic and of jsonargparse are called whose values are never shown."""


class Argument(Struct, frozen=True):
    """One argument after parsing; a default is a value like any other."""

    name: str
    value: Any
    type: str
    description: str = ""

    @property
    def text(self) -> str:
        """The value as a task holds it; nothing is the empty text."""
        return "" if self.value is None else str(self.value)


def arguments_of(parser: argparse.ArgumentParser, namespace: object, *, wanted: bool | Mapping[str, bool] = True) -> list[Argument]:
    """What was parsed, in the order in which the parser declares it, then what was set as a default without a declaration.

    Arguments that the parser hides from its help are left out, and so are secrets.
    """
    actions = _actions(parser)
    hidden = {name for name, action in actions.items() if action.help == argparse.SUPPRESS}
    values = {name: value for name, value in vars(namespace).items() if name not in hidden and not is_secret(value)}
    values = {name: value for name, value in values.items() if is_tracked(name, wanted)}
    declared = {name: action for name, action in actions.items() if name in values}
    found = [Argument(name, plain(values[name]), _type_of(action, values[name]), action.help or "") for name, action in declared.items()]
    rest = {name: value for name, value in values.items() if name not in declared and isinstance(value, _PLAIN)}
    return found + [Argument(name, value, type(value).__name__) for name, value in rest.items()]


def overrides(parser: argparse.ArgumentParser, namespace: object, said: Mapping[str, str]) -> dict[str, Any]:
    """Of what is `said` of the arguments, the values of those that are now something else, as the parser would have made them."""
    actions, changed = _actions(parser), {}
    for argument in arguments_of(parser, namespace):
        text = said.get(argument.name)
        if text is not None and text != argument.text:
            action = actions.get(argument.name)
            changed[argument.name] = _as_before(text, argument.value) if action is None else _parsed(action, text)
    return changed


def called_as(parser: argparse.ArgumentParser, words: Sequence[str], said: Mapping[str, str]) -> list[str]:
    """The words of a call together with the sub-commands that are `said`, as far as none is among them."""
    words = list(words)
    commands = next((action for action in parser._actions if isinstance(action, argparse._SubParsersAction)), None)
    if commands is None:
        return words
    command = next((word for word in words if word in commands.choices), None)
    if command is not None:
        place = words.index(command) + 1
        return words[:place] + called_as(commands.choices[command], words[place:], said)
    command = said.get(commands.dest)
    if command not in commands.choices:
        return words
    # What has no name on the command line stands before the command, which would be taken for it.
    placed = [action for action in parser._actions if not action.option_strings and action is not commands and action.dest in said]
    before = [] if words else [word for one in placed for word in (words_of(said[one.dest]) if _is_list(one) else [said[one.dest]])]
    return [*words, *before, command, *called_as(commands.choices[command], [], said)]


@contextmanager
def nothing_is_missing(parser: argparse.ArgumentParser, said: Mapping[str, str]) -> Iterator[None]:
    """In here the parser does not ask for what is `said`, even if it is required."""
    required = [action for action in _walk(parser) if action.required and action.dest in said]
    groups = [
        group for group in parser._mutually_exclusive_groups if group.required and said.keys() & {a.dest for a in group._group_actions}
    ]
    asked: list[Any] = [*required, *groups]
    for one in asked:
        one.required = False
    try:
        yield
    finally:
        for one in asked:
            one.required = True


def is_tracked(name: str, wanted: bool | Mapping[str, bool]) -> bool:
    """Is an argument recorded? A mapping says so by name or pattern; the exact name counts first, and what it does not name is recorded.

    The name of an argument of a sub-command, `fit/lr` or `fit.lr`, may also be given without the sub-command.
    """
    if isinstance(wanted, bool):
        return wanted
    names = name, re.split(r"[/.]", name)[-1]
    exact = [flag for one in names if (flag := wanted.get(one)) is not None]
    if exact:
        return bool(exact[0])
    found = [flag for pattern, flag in wanted.items() if any(fnmatchcase(one, pattern) for one in names)]
    return bool(found[-1]) if found else bool(wanted)


def is_secret(value: object) -> bool:
    """Is this a value of a type that is made for secrets?"""
    return type(value).__name__ in _SECRET


def plain(value: Any) -> Any:
    """What is more than a value, such as an open file, a path or a choice, is what it is called."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, _PLAIN):
        return value
    name = getattr(value, "name", None)
    return name if isinstance(name, str) and hasattr(value, "read") else str(value)


def kind_of(value: object) -> str:
    """The type of a value as the protocol says it."""
    if isinstance(value, (list, tuple)):
        kinds = {type(one).__name__ for one in value}
        return f"list/{kinds.pop()}" if len(kinds) == 1 else "list"
    return type(value).__name__ if isinstance(value, _PLAIN) else "str"


def words_of(text: str) -> list[str]:
    """The items of a list that somebody wrote down, whether as Python, as JSON, or with commas between them."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return [word.strip() for word in text.strip("[]()").split(",") if word.strip()]
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)]


def _actions(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    found: dict[str, argparse.Action] = {}
    for action in _walk(parser):
        found.setdefault(action.dest, action)
    return found


def _walk(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        if action.dest != argparse.SUPPRESS:
            yield action
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from _walk(sub)


def _type_of(action: argparse.Action, value: object) -> str:
    if value is None:
        return getattr(action.type, "__name__", "str") if action.type else "str"
    return kind_of(value)


def _parsed(action: argparse.Action, text: str) -> Any:
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return int(text) if isinstance(action, argparse._CountAction) else _flag(action.dest, text)
    if _is_list(action):
        return None if text == "" and action.default is None else [_one(action, word) for word in words_of(text)]
    return None if text in ("", "None") and action.default is None else _one(action, text)


def _is_list(action: argparse.Action) -> bool:
    many = isinstance(action.nargs, int) or action.nargs in ("*", "+", argparse.REMAINDER)
    return many or isinstance(action, (argparse._AppendAction, argparse._ExtendAction))


def _one(action: argparse.Action, text: str) -> Any:
    if action.type is bool or isinstance(action.default, bool):
        return _flag(action.dest, text)
    convert: Any = action.type or str
    try:
        value = convert(text)
    except (ValueError, TypeError, argparse.ArgumentTypeError) as error:
        raise Invalid(f"the task says {action.dest}={text}, which the script can't read: {error}", hint="correct it in the task") from error
    if action.choices is not None and value not in action.choices:
        allowed = ", ".join(map(str, action.choices))
        raise Invalid(f"the task says {action.dest}={text}, and the script allows {allowed}", hint="correct it in the task")
    return value


def _flag(name: str, text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise Invalid(f"the task says {name}={text}, and the script needs true or false", hint="correct it in the task")
    return word in _TRUE


def _as_before(text: str, value: Any) -> Any:
    """Without a declaration, the kind of the value that it had says how to read it."""
    if isinstance(value, str):
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
