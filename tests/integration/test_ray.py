"""A folder taken in by a real Ray cluster of several processes, one of which is killed in the middle."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.docs.guide import Page, blocks_of
from tests.integration.ray_nodes import PROGRAMS, Node, variables
from tilth.base.ids import new_id
from tilth.testing import forking
from tilth.testing.radosgw import S3Server
from tilth.testing.repositories import write_files
from tilth.testing.servers import free_port

ROOT = Path(__file__).parents[2]
FILES = {f"d{number % 11:02}/{number:05}.bin": number.to_bytes(4) * (200 + number % 300) for number in range(1_400)}
LARGE = {"large.bin": os.urandom(9 << 20)}
pytestmark = pytest.mark.skipif(not (PROGRAMS / "ray").exists(), reason="no Ray is installed: `make frameworks-light` does it")


class Cluster:
    """A Ray cluster whose processes have keys of their own, and of which the first to have read 300 files is killed."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.killed = folder / "killed"
        self.port, self.client_port, agent_port = map(free_port, range(3))
        crash = {"TILTH_CRASH_AT": "range.after-file:300", "TILTH_CRASH_ONCE": str(self.killed)}
        at = [f"--port={self.port}", f"--ray-client-server-port={self.client_port}", f"--dashboard-agent-listen-port={agent_port}"]
        at += ["--include-dashboard=false", f"--temp-dir={folder}"]
        self._node = Node(folder, "node", {**environment, **crash}, "--head", *at, processors=2)

    def stop(self) -> None:
        self._node.stop()


@pytest.fixture(scope="module")
def cluster(s3: S3Server) -> Iterator[Cluster]:
    # Sockets lie in it, whose names may not be long.
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    home = folder / "home"
    home.mkdir()
    found = Cluster(folder, variables(home, **{name: str(value) for name, value in s3.environment().items()}))
    yield found
    found.stop()
    shutil.rmtree(folder, ignore_errors=True)


def tilth(*words: str, environment: Mapping[str, str]) -> Any:
    """What a command tells. Only those that a cluster works for need Ray beside them."""
    asked = ["data", *words, "--json"]
    if "--engine" in words:
        ran = subprocess.run([str(PROGRAMS / "tilth"), *asked], env=environment, capture_output=True, text=True, timeout=600, check=False)
    else:
        ran = forking.run(["-m", "tilth.cli.main", *asked], env=environment, timeout=600)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_cluster_makes_the_same_version_though_one_of_its_processes_is_killed(cluster: Cluster, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "source", FILES | LARGE)
    one, other = variables(tmp_path / "one"), variables(tmp_path / "other")
    address = f"ray://127.0.0.1:{cluster.client_port}"
    spread = tilth("sync", "--folder", folder, "--project", "p", "--name", "n", "--engine", address, environment=one)
    assert spread["added"] == len(FILES) + 1
    assert cluster.killed.exists()
    tilth("sync", "--folder", folder, "--project", "p", "--name", "n", environment=other)
    listed = [tilth("list", "--id", "p/n", environment=environment)["files"] for environment in (one, other)]
    assert listed[0] == listed[1]
    tilth("verify", "--id", "p/n", environment=one)
    tilth("gc", "--yes", environment=one)
    tilth("verify", "--id", "p/n", environment=one)


def test_a_cluster_fills_a_bucket_with_its_own_keys_and_stores_nothing_twice(cluster: Cluster, s3: S3Server, tmp_path: Path) -> None:
    bucket = s3.make_bucket(f"ray-{new_id()}")
    keys = {name: str(value) for name, value in s3.environment().items()}
    environment = variables(tmp_path, RAY_ADDRESS=f"127.0.0.1:{cluster.port}", **keys)
    folder = write_files(tmp_path / "source", FILES)
    named = ("--project", "p", "--name", "n", "--engine", "ray")
    first = tilth("sync", "--folder", folder, "--storage", f"s3://{bucket}/data", *named, environment=environment)
    assert first["stored_bytes"] > 0
    write_files(tmp_path / "source", FILES | {"more/copy": FILES["d00/00000.bin"], "more/new": b"new"})
    again = tilth("sync", "--folder", folder, "--parents", first["id"], *named, environment=environment)
    assert (again["added"], again["removed"]) == (2, 0)
    assert again["stored_bytes"] < 300
    tilth("verify", "--id", again["id"], environment=environment)


def test_a_cluster_stores_what_links_into_a_bucket_mean(cluster: Cluster, s3: S3Server, tmp_path: Path) -> None:
    bucket = s3.make_bucket(f"ray-{new_id()}")
    wanted = {f"raw/{number:02}.bin": os.urandom(2_000) for number in range(40)}
    for key, data in wanted.items():
        s3.request("PUT", f"/{bucket}/{key}", data)
    keys = {name: str(value) for name, value in s3.environment().items()}
    environment = variables(tmp_path, RAY_ADDRESS=f"127.0.0.1:{cluster.port}", **keys)
    id = tilth("sync", "--links", f"s3://{bucket}/raw/", "--project", "p", "--name", "n", "--skip-close", environment=environment)["id"]
    imported = tilth("import", "--id", id, "--engine", "ray", environment=environment)
    assert imported["imported"] == len(wanted)
    assert imported["stored_bytes"] > 40 * 2_000
    for key in wanted:
        s3.request("DELETE", f"/{bucket}/{key}")
    tilth("close", "--id", id, environment=environment)
    got = tmp_path / "got"
    tilth("get", "--id", id, "--copy", str(got), environment=environment)
    assert {f"raw/{path.name}": path.read_bytes() for path in got.rglob("*.bin")} == wanted


def test_the_page_about_it_is_true(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{cluster.port}")  # by itself, Ray finds any on this machine, also what others test
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    with Page(home, folder, python=str(PROGRAMS / "python")) as page:
        for block in blocks_of((ROOT / "docs" / "scale.md").read_text()):
            page.run(block)
