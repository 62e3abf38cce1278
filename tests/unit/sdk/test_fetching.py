"""Local copies of what lies elsewhere: whole, shared, fetched once, and anew when it was replaced."""

import base64
import errno
import io
import multiprocessing
import os
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tilth import _wiring
from tilth.base.errors import Corrupt, Denied, DiskFull, HomeReadOnly, Invalid, NotFound, ObjectNotFound, PathNotFound, Unavailable
from tilth.config.settings import load_settings
from tilth.datasets.cache import evicting, leases
from tilth.datasets.cache.blobs import BlobCache
from tilth.datasets.cache.evicting import remove_file
from tilth.datasets.cache.inventory import files_in
from tilth.datasets.cache.notes import Limits
from tilth.datasets.cache.sharing import Sharing
from tilth.sdk import fetching
from tilth.sdk.fetching import fetch, fetch_unpacked, limit_files
from tilth.sdk.home import Home
from tilth.sdk.places import LocalPlace, WebPlace, place_of
from tilth.testing.crowds import crowd
from tilth.testing.servers import free_port

CONTENT = b"content of some length"


class Web:
    """A web server of somebody else's, which answers what a test says and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
                web.answers.get(self.path.partition("?")[0], partial(say, status=404))(self)

            do_HEAD = do_GET  # noqa: N815 - the name that the library calls

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def gets(self) -> int:
        return sum(method == "GET" for method, _, _ in self.asked)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def say(handler: BaseHTTPRequestHandler, content: bytes = b"", status: int = 200, *, length: int | None = None, **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("content-length", str(len(content) if length is None else length))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command == "GET":
        handler.wfile.write(content)


@pytest.fixture
def web() -> Iterator[Web]:
    started = Web()
    yield started
    started.close()


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_limits", {})


def put(home: Home, name: str, content: bytes, folder: Path) -> str:
    source = folder / "source"
    source.write_bytes(content)
    home.files.put(name, source)
    return f"tilth://files/{name}"


def test_a_file_of_the_server_is_fetched_once_until_it_is_replaced(home: Home, tmp_path: Path) -> None:
    address = put(home, "f/one.txt", b"1", tmp_path)
    first = fetch(home, address)
    os.utime(first, (1, 1))
    assert (first.read_bytes(), first.name, fetch(home, address).stat().st_mtime) == (b"1", "one.txt", 1.0)
    put(home, "f/one.txt", b"2", tmp_path)
    assert fetch(home, address).read_bytes() == b"2", "of the same size"
    assert first.read_bytes() == b"1", "who has the old copy keeps it"
    assert fetch(home, address, force=True).read_bytes() == b"2"


def test_both_addresses_of_a_server_s_file_are_one(served: Home, tmp_path: Path) -> None:
    address = put(served, "f/ü +1.txt", b"1", tmp_path)
    assert served.files_urls
    other = f"{served.files_urls[0]}/f/%C3%BC%20+1.txt"
    assert fetch(served, other) == fetch(served, address) == fetch(served, "tilth://files/f/%C3%BC%20%2B1.txt")


def test_a_file_of_this_machine_stays_where_it_is(own: Home, tmp_path: Path) -> None:
    file = tmp_path / "a b.txt"
    file.write_text("x")
    assert [fetch(own, address) for address in (str(file), f"file://{tmp_path}/a%20b.txt")] == [file, file]


@pytest.mark.parametrize(
    ("address", "error", "said"),
    [
        ("/no/such/file", PathNotFound, "/no/such/file does not exist"),
        ("file:///no/such/file", PathNotFound, "does not exist"),
        ("/tmp", PathNotFound, "is a folder"),
        ("tilth://files/no/such", NotFound, "no file no/such"),
        ("tilth://files/", NotFound, "no file"),
        ("ftp://host/file", Invalid, "is no address of a file"),
        ("http://", Invalid, "names no server"),
        ("http://h:port/x", Invalid, "is no address"),
        ("", Invalid, "is no address"),
        ("x" * 10_000, Invalid, "is no address"),
        ("a\0b", Invalid, "is no address"),
    ],
)
def test_what_is_not_there_is_said(own: Home, address: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        fetch(own, address)


def test_a_web_server_s_file_is_fetched_again_when_it_says_that_it_changed(own: Home, web: Web) -> None:
    web.answers["/a.bin"] = partial(say, content=CONTENT, etag='"1"')
    first = fetch(own, f"{web.url}/a.bin")
    assert (first.read_bytes(), first.name) == (CONTENT, "a.bin")
    fetch(own, f"{web.url}/a.bin")
    assert web.gets() == 1
    web.answers["/a.bin"] = partial(say, content=CONTENT[::-1], etag='"2"')
    assert fetch(own, f"{web.url}/a.bin").read_bytes() == CONTENT[::-1]
    web.answers["/b.bin"] = partial(say, content=b"1")
    fetch(own, f"{web.url}/b.bin")
    web.answers["/b.bin"] = partial(say, content=b"2")
    assert fetch(own, f"{web.url}/b.bin").read_bytes() == b"2", "nothing says whether it changed"


def test_a_server_that_answers_no_head_is_asked_otherwise(own: Home, web: Web) -> None:
    def only_get(handler: BaseHTTPRequestHandler) -> None:
        say(handler, b"x", etag="e") if handler.command == "GET" else say(handler, status=405)

    web.answers["/a"] = only_get
    assert fetch(own, f"{web.url}/a").read_bytes() == b"x"


def test_keys_stay_with_the_server_that_they_are_for(served: Home, web: Web) -> None:
    other = Web()
    try:
        web.answers["/a"] = partial(say, status=302, location=f"{other.url}/b")
        other.answers["/b"] = partial(say, content=b"x")
        address = web.url.replace("http://", "http://user:p%40ss@")
        assert fetch(served, f"{address}/a?signature=s").read_bytes() == b"x"
        expected = f"Basic {base64.b64encode(b'user:p@ss').decode()}"
        assert {headers.get("authorization") for _, _, headers in web.asked} == {expected}
        assert {headers.get("authorization") for _, _, headers in other.asked} == {None}
    finally:
        other.close()


def test_a_file_that_breaks_off_is_no_copy(own: Home, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilth.sdk.fetching.sleep", lambda _: None)
    web.answers["/a"] = partial(say, content=b"half", length=8, etag="e")
    with pytest.raises(Unavailable, match="broke off"):
        fetch(own, f"{web.url}/a")
    assert list((own.cache_folder / "files").rglob("*")) == []
    tries = iter([4, 4, 4])

    def mended(handler: BaseHTTPRequestHandler) -> None:
        say(handler, b"half", length=8 if handler.command == "GET" and next(tries, None) and web.gets() < 5 else 4, etag="f")

    web.answers["/a"] = mended
    assert fetch(own, f"{web.url}/a").read_bytes() == b"half"


@pytest.mark.parametrize(("status", "error"), [(403, Denied), (404, ObjectNotFound), (410, ObjectNotFound), (500, Unavailable)])
def test_what_a_web_server_refuses_is_told_without_secrets(
    own: Home, web: Web, status: int, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tilth.client.web.sleep", lambda _: None)
    web.answers["/a"] = partial(say, status=status)
    with pytest.raises(error, match=f"/a is answered with status {status}") as raised:
        fetch(own, f"{web.url.replace('//', '//user:word@')}/a?signature=secret")
    assert "secret" not in str(raised.value)
    assert "word" not in str(raised.value)


def test_a_server_that_is_not_there(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilth.client.web.sleep", lambda _: None)
    with pytest.raises(Unavailable, match="can't be reached"):
        fetch(own, f"http://127.0.0.1:{free_port()}/a")


def test_names_are_ones_that_readers_and_file_systems_take(own: Home, web: Web) -> None:
    web.answers["/data.tar.gz"] = web.answers["/" + "x" * 600 + ".csv"] = web.answers["/a%3Ab%0A%2Fc"] = partial(
        say, content=b"x", etag="e"
    )
    assert fetch(own, f"{web.url}/data.tar.gz", name="my data").name == "my data.tar.gz"
    assert fetch(own, f"{web.url}/{'x' * 600}.csv").name.endswith("x.csv")
    assert fetch(own, f"{web.url}/a%3Ab%0A%2Fc").name == "c"
    assert fetch(own, f"{web.url}/data.tar.gz", name="../../../etc/passwd", force=True).name == "passwd.tar.gz"


def test_a_digest_is_checked(own: Home, tmp_path: Path) -> None:
    address = put(own, "a", b"1", tmp_path)
    with pytest.raises(Corrupt, match="does not hold what was recorded"):
        fetch(own, address, digest="0" * 64)
    assert list((own.cache_folder / "files").rglob("*/file/*")) == []


def test_several_processes_fetch_it_once(served: Home, web: Web) -> None:
    started = threading.Event()

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "GET":
            started.wait(0.3)
        say(handler, CONTENT, etag="e")

    web.answers["/a"] = slowly
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        found = pool.map(_fetched, [(str(served.folder), f"{web.url}/a")] * 6)
        pool.close()
        pool.join()
    assert set(found) == {CONTENT}
    assert web.gets() == 1


def _fetched(given: tuple[str, str]) -> bytes:
    home = _wiring._open(load_settings({}, given={"home": given[0]}))
    try:
        return fetch(home, given[1]).read_bytes()
    finally:
        home.close()


def test_what_a_process_has_a_path_of_stays_while_it_lives(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "DEFAULT_LIMIT", 1)
    monkeypatch.setattr(evicting, "_RECENT_S", -60.0)
    addresses = [put(own, f"f/{number}", b"x" * 1_000, tmp_path) for number in range(3)]
    ended = crowd(1, lambda _: fetch(own, addresses[0]))
    copies = [fetch(own, address) for address in addresses[1:]]
    gone = copied_before(own, addresses[0])
    for copy, used in zip((*copies, gone), (1_001, 1_002, 1_000), strict=True):
        os.utime(copy.parent.parent, (used, used))
    fetching._evict(own, None)
    assert (ended, gone.exists(), [copy.exists() for copy in copies]) == ([0], False, [True, True])
    evicting.clean(BlobCache(own.cache_folder, limits=Limits(size_bytes=1, age_s=1.0)))
    assert [copy.exists() for copy in copies] == [True, True]
    assert {file.path: len(file.users) for file in files_in(own.cache)} == {str(copy.parent.parent): 1 for copy in copies}
    assert not remove_file(own.cache, str(copies[0].parent.parent))
    assert remove_file(own.cache, str(copies[0].parent.parent), force=True)
    assert fetch(own, addresses[1]).exists()


def copied_before(home: Home, address: str) -> Path:
    """The path that another process had of a copy."""
    place = place_of(home, address)
    key = sha256(f"{place.address}\n{place.version()}".encode()).hexdigest()[:32]
    return next((home.cache_folder / "files" / "global" / key / "file").iterdir())


def test_who_may_only_read_a_cache_takes_what_is_there(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, other = (put(own, name, b"x", tmp_path) for name in ("a", "b"))
    kept = fetch(own, there)

    def refuse(self: Sharing, path: str, flags: int = 0) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(Sharing, "open", refuse)
    monkeypatch.setattr(leases, "_own", {})
    assert fetch(own, there) == kept
    with pytest.raises(HomeReadOnly, match="may not write to the cache"):
        fetch(own, other)


def test_what_was_not_used_for_longest_goes_first(own: Home, tmp_path: Path) -> None:
    limit_files(own, 2)
    copies = []
    for number in range(4):
        copies.append(fetch(own, put(own, f"f/{number}", b"x", tmp_path)))
        os.utime(copies[-1].parent.parent, (1_000 + number, 1_000 + number))
    assert [copy.exists() for copy in copies] == [False, False, True, True]
    fetch(own, "tilth://files/f/2")
    assert limit_files(own, 1) == 1
    assert [copy.exists() for copy in copies] == [False, False, True, False]
    limit_files(own, 1, "other")
    assert fetch(own, "tilth://files/f/2", context="other") != fetch(own, "tilth://files/f/2")


def test_what_is_in_use_is_never_dropped(own: Home, tmp_path: Path) -> None:
    limit_files(own, 1)
    copies = [fetch(own, put(own, f"f/{number}", b"x", tmp_path)) for number in range(3)]
    assert all(copy.exists() for copy in copies)


@pytest.mark.parametrize("limit", [0, -1, True, "many", 1.5])
def test_a_limit_is_a_number_of_files(own: Home, limit: object) -> None:
    with pytest.raises(Invalid, match="no number of files"):
        limit_files(own, limit)


def test_contexts_are_parts_of_the_cache(own: Home) -> None:
    for context in ("../up", ".", "a/b"):
        with pytest.raises(Invalid, match="part of the cache"):
            limit_files(own, 3, context)


# --- archives ---------------------------------------------------------------------------------------------------------


def zipped(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return written.getvalue()


def tarred(*members: tarfile.TarInfo | str) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for member in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            archive.addfile(info, io.BytesIO(b""))
    return written.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_archives_are_extracted_beside_their_copy(own: Home, tmp_path: Path) -> None:
    for name, content in (("a.zip", zipped("x", "sub/y")), ("a.tar.gz", tarred("x", "sub/y")), ("a.tgz", tarred("x", "sub/y"))):
        address = put(own, name, content, tmp_path)
        folder = fetch_unpacked(own, address)
        assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == ["sub/y", "x"]
        assert folder.parent == fetch(own, address).parent.parent
        (folder / "x").unlink()
        assert not (fetch_unpacked(own, address) / "x").exists(), "it is extracted once"
        assert (fetch_unpacked(own, address, force=True) / "x").exists()
    local = tmp_path / "local.zip"
    local.write_bytes(zipped("z"))
    assert (fetch_unpacked(own, str(local)) / "z").read_text() == "z"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", zipped("fine", "../out")),
        ("a.zip", zipped("/etc/out")),
        ("a.zip", zipped("a\\..\\..\\out")),
        ("a.tar.gz", tarred("../out")),
        ("a.tar.gz", tarred("/tmp/out")),
        ("a.tar.gz", tarred(link("l", "/etc"), "l/out")),
        ("a.tar.gz", tarred(link("l", "../../.."), "l/out")),
        ("a.tar.gz", tarred(link("l", "../../../out", tarfile.LNKTYPE))),
        ("a.tar.gz", tarred(link("device", "", tarfile.CHRTYPE))),
    ],
    ids=range(9),
)
def test_no_archive_writes_anywhere_else(own: Home, tmp_path: Path, name: str, content: bytes) -> None:
    address = put(own, name, content, tmp_path)
    with pytest.raises(Invalid, match="outside of its folder"):
        fetch_unpacked(own, address)
    assert [path for path in tmp_path.rglob("*out*") if path.name == "out"] == []
    assert list(own.cache_folder.rglob("unpacked")) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.zip", b"no zip"), ("a.zip", zipped("x" * 99)[:150]), ("a.tar.gz", b"no tar"), ("a.tar.gz", tarred("x" * 99)[:60])],
    ids=range(4),
)
def test_a_broken_archive_is_no_folder(own: Home, tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(Corrupt, match="no whole archive"):
        fetch_unpacked(own, put(own, name, content, tmp_path))
    assert list(own.cache_folder.rglob("unpacked")) == []


def test_a_full_disk_leaves_nothing_half(own: Home, tmp_path: Path) -> None:
    address = put(own, "a", CONTENT * 1000, tmp_path)
    with pytest.raises(DiskFull, match="no space left"):
        fetch_full(own, address)
    assert list((own.cache_folder / "files").rglob("*")) == []


def fetch_full(home: Home, address: str) -> None:
    """Fetch where no file may grow beyond some bytes, which a system tells like a full disk."""
    import resource  # noqa: PLC0415 - not on every system
    import signal  # noqa: PLC0415

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    home.cache.root.mkdir(parents=True, exist_ok=True)
    home.files.size("a")
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        fetch(home, address, digest="0" * 64)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_places_say_where_they_are(own: Home, tmp_path: Path) -> None:
    assert place_of(own, "tilth://files/a%20b/c").path == "a b/c"
    assert place_of(own, tmp_path).address == tmp_path.as_uri()
    assert isinstance(place_of(own, "~/x"), LocalPlace)
    web = WebPlace("http://h/a?q=1")
    assert web.at("b c").address == "http://h/a/b%20c?q=1"
    for act in (lambda: web.put(tmp_path), web.delete, web.below):
        with pytest.raises(Denied, match="http://h/a"):
            act()
