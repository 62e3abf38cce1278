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
BEGIN = "from tilth.testing.recorded_task import record_frameworks\npatches = record_frameworks('seen', wanted={wanted!r}, said={said!r})\n"

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

    def run(script: str, *arguments: str, before: str = "", wanted: object = True, said: object = None) -> Calls:
        (tmp_path / "train.py").write_text(before + BEGIN.format(wanted=wanted, said=said or {}) + dedent(script))
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": str(tmp_path),
            "MPLBACKEND": "Agg",
            "KERAS_BACKEND": "tensorflow" if environment == TENSORFLOW else "torch",
            "CUDA_VISIBLE_DEVICES": "",
        }
        ran = subprocess.run([python, "train.py", *arguments], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert "Tilth no longer records" not in ran.stderr, ran.stderr
        seen = tmp_path / "seen"
        return [json.loads(line) for line in seen.read_text().splitlines()] if seen.exists() else []

    return run
