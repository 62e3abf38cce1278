"""Runs are recorded whole, with a server and without one, whatever way they end."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from tilth.client.outbox import outboxes_in
from tilth.testing import forking
from tilth.testing.servers import RunningServer, free_port, running_server

RUN = """
import multiprocessing, os, signal, sys, threading, time
from pathlib import Path
from tilth import Task

def work(number):
    task = Task.init("Team/Pets", "train")
    task.get_logger().report_scalar("child", f"of {number}", number, 1)
    print("a child speaks")

if __name__ == "__main__":
    how, waits = sys.argv[1], Path(sys.argv[2])
    task = Task.init("Team/Pets", "train", tags=["first"])
    print("task", task.id, flush=True)
    settings = task.connect({"lr": 0.1, "net": {"depth": 3}, "fast": True})
    task.connect_configuration({"layers": [1, 2]}, name="net")
    logger = task.get_logger()
    for step in range(300):
        logger.report_scalar("loss", "train", 1 / (step + 1), step)
        if step == 150 and how == "pause":
            (waits / "ready").touch()
            while not (waits / "go").exists():
                time.sleep(0.01)
    logger.report_single_value("accuracy", 0.9)
    logger.report_table("rows", "few", table_plot=[["a", "b"], [1, 2]])
    task.upload_artifact("numbers", {"a": [1, 2, 3]})
    if how in ("fork", "spawn"):
        context = multiprocessing.get_context(how)
        children = [context.Process(target=work, args=(number,)) for number in range(3)]
        [child.start() for child in children]
        [child.join() for child in children]
    print("almost there", flush=True)
    if how == "raise":
        raise ValueError("wrong shape")
    if how == "exit":
        sys.exit(3)
    if how == "builtin exit":
        exit(4)
    if how == "raised exit":
        raise SystemExit(5)
    if how == "caught exit":
        try:
            raise SystemExit(1)
        except SystemExit as error:
            assert error.code == 1
        try:
            sys.exit(1)
        except SystemExit:
            pass
    if how == "exit of a thread":
        thread = threading.Thread(target=lambda: sys.exit(1))
        thread.start()
        thread.join()
    if how == "hard":
        os._exit(0)
    if how == "hard failure":
        os._exit(4)
    if how == "interrupt":
        signal.raise_signal(signal.SIGINT)
    if how == "terminate":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    print("the last line")
"""
READ = """
import json, sys
from tilth import Task
task = Task.get_task(sys.argv[1])
scalars = task.get_reported_scalars()
print(json.dumps({
    "status": task.get_status(), "reason": task.data["status_reason"], "message": task.data["status_message"],
    "project": task.get_project_name(), "name": task.name, "tags": task.get_tags(), "parameters": task.get_parameters(cast=True),
    "net": task.get_configuration_object_as_dict("net"), "steps": len(scalars.get("loss", {}).get("train", {}).get("x", [])),
    "children": sorted(scalars.get("child", {})), "single": task.get_reported_single_values(),
    "entry": task.get_script().get("entry_point"),
    "numbers": task.artifacts["numbers"].get() if "numbers" in task.artifacts else None, "plots": len(task.get_reported_plots()),
    "console": "\\n".join(task.get_reported_console_output(1000)), "packages": "tilth" in str(task.get_requirements().get("pip")),
}))
"""
BUSY = """
import signal, sys, time
from pathlib import Path
from tilth import Task
task = Task.init("Team", "busy")
print("task", task.id, flush=True)
if sys.argv[1] == "print":
    signal.signal(signal.SIGUSR1, lambda *_: print("heard"))
logger, end, step = task.get_logger(), Path(sys.argv[2]) / "go", 0
(Path(sys.argv[2]) / "ready").touch()
while not end.exists():
    logger.report_scalar("loss", "train", 1.0, step)
    step += 1
    if sys.argv[1] == "stubborn":
        try:
            time.sleep(0.01)
        except BaseException:
            pass
"""
FULL = """
import resource, signal
from tilth import Task
task = Task.init("Team", "full")
print("task", task.id, flush=True)
task.flush()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
for step in range(5_000):
    task.get_logger().report_scalar("a", "b", step, step)
