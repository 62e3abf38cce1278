"""Metrics, arguments and models of a `Trainer` of Hugging Face Transformers."""

from collections.abc import Callable, Mapping
from typing import Any

from tilth.capture.frameworks.saving import folder_loading, told, unrecorded
from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]

_PLAIN = (bool, int, float, str, list, tuple, type(None))
_PREFIXES = {"eval_": "eval", "test_": "test"}


def patches(recorder: Recorder) -> list[Patch]:
    """What a trainer logs, with any integration or none; its arguments when it begins, and the folders of models."""
    trainers = _Trainers(recorder)
    board, models = "transformers.integrations.integration_utils", "transformers.modeling_utils"
    # Optimizers and random states of a checkpoint are no models.
    states = ("_save_optimizer_and_scheduler", "_save_rng_state", "_save_scaler")
    return [
        Patch("transformers.trainer_callback", "CallbackHandler.on_log", trainers.around_log),
        Patch("transformers.trainer", "Trainer.train", trainers.around_train),
        Patch("transformers.trainer", "Trainer._save", trainers.around_save),
        *(Patch("transformers.trainer", f"Trainer.{name}", unrecorded(recorder)) for name in states),
        Patch(board, "TensorBoardCallback.on_log", told(recorder)),
        Patch(board, "TensorBoardCallback.on_train_begin", unrecorded(recorder)),
        Patch(models, "PreTrainedModel.save_pretrained", trainers.around_save_pretrained),
        Patch(
            models, "PreTrainedModel.from_pretrained", folder_loading(recorder, "Transformers", at=1, name="pretrained_model_name_or_path")
        ),
    ]


class _Trainers:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def around_log(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def on_log(handler: Any, args: Any, state: Any, control: Any, logs: Any, **kwargs: Any) -> Any:
            said = dict(logs)  # callbacks take things out of it
            result = original(handler, args, state, control, logs, **kwargs)
            if state.is_world_process_zero:
                self._report(said, state.global_step)
            return result

        return on_log

    def around_train(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def train(trainer: Any, *args: Any, **kwargs: Any) -> Any:
            if trainer.is_world_process_zero():
                given = {name: value for name, value in trainer.args.to_dict().items() if isinstance(value, _PLAIN)}
                self._recorder.parameters("Transformers", given)
            return original(trainer, *args, **kwargs)

        return train

    def around_save(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def save(trainer: Any, output_dir: Any = None, *args: Any, **kwargs: Any) -> Any:
            with self._recorder.inside():
                result = original(trainer, output_dir, *args, **kwargs)
            if trainer.args.should_save:
                self._saved(trainer.args.output_dir if output_dir is None else output_dir)
            return result

        return save

    def around_save_pretrained(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def save_pretrained(model: Any, save_directory: Any, *args: Any, **kwargs: Any) -> Any:
            with self._recorder.inside():
                result = original(model, save_directory, *args, **kwargs)
            if kwargs.get("is_main_process", True):
                self._saved(save_directory)
            return result

        return save_pretrained

    def _saved(self, folder: Any) -> None:
        # Folders in it are the checkpoints of the training.
        self._recorder.model_folder_saved("Transformers", folder, nested=False)

    def _report(self, logs: Mapping[str, Any], step: int) -> None:
        """`eval_loss` is a curve beside `loss`; what is said of the whole training, such as `train_runtime`, is one value."""
        logger = self._recorder.logger
        if logger is None:
            return
        for name, value in logs.items():
            if name == "epoch" or not isinstance(value, (int, float)):
                continue
            if name.startswith("train_") or name == "total_flos":
                logger.report_single_value(name, float(value))
                continue
            series = next((series for prefix, series in _PREFIXES.items() if name.startswith(prefix)), "train")
            logger.report_scalar(name.removeprefix(f"{series}_"), series, float(value), step)
