"""A catalog in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tilth.testing.catalogs import CatalogBench


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[CatalogBench]:
    bench = CatalogBench(tmp_path)
    yield bench
    bench.close()
