"""`tilth backup` of a server that is in use, and a server over what `tilth restore` made of it."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from tilth.testing import forking
from tilth.testing.servers import RunningServer, running_server


def tilth(*words: str, home: Path, status: int = 0) -> str:
    """What a command prints."""
    answer = forking.run(["-m", "tilth.cli.main", *words], env={**os.environ, "TILTH_HOME": str(home)})
    assert answer.returncode == status, answer
    assert "Traceback" not in answer.stderr
    return answer.stdout + answer.stderr


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path / "home") as running:
        yield running


def upload(server: RunningServer, path: str, content: bytes) -> None:
    assert server.request("PUT", f"/files/{path}", body=content).status == 200


def test_a_server_in_use_is_kept_and_served_again(server: RunningServer, tmp_path: Path) -> None:
    upload(server, "first/file.bin", b"first" * 1_000)
    stop, all_there = Event(), Event()

    def use() -> None:
        number = 0
        while not stop.is_set():
            upload(server, f"many/{number % 7}.bin", f"content {number}".encode() * 100)
            number += 1
            if number == 7:
                all_there.set()

    user = Thread(target=use)
    user.start()
    try:
        assert all_there.wait(180)
        printed = [tilth("backup", str(tmp_path / f"{number}.tar"), home=server.home) for number in range(5)]
    finally:
        stop.set()
        user.join()
    assert not [text for text in printed if "warning" in text]
    tilth("restore", str(tmp_path / "4.tar"), "--home", str(tmp_path / "other"), home=server.home)
    with running_server(tmp_path / "other") as other:
        assert other.credentials["access_key"] == server.credentials["access_key"]
        assert other.login(server.credentials["access_key"], server.credentials["secret_key"])
        assert other.request("GET", "/files/first/file.bin").data == b"first" * 1_000
        kept = [other.request("GET", f"/files/many/{number}.bin") for number in range(7)]
        assert [answer.status for answer in kept] == [200] * 7
        assert all(answer.data.startswith(b"content ") for answer in kept)


@pytest.mark.parametrize("with_data", [False, True])
def test_contents_of_datasets_are_kept_if_that_is_said(tmp_path: Path, *, with_data: bool) -> None:
    home, other, kept = tmp_path / "home", tmp_path / "other", str(tmp_path / "kept.tar")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file.txt").write_text("hello")
    tilth("data", "sync", "--project", "P", "--name", "n", "--folder", str(tmp_path / "data"), home=home)
    said = tilth("backup", kept, *(["--with-data"] if with_data else []), home=home)
    assert ("the contents of 1 version of datasets are not in it; --with-data puts them in" in said) is not with_data
    restored = tilth("restore", kept, home=other)
    assert ("copy the old store's other folders into" in restored) is not with_data
    if with_data:
        assert tilth("data", "cat", "file.txt", "--id", "P/n", home=other) == "hello"
        assert "nothing wrong" in tilth("data", "verify", "--id", "P/n", home=other)


def test_misuse_is_told_in_one_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert tilth("backup", str(tmp_path / "kept.tar"), home=home, status=3).startswith(f"error: {home} holds nothing of Tilth; ")
    assert tilth("restore", str(tmp_path / "none.tar"), home=home, status=3).count("\n") == 1
    (tmp_path / "text").write_text("no tar")
    assert "is no backup of Tilth" in tilth("restore", str(tmp_path / "text"), home=home, status=2)
    assert "postgresql://" in tilth("restore", str(tmp_path / "text"), "--database", "mysql://x", home=home, status=2)
    assert not home.exists()
