"""The feed of changes over a real connection: what comes is told at once, and whatever is no feed is an error that says so."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tilth.base.errors import Denied, Unavailable
from tilth.client.http import HttpSession
from tilth.client.live import Change, changes

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
FINISHED = b'id: 7\ndata: {"seq":7,"kind":"version.finished","entity":"v","project":"p","at":"now"}\n\n'


@contextmanager
def served(*pieces: bytes, ends: bool = True) -> Iterator[str]:
    """A server that answers every request with these pieces, one after the other, and says nothing more."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    with line:
                        line.recv(65536)
                        for piece in pieces:
                            line.sendall(piece)
                        if not ends:
                            over.wait(60)

        threading.Thread(target=answer, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)  # closing it alone does not wake who waits for the next one


def heard(address: str, **more: float) -> Iterator[Change | None]:
    return changes(HttpSession(address, token="t", patience_s=0.0), f"{address}/live", **more)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_what_comes_is_told_before_more_comes() -> None:
    told = [chunk(b"retry: 2000\n\n"), chunk(FINISHED[:20]), chunk(FINISHED[20:] + b"event: still-here\ndata:1\n\n")]
    with served(HEAD, b"transfer-encoding: chunked\r\n\r\n", *told, ends=False) as address:
        found = heard(address)
        assert [next(found) for _ in range(3)] == [None, Change("version.finished", "v", "p"), None]
        found.close()  # type: ignore[attr-defined]


def test_a_proxy_that_passes_on_without_chunks_does_not_keep_anything_back() -> None:
    with served(HEAD, b"connection: close\r\n\r\n", b"retry: 2000\r\n\r\n", FINISHED, ends=False) as address:
        found = heard(address)
        assert [next(found), next(found)] == [None, Change("version.finished", "v", "p")]


def test_what_no_release_says_is_a_sign_of_life() -> None:
    said = chunk(b'data: {"kind":"a","more":' + b"[" * 100_000 + b"\n\n")
    with served(HEAD, b"transfer-encoding: chunked\r\n\r\n", said, b"0\r\n\r\n") as address:
        assert list(heard(address)) == [None]


def test_a_line_that_is_ended_ends() -> None:
    with served(HEAD, b"transfer-encoding: chunked\r\n\r\n", chunk(b"retry: 2000\n\n"), b"0\r\n\r\n") as address:
        assert list(heard(address)) == [None]


@pytest.mark.parametrize(
    ("pieces", "ends", "said"),
    [
        ((HEAD, b"transfer-encoding: chunked\r\n\r\n", chunk(b"retry: 2000\n\n"), b"5"), True, "was cut"),
        ((HEAD, b"transfer-encoding: chunked\r\n\r\n"), False, "says nothing any more"),
        ((HEAD, b"content-length: 9000000\r\n\r\n", b"x" * 3_000_000), False, "does not tell of changes"),
        ((b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",), True, "does not tell of changes \\(status 404"),
        ((b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\npage",), True, "does not tell of changes"),
        ((), True, "does not answer"),
    ],
)
def test_what_is_no_feed_says_so(pieces: tuple[bytes, ...], ends: bool, said: str) -> None:
    with served(*pieces, ends=ends) as address, pytest.raises(Unavailable, match=said):
        list(heard(address, silence_s=2.5 if "nothing" in said else 30.0))


def test_who_may_not_listen_is_told() -> None:
    with served(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\n{}") as address, pytest.raises(Denied, match="403"):
        list(heard(address))


def test_nobody_who_answers_is_told_without_waiting() -> None:
    with served() as address:
        pass
    with pytest.raises(Unavailable, match="does not answer"):
        list(heard(address))
