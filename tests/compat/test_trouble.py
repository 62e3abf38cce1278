"""What the official clients do when the server is killed, when tokens run out, with masses, and when many begin at once."""

import signal
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from tests.compat.conftest import User, configuration
from tests.compat.forks import Forks
from tests.compat.quick import quickly
from tilth.testing.servers import RunningServer, free_port, running_server


class Running:
    """A script that goes on while the test does something else."""

    def __init__(self, user: User, *words: str) -> None:
        self.file = user.folder / f"found-{uuid4().hex}.json"
        self.process = user.begin("python", *words, FOUND=str(self.file))

    def found(self) -> Any:
        """What it found out, when it is done."""
        printed, errors = self.process.communicate(timeout=480)
        assert self.process.returncode == 0, f"{printed}\n{errors}"
        return msgspec.json.decode(self.file.read_bytes())


def whole(server: RunningServer, id: str, steps: int) -> None:
    """Everything that `steady` reported is there, and only once."""
    curve = server.call("events.scalar_metrics_iter_histogram", task=id, samples=6_000)["loss"]["s"]
    assert (curve["x"], curve["y"]) == (list(range(steps)), [float(step) for step in range(steps)])
    events = server.call("events.get_task_log", task=id, batch_size=10_000, order="asc")["events"]
    lines = [line for event in events for line in event["msg"].splitlines() if line.startswith("line ")]
    assert sorted(lines, key=lambda line: int(line[5:])) == [f"line {step}" for step in range(steps)]


@pytest.mark.slow
def test_a_run_survives_that_the_server_is_killed(tmp_path: Path, clients: Path, forks: Forks) -> None:
    home, port = tmp_path / "home", free_port()
    folder = tmp_path / "user"
    folder.mkdir()
    with ExitStack() as users:
        with running_server(home, port=port) as server:
            user = quickly(users.enter_context(closing(User(folder, clients, forks, server))))
            script = Running(user, user.script("steady"), "8")
            assert any(line.startswith("id=") for line in script.process.stdout)
            time.sleep(2)
            server.stop(signal.SIGKILL)
        time.sleep(2)
        with running_server(home, port=port) as server:
            found = script.found()
            assert server.call("tasks.get_by_id", task=found["id"])["task"]["status"] == "completed"
            whole(server, found["id"], found["steps"])


@pytest.mark.slow
def test_a_run_outlives_its_tokens(somebody: User) -> None:
    with (somebody.folder / "clearml.conf").open("a") as settings:
        settings.write("api.auth { request_token_expiration_sec: 2, token_expiration_threshold_sec: 1 }\n")
    found = quickly(somebody).play("steady", "6")
    whole(somebody.server, found["id"], found["steps"])


def test_keys_that_were_revoked_are_told_at_once(somebody: User) -> None:
    server = somebody.server
    keys = server.call("auth.create_credentials")["credentials"]
    user = quickly(somebody)
    text = configuration(server).replace(server.credentials["access_key"], keys["access_key"])
    (user.folder / "clearml.conf").write_text(text.replace(server.credentials["secret_key"], keys["secret_key"]))
    read = "from clearml import Task; print(len(Task.get_tasks(project_name='compat/of nobody')))"
    assert user.run("python", "-c", read).strip().endswith("0")
    server.call("auth.revoke_credentials", access_key=keys["access_key"])
    began = time.monotonic()
    user.run("python", "-c", "from clearml import Task; Task.init('compat', 'refused')", check=False)
    assert time.monotonic() - began < 120  # whoever waits for a server does so for far longer
    assert not server.call("tasks.get_all", name="^refused$")["tasks"]


def test_masses_are_kept(somebody: User) -> None:
    found = quickly(somebody).play("masses")
    id = found.pop("id")
    assert found == {"configuration": True, "counts": [3_000], "series": 10, "blob": True}
    (task,) = somebody.server.call("tasks.get_all", id=[id], only_fields=["last_iteration"])["tasks"]
    assert task["last_iteration"] == 29_999


def test_many_begin_at_once_in_a_project_that_is_not_there(somebody: User) -> None:
    user = quickly(somebody)
    script = user.script("crowd")
    moment = str(time.time() + 4)
    found = [running.found() for running in [Running(user, script, moment, "compat/crowd/of/many") for _ in range(6)]]
    assert len({one["id"] for one in found}) == 6
    assert len({one["project"] for one in found}) == 1
    projects = somebody.server.call("projects.get_all", name="^compat/crowd", order_by=["name"])["projects"]
    assert [project["name"] for project in projects] == ["compat/crowd", "compat/crowd/of", "compat/crowd/of/many"]
