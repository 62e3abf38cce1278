"""Every extra is installed where tests run, but for the one that has an environment of its own."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_lock_files_hold_every_extra_but_ray() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = re.search(r"^EXTRAS = \$\(addprefix --extra ,(.*)\)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert named
    assert set(named[1].split()) == set(extras) - {"ray"}
