"""Files of web servers as links: found by index pages, and known by a state that can be trusted."""

import os
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec import Struct

from tilth import Dataset
from tilth.base.addresses import plain_web_address, readable_path
from tilth.base.errors import Denied, Invalid, NotFound, SourceChanged
from tilth.sdk.home import Home
from tilth.sdk.links.indexes import Listed, index_of, json_index_of
from tilth.sdk.links.remote import RemoteFile
from tilth.sdk.links.states import told_states
from tilth.sdk.links.web import WebSource
from tilth.testing.repositories import write_files

FILES = {
    "data/a.txt": b"one",
    "data/a/ü b%20.csv": b"two",
    "data/a/deep/c.bin": b"3" * 5_000,
    "data/a.z": b"",
    "beside.txt": b"no",
    "page/index.html": b"<a href='x'>",
}
HOUR_AGO = 3_600


class Site(Struct):
    """A web server over a folder."""

    address: str
    folder: Path


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []

    def log_message(self, *_: object) -> None:
        self.asked.append(f"{self.command} {self.path}")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folder = Path(write_files(tmp_path / "site", FILES))
    for file in folder.rglob("*"):
        os.utime(file, (time.time() - HOUR_AGO,) * 2)
    _Quiet.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.server_address[1]}", folder)
    server.shutdown()
    thread.join()
    server.server_close()


def contents_of(made: Dataset) -> dict[str, bytes]:
    folder = Path(made.get_local_copy())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_folder_is_found_by_its_index_pages(own: Home, site: Site) -> None:
    made = Dataset.create("web", "p")
    assert made.add_external_files(f"{site.address}/data/", dataset_path="in") == 4
    made.finalize()
    expected = {path.replace("data/", "in/", 1): data for path, data in FILES.items() if path.startswith("data/")}
    assert contents_of(made) == expected
    assert [entry.relative_path for entry in made.link_entries] == sorted(expected)
    assert {entry.hash for entry in made.link_entries} == {None}  # nothing was read
    with made.open("in/a/deep/c.bin") as file:
        file.seek(4_998)
        assert file.read() == b"33"


def test_wildcards_and_depth(own: Home, site: Site) -> None:
    made = Dataset.create("web", "p")
    assert made.add_external_files(f"{site.address}/data/", wildcard="*.csv") == 1
    assert made.add_external_files(f"{site.address}/data/a/", recursive=False, dataset_path="flat") == 1
    assert made.list_files() == ["a/ü b%20.csv", "flat/ü b%20.csv"]
    assert "GET /data/a/deep/" in "".join(_Quiet.asked)[: "".join(_Quiet.asked).rfind("GET /data/a/ ")]


def test_a_synchronised_folder_of_the_web(own: Home, site: Site) -> None:
    made = Dataset.create("web", "p")
    made.add_external_files(f"{site.address}/data/")
    (site.folder / "data/a/ü b%20.csv").write_bytes(b"TWO!")
    (site.folder / "data/a/deep/c.bin").unlink()
    (site.folder / "data/a/deep/d.bin").write_bytes(b"new")
    assert made.sync_external_files(f"{site.address}/data/") == (1, 1, 1)
    made.finalize()
    assert contents_of(made) == {"a.txt": b"one", "a.z": b"", "a/ü b%20.csv": b"TWO!", "a/deep/d.bin": b"new"}


def test_what_shows_no_index_is_told(own: Home, site: Site) -> None:
    made = Dataset.create("web", "p")
    with pytest.raises(Denied, match=r"/page/ can't be listed: its server shows no index of it.*name its files one by one"):
        made.add_external_files(f"{site.address}/page/")
    with pytest.raises(NotFound, match=r"/none/ can't be listed: .* status 404; check the address"):
        made.add_external_files(f"{site.address}/none/")


def test_a_folder_that_holds_itself_ends(own: Home, site: Site) -> None:
    (site.folder / "loop").mkdir()
    (site.folder / "loop/again").symlink_to(".")
    with pytest.raises(Invalid, match="it may be one of them again"):
        list(WebSource().pages(f"{site.address}/loop/"))


