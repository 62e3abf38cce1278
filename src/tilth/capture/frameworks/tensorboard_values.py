"""How values that were written for TensorBoard, in whatever way, are reported."""

from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from tilth.capture.recorder import Recorder, title_and_series
from tilth.sdk.logger import SWITCHES

__all__ = ["Spot", "TensorBoardValues"]

_KINDS = ((b"\x89PNG", ".png"), (b"GIF8", ".gif"), (b"\xff\xd8", ".jpg"), (b"RIFF", ".wav"))

_MOST_POINTS = 1_000

Spot = tuple[str, str, int]
"""The plot, the curve in it, and the iteration."""


class TensorBoardValues:
    """Reports to the logger of the task; each method does nothing where there is none."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._folders: list[str] = []
        self._steps: Counter[tuple[str, str]] = Counter()

    def spot(self, folder: str, tag: str, step: Any) -> Spot:
        """Where a value belongs. The same tag in a second folder, such as that of the validation, is another curve of the same plot."""
        if folder not in self._folders:
            self._folders.append(folder)
        title, series = (tag, tag) if SWITCHES.single_series else title_and_series(tag)
        if SWITCHES.group_scalars and "/" not in tag:
            title = "Scalars"
        series = series if folder == self._folders[0] else f"{series} ({Path(folder).name})"
        return title, series, self.step(folder, tag, step)

    def step(self, folder: str, tag: str, step: Any) -> int:
        """Where there is no step, the values of a tag are counted."""
        if step is not None:
            return int(step)
        self._steps[folder, tag] += 1
        return self._steps[folder, tag] - 1

    def scalar(self, tag: str, spot: Spot, value: float) -> None:
        """A point, if nobody else reports it."""
        logger, (title, series, step) = self._recorder.logger, spot
        if logger is not None and not self._recorder.is_told(tag):
            logger.report_scalar(title, series, value, step)

    def histogram(self, spot: Spot, edges: Iterable[float], counts: Iterable[float]) -> None:
        """A histogram by the upper edges of its bins."""
        logger, (title, series, step) = self._recorder.logger, spot
        if logger is not None:
            logger.report_histogram(title, series, list(counts), iteration=step, xlabels=[f"{edge:.4g}" for edge in edges])

    def media(self, spot: Spot, files: Sequence[bytes]) -> None:
        """Images, moving images or sounds, as files of their kind."""
        logger, (title, series, step) = self._recorder.logger, spot
        for at, data in enumerate(files if logger is not None else ()):
            extension = next((name for start, name in _KINDS if data.startswith(start)), ".bin")
            name = series if len(files) == 1 else f"{series} {at}"
            logger.report_media(title, name, iteration=step, stream=BytesIO(data), file_extension=extension)

    def text(self, spot: Spot, lines: Iterable[bytes]) -> None:
        """A text."""
        logger, (title, series, step) = self._recorder.logger, spot
        if logger is not None:
            logger.report_media(title, series, iteration=step, stream=BytesIO(b"\n".join(lines)), file_extension=".txt")

    def embedding(self, spot: Spot, vectors: Any, labels: Sequence[Any] | None) -> None:
        """Vectors as points in space: the three directions in which they differ most."""
        logger, (title, series, step) = self._recorder.logger, spot
        if logger is None:
            return
        numpy = import_module("numpy")  # the writer needed it
        found = numpy.asarray(vectors.detach().cpu() if hasattr(vectors, "detach") else vectors, dtype=float)
        found = found.reshape(len(found), -1)
        whole = numpy.flatnonzero(numpy.isfinite(found).all(axis=1))
        chosen = whole[:: -(-len(whole) // _MOST_POINTS) or 1]
        points, axes = _in_space(numpy, found[chosen])
        names = [_label(labels[at]) for at in chosen] if labels is not None and len(labels) == len(found) else None
        few = f"{len(chosen)} of {len(found)} points" if len(chosen) < len(found) else None
        x, y, z = axes
        logger.report_scatter3d(title, series, points, iteration=step, xaxis=x, yaxis=y, zaxis=z, labels=names, comment=few)

    def curve(self, spot: Spot, precision: Sequence[float], recall: Sequence[float]) -> None:
        """A PR curve."""
        logger, (title, series, step) = self._recorder.logger, spot
        if logger is not None:
            points = [[float(x), float(y)] for x, y in zip(recall, precision, strict=True)]
            logger.report_scatter2d(title, series, points, iteration=step, xaxis="recall", yaxis="precision", mode="lines+markers")


def _in_space(numpy: Any, vectors: Any) -> tuple[list[list[float]], tuple[str, str, str]]:
    """Points with three coordinates, and what these are called."""
    if vectors.shape[1] > 3 and len(vectors):
        centred = vectors - vectors.mean(axis=0)
        left, sizes, _ = numpy.linalg.svd(centred, full_matrices=False)
        directions = left * sizes
        # Either direction is as good: the farthest point lies on the positive side, each time.
        far = directions[numpy.abs(directions).argmax(axis=0), range(directions.shape[1])]
        vectors = directions * numpy.where(far < 0, -1.0, 1.0)
        names = ("component 1", "component 2", "component 3")
    else:
        names = ("x", "y", "z")
    flat = vectors[:, :3]
    return numpy.pad(flat, ((0, 0), (0, 3 - flat.shape[1]))).tolist(), names


def _label(label: Any) -> str:
    return ", ".join(map(str, label)) if isinstance(label, (list, tuple)) else str(label)
