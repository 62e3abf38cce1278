"""The whole life of versions over a network that fails: nothing is lost, nothing is half committed."""

import random
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from msgspec import Struct

from tilth.base.errors import Corrupt, TilthError, Unavailable
from tilth.base.ids import VersionId, new_id
from tilth.datasets.materialise import copy_to
from tilth.datasets.repository import Repository
from tilth.datasets.taking import sync
from tilth.datasets.verify import Level, verify_stored
from tilth.store.api import Key, ObjectStore
from tilth.store.opening import open_store
from tilth.testing.azurite import AzureServer
from tilth.testing.faults import Fault, FaultProxy, fault_proxy
from tilth.testing.radosgw import S3Server
from tilth.testing.repositories import Workbench, write_files
from tilth.testing.servers import free_port

CHANCE = random.Random(9)
FILES = {f"a/{number:02}.bin": CHANCE.randbytes(number * 3_001) for number in range(20)} | {"large.bin": CHANCE.randbytes(6_000_000)}
CHANGED = {path: content for path, content in FILES.items() if path != "a/19.bin"} | {"large.bin": FILES["large.bin"][1:], "new": b"new"}
FAULTS = {
    Fault.ERROR: 0,
    Fault.SLOW_DOWN: 0,
    Fault.CUT_REQUEST: 900,
    Fault.CUT_ANSWER: 300,
    Fault.LOSE_ANSWER: 0,
    Fault.SLOW: 0,
}
"""And how many bytes pass before."""


class Line(Struct, frozen=True):
    """One folder of a bucket, reached over a network that may fail, and otherwise."""

    proxy: FaultProxy
    over: ObjectStore
    beside: ObjectStore


@pytest.fixture(params=["s3", "azure"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    server: S3Server | AzureServer = request.getfixturevalue(request.param)
    if isinstance(server, S3Server):
        address, variable = f"s3://{server.make_bucket(f'b-{new_id()}')}/deep/folder", "AWS_ENDPOINT_URL"
    else:
        address, variable = f"az://{server.make_container(f'c-{new_id()}')}/deep", "AZURE_STORAGE_ENDPOINT"
    nowhere = Path("/nowhere")
    with fault_proxy(server.endpoint) as proxy:
        over = open_store(address, nowhere, server.environment() | {variable: proxy.endpoint})
        yield Line(proxy, over, open_store(address, nowhere, server.environment()))


def bench_over(store: ObjectStore, root: Path) -> Workbench:
    bench = Workbench(root)
    bench.repository = Repository(store, drafts=root / "drafts", clock=bench.clock)
    return bench


def stored(bench: Workbench, files: dict[str, bytes], *parents: VersionId) -> VersionId:
    folder = write_files(bench.root / f"source-{new_id()}", files)
    with bench.draft(*parents) as draft:
        sync(draft, folder, bench.context(pack_bytes=1 << 20))
        return bench.commit(draft)


def restored(store: ObjectStore, repository: Repository, version: VersionId, target: Path) -> dict[str, bytes]:
    copy_to(store, version, repository.manifest(version).entries(), target)
    return {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_life_over_a_network_that_fails_for_a_while(line: Line, fault: Fault, tmp_path: Path) -> None:
    bench = bench_over(line.over, tmp_path)
    bench.repository.prepare()

    def fail() -> None:
        line.proxy.fail(fault, times=3, after_bytes=FAULTS[fault])

    fail()
    first = stored(bench, FILES)
    assert line.proxy.happened == 3
    fail()
    second = stored(bench, CHANGED, first)
    fail()
    assert restored(line.over, bench.repository, first, tmp_path / "first") == FILES
    fail()
    bench.repository.delete(first)
    fail()
    bench.repository.execute_gc(bench.repository.plan_gc(), confirmed=True)
    beside = Repository(line.beside, drafts=tmp_path / "other", clock=bench.clock)
    assert [record.id for record in beside.records()] == [second]
    assert list(verify_stored(line.beside, beside.record(second), Level.CONTENT)) == []
    assert restored(line.beside, beside, second, tmp_path / "second") == CHANGED


@pytest.mark.parametrize("after_requests", [0, 2, 5])
def test_a_line_that_is_cut_for_good_commits_nothing_or_all(
    line: Line, after_requests: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_over(line.over, tmp_path)
    bench.repository.prepare()
    before = stored(bench, {"kept": b"kept"})
    count = 0
    plain = line.over.put

    def counted(key: Key, parts: object) -> None:
        nonlocal count
        count += 1
        if count > after_requests:
            raise Unavailable("the line is cut", hint="run the same command again")
        plain(key, parts)  # type: ignore[arg-type]

    monkeypatch.setattr(line.over, "put", counted)
    with pytest.raises(TilthError):
        stored(bench, FILES)
    monkeypatch.undo()
    beside = Repository(line.beside, drafts=tmp_path / "other", clock=bench.clock)
    assert [record.id for record in beside.records()] == [before]
    assert restored(line.beside, beside, before, tmp_path / "kept") == {"kept": b"kept"}
    again = stored(bench, FILES)
    assert restored(line.beside, beside, again, tmp_path / "again") == FILES


class WrongLengths(BaseHTTPRequestHandler):
    """Has one object of ten bytes, and answers requests for parts of it with another number of bytes than was asked for."""

    answered: ClassVar[bytes] = b""

    def do_HEAD(self) -> None:
        self._reply(200, {"content-length": "10"}, b"")

    def do_GET(self) -> None:
        length = len(self.answered)
        self._reply(206, {"content-length": str(length), "content-range": f"bytes 0-{length - 1}/10"}, self.answered)

    def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in (headers | {"etag": '"1"', "last-modified": "Wed, 21 Oct 2015 07:28:00 GMT"}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.mark.parametrize("answered", [b"0123", b"0123456789"], ids=["shorter", "longer"])
def test_an_answer_of_another_length_is_never_taken(answered: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WrongLengths, "answered", answered)
    server = ThreadingHTTPServer(("127.0.0.1", free_port(6)), WrongLengths)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}
        store = open_store("s3://bucket", Path("/nowhere"), keys)
        with pytest.raises((Unavailable, Corrupt)):
            store.get_range(Key("a"), 0, 6)
    finally:
        server.shutdown()
        server.server_close()
