"""A configuration that was a file is one again where an agent runs the script, for as long as the run needs it."""

import os
from pathlib import Path

from tilth.testing import forking

FIRST = """
from tilth import Task
task = Task.init("Pets", "train")
assert task.connect_configuration("settings.txt", name="words") == "settings.txt"
print(task.id)
"""
AGAIN = """
import atexit, multiprocessing, sys
from pathlib import Path
from tilth import Task

def read_late(path, ends):
    ends.recv()
    print("read", Path(path).read_text(), flush=True)

Task.debug_simulate_remote_task(sys.argv[1])
task = Task.init("Pets", "train")
path = task.connect_configuration(Path("settings.txt"), name="words")
print("path", path, flush=True)
ends, tells = multiprocessing.Pipe(duplex=False)
multiprocessing.get_context("fork").Process(target=read_late, args=(path, ends)).start()
atexit.register(tells.send, "the script is at its end")
"""


def test_a_configuration_is_a_file_until_the_run_and_its_processes_end(tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    (tmp_path / "settings.txt").write_text("as it was")
    id = forking.run(["-c", FIRST], cwd=tmp_path, env=environment, timeout=600, check=True).stdout.split()[-1]
    (tmp_path / "settings.txt").write_text("as it is now")
    ran = forking.run(["-c", AGAIN, id], cwd=tmp_path, env=environment, timeout=600, check=True)
    said = dict(line.split(" ", 1) for line in ran.stdout.splitlines() if line.startswith(("path ", "read ")))
    assert said["read"] == "as it was", ran.stderr
    assert Path(said["path"]).name == "settings.txt"
    assert not Path(said["path"]).parent.exists()
