"""What agents do with queues: tasks that send themselves away, values changed on the way, aborts, and several agents at once.

The agents take the environment that is there already; that they make one for a task is tested where everything runs once.
"""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.compat.conftest import User, configuration
from tests.compat.quick import quickly
from tilth.testing.servers import RunningServer

LOOKS_OFTEN: dict[str, Any] = {"CLEARML_AGENT_QUEUE_POLL_FREQ_SEC": "0.5"}
"""Agents look into their queues, and whether their task was stopped, more often than every 5 s."""
ID = re.compile(r"^id=([0-9a-f]{32})", re.MULTILINE)


@pytest.fixture
def sender(somebody: User) -> User:
    """A user with the script that sends itself away."""
    somebody.script("remote")
    return quickly(somebody)


def skipping(user: User) -> dict[str, Any]:
    """What makes an agent use the environment of the clients."""
    return {"CLEARML_AGENT_SKIP_PIP_VENV_INSTALL": str(user.clients / "python"), "CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL": "1"}


def sent(user: User, queue: str, *more: str) -> str:
    """The id of a task that went to a queue."""
    found = ID.search(user.run("python", "remote.py", "--queue", queue, *more))
    assert found
    return found[1]


@contextmanager
def agent(user: User, worker: str, queue: str) -> Iterator[Path]:
    """An agent that looks into a queue, and the file that holds what it says."""
    said = user.folder / f"{worker.partition(':')[2]}.log"
    with said.open("w") as log:
        process = subprocess.Popen(
            [str(user.clients / "clearml-agent"), "daemon", "--foreground", "--queue", queue],
            cwd=user.folder,
            env=user.environment(CLEARML_WORKER_ID=worker, **LOOKS_OFTEN, **skipping(user)),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield said
    finally:
        process.terminate()
        process.wait(120)


def finished(server: RunningServer, id: str, said: Path, *, status: str = "completed") -> dict[str, Any]:
    """A task that an agent ran to its end."""
    found: dict[str, Any] = {}
    for _ in range(4_000):
        found = server.call("tasks.get_by_id", task=id)["task"]
        if found["status"] not in ("queued", "created", "in_progress"):
            break
        time.sleep(0.1)
    assert found["status"] == status, said.read_text()
    return found


def console(server: RunningServer, id: str) -> str:
    """What a task printed."""
    events = server.call("events.get_task_log", task=id, batch_size=5_000, order="asc")["events"]
    return "\n".join(event["msg"] for event in events)


def test_a_task_that_sent_itself_away_is_executed_with_changed_values(sender: User) -> None:
    server = sender.server
    queue = server.call("queues.create", name="away")["id"]
    id = sent(sender, "away", "--rate", "0.5")
    assert server.call("tasks.get_by_id", task=id)["task"]["status"] == "queued"
    changed = [{"section": "Args", "name": "rate", "value": "0.25"}, {"section": "Settings", "name": "name", "value": "other"}]
    server.call("tasks.edit_hyper_params", task=id, hyperparams=changed)
    server.call("tasks.edit_configuration", task=id, configuration=[{"name": "words", "value": "from the server", "type": "txt"}])
    sender.run("clearml-agent", "execute", "--id", id, **skipping(sender))
    task = server.call("tasks.get_by_id", task=id)["task"]
    assert task["status"] == "completed"
    assert "there: 0.25 3 other from the server" in console(server, id)
    (summary,) = (series for metric in task["last_metrics"].values() for series in metric.values() if series["metric"] == "loss")
    assert (summary["value"], [artifact["key"] for artifact in task["execution"]["artifacts"]]) == (0.25, ["result"])
    assert "development" not in task["system_tags"]
    assert server.call("queues.get_num_entries", queue=queue)["num"] == 0


def test_a_copy_is_executed_and_the_original_stays(sender: User) -> None:
    server = sender.server
    server.call("queues.create", name="copied")
    id = sent(sender, "copied")
    before = server.call("tasks.get_by_id", task=id)["task"]
    sender.run("clearml-agent", "execute", "--clone", "--id", id, **skipping(sender))
    (copy,) = server.call("tasks.get_all", parent=[id])["tasks"]
    assert (copy["status"], "there: 0.1 3 net" in console(server, copy["id"])) == ("completed", True)
    assert server.call("tasks.get_by_id", task=id)["task"]["status"] == before["status"]


def test_what_is_queued_twice_or_taken_back_runs_as_often_as_it_is_queued(sender: User) -> None:
    server = sender.server
    queue = server.call("queues.create", name="once")["id"]
    id = sent(sender, "once")
    server.call("tasks.enqueue", task=id, queue=queue)  # as a client does that didn't hear the answer
    assert server.call("queues.get_num_entries", queue=queue)["num"] == 1
    server.call("tasks.dequeue", task=id)
    assert server.call("queues.get_next_task", queue=queue) == {}
    server.call("tasks.enqueue", task=id, queue_name="once")
    with agent(sender, "tester:once", "once") as said:
        finished(server, id, said)
        assert console(server, id).count("there: ") == 1


@pytest.mark.slow
def test_two_agents_never_run_the_same_task(sender: User) -> None:
    server = sender.server
    server.call("queues.create", name="shared")
    first = sent(sender, "shared")
    ids = [first]
    for _ in range(3):
        ids.append(server.call("tasks.clone", task=first)["id"])
        server.call("tasks.enqueue", task=ids[-1], queue_name="shared")
    with ExitStack() as agents:
        logs = [agents.enter_context(agent(sender, f"tester:{number}", "shared")) for number in range(2)]
        tasks = [finished(server, id, logs[0]) for id in ids]
    assert {task["last_worker"] for task in tasks} <= {"tester:0", "tester:1"}
    assert [console(server, id).count("there: ") for id in ids] == [1, 1, 1, 1]
    ran = [sum(log.read_text().count(f"task id [{id}]") > 0 for log in logs) for id in ids]
    assert ran == [1, 1, 1, 1]
    assert not {"tester:0", "tester:1"} & {worker["id"] for worker in server.call("workers.get_all")["workers"]}


@pytest.mark.slow
def test_a_task_that_is_stopped_ends_where_it_runs(sender: User) -> None:
    server = sender.server
    server.call("queues.create", name="stopped")
    id = sent(sender, "stopped", "--wait", "300")
    with agent(sender, "tester:stop", "stopped") as said:
        deadline = time.monotonic() + 180
        while "second" not in console(server, id):
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.1)
        (worker,) = (found for found in server.call("workers.get_all")["workers"] if found["id"] == "tester:stop")
        assert worker["task"]["id"] == id
        server.call("tasks.stop", task=id)
        finished(server, id, said, status="stopped")
        printed = console(server, id).count("second")
        time.sleep(3)
        assert console(server, id).count("second") == printed