def test_a_file_modified_this_moment_is_known_by_its_hash_since_its_time_may_hold_for_later_contents_too(own: Home, site: Site) -> None:
    fresh = site.folder / "beside.txt"
    fresh.write_bytes(b"yes")
    made = Dataset.create("web", "p")
    at = time.time() + 60  # a clock that is ahead: however long it takes until the server is asked
    os.utime(fresh, (at, at))
    made.add_external_files([f"{site.address}/beside.txt", f"{site.address}/data/a.txt"])
    made.finalize()
    assert {entry.relative_path: entry.hash is not None for entry in made.link_entries} == {"a.txt": False, "beside.txt": True}
    fresh.write_bytes(b"YES")
    os.utime(fresh, (at, at))
    with pytest.raises(SourceChanged, match=r"beside\.txt was changed"):
        made.get_local_copy()


def test_a_file_that_was_registered_as_soon_as_it_was_written_is_the_same_one_later(own: Home, site: Site) -> None:
    fresh = site.folder / "data/a.txt"
    ahead, settled = time.time() + 60, time.time() - HOUR_AGO
    os.utime(fresh, (ahead, ahead))
    made = Dataset.create("web", "p")
    made.add_external_files(f"{site.address}/data/")
    os.utime(fresh, (settled, settled))
    assert made.sync_external_files(f"{site.address}/data/") == (0, 0, 0)
    _Quiet.asked.clear()
    assert made.sync_external_files(f"{site.address}/data/") == (0, 0, 0)
    assert "GET /data/a.txt" not in "\n".join(_Quiet.asked), "its state is known by now"
    os.utime(fresh, (ahead, ahead))
    other = Dataset.create("web", "p")
    other.add_external_files(f"{site.address}/data/")
    fresh.write_bytes(b"ONE")
    os.utime(fresh, (settled, settled))
    assert other.sync_external_files(f"{site.address}/data/") == (0, 0, 1)


def test_a_folder_whose_address_lacks_its_slash_is_not_taken_for_a_file(own: Home, site: Site) -> None:
    made = Dataset.create("web", "p")
    with pytest.raises(Invalid, match=r"/data is a folder, not a file; end its address with /"):
        made.add_external_files(f"{site.address}/data")
    assert made.list_files() == []


NGINX = """<html><head><title>Index of /d/</title></head><body><h1>Index of /d/</h1><hr><pre><a href="../">../</a>
<a href="sub/">sub/</a>   01-Jan-2026 10:00   -
<a href="a%20b.txt">a b.txt</a>  01-Jan-2026 10:00  12
</pre></body></html>"""
APACHE = """<!DOCTYPE HTML><html><head><title>Index of /d</title></head><body><table><tr><th><a href="?C=N;O=D">Name</a></th></tr>
<tr><td><a href="/">Parent Directory</a></td></tr><tr><td><a href="a%20b.txt">a b.txt</a></td></tr>
<tr><td><a href="sub/">sub/</a></td></tr><tr><td><a href="https://httpd.example/">server</a></td></tr></table></body></html>"""
ABSOLUTE = """<title>Directory listing for /d/</title><a href="/d/sub/">x</a><a href="http://h.example/d/a%20b.txt#top">y</a>
<a href="/d/sub/z">z</a>"""


@pytest.mark.parametrize("page", [NGINX, APACHE, ABSOLUTE])
def test_index_pages_of_servers(page: str) -> None:
    assert addresses_in(page) == ["http://h.example/d/a%20b.txt", "http://h.example/d/sub/"]


def test_a_page_with_links_is_no_index() -> None:
    assert index_of("<title>Welcome</title><a href='sub/'>x</a>", "http://h.example/d/") is None
    assert index_of("", "http://h.example/d/") is None
    assert addresses_in("<title>Index of /d/</title><a href='..%2fsecret'>x</a><a href='%2e%2e/'>y</a>") == []


