"""A web server for tests that is as odd as real ones: redirects, logins, no parts of files, no lengths, files that change.

    python -m tilth.testing.odd_web_server FOLDER

It prints its address, and serves the files of the folder below what says how: `/plain/`, `/no-ranges/`, `/no-length/`, `/no-state/`,
`/login/` (401), `/hidden/` (leads to a page to log in), `/moved/` (leads to `/plain/` of the host `localhost`), `/no-head/`, `/breaks/`
(each answer breaks off after a million bytes). What was asked for is told, one line for each request, at `/asked`.
"""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

__all__ = ["running_odd_web_server"]

_BREAKS_AFTER = 1_000_000


class _Odd(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: ClassVar[Path]
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def _answer(self, *, with_body: bool) -> None:
        if self.path == "/asked":
            self._send(200, "\n".join(self.asked).encode(), {})
            return
        self.asked.append(f"{self.command} {self.path} {self.headers.get('range', '')} {self.headers.get('authorization', '')}".strip())
        how, _, name = self.path.lstrip("/").partition("/")
        port = str(self.headers["host"]).rpartition(":")[2]
        match how:
            case "login":
                self._send(401, b"who are you?", {"www-authenticate": "Basic"})
            case "hidden":
                self._send(302, b"", {"location": "/sign-in/page"})
            case "sign-in":
                self._send(200, b"<html>name and password</html>", {"content-type": "text/html; charset=utf-8"}, with_body=with_body)
            case "moved":
                self._send(307, b"", {"location": f"http://localhost:{port}/plain/{name}"})
            case "no-head" if not with_body:
                self._send(405, b"", {})
            case _:
                self._file(how, self.folder / unquote(name), with_body=with_body)

    def _file(self, how: str, file: Path, *, with_body: bool) -> None:
        if not file.is_file():
            self._send(404, b"", {})
            return
        data = file.read_bytes()
        headers = {"content-type": "application/octet-stream"}
        if how != "no-state":
            headers["etag"] = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if how == "no-length":
            self.send_response(200)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("connection", "close")
            self.end_headers()
            if with_body:
                self.wfile.write(data)
            self.close_connection = True
            return
        status, wanted = 200, self.headers.get("range", "")
        if wanted and how != "no-ranges":
            begin = int(wanted.removeprefix("bytes=").partition("-")[0])
            if begin >= len(data):
                self._send(416, b"", {"content-range": f"bytes */{len(data)}"})
                return
            headers["content-range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
            status, data = 206, data[begin:]
        self._send(status, data, headers, with_body=with_body, breaks=how == "breaks")

    def _send(self, status: int, data: bytes, headers: dict[str, str], *, with_body: bool = True, breaks: bool = False) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if with_body and self.command != "HEAD":
            self.wfile.write(data[:_BREAKS_AFTER] if breaks else data)
        if breaks and len(data) > _BREAKS_AFTER:
            self.close_connection = True


@contextmanager
def running_odd_web_server(folder: Path) -> Iterator[str]:
    """The address of a server, in a process of its own, that serves the files of a folder."""
    process = subprocess.Popen([sys.executable, "-m", __spec__.name, str(folder)], stdout=subprocess.PIPE, text=True)  # noqa: S603  our own
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def main() -> None:
    """Serve until killed."""
    _Odd.folder = Path(sys.argv[1])
    ThreadingHTTPServer.request_queue_size = 128  # clients come many at once
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Odd)
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
