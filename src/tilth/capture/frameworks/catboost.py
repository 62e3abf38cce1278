"""Metrics, parameters and models of CatBoost."""

from collections.abc import Callable
from typing import Any

from tilth.capture.frameworks.saving import loading, saving
from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]


def patches(recorder: Recorder) -> list[Patch]:
    """Metrics are reported when the training is over: on GPUs CatBoost tells nobody of them before."""

    def around_fit(original: Callable[..., Any]) -> Callable[..., Any]:
        def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
            recorder.parameters("CatBoost", model.get_params())
            result = original(model, *args, **kwargs)
            logger = recorder.logger
            if logger is not None:
                for data, metrics in model.get_evals_result().items():
                    for metric, values in metrics.items():
                        for iteration, value in enumerate(values):
                            logger.report_scalar(metric, data, float(value), iteration)
            return result

        return fit

    return [
        Patch("catboost.core", "CatBoost._fit", around_fit),
        Patch("catboost.core", "CatBoost.save_model", saving(recorder, "CatBoost", at=1, name="fname")),
        Patch("catboost.core", "CatBoost.load_model", loading(recorder, "CatBoost", at=1, name="fname")),
    ]
