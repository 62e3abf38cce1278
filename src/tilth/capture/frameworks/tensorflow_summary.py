"""What a script writes with `tf.summary`, at once or in a graph."""

import functools
import sys
from collections.abc import Callable
from typing import Any

from tilth.capture.frameworks.tensorboard_values import TensorBoardValues
from tilth.capture.patching import Patch
from tilth.capture.recorder import Recorder

__all__ = ["patches"]


def patches(recorder: Recorder, values: TensorBoardValues) -> list[Patch]:
    """Scalars, histograms, images, audio, text, PR curves, and hyper-parameters of `hp.hparams`."""
    written = _Written(recorder, values)
    return [
        Patch("tensorflow.python.ops.gen_summary_ops", "create_summary_file_writer", written.around_create),
        Patch("tensorflow.python.ops.gen_summary_ops", "write_summary", written.around_write),
        Patch("tensorboard.plugins.hparams.summary_v2", "hparams", written.around_hparams),
    ]


class _Written:
    def __init__(self, recorder: Recorder, values: TensorBoardValues) -> None:
        self._recorder = recorder
        self._values = values
        self._folders: dict[int, str] = {}

    def around_create(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def create_summary_file_writer(writer: Any, logdir: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(writer, logdir, *args, **kwargs)
            if hasattr(logdir, "numpy"):
                self._folders[id(writer)] = logdir.numpy().decode()
            return result

        return create_summary_file_writer

    def around_write(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def write_summary(writer: Any, step: Any, tensor: Any, tag: Any, summary_metadata: Any, name: Any = None) -> Any:
            result = original(writer, step, tensor, tag, summary_metadata, name=name)
            if self._recorder.logger is None or not isinstance(tag, str) or self._recorder.is_told(tag):
                return result
            tensorflow, plugin = sys.modules["tensorflow"], _plugin(summary_metadata)
            # In a graph, `writer` stands for the one that is open.
            opened = sys.modules["tensorflow.python.ops.summary_ops_v2"]._summary_state.writer
            report = functools.partial(_report, self._values, plugin, self._folders.get(id(opened._resource), ""), tag)
            if tensorflow.executing_eagerly():
                report(_number(step), tensor.numpy())
                return result

            def report_later(at: Any, value: Any) -> None:
                self._recorder.safely("what a graph writes with tf.summary", report, at, value)

            with tensorflow.control_dependencies([result]):
                tensorflow.numpy_function(report_later, [step, tensor], [])
            return result

        return write_summary

    def around_hparams(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def hparams(given: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(given, *args, **kwargs)
            self._recorder.parameters("TensorBoard", {getattr(key, "name", str(key)): value for key, value in given.items()})
            return result

        return hparams


def _plugin(metadata: bytes) -> str:
    """Which kind of value it is."""
    known: Any = sys.modules["tensorflow.core.framework.summary_pb2"]
    return str(known.SummaryMetadata.FromString(metadata).plugin_data.plugin_name)


def _number(step: Any) -> int:
    return int(step.numpy()) if hasattr(step, "numpy") else int(step)


def _report(values: TensorBoardValues, plugin: str, folder: str, tag: str, step: Any, value: Any) -> None:
    spot = values.spot(folder, tag, step)
    if plugin == "scalars":
        values.scalar(tag, spot, float(value))
    elif plugin == "histograms":
        values.histogram(spot, value[:, 1].tolist(), value[:, 2].tolist())
    elif plugin == "images":
        values.media(spot, value.tolist()[2:])  # after width and height
    elif plugin == "audio":
        values.media(spot, [sound for sound, _ in value.tolist()])
    elif plugin == "text":
        values.text(spot, value.reshape(-1).tolist() if hasattr(value, "reshape") else [value])
    elif plugin == "pr_curves":
        values.curve(spot, value[4].tolist(), value[5].tolist())
