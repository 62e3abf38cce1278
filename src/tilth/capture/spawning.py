"""Processes that `multiprocessing` starts anew: they take part in the recording without calling `Task.init`, as forks do."""

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tilth.capture.guarding import Guard
from tilth.capture.patching import Patch
from tilth.sdk.beginning import MASTER

__all__ = ["spawning_patches"]

Function = Callable[..., Any]
_STARTERS = ("multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver", "multiprocessing.popen_spawn_win32")


class _Recorded:
    """What a process is to do, and before that, to record itself. It is sent to the process as a pickle, as part of the process."""

    def __init__(self, process: Any, asked: dict[str, Any]) -> None:
        self._process = process
        self._own = vars(process).get("run")
        self._asked = asked
        self._master = os.environ.get(MASTER)

    def __call__(self) -> Any:
        if self._master:
            # A server of forks has the environment that it began with, perhaps before the task.
            os.environ[MASTER] = self._master
            Guard("a process that was spawned").run(_begin, self._asked)
        return self._own() if self._own is not None else type(self._process).run(self._process)


def _begin(asked: dict[str, Any]) -> None:
    # By its public name, which composes the home: a pickle would name the class, and load no more than that.
    import_module("tilth").Task.init(**asked)


def spawning_patches(**asked: Any) -> list[Patch]:
    """The patches that let a process begin with `Task.init(**asked)`."""

    def around_start(original: Function) -> Function:
        def start(starter: Any, process: Any, *args: Any, **kwargs: Any) -> Any:
            own = vars(process)
            before = {"run": own["run"]} if "run" in own else {}
            own["run"] = _Recorded(process, asked)
            try:
                return original(starter, process, *args, **kwargs)
            finally:
                del own["run"]
                own.update(before)

        return start

    return [Patch(module, "Popen.__init__", around_start) for module in _STARTERS]
