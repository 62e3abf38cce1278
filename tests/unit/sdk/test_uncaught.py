"""With which status the process ends, of a SystemExit that nobody catches."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tilth.sdk.uncaught import watch_uncaught

SCRIPT = """
import atexit, os, threading
from tilth.sdk.uncaught import watch_uncaught

try:
    raise SystemExit(9)
except SystemExit as error:
    assert error.code == 9  # what Python remembers of the type has to be forgotten

told = []
undo = watch_uncaught(told.append)
atexit.register(lambda: print(told))

class Own(SystemExit):
    pass

def leave():
    raise SystemExit(8)

thread = threading.Thread(target=leave)
thread.start()
thread.join()
exec(os.environ["END"])
"""
ENDS = [
    ("raise SystemExit(3)", 3, [3]),
    ("raise SystemExit", 0, [0]),
    ("raise SystemExit('no data')", 1, [1]),
    ("raise Own(4)", 4, [4]),
    ("pass", 0, []),
    ("undo(); raise SystemExit(3)", 3, []),
]


@pytest.mark.parametrize(("end", "status", "told"), ENDS)
def test_a_status_that_is_raised_is_told_in_every_way_to_run_code(tmp_path: Path, end: str, status: int, told: list[int]) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    for how in (["script.py"], ["-m", "script"]):
        ended = subprocess.run(
            [sys.executable, *how], cwd=tmp_path, env={**os.environ, "END": end}, capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stdout.strip()) == (status, str(told)), ended.stderr


def test_the_attribute_is_what_it_was_for_everybody_else() -> None:
    before = SystemExit.__dict__["code"]
    undo = watch_uncaught(lambda _: pytest.fail("nobody ends the process"))
    try:
        error = SystemExit(2)
        assert error.code == 2
        error.code = "other"
        assert error.code == "other"
        del error.code
        assert (error.code or "nothing") == "nothing"
    finally:
        undo()
    assert SystemExit.__dict__["code"] is before