print("kept:", task.upload_artifact("big", bytes(100_000)))
"""
OVER = """
from tilth import Task
task = Task.init("Team", "over")
print("task", task.id)
task.close()
for step in range(300):
    task.get_logger().report_scalar("loss", "train", 1.0, step)
task.upload_artifact("numbers", {"a": [1]})
"""


class Home:
    """A home to run scripts in, with a server or without one."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "train.py").write_text(RUN)
        # A busy machine may need long to send what was reported; who finds nobody to send it to is to wait shortly.
        own = {"TILTH_HOME": str(folder / "home"), "PYTHONUNBUFFERED": "1", "TILTH_ANNOUNCE": "false", "TILTH_EXIT_WAIT": "60"}
        self.environment = os.environ | own | environment

    def begin(self, how: str, **more: str) -> "subprocess.Popen[str]":
        words = [sys.executable, "train.py", how, str(self.folder)]
        return subprocess.Popen(words, cwd=self.folder, env=self.environment | more, text=True, stdout=PIPE, stderr=PIPE)

    def run(self, how: str, **more: str) -> tuple[str, int, str, str]:
        """The id of the task, how the script ended, and what it said."""
        process = self.begin(how, **more)
        out, error = process.communicate(timeout=300)
        return out.split()[1], process.returncode, out, error

    def read(self, id: str) -> dict[str, Any]:
        answer = forking.run(["-c", READ, id], env=self.environment, timeout=180)
        assert answer.returncode == 0, answer.stderr
        found: dict[str, Any] = json.loads(answer.stdout)
        return found

    def tilth(self, *words: str) -> str:
        answer = forking.run(["-m", "tilth.cli.main", *words], env=self.environment, check=True, timeout=180)
        return answer.stdout

    def waiting(self) -> list[Path]:
        return outboxes_in(self.folder / "home")


def wait_for(file: Path, run: "subprocess.Popen[str]") -> None:
    """Wait until a script has made a file; fails if it ends before."""
    while not file.exists():
        assert run.poll() is None
        time.sleep(0.005)


@pytest.fixture
def alone(tmp_path: Path) -> Home:
    return Home(tmp_path / "alone")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path / "served") as started:
        yield started


def with_server(tmp_path: Path, server: RunningServer) -> Home:
    known = server.credentials
    keys = {"TILTH_API_ACCESS_KEY": known["access_key"], "TILTH_API_SECRET_KEY": known["secret_key"]}
    return Home(tmp_path / "client", TILTH_API_SERVER=known["api_server"], TILTH_API_FILES_SERVER=known["files_server"], **keys)


WHOLE = {
    "project": "Team/Pets",
    "name": "train",
    "tags": ["first"],
    "parameters": {"General/lr": 0.1, "General/net/depth": 3, "General/fast": True},
    "net": {"layers": [1, 2]},
    "steps": 300,
    "single": {"accuracy": 0.9},
    "entry": "train.py",
    "numbers": {"a": [1, 2, 3]},
    "plots": 1,
    "packages": True,
}


def whole(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in WHOLE}


def test_the_same_script_gives_the_same_task_with_and_without_a_server(tmp_path: Path, alone: Home, server: RunningServer) -> None:
    client = with_server(tmp_path, server)
    id = ""
    for home in (alone, client):
        id, code, _, error = home.run("end")
        assert (code, error) == (0, "")
        found = home.read(id)
        assert found["status"] == "completed"
        assert whole(found) == WHOLE
        assert found["console"].endswith("the last line")
        assert home.waiting() == []


