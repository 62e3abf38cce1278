"""Homes to work in: one without a server, and one of a server that runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tilth import _wiring
from tilth.config.settings import load_settings
from tilth.sdk._current import set_home
from tilth.sdk.home import Home
from tilth.testing.servers import RunningServer, running_server


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Home]:
    """A home without a server, in which this test works."""
    home = _wiring._open(load_settings({}, given={"home": str(tmp_path / "home")}))
    set_home(home)
    yield home
    set_home(None)
    home.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "home") as started:
        yield started


@pytest.fixture
def served(server: RunningServer, tmp_path: Path) -> Iterator[Home]:
    """A home that works with a server."""
    api = {"api.server": f"{server.web}/api", "api.token": server.token}
    home = _wiring._open(load_settings({}, given={"home": str(tmp_path / "home"), **api}))
    set_home(home)
    yield home
    set_home(None)
    home.close()


@pytest.fixture(params=["own", "served"])
def home(request: pytest.FixtureRequest) -> Home:
    """Both, one after the other."""
    found: Home = request.getfixturevalue(request.param)
    return found
