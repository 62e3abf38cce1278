"""What becomes of an object that is kept: a file that others can read, and a glance at it."""

import gzip
import json
import threading
import zipfile
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tilth.base.errors import FormatUnsupported, Invalid, PathNotFound, TilthError
from tilth.sdk.packing import MOST_PREVIEW_BYTES, Packed, pack


@pytest.fixture
def packed(tmp_path: Path) -> Callable[..., Packed]:
    return lambda given, name="a", **how: pack(name, given, folder=tmp_path / "scratch", **how)


def test_a_dictionary_is_json_as_the_protocol_has_it(packed: Callable[..., Packed]) -> None:
    made = packed({"x": 1})
    content = b'{\n    "x": 1\n}'
    assert made == Packed(
        path=made.path,
        key="a",
        type="dict",
        preview=content.decode(),
        content_type="application/json",
        size=14,
        sha256=sha256(content).hexdigest(),
        is_temporary=True,
    )
    assert made.path.read_bytes() == content
    assert made.path.name == "a.json"
    assert made.document("u", timestamp=7, metadata={"k": 1}) == {
        "key": "a",
        "type": "dict",
        "mode": "output",
        "uri": "u",
        "content_size": 14,
        "hash": made.sha256,
        "timestamp": 7,
        "type_data": {"preview": content.decode(), "content_type": "application/json"},
        "display_data": [["k", "1"]],
    }


@pytest.mark.parametrize(
    ("given", "how", "kind", "name", "content_type"),
    [
        ([1, "b"], {}, "JSON", "a.json", "application/json"),
        ({"b": [1]}, {"extension_name": "yaml"}, "dict", "a.yaml", "application/yaml"),
        ("some text\nof two lines", {}, "string", "a.txt", "text/plain"),
        ("# title", {"extension_name": ".md"}, "string", "a.md", "text/markdown"),
        (pd.DataFrame({"n": [1, 2]}), {}, "pandas", "a.csv.gz", "text/csv"),
        (pd.DataFrame({"n": [1, 2]}), {"extension_name": ".parquet"}, "pandas", "a.parquet", "application/parquet"),
        (pd.DataFrame({"n": [1, 2]}), {"extension_name": ".feather"}, "pandas", "a.feather", "application/feather"),
        (pd.DataFrame({"n": [1, 2]}), {"extension_name": ".pickle"}, "pandas", "a.pickle", "application/pickle"),
        (np.zeros((2, 3)), {}, "numpy", "a.npz", "application/numpy"),
        (np.zeros((2, 3)), {"extension_name": ".csv.gz"}, "numpy", "a.csv.gz", "text/csv"),
        (Image.new("RGB", (4, 2)), {}, "image", "a.png", "image/png"),
        (Image.new("RGB", (4, 2)), {"extension_name": "jpg"}, "image", "a.jpg", "image/jpeg"),
        ((1, 2), {}, "pickle", "a.pkl", "application/pickle"),
        ({1: "x"}, {}, "pickle", "a.pkl", "application/pickle"),
        ({"t": (1, 2)}, {}, "pickle", "a.pkl", "application/pickle"),
        ({"d": datetime(2024, 1, 1)}, {}, "pickle", "a.pkl", "application/pickle"),  # noqa: DTZ001 - any will do
        (np.array([None, {}]), {}, "pickle", "a.pkl", "application/pickle"),
        (b"bytes", {}, "pickle", "a.pkl", "application/pickle"),
        (3.5, {}, "pickle", "a.pkl", "application/pickle"),
        (3.5, {"serialization_function": lambda value: str(value).encode()}, "custom", "a", "application/octet-stream"),
        (3.5, {"serialization_function": lambda value: b"3", "extension_name": ".txt"}, "custom", "a.txt", "text/plain"),
    ],
)
def test_each_kind_has_its_form(
    packed: Callable[..., Packed], given: Any, how: dict[str, Any], kind: str, name: str, content_type: str
) -> None:
    made = packed(given, **how)
    assert (made.type, made.path.name, made.content_type, made.is_temporary) == (kind, name, content_type, True)
    assert made.sha256 == sha256(made.path.read_bytes()).hexdigest()
    again = packed(given, **how)
    if kind != "pickle":
        assert again.sha256 == made.sha256, "the same object makes the same file"


def test_an_array_lies_under_its_name_whatever_that_is(packed: Callable[..., Packed]) -> None:
    for name in ("a", "file", "allow_pickle", "with space/and slash", "ü"):
        made = packed(np.arange(3), name=name)
        assert np.load(made.path)[name].tolist() == [0, 1, 2]
    assert packed(np.zeros((2, 3), dtype="int8")).preview.startswith("2 x 3, int8\n")
    assert np.load(packed(np.full((), 2.0)).path)["a"] == 2


def test_a_table_is_read_as_the_official_client_reads_it(packed: Callable[..., Packed]) -> None:
    table = pd.DataFrame({"n": range(100), "s": "x"}, index=[f"r{i}" for i in range(100)])
    made = packed(table)
    assert pd.read_csv(made.path, index_col=[0]).equals(table)
    assert made.preview.startswith("100 rows x 2 columns\n")
    assert "r19" in made.preview
    assert "r20" not in made.preview
    assert gzip.decompress(made.path.read_bytes()).startswith(b",n,s\nr0,0,x\n")


def test_a_file_is_kept_as_it_is(packed: Callable[..., Packed], tmp_path: Path) -> None:
    source = tmp_path / "run.py"
    source.write_text("print()")
    for given in (source, str(source)):
        made = packed(given)
        assert (made.path, made.type, made.content_type, made.is_temporary) == (source, "custom", "text/x-python", False)
        assert made.preview == "run.py - 7 B\n"
    assert list((tmp_path / "scratch").iterdir()) == [], "nothing is left behind"


