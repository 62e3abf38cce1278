"""What every command costs before it does anything: importing, asking for help, and looking at a dataset of one file."""

import sys
from pathlib import Path

from benchmarks.contenders import Tilth
from benchmarks.measure import spend
from benchmarks.report import Results

__all__ = ["START", "bench_start"]

START = "start"


def bench_start(tilth: Tilth, results: Results, *, rounds: int) -> None:
    """Measure the start of Python, of the package and of commands."""
    source = tilth.arena / "source"
    source.mkdir()
    (source / "one.txt").write_text("one file\n")
    tilth.reset()
    tilth.first()
    python = sys.executable
    commands: dict[str, list[str | Path]] = {
        "python": [python, "-c", "pass"],
        "import tilth": [python, "-c", "import tilth"],
        "from tilth import Dataset": [python, "-c", "from tilth import Dataset"],
        "tilth --help": [tilth.command, "--help"],
        "tilth data list": [tilth.command, "data", "list", "--id", tilth.id],
    }
    for _ in range(rounds):
        for name, command in commands.items():
            results.add(START, name, "floor" if name == "python" else tilth.name, spend(command, folder=tilth.arena, env=tilth.env))
        results.add(START, "sync of one unchanged file", tilth.name, tilth.unchanged())
    (source / "one.txt").unlink()
    source.rmdir()