def test_names_that_are_not_utf_8_are_each_taken_by_their_bytes() -> None:
    page = "<title>Index of /d/</title><a href='a%E8'>x</a><a href='a%E9'>y</a><a href='%C3%BC'>z</a>"
    assert addresses_in(page) == ["http://h.example/d/a%E8", "http://h.example/d/a%E9", "http://h.example/d/%C3%BC"]
    assert [readable_path(name) for name in ("a%E8", "a%E9", "%C3%BC", "a%25E8", "%ff%C3%BC")] == ["a%E8", "a%E9", "ü", "a%E8", "%FFü"]


def test_a_name_that_would_get_the_path_of_another_is_told_and_left_out() -> None:
    page = "<title>Index of /d/</title><a href='a%E8'>x</a><a href='a%25E8'>y</a>"
    found = index_of(page, "http://h.example/d/")
    assert found is not None
    assert [one.address for one in found.entries] == ["http://h.example/d/a%25E8"]
    assert found.unclear == ["http://h.example/d/a%E8"]


def test_an_index_in_json_says_sizes_and_times() -> None:
    page = (
        b'[{"name":"sub","type":"directory","mtime":"Thu, 01 Jan 2026 10:00:00 GMT"},'
        b'{"name":"a b.txt","type":"file","mtime":"Thu, 01 Jan 2026 10:00:01 GMT","size":12},'
        b'{"name":"pipe","type":"other"},{"name":"../x","type":"file","size":1},{"name":"odd","type":"file","mtime":7,"size":"1"},'
        b'{"name":"a\xe8","type":"file","size":3}]'
    )
    found = json_index_of(page, "http://h.example/d/")
    assert found is not None
    assert found.entries == [
        Listed("http://h.example/d/a%20b.txt", 12, 1_767_261_601_000_000_000),
        Listed("http://h.example/d/a%E8", 3, 0),
        Listed("http://h.example/d/odd", -1, 0),
        Listed("http://h.example/d/sub/"),
    ]


def test_sizes_times_and_names_that_no_file_has_end_nothing() -> None:
    page = (
        b'[{"name":"a\\ud800","type":"file","size":3},'
        b'{"name":"large","type":"file","size":10000000000000000000000,"mtime":"Fri, 31 Dec 9999 00:00:00 GMT"}]'
    )
    found = json_index_of(page, "http://h.example/d/")
    assert found is not None
    assert [(one.address, one.size) for one in found.entries] == [("http://h.example/d/a%ED%A0%80", 3), ("http://h.example/d/large", -1)]


@pytest.mark.parametrize("modified", ["Fri, 31 Dec 9999 00:00:00 GMT", "Fri, 01 Jan 1500 00:00:00 GMT"])
def test_a_file_whose_server_tells_a_time_that_there_is_none_of_is_registered(
    own: Home, site: Site, modified: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Quiet, "date_time_string", lambda *_: modified)
    dataset = Dataset.create("odd", "Team/Web")
    dataset.add_external_files(f"{site.address}/beside.txt")
    dataset.finalize(auto_upload=True)
    assert dataset.list_files() == ["beside.txt"]


@pytest.mark.parametrize(
    "page", [b'{"name": "x"}', b'[{"name": "x"}]', b"[1, 2]", b'[{"name": "x", "type": "cat"}]', b"[", b"\xff", b"[" * 100_000]
)
def test_other_json_is_no_index(page: bytes) -> None:
    assert json_index_of(page, "http://h.example/d/") is None


