"""What is recorded by itself while a task runs: begun by `Task.init`, ended with the task."""

import _thread
import threading
from collections.abc import Callable, Mapping
from typing import Any

from tilth.base.errors import TilthError
from tilth.capture.frameworks.registry import argument_patches, file_patterns, framework_patches
from tilth.capture.guarding import Guard
from tilth.capture.packages import Packages
from tilth.capture.patching import Patches
from tilth.capture.recorder import Recorder
from tilth.capture.resources import ResourceMonitor
from tilth.capture.source import describe_source
from tilth.capture.streams import Console
from tilth.sdk._current import running
from tilth.sdk.beginning import Beginning, is_offline, is_remote
from tilth.sdk.models import InputModel
from tilth.sdk.output_models import OutputModel

__all__ = ["start"]

_PACKAGES_AFTER_S = 15.0
_POLL_S = 5.0
_PING_EVERY = 6


def start(task: Any, asked: Beginning) -> Callable[[], None]:
    """Begin to record for `task` what was asked for; returns what ends it."""
    ends: list[Callable[[], None]] = []
    if not asked.joins:
        code = _Code(task)
        code.begin()
        ends.append(code.end)
    if asked.streams is not False:
        ends.append(_console(task, asked.streams if isinstance(asked.streams, Mapping) else {}))
    ends.append(_frameworks(task, asked))
    if asked.resources is not False and not asked.joins:
        ends.append(_resources(task))
    if not asked.joins and not is_offline():
        life = _Life(task)
        life.begin()
        ends.append(life.end)

    def end() -> None:
        for part in reversed(ends):
            Guard("the end of a run").run(part)

    return end


def _console(task: Any, wanted: Mapping[str, bool]) -> Callable[[], None]:
    reporter = task._recorded().reporter
    console = Console(
        reporter.text,
        stdout=wanted.get("stdout", True),
        stderr=wanted.get("stderr", True),
        records=wanted.get("logging", True),
    )
    console.start()
    return console.stop


def _frameworks(task: Any, asked: Beginning) -> Callable[[], None]:
    reporter = task._recorded().reporter
    recorder = Recorder(
        running,
        output_model=OutputModel,
        input_model=InputModel,
        files=file_patterns(asked.frameworks),
        iteration=lambda: reporter.last_iteration - reporter.offset,
    )
    patches = Patches()
    patches.install(framework_patches(recorder, asked.frameworks))
    if not asked.joins:  # what the script was called with, not its helpers
        patches.install(argument_patches(recorder, wanted=asked.arguments))
    return patches.undo_all


def _resources(task: Any) -> Callable[[], None]:
    reporter = task._recorded().reporter

    def iteration() -> int | None:
        return reporter.last_iteration - reporter.offset if reporter.last_iteration else None

    monitor = ResourceMonitor(lambda metric, variant, value, at: reporter.scalar(metric, variant, float(value), at), iteration=iteration)
    monitor.start()
    return monitor.stop


class _Code:
    """Which code runs, in a thread, because git may take its time; and which packages, when they are imported."""

    def __init__(self, task: Any) -> None:
        self._task = task
        self._ended = threading.Event()
        self._packages = Packages()
        self._said: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, name="tilth-code", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join(timeout=20)
        Guard("packages").run(self._say_packages)

    def _run(self) -> None:
        if not is_remote():  # an agent runs what the task says
            Guard("the code").run(self._say_code)
        if not self._ended.wait(_PACKAGES_AFTER_S):
            Guard("packages").run(self._say_packages)

    def _say_code(self) -> None:
        self._task._edit_part("script", describe_source())

    def _say_packages(self) -> None:
        found = self._packages.requirements()
        if found != self._said and not is_remote():
            self._said = found
            self._task._change("tasks.set_requirements", task=self._task.id, requirements=found)


class _Life:
    """Says that the run is alive, and ends it when somebody asks for that."""

    def __init__(self, task: Any) -> None:
        self._task = task
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tilth-life", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()

    def _run(self) -> None:
        api = self._task._home.reporting[0]
        rounds = 0
        while not self._ended.wait(_POLL_S):
            rounds += 1
            try:
                if rounds % _PING_EVERY == 0:
                    api.call("tasks.ping", task=self._task.id)
                found = api.call("tasks.get_all", id=[self._task.id], only_fields=["status", "status_message"])["tasks"]
            except (TilthError, OSError):
                continue  # the server is away; the run goes on
            if found and _is_asked_to_stop(found[0]):
                _thread.interrupt_main()
                return


def _is_asked_to_stop(task: Mapping[str, Any]) -> bool:
    message = task.get("status_message") or ""
    if task["status"] == "in_progress":
        return "stopping" in message
    return task["status"] in ("stopped", "failed", "closed", "published") and "worker" not in message
