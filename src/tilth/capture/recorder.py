"""What captures of frameworks report to: the task that this process records, as a script would use it."""

import threading
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from tilth.capture.guarding import Guard

__all__ = ["Recorder", "title_and_series"]


class _Depth(threading.local):
    value = 0


class _Told(threading.local):
    def __init__(self) -> None:
        self.tags: list[Container[str] | None] = []


class Recorder:
    """The running task, and the classes for its models, without which models are not recorded.

    Nothing is recorded while there is no task, nor inside of what is recorded already. `files` says for a framework which files are
    recorded as models; for others all are. `iteration` is where the run is.
    """

    def __init__(
        self,
        running: Callable[[], Any],
        *,
        output_model: Callable[..., Any] | None = None,
        input_model: Any = None,
        files: Mapping[str, Sequence[str]] | None = None,
        iteration: Callable[[], int] = lambda: 0,
    ) -> None:
        self.iteration = iteration
        self._running = running
        self._output_model = output_model
        self._input_model = input_model
        self._files = files or {}
        self._models: dict[tuple[str, Path], Any] = {}
        self._loaded: set[tuple[str, Path]] = set()
        self._depth = _Depth()
        self._told = _Told()
        self._guards: dict[str, Guard] = {}

    @property
    def task(self) -> Any:
        """The task to report to; None if there is none, or if this is part of what is being reported."""
        return None if self._depth.value else self._running()

    @property
    def logger(self) -> Any:
        """The logger of the task, or None."""
        task = self.task
        return task.get_logger() if task is not None else None

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What other captures see in here is part of this, and not recorded again."""
        self._depth.value += 1
        try:
            yield
        finally:
            self._depth.value -= 1

    @contextmanager
    def scalars_told(self, tags: Container[str] | None = None) -> Iterator[None]:
        """Scalars with these tags, or all, are reported by whoever calls this, and not once more where they are written for TensorBoard."""
        self._told.tags.append(tags)
        try:
            yield
        finally:
            self._told.tags.pop()

    def is_told(self, tag: str) -> bool:
        """Whether somebody has said that the scalar of this tag is reported already."""
        return any(tags is None or tag in tags for tags in self._told.tags)

    def safely(self, what: str, work: Callable[..., None], *args: Any) -> None:
        """For code of ours that a framework calls itself: an error in it is never the framework's."""
        self._guards.setdefault(what, Guard(what)).run(work, *args)

    def parameters(self, section: str, values: Mapping[str, Any]) -> None:
        """Record parameters of a training. Repeating the section adds to it."""
        task = self.task
        if task is not None and values:
            with self.inside():
                task.connect({str(name): value for name, value in values.items()}, name=section, ignore_remote_overrides=True)

    def model_saved(self, framework: str, place: object, *, iteration: int | None = None) -> None:
        """A model was written to `place`, a path or an open file; anything else is no file and not recorded."""
        file, task = self._file(framework, place), self.task
        if task is None or file is None or self._output_model is None:
            return
        with self.inside():
            model = self._model(task, file, file.stem, framework)
            model.update_weights(weights_filename=str(file), iteration=iteration, auto_delete_file=False)

    def model_folder_saved(self, framework: str, place: object, *, nested: bool = True) -> None:
        """A model was written as the files of a folder, with those of folders in it unless `nested` is off."""
        folder, task = self._file(framework, place, is_folder=True), self.task
        if task is None or folder is None or self._output_model is None:
            return
        files = sorted(str(file) for file in (folder.rglob("*") if nested else folder.iterdir()) if file.is_file())
        if not files:
            return
        with self.inside():
            model = self._model(task, folder, folder.name, framework)
            if nested:
                model.update_weights_package(weights_path=str(folder), auto_delete_file=False)
            else:
                model.update_weights_package(weights_filenames=files, target_filename=f"{folder.name}.zip", auto_delete_file=False)

    def model_loaded(self, framework: str, place: object, *, is_folder: bool = False) -> None:
        """A model was read from `place`. One that this task wrote itself is no input of it."""
        file, task = self._file(framework, place, is_folder=is_folder), self.task
        if task is None or file is None or self._input_model is None:
            return
        if (task.id, file) in self._models or (task.id, file) in self._loaded:
            return
        with self.inside():
            self._loaded.add((task.id, file))
            model = self._input_model.import_model(
                weights_url=file.as_uri(), name=file.name if is_folder else file.stem, framework=framework
            )
            model.connect(task)

    def _model(self, task: Any, place: Path, name: str, framework: str) -> Any:
        """The model at a place: the same one whenever something is written there."""
        key = task.id, place
        if key not in self._models:
            self._models[key] = self._output_model(task=task, name=name, framework=framework)  # type: ignore[misc]
        return self._models[key]

    def _file(self, framework: str, place: object, *, is_folder: bool = False) -> Path | None:
        named = place if isinstance(place, (str, PathLike)) else getattr(place, "name", None)
        if not isinstance(named, (str, PathLike)) or not isinstance(fspath(named), str):
            return None
        file = Path(fspath(named)).absolute()
        patterns = self._files.get(framework)
        if not (file.is_dir() if is_folder else file.is_file()) or (
            patterns is not None and not any(fnmatch(file.name, pattern) for pattern in patterns)
        ):
            return None
        return file


def title_and_series(tag: str) -> tuple[str, str]:
    """`loss/train` is the curve `train` in the plot `loss`; a tag without a slash is both."""
    title, slash, series = tag.strip("/").rpartition("/")
    return (title, series) if slash else (tag, tag)
