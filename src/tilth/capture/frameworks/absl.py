"""Flags that the modules of a program define for absl."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from tilth.capture.arguments import Arguments, texts_of
from tilth.capture.patching import Patch
from tilth.sdk.arguments import Argument, is_secret, kind_of, plain, words_of

__all__ = ["patches", "see"]

_SECTION = "TF_DEFINE"
_FLAGS = "absl.flags"
_REPEATED = "multi"


def patches(arguments: Arguments) -> list[Patch]:
    """Recorded when the flags are parsed, which `app.run` does. What an agent was told counts before the command line."""

    def around_parse(original: Callable[..., Any]) -> Callable[..., Any]:
        def parse(flags: Any, argv: Any, *more: Any, **named: Any) -> Any:
            if flags is not sys.modules[_FLAGS].FLAGS:
                return original(flags, argv, *more, **named)
            known = _own(flags)
            told = {name: text for name, text in texts_of(arguments.told(_SECTION)).items() if name in known}
            # On the command line too, because flags may be required.
            words = [f"--{name}={word}" for name, text in told.items() for word in _words(known[name], text)]
            rest = original(flags, [*argv[:1], *words, *argv[1:]], *more, **named)
            changed = [name for name, text in told.items() if _argument(name, known[name]).text != text]
            for name in changed:  # what the command line said otherwise
                _set(known[name], told[name])
            if changed:
                flags.validate_all_flags()
            see(arguments)
            return rest

        return parse

    return [Patch("absl.flags._flagvalues", "FlagValues.__call__", around_parse)]


def see(arguments: Arguments) -> None:
    """Look whether flags are parsed already."""
    module = sys.modules.get(_FLAGS)
    flags = getattr(module, "FLAGS", None)
    if flags is None or not flags.is_parsed():
        return
    shown = {name: flag for name, flag in _own(flags).items() if not is_secret(flag.value)}
    arguments.parsed("absl", [_argument(name, flag) for name, flag in shown.items()], section=_SECTION)


def _own(flags: Any) -> Mapping[str, Any]:
    """The flags of the program, without those of absl itself."""
    by_module: Mapping[str, list[Any]] = flags.flags_by_module_dict()
    return {flag.name: flag for module, found in by_module.items() if module.partition(".")[0] != "absl" for flag in found}


def _argument(name: str, flag: Any) -> Argument:
    value = [plain(one) for one in flag.value] if isinstance(flag.value, (list, tuple)) else plain(flag.value)
    return Argument(name, value, "NoneType" if flag.value is None else kind_of(value), flag.help or "")


def _words(flag: Any, text: str) -> list[str]:
    """What follows `--name=`, once for each time that the flag is given."""
    kind = str(flag.flag_type())
    if kind.startswith(_REPEATED):
        return words_of(text)
    return [("," if kind.startswith("comma") else " ").join(words_of(text))] if kind.endswith("list of strings") else [text]


def _set(flag: Any, text: str) -> None:
    words = _words(flag, text)
    flag.unparse()
    flag.parse(words if str(flag.flag_type()).startswith(_REPEATED) else words[0])
