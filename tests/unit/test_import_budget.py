"""Importing Tilth stays cheap: what is loaded is written down, and a new line in the list is a decision."""

import importlib.metadata
from pathlib import Path

import pytest

import tilth
from tools.snapshots import SNAPSHOTS

FOLDER = Path(__file__).parents[1] / "snapshots"


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_the_surface_is_what_was_written_down(name: str) -> None:
    assert SNAPSHOTS[name]() == (FOLDER / name).read_text(), "if that is meant: `make snapshots`"


def test_the_version_is_that_of_the_distribution() -> None:
    assert tilth.__version__ == importlib.metadata.version("tilth")


def test_only_public_names_are_there() -> None:
    assert set(tilth.__all__) <= set(dir(tilth))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = tilth.nonsense  # type: ignore[attr-defined]