@pytest.mark.parametrize(
    ("how", "code", "status", "reason"),
    [
        ("raise", 1, "failed", "ValueError: wrong shape"),
        ("exit", 3, "failed", "the process ended with status 3"),
        ("builtin exit", 4, "failed", "the process ended with status 4"),
        ("raised exit", 5, "failed", "the process ended with status 5"),
        ("caught exit", 0, "completed", "completed"),
        ("exit of a thread", 0, "completed", "completed"),
        ("hard", 0, "completed", "completed"),
        ("hard failure", 4, "failed", "the process ended with status 4"),
        ("interrupt", -signal.SIGINT, "stopped", "stopped by the user"),
        ("terminate", -signal.SIGTERM, "stopped", "terminated by a signal"),
    ],
)
def test_a_run_ends_as_its_process_does_and_keeps_its_last_lines(alone: Home, how: str, code: int, status: str, reason: str) -> None:
    id, ended, _, _ = alone.run(how)
    found = alone.read(id)
    assert ended == code
    assert (found["status"], found["reason"]) == (status, reason)
    assert whole(found) == WHOLE
    assert "almost there" in found["console"]


@pytest.mark.parametrize("how", ["plain", "stubborn"])
def test_a_run_that_is_terminated_while_it_reports_ends_at_once(alone: Home, how: str) -> None:
    (alone.folder / "train.py").write_text(BUSY)
    for _ in range(3 if how == "plain" else 1):
        (alone.folder / "ready").unlink(missing_ok=True)
        run = alone.begin(how)
        wait_for(alone.folder / "ready", run)
        time.sleep(random.uniform(0.05, 0.3))
        run.terminate()
        out, _ = run.communicate(timeout=300)
        assert run.returncode == -signal.SIGTERM
        assert alone.read(out.split()[1])["status"] == "stopped"


def test_a_signal_may_print_in_the_middle_of_a_report(alone: Home) -> None:
    (alone.folder / "train.py").write_text(BUSY)
    run = alone.begin("print")
    wait_for(alone.folder / "ready", run)
    for _ in range(200):
        run.send_signal(signal.SIGUSR1)
        time.sleep(0.005)
    (alone.folder / "go").touch()
    out, _ = run.communicate(timeout=300)
    assert run.returncode == 0
    assert "heard" in alone.read(out.split()[1])["console"]


def test_a_script_may_say_itself_how_its_task_ended(tmp_path: Path, server: RunningServer) -> None:
    client = with_server(tmp_path, server)
    (client.folder / "train.py").write_text(
        "import time\nfrom tilth import Task\ntask = Task.init('Team', 'itself')\nprint('task', task.id)\n"
        "task.mark_failed(status_message='as I say')\ntime.sleep(6)\nprint('the last line')\n"
    )
    id, code, out, error = client.run("plain")
    assert (code, error, out.splitlines()[-1]) == (0, "", "the last line")
    task = server.call("tasks.get_by_id", task=id)["task"]
    assert (task["status"], task["status_message"]) == ("failed", "as I say")


def test_a_run_that_is_killed_is_sent_afterwards(alone: Home) -> None:
    id, code, _, _ = alone.run("kill")
    assert code == -signal.SIGKILL
    if alone.waiting():
        assert alone.tilth("sync") == "1 run sent\n"
    assert alone.tilth("sync") == "nothing waits to be sent\n"
    found = alone.read(id)
    assert found["status"] == "in_progress"
    assert found["steps"] == 300
    assert found["single"] == {"accuracy": 0.9}
    assert found["numbers"] == {"a": [1, 2, 3]}
    assert "almost there" in found["console"]


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_processes_of_a_run_report_into_one_task(alone: Home, how: str) -> None:
    id, code, _, error = alone.run(how)
    assert (code, error) == (0, "")
    found = alone.read(id)
    assert found["children"] == ["of 0", "of 1", "of 2"]
    assert found["status"] == "completed"
    assert whole(found) == WHOLE
    assert found["console"].count("a child speaks") == 3
    assert alone.waiting() == []


def test_processes_that_say_the_same_in_the_same_moment_are_all_heard(alone: Home) -> None:
    (alone.folder / "train.py").write_text(
        "import os, time\nfrom tilth import Task\n"
        "task = Task.init('Team', 'same', auto_connect_streams=False)\nprint('task', task.id, flush=True)\n"
        "fixed = time.time()\ntime.time = lambda: fixed\nreporter = task._recorded().reporter\n"
        "for number in range(3):\n    if os.fork() == 0:\n        reporter.text('the same')\n        os._exit(0)\n    os.wait()\n"
        "for number in range(2):\n    reporter.text('the same')\n    task.flush(wait_for_uploads=True)\n"
    )
    id, code, _, error = alone.run("end")
    assert (code, error) == (0, "")
    assert alone.read(id)["console"] == "\n".join(["the same"] * 5)


