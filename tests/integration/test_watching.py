"""`tilth data watch` hears of new versions from a server, at once; and goes on when the server, or the line to it, was away."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tilth.testing import forking
from tilth.testing.faults import Fault, FaultProxy, fault_proxy
from tilth.testing.servers import RunningServer, free_port, running_server

NEVER = "3600"
"""Seconds between two looks: what is fetched all the same was heard of."""


class Person:
    """Somebody who works with a server, through a proxy or not."""

    def __init__(self, folder: Path, server: RunningServer, address: str | None = None) -> None:
        self.folder = folder
        names = {"TILTH_HOME": str(folder / "home"), "TILTH_API_TOKEN": server.token, "COLUMNS": "200"}
        self.environment = {**os.environ, **names, "TILTH_API_SERVER": f"{address or server.web}/api"}

    def version(self, number: int) -> None:
        """Make a version of the dataset, with one more file than the one before."""
        files = self.folder / "files"
        files.mkdir(parents=True, exist_ok=True)
        (files / f"{number}.txt").write_text(str(number))
        words = ["-m", "tilth.cli.main", "data", "sync", "--project", "Zoo", "--name", "cats", "--folder", str(files)]
        forking.run(words, env=self.environment, check=True, timeout=300)

    @contextmanager
    def watching(self) -> Iterator["subprocess.Popen[str]"]:
        """The command; it is asked to end afterwards, and has to."""
        words = [sys.executable, "-m", "tilth.cli.main", "data", "watch", "--project", "Zoo", "--interval", NEVER]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment) as watching:
            try:
                yield watching
                watching.send_signal(signal.SIGTERM)
                assert watching.wait(180) == 0
                assert watching.stderr
                assert watching.stderr.read().endswith("stopped\n")
            finally:
                watching.kill()


def line_of(watching: "subprocess.Popen[str]", wanted: str) -> None:
    """Read what it tells of itself until it says so."""
    assert watching.stderr
    for line in watching.stderr:
        if wanted in line:
            return
    raise AssertionError(f"it ended, and never said {wanted}")


def news_of(watching: "subprocess.Popen[str]") -> str:
    assert watching.stdout
    return watching.stdout.readline().split(" ", 1)[1]


def test_a_version_is_fetched_when_the_server_tells_of_it_also_after_the_server_was_away(tmp_path: Path) -> None:
    home, port = tmp_path / "server", free_port(7)
    with ExitStack() as watching:
        with running_server(home, port=port) as server:
            team, watcher = Person(tmp_path / "team", server), Person(tmp_path / "watcher", server)
            team.version(0)
            process = watching.enter_context(watcher.watching())
            assert news_of(process).startswith("Zoo/cats 1.0.0 is here: 1 new file, 1 B")
            line_of(process, "the server tells of changes")
            team.version(1)
            assert news_of(process).startswith("Zoo/cats 1.0.1 is here: 1 new file, 1 B")
        line_of(process, "no changes are told")
        with running_server(home, port=port) as server:
            line_of(process, "the server tells of changes again")
            Person(tmp_path / "team", server).version(2)
            assert news_of(process).startswith("Zoo/cats 1.0.2 is here: 1 new file, 1 B")
            watching.close()


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[tuple[RunningServer, FaultProxy]]:
    with running_server(tmp_path / "server") as server, fault_proxy(server.web) as proxy:
        yield server, proxy


def test_a_line_that_a_proxy_cuts_is_made_again_and_what_was_missed_is_fetched(
    proxied: tuple[RunningServer, FaultProxy], tmp_path: Path
) -> None:
    server, proxy = proxied
    team, watcher = Person(tmp_path / "team", server), Person(tmp_path / "watcher", server, proxy.endpoint.rstrip("/"))
    team.version(0)
    proxy.fail(Fault.CUT_ANSWER, times=2, only=b"/live", after_bytes=300)
    with watcher.watching() as process:
        assert news_of(process).startswith("Zoo/cats 1.0.0 is here")
        line_of(process, "the server tells of changes")
        team.version(1)
        assert news_of(process).startswith("Zoo/cats 1.0.1 is here")
