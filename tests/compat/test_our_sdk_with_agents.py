"""Scripts of Tilth's SDK that official agents run: the values of the task count, and a run sends functions and nodes of itself away.

The agents take the environment that the tests run in, because Tilth is installed there.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.compat.conftest import User
from tests.compat.test_agents import LOOKS_OFTEN, console, finished

PATIENT: dict[str, Any] = {"TILTH_EXIT_WAIT": "60"}
"""A busy machine may need long to send what was reported."""
SETTINGS = """
import argparse
from tilth import Task
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=0.5)
parser.add_argument("--queue")
task = Task.init("Team", "away")
words = parser.parse_args()
settings = task.connect({"lr": 0.1})
labels = task.connect_label_enumeration({"cat": 0})
task.execute_remotely(queue_name=words.queue)
task.get_logger().report_scalar("loss", "train", words.rate, 1)
print("there:", words.rate, settings["lr"], labels)
"""
FUNCTIONS = """
import sys
from tilth import Task
task = Task.init("Team", "functions", reuse_last_task_id=False)

def add(a, b, more):
    print("added:", a + b, sorted(more))

def never():
    print("never called")

made = task.create_function_task(add, func_name="sum", a=1, b=2, more={"c": [1], "d": None})
other = task.create_function_task(never)
print("went on:", made.id, other.id)
Task.enqueue(made, queue_name="functions")
"""
NODES = """
import json, os
from tilth import Task
task = Task.init("Team", "nodes", reuse_last_task_id=False)
task.execute_remotely(queue_name="nodes")
conf = task.launch_multi_node(2, port=29511, addr="10.0.0.7", wait=False, devices=[0, 1])
print("node:", json.dumps({name: os.environ[name] for name in ("MASTER_ADDR", "MASTER_PORT", "RANK", "NODE_RANK", "WORLD_SIZE")}))
print("conf:", conf["node_rank"], conf["total_num_nodes"])
"""

WAITS = """
import time
from tilth import Task
task = Task.init("Team", "waits", reuse_last_task_id=False)
task.execute_remotely(queue_name="waits")

def tidy():
    print("tidied up", flush=True)
    task.get_logger().report_single_value("tidied", 1.0)

