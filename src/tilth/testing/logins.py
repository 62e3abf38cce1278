"""A server that knows one key, and answers nothing but `auth.login`: what an address may turn out to be."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from msgspec import Struct

__all__ = ["ACCESS_KEY", "SECRET_KEY", "LoginServer", "login_server"]

ACCESS_KEY, SECRET_KEY = "KEY0000000000000000A", "secret-of-the-key"


class LoginServer(Struct, frozen=True):
    """Where it listens, and what was asked of it."""

    web: str
    asked: list[str]

    @property
    def api(self) -> str:
        return f"{self.web}/api"

    def block(self, *, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY) -> str:
        """What such a server shows for pasting."""
        return (
            f"api {{\n  # for you\n  web_server: {self.web}\n  api_server: {self.api}\n  files_server: {self.web}/files\n"
            f'  credentials {{\n    "access_key" = "{access_key}"\n    "secret_key" = "{secret_key}"\n  }}\n}}\n'
        )


@contextmanager
def login_server() -> Iterator[LoginServer]:
    """Listen on a free port while the context lasts.

    Below `/api` is the API; `/status/<number>` answers everything with that status, `/moved` sends elsewhere, and the rest is a web page.
    """
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(asked))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield LoginServer(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(asked: list[str]) -> type[BaseHTTPRequestHandler]:
    right = "Basic " + base64.b64encode(f"{ACCESS_KEY}:{SECRET_KEY}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            place = self.path.removesuffix("/auth.login")
            if place == "/api":
                known = self.headers["Authorization"] == right
                self._answer(200 if known else 401, {"token": "a.b.c"} if known else {})
            elif place == "/tokenless":
                self._answer(200, {})
            elif place == "/moved":
                self._answer(301, {}, location="https://elsewhere.example/api/auth.login")
            elif place.startswith("/status/"):
                self._answer(int(place.removeprefix("/status/")), {})
            else:
                self._send(200, b"<html>the page</html>")

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Says nothing."""

        def _answer(self, status: int, data: dict[str, str], *, location: str = "") -> None:
            self._send(status, json.dumps({"meta": {"result_code": status}, "data": data}).encode(), location=location)

        def _send(self, status: int, body: bytes, *, location: str = "") -> None:
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