def test_an_agent_is_set_up_by_pasting_and_lists_the_workers(somebody: User, tmp_path: Path) -> None:
    server = somebody.server
    home = tmp_path / "new"
    home.mkdir()
    its_own: dict[str, Any] = {"HOME": str(home), "CLEARML_CONFIG_FILE": str(home / "clearml.conf")}
    # It asks for the file server, whatever was pasted, and takes the address of the web page for the API's.
    typed = [configuration(server), "", server.credentials["files_server"], "", "", "", ""]
    somebody.run("clearml-agent", "init", given="\n".join(typed) + "\n", **its_own)
    written = (home / "clearml.conf").read_text()
    assert f"files_server: {server.credentials['files_server']}" in written
    server.call("workers.register", worker="tester:9", queues=[], timeout=3_600)
    listed = somebody.run("clearml-agent", "list", **its_own)
    server.call("workers.unregister", worker="tester:9")
    assert "tester:9" in listed


def test_a_script_is_queued_from_the_shell(sender: User) -> None:
    sender.server.call("queues.create", name="shell")
    words = ["--project", "compat/agents", "--name", "from the shell", "--script", "remote.py", "--queue", "shell", "--tags", "made"]
    sender.run("clearml-task", *words, "--packages", "clearml==2.1.12", "--args", "rate=0.75", "queue=none")
    (task,) = sender.server.call("tasks.get_all", name="^from the shell$")["tasks"]
    assert (task["status"], task["tags"], task["hyperparams"]["Args"]["rate"]["value"]) == ("queued", ["made"], "0.75")
    with agent(sender, "tester:shell", "shell") as said:
        finished(sender.server, task["id"], said)
    assert "there: 0.75 3 net from here" in console(sender.server, task["id"])
