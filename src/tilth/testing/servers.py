"""A server as its users start it: a process of its own over a home, and calls to it over HTTP."""

import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import urllib3
from urllib3.util import make_headers

from tilth.testing import forking
from tilth.testing.forking import Forked

__all__ = ["RunningServer", "free_port", "free_ports", "running_server"]

_PATIENCE_S = 300
_LOWEST, _HIGHEST = 24_001, 32_000
"""Ports that systems do not give to outgoing connections by themselves, and Ray not to the processes of its clients."""


class RunningServer:
    """A server that answers."""

    def __init__(self, home: Path, process: "Forked | subprocess.Popen[bytes]", log: Path) -> None:
        self.home = home
        self.process = process
        self.log = log
        self.http = urllib3.PoolManager(retries=False, timeout=180, maxsize=16)
        self.credentials: dict[str, str] = msgspec.json.decode((home / "credentials.json").read_bytes())
        self.web = self.credentials["web_server"]
        self.token = self.login(self.credentials["access_key"], self.credentials["secret_key"])

    def login(self, key: str, secret: str) -> str:
        """A token for a key and its secret."""
        headers = make_headers(basic_auth=f"{key}:{secret}")
        answer = self.http.request("GET", f"{self.web}/api/auth.login", headers=headers)
        token: str = msgspec.json.decode(answer.data)["data"]["token"]
        return token

    def call(self, name: str, /, **fields: Any) -> dict[str, Any]:
        """The data that a call answers with; fails the test if it does not go well."""
        status, envelope = self.ask(name, **fields)
        assert status == 200, envelope["meta"]
        data: dict[str, Any] = envelope["data"]
        return data

    def ask(self, name: str, /, **fields: Any) -> tuple[int, dict[str, Any]]:
        """HTTP's status of a call, and the whole envelope."""
        answer = self.request("POST", f"/api/{name}", body=msgspec.json.encode(fields))
        return answer.status, msgspec.json.decode(answer.data)

    def request(self, method: str, path: str, *, token: str | None = "", **more: Any) -> urllib3.BaseHTTPResponse:
        """Any request; signed in as the owner, as somebody else with `token`, or as nobody with None."""
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["authorization"] = f"Bearer {token or self.token}"
        return self.http.request(method, f"{self.web}{path}", headers=headers, **more)

    def stop(self, sent: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server and return its exit status."""
        self.process.send_signal(sent)
        return self.process.wait(_PATIENCE_S)

    def said(self) -> str:
        """What it wrote."""
        return self.log.read_text(errors="replace")


@contextmanager
def running_server(home: Path, *options: str, port: int | None = None, **environment: str) -> Iterator[RunningServer]:
    """A server over `home` that answers, and is gone afterwards."""
    home.mkdir(parents=True, exist_ok=True)
    log = home.parent / f"{home.name}.log"
    chosen = port or free_port()
    words = ["-m", "tilth.cli.main", "up", "--home", str(home), "--port", str(chosen), *options]
    given = {**os.environ, "TILTH_HOME": str(home), "TILTH_PREVIEW_TIME": "120", **environment}  # a busy machine may need long for one
    with log.open("ab") as output:
        process = forking.start(words, stdout=output, stderr=output, env=given)
    try:
        _await(process, chosen, log)
        yield RunningServer(home, process, log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port(number: int = 0) -> int:
    """A port that nobody listens on, and that is given to nobody else while this process lives; `number` says where to begin to look."""
    return free_ports(1, number)


def free_ports(count: int, number: int = 0) -> int:
    """The first of so many ports in a row, all of which are free in the sense of `free_port`."""
    start = (os.getpid() + number * 1_009) % (_HIGHEST - _LOWEST)
    for offset in range(_HIGHEST - _LOWEST):
        port = _LOWEST + (start + offset * 7) % (_HIGHEST - _LOWEST)
        if port + count <= _HIGHEST and all(_take(one) for one in range(port, port + count)):
            return port
    raise AssertionError("no port is free")


_mine: dict[int, object] = {}
"""Ports that this process has taken."""
_taking: dict[int, int] = {}
"""By process, so that forks open it anew: the file in which a process locks the byte of each port that it takes. It is empty."""


def _take(port: int) -> bool:
    """Take a port for this process; false if it is another's, or somebody listens on it."""
    taken = object()
    if _mine.setdefault(port, taken) is not taken:
        return False
    if os.getpid() not in _taking:
        _taking[os.getpid()] = os.open(f"{tempfile.gettempdir()}/tilth-ports-of-{os.getuid()}", os.O_RDWR | os.O_CREAT, 0o600)
    with socket.socket() as probe:
        try:
            fcntl.lockf(_taking[os.getpid()], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _await(process: "Forked | subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    pool = urllib3.PoolManager(retries=False, timeout=5)
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server ended: {log.read_text(errors='replace')}"
        try:
            if pool.request("GET", f"http://127.0.0.1:{port}/health").status == 200:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.05)
    raise AssertionError(f"the server does not answer: {log.read_text(errors='replace')}")