task.register_abort_callback(tidy)
print("waits", flush=True)
time.sleep(600)
"""


def settings(user: User) -> dict[str, Any]:
    """What makes our SDK work with the server of the tests."""
    known = user.server.credentials
    given = {f"TILTH_API_{name.upper()}": known[name] for name in ("access_key", "secret_key", "files_server")}
    return {"TILTH_HOME": str(user.folder / "home"), "TILTH_API_SERVER": known["api_server"], **PATIENT} | given


def begin(user: User, code: str, *words: str) -> str:
    """What a script of ours prints here."""
    (user.folder / "ours.py").write_text(code)
    environment = os.environ | settings(user)
    command = [sys.executable, "ours.py", *words]
    said = subprocess.run(command, env=environment, cwd=user.folder, capture_output=True, text=True, timeout=600, check=False)
    assert said.returncode == 0, said.stderr
    return said.stdout


@contextmanager
def agent(user: User, worker: str, queue: str) -> Iterator[Path]:
    """An agent that runs scripts where Tilth is installed, and the file that holds what it says."""
    said = user.folder / f"{worker.partition(':')[2]}.log"
    here = {
        "CLEARML_AGENT_SKIP_PIP_VENV_INSTALL": sys.executable,
        "CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL": "1",
        "CLEARML_WORKER_ID": worker,
    }
    with said.open("w") as log:
        process = subprocess.Popen(
            [str(user.clients / "clearml-agent"), "daemon", "--foreground", "--queue", queue],
            cwd=user.folder,
            env=user.environment(**here, **LOOKS_OFTEN, **PATIENT, TILTH_HOME=str(user.folder / f"home of {worker}")),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield said
    finally:
        process.terminate()
        process.wait(120)


def test_a_script_of_ours_runs_with_the_values_of_its_task(somebody: User) -> None:
    server = somebody.server
    server.call("queues.create", name="ours")
    begin(somebody, SETTINGS, "--queue", "ours")
    (task,) = server.call("tasks.get_all", name="^away$")["tasks"]
    changed = [{"section": "Args", "name": "rate", "value": "0.25"}, {"section": "General", "name": "lr", "value": "0.01"}]
    server.call("tasks.edit_hyper_params", task=task["id"], hyperparams=changed)
    server.call("tasks.edit", task=task["id"], force=True, execution={"model_labels": {"dog": 7}})
    with agent(somebody, "ours:values", "ours") as said:
        finished(server, task["id"], said)
    assert console(server, task["id"]).count("there: 0.25 0.01 {'dog': 7}") == 1
    metrics = server.call("tasks.get_by_id", task=task["id"])["task"]["last_metrics"]  # of a long run also the load
    assert [one["value"] for series in metrics.values() for one in series.values() if one["metric"] == "loss"] == [0.25]


def test_a_function_of_a_run_is_run_by_an_agent(somebody: User) -> None:
    server = somebody.server
    server.call("queues.create", name="functions")
    id = begin(somebody, FUNCTIONS).split()[2]
    task = server.call("tasks.get_by_id", task=id)["task"]
    assert (task["name"], "func" in task["system_tags"]) == ("functions <sum>", True)
    server.call("tasks.edit_hyper_params", task=id, hyperparams=[{"section": "Function", "name": "b", "value": "40"}])
    with agent(somebody, "ours:function", "functions") as said:
        finished(server, id, said)
    printed = console(server, id)
    assert "added: 41 ['c', 'd']" in printed
    assert "never called" not in printed
    assert "went on" not in printed


def test_nodes_of_a_run_find_each_other(somebody: User) -> None:
    server = somebody.server
    server.call("queues.create", name="nodes")
    begin(somebody, NODES)
    (first,) = server.call("tasks.get_all", name="^nodes$")["tasks"]
    with agent(somebody, "ours:nodes", "nodes") as said:
        finished(server, first["id"], said)
        (second,) = server.call("tasks.get_all", parent=[first["id"]])["tasks"]
        finished(server, second["id"], said)
    assert "multi_node_instance" in second["system_tags"]
    common = {"MASTER_ADDR": "10.0.0.7", "MASTER_PORT": "29511", "WORLD_SIZE": "4"}
    for id, rank in ((first["id"], 0), (second["id"], 1)):
        printed = console(server, id)
        assert f"conf: {rank} 2" in printed
        for name, value in (common | {"RANK": str(2 * rank), "NODE_RANK": str(rank)}).items():
            assert f'"{name}": "{value}"' in printed


def test_a_task_that_was_made_for_a_script_records_itself(somebody: User) -> None:
    server = somebody.server
    server.call("queues.create", name="made")
    (somebody.folder / "plain.py").write_text("import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--rate')\n"
                                              "print('rate is', parser.parse_args().rate)\n")  # fmt: skip
    made = (
        "from tilth import Task\n"
        "task = Task.create('Team', 'made', script='plain.py', argparse_args=[('rate', '0.75')], packages=['tilth'])\n"
        "Task.enqueue(task, queue_name='made')\nprint(task.id)\n"
    )
    id = begin(somebody, made).split()[-1]
    with agent(somebody, "ours:made", "made") as said:
        task = finished(server, id, said)
    assert "rate is 0.75" in console(server, id)
    assert task["hyperparams"]["Args"]["rate"]["value"] == "0.75"


@pytest.mark.slow
def test_a_run_that_an_agent_is_told_to_stop_tidies_up_first(somebody: User) -> None:
    server = somebody.server
    server.call("queues.create", name="waits")
    begin(somebody, WAITS)
    (task,) = server.call("tasks.get_all", name="^waits$")["tasks"]
    with agent(somebody, "ours:waits", "waits") as said:
        found = task
        for _ in range(4_000):
            found = server.call("tasks.get_by_id", task=task["id"])["task"]
            if found["status"] not in ("queued", "in_progress") or "_abort_callback_timeout" in found["runtime"]:
                break
            time.sleep(0.1)
        assert found["runtime"]["_abort_callback_timeout"] == 30, said.read_text()
        server.call("tasks.stop", task=task["id"])
        found = finished(server, task["id"], said, status="stopped")
    assert found["runtime"]["_abort_callback_completed"] == 1
    assert [one["value"] for series in found["last_metrics"].values() for one in series.values() if one["variant"] == "tidied"] == [1.0]
