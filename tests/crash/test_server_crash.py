"""A server that is killed, stopped, or out of space while many write: what it acknowledged is there."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from tilth.testing.servers import RunningServer, running_server

WRITERS = 6


class Burst:
    """Several clients that write as fast as they are answered, and remember what was acknowledged."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._task = server.call("tasks.create", name="written to", type="training")["id"]
        self.tasks: list[str] = []
        self.points: list[tuple[str, int]] = []
        self.odd: list[int] = []
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]

    def run(self, sent: signal.Signals) -> int:
        """Write until the server, which is sent a signal in the middle, is gone; returns its exit status."""
        for thread in self._threads:
            thread.start()
        deadline = time.monotonic() + 120
        time.sleep(0.5)
        while len(self.points) <= 20 * WRITERS and time.monotonic() < deadline:
            time.sleep(0.01)
        status = self._server.stop(sent)
        for thread in self._threads:
            thread.join()
        return status

    def check(self, server: RunningServer) -> None:
        """Everything that was acknowledged is there."""
        curves = server.call("events.scalar_metrics_iter_histogram", task=self._task, samples=100_000)
        held = {(variant, iter) for variant, curve in curves.get("loss", {}).items() for iter in curve["x"]}
        assert len(self.points) > WRITERS
        assert not set(self.points) - held
        found = server.call("tasks.get_all", id=self.tasks, only_fields=["id"], page_size=10_000)["tasks"]
        assert {task["id"] for task in found} == set(self.tasks)
        assert not self.odd

    def _write(self, number: int) -> None:
        connection = HTTPConnection(urlsplit(self._server.web).netloc, timeout=30)
        headers = {"authorization": f"Bearer {self._server.token}"}
        try:
            for iter in range(100_000):
                points = [(f"v{number}", iter * 10 + at) for at in range(10)]
                kind = "training_stats_scalar"
                events = [{"type": kind, "task": self._task, "metric": "loss", "variant": v, "iter": i, "value": 1.0} for v, i in points]
                connection.request("POST", "/api/events.add_batch", b"\n".join(map(msgspec.json.encode, events)), headers)
                if self._answered(connection) is not None:
                    self.points += points
                connection.request(
                    "POST", "/api/tasks.create", msgspec.json.encode({"name": f"{number} {iter}", "type": "testing"}), headers
                )
                made = self._answered(connection)
                if made is not None:
                    self.tasks.append(made["id"])
        except (OSError, HTTPException):
            connection.close()

    def _answered(self, connection: HTTPConnection) -> dict[str, str] | None:
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            self.odd.append(answer.status)
            return None
        data: dict[str, str] = msgspec.json.decode(body)["data"]
        return data


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    with running_server(tmp_path / "home") as server:
        burst = Burst(server)
        assert burst.run(signal.SIGKILL) == -signal.SIGKILL
    with running_server(tmp_path / "home") as server:
        burst.check(server)


def test_a_server_that_is_asked_to_stop_answers_what_it_began(tmp_path: Path) -> None:
    with running_server(tmp_path / "home") as server:
        burst = Burst(server)
        assert burst.run(signal.SIGTERM) == 0
        assert "Traceback" not in server.said(), server.said()
    with running_server(tmp_path / "home") as server:
        burst.check(server)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder in a file system of 24 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("file systems can't be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_and_got_over(small_disk: Path) -> None:
    with running_server(small_disk / "home") as server:
        server.call("projects.create", name="before")
        filler = small_disk / "filler"
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        filler.write_bytes(b"x" * (free - 300_000))
        answer = server.request("PUT", "/files/large", body=b"x" * 2_000_000)
        assert (answer.status, "no space left" in answer.json()["msg"]) == (503, True)
        status, envelope = 200, dict[str, Any]()
        for number in range(2_000):
            status, envelope = server.ask("tasks.create", name="t" * 900, type="training", comment=str(number) * 300)
            if status != 200:
                break
        assert (status, envelope["meta"]["error_data"]["code"]) == (503, "disk_full"), envelope
        assert server.call("projects.get_all", name="^before$")["projects"]
        filler.unlink()
        assert server.call("tasks.create", name="after", type="training")["id"]
        assert server.request("PUT", "/files/large", body=b"x" * 2_000_000).status == 200
        assert "Traceback" not in server.said(), server.said()
