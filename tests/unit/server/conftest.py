"""A catalog in a folder of its own, and one in PostgreSQL where that is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tilth.testing.catalogs import CatalogBench


@pytest.fixture(params=["sqlite", "postgres"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CatalogBench]:
    bench = CatalogBench(tmp_path, request.getfixturevalue("postgres_database") if request.param == "postgres" else None)
    yield bench
    bench.close()
