"""How functions that write or read a model, or report what another capture reports, are wrapped; the same for each framework."""

from collections.abc import Callable
from typing import Any

from tilth.capture.recorder import Recorder

__all__ = ["folder_loading", "folder_saving", "loading", "saving", "told", "unrecorded"]

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


def folder_saving(recorder: Recorder, framework: str, *, at: int, name: str, nested: bool = True) -> Callable[[Function], Function]:
    """The model is the files in the folder of the argument `name`, or number `at`; where it is not `nested`, without folders in it."""

    def wrap(original: Function) -> Function:
        def save(*args: Any, **kwargs: Any) -> Any:
            with recorder.inside():
                result = original(*args, **kwargs)
            recorder.model_folder_saved(framework, args[at] if len(args) > at else kwargs.get(name), nested=nested)
            return result

        return save

    return wrap


def folder_loading(recorder: Recorder, framework: str, *, at: int, name: str) -> Callable[[Function], Function]:
    """The model is read from the folder of the argument `name`, or number `at`."""

    def wrap(original: Function) -> Function:
        def load(*args: Any, **kwargs: Any) -> Any:
            with recorder.inside():
                result = original(*args, **kwargs)
            recorder.model_loaded(framework, args[at] if len(args) > at else kwargs.get(name), is_folder=True)
            return result

        return load

    return wrap


def unrecorded(recorder: Recorder) -> Callable[[Function], Function]:
    """Nothing of what is done in there is recorded."""

    def wrap(original: Function) -> Function:
        def done(*args: Any, **kwargs: Any) -> Any:
            with recorder.inside():
                return original(*args, **kwargs)

        return done

    return wrap


def told(recorder: Recorder) -> Callable[[Function], Function]:
    """The scalars that are written for TensorBoard in there are reported by another capture."""

    def wrap(original: Function) -> Function:
        def done(*args: Any, **kwargs: Any) -> Any:
            with recorder.scalars_told():
                return original(*args, **kwargs)

        return done

    return wrap
