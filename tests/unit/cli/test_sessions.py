"""Versions that were made offline, brought in by a command."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tilth import Dataset
from tilth.sdk.offline_mode import _offline

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Terminal


@pytest.fixture
def session(tilth: "Terminal") -> Iterator[tuple[str, str]]:
    """The folder of a session with a final version, and one that is not, and the id of the last."""
    folder = tilth.files({"wren.txt": b"wren"}, "birds")
    Dataset.set_offline(True)
    first = Dataset.create("birds", "Team")
    first.add_files(folder)
    first.finalize(auto_upload=True)
    second = Dataset.create(parent_datasets=[first])
    second.add_files(tilth.files({"heron.txt": b"heron"}, "more"))
    place = second.get_offline_mode_folder()
    second.get_logger()  # what is reported of it is written by then
    Dataset.set_offline(False)
    yield str(place), second.id
    _offline.clear()


def test_a_session_is_imported_from_its_folder_or_a_zip_and_again(tilth: "Terminal", session: tuple[str, str]) -> None:
    place, id = session
    answer = tilth("import-session", shutil.make_archive("session", "zip", place))
    assert answer.text == f"Team/birds 1.0.1 (uploading) is here\nid={id}\n"
    assert [entry["name"] for entry in tilth.json("ls")["entries"]] == ["heron.txt", "wren.txt"]  # it is the last one
    answer = tilth("import-session", place, "--finalize")
    assert answer.text == f"Team/birds 1.0.1 (final) is here: 2 files, 9 B\nid={id}\n"
    assert tilth.json("import-session", place)["files"] == 2
    assert len(tilth.json("search", "birds")["versions"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "is missing; `tilth data import-session --help`"),
        (["none"], "none does not exist"),
        (["birds"], "birds holds no datasets that were made offline"),
        (["birds/wren.txt"], "wren.txt"),
        (["."], "holds no datasets that were made offline"),
    ],
)
def test_what_is_no_session_is_named(tilth: "Terminal", words: list[str], said: str) -> None:
    tilth.files({"wren.txt": b"wren"}, "birds")
    answer = tilth("import-session", *words, status=2)
    assert said in answer.err
    assert answer.err.startswith("error: ")
