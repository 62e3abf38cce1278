"""What holds for every test: its tier, a home of its own, and how hard Hypothesis tries."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.leftovers import Leftovers
from tilth.base.ids import new_id
from tilth.server.db.engine import Database
from tilth.testing import azurite, radosgw
from tilth.testing.azurite import AzureServer, running_azurite
from tilth.testing.google_store import GoogleStore, running_google_store
from tilth.testing.postgres import INSTALLED, running_postgres
from tilth.testing.radosgw import S3Server, running_radosgw

TESTS = Path(__file__).parent
HOMES = count()
LEFTOVERS = Leftovers()
FAILED = pytest.StashKey[bool]()
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


def pytest_configure() -> None:
    """Let Ctrl-C mean to the processes of tests what it means to a user's: begun in the background of a script, they would ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the tier whose folder it lies in."""
    for item in items:
        if item.path.is_relative_to(TESTS):
            item.add_marker(item.path.relative_to(TESTS).parts[0])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep in mind which tests failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session", autouse=True)
def emptied_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What processes leave in the system's folder for temporary files is gone at the end, and what is large in those of passed tests.

    Browsers and the official clients leave something there also when they end well. The folder has a short name, for sockets in it.
    What Matplotlib finds out of the machine's fonts, which takes it seconds, lies there for all homes.
    """
    found = Path(tempfile.mkdtemp(prefix="tilth-tests-"))  # and where this process itself looks for that folder is settled by that
    found.chmod(0o711)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(found))
        patch.setenv("MPLCONFIGDIR", str(found / "matplotlib"))
        yield
    shutil.rmtree(found, ignore_errors=True)
    LEFTOVERS.remove_large(tmp_path_factory.getbasetemp())


@pytest.fixture(autouse=True)
def emptied_folder(request: pytest.FixtureRequest, emptied_folders: None) -> Iterator[None]:
    """What is large does not stay in the folder of a test that passed."""
    yield
    LEFTOVERS.sweep()
    given = request.node.funcargs or {}  # none any more where the run was interrupted
    folders = [path for name in ("tmp_path", "own_home") if isinstance(path := given.get(name), Path)]
    for folder in folders:
        (LEFTOVERS.keep if FAILED in request.node.stash else LEFTOVERS.add)(folder)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every test, and the processes it starts, away from the home and cache of whoever runs it."""
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / f"home-{next(HOMES)}"
    monkeypatch.setenv("TILTH_HOME", str(home))
    monkeypatch.setenv("CLEARML_CONFIG_FILE", str(home / "no-clearml.conf"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "no-aws-credentials"))
    return home


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
    schema = f"test_{new_id()}"
    database: Database = import_module("tilth.server.db.postgres").PostgresDatabase(postgres, schema=schema)
    yield database
    database.close()
    psycopg = import_module("psycopg")
    with psycopg.connect(postgres, autocommit=True) as raw, suppress(psycopg.Error):  # a thread that ends late may hold it
        raw.execute("SET lock_timeout = '1s'")
        raw.execute(f"DROP SCHEMA {schema} CASCADE")
