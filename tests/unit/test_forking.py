"""A process that is forked for a test ends, prints and sees what a started one does."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tilth.base.faultpoints import CRASH_STATUS
from tilth.testing import forking

SEES = "import os, sys; print(os.getcwd(), os.environ['TILTH_AUTHOR'], sys.argv[1:], __name__, sys.path[0] == ''); sys.stderr.write('said')"
ENDS = {
    "at its end": "print('x', end='')",
    "with a number": "import sys; print('x', end=''); sys.exit(3)",
    "with a word": "import sys; print('x', end=''); sys.exit('word')",
    "by an exception": "print('x', end=''); raise ValueError('wrong')",
    "at once": "import os; os.write(1, b'x'); os._exit(4)",
    "by a signal": "import os, signal; os.write(1, b'x'); os.kill(os.getpid(), signal.SIGKILL)",
    "with what was registered": "import atexit; atexit.register(print, 'x', end='')",
    "with its threads": "import threading, time; threading.Thread(target=lambda: (time.sleep(0.1), print('x', end=''))).start()",
    "as a reader that has enough": "import sys; sys.stdout.write('x'); sys.stdout.flush(); sys.exit(False)",
}


@pytest.mark.parametrize("how", ENDS)
def test_it_ends_as_a_started_one(how: str) -> None:
    started = subprocess.run([sys.executable, "-c", ENDS[how]], capture_output=True, text=True, check=False)
    forked = forking.run(["-c", ENDS[how]])
    assert forked.stdout == started.stdout == "x"
    assert forked.returncode == started.returncode
    assert forked.stderr.splitlines()[-1:] == started.stderr.splitlines()[-1:]


def test_it_sees_what_it_was_given(tmp_path: Path) -> None:
    done = forking.run(["-c", SEES, "a", "\udcff"], env={**os.environ, "TILTH_AUTHOR": "somebody"}, cwd=tmp_path)
    assert done.stdout == f"{tmp_path} somebody ['a', '\\udcff'] __main__ True\n"
    assert done.stderr == "said"


def test_scripts_and_modules_are_run(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("word = 'of the module beside'")
    (tmp_path / "script.py").write_text("import beside, sys\nprint(beside.word, sys.argv, __file__)")
    assert (
        forking.run([f"{tmp_path}/script.py", "a"]).stdout == f"of the module beside ['{tmp_path}/script.py', 'a'] {tmp_path}/script.py\n"
    )
    assert forking.run(["-m", "tilth.cli.main", "--version"]).stdout.startswith("0.")
    assert forking.run(["-m", "tilth.cli.main", "data", "list", "--id", "nowhere"]).returncode == 3


def test_it_can_be_crashed_and_forgets_that(tmp_path: Path) -> None:
    create = ["-m", "tilth.cli.main", "data", "create", "--name", "n"]
    assert forking.run(create, env={**os.environ, "TILTH_CRASH_AT": "create.after-draft"}).returncode == CRASH_STATUS
    assert forking.run(create).returncode == 0


def test_it_can_be_stopped(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        process = forking.start(["-c", "import time; time.sleep(600)"], stdout=log, stderr=log)
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.terminate()
    assert (process.wait(60), process.poll()) == (-signal.SIGTERM, -signal.SIGTERM)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root ignores permissions")
def test_it_can_be_bounded_by_permissions(tmp_path: Path) -> None:
    (tmp_path / "closed").touch(mode=0)
    reads = ["-c", f"open({str(tmp_path / 'closed')!r})"]
    assert forking.run(reads).returncode == 0
    assert "PermissionError" in forking.run(reads, bounded=True).stderr
    assert forking.run(reads).returncode == 0


def test_another_python_is_not_forked(tmp_path: Path) -> None:
    done = forking.run(["-c", "import sys; print(sys.flags.hash_randomization)"], env={**os.environ, "PYTHONHASHSEED": "0"})
    assert done.stdout == "0\n"
