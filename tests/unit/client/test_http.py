"""A session with a server that does not do what servers do."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tilth.base.errors import Unavailable
from tilth.client import http
from tilth.client.http import HttpSession, HttpTransport
from tilth.testing.servers import free_port


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of somebody who takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/api"


@contextmanager
def answering(status: int) -> Iterator[str]:
    """The address of a server that always says the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/api"
        finally:
            server.shutdown()
            thread.join()


def test_a_call_that_is_never_answered_ends(silent: str) -> None:
    session = HttpSession(silent, token="a token", patience_s=0.0, call_timeout_s=0.2)
    with pytest.raises(Unavailable, match="does not answer"):
        HttpTransport(session).call("tasks.create", b"{}")


def test_signing_in_that_is_never_answered_ends(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_SIGN_IN_TIMEOUT", 0.2)
    session = HttpSession(silent, access_key="a", secret_key="b", patience_s=0.0)
    with pytest.raises(Unavailable, match="does not answer"):
        HttpTransport(session).call("tasks.create", b"{}")


def test_whoever_waits_for_a_server_is_told_once_and_where_nobody_listens_not_for_long() -> None:
    waits: list[float] = []
    said: list[str] = []
    address = f"http://127.0.0.1:{free_port()}/api"
    session = HttpSession(address, token="a token", sleep=waits.append, tell=said.append)
    with pytest.raises(Unavailable, match=r"does not answer \(Connection refused\)"):
        HttpTransport(session).call("tasks.get_all", b"{}")
    assert 9 <= sum(waits) <= 10
    (line,) = said
    assert line.startswith(f"waiting for {address} (Connection refused), at most ")
    waited = next(sum(waits[:count]) for count in range(1, len(waits) + 1) if sum(waits[:count]) >= 2)
    assert int(line.split()[-3]) == pytest.approx(10 - waited, abs=2)


def test_a_busy_server_is_waited_for_as_long_as_before() -> None:
    waits: list[float] = []
    said: list[str] = []
    with answering(503) as busy:
        session = HttpSession(busy, token="a token", sleep=waits.append, tell=said.append)
        session.request("GET", "health", safe=True)
    assert sum(waits) == pytest.approx(60)
    assert [line.partition(",")[0] for line in said] == [f"waiting for {busy} (it is busy)"]


def test_a_server_that_answered_before_is_given_time_to_start_again() -> None:
    waits: list[float] = []
    with answering(200) as address:
        session = HttpSession(address, token="a token", sleep=waits.append)
        session.request("GET", "health", safe=True)
    with pytest.raises(Unavailable):
        session.request("GET", "health", safe=True)
    assert sum(waits) == pytest.approx(60, abs=2)
