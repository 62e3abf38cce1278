"""What holds for every test: its tier, a home of its own, and how hard Hypothesis tries."""

import os
import shutil
import threading
from collections import deque
from collections.abc import Generator, Iterator
from importlib import import_module
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tilth.base.ids import new_id
from tilth.server.db.engine import Database
from tilth.testing import azurite, radosgw
from tilth.testing.azurite import AzureServer, running_azurite
from tilth.testing.google_store import GoogleStore, running_google_store
from tilth.testing.postgres import INSTALLED, running_postgres
from tilth.testing.radosgw import S3Server, running_radosgw

TESTS = Path(__file__).parent
HOMES = count()
KEPT = 20  # tests after one that passed until its folders are removed: what it left running has ended by then
SETTINGS = (
    *("TILTH_API_", "TILTH_SERVER_", "TILTH_TASK_ID", "TILTH_MASTER", "TILTH_OFFLINE", "TILTH_EXIT_WAIT", "TILTH_CACHE", "TILTH_AUTHOR"),
    *(
        "TILTH_STORAGE",
        "TILTH_CHUNK_CACHE",
        "TILTH_RECORD_UNTRACKED",
        "TILTH_OUTBOX_LIMIT",
        "TILTH_PREVIEW",
        "CLEARML_",
        "AWS_",
        "AZURE_",
        "GOOGLE_",
        "STORAGE_EMULATOR_HOST",
    ),
)

# No deadline: on a busy machine a slow example says nothing about the code.
settings.register_profile("tilth", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tilth")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the tier whose folder it lies in."""
    for item in items:
        if item.path.is_relative_to(TESTS):
            item.add_marker(item.path.relative_to(TESTS).parts[0])


_HOME = pytest.StashKey[Path]()
_FAILED = pytest.StashKey[bool]()
_of_passed: deque[list[Path]] = deque()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remove the folders of tests that passed a while ago: all of a run would take gigabytes. Those of failed ones stay to be looked at."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    if call.when == "teardown" and _FAILED not in item.stash:
        folders = getattr(item, "funcargs", {}).get("tmp_path"), item.stash.get(_HOME, None)
        _of_passed.append([folder for folder in folders if folder is not None])
        if len(_of_passed) > KEPT:
            for folder in _of_passed.popleft():
                shutil.rmtree(folder, ignore_errors=True)
    return report


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Keep every test, and the processes it starts, away from the home and cache of whoever runs it."""
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        monkeypatch.delenv(name)
    home = request.node.stash[_HOME] = tmp_path_factory.getbasetemp() / f"home-{next(HOMES)}"
    monkeypatch.setenv("TILTH_HOME", str(home))
    monkeypatch.setenv("CLEARML_CONFIG_FILE", str(home / "no-clearml.conf"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "no-aws-credentials"))


@pytest.fixture(autouse=True)
def ended_previews() -> Iterator[None]:
    """Keep the next test from the threads that make previews of what this one made final: it may count what is read, or replace it."""
    yield
    for thread in threading.enumerate():
        if thread.name == "tilth-preview":
            thread.join(60)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL for the tests of this process."""
    if not INSTALLED:
        pytest.skip("PostgreSQL 15 is not installed: `make services` does it")
    with running_postgres() as address:
        yield address


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """An S3 server for the tests of this process."""
    if not radosgw.INSTALLED:
        pytest.skip("Ceph's gateway is not installed: `make services` does it")
    with running_radosgw() as server:
        yield server


@pytest.fixture(scope="session")
def google(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoogleStore]:
    """A store of Google's for the tests of this process."""
    with running_google_store(s3, tmp_path_factory.mktemp("google")) as server:
        yield server


@pytest.fixture(scope="session")
def azure() -> Iterator[AzureServer]:
    """An Azure blob store for the tests of this process."""
    if not azurite.INSTALLED:
        pytest.skip("Azurite is not installed: `make services` does it")
    with running_azurite() as server:
        yield server


@pytest.fixture
def postgres_database(postgres: str) -> Iterator[Database]:
    """A database in PostgreSQL in which nothing is."""
    database: Database = import_module("tilth.server.db.postgres").PostgresDatabase(postgres, schema=f"test_{new_id()}")
    yield database
    database.close()
