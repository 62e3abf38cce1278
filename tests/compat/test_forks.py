"""A command that is forked is what Python would have begun."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compat.forks import Forks, running_forks

TELLS = """
import sys, os, json
sys.stderr.write("said aside")
print(json.dumps([sys.argv, sys.path[0], os.getcwd(), dict(os.environ), sys.stdin.read(), __name__, sys.modules["__main__"].loaded()]))
"""
LOADED = "import decimal, os; decimal.met = os.environ['WORD']"


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with running_forks(Path(sys.executable), LOADED, {"WORD": "first"}) as found:
        yield found


def test_a_script_has_its_words_environment_folder_and_pipes(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "tells.py").write_text(f"def loaded():\n    return __file__\n{TELLS}")
    given, there = {"NAME": "of mine"}, str(tmp_path)
    begun = forks.begin(["tells.py", "a", "b c"], tmp_path, given)
    printed, errors = begun.communicate("words")
    told = [["tells.py", "a", "b c"], there, there, given, "words", "__main__", f"{there}/tells.py"]
    assert (json.loads(printed), errors, begun.returncode) == (told, "said aside", 0)


@pytest.mark.parametrize(
    ("code", "status"), [("pass", 0), ("raise SystemExit(3)", 3), ("1 / 0", 1), ("import os; os.kill(os.getpid(), 9)", -9)]
)
def test_how_a_command_ended_is_told(forks: Forks, tmp_path: Path, code: str, status: int) -> None:
    begun = forks.begin(["-c", code], tmp_path, {})
    _, errors = begun.communicate()
    assert begun.wait() == status
    assert ("ZeroDivisionError" in errors) == (code == "1 / 0")


def test_what_is_done_at_the_end_is_done(forks: Forks, tmp_path: Path) -> None:
    later = "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()"
    code = f"import atexit, threading, time\natexit.register(print, 'last')\n{later}"
    assert forks.begin(["-c", code], tmp_path, {}).communicate()[0] == "thread\nlast\n"


def test_commands_share_what_was_loaded_and_nothing_else(forks: Forks, tmp_path: Path) -> None:
    code = "import decimal, sys\nprint(decimal.met, hasattr(decimal, 'mine'), sys.argv[1:])\ndecimal.mine = 1\nsys.stdin.read()"
    at_once = [forks.begin(["-c", code, str(number)], tmp_path, {}) for number in range(3)]
    assert [begun.communicate("")[0] for begun in at_once] == [f"first False ['{number}']\n" for number in range(3)]
    with forks.loaded(LOADED, tmp_path, {"WORD": "second"}) as more:
        assert more.begin(["-c", code], tmp_path, {}).communicate("")[0] == "second False []\n"
    assert forks.begin(["-c", code], tmp_path, {}).communicate("")[0] == "first False []\n"


def test_a_command_that_hangs_says_where(forks: Forks, tmp_path: Path) -> None:
    begun = forks.begin(["-c", "def hangs():\n    import time\n    open('hangs', 'w').close()\n    time.sleep(600)\nhangs()"], tmp_path, {})
    while not (tmp_path / "hangs").exists():
        time.sleep(0.01)
    assert "in hangs" in begun.communicate(timeout=0.5)[1]
    assert begun.wait() < 0


def test_a_command_holds_no_file_of_what_began_it(forks: Forks, tmp_path: Path) -> None:
    begun = forks.begin(["-c", "import os; print(len(os.listdir('/proc/self/fd')))"], tmp_path, os.environ)
    assert begun.communicate()[0] == "4\n"  # three, and that of the folder itself
