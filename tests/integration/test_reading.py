"""Files are read where they are stored: in a bucket, and through a server; over a network that fails, and by many processes at once."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tilth import Dataset, _wiring
from tilth.base.ids import new_id
from tilth.config.settings import load_settings
from tilth.sdk._current import set_home
from tilth.sdk.home import Home
from tilth.testing.azurite import AzureServer
from tilth.testing.faults import Fault, fault_proxy
from tilth.testing.radosgw import S3Server
from tilth.testing.repositories import write_files
from tilth.testing.servers import running_server

LARGE = random.Random(8).randbytes(9_000_000)
FILES = {"large.bin": LARGE, "words.txt": b"many words " * 100_000} | {
    f"small/{n:03}": random.Random(n).randbytes(n * 97) for n in range(80)
}

READER = """
import json, random, sys
from tilth import Dataset
dataset, chance = Dataset.get(sys.argv[1]), random.Random(int(sys.argv[2]))
names = json.loads(sys.argv[3])
from hashlib import sha256
found = {}
for name in chance.sample(names, len(names)):
    with dataset.open(name) as file:
        found[name] = sha256(file.read()).hexdigest()
print(json.dumps(found, sort_keys=True))
"""


@pytest.fixture(params=["s3", "azure", "server", "server on a bucket"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    given = {"home": str(tmp_path / "home")}
    if request.param == "azure":
        azure: AzureServer = request.getfixturevalue("azure")
        environment, storage = azure.environment(), f"az://{azure.make_container(f'c-{new_id()}')}/deep"
    elif request.param != "server":
        s3: S3Server = request.getfixturevalue("s3")
        environment, storage = s3.environment(), f"s3://{s3.make_bucket(f'b-{new_id()}')}/deep"
    else:
        environment, storage = {}, ""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if request.param.startswith("server"):
        with running_server(tmp_path / "server", *(["--storage", storage] if storage else []), **environment) as server:
            api = {"api.server": server.credentials["api_server"], "api.token": server.token}
            monkeypatch.setenv("TILTH_API_SERVER", api["api.server"])
            monkeypatch.setenv("TILTH_API_TOKEN", api["api.token"])
            yield from opened(given | api)
    else:
        monkeypatch.setenv("TILTH_STORAGE", storage)
        yield from opened(given | {"storage.url": storage})


def opened(given: dict[str, str]) -> Iterator[Home]:
    found = _wiring._open(load_settings(given=given))
    set_home(found)
    yield found
    set_home(None)
    found.close()


def made(folder: Path) -> Dataset:
    dataset = Dataset.create(dataset_name=f"d-{new_id()}", dataset_project="Reading")
    dataset.add_files(write_files(folder / "source", FILES))
    dataset.upload(preview=False)
    dataset.finalize()
    return dataset


def test_every_file_reads_as_it_was_and_stays_in_the_cache(home: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    with dataset.open("large.bin") as file:
        for at in (8_000_000, 0, 4_000_000):
            file.seek(at)
            assert file.read(4096) == LARGE[at : at + 4096]
    for path, content in FILES.items():
        with dataset.open(path) as file:
            assert file.read() == content
    kept = sum(path.stat().st_size for path in (home.cache_folder / "chunks").glob("??/*"))
    assert kept == sum(map(len, FILES.values()))


def test_many_processes_read_through_one_small_cache(home: Home, tmp_path: Path) -> None:
    dataset = made(tmp_path)
    environment = os.environ | {"TILTH_HOME": str(home.folder), "TILTH_CHUNK_CACHE": "3 MB"}
    words = [sys.executable, "-c", READER, dataset.id]
    readers = [
        subprocess.Popen([*words, str(seed), json.dumps(sorted(FILES))], env=environment, stdout=subprocess.PIPE, text=True)
        for seed in range(4)
    ]
    said = {reader.communicate(timeout=300)[0] for reader in readers}
    assert len(said) == 1
    assert len(json.loads(said.pop())) == len(FILES)
    assert sum(path.stat().st_size for path in (home.cache_folder / "chunks").glob("??/*")) <= 3_000_000 + 4 * (4 << 20)


def test_a_network_that_cuts_and_answers_short_costs_no_byte(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = s3.make_bucket(f"b-{new_id()}")
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    with fault_proxy(s3.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        for _ in opened({"home": str(tmp_path / "home"), "storage.url": f"s3://{bucket}"}):
            dataset = made(tmp_path)
            faults = (Fault.CUT_ANSWER, 50_000), (Fault.LOSE_ANSWER, 0), (Fault.ERROR, 0), (Fault.SLOW_DOWN, 0)
            with dataset.open("large.bin") as file:
                file.read(1)
                for at, (fault, after_bytes) in zip((1, 4, 6, 8), faults, strict=True):
                    proxy.fail(fault, times=2, only=b"GET", after_bytes=after_bytes)
                    file.seek(at * 1_000_000 + 500_000)
                    assert file.read(1000) == LARGE[at * 1_000_000 + 500_000 :][:1000]
                    assert proxy.happened == 2, fault
