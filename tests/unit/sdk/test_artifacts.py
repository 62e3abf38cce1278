"""Artifacts come back as what they were, from a home without a server and from a server."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from PIL import Image

from tilth.base.errors import Corrupt, Denied, Invalid, NotFound
from tilth.sdk.artifacts import Artifact, artifacts_of, is_link, link_document, pack
from tilth.sdk.home import Home
from tilth.wire.own_files import address_of


def kept(home: Home, given: Any, name: str = "a", **how: Any) -> Artifact:
    """An artifact as a task would keep it."""
    made = pack(name, given, folder=home.folder / "scratch", **how)
    home.files.put(f"task/{made.place}", made.path)
    return Artifact(home, made.document(address_of(f"task/{made.place}"), timestamp=int(time.time())))


@pytest.mark.parametrize(
    "given",
    [{"x": [1, None, "ü"]}, [1, 2], "text\r\nof lines\n", (1, {2: 3}), {1: 2}, b"bytes", 3.5, {"when": {1, 2}}],
    ids=repr,
)
def test_objects_come_back_equal(home: Home, given: Any) -> None:
    found = kept(home, given).get()
    assert (type(found), found) == (type(given), given)


@pytest.mark.parametrize("how", [{}, {"extension_name": ".yaml"}])
def test_yaml_and_json_come_back(own: Home, how: dict[str, str]) -> None:
    assert kept(own, {"x": [1, 2.5, "ü"]}, **how).get() == {"x": [1, 2.5, "ü"]}


def test_arrays_tables_and_pictures_come_back(home: Home) -> None:
    array = np.arange(6, dtype="float32").reshape(2, 3)
    for extension in (None, ".csv.gz"):
        assert kept(home, array, name="array", extension_name=extension).get().tolist() == array.tolist()
    table = pd.DataFrame({"n": [1, 2], "s": ["a", "b"]}, index=["x", "y"])
    for extension in (None, ".csv", ".parquet", ".feather", ".pkl"):
        given = table.reset_index(drop=True) if extension == ".feather" else table
        assert kept(home, given, extension_name=extension).get().equals(given)
    picture = Image.effect_noise((8, 8), 50)
    assert kept(home, picture).get().tobytes() == picture.tobytes()


def test_a_table_comes_back_with_its_types_or_else_as_a_plain_one(home: Home) -> None:
    times = pd.to_datetime(["2020-01-01", "2020-06-01"]).tz_localize("Europe/Berlin")
    table = pd.DataFrame({"id": ["007", "NA"], "when": times, "kind": pd.Categorical(["a", "b"]), "n": np.array([1, 2], "int8")})
    found = kept(home, table)
    assert_frame_equal(found.get(), table)
    spoilt = {**found._document, "type_data": {"content_type": "text/csv", "table": {"version": 9, "columns": []}}}
    for document in (spoilt, {**spoilt, "type_data": {"content_type": "text/csv"}}):
        assert Artifact(home, document).get()["n"].dtype == "int64"


def test_files_and_folders_come_back_as_paths(home: Home, tmp_path: Path) -> None:
    (tmp_path / "data/sub").mkdir(parents=True)
    (tmp_path / "data/a.txt").write_text("a")
    (tmp_path / "data/sub/b.txt").write_text("b")
    file = kept(home, tmp_path / "data/a.txt")
    assert file.get().read_text() == "a"
    assert file.get().name == "a.txt"
    folder = kept(home, tmp_path / "data")
    assert sorted(path.relative_to(folder.get()).as_posix() for path in folder.get().rglob("*.txt")) == ["a.txt", "sub/b.txt"]
    assert str(folder.get_local_copy(extract_archive=False)).endswith("data.zip")
    assert folder.get_local_copy() == str(folder.get())


def test_what_is_said_of_it(own: Home) -> None:
    document = {
        "key": "a",
        "type": "dict",
        "uri": "tilth://files/x",
        "content_size": 3,
        "hash": "h",
        "timestamp": 7,
        "type_data": {"preview": "p"},
        "display_data": [["rows", "3"]],
    }
    found = Artifact(own, document)
    assert (found.name, found.url, found.type, found.size, found.hash) == ("a", "tilth://files/x", "dict", 3, "h")
    assert (found.mode, found.metadata, found.preview, found.timestamp.timestamp()) == ("output", {"rows": "3"}, "p", 7)
    bare = Artifact(own, {"key": "b", "type_data": None, "display_data": None})
    assert (bare.url, bare.type, bare.size, bare.metadata, bare.preview) == ("", "custom", 0, {}, None)
    with pytest.raises(Invalid, match="artifact b has no file"):
        bare.get()


def test_outputs_stand_over_inputs_of_the_same_name(own: Home) -> None:
    task = {"execution": {"artifacts": [{"key": "a", "uri": "o"}, {"key": "a", "mode": "input", "uri": "i"}, {"key": "b"}]}}
    found = artifacts_of(task, own)
    assert (sorted(found), found["a"].url) == (["a", "b"], "o")
    assert dict(artifacts_of({}, own)) == {}


def test_a_file_that_was_replaced_is_not_taken_for_it(own: Home, tmp_path: Path) -> None:
    first = kept(own, {"x": 1})
    kept(own, {"x": 2})
    with pytest.raises(Corrupt, match="does not hold what was recorded"):
        first.get()


def test_a_copy_is_not_asked_for_again(own: Home) -> None:
    artifact = kept(own, {"x": 1})
    assert artifact.get() == {"x": 1}
    own.files.delete("task")
    assert Artifact(own, artifact._document).get() == {"x": 1}
    with pytest.raises(NotFound):
        artifact.get(force_download=True)
    assert artifact.get_local_copy(force_download=True, raise_on_error=False) is None


def test_what_can_not_be_read_is_a_file(own: Home, capfd: pytest.CaptureFixture[str]) -> None:
    artifact = kept(own, "no json")
    broken = Artifact(own, {**artifact._document, "type": "dict"})
    assert broken.get().read_text() == "no json"
    assert "can't be read as dict" in capfd.readouterr().err


def test_one_may_read_it_oneself(own: Home) -> None:
    artifact = kept(own, np.arange(3), serialization_function=lambda array: array.tobytes())
    assert artifact.get(deserialization_function=lambda content: np.frombuffer(content, dtype=int)).tolist() == [0, 1, 2]


def test_links_are_addresses_and_nothing_else(own: Home) -> None:
    assert [is_link(text) for text in ("s3://b/k", "https://h/x", "tilth://files/a", "http://h/a b")] == [True] * 4
    assert [is_link(text) for text in ("s3://", "see http://h", "tilth://x", "file.txt", "http://h\nand more", 3)] == [False] * 6
    document = link_document("a", "https://h/x", timestamp=7, metadata={"k": 1})
    assert document == {
        "key": "a",
        "type": "custom",
        "mode": "output",
        "uri": "https://h/x",
        "timestamp": 7,
        "type_data": {"preview": "https://h/x"},
        "display_data": [["k", "1"]],
    }


def test_pickles_may_be_refused_and_files_are_compared_with_what_was_kept(own: Home, tmp_path: Path) -> None:
    pickled, table = kept(own, {1, 2}), kept(own, pd.DataFrame({"n": [1]}), name="table", extension_name=".pkl")
    for artifact in (pickled, table):
        with pytest.raises(Denied, match="is a pickle, which runs code"):
            artifact.get(block_unsafe_artifacts=True)
    assert kept(own, {"a": 1}, name="plain").get(block_unsafe_artifacts=True) == {"a": 1}
    copy = pickled.get_local_copy()
    assert copy is not None
    pickled.verify_pickle_file_integrity(copy)
    (tmp_path / "other").write_bytes(Path(copy).read_bytes() + b"!")
    with pytest.raises(Corrupt, match="is not what artifact a was"):
        pickled.verify_pickle_file_integrity(tmp_path / "other")
