"""A session with a server that does not do what servers do."""

import socket
from collections.abc import Iterator

import pytest

from tilth.base.errors import Unavailable
from tilth.client import http
from tilth.client.http import HttpSession, HttpTransport


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of somebody who takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/api"


def test_a_call_that_is_never_answered_ends(silent: str) -> None:
    session = HttpSession(silent, token="a token", patience_s=0.0, call_timeout_s=0.2)
    with pytest.raises(Unavailable, match="does not answer"):
        HttpTransport(session).call("tasks.create", b"{}")


def test_signing_in_that_is_never_answered_ends(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_SIGN_IN_TIMEOUT", 0.2)
    session = HttpSession(silent, access_key="a", secret_key="b", patience_s=0.0)
    with pytest.raises(Unavailable, match="does not answer"):
        HttpTransport(session).call("tasks.create", b"{}")