def test_states_are_taken_from_an_index_only_where_the_server_agrees() -> None:
    listed = [
        Listed(f"http://h.example/{name}", 16, 1_000_000_000_000) for name in ("a.bin", "b.bin", "c.txt", "d.txt", "e.csv", "f.csv", "g")
    ]
    asked: list[str] = []

    def describe(address: str) -> RemoteFile:
        asked.append(address[-5:])
        etag = {".bin": "3e8-10", ".txt": "Thu, 01 Jan 1970 00:16:40 GMT", ".csv": "other"}[address[-4:]]
        return RemoteFile(address, 16, etag, 1_000_000_000_000)

    found = told_states(listed, describe, settled_before_ns=1_000_000_000_001)
    assert sorted(asked) == ["a.bin", "c.txt", "e.csv"]
    assert {address[-5:]: file.etag for address, file in found.items()} == {
        "a.bin": "3e8-10", "b.bin": "3e8-10", "e.csv": "other",
        "c.txt": "Thu, 01 Jan 1970 00:16:40 GMT", "d.txt": "Thu, 01 Jan 1970 00:16:40 GMT",
    }  # fmt: skip
    assert told_states(listed, describe, settled_before_ns=1_000_000_000_000) == {}  # they may change again without another time
    assert len(asked) == 3


def test_what_a_folder_shows_and_does_not_give_is_told_and_left_out(own: Home, site: Site, caplog: pytest.LogCaptureFixture) -> None:
    (site.folder / "data/gone.csv").symlink_to("nowhere")
    (site.folder / "data/deep").mkdir()
    (site.folder / "data/deep/index.html").write_text("<title>Welcome</title>")
    (site.folder / os.fsdecode(b"data/se\xf1or.txt")).write_bytes(b"latin")
    made = Dataset.create("web", "p")
    assert made.add_external_files(f"{site.address}/data/") == 5
    assert "se%ED%B3%B1or.txt" in made.list_files()  # as this server writes it
    told = [record.getMessage() for record in caplog.records]
    assert [bool("/data/gone.csv" in text or "/data/deep/ can't be listed" in text) for text in told] == [True, True]
    (site.folder / "data/a.z").unlink()
    assert made.sync_external_files(f"{site.address}/data/") == (1, 0, 0)
    made.finalize()
    assert contents_of(made)["se%ED%B3%B1or.txt"] == b"latin"


def test_links_to_what_is_there_and_can_not_be_had_stay_when_a_folder_is_synchronised(own: Home, site: Site) -> None:
    made = Dataset.create("web", "p")
    made.add_external_files(f"{site.address}/data/")
    (site.folder / "data/a/deep/index.html").write_text("<title>Welcome</title>")
    (site.folder / "data/a.z").unlink()
    assert made.sync_external_files(f"{site.address}/data/") == (1, 0, 0)
    assert "a/deep/c.bin" in made.list_files()


def test_only_what_is_wanted_is_asked_for(own: Home, site: Site) -> None:
    made = Dataset.create("web", "p")
    assert made.add_external_files(f"{site.address}/data/*.csv") == 1
    assert [line for line in _Quiet.asked if line.startswith("HEAD")] == ["HEAD /data/a/%C3%BC%20b%2520.csv"]


def test_addresses_are_written_in_one_way(own: Home, site: Site) -> None:
    made = Dataset.create("web", "p")
    assert made.add_external_files(f"{site.address}/data/../data/a/ü b%2520.csv") == 1
    assert made.link_entries[0].link == f"{site.address}/data/a/%C3%BC%20b%2520.csv"


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("http://h/a/../b/./c", "http://h/b/c"),
        ("http://h/../../a/..", "http://h/"),
        ("http://h/a/.", "http://h/a/"),
        ("http://h//a//b", "http://h//a//b"),
        ("http://h/a b%20c%zz?x=1 2&y=%41#top", "http://h/a%20b%20c%25zz?x=1%202&y=%41"),
        ("http://h/ü", "http://h/%C3%BC"),
        ("HTTP://h:80", "http://h:80"),
    ],
)
def test_plain_addresses(given: str, plain: str) -> None:
    assert plain_web_address(given) == plain
    assert plain_web_address(plain) == plain


def addresses_in(page: str) -> list[str]:
    found = index_of(page, "http://h.example/d/")
    assert found is not None
    return [one.address for one in found.entries]