@pytest.mark.parametrize(
    "fork",
    ["child = os.fork()\nif child == 0:\n    work()\nos.waitpid(child, 0)", "child = Process(target=work)\nchild.start()\nchild.join()"],
)
@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)", "raise ValueError('of the child')", "return"])
def test_the_last_line_of_a_fork_needs_no_line_feed(alone: Home, fork: str, end: str) -> None:
    if "os.fork" in fork and end == "return":
        end = "raise SystemExit"
    (alone.folder / "train.py").write_text(
        "import os, sys\nfrom multiprocessing import get_context\nfrom tilth import Task\n"
        "Process = get_context('fork').Process\ntask = Task.init('Team', 'last lines')\nprint('task', task.id, flush=True)\n"
        f"def work():\n    print('the last words of the child', end='')\n    {end}\n"
        f"{fork}\nprint('the parent goes on')\n"
    )
    id, code, _, error = alone.run("end")
    found = alone.read(id)
    assert (code, found["status"], alone.waiting()) == (0, "completed", []), error
    assert found["console"].count("the last words of the child") == 1
    assert found["console"].count("the parent goes on") == 1


def test_ranks_of_one_run_make_one_task(alone: Home) -> None:
    launcher = (
        "import os, subprocess, sys\n"
        "from tilth import Task\n"
        "task = Task.init('Team/Pets', 'ranks')\nprint('task', task.id, flush=True)\n"
        "rank = 'from tilth import Task; import sys; "
        'Task.init("Team/Pets", "ranks").get_logger().report_scalar("child", "of " + sys.argv[1], 1.0, 1)\'\n'
        "ranks = [subprocess.Popen([sys.executable, '-c', rank, str(number)]) for number in range(2)]\n"
        "print([one.wait() for one in ranks])\n"
    )
    (alone.folder / "train.py").write_text(launcher)
    id, code, out, error = alone.run("end")
    assert (code, error) == (0, "")
    assert "[0, 0]" in out
    assert alone.read(id)["children"] == ["of 0", "of 1"]


def test_a_run_goes_on_while_the_server_is_killed_and_loses_nothing(tmp_path: Path) -> None:
    port = free_port()
    with running_server(tmp_path / "served", port=port) as server:
        client = with_server(tmp_path, server)
        run = client.begin("pause")
        wait_for(client.folder / "ready", run)
        server.process.kill()
        server.process.wait()
        (client.folder / "go").touch()
        assert run.stdout is not None
        said: list[str] = []
        for line in run.stdout:
            said.append(line)
            if "almost there" in line:
                break
        assert run.stderr is not None
        while "the run goes on" not in (error := run.stderr.readline()):  # a server that is back at once is not missed
            assert error, "it ended without a word about the server"
    with running_server(tmp_path / "served", port=port):
        said += run.stdout.readlines()
        run.communicate(timeout=300)
        assert run.returncode == 0
        if client.waiting():
            client.tilth("sync")
        found = client.read("".join(said).split()[1])
        assert found["status"] == "completed"
        assert whole(found) == WHOLE
        assert found["console"].count("almost there") == 1
        assert said[-1] == "the last line\n"


def test_a_server_that_is_away_from_the_beginning_gets_the_run_later(tmp_path: Path) -> None:
    port = free_port()
    with running_server(tmp_path / "served", port=port) as server:
        client = with_server(tmp_path, server)
    id, code, _, error = client.run("end", TILTH_EXIT_WAIT="2")
    assert code == 0
    assert "The run goes on" in error
    assert "`tilth sync` sends it" in error
    with running_server(tmp_path / "served", port=port):
        assert client.tilth("sync") == "1 run sent\n"
        found = client.read(id)
        assert found["status"] == "completed"
        assert whole(found) == WHOLE


