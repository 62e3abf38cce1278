"""A cluster of two nodes, one of which is lost in the middle; a command that is killed; processes that have no memory left."""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ray_nodes import PROGRAMS, Node, variables
from tests.integration.test_ray import tilth
from tilth.testing.repositories import write_files
from tilth.testing.servers import free_port

FILES = {f"d{number % 11:02}/{number:05}.bin": number.to_bytes(4) * (5 + number % 30) for number in range(2_400)}
STORED = "spread.after-journal:2"
pytestmark = pytest.mark.skipif(not (PROGRAMS / "ray").exists(), reason="no Ray is installed: `make frameworks-light` does it")

ENGINE = """
import json, os, signal, sys
from tilth.base.errors import TilthError
from tilth.datasets.ray_engine import RayEngine

def eats(_shared, job):
    raise MemoryError("cannot allocate")

def dies(_shared, job):
    os.kill(os.getpid(), signal.SIGKILL)

def works(shared, job):
    return [len(shared), job]

engine = RayEngine(sys.argv[1])
told = {}
for function in (eats, dies, works):
    name = engine.begin(function, engine.share(b"12345"), 7)
    while (ended := engine.wait(5.0)) is None:
        pass
    assert ended[0] == name
    told[function.__name__] = repr(ended[1])
try:
    engine.share(bytes(300_000_000))
except TilthError as error:
    told["share"] = f"{type(error).__name__} {error}"
engine.close()
print(json.dumps(told))
"""


class Cluster:
    """Two nodes. On the second one, the process that has read 300 files of a range first never gets further."""

    def __init__(self, folder: Path) -> None:
        self.hanging = folder / "hanging"
        home = folder / "home"
        home.mkdir()
        port, client_port, *agents = map(free_port, range(10, 14))
        self.address = f"ray://127.0.0.1:{client_port}"
        at = [f"--port={port}", f"--ray-client-server-port={client_port}", f"--temp-dir={folder}", "--include-dashboard=false"]
        # No disk is so empty: what does not fit into memory is refused.
        full = {"RAY_local_fs_capacity_threshold": "0.000001"}
        self.first = Node(folder, "first", variables(home, **full), "--head", *at, f"--dashboard-agent-listen-port={agents[0]}")
        hangs = {"TILTH_CRASH_AT": "range.after-file:300", "TILTH_CRASH_ONCE": str(self.hanging), "TILTH_CRASH_HANGS": "1"}
        join = [f"--address=127.0.0.1:{port}", f"--dashboard-agent-listen-port={agents[1]}"]
        self.second = Node(folder, "second", variables(home, **hangs), *join)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    # Sockets lie in it, whose names may not be long.
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    try:
        found = Cluster(folder)
        yield found
        found.second.stop()
        found.first.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_files(tmp_path_factory.mktemp("source"), FILES)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, source: str) -> Any:
    """The version that one process makes, with its listing."""
    environment = variables(tmp_path_factory.mktemp("alone"))
    made = tilth("sync", "--folder", source, "--project", "p", "--name", "n", environment=environment)
    return made | {"listed": tilth("list", "--id", "p/n", environment=environment)["files"]}


def check(home: Path, environment: Mapping[str, str], alone: Any) -> None:
    """The version is whole, nobody holds a claim any more, and what is left over goes without it."""
    assert tilth("list", "--id", "p/n", environment=environment)["files"] == alone["listed"]
    assert [path for path in (home / ".tilth" / "store" / "sessions").rglob("*") if path.is_file()] == []
    tilth("gc", "--yes", environment=environment)
    tilth("verify", "--id", "p/n", environment=environment)


def test_a_node_that_is_lost_in_the_middle_costs_its_ranges_only(cluster: Cluster, source: str, alone: Any, tmp_path: Path) -> None:
    environment = variables(tmp_path)
    words = ["data", "sync", "--folder", source, "--project", "p", "--name", "n", "--engine", cluster.address, "--json"]
    with subprocess.Popen([str(PROGRAMS / "tilth"), *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as syncing:
        while not cluster.hanging.exists() and syncing.poll() is None:
            time.sleep(0.1)
        cluster.second.kill()
        out, err = syncing.communicate(timeout=600)
    assert syncing.returncode == 0, err
    assert json.loads(out)["added"] == len(FILES)
    check(tmp_path, environment, alone)


def test_a_command_that_is_killed_goes_on_with_what_was_stored(cluster: Cluster, source: str, alone: Any, tmp_path: Path) -> None:
    environment = variables(tmp_path)
    words = ("--folder", source, "--project", "p", "--name", "n", "--engine", cluster.address)
    killed = {**environment, "TILTH_CRASH_AT": STORED}
    ran = subprocess.run([str(PROGRAMS / "tilth"), "data", "sync", *words], env=killed, capture_output=True, timeout=600, check=False)
    assert ran.returncode == 137, ran.stderr
    again = tilth("sync", *words, environment=environment)
    assert (again["version"], again["added"]) == ("1.0.0", len(FILES))
    assert 0 < again["stored_bytes"] < alone["stored_bytes"], "what was recorded is not done again"
    check(tmp_path, environment, alone)


def test_what_runs_out_of_memory_is_tried_elsewhere_and_what_can_not_be_shared_says_so(cluster: Cluster, tmp_path: Path) -> None:
    words = [str(PROGRAMS / "python"), "-c", ENGINE, cluster.address]
    ran = subprocess.run(words, env=variables(tmp_path), capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["eats"] == "Lost(why='its machine had no memory left for it')"
    assert told["dies"].startswith("Lost(why=")
    assert told["works"] == "[5, 7]"
    assert told["share"].startswith("Unavailable Ray has no room left for what its processes share")


def test_a_cluster_that_is_gone_ends_the_command_with_a_word_and_it_goes_on_without(source: str, alone: Any, tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    hanging, environment = folder / "hanging", variables(tmp_path)
    port, client_port, agent = map(free_port, range(14, 17))
    at = [f"--port={port}", f"--ray-client-server-port={client_port}", f"--temp-dir={folder}", "--include-dashboard=false"]
    hangs = {"TILTH_CRASH_AT": "range.after-file:300", "TILTH_CRASH_ONCE": str(hanging), "TILTH_CRASH_HANGS": "1"}
    only = Node(folder, "only", variables(tmp_path, **hangs), "--head", *at, f"--dashboard-agent-listen-port={agent}")
    words = ["--folder", source, "--project", "p", "--name", "n"]
    command = [str(PROGRAMS / "tilth"), "data", "sync", *words, "--engine", f"ray://127.0.0.1:{client_port}"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as syncing:
        while not hanging.exists() and syncing.poll() is None:
            time.sleep(0.1)
        only.kill()
        _, err = syncing.communicate(timeout=600)
    assert syncing.returncode == 7, err
    assert "error: the Ray cluster does not answer any more" in err
    assert err.endswith("; run the same command again; it goes on where it was\n")
    assert "Traceback" not in err
    again = tilth("sync", *words, environment=environment)
    assert (again["version"], again["added"] + again["unchanged"]) == ("1.0.0", len(FILES))
    check(tmp_path, environment, alone)
    shutil.rmtree(folder, ignore_errors=True)
