"""Commands that work with a server: what is versioned lies there, and everybody who signs in can have it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tilth.testing import forking
from tilth.testing.servers import RunningServer, free_port, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "home") as found:
        yield found


def environment(server: RunningServer, home: Path) -> dict[str, str]:
    keys = server.credentials
    said = {"TILTH_API_SERVER": keys["api_server"], "TILTH_API_ACCESS_KEY": keys["access_key"], "TILTH_API_SECRET_KEY": keys["secret_key"]}
    return {**os.environ, "TILTH_HOME": str(home), **said}


def tilth(server: RunningServer, home: Path, *words: str, status: int = 0) -> str:
    done = forking.run(["-m", "tilth.cli.main", *words], env=environment(server, home))
    assert done.returncode == status, done.stderr + server.said()
    return done.stdout if status == 0 else done.stderr


def folder(path: Path) -> dict[str, bytes]:
    return {str(found.relative_to(path)): found.read_bytes() for found in path.rglob("*") if found.is_file()}


def test_what_one_person_versions_another_gets(server: RunningServer, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    for number in range(50):
        (source / "deep" / f"{number}.txt").write_text(f"file {number}")
    (source / "big.bin").write_bytes(os.urandom(3_000_000))
    one, other = tmp_path / "one", tmp_path / "other"
    tilth(server, one, "data", "sync", "--project", "Team", "--name", "Pets", "--folder", str(source))
    (source / "deep" / "0.txt").unlink()
    (source / "new.txt").write_text("new")
    tilth(server, one, "data", "sync", "--project", "Team", "--name", "Pets", "--folder", str(source))
    found = json.loads(tilth(server, other, "data", "search", "--json"))
    newest = next(version for version in found["versions"] if version["name"] == "Pets")
    assert newest["version"] == "1.0.1"
    tilth(server, other, "data", "get", "--id", newest["id"], "--copy", str(tmp_path / "copy"))
    assert folder(tmp_path / "copy") == folder(source)
    assert tilth(server, other, "data", "cat", "new.txt", "--id", newest["id"]) == "new"
    tilth(server, other, "data", "verify", "--id", newest["id"])
    plan = json.loads(tilth(server, other, "data", "gc", "--json"))
    assert plan["executed"] is False or plan.get("objects", 0) == 0


def test_a_wrong_key_is_told_in_words(server: RunningServer, tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "tilth.cli.main", "data", "search"],
        env=environment(server, tmp_path / "home") | {"TILTH_API_SECRET_KEY": "wrong"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stdout) == (6, "")
    assert "does not know the key" in said.stderr
    assert "tilth init" in said.stderr


def test_a_viewer_may_look_but_not_write(server: RunningServer, tmp_path: Path) -> None:
    account = server.call("auth.create_user", name="viewer of data", role="viewer")["id"]
    token = server.call("auth.get_token_for_user", user=account)["token"]
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_text("a")
    signed_in = environment(server, tmp_path / "home") | {"TILTH_API_TOKEN": token, "TILTH_API_ACCESS_KEY": "", "TILTH_API_SECRET_KEY": ""}
    words = [sys.executable, "-m", "tilth.cli.main", "data"]
    looked = subprocess.run([*words, "search"], env=signed_in, capture_output=True, text=True, check=False)
    assert looked.returncode == 0, looked.stderr
    sync = [*words, "sync", "--project", "P", "--name", "n", "--folder", str(source)]
    wrote = subprocess.run(sync, env=signed_in, capture_output=True, text=True, check=False)
    assert wrote.returncode == 6, wrote.stderr


def test_a_server_that_is_killed_and_comes_back_does_not_end_a_sync(tmp_path: Path) -> None:
    source, home, port = tmp_path / "source", tmp_path / "server", free_port()
    source.mkdir()
    for number in range(40):
        (source / f"{number}.bin").write_bytes(os.urandom(2_000_000))
    with running_server(home, port=port) as first:
        words = ["data", "sync", "--project", "Team", "--name", "Pets", "--folder", str(source)]
        command = [sys.executable, "-m", "tilth.cli.main", *words]
        sync = subprocess.Popen(
            command, env=environment(first, tmp_path / "home"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        packs = home / "store" / "packs"
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and not (packs.exists() and any(packs.rglob("*"))) and sync.poll() is None:
            time.sleep(0.01)
        first.stop(signal.SIGKILL)
    with running_server(home, port=port) as second:
        _, errors = sync.communicate(timeout=300)
        assert sync.returncode == 0, errors + second.said()
        found = json.loads(tilth(second, tmp_path / "other", "data", "search", "--json"))
        tilth(second, tmp_path / "other", "data", "get", "--id", found["versions"][0]["id"], "--copy", str(tmp_path / "copy"))
        assert folder(tmp_path / "copy") == folder(source)
