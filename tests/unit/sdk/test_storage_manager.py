"""`StorageManager`: files by their addresses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tilth
from tilth import StorageManager
from tilth.base.errors import Denied, Invalid, PathNotFound, Unavailable
from tilth.base.ids import new_id
from tilth.sdk.home import Home
from tilth.sdk.places import OwnPlace
from tilth.testing.radosgw import S3Server
from tilth.testing.servers import free_port


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    (made / "deep").mkdir(parents=True)
    (made / "a.txt").write_text("a")
    (made / "deep/b+c.txt").write_text("bb")
    (made / "deep/ü.bin").write_bytes(b"")
    return made


@pytest.fixture(params=["own", "served", "local", "bucket"])
def base(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place to store in: among the files of a home, of a server, in a folder, in a bucket."""
    if request.param == "bucket":
        s3: S3Server = request.getfixturevalue("s3")
        for name, value in s3.environment().items():
            monkeypatch.setenv(name, value)
        request.getfixturevalue("own")
        return f"s3://{s3.make_bucket(f'b-{new_id()}')}/base ü"
    request.getfixturevalue("served" if request.param == "served" else "own")
    if request.param == "local":
        return (tmp_path / "elsewhere").as_uri()
    return f"{StorageManager.get_files_server().rstrip('/')}/base ü"


def test_a_file_goes_up_and_comes_down(base: str, folder: Path, tmp_path: Path) -> None:
    url = StorageManager.upload_file(str(folder / "a.txt"), f"{base}/one file.txt")
    copy = StorageManager.get_local_copy(url)
    assert copy is not None
    assert Path(copy).read_text() == "a"
    assert b"".join(StorageManager.get_stream(url, chunk_size=1)) == b"a"
    assert (StorageManager.get_file_size_bytes(url), StorageManager.exists_file(url)) == (1, True)
    (folder / "a.txt").write_text("b")
    assert StorageManager.upload_file(folder / "a.txt", url) == url
    again = StorageManager.get_local_copy(url)
    assert again is not None
    assert Path(again).read_text() == "b", "what was replaced is fetched anew"


def test_what_is_not_there_is_none(base: str, capfd: pytest.CaptureFixture[str]) -> None:
    nothing = f"{base}/nothing"
    assert StorageManager.exists_file(nothing) is False
    assert StorageManager.get_file_size_bytes(nothing, silence_errors=True) is None
    assert StorageManager.download_file(nothing, silence_errors=True) is None
    assert capfd.readouterr().err == ""
    assert StorageManager.get_local_copy(nothing) is None
    assert StorageManager.get_metadata(nothing) is None
    assert StorageManager.download_folder(nothing) is None
    told = capfd.readouterr().err.splitlines()
    assert [line.startswith(f"tilth: {nothing}: ") for line in told] == [True] * 3


def test_folders_go_up_are_listed_and_come_down(base: str, folder: Path, tmp_path: Path) -> None:
    url = StorageManager.upload_folder(folder, f"{base}/f")
    names = ["a.txt", "deep/b+c.txt", "deep/ü.bin"]
    assert StorageManager.list(url) == names
    full = StorageManager.list(url, return_full_path=True)
    assert full is not None
    assert [StorageManager.get_file_size_bytes(str(address)) for address in full] == [1, 2, 0]
    described = StorageManager.list(url, with_metadata=True)
    assert described is not None
    assert [(found["name"], found["size"]) for found in described if isinstance(found, dict)] == list(zip(names, [1, 2, 0], strict=True))
    shown = f"{base}/g" if base.startswith("s3:") else f"{base}/g".replace(" ü", "%20%C3%BC")
    assert StorageManager.upload_folder(folder, f"{base}/g", match_wildcard="*.txt") == shown
    assert StorageManager.list(f"{base}/g") == ["a.txt", "deep/b+c.txt"]
    target = tmp_path / "down"
    assert StorageManager.download_folder(url, str(target), match_wildcard="deep/*", skip_zero_size_check=True) == str(target)
    found = sorted(path for path in target.rglob("*") if path.is_file())
    assert [path.name for path in found] == ["b+c.txt", "ü.bin"]
    assert found[0].as_posix().endswith("/f/deep/b+c.txt")
    assert StorageManager.download_folder(url, str(tmp_path / "other")) is None, "an empty file is no file"


def test_a_download_lies_where_it_lay(home: Home, folder: Path, tmp_path: Path) -> None:
    url = StorageManager.upload_file(folder / "a.txt", "tilth://files/x/y/a.txt")
    target = tmp_path / "down"
    assert StorageManager.download_file(url, target) == str(target / "x/y/a.txt")
    (target / "x/y/a.txt").write_text("mine")
    StorageManager.download_file(url, target)
    assert (target / "x/y/a.txt").read_text() == "mine"
    StorageManager.download_file(url, target, overwrite=True)
    assert (target / "x/y/a.txt").read_text() == "a"
    assert StorageManager.download_file(url) == str(home.cache_folder / "downloads/x/y/a.txt")
    empty = StorageManager.upload_file(folder / "deep/ü.bin", "tilth://files/x/empty")
    assert StorageManager.download_file(empty, target, silence_errors=True) is None
    assert StorageManager.download_file(empty, target, skip_zero_size_check=True) == str(target / "x/empty")


def test_archives_come_as_folders_unless_told_otherwise(own: Home, folder: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "zipfile", "-c", "f.zip", "folder"], cwd=tmp_path, check=True)
    url = StorageManager.upload_file(tmp_path / "f.zip", "tilth://files/f.zip")
    copy = StorageManager.get_local_copy(url)
    assert copy is not None
    assert (Path(copy) / "folder/a.txt").read_text() == "a"
    assert str(StorageManager.get_local_copy(url, extract_archive=False)).endswith("f.zip")
    assert str(StorageManager.get_local_copy(url, extract_archive=False, name="n", force_download=True)).endswith("n.zip")


