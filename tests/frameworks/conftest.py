"""Scripts that train with a framework, run where the frameworks are: `make frameworks` installs them."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / "build" / "frameworks-venv" / "bin" / "python"
BEGIN = "from tilth.testing.recorded_task import record_frameworks\npatches = record_frameworks('seen', wanted={wanted!r}, said={said!r})\n"

Calls = list[list[Any]]
Run = Callable[..., Calls]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a script, and give what it asked of its task: the name of each call, and its arguments by position and by name."""
    if not PYTHON.exists():
        pytest.skip("no frameworks are installed: `make frameworks` does it")

    def run(script: str, *arguments: str, before: str = "", wanted: object = True, said: object = None) -> Calls:
        (tmp_path / "train.py").write_text(before + BEGIN.format(wanted=wanted, said=said or {}) + dedent(script))
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": str(tmp_path),
            "MPLBACKEND": "Agg",
            "KERAS_BACKEND": "torch",
        }
        ran = subprocess.run(
            [str(PYTHON), "train.py", *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        assert "Tilth no longer records" not in ran.stderr, ran.stderr
        seen = tmp_path / "seen"
        return [json.loads(line) for line in seen.read_text().splitlines()] if seen.exists() else []

    return run
