"""What a Lightning module logs, with any logger or none; its hyper-parameters, and its checkpoints."""

from collections.abc import Callable
from typing import Any

from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder, title_and_series

__all__ = ["patches"]

# The package has two names, and its modules exist once for each.
_PACKAGES = ("lightning.pytorch", "pytorch_lightning")
_CONNECTOR = "trainer.connectors.logger_connector.logger_connector"


def patches(recorder: Recorder) -> list[Patch]:
    """Metrics are taken where Lightning gives them to its loggers, which it also does when there are none."""

    def around_log(original: Callable[..., Any]) -> Callable[..., Any]:
        def log_metrics(connector: Any, metrics: Any, step: int | None = None) -> Any:
            with recorder.scalars_told():
                result = original(connector, metrics, step)
            logger = recorder.logger
            # Of several ranks, one reports.
            if logger is not None and metrics and connector.trainer.is_global_zero:
                values = dict(metrics)
                said = values.pop("step", None) if step is None else step
                at = connector.trainer.fit_loop.epoch_loop._batches_that_stepped if said is None else int(said)
                for name, value in values.items():
                    title, series = title_and_series(name)
                    logger.report_scalar(title, series, float(value), at)
            return result

        return log_metrics

    def around_fit(original: Callable[..., Any]) -> Callable[..., Any]:
        def fit(trainer: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
            recorder.parameters("Lightning", dict(getattr(model, "hparams", {})))
            return original(trainer, model, *args, **kwargs)

        return fit

    def around_save(original: Callable[..., Any]) -> Callable[..., Any]:
        def save_checkpoint(trainer: Any, filepath: Any, *args: Any, **kwargs: Any) -> Any:
            with recorder.inside():
                result = original(trainer, filepath, *args, **kwargs)
            if trainer.is_global_zero:
                recorder.model_saved("PyTorch", filepath)
            return result

        return save_checkpoint

    return [
        Patch(f"{package}.{module}", attribute, wrapper)
        for package in _PACKAGES
        for module, attribute, wrapper in (
            (_CONNECTOR, "_LoggerConnector.log_metrics", around_log),
            ("trainer.trainer", "Trainer.fit", around_fit),
            ("trainer.trainer", "Trainer.save_checkpoint", around_save),
        )
    ]