def test_a_wrong_key_is_told_once_and_the_run_goes_on(tmp_path: Path, server: RunningServer) -> None:
    client = with_server(tmp_path, server)
    _, code, _, error = client.run("end", TILTH_API_SECRET_KEY="wrong", TILTH_EXIT_WAIT="2")
    assert code == 0
    assert "with this secret" in error
    assert len(client.waiting()) == 1


def test_a_full_disk_is_told_and_the_run_goes_on(alone: Home) -> None:
    (alone.folder / "train.py").write_text(FULL)
    _, code, out, error = alone.run("plain", TILTH_EXIT_WAIT="2")
    assert (code, out.splitlines()[-1]) == (0, "kept: False")
    assert "no space left" in error
    assert "Traceback" not in error
    assert "sent" in alone.tilth("sync")


def test_a_task_that_is_over_may_still_be_told_something(alone: Home) -> None:
    (alone.folder / "train.py").write_text(OVER)
    id, code, _, error = alone.run("plain")
    assert (code, error, alone.waiting()) == (0, "", [])
    found = alone.read(id)
    assert (found["status"], found["steps"], found["numbers"]) == ("completed", 300, {"a": [1]})


def test_a_run_that_was_recorded_offline_is_imported_once(tmp_path: Path, alone: Home, server: RunningServer) -> None:
    id, code, _, error = alone.run("end", TILTH_OFFLINE_MODE="1")
    assert (code, error) == (0, "")
    assert alone.tilth("sync") == "nothing waits to be sent\n"
    folder = alone.folder / "home" / "outbox" / id
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    client = with_server(tmp_path, server)
    script = "import sys; from tilth import Task; print(Task.import_offline_session(sys.argv[1]))"
    for place in (tmp_path / "run.zip", folder):
        said = forking.run(["-c", script, str(place)], env=client.environment, check=True, timeout=180)
        assert said.stdout.strip() == id
    found = client.read(id)
    assert found["status"] == "completed"
    assert whole(found) == WHOLE
    assert found["console"].count("almost there") == 1


def test_a_run_that_was_recorded_offline_goes_on_in_another_task(tmp_path: Path, alone: Home, server: RunningServer) -> None:
    first, *_ = alone.run("end", TILTH_OFFLINE_MODE="1")
    second, *_ = alone.run("end", TILTH_OFFLINE_MODE="1")
    client = with_server(tmp_path, server)
    outbox = alone.folder / "home" / "outbox"
    script = (
        "import sys\nfrom tilth import Task\nfirst = Task.import_offline_session(sys.argv[1])\n"
        "for _ in range(2):\n    print(Task.import_offline_session(sys.argv[2], previous_task_id=first, iteration_offset=300))\n"
        "task = Task.get_task(first)\nprint(task.get_last_iteration())\n"
        "print(sorted(len(series['x']) for name, series in task.get_reported_scalars()['loss'].items()))\n"
    )
    said = forking.run(["-c", script, str(outbox / first), str(outbox / second)], env=client.environment, check=True, timeout=180)
    assert said.stdout.splitlines() == [first, first, "599", "[600]"]
    found = client.read(first)
    assert found["status"] == "completed"
    assert whole(found) == WHOLE | {"steps": 600, "plots": found["plots"]}
    assert found["console"].count("almost there") == 2
    wrong = script.replace("sys.argv[1])", "sys.argv[1], 'f' * 32)")
    missing = forking.run(["-c", wrong, str(outbox / first), ""], env=client.environment, timeout=180)
    assert "TaskNotFound" in missing.stderr


def test_the_last_run_is_used_again_until_something_came_of_it(alone: Home) -> None:
    (alone.folder / "train.py").write_text(
        "import sys\nfrom tilth import Task\ntask = Task.init('Team', 'again')\nprint('task', task.id)\n"
        "if sys.argv[1] == 'artifact':\n    task.upload_artifact('a', {'b': 1})\n"
    )
    first, second = alone.run("plain")[0], alone.run("artifact")[0]
    third = alone.run("plain")[0]
    assert first == second
    assert third != first


