"""What a script writes for TensorBoard with PyTorch's `SummaryWriter` or with tensorboardX.

Both write the same events, so it is read where events are written. What TensorFlow itself writes does not go through here.
"""

from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder, title_and_series
from tilth.sdk.logger import SWITCHES

__all__ = ["patches"]

_WRITERS = ("tensorboardX.writer", "torch.utils.tensorboard.writer")
_KINDS = ((b"\x89PNG", ".png"), (b"GIF8", ".gif"), (b"\xff\xd8", ".jpg"), (b"RIFF", ".wav"))


def patches(recorder: Recorder) -> list[Patch]:
    """Scalars, histograms, images, figures, video, audio, text, PR curves and hyper-parameters."""
    events = _Events(recorder)
    return [
        Patch(module, attribute, wrapper)
        for module in _WRITERS
        for attribute, wrapper in (
            ("FileWriter.add_event", events.around_event),
            ("SummaryWriter.add_scalars", events.around_scalars),
            ("SummaryWriter.add_hparams", events.around_hparams),
        )
    ]


class _Events:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._folders: list[str] = []
        self._steps: Counter[tuple[str, str]] = Counter()

    def around_event(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def add_event(writer: Any, event: Any, step: Any = None, walltime: Any = None) -> Any:
            result = original(writer, event, step, walltime)
            logger = self._recorder.logger
            if logger is not None and event.WhichOneof("what") == "summary":
                folder = str(writer.get_logdir())
                for value in event.summary.value:
                    self._report(logger, folder, value, self._step(folder, value.tag, step))
            return result

        return add_event

    def around_scalars(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def add_scalars(writer: Any, main_tag: str, values: Any, global_step: Any = None, *args: Any, **kwargs: Any) -> Any:
            # The writer makes a folder for each of them, though they are one plot.
            with self._recorder.inside():
                result = original(writer, main_tag, values, global_step, *args, **kwargs)
            logger = self._recorder.logger
            if logger is not None:
                at = self._step("", main_tag, global_step)
                for series, value in values.items():
                    logger.report_scalar(main_tag, str(series), float(value), at)
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

    def _step(self, folder: str, tag: str, step: Any) -> int:
        """Where there is no step, the values of a tag are counted."""
        if step is not None:
            return int(step)
        self._steps[folder, tag] += 1
        return self._steps[folder, tag] - 1

    def _names(self, folder: str, tag: str) -> tuple[str, str]:
        """The same tag in a second folder, such as that of the validation, is another curve of the same plot."""
        if folder not in self._folders:
            self._folders.append(folder)
        title, series = (tag, tag) if SWITCHES.single_series else title_and_series(tag)
        if SWITCHES.group_scalars and "/" not in tag:
            title = "Scalars"
        return title, series if folder == self._folders[0] else f"{series} ({Path(folder).name})"

    def _report(self, logger: Any, folder: str, value: Any, step: int) -> None:
        kind, plugin = value.WhichOneof("value"), value.metadata.plugin_data.plugin_name
        title, series = self._names(folder, value.tag.removesuffix("/text_summary"))
        if kind == "simple_value":
            logger.report_scalar(title, series, value.simple_value, step)
        elif kind == "histo":
            edges = [f"{edge:.4g}" for edge in value.histo.bucket_limit]
            logger.report_histogram(title, series, list(value.histo.bucket), iteration=step, xlabels=edges)
        elif kind == "image":
            _report_bytes(logger, title, series, step, value.image.encoded_image_string)
        elif kind == "audio":
            _report_bytes(logger, title, series, step, value.audio.encoded_audio_string)
        elif kind == "tensor" and plugin == "scalars":
            logger.report_scalar(title, series, value.tensor.float_val[0], step)
        elif kind == "tensor" and plugin == "text":
            text = b"\n".join(value.tensor.string_val)
            logger.report_media(title, series, iteration=step, stream=BytesIO(text), file_extension=".txt")
        elif kind == "tensor" and plugin == "pr_curves":
            _report_curve(logger, title, series, step, value.tensor)


def _report_bytes(logger: Any, title: str, series: str, step: int, data: bytes) -> None:
    extension = next((name for start, name in _KINDS if data.startswith(start)), ".bin")
    logger.report_media(title, series, iteration=step, stream=BytesIO(data), file_extension=extension)


def _report_curve(logger: Any, title: str, series: str, step: int, tensor: Any) -> None:
    """The rows are true and false positives, true and false negatives, precision and recall."""
    count = tensor.tensor_shape.dim[1].size
    values = list(tensor.float_val)
    precision, recall = values[4 * count : 5 * count], values[5 * count : 6 * count]
    points = [list(point) for point in zip(recall, precision, strict=True)]
    logger.report_scatter2d(title, series, points, iteration=step, xaxis="recall", yaxis="precision", mode="lines+markers")
