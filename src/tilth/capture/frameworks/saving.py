"""How functions that write or read a model are wrapped; the same for each framework."""

from collections.abc import Callable
from typing import Any

from tilth.capture.recorder import Recorder

__all__ = ["loading", "saving"]

Function = Callable[..., Any]


def saving(recorder: Recorder, framework: str, *, at: int, name: str) -> Callable[[Function], Function]:
    """The model is written to the argument `name`, or number `at`. What is called on the way, such as by a trainer, is part of it."""

    def wrap(original: Function) -> Function:
        def save(*args: Any, **kwargs: Any) -> Any:
            with recorder.inside():
                result = original(*args, **kwargs)
            recorder.model_saved(framework, args[at] if len(args) > at else kwargs.get(name))
            return result

        return save

    return wrap


def loading(recorder: Recorder, framework: str, *, at: int, name: str) -> Callable[[Function], Function]:
    """The model is read from the argument `name`, or number `at`."""

    def wrap(original: Function) -> Function:
        def load(*args: Any, **kwargs: Any) -> Any:
            with recorder.inside():
                result = original(*args, **kwargs)
            recorder.model_loaded(framework, args[at] if len(args) > at else kwargs.get(name))
            return result

        return load

    return wrap