def test_an_asked_stop_ends_the_run(tmp_path: Path, server: RunningServer) -> None:
    client = with_server(tmp_path, server)
    run = client.begin("pause")
    assert run.stdout is not None
    id = run.stdout.readline().split()[1]
    wait_for(client.folder / "ready", run)
    server.call("tasks.stopped", task=id, force=True, status_message="enough")
    run.communicate(timeout=180)
    assert run.returncode != 0
    assert server.call("tasks.get_by_id", task=id)["task"]["status"] == "stopped"


@pytest.mark.parametrize("by", ["iterations", "seconds"])
def test_the_load_is_reported_by_iterations_or_by_seconds(alone: Home, by: str) -> None:
    first = 600.0 if by == "iterations" else 1.0  # how long the first iteration is waited for
    (alone.folder / "train.py").write_text(
        "import json, sys, time\nfrom tilth import Task\n"
        f"Task.set_resource_monitor_iteration_timeout(0.1, {first}, {first})\n"
        "task = Task.init('Team', 'load', auto_resource_monitoring={'report_frequency_sec': 0.2})\nprint('task', task.id)\n"
        f"if {by == 'iterations'}:\n    task.get_logger().report_scalar('loss', 'train', 1.0, 70)\n"
        "cpu = []\n"
        "while len(cpu) < 2:\n"
        "    time.sleep(0.1)\n"
        f"    if {by == 'iterations'}:\n        task.get_logger().report_scalar('loss', 'train', 1.0, task.get_last_iteration() + 1)\n"
        "    cpu = task.get_reported_scalars().get(':monitor:machine', {}).get('cpu_usage', {}).get('x', [])\n"
        "print(json.dumps([cpu, task.get_last_iteration(), task.resource_monitor is not None]))\n"
    )
    _, code, out, error = alone.run("end")
    assert (code, error) == (0, "")
    cpu, last, is_there = json.loads(out.splitlines()[-1])
    assert is_there
    assert min(cpu) >= 70 if by == "iterations" else cpu[0] < 70  # a busy machine may take its first sample late
    assert last > 70 if by == "iterations" else last == 0


@pytest.mark.parametrize("how", ["end", "raise", "terminate"])
def test_the_last_state_of_a_registered_table_is_kept(alone: Home, how: str) -> None:
    (alone.folder / "train.py").write_text(
        "import os, signal, sys, time\nimport pandas\nfrom tilth import Task\n"
        "task = Task.init('Team', 'table')\nprint('task', task.id, flush=True)\n"
        "frame = pandas.DataFrame({'step': [0]})\ntask.register_artifact('steps', frame)\n"
        "for step in range(1, 5):\n    frame.loc[step] = [step]\n"
        "if sys.argv[1] == 'raise':\n    raise ValueError('wrong')\n"
        "if sys.argv[1] == 'terminate':\n    os.kill(os.getpid(), signal.SIGTERM)\n    time.sleep(30)\n"
    )
    id, _, _, _ = alone.run(how)
    read = f"from tilth import Task\nprint(list(Task.get_task({id!r}).artifacts['steps'].get()['step']))"
    said = forking.run(["-c", read], env=alone.environment, check=True, timeout=180)
    assert said.stdout == "[0, 1, 2, 3, 4]\n"


def test_a_script_says_before_it_begins_what_is_recorded_of_its_code(alone: Home) -> None:
    subprocess.run(["git", "init", "--quiet", str(alone.folder)], check=True)
    (alone.folder / "train.py").write_text(
        "from tilth import Task\nTask.force_store_standalone_script()\nTask.add_requirements('no-such-package', '>=2')\n"
        "Task.ignore_requirements('msgspec')\ntask = Task.init('Team', 'code')\nprint('task', task.id)\n"
    )
    id, code, _, error = alone.run("end")
    assert (code, error) == (0, "")
    read = f"import json; from tilth import Task; task = Task.get_task({id!r}); "
    read += "print(json.dumps([task.get_script(), task.get_requirements()]))"
    said = forking.run(["-c", read], env=alone.environment, check=True, timeout=180)
    script, requirements = json.loads(said.stdout)
    assert (script["repository"], script["diff"]) == ("", (alone.folder / "train.py").read_text())
    lines = requirements["pip"].splitlines()
    assert "no-such-package>=2" in lines
    assert not any(line.startswith("msgspec") for line in lines)


