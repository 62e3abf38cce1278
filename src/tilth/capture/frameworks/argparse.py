"""Arguments that a script parses with `argparse`, or with what is built on it."""

import functools
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tilth.base.errors import Invalid
from tilth.capture.arguments import Arguments, calling_package, texts_of
from tilth.capture.patching import Patch
from tilth.sdk.arguments import arguments_of, called_as, nothing_is_missing, overrides

__all__ = ["patches"]

_LIBRARIES: Mapping[str, Collection[str]] = {
    "fire": (),
    "hydra": ("config_dir", "config_name", "config_path"),
    "IPython": (),
    "ipykernel": (),
}
"""Packages that parse what is theirs with `argparse`, and which of it says what the script computes."""


class _Depth(threading.local):
    value = 0


def patches(arguments: Arguments) -> list[Patch]:
    """What was parsed is recorded; what an agent was told is set in the namespace, and nothing of it has to be on the command line."""
    depth = _Depth()

    def around_parse(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def parse(parser: Any, args: Any = None, namespace: Any = None, **more: Any) -> Any:
            if depth.value:  # of a sub-parser, or the first of two passes: the outermost call knows everything in the end
                return original(parser, args, namespace, **more)
            known = _LIBRARIES.get(calling_package("argparse"))
            told = texts_of(arguments.told())
            said = {name: text for name, text in told.items() if known is None or name in known}
            words = called_as(parser, sys.argv[1:] if args is None else args, said) if said else args
            depth.value += 1
            try:
                with nothing_is_missing(parser, said):
                    parsed = original(parser, words, namespace, **more)
            finally:
                depth.value -= 1
            try:
                for name, value in overrides(parser, parsed[0], said).items():
                    setattr(parsed[0], name, value)
            except Invalid as error:  # a run with other values than those it was told would be worse than none
                parser.error(str(error))
            found = arguments_of(parser, parsed[0])
            arguments.parsed("argparse", [one for one in found if known is None or (one.name in known and one.text)])
            return parsed

        return parse

    return [Patch("argparse", f"ArgumentParser.{name}", around_parse) for name in ("parse_known_args", "parse_known_intermixed_args")]
