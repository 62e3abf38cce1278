"""A task that writes down what it is asked for, for tests of what captures of frameworks report."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tilth.capture.frameworks.argparse import patches as argparse_patches
from tilth.capture.frameworks.registry import file_patterns, framework_patches
from tilth.capture.patching import Patches
from tilth.capture.recorder import Recorder

__all__ = ["RecordedTask", "record_frameworks"]


class _Noted:
    """Any method can be called; the call is noted with its arguments, and with what a stream or file holds."""

    def __init__(self, note: Callable[[str, tuple[Any, ...], dict[str, Any]], None], prefix: str = "") -> None:
        self._note = note
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: self._note(self._prefix + name, args, kwargs)


class RecordedTask:
    """What a framework's capture asks of a task; each call is a line of JSON in `file`."""

    id = "recorded"

    def __init__(self, file: Path) -> None:
        self._file = file

    def get_logger(self) -> Any:
        return _Noted(self._note)

    def get_last_iteration(self) -> int:
        return 0

    def connect(self, mutable: dict[str, Any], name: str, **_: object) -> None:
        self._note("connect", (mutable, name), {})

    def connect_arguments(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace) -> None:
        self._note("connect_arguments", (), vars(namespace))

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


def record_frameworks(file: str, *, wanted: bool | Mapping[str, object]) -> Patches:
    """Patch all frameworks for a task that writes what it is asked for to `file`."""
    task = RecordedTask(Path(file).absolute())
    recorder = Recorder(lambda: task, output_model=task.output_model, input_model=task, files=file_patterns(wanted))
    patches = Patches()
    patches.install(argparse_patches(recorder) + framework_patches(recorder, wanted))
    return patches
