"""A repository in a folder, and a folder of files to put into it."""

from pathlib import Path

import pytest

from tilth.testing.repositories import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)
