"""Trials of a study of Optuna: what each one reached, and with which numbers."""

from collections.abc import Callable
from typing import Any

from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]


def patches(recorder: Recorder) -> list[Patch]:
    """Trials are the iterations. A trial that failed or was pruned has no value."""

    def around_tell(original: Callable[..., Any]) -> Callable[..., Any]:
        def tell(study: Any, trial: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(study, trial, *args, **kwargs)
            logger = recorder.logger
            _, values, *_ = result
            if logger is not None and values:
                number = getattr(trial, "number", trial)
                for index, value in enumerate(values):
                    logger.report_scalar("Optuna", "objective" if len(values) == 1 else f"objective {index}", float(value), number)
                for name, value in getattr(trial, "params", {}).items():
                    if isinstance(value, (int, float)):
                        logger.report_scalar("Optuna parameters", name, float(value), number)
            return result

        return tell

    return [Patch("optuna.study._tell", "_tell_with_warning", around_tell)]