CHECKPOINTS = """
import os
from pathlib import Path
from tilth import OutputModel, Task
task = Task.init("Team", "checkpoints")
print("task", task.id)
models = {name: OutputModel(name=name) for name in ("last", "best")}
for step in range(20):
    for name, model in models.items():
        Path("weights").write_bytes(name.encode() + step.to_bytes(1, "big") * 1_000_000)
        model.update_weights("weights", target_filename="same.pt", auto_delete_file=False, iteration=step)
    task.upload_artifact(f"artifact {step}", {"step": step})
    task.get_logger().report_scalar("loss", "train", step, step)
waiting = list(Path(os.environ["TILTH_HOME"], "outbox", task.id, "files").iterdir())
print("bytes", sum(path.stat().st_size for path in waiting))
"""


def test_of_checkpoints_the_newest_one_waits_for_a_server_that_is_away(tmp_path: Path) -> None:
    port = free_port()
    with running_server(tmp_path / "served", port=port) as server:
        client = with_server(tmp_path, server)
    (client.folder / "train.py").write_text(CHECKPOINTS)
    id, code, out, _ = client.run("plain", TILTH_EXIT_WAIT="1")
    assert code == 0
    assert 2_000_000 < int(out.split()[-1]) < 2_100_000
    with running_server(tmp_path / "served", port=port) as server:
        assert client.tilth("sync") == "1 run sent\n"
        read = "import sys; from tilth import Task; task = Task.get_task(sys.argv[1]); models = task.get_models()['output']; "
        read += "print([(m.name, open(m.get_local_copy(), 'rb').read()[:5]) for m in models], len(task.artifacts), "
        read += "len(task.get_reported_scalars()['loss']['train']['x']))"
        found = forking.run(["-c", read, id], env=client.environment, check=True)
        assert found.stdout.strip() == r"[('last', b'last\x13'), ('best', b'best\x13')] 20 20"


UNTRACKED = """
from tilth import Task
task = Task.init("Team", "untracked")
print("task", task.id)
task.close()
other = Task.create(project_name="Team", task_name="made", script="train.py", working_directory=".")
print("task", other.id)
for each in (task, other):
    open(each.name + ".patch", "w", newline="").write(Task.get_task(each.id).get_script()["diff"])
"""


def test_untracked_files_are_recorded_if_that_is_asked_for(tmp_path: Path, server: RunningServer) -> None:
    client = with_server(tmp_path, server)
    (client.folder / "train.py").write_text(UNTRACKED)
    commit = "git init -q . && git add train.py && git -c user.name=A -c user.email=a@example.com commit -qm first"
    subprocess.run(commit, shell=True, cwd=client.folder, check=True)
    texts = {"part.py": "value = 1\n", "n\u00f6tes.txt": "no end"}
    for name, text in texts.items():
        (client.folder / name).write_text(text)
    (client.folder / "weights.bin").write_bytes(bytes(range(256)))
    for said in ("false", "true"):
        (client.folder / "home").mkdir(exist_ok=True)
        (client.folder / "home" / "tilth.toml").write_text(f"record_untracked = {said}\n")
        _, code, _, error = client.run("plain")
        left_out = "untracked files that are not recorded with the uncommitted changes: weights.bin (binary)"
        assert (code, error.count(left_out)) == (0, 2 if said == "true" else 0), error
        for name in ("untracked", "made"):
            patch = client.folder / f"{name}.patch"
            applied = tmp_path / f"{name} {said}"
            subprocess.run(["git", "clone", "-q", client.folder, applied], check=True)
            if said == "true":
                subprocess.run(["git", "apply", patch], cwd=applied, check=True)
                assert {name: (applied / name).read_text() for name in texts} == texts
            else:
                assert patch.read_text() == ""
            assert not (applied / "weights.bin").exists()
            patch.unlink()


