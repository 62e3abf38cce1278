"""Files of versions as a browser asks for them: a folder as an archive, a picture made small, an upload that is sent again."""

import io
import json
import zipfile
from collections.abc import Iterator
from hashlib import sha256

import pytest
from PIL import Image

from tilth.testing.servers import RunningServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("contents") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    picture = io.BytesIO()
    Image.new("RGB", (1_200, 600), (200, 20, 20)).save(picture, format="PNG")
    return {
        "a/long name ä.txt": b"text" * 1_000,
        "a/deep/empty": b"",
        "ab.txt": b"beside",
        "large.png": picture.getvalue(),
        "broken.png": b"no picture",
        "drawn.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    }


@pytest.fixture(scope="module")
def version(server: RunningServer, files: dict[str, bytes]) -> str:
    id = str(server.call("contents.begin", name="files", project="Team")["version"]["id"])
    assert server.request("POST", f"/contents/{id}", fields={path: (path, data) for path, data in files.items()}).status == 200
    server.call("contents.finish", version=id)
    return id


@pytest.mark.parametrize("folder", ["", "a", "a/deep"])
def test_a_folder_comes_as_an_archive(server: RunningServer, version: str, files: dict[str, bytes], folder: str) -> None:
    answer = server.request("GET", f"/contents/{version}/{folder}?zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {path: data for path, data in files.items() if not folder or path.startswith(f"{folder}/")}
    assert int(answer.headers["content-length"]) == len(answer.data)
    assert "attachment" in answer.headers["content-disposition"]


def test_a_folder_that_is_not_there_is_no_archive(server: RunningServer, version: str) -> None:
    answer = server.request("GET", f"/contents/{version}/nothing?zip")
    assert (answer.status, "nothing" in answer.json()["msg"]) == (400, True)


def test_a_picture_is_made_small(server: RunningServer, version: str) -> None:
    answer = server.request("GET", f"/contents/{version}/large.png?thumbnail")
    with Image.open(io.BytesIO(answer.data)) as small:
        assert (answer.headers["content-type"], small.size) == ("image/jpeg", (480, 240))


@pytest.mark.parametrize("path", ["broken.png", "drawn.svg", "ab.txt"])
def test_what_is_no_picture_comes_as_it_is(server: RunningServer, version: str, files: dict[str, bytes], path: str) -> None:
    answer = server.request("GET", f"/contents/{version}/{path}?thumbnail")
    assert (answer.status, answer.data, answer.headers["x-content-type-options"]) == (200, files[path], "nosniff")


def test_a_version_that_is_not_final_is_no_archive(server: RunningServer) -> None:
    id = server.call("contents.begin", name="open", project="Team")["version"]["id"]
    assert server.request("GET", f"/contents/{id}/?zip").status >= 400


def test_files_that_are_sent_again_change_nothing(server: RunningServer) -> None:
    id = server.call("contents.begin", name="again", project="Team")["version"]["id"]
    fields = {"a.txt": ("a.txt", b"a"), "b/c.txt": ("c.txt", b"c")}
    assert [server.request("POST", f"/contents/{id}", fields=fields).json() for _ in range(2)] == [
        {"added": 2, "modified": 0, "unchanged": 0},
        {"added": 0, "modified": 0, "unchanged": 2},
    ]
    found = server.call("contents.search", version=id, pattern="*", limit=10)["entries"]
    assert [(one["path"], one["size_bytes"]) for one in found] == [("a.txt", 1), ("b/c.txt", 1)]
    answer = server.request("POST", "/api/contents.search", body=json.dumps({"version": id, "pattern": "x" * 4_001}))
    assert answer.status == 400
    assert "4,001 characters" in answer.json()["meta"]["result_msg"]


def test_what_a_begun_version_holds_is_told_path_by_path(server: RunningServer, version: str, files: dict[str, bytes]) -> None:
    id = server.call("contents.begin", name="files", project="Team", parents=[version])["version"]["id"]
    assert (
        server.request("POST", f"/contents/{id}", fields={"new.txt": ("new.txt", b"new"), "ab.txt": ("ab.txt", b"changed")}).status == 200
    )
    server.call("contents.remove", version=id, pattern="large.png")
    asked = ["new.txt", "ab.txt", "large.png", "a/deep/empty", "a/deep", "nothing"]
    found = server.call("contents.known", version=id, paths=asked)["entries"]
    expected = {"new.txt": b"new", "ab.txt": b"changed", "a/deep/empty": b""}
    assert {one["path"]: one["size_bytes"] for one in found} == {path: len(data) for path, data in expected.items()}
    assert {one["path"]: one["sha256"] for one in found} == {path: sha256(data).hexdigest() for path, data in expected.items()}
    assert server.ask("contents.known", version=id, paths=["x"] * 1_001)[0] == 400
    assert server.ask("contents.known", version=version, paths=["x"])[0] == 400
