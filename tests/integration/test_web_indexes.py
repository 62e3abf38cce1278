"""Folders of nginx as links, by its indexes in JSON and in HTML: how many requests they cost, and that states are those of each file."""

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tilth import Dataset
from tilth.base.errors import SourceChanged
from tilth.sdk.home import Home
from tilth.testing.homes import current_home
from tilth.testing.repositories import write_files
from tilth.testing.servers import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
CONFIGURATION = """
daemon off;
pid nginx.pid;
error_log error.log;
{user}
events {{ worker_connections 256; }}
http {{
    log_format asked '$request_method $uri';
    access_log asked.log asked;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path a; uwsgi_temp_path b; scgi_temp_path c;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        autoindex on;
        location /json/ {{ alias {root}/; autoindex_format json; }}
        location /bare/ {{ alias {root}/; autoindex_format json; etag off; }}
        location /html/ {{ alias {root}/; }}
        location /odd/ {{ alias {root}/; autoindex_format json; etag off; add_header ETag '"of-its-own"'; }}
        location /shut/ {{ alias {root}/; autoindex_format json; location ~ \\.bin$ {{ deny all; }} }}
    }}
}}
"""
FILES = {f"a/{number:03}.bin": bytes([number]) * number for number in range(1, 60)} | {
    f"b/{number:03}.txt": b"text" for number in range(20)
} | {"b/c/ü %.txt": b"odd", "b/c/x.txt": b"x"}  # fmt: skip

pytestmark = pytest.mark.skipif(NGINX is None, reason="needs nginx")


class Server:
    def __init__(self, folder: Path, port: int) -> None:
        self.web = f"http://127.0.0.1:{port}"
        self.files = folder / "files"
        self._log = folder / "asked.log"
        self._http = urllib3.PoolManager()
        self._seen = self._marks = 0

    def asked(self) -> Counter[str]:
        """How often each method was used since this was called last."""
        self._marks += 1
        mark = f"GET /mark-{self._marks}"
        retries = urllib3.Retry(200, backoff_factor=0.05, backoff_max=0.5)  # it may just have been started
        self._http.request("GET", f"{self.web}/mark-{self._marks}", retries=retries)
        # nginx logs a request once it is answered, one after the other.
        deadline = time.monotonic() + 120
        while mark not in (lines := self._log.read_text().splitlines()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        new, self._seen = lines[self._seen : lines.index(mark)], lines.index(mark) + 1
        return Counter(line.split()[0] for line in new)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    assert NGINX is not None
    files = Path(write_files(tmp_path / "files", FILES))
    for file in files.rglob("*"):
        os.utime(file, (time.time() - 3_600,) * 2)
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(CONFIGURATION.format(user=user, port=port, root=files))
    running = subprocess.Popen([NGINX, "-p", str(tmp_path), "-e", "error.log", "-c", "nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        found = Server(tmp_path, port)
        found.asked()
        yield found
    finally:
        running.terminate()
        running.wait(180)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with current_home(tmp_path / "home") as opened:
        yield opened


def linked(address: str) -> Dataset:
    made = Dataset.create("linked", "p")
    made.add_external_files(address)
    return made


def states(home: Home, made: Dataset) -> dict[str, tuple[int, str, int]]:
    with home.repository.peek_draft(made._version.id) as draft:
        return {entry.path: (entry.size, entry.link.etag, entry.mtime_ns) for entry in draft.links() if entry.link}


@pytest.mark.parametrize("place", ["json", "bare"])
def test_an_index_in_json_spares_nearly_all_requests_and_says_the_same(home: Home, server: Server, place: str) -> None:
    made = linked(f"{server.web}/{place}/")
    assert server.asked() == {"GET": 4, "HEAD": 3}  # an index for each folder, and a file of each ending in it
    found = states(home, made)
    one_by_one = Dataset.create("linked one by one", "p")
    one_by_one.add_external_files([entry.link for entry in made.link_entries])
    assert sorted(states(home, one_by_one).values()) == sorted(found.values())
    assert len(found) == len(FILES)
    made.finalize()
    folder = Path(made.get_local_copy())
    assert {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()} == FILES


@pytest.mark.parametrize("place", ["html", "odd"])
def test_where_the_index_does_not_tell_the_state_each_file_is_asked_for(home: Home, server: Server, place: str) -> None:
    made = linked(f"{server.web}/{place}/")
    assert len(states(home, made)) == len(FILES)
    asked = server.asked()
    assert asked["GET"] == 4
    assert len(FILES) <= asked["HEAD"] <= len(FILES) + 3


def test_a_file_that_changed_is_noticed_whoever_told_its_state(home: Home, server: Server) -> None:
    made = linked(f"{server.web}/json/")
    file = server.files / "a/007.bin"
    file.write_bytes(b"other!!")
    assert made.sync_external_files(f"{server.web}/json/") == (0, 0, 1)
    made.finalize()
    file.write_bytes(b"another")
    os.utime(file, (1, 1))
    with pytest.raises(SourceChanged, match=r"a/007\.bin was changed since it was registered"):
        made.get_local_copy()


def test_a_file_modified_this_moment_is_asked_for_and_read_since_its_state_may_hold_for_later_contents_too(
    home: Home, server: Server
) -> None:
    (server.files / "a/007.bin").write_bytes(b"other!!")
    at = time.time() + 60  # a clock that is ahead
    os.utime(server.files / "a/007.bin", (at, at))
    made = linked(f"{server.web}/json/")
    assert [entry.relative_path for entry in made.link_entries if entry.hash] == ["a/007.bin"]


def test_files_that_only_some_may_have_are_left_out(home: Home, server: Server) -> None:
    made = linked(f"{server.web}/shut/")
    assert made.list_files() == sorted(path for path in FILES if path.startswith("b/"))


def test_names_of_other_bytes_than_utf_8_are_taken_from_either_index(home: Home, server: Server) -> None:
    (server.files / os.fsdecode(b"b/se\xf1or.txt")).write_bytes(b"latin")
    for place in ("json", "html"):
        assert "b/se%F1or.txt" in linked(f"{server.web}/{place}/").list_files()