def test_a_folder_is_one_archive_that_is_the_same_each_time(packed: Callable[..., Packed], tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for name in ("b/c.txt", "a.txt", "b/a.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    made = packed(folder)
    assert (made.type, made.path.name, made.content_type) == ("archive", "data.zip", "application/zip")
    assert zipfile.ZipFile(made.path).namelist() == ["a.txt", "b/a.txt", "b/c.txt"]
    assert made.preview == "a.txt - 5 B\nb/a.txt - 7 B\nb/c.txt - 7 B\n"
    (folder / "a.txt").touch()
    assert packed(str(folder)).sha256 == made.sha256


@pytest.mark.parametrize(("pattern", "names"), [("*.txt", ["a.txt"]), ("**/*.txt", ["a.txt", "b/c.txt"]), ("b/?.txt", ["c.txt"])])
def test_a_pattern_is_an_archive_of_what_it_means(packed: Callable[..., Packed], tmp_path: Path, pattern: str, names: list[str]) -> None:
    for name in ("b/c.txt", "a.txt", "b/a.bin"):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text(name)
    for given in (tmp_path / "data" / pattern, str(tmp_path / "data" / pattern)):
        made = packed(given)
        assert (zipfile.ZipFile(made.path).namelist(), made.path.name) == (names, "a.zip")


def test_text_that_looks_like_a_path_of_nothing_is_text(packed: Callable[..., Packed]) -> None:
    for text in ("/no/such/file", "is it? *yes*", "x" * 3000, "a\nb", ""):
        assert packed(text).type == "string"


@pytest.mark.parametrize(
    ("given", "how", "error", "said"),
    [
        (None, {}, Invalid, "there is nothing to keep"),
        (Path("/no/such/file"), {}, PathNotFound, "/no/such/file does not exist"),
        (Path("/no/such/*"), {}, PathNotFound, "holds no file"),
        (threading.Lock(), {}, Invalid, r"_thread\.lock can't be pickled"),
        (lambda: None, {}, Invalid, "function can't be pickled"),
        (3.5, {"auto_pickle": False}, Invalid, "float would have to be pickled"),
        ({1: 2}, {"auto_pickle": False}, Invalid, "can't be kept as JSON: keys that are no text"),
        ({"a": object()}, {"extension_name": ".json"}, Invalid, "can't be kept as JSON: Object of type object"),
        (pd.DataFrame({"n": [1]}), {"extension_name": ".xlsx"}, Invalid, r"can't be kept as \.xlsx; extension_name can be \.csv\.gz"),
        (pd.DataFrame({"n": [object()]}), {"extension_name": ".parquet"}, Invalid, "the table can't be kept"),
        (np.zeros((2, 2, 2)), {"extension_name": ".csv"}, Invalid, "3 dimensions"),
        (Image.new("CMYK", (1, 1)), {}, Invalid, r"mode CMYK can't be kept as \.png"),
        (Image.new("RGB", (1, 1)), {"extension_name": "nonsense"}, Invalid, "can't be kept as .nonsense"),
        ("\ud800", {}, Invalid, "no text in UTF-8"),
        ("text", {"extension_name": "../x"}, Invalid, "extension_name"),
        (1, {"serialization_function": str}, Invalid, "serialization_function returned str"),
        (1, {"name": ""}, Invalid, "can't be the name of an artifact"),
        (1, {"name": "a\nb"}, Invalid, "can't be the name of an artifact"),
        (1, {"name": "x" * 1001}, Invalid, "can't be the name of an artifact"),
        (1, {"name": "\ud800"}, Invalid, "can't be the name of an artifact"),
        (1, {"name": None}, Invalid, "can't be the name of an artifact"),
    ],
)
def test_what_can_not_be_kept_is_refused(
    packed: Callable[..., Packed], tmp_path: Path, given: Any, how: dict[str, Any], error: type[TilthError], said: str
) -> None:
    with pytest.raises(error, match=said):
        packed(given, **how)
    scratch = tmp_path / "scratch"
    assert not scratch.exists() or list(scratch.iterdir()) == [], "nothing is left behind"


def test_yaml_needs_its_library(packed: Callable[..., Packed], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    with pytest.raises(FormatUnsupported, match="install pyyaml"):
        packed({"a": 1}, extension_name=".yaml")


def test_an_empty_folder_is_refused(packed: Callable[..., Packed], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PathNotFound, match="holds no file"):
        packed(tmp_path / "empty")


def test_previews_are_short_and_can_be_said(packed: Callable[..., Packed]) -> None:
    long = packed({"x": ["ü" * 100] * 1000})
    assert len(long.preview.encode()) <= MOST_PREVIEW_BYTES
    assert long.preview.endswith("…")
    assert packed({"x": 1}, preview="said").preview == "said"
    assert packed({"x": 1}, preview=False).preview == ""
    assert packed({"x": 1}, preview=True).preview == json.dumps({"x": 1}, indent=4)


def test_an_object_that_can_not_be_shown_is_kept(packed: Callable[..., Packed]) -> None:
    assert packed(Shy()).preview == "<Shy>"


def test_names_of_files_are_ones_that_servers_take(packed: Callable[..., Packed]) -> None:
    assert packed(1, name="a/b: c?").place == "artifacts/a_b_ c_/a_b_ c_.pkl"
    assert packed(1, name="..").place == "artifacts/_/_.pkl"
    long = packed(1, name="ü" * 900)
    assert len(long.path.name.encode()) < 200
    assert long.key == "ü" * 900


class Shy:
    def __repr__(self) -> str:
        raise RuntimeError("no")