def test_a_description_holds_what_is_known(home: Home, folder: Path) -> None:
    url = StorageManager.upload_file(folder / "a.txt", "tilth://files/m/a.txt")
    digest = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    found = StorageManager.get_metadata(url, read_hash=True)
    assert found is not None
    assert (found["name"], found["size"], found["hash"]) == ("a.txt", 1, digest)
    full = StorageManager.get_metadata(url, return_full_path=True)
    assert full is not None
    assert (full["name"], "hash" in full) == (url, False)


def test_more_files_than_a_page_holds(own: Home, folder: Path) -> None:
    for number in range(7):
        StorageManager.upload_file(folder / "a.txt", f"tilth://files/many/{number}")
    page = own.api.call("files.list", folder="many", limit=3)
    assert ([file["path"] for file in page["files"]], page["next"]) == (["many/0", "many/1", "many/2"], "many/2")
    last = own.api.call("files.list", folder="many", after="many/5", limit=3)
    assert ([file["path"] for file in last["files"]], last["next"]) == (["many/6"], None)
    assert len(own.api.call("files.list")["files"]) == 7
    assert len(list(OwnPlace(own, "").below())) == 7


def test_an_upload_that_nobody_waits_for_is_done_before_the_end(tmp_path: Path, folder: Path) -> None:
    code = f"from tilth import StorageManager as S\nS.upload_file({str(folder / 'a.txt')!r}, 'tilth://files/late', wait_for_upload=False)"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "TILTH_HOME": str(tmp_path / "h")})
    code = "from tilth import StorageManager as S\nprint(S.get_file_size_bytes('tilth://files/late'))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "TILTH_HOME": str(tmp_path / "h")}, capture_output=True, text=True
    )
    assert done.stdout == "1\n"


def test_what_can_not_be_stored_raises(own: Home, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PathNotFound, match="is no file"):
        StorageManager.upload_file(tmp_path / "none", "tilth://files/x")
    with pytest.raises(PathNotFound, match="is no folder"):
        StorageManager.upload_folder(folder / "a.txt", "tilth://files/x")
    with pytest.raises(Denied, match="nothing can be stored at http"):
        StorageManager.upload_file(folder / "a.txt", "http://127.0.0.1/x")
    with pytest.raises(Invalid, match=r"can't be the name of a file"):
        StorageManager.upload_file(folder / "a.txt", "tilth://files/a/../b")
    with pytest.raises(Invalid, match="no address"):
        StorageManager.upload_file(folder / "a.txt", "ftp://h/x")
    with pytest.raises(Invalid, match="chunk_size"):
        next(StorageManager.get_stream("tilth://files/x", chunk_size=-1))
    with pytest.raises(Invalid, match="no address"):
        StorageManager.get_local_copy("nonsense://x")
    assert StorageManager.list("http://127.0.0.1/x") is None
    assert "nothing can be listed" in capfd.readouterr().err


def test_a_place_that_does_not_answer_is_tried_again(own: Home, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("tilth.sdk.storage_manager.sleep", pauses.append)
    (own.folder / "blocked").write_text("a file, where a folder would have to be")
    with pytest.raises(Unavailable):
        StorageManager.upload_file(folder / "a.txt", str(own.folder / "blocked/x"), retries=2)
    assert pauses == [0.5, 1.0]


def test_downloads_say_how_far_they_are(
    own: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StorageManager, "_report_mb", 0.0)
    (tmp_path / "large").write_bytes(bytes(3_500_000))
    url = StorageManager.upload_file(tmp_path / "large", "tilth://files/large")
    StorageManager.set_report_download_chunk_size(1)
    StorageManager.get_local_copy(url)
    assert capfd.readouterr().out.splitlines() == [f"{size} of {url} are here" for size in ("1.0 MB", "2.1 MB", "3.1 MB")]
    StorageManager.set_report_download_chunk_size(0)
    StorageManager.get_local_copy(url, force_download=True)
    assert capfd.readouterr().out == ""
    with pytest.raises(Invalid, match="megabytes"):
        StorageManager.set_report_download_chunk_size(-1)


@pytest.mark.parametrize("place", ["tilth://files/sent", "local"])
def test_uploads_say_how_far_they_are(
    home: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(StorageManager, "_report_upload_mb", 0.0)
    (tmp_path / "large").write_bytes(bytes(3_500_000))
    address = place if place != "local" else f"file://{tmp_path}/sent"
    StorageManager.set_report_upload_chunk_size(1)
    StorageManager.upload_file(tmp_path / "large", address)
    said = capfd.readouterr().out.splitlines()
    assert len(said) == 3
    assert all(line.endswith(f"MB are on their way to {address}") for line in said)
    StorageManager.set_report_upload_chunk_size(0)
    StorageManager.upload_file(tmp_path / "large", address)
    assert capfd.readouterr().out == ""
    with pytest.raises(Invalid, match="megabytes"):
        StorageManager.set_report_upload_chunk_size(-1)


def test_a_server_that_is_away_is_told(own: Home, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilth.client.web.sleep", lambda _: None)
    assert StorageManager.get_local_copy(f"http://127.0.0.1:{free_port()}/x") is None
    assert "can't be reached" in capfd.readouterr().err


def test_the_limit_of_the_cache_is_set(own: Home) -> None:
    assert StorageManager.set_cache_file_limit(3, "few") == 3
    with pytest.raises(Invalid):
        tilth.StorageManager.set_cache_file_limit(0)
