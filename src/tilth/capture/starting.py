"""What is recorded by itself while a task runs: begun by `Task.init`, ended with the task."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from tilth.capture.arguments import Arguments
from tilth.capture.frameworks.registry import file_patterns, framework_patches, unknown_names
from tilth.capture.guarding import Guard
from tilth.capture.life import Life
from tilth.capture.notebook import after_each_cell, before_each_cell, cells_run
from tilth.capture.packages import Packages, required
from tilth.capture.patching import Patches
from tilth.capture.recorder import Recorder
from tilth.capture.resources import ResourceMonitor
from tilth.capture.source import describe_source
from tilth.capture.spawning import spawning_patches
from tilth.capture.streams import Console
from tilth.sdk._current import Watched, running
from tilth.sdk.beginning import Beginning, is_console_taken, is_offline, is_remote
from tilth.sdk.models import InputModel
from tilth.sdk.output_models import OutputModel
from tilth.sdk.recording import warn
from tilth.sdk.wishes import Load, load_of, wishes

__all__ = ["start"]

_PACKAGES_AFTER_S = 15.0
_CELLS_PATIENCE_S = 5.0


def start(task: Any, asked: Beginning, arguments: Arguments) -> Callable[[], None]:
    """Begin to record for `task` what was asked for, and what it was called with; returns what ends it."""
    ends: list[Callable[[], None]] = []
    watched = Watched()
    task._watched = watched
    if not asked.joins:
        for said in unknown_names(asked.frameworks, asked.streams):
            warn(said)
        watched.code = _Code(task)
        watched.code.begin()
        ends.append(watched.code.end)
    if asked.streams is not False and not is_console_taken():
        ends.append(_console(task, watched, asked.streams if isinstance(asked.streams, Mapping) else {}))
    ends.append(_frameworks(task, asked))
    if not asked.joins or asked.is_rank:  # what the script was called with, not its helpers
        arguments.begin(task, frameworks=asked.frameworks)
    if asked.resources is not False and not asked.joins:
        wanted = asked.resources if isinstance(asked.resources, Mapping) else {}
        watched.resources = _resources(task, load_of(wanted, wishes.load))
        ends.append(watched.resources.stop)
    if not asked.joins and not is_offline():
        watched.life = Life(task)
        watched.life.begin()
        ends.append(watched.life.end)

    def end() -> None:
        for part in reversed(ends):
            Guard("the end of a run").run(part)

    return end


def _console(task: Any, watched: Watched, wanted: Mapping[str, bool]) -> Callable[[], None]:
    reporter = task._recorded().reporter
    console = Console(
        reporter.text,
        stdout=wanted.get("stdout", True),
        stderr=wanted.get("stderr", True),
        records=wanted.get("logging", True),
    )
    console.start()
    watched.console = console
    leave_cells = before_each_cell(console.hold)

    def stop() -> None:
        leave_cells()
        console.stop()

    return stop


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
    patches.install(spawning_patches(auto_connect_frameworks=asked.frameworks, auto_connect_streams=asked.streams))
    return patches.undo_all


def _resources(task: Any, load: Load) -> ResourceMonitor:
    reporter = task._recorded().reporter

    def iteration() -> int | None:
        return reporter.last_iteration if reporter.has_iterations else None

    monitor = ResourceMonitor(
        lambda metric, variant, value, place: reporter.load(metric, variant, float(value), place), iteration=iteration, load=load
    )
    monitor.start()
    return monitor


class _Code:
    """Which code runs, in a thread, because git may take its time; and which packages, when they are imported."""

    def __init__(self, task: Any) -> None:
        self._task = task
        self._ended = threading.Event()
        self._told = threading.Event()
        self._packages = Packages()
        self._said: dict[str, str] = {}
        self._cells = ""
        self._leave_cells: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="tilth-code", daemon=True)

    def begin(self) -> None:
        self._thread.start()
        self._leave_cells = after_each_cell(lambda: Guard("the cells").run(self._say_cells))

    def tell(self, timeout_s: float) -> None:
        """Wait until it is written down which code runs, and write down what is imported by now."""
        self._told.wait(timeout_s)
        Guard("packages").run(self._say_packages)

    def end(self) -> None:
        self._ended.set()
        self._thread.join(timeout=20)
        self._leave_cells()
        Guard("the cells").run(self._say_cells)
        Guard("packages").run(self._say_packages)

    def _run(self) -> None:
        if not is_remote():  # an agent runs what the task says
            Guard("the code").run(self._say_code)
        self._told.set()
        if not self._ended.wait(_PACKAGES_AFTER_S):
            Guard("packages").run(self._say_packages)

    def _say_code(self) -> None:
        home = self._task._home
        script = describe_source(untracked=home.record_untracked, home=home.folder, standalone=wishes.standalone)
        self._task._edit_part("script", script)

    def _say_cells(self) -> None:
        """A notebook has more code with each cell."""
        cells = cells_run()
        if cells == self._cells or is_remote():
            return
        self._told.wait(_CELLS_PATIENCE_S)
        self._cells = cells
        self._task._edit_part("script", {"diff": cells})

    def _say_packages(self) -> None:
        found = required(self._packages, wishes)
        if found != self._said and not is_remote():
            self._said = found
            self._task._change("tasks.set_requirements", task=self._task.id, requirements=found)
