"""Every answer that an address may give to a key, and none at all: each is told apart."""

import socket
from collections.abc import Iterator

import pytest

from tilth.base.errors import CredentialsWrong, Denied, Invalid, TilthError, Unavailable
from tilth.cli.login import verify_login
from tilth.testing.logins import ACCESS_KEY, SECRET_KEY, LoginServer, login_server


@pytest.fixture(scope="module")
def server() -> Iterator[LoginServer]:
    with login_server() as found:
        yield found


def test_a_key_that_is_known(server: LoginServer) -> None:
    verify_login(server.api, ACCESS_KEY, SECRET_KEY)
    assert server.asked[-1] == "/api/auth.login"


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("/api", CredentialsWrong, "does not know the key K with this secret; copy the whole block once more"),
        ("/status/403", Denied, "knows the key K, but does not let it in; ask whoever runs the server"),
        ("/status/503", Unavailable, "can't answer now (status 503); wait a little"),
        ("/status/429", Unavailable, "can't answer now (status 429); wait a little"),
        ("/status/404", Invalid, "answers (status 404), but not as the API of a server does; the API's address is needed"),
        ("/moved", Invalid, "sends everybody to another address; use https://elsewhere.example/api"),
        ("/tokenless", Invalid, "answers (status 200), but not as the API of a server does"),
        ("", Invalid, "answers (status 200), but not as the API of a server does"),
    ],
)
def test_an_answer_that_is_no_welcome(server: LoginServer, path: str, kind: type[TilthError], said: str) -> None:
    with pytest.raises(kind) as told:
        verify_login(f"{server.web}{path}", "K", "hidden")
    assert str(told.value).startswith(f"{server.web}{path} {said}")
    assert "hidden" not in str(told.value)


def test_a_key_of_any_letters(server: LoginServer) -> None:
    with pytest.raises(CredentialsWrong):
        verify_login(server.api, "ключ", "秘密")


def test_https_where_none_is_spoken(server: LoginServer) -> None:
    with pytest.raises(Unavailable, match="does not speak HTTPS; begin the address with http://"):
        verify_login(server.api.replace("http:", "https:"), "K", "S")


def test_nobody_listens() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(Unavailable, match=rf"^{address} can't be reached \(connection refused\); check the address"):
            verify_login(address, "K", "S")


def test_somebody_listens_and_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unavailable, match=rf"^{address} can't be reached \(no answer within 0.1 s\); "):
            verify_login(address, "K", "S", timeout_s=0.1)


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(Unavailable, match=r"can't be reached \(nobody knows its name\)"):
        verify_login("http://no-such-host.invalid", "K", "S")
