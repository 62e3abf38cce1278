"""A task that writes down what it is asked for, for tests of what captures of frameworks report."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tilth.capture.frameworks.registry import file_patterns, framework_patches
from tilth.capture.patching import Patches
from tilth.capture.recorder import Recorder
from tilth.client.outbox import Outbox
from tilth.sdk.logger import Logger
from tilth.sdk.reporting import Reporter

__all__ = ["RecordedTask", "record_frameworks"]


class _Noted:
    """Any method can be called; the call is noted with its arguments, and then done by what it stands for, if that is there."""

    def __init__(self, note: Callable[[str, tuple[Any, ...], dict[str, Any]], None], prefix: str = "", behind: Any = None) -> None:
        self._note = note
        self._prefix = prefix
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._note(self._prefix + name, args, kwargs)
            return getattr(self._behind, name)(*args, **kwargs) if self._behind is not None else None

        return call


class _Sending:
    """Reports lie in an outbox, from which nobody sends."""

    period_s = 2.0

    def __init__(self, folder: Path) -> None:
        self.reporter = Reporter(Outbox(folder, warn=_refuse), RecordedTask.id, folder="recorded")

    def flush(self, timeout_s: float | None = None) -> bool:
        return False


class RecordedTask:
    """What a framework's capture asks of a task; each call is a line of JSON in `file`. The logger behind it is a real one."""

    id = "0123456789abcdef0123456789abcdef"

    def __init__(self, file: Path) -> None:
        self._file = file
        self._logger = Logger(_Sending(file.parent / "outbox"))

    def get_logger(self) -> Any:
        return _Noted(self._note, behind=self._logger)

    def connect(self, mutable: dict[str, Any], name: str, *, ignore_remote_overrides: bool = False) -> dict[str, Any]:
        self._note("connect", (mutable, name), {})
        return mutable

    def output_model(self, task: Any, name: str, framework: str) -> Any:
        return _Noted(self._note, f"{framework} {name} ")

    def import_model(self, weights_url: str, name: str, framework: str) -> Any:
        return _Noted(self._note, f"{framework} {name} input ")

    def _note(self, call: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        with self._file.open("a") as file:
            file.write(json.dumps([call, args, kwargs], default=_told) + "\n")


def _told(value: Any) -> str:
    if hasattr(value, "getvalue"):
        data: bytes = value.getvalue()
        return data.decode() if data.isascii() else data[:4].hex()
    return type(value).__name__


def _refuse(message: str) -> None:
    raise AssertionError(message)


def record_frameworks(file: str, *, wanted: bool | Mapping[str, object]) -> Patches:
    """Patch all frameworks for a task that writes what it is asked for to `file`."""
    task = RecordedTask(Path(file).absolute())
    recorder = Recorder(lambda: task, output_model=task.output_model, input_model=task, files=file_patterns(wanted))
    patches = Patches()
    patches.install(framework_patches(recorder, wanted))
    return patches