def test_an_artifact_that_is_waited_for_says_whether_it_arrived(tmp_path: Path) -> None:
    port = free_port()
    with running_server(tmp_path / "served", port=port) as server:
        client = with_server(tmp_path, server)
        (client.folder / "train.py").write_text(
            "import sys, time\nfrom pathlib import Path\nfrom tilth import Task\nwaits = Path(sys.argv[2])\n"
            "task = Task.init('Team', 'waited')\nprint('task', task.id, flush=True)\n"
            "print(task.upload_artifact('first', {'a': 1}, wait_on_upload=True), flush=True)\n(waits / 'ready').touch()\n"
            "while not (waits / 'go').exists():\n    time.sleep(0.01)\n"
            "print(task.upload_artifact('second', {'a': 1}, wait_on_upload=True), flush=True)\n(waits / 'again').touch()\n"
            "print(task.upload_artifact('third', {'a': 1}, wait_on_upload=True, retries=1_000), flush=True)\n"
        )
        run = client.begin("end")
        wait_for(client.folder / "ready", run)
    (client.folder / "go").touch()
    wait_for(client.folder / "again", run)
    with running_server(tmp_path / "served", port=port):
        out, _ = run.communicate(timeout=300)
    assert out.split()[2:] == ["True", "False", "True"]


def test_a_fork_is_not_held_up_by_what_threads_of_its_parent_do(alone: Home) -> None:
    (alone.folder / "train.py").write_text(
        "import os\nfrom tilth import Task\n"
        "task = Task.init('Team', 'forks')\nprint('task', task.id, flush=True)\n"
        "task.get_logger().report_single_value('of the parent', 1.0)\ntask.flush(wait_for_uploads=True)\n"
        "courier, database = task._recorded()._courier, task._home.api._transport.database\n"
        "with courier._starting, courier._idle, database._lock, database._writer:\n"  # as a thread that sends holds them
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        task.get_logger().report_single_value('of a fork', 2.0)\n"
        "        task.flush(wait_for_uploads=True)\n"
        "        Task.get_task(task.id).add_tags('from a fork')\n"
        "        Task.create('Team', 'made by a fork')\n"
        "        os._exit(0)\n"
        "print(os.waitpid(child, 0)[1])\n"
    )
    id, code, out, error = alone.run("end")
    assert (code, error, out.split()[2:]) == (0, "", ["0"])
    found = alone.read(id)
    assert found["single"] == {"of the parent": 1.0, "of a fork": 2.0}
    assert found["tags"] == ["from a fork"]


def test_a_run_says_once_where_it_is_seen_and_does_not_record_that(alone: Home, server: RunningServer, tmp_path: Path) -> None:
    keys = {"TILTH_API_SERVER": server.credentials["api_server"], "TILTH_API_ACCESS_KEY": server.credentials["access_key"]}
    client = Home(tmp_path / "client", **keys, TILTH_API_SECRET_KEY=server.credentials["secret_key"])
    id = ""
    for home in (alone, client):
        id, code, _, error = home.run("end", TILTH_ANNOUNCE="true")
        where = f": {server.web}/experiments/{id}" if home is client else f" is recorded in {alone.folder / 'home'}"
        assert (code, error) == (0, f"tilth: task {id}{where}\n")
        assert "tilth: task" not in home.read(id)["console"]
        silent, code, _, error = home.run("end", TILTH_TASK_ID=id, TILTH_ANNOUNCE="true")
        assert (silent, code, error) == (id, 0, "")
    read = f"from tilth import Task; print(Task.get_task('{id}').get_output_log_web_page())"
    said = forking.run(["-c", read], env=client.environment, check=True, timeout=180).stdout
    assert said == f"{server.web}/experiments/{id}\n"
    page = server.request("GET", f"/experiments/{id}", token=None)
    assert (page.status, page.headers["content-type"].partition(";")[0]) == (200, "text/html")
