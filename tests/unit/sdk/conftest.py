"""Homes to work in: one without a server, and one of a server that runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tilth import Task
from tilth.sdk._current import set_running
from tilth.sdk.home import Home
from tilth.sdk.recording import Recording, task_folder
from tilth.testing.homes import current_home
from tilth.testing.servers import RunningServer, running_server


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Home]:
    """A home without a server, in which this test works."""
    with current_home(tmp_path / "home") as home:
        yield home


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "home") as started:
        yield started


@pytest.fixture
def served(server: RunningServer, tmp_path: Path) -> Iterator[Home]:
    """A home that works with a server."""
    api = {"api.server": f"{server.web}/api", "api.token": server.token}
    with current_home(tmp_path / "home", **api) as home:
        yield home


@pytest.fixture(params=["own", "served"])
def home(request: pytest.FixtureRequest) -> Home:
    """Both, one after the other."""
    found: Home = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def draft(home: Home) -> Task:
    """A task that does not run here."""
    return Task.create(project_name="Team/Pets", task_name="train")


@pytest.fixture
def live(home: Home) -> Iterator[Task]:
    """The task that runs here: what is said of it is written down and sent by and by."""
    id = home.api.call("tasks.create", name="train", type="training", project_name="Team/Pets")["id"]
    document = home.api.call("tasks.get_by_id", task=id)["task"]
    recording = Recording(home, id, folder=task_folder("Team/Pets", "train", id))
    task = Task(home, document, project="Team/Pets", recording=recording)
    set_running(task)
    yield task
    set_running(None)
    recording.close(10.0)


@pytest.fixture(params=["draft", "live"])
def task(request: pytest.FixtureRequest, home: Home) -> Task:
    """Both, one after the other."""
    found: Task = request.getfixturevalue(request.param)
    return found
