"""The official command with a server whose files lie in a bucket: it is sent there, and comes back with the bytes."""

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compat.conftest import User
from tilth.base.ids import new_id
from tilth.testing.radosgw import S3Server
from tilth.testing.servers import RunningServer, running_server

CONTENT = random.Random(2).randbytes(3_000_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, s3: S3Server) -> Iterator[RunningServer]:
    """A server that the fixtures of this folder give to `somebody`."""
    home = tmp_path_factory.mktemp("server") / "home"
    with running_server(home, "--storage", f"s3://{s3.make_bucket(f'b-{new_id()}')}", **s3.environment()) as found:
        yield found


def sent_on(server: RunningServer) -> int:
    """How many requests for files were answered with another address."""
    lines = server.request("GET", "/metrics").data.decode()
    found = re.search(r'tilth_requests_total\{call="files.get",status="302"\} (\d+)', lines)
    return int(found.group(1)) if found else 0


def test_a_dataset_is_uploaded_through_the_server_and_comes_from_the_bucket(somebody: User, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "large.bin").write_bytes(CONTENT)
    said = somebody.run("clearml-data", "create", "--project", "bucket", "--name", "set")
    id = re.findall(r"id=([0-9a-f]{32})", said)[0]
    somebody.run("clearml-data", "add", "--id", id, "--files", str(tmp_path / "data"))
    somebody.run("clearml-data", "close", "--id", id)
    before = sent_on(somebody.server)
    somebody.run("clearml-data", "get", "--id", id, "--copy", str(tmp_path / "got"), CLEARML_CACHE_DIR=str(tmp_path / "other-cache"))
    assert (tmp_path / "got" / "large.bin").read_bytes() == CONTENT
    assert sent_on(somebody.server) > before


def test_a_version_that_was_taken_in_is_read_from_the_bucket(somebody: User, tmp_path: Path) -> None:
    id = somebody.play("datasets")["ids"][0]
    for _ in range(1_800):
        if somebody.server.ask("versions.get", id=id)[0] == 200:
            break
        time.sleep(0.1)
    assert somebody.server.request("GET", f"/contents/{id}/a.txt").data == b"a"
