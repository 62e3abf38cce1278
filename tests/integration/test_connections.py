"""Connections stay open for those who may share them, and end with the answer for those who would share them by mistake; answers are
compressed for those who take them so."""

import gzip
import json
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
    connection = HTTPConnection(urlsplit(server.web).netloc, timeout=180)
    connection.request(method, path, headers={"Authorization": f"Bearer {server.token}", **headers})
    answer = connection.getresponse()
    answer.read()
    assert answer.getheader("connection") == (None if kept else "close")
    assert (connection.sock is not None) == kept
    connection.close()


@pytest.mark.parametrize(("said", "encoding"), [("gzip, deflate", "gzip"), ("gzip;q=0, *;q=0", None)])
def test_long_answers_are_compressed_for_whoever_takes_them_so(server: RunningServer, said: str, encoding: str | None) -> None:
    task = server.call("tasks.create", name="long", type="testing", comment="word " * 1_000)["id"]
    body = json.dumps({"task": task}).encode()
    answer = server.request("POST", "/api/tasks.get_by_id", body=body, headers={"accept-encoding": said}, decode_content=False)
    assert answer.headers.get("content-encoding") == encoding
    assert (answer.headers["vary"], int(answer.headers["content-length"])) == ("accept-encoding", len(answer.data))
    data = gzip.decompress(answer.data) if encoding else answer.data
    assert json.loads(data)["data"]["task"]["comment"] == "word " * 1_000
