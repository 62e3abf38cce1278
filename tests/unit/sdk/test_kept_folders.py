"""Folders that hold what Tilth keeps itself: a version of one would hold all versions before it, and the keys of the home."""

from pathlib import Path

import pytest

from tilth import Dataset
from tilth.base.errors import Invalid
from tilth.sdk.home import Home
from tilth.sdk.syncing import SyncRequest, sync_folder
from tilth.sdk.taking import Watcher


@pytest.fixture
def around(own: Home, tmp_path: Path) -> Path:
    """The folder that the home lies in, with a file beside it."""
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "file").write_text("one")
    assert own.folder.parent == tmp_path
    return tmp_path


def test_a_folder_that_holds_the_home_is_refused(around: Path) -> None:
    made = Dataset.create("d", "p")
    for take in (made.add_files, made.sync_folder, made.add_external_files, made.sync_external_files):
        with pytest.raises(Invalid, match=r"holds .*/home, where Tilth keeps versions or what it knows of them; name a folder"):
            take(str(around))
    made.add_files(around / "beside")
    assert made.list_files() == ["file"]
    (around / "home" / "mine").write_text("mine")
    made.add_files(around / "home" / "mine")


def test_a_folder_that_holds_the_store_of_its_version_is_refused(around: Path) -> None:
    made = Dataset.create("d", "p", output_uri=str(around / "beside" / "store"))
    with pytest.raises(Invalid, match=r"holds .*/beside/store, where Tilth keeps"):
        made.add_files(around / "beside")
    other = Dataset.create("e", "p")
    other.add_files(around / "beside")
    assert "file" in other.list_files()


def test_a_refused_folder_begins_no_version(own: Home, around: Path) -> None:
    beside = str(around / "beside")
    asked = [
        SyncRequest(folder=str(around), project="p", name="d"),
        SyncRequest(links=str(around), project="p", name="d"),
        SyncRequest(folder=beside, storage=f"{beside}/store", project="p", name="d"),
    ]
    for one in asked:
        with pytest.raises(Invalid, match="where Tilth keeps"):
            sync_folder(own, one, Watcher(), close=True)
    assert Dataset.list_datasets() == []
