"""Metrics, parameters and models of XGBoost, also through its scikit-learn classes."""

from collections.abc import Callable
from typing import Any

from tilth.capture.frameworks.saving import loading, saving
from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]


def patches(recorder: Recorder) -> list[Patch]:
    """Metrics are those of `evals` or `eval_set`, one curve for each data set."""

    def around_iteration(original: Callable[..., Any]) -> Callable[..., Any]:
        def after_iteration(container: Any, model: Any, epoch: int, *args: Any, **kwargs: Any) -> Any:
            result = original(container, model, epoch, *args, **kwargs)
            logger = recorder.logger
            if logger is not None:
                for data, metrics in container.history.items():
                    for metric, values in metrics.items():
                        # In cross-validation each value comes with its deviation.
                        newest = values[-1][0] if isinstance(values[-1], tuple) else values[-1]
                        logger.report_scalar(metric, data, float(newest), epoch)
            return result

        return after_iteration

    def around_train(original: Callable[..., Any]) -> Callable[..., Any]:
        def train(params: Any, *args: Any, **kwargs: Any) -> Any:
            recorder.parameters("XGBoost", {name: value for name, value in dict(params).items() if value is not None})
            return original(params, *args, **kwargs)

        return train

    return [
        Patch("xgboost.callback", "CallbackContainer.after_iteration", around_iteration),
        Patch("xgboost.training", "train", around_train),
        Patch("xgboost.core", "Booster.save_model", saving(recorder, "XGBoost", at=1, name="fname")),
        Patch("xgboost.core", "Booster.load_model", loading(recorder, "XGBoost", at=1, name="fname")),
    ]
