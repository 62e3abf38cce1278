"""Metrics, parameters and models of LightGBM, also through its scikit-learn classes."""

from collections.abc import Callable
from inspect import signature
from typing import Any

from tilth.capture.frameworks.saving import loading, saving
from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]


def patches(recorder: Recorder) -> list[Patch]:
    """Metrics are those of `valid_sets` or `eval_set`, one curve for each data set."""

    def report(environment: Any) -> None:
        logger = recorder.logger
        if logger is not None:
            for data, metric, value, *_ in environment.evaluation_result_list or ():
                logger.report_scalar(metric, data, float(value), environment.iteration)

    def callback(environment: Any) -> None:
        recorder.safely("metrics of LightGBM", report, environment)

    def around_train(original: Callable[..., Any]) -> Callable[..., Any]:
        def train(*args: Any, **kwargs: Any) -> Any:
            bound = signature(original).bind(*args, **kwargs)
            given = bound.arguments
            recorder.parameters("LightGBM", {name: value for name, value in dict(given["params"]).items() if value is not None})
            given["callbacks"] = [*(given.get("callbacks") or ()), callback]
            return original(*bound.args, **bound.kwargs)

        return train

    return [
        Patch("lightgbm.engine", "train", around_train),
        Patch("lightgbm.basic", "Booster.save_model", saving(recorder, "LightGBM", at=1, name="filename")),
        Patch("lightgbm.basic", "Booster.__init__", loading(recorder, "LightGBM", at=3, name="model_file")),
    ]
