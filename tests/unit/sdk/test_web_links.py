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
from tilth.base.errors import Denied, Invalid, NotFound, PathInvalid, SourceChanged
from tilth.sdk.home import Home
from tilth.sdk.links.indexes import index_of
from tilth.sdk.links.sources import WebSource
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
    at = time.time()
    os.utime(fresh, (at, at))
    made = Dataset.create("web", "p")
    made.add_external_files([f"{site.address}/beside.txt", f"{site.address}/data/a.txt"])
    made.finalize()
    assert {entry.relative_path: entry.hash is not None for entry in made.link_entries} == {"a.txt": False, "beside.txt": True}
    fresh.write_bytes(b"YES")
    os.utime(fresh, (at, at))
    with pytest.raises(SourceChanged, match=r"beside\.txt was changed"):
        made.get_local_copy()


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
    assert index_of(page, "http://h.example/d/") == ["http://h.example/d/a%20b.txt", "http://h.example/d/sub/"]


def test_a_page_with_links_is_no_index() -> None:
    assert index_of("<title>Welcome</title><a href='sub/'>x</a>", "http://h.example/d/") is None
    assert index_of("", "http://h.example/d/") is None
    assert index_of("<title>Index of /d/</title><a href='..%2fsecret'>x</a><a href='%2e%2e/'>y</a>", "http://h.example/d/") == []


def test_names_that_are_not_utf_8_are_told_instead_of_taken_for_one() -> None:
    page = "<title>Index of /d/</title><a href='a%E8'>x</a><a href='a%E9'>y</a>"
    with pytest.raises(PathInvalid, match=r"/a%E8 can't be a path in a dataset: its name is not UTF-8"):
        index_of(page, "http://h.example/d/")
