"""Processes that `multiprocessing` starts anew: they take part in the recording without calling `Task.init`, as forks do."""

import functools
import os
from collections.abc import Callable
from typing import Any

from tilth.capture.guarding import Guard
from tilth.capture.patching import Patch
from tilth.sdk.beginning import MASTER

__all__ = ["spawning_patches"]

Function = Callable[..., Any]
_STARTERS = ("multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver", "multiprocessing.popen_spawn_win32")


class _Recorded:
    """What a process is to do, and before that, to record itself. It is sent to the process as a pickle."""

    def __init__(self, target: Function, begin: Function) -> None:
        self._target = target
        self._begin = begin

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if os.environ.get(MASTER):
            Guard("a process that was spawned").run(self._begin)
        return self._target(*args, **kwargs)


def spawning_patches(begin: Function, **asked: Any) -> list[Patch]:
    """The patches that let a process begin with `begin(**asked)`, which must be known by name there."""

    def around_start(original: Function) -> Function:
        def start(starter: Any, process: Any, *args: Any, **kwargs: Any) -> Any:
            target = getattr(process, "_target", None)
            if target is None:  # a class that does its work itself
                return original(starter, process, *args, **kwargs)
            process._target = _Recorded(target, functools.partial(begin, **asked))
            try:
                return original(starter, process, *args, **kwargs)
            finally:
                process._target = target

        return start

    return [Patch(module, "Popen.__init__", around_start) for module in _STARTERS]
