"""Metrics and settings of fastai's `Learner`; its models are files of PyTorch, and recorded as such."""

import sys
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from tilth.capture.frameworks.saving import told, unrecorded
from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]


def patches(recorder: Recorder) -> list[Patch]:
    """What fastai's own recorder has at the end of each epoch. A learner that is fitted again goes on with the next epoch."""
    learners = _Learners(recorder)
    return [
        Patch("fastai.learner", "Learner._do_epoch", learners.around_epoch),
        Patch("fastai.learner", "Learner.fit", learners.around_fit),
        # It trains, and saves what it began with, but no model comes of it.
        Patch("fastai.callback.schedule", "Learner.lr_find", unrecorded(recorder)),
        Patch("fastai.callback.tensorboard", "TensorBoardCallback.after_epoch", told(recorder)),
    ]


class _Learners:
    """Of several ranks, the first one reports."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._epochs: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def around_epoch(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def do_epoch(learner: Any) -> Any:
            result = original(learner)
            if _is_first_rank() and hasattr(learner, "recorder"):
                self._report(learner)
            return result

        return do_epoch

    def around_fit(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def fit(learner: Any, n_epoch: int, lr: Any = None, wd: Any = None, *args: Any, **kwargs: Any) -> Any:
            if _is_first_rank():
                settings = {
                    "epochs": n_epoch,
                    "lr": str(lr or learner.lr),  # a number, or a slice for the groups of layers
                    "wd": wd or learner.wd,
                    "model": type(learner.model).__name__,
                    "loss": _name(learner.loss_func),
                    "optimizer": _name(learner.opt_func),
                    "batch size": getattr(learner.dls, "bs", None),
                }
                self._recorder.parameters("fastai", settings)
            return original(learner, n_epoch, lr, wd, *args, **kwargs)

        return fit

    def _report(self, learner: Any) -> None:
        logger = self._recorder.logger
        if logger is None:
            return
        at = self._epochs.get(learner, 0)
        self._epochs[learner] = at + 1
        seen = learner.recorder
        for name, value in zip(list(seen.metric_names)[1:], list(seen.log)[1:], strict=False):  # the first is the epoch, the last its time
            if isinstance(value, (int, float)):
                logger.report_scalar(name.removeprefix("train_").removeprefix("valid_"), name, float(value), at)


def _is_first_rank() -> bool:
    return not sys.modules["fastai.torch_core"].rank_distrib()


def _name(value: Any) -> str:
    """What a function, a partial one, or an object is called."""
    value = getattr(value, "func", value)
    return str(getattr(value, "__name__", type(value).__name__))
