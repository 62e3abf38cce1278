"""A catalog in a folder of its own, and one in PostgreSQL where that is installed."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tilth.base.ids import new_id
from tilth.testing.catalogs import CatalogBench
from tilth.testing.postgres import INSTALLED, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL for the tests of this process."""
    if not INSTALLED:
        pytest.skip("PostgreSQL 15 is not installed")
    with running_postgres() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CatalogBench]:
    database = None
    if request.param == "postgres":
        module = import_module("tilth.server.db.postgres")
        database = module.PostgresDatabase(request.getfixturevalue("postgres"), schema=f"test_{new_id()}")
    bench = CatalogBench(tmp_path, database)
    yield bench
    bench.close()
