"""The file server's protocol, with names and bytes that nobody thought of."""

import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec
import pytest

from tilth.testing.servers import RunningServer, running_server

NAMES = (
    "a.txt",
    "p #1 & ünï/sub/.datasets/n+a%26m/state.json",
    "deep/" + "x" * 300 + ".bin",
    "with space/and'quote.txt",
    "%41.txt",
    "plus+plus",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "home") as found:
        yield found
        said = found.said()
    assert "Traceback" not in said, said


def upload(server: RunningServer, *files: tuple[str, bytes]) -> tuple[int, bytes]:
    fields = {name: (name.rpartition("/")[2], content) for name, content in files}
    answer = server.request("POST", "/files", fields=fields)
    return answer.status, answer.data


def stored(server: RunningServer) -> set[str]:
    return {found.name for found in (server.home / "store" / "objects").rglob("*") if found.is_file()}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_found_under_the_very_name_that_it_was_given(server: RunningServer, name: str) -> None:
    content = f"content of {name}".encode()
    assert upload(server, (f"/{name}", content)) == (200, msgspec.json.encode([name]))
    found = server.request("GET", f"/files/{quote(name)}")
    assert (found.status, found.data, found.headers["content-length"]) == (200, content, str(len(content)))
    assert server.request("HEAD", f"/files/{quote(name)}").status == 200
    assert server.request("DELETE", f"/files/{quote(name)}").status == 200
    assert server.request("GET", f"/files/{quote(name)}").status == 404


def test_several_files_in_one_form_and_an_empty_one(server: RunningServer) -> None:
    assert upload(server, ("several/1", b"\r\n--boundary\r\n"), ("several/2", b""), ("several/3", b"x" * 3_000_000))[0] == 200
    assert [server.request("GET", f"/files/several/{number}").data for number in (1, 2, 3)] == [
        b"\r\n--boundary\r\n",
        b"",
        b"x" * 3_000_000,
    ]
    gone = server.request("POST", "/files/delete_many", body=b'{"files": ["several", "nothing"]}').json()
    assert gone == {"deleted": {"several": "several"}, "errors": {"Not found": ["nothing"]}}
    assert server.request("GET", "/files/several/1").status == 404


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "..%2fx", "%2e%2e/x", "a/%2e%2e/%2e%2e/x", "/etc/passwd/../x", "a%00b", ".versions/x"]
)
def test_no_name_leads_out_of_the_store(server: RunningServer, path: str) -> None:
    upload(server, ("kept", b"whole"))
    before = stored(server)
    for method, body in (("PUT", b"x"), ("GET", None), ("DELETE", None)):
        # This client sends a path as it is.
        connection = HTTPConnection(urlsplit(server.web).netloc)
        connection.request(method, f"/files/{path}", body, {"authorization": f"Bearer {server.token}"})
        assert connection.getresponse().status in (400, 404, 405)
        connection.close()
    assert stored(server) <= before  # the bytes of what other tests deleted go meanwhile
    assert server.request("GET", "/files/kept").data == b"whole"
    assert not (server.home / "x").exists()


def test_parts_of_a_file(server: RunningServer) -> None:
    data = bytes(range(256)) * 10
    upload(server, ("ranges", data))

    def part(wanted: str) -> tuple[int, bytes, str | None]:
        found = server.request("GET", "/files/ranges", headers={"range": wanted})
        return found.status, found.data, found.headers.get("content-range")

    assert part("bytes=0-9") == (206, data[:10], "bytes 0-9/2560")
    assert part("bytes=2550-") == (206, data[-10:], "bytes 2550-2559/2560")
    assert part("bytes=-5") == (206, data[-5:], "bytes 2555-2559/2560")
    assert part("bytes=0-99999")[:2] == (206, data)
    assert part("bytes=2560-") == (416, b"", "bytes */2560")
    assert part("bytes=0-1,5-6")[1] == data
    assert part("potatoes=1-2")[1] == data
    tag = server.request("HEAD", "/files/ranges").headers["etag"]
    assert server.request("GET", "/files/ranges", headers={"if-none-match": tag}).status == 304
    upload(server, ("ranges", b"new"))
    assert server.request("GET", "/files/ranges", headers={"if-none-match": tag}).data == b"new"


def test_pages_that_a_task_uploaded_run_in_a_place_of_their_own(server: RunningServer) -> None:
    upload(server, ("page.html", b"<script>alert(1)</script>"), ("drawing.svg", b"<svg/>"), ("odd", b"<html>"))
    for name in ("page.html", "drawing.svg"):
        headers = server.request("GET", f"/files/{name}").headers
        assert headers["content-security-policy"].startswith("sandbox")
        assert "allow-same-origin" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    odd = server.request("GET", "/files/odd").headers
    assert (odd["content-type"], odd["content-disposition"].partition(";")[0]) == ("application/octet-stream", "attachment")


def test_an_upload_that_breaks_off_leaves_nothing(server: RunningServer) -> None:
    before = stored(server)
    address = urlsplit(server.web)
    head = f"POST /files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {server.token}\r\ncontent-length: 1000000\r\n"
    with socket.create_connection((address.hostname, address.port)) as raw:
        part = b'--b\r\ncontent-disposition: form-data; name="broken"; filename="broken"\r\n\r\n' + b"x" * 10_000
        raw.sendall(f"{head}content-type: multipart/form-data; boundary=b\r\n\r\n".encode() + part)
    short = server.request("POST", "/files", body=b"--b\r\nnothing", headers={"content-type": "multipart/form-data; boundary=b"})
    assert (short.status, short.json()["hint"]) == (400, "send it again")
    assert server.request("GET", "/files/broken").status == 404
    assert stored(server) <= before


def test_links_are_good_for_one_file_one_verb_and_some_time(server: RunningServer) -> None:
    upload(server, ("shared.txt", b"shared"))
    url = server.call("files.sign", path="shared.txt", expires_sec=60)["url"].removeprefix(server.web)
    assert server.request("GET", url, token=None).data == b"shared"
    assert server.request("GET", url.replace("shared.txt", "other.txt"), token=None).status == 401
    assert server.request("PUT", url, token=None, body=b"x").status == 401
    assert server.request("GET", url.replace("signature=", "signature=0"), token=None).status == 401
    put = server.call("files.sign", path="given.txt", method="PUT")["url"].removeprefix(server.web)
    assert server.request("PUT", put, token=None, body=b"given").status == 200
    assert server.request("GET", "/files/given.txt").data == b"given"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_nobody_uses_files_without_signing_in(server: RunningServer, method: str) -> None:
    upload(server, ("private", b"x"))
    fields = {"fields": {"private": ("private", b"y")}} if method == "POST" else {}
    path = "/files" if method == "POST" else "/files/private"
    assert server.request(method, path, token=None, **fields).status == 401
    assert server.request("GET", "/files/private").data == b"x"


def test_a_large_file_takes_no_memory(server: RunningServer, tmp_path: Path) -> None:
    def resident() -> int:
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])

    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell how much memory a process has")
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(300_000_000)
    before = resident()
    with large.open("rb") as content:
        assert server.request("PUT", "/files/large", body=content, headers={"content-length": "300000000"}).status == 200
    found = server.request("GET", "/files/large", preload_content=False)
    assert sum(len(piece) for piece in found.stream(1 << 20)) == 300_000_000
    assert resident() - before < 60_000
