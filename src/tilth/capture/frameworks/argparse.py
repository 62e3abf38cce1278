"""Arguments that a script parses with `argparse`, or with what is built on it."""

import functools
import threading
from collections.abc import Callable
from typing import Any

from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]


class _Depth(threading.local):
    value = 0


def patches(recorder: Recorder) -> list[Patch]:
    """Parsed arguments go to `task.connect_arguments(parser, namespace)`, which may also change them in the namespace."""
    depth = _Depth()

    def around_parse(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def parse(parser: Any, *args: Any, **kwargs: Any) -> Any:
            # A sub-parser is called by its parser, whose arguments hold everything.
            depth.value += 1
            try:
                parsed = original(parser, *args, **kwargs)
            finally:
                depth.value -= 1
            task = recorder.task
            if task is not None and depth.value == 0:
                with recorder.inside():
                    task.connect_arguments(parser, parsed[0])
            return parsed

        return parse

    return [Patch("argparse", "ArgumentParser.parse_known_args", around_parse)]
