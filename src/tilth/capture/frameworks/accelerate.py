"""What a script logs and saves with Accelerate, with any tracker or none."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder, title_and_series

__all__ = ["patches"]


def patches(recorder: Recorder) -> list[Patch]:
    """The values of `log`, the configuration of `init_trackers`, and the folders of `save_model` and `save_state`."""
    accelerators = _Accelerators(recorder)
    return [
        Patch("accelerate.accelerator", f"Accelerator.{name}", wrapper)
        for name, wrapper in (
            ("log", accelerators.around_log),
            ("init_trackers", accelerators.around_trackers),
            ("save_model", accelerators.around_save_model),
            ("save_state", accelerators.around_save_state),
        )
    ]


class _Accelerators:
    """Of several processes, the main one reports."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._steps: Counter[str] = Counter()

    def around_log(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def log(accelerator: Any, values: Any, step: int | None = None, *args: Any, **kwargs: Any) -> Any:
            with self._recorder.scalars_told():
                result = original(accelerator, values, step, *args, **kwargs)
            if accelerator.is_main_process:
                self._report(values, step)
            return result

        return log

    def around_trackers(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def init_trackers(accelerator: Any, project_name: Any, config: Any = None, *args: Any, **kwargs: Any) -> Any:
            with self._recorder.inside():
                result = original(accelerator, project_name, config, *args, **kwargs)
            if accelerator.is_main_process:
                self._recorder.parameters("Accelerate", dict(config or {}))
            return result

        return init_trackers

    def around_save_model(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def save_model(accelerator: Any, model: Any, save_directory: Any, *args: Any, **kwargs: Any) -> Any:
            with self._recorder.inside():
                result = original(accelerator, model, save_directory, *args, **kwargs)
            if accelerator.is_main_process:
                self._recorder.model_folder_saved("PyTorch", save_directory, nested=False)
            return result

        return save_model

    def around_save_state(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def save_state(accelerator: Any, *args: Any, **kwargs: Any) -> Any:
            # It returns the folder, which it may have named itself.
            with self._recorder.inside():
                folder = original(accelerator, *args, **kwargs)
            if accelerator.is_main_process:
                self._recorder.model_folder_saved("PyTorch", folder)
            return folder

        return save_state

    def _report(self, values: Mapping[str, Any], step: int | None) -> None:
        logger = self._recorder.logger
        if logger is None:
            return
        for name, value in values.items():
            # Where there is no step, the values of a name are counted.
            at = self._steps[name] if step is None else int(step)
            self._steps[name] += 1
            for title, series, number in _numbers(name, value):
                logger.report_scalar(title, series, number, at)


def _numbers(name: str, value: Any) -> list[tuple[str, str, float]]:
    """The points of one logged value: a mapping is a plot of its own; a text is none."""
    if isinstance(value, Mapping):
        return [(name, str(series), float(one)) for series, one in value.items()]
    title, series = title_and_series(name)
    return [] if isinstance(value, str) else [(title, series, float(value))]
