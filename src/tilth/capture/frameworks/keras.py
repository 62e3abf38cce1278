"""Metrics and models of Keras 3, on each of its backends."""

from collections.abc import Callable
from typing import Any

from tilth.capture.frameworks.saving import loading, saving
from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]

_SAVING = "keras.src.saving.saving_api"


def patches(recorder: Recorder) -> list[Patch]:
    """What `fit` tells its callbacks at the end of each epoch; the value of the validation is a curve in the same plot."""

    def around_epoch(original: Callable[..., Any]) -> Callable[..., Any]:
        def on_epoch_end(callbacks: Any, epoch: int, logs: Any = None) -> Any:
            result = original(callbacks, epoch, logs)
            logger = recorder.logger
            if logger is not None:
                for name, value in (logs or {}).items():
                    logger.report_scalar(name.removeprefix("val_"), name, float(value), epoch)
            return result

        return on_epoch_end

    def around_board(original: Callable[..., Any]) -> Callable[..., Any]:
        def log_epoch_metrics(callback: Any, epoch: int, logs: Any) -> Any:
            # The learning rate is told by this one alone.
            with recorder.scalars_told({f"epoch_{name.removeprefix('val_')}" for name in logs or {}}):
                return original(callback, epoch, logs)

        return log_epoch_metrics

    return [
        Patch("keras.src.callbacks.tensorboard", "TensorBoard._log_epoch_metrics", around_board),
        Patch("keras.src.callbacks.callback_list", "CallbackList.on_epoch_end", around_epoch),
        Patch(_SAVING, "save_model", saving(recorder, "Keras", at=1, name="filepath")),
        Patch(_SAVING, "save_weights", saving(recorder, "Keras", at=1, name="filepath")),
        Patch(_SAVING, "load_model", loading(recorder, "Keras", at=0, name="filepath")),
        Patch(_SAVING, "load_weights", loading(recorder, "Keras", at=1, name="filepath")),
    ]
