"""A script that parses its arguments before it begins its task is run by an agent with what was changed on the server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tilth.client.api import Api
from tilth.client.http import HttpSession, HttpTransport
from tilth.testing.servers import RunningServer, free_port, running_server

SCRIPT = """
import argparse
from tilth import Task

parser = argparse.ArgumentParser()
parser.add_argument("data")
parser.add_argument("--lr", type=float, default=0.1)
arguments = parser.parse_args()
print(arguments.data, arguments.lr, flush=True)
task = Task.init("Pets", "train")
print("task", task.id)
"""
HELPER = """
import argparse, subprocess, sys
from tilth import Task

task = Task.init("Pets", "train")
print("task", task.id, flush=True)
subprocess.run([sys.executable, "train.py", "rows", "--lr", "9"], check=True)
"""

RANKS = """
import argparse, os, subprocess, sys
from tilth import Task

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
lr = parser.parse_args().lr
task = Task.init("Pets", "train")
settings = task.connect({"depth": 3})
rank = os.environ.get("RANK", "0")
print("rank", rank, lr, settings["depth"], Task.running_locally(), flush=True)
if rank == "0":
    subprocess.run([sys.executable, *sys.argv], env=os.environ | {"RANK": "1"}, check=True)
    print("task", task.id)
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator["Agent"]:
    with running_server(tmp_path / "served") as server:
        yield Agent(tmp_path, server)


class Agent:
    """Runs scripts on this machine, for themselves and as an agent does."""

    def __init__(self, folder: Path, server: RunningServer) -> None:
        keys = server.credentials
        self.api = Api(HttpTransport(HttpSession(keys["api_server"], access_key=keys["access_key"], secret_key=keys["secret_key"])))
        self._folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TILTH_", "CLEARML_"))},
            "TILTH_HOME": str(folder / "client"),
            "TILTH_EXIT_WAIT": "60",  # a busy machine may need long to send what was reported
            "TILTH_API_SERVER": keys["api_server"],
            "TILTH_API_FILES_SERVER": keys["files_server"],
            "TILTH_API_ACCESS_KEY": keys["access_key"],
            "TILTH_API_SECRET_KEY": keys["secret_key"],
        }
        (folder / "train.py").write_text(SCRIPT)
        (folder / "helped.py").write_text(HELPER)
        (folder / "ranks.py").write_text(RANKS)

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=self._folder, env=self.environment | more, capture_output=True, text=True, check=False)

    def parameters(self, id: str) -> dict[str, str]:
        found = self.api.call("tasks.get_by_id", task=id)["task"]["hyperparams"].get("Args") or {}
        return {name: item["value"] for name, item in found.items()}


def test_what_was_changed_on_the_server_is_there_before_the_task_begins(served: "Agent") -> None:
    ran = served.run("train.py", "rows", "--lr", "0.5")
    assert ran.returncode == 0, ran.stderr
    printed, begun = ran.stdout.split("task ")
    assert printed == "rows 0.5\n"
    id = begun.strip()
    assert served.parameters(id) == {"data": "rows", "lr": "0.5"}
    copy = served.api.call("tasks.clone", task=id)["id"]
    changed = [{"section": "Args", "name": "lr", "value": "0.25", "type": "float"}]
    served.api.call("tasks.edit_hyper_params", task=copy, hyperparams=changed)
    again = served.run("train.py", CLEARML_TASK_ID=copy)
    assert again.returncode == 0, again.stderr
    assert again.stdout == f"rows 0.25\ntask {copy}\n"
    assert served.parameters(copy) == {"data": "rows", "lr": "0.25"}


def test_what_a_run_starts_keeps_its_own_arguments(served: "Agent") -> None:
    first = served.run("train.py", "rows")
    id = first.stdout.split("task ")[1].strip()
    copy = served.api.call("tasks.clone", task=id)["id"]
    ran = served.run("helped.py", CLEARML_TASK_ID=copy)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"task {copy}\nrows 9.0\ntask {copy}\n"
    assert served.parameters(copy) == {"data": "rows", "lr": "0.1"}


def test_ranks_of_a_run_have_what_their_script_has(served: "Agent") -> None:
    first = served.run("ranks.py", "--lr", "0.5")
    assert first.stdout.startswith("rank 0 0.5 3 True\nrank 1 0.5 3 True\n"), first.stderr
    copy = served.api.call("tasks.clone", task=first.stdout.split("task ")[1].strip())["id"]
    changed = [{"section": "Args", "name": "lr", "value": "0.25"}, {"section": "General", "name": "depth", "value": "7", "type": "int"}]
    served.api.call("tasks.edit_hyper_params", task=copy, hyperparams=changed)
    ran = served.run("ranks.py", CLEARML_TASK_ID=copy)
    assert ran.stdout == f"rank 0 0.25 7 False\nrank 1 0.25 7 False\ntask {copy}\n", ran.stderr
    assert served.parameters(copy) == {"lr": "0.25"}
    assert served.api.call("tasks.get_by_id", task=copy)["task"]["hyperparams"]["General"]["depth"]["value"] == "7"


def test_without_the_server_the_command_line_is_parsed_and_the_task_says_what_is_wrong(served: "Agent") -> None:
    ran = served.run("train.py", "rows", CLEARML_TASK_ID="0" * 32, TILTH_API_SERVER=f"http://127.0.0.1:{free_port()}/api")
    assert ran.returncode == 1
    assert ran.stdout == "rows 0.1\n"
    assert "Tilth no longer records argparse" in ran.stderr
    assert "Unavailable" in ran.stderr.splitlines()[-1]
