"""A run that somebody stops ends: its process is told, its script may tidy up, and its task is left in the right state."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tilth.testing import forking
from tilth.testing.servers import RunningServer, running_server

RUN = """
import subprocess, sys, time
from pathlib import Path
from tilth import Task
how, waits = sys.argv[1], Path(sys.argv[2])
task = Task.init("Team", f"aborted {how}")

def tidy():
    (waits / "called").touch()
    task.get_logger().report_single_value("tidied", 1.0)
    if how == "slow":
        time.sleep(600)
    if how == "broken":
        raise ValueError("of the script's own")

if how in ("callback", "slow", "broken", "stubborn"):
    task.register_abort_callback(tidy, callback_execution_timeout=2.0 if how == "slow" else 60.0)
if how == "taken back":
    task.register_abort_callback(tidy)
    task.register_abort_callback(None)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
(waits / "id").write_text(f"{task.id} {child.pid}")
task.flush(wait_for_uploads=True)
(waits / "ready").touch()
while True:
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        (waits / "interrupted").touch()
        if how != "stubborn":
            child.kill()
            raise
"""
ACT = """
import json, sys
from tilth import Task
task = Task.get_task(sys.argv[1])
if sys.argv[2] != "read":
    getattr(task, sys.argv[2])(**json.loads(sys.argv[3]))
task.reload()
print(json.dumps({"status": task.status, "reason": task.data["status_reason"], "runtime": task.data["runtime"],
                  "single": task.get_reported_single_values()}))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("served") / "home") as started:
        yield started


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"TILTH_HOME": str(tmp_path / "home"), "PYTHONUNBUFFERED": "1", "TILTH_EXIT_WAIT": "60"}


def gone(pid: int) -> bool:
    """Whether a process has ended in the end; one that nobody has waited for yet has ended, too."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


class Run:
    def __init__(self, folder: Path, environment: dict[str, str], how: str) -> None:
        self.folder = folder
        self.environment = environment
        (folder / "run.py").write_text(RUN)
        words = [sys.executable, "run.py", how, str(folder)]
        self.process = subprocess.Popen(words, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not (folder / "ready").exists():
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.005)
        id, child = (folder / "id").read_text().split()
        self.id, self.child = id, int(child)

    def act(self, name: str, fields: str = "{}") -> dict[str, Any]:
        answer = forking.run(["-c", ACT, self.id, name, fields], env=self.environment, timeout=180)
        assert answer.returncode == 0, answer.stderr
        found: dict[str, Any] = json.loads(answer.stdout)
        return found

    def ended(self) -> tuple[int, str]:
        _, error = self.process.communicate(timeout=120)
        return self.process.returncode, error


@pytest.mark.parametrize("kept", ["in a home", "by a server"])
def test_a_callback_is_called_before_the_process_ends(
    tmp_path: Path, environment: dict[str, str], server: RunningServer, kept: str
) -> None:
    if kept == "by a server":
        environment |= {"TILTH_API_SERVER": server.credentials["api_server"], "TILTH_API_TOKEN": server.token}
    run = Run(tmp_path, environment, "callback")
    assert run.act("read")["runtime"]["_abort_callback_timeout"] == 60
    run.act("mark_stop_request")
    code, error = run.ended()
    assert code == -signal.SIGINT
    assert "this task" in error
    assert (tmp_path / "called").exists()
    found = run.act("read")
    assert (found["status"], found["single"]) == ("stopped", {"tidied": 1.0})
    assert found["runtime"]["_abort_callback_completed"] == 1


@pytest.mark.parametrize(
    ("how", "told"),
    [("slow", "did not return within 2 seconds"), ("broken", "ValueError: of the script's own"), ("plain", "the process ends")],
)
def test_a_run_ends_whatever_its_callback_does(tmp_path: Path, environment: dict[str, str], how: str, told: str) -> None:
    run = Run(tmp_path, environment, how)
    run.act("mark_stopped", '{"force": true}')
    code, error = run.ended()
    assert code == -signal.SIGINT
    assert told in error
    assert (tmp_path / "called").exists() == (how != "plain")
    assert run.act("read")["status"] == "stopped"


def test_a_run_that_does_not_stop_is_ended_with_all_that_it_started(tmp_path: Path, environment: dict[str, str]) -> None:
    run = Run(tmp_path, environment, "stubborn")
    run.act("mark_stopped", '{"force": true}')
    code, _ = run.ended()
    assert code == 1
    assert (tmp_path / "interrupted").exists()
    assert gone(run.child)
    found = run.act("read")
    assert (found["status"], found["single"]) == ("stopped", {"tidied": 1.0})


def test_a_callback_that_was_taken_back_is_not_called_and_a_state_that_somebody_set_stays(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run = Run(tmp_path, environment, "taken back")
    run.act("mark_failed", '{"force": true, "status_reason": "by hand"}')
    code, error = run.ended()
    assert code == -signal.SIGINT
    assert "this task is failed now" in error
    assert not (tmp_path / "called").exists()
    assert (run.act("read")["status"], run.act("read")["reason"]) == ("failed", "by hand")
