"""Scripts that train with a framework, run where the frameworks are: `make frameworks` installs all, `make frameworks-light` some."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ALL, LIGHT, TENSORFLOW = "frameworks", "frameworks-light", "frameworks-tensorflow"
BEGIN = "from tilth.testing.recorded_task import record_frameworks\npatches = record_frameworks('seen', wanted={wanted!r})\n"

LOOK = """
import json, sys
from tilth import Task
id, new, texts = json.loads(sys.argv[1])
task = Task.get_task(task_id=id)
if new is not None:
    task = Task.clone(source_task=id)
    task.update_parameters(new)
    for name, text in texts.items():
        task.set_configuration_object(name, text)
configured = {name: task.get_configuration_object(name) for name in task.data["configuration"]}
print(json.dumps([task.id, task.get_parameters(cast=True), configured, task.get_status()]))
"""

Calls = list[list[Any]]
Run = Callable[..., Calls]


def python_with(environment: str) -> str:
    """The Python of an environment that has what is wanted; the test is skipped if it is not installed."""
    choices = (ALL, LIGHT) if environment == LIGHT else (environment,)
    found = [python for name in choices if (python := ROOT / "build" / f"{name}-venv" / "bin" / "python").exists()]
    if not found:
        pytest.skip(f"no {' or '.join(choices)} are installed: `make {choices[-1] if environment == LIGHT else 'frameworks'}` does it")
    return str(found[0])


@pytest.fixture
def environment(request: pytest.FixtureRequest) -> str:
    """Which environment the test's marker says that its script needs."""
    marker = request.node.get_closest_marker("environment")
    return str(marker.args[0]) if marker else LIGHT


@pytest.fixture
def run(tmp_path: Path, environment: str) -> Run:
    """Run a script, and give what it asked of its task: the name of each call, and its arguments by position and by name."""
    python = python_with(environment)

    def run(script: str, *arguments: str, before: str = "", wanted: object = True) -> Calls:
        (tmp_path / "train.py").write_text(before + BEGIN.format(wanted=wanted) + dedent(script))
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": str(tmp_path),
            "MPLBACKEND": "Agg",
            "MPLCONFIGDIR": os.environ["MPLCONFIGDIR"],
            "KERAS_BACKEND": "tensorflow" if environment == TENSORFLOW else "torch",
            "CUDA_VISIBLE_DEVICES": "",
        }
        ran = subprocess.run([python, "train.py", *arguments], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert "Tilth no longer records" not in ran.stderr, ran.stderr
        seen = tmp_path / "seen"
        return [json.loads(line) for line in seen.read_text().splitlines()] if seen.exists() else []

    return run


class Runs:
    """Scripts that begin tasks themselves, in a home of their own; and tasks as an agent runs them, without a command line."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self._program = python
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": str(folder),
            "MPLCONFIGDIR": os.environ["MPLCONFIGDIR"],
            "TILTH_HOME": str(folder / "home"),
            "TILTH_EXIT_WAIT": "60",  # a busy machine may need long to write down what was reported
        }

    def run(self, script: str, *words: str, task: str | None = None, fails: bool = False) -> "Ran":
        """Run a script. With `task`, as an agent does it."""
        (self.folder / "train.py").write_text(dedent(script))
        more = {"TILTH_TASK_ID": task} if task else {}
        ran = self._python(["train.py", *words], more)
        assert (ran.returncode != 0) == fails, ran.stderr
        assert "no longer records" not in ran.stderr, ran.stderr
        return Ran(self, script, ran.stdout, ran.stderr)

    def look(self, id: str, new: Any = None, texts: Any = None) -> tuple[str, dict[str, Any], dict[str, str], str]:
        """A task: its id, parameters, configurations and state. With `new`, of a copy that has these parameters and texts."""
        ran = self._python(["-c", LOOK, json.dumps([id, new, texts or {}])], {})
        assert ran.returncode == 0, ran.stderr
        found: tuple[str, dict[str, Any], dict[str, str], str] = tuple(json.loads(ran.stdout))
        return found

    def _python(self, words: list[str], more: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._program, *words], cwd=self.folder, env=self._environment | more, capture_output=True, text=True, check=False
        )


class Ran:
    """A script that ran: it prints `task <id>`."""

    def __init__(self, runs: Runs, script: str, printed: str, warned: str) -> None:
        self._runs = runs
        self._script = script
        lines = printed.splitlines()
        self.ids = [line.split()[1] for line in lines if line.startswith("task ")]
        self.printed = [line for line in lines if not line.startswith("task ")]
        self.warned = warned

    @property
    def parameters(self) -> dict[str, Any]:
        return self._runs.look(self.ids[-1])[1]

    @property
    def configurations(self) -> dict[str, str]:
        return self._runs.look(self.ids[-1])[2]

    def again(self, new: dict[str, Any], texts: dict[str, str] | None = None, *words: str, fails: bool = False) -> "Ran":
        """What an agent makes of a copy of the task, in which somebody changed something."""
        copy = self._runs.look(self.ids[-1], new, texts)[0]
        ran = self._runs.run(self._script, *words, task=copy, fails=fails)
        assert fails or ran.ids == [copy]
        return ran


@pytest.fixture
def runs(tmp_path: Path, environment: str) -> Runs:
    return Runs(tmp_path, python_with(environment))
