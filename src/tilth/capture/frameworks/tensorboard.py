"""What a script writes for TensorBoard, with PyTorch's `SummaryWriter`, with tensorboardX, or with TensorFlow."""

from collections.abc import Callable
from typing import Any

from tilth.capture.frameworks import tensorflow_summary
from tilth.capture.frameworks.tensorboard_values import Spot, TensorBoardValues
from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]

_WRITERS = ("tensorboardX.writer", "torch.utils.tensorboard.writer")


def patches(recorder: Recorder) -> list[Patch]:
    """Scalars, histograms, images, figures, video, audio, text, PR curves, hyper-parameters and embeddings, where they are written."""
    values = TensorBoardValues(recorder)
    events = _Events(recorder, values)
    return [
        Patch(module, attribute, wrapper)
        for module in _WRITERS
        for attribute, wrapper in (
            ("FileWriter.add_event", events.around_event),
            ("SummaryWriter.add_scalars", events.around_scalars),
            ("SummaryWriter.add_hparams", events.around_hparams),
            ("SummaryWriter.add_embedding", events.around_embedding),
        )
    ] + tensorflow_summary.patches(recorder, values)


class _Events:
    def __init__(self, recorder: Recorder, values: TensorBoardValues) -> None:
        self._recorder = recorder
        self._values = values

    def around_event(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def add_event(writer: Any, event: Any, step: Any = None, walltime: Any = None) -> Any:
            result = original(writer, event, step, walltime)
            if self._recorder.logger is not None and event.WhichOneof("what") == "summary":
                folder = str(writer.get_logdir())
                for value in event.summary.value:
                    self._report(value, self._values.spot(folder, value.tag.removesuffix("/text_summary"), step))
            return result

        return add_event

    def around_scalars(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def add_scalars(writer: Any, main_tag: str, values: Any, global_step: Any = None, *args: Any, **kwargs: Any) -> Any:
            # The writer makes a folder for each of them, though they are one plot.
            with self._recorder.inside():
                result = original(writer, main_tag, values, global_step, *args, **kwargs)
            if self._recorder.logger is not None:
                at = self._values.step("", main_tag, global_step)
                for series, value in values.items():
                    self._values.scalar(main_tag, (main_tag, str(series), at), float(value))
            return result

        return add_scalars

    def around_hparams(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def add_hparams(writer: Any, hparam_dict: Any, metric_dict: Any, *args: Any, **kwargs: Any) -> Any:
            with self._recorder.inside():
                result = original(writer, hparam_dict, metric_dict, *args, **kwargs)
            self._recorder.parameters("TensorBoard", hparam_dict)
            logger = self._recorder.logger
            if logger is not None:
                for name, value in metric_dict.items():
                    logger.report_single_value(str(name), float(value))
            return result

        return add_hparams

    def around_embedding(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def add_embedding(writer: Any, *args: Any, **kwargs: Any) -> Any:
            with self._recorder.inside():
                result = original(writer, *args, **kwargs)
            given = dict(zip(("mat", "metadata", "label_img", "global_step", "tag"), args, strict=False)) | kwargs
            mat, metadata, global_step, tag = (given.get(name) for name in ("mat", "metadata", "global_step", "tag"))
            folder = str(getattr(writer, "logdir", None) or getattr(writer, "log_dir", ""))
            spot = self._values.spot(folder, f"Embeddings/{str(tag or 'default').replace('/', ' ')}", global_step)
            self._values.embedding(spot, mat, metadata)
            return result

        return add_embedding

    def _report(self, value: Any, spot: Spot) -> None:
        kind, plugin = value.WhichOneof("value"), value.metadata.plugin_data.plugin_name
        if kind == "simple_value":
            self._values.scalar(value.tag, spot, value.simple_value)
        elif kind == "histo":
            self._values.histogram(spot, value.histo.bucket_limit, value.histo.bucket)
        elif kind == "image":
            self._values.media(spot, [value.image.encoded_image_string])
        elif kind == "audio":
            self._values.media(spot, [value.audio.encoded_audio_string])
        elif kind == "tensor" and plugin == "scalars":
            self._values.scalar(value.tag, spot, value.tensor.float_val[0])
        elif kind == "tensor" and plugin == "text":
            self._values.text(spot, value.tensor.string_val)
        elif kind == "tensor" and plugin == "pr_curves":
            # The rows are true and false positives, true and false negatives, precision and recall.
            count, numbers = value.tensor.tensor_shape.dim[1].size, list(value.tensor.float_val)
            self._values.curve(spot, numbers[4 * count : 5 * count], numbers[5 * count : 6 * count])
