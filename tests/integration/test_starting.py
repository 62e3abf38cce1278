"""What `tilth up` refuses to start with."""

import subprocess
import sys
from pathlib import Path

import pytest

from tilth.testing.servers import free_port, running_server


def up(home: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-m", "tilth.cli.main", "up", "--home", str(home), *options]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)


def test_a_home_is_served_once_and_the_first_server_stays_the_one_that_is_known(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_server(home) as server:
        before = (home / "credentials.json").read_bytes()
        second = up(home, "--port", str(free_port(1)))
        assert second.returncode == 7
        assert f"{home} is served already, at {server.web} (process {server.process.pid}); " in second.stderr
        assert (home / "credentials.json").read_bytes() == before
        assert server.call("users.get_current_user")
        server.stop()
    with running_server(home):
        """Nothing of the first is in the way."""


@pytest.mark.parametrize("port", ["99999", "65536", "-5"])
def test_what_is_no_port_is_refused(tmp_path: Path, port: str) -> None:
    found = up(tmp_path / "home", f"--port={port}")
    assert found.returncode != 0
    assert f"{port} is no port; use 1 to 65535" in found.stderr
    assert not (tmp_path / "home" / "credentials.json").exists()
