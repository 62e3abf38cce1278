"""Connections stay open for those who may share them, and end with the answer for those who would share them by mistake."""

from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tilth.testing.servers import RunningServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "home") as found:
        yield found


@pytest.mark.parametrize(
    ("method", "path", "headers", "kept"),
    [
        ("POST", "/api/tasks.get_all", {"X-ClearML-Client": "clearml-2.0.2"}, False),
        ("GET", "/api/auth.login", {"X-ClearML-Client": "clearml-2.0.2"}, False),
        ("GET", "/files/nothing", {"User-Agent": "python-requests/2.32.3"}, False),
        ("POST", "/api/tasks.get_all", {"User-Agent": "Mozilla/5.0"}, True),
        ("GET", "/files/nothing", {}, True),
    ],
)
def test_only_clients_that_fork_have_one_for_each_request(
    server: RunningServer, method: str, path: str, headers: dict[str, str], kept: bool
) -> None:
    connection = HTTPConnection(urlsplit(server.web).netloc, timeout=60)
    connection.request(method, path, headers={"Authorization": f"Bearer {server.token}", **headers})
    answer = connection.getresponse()
    answer.read()
    assert answer.getheader("connection") == (None if kept else "close")
    assert (connection.sock is not None) == kept
    connection.close()
