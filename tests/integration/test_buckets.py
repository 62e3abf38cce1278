"""Stores in buckets when something is wrong: keys, addresses, servers that promise too little, and a network that fails."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
import urllib3

from tilth.base.clock import SystemClock
from tilth.base.errors import (
    Corrupt,
    DiskFull,
    FormatUnsupported,
    Invalid,
    ObjectNotFound,
    StoreMissing,
    StoreRefused,
    TilthError,
    Unavailable,
    VersionNotFound,
)
from tilth.base.ids import VersionId, new_id
from tilth.datasets.format import root_key
from tilth.datasets.repository import Repository
from tilth.store.api import Key, ObjectInfo, ObjectStore
from tilth.store.bandwidth import Bandwidth, Lane
from tilth.store.buckets import BucketStore
from tilth.store.opening import open_store
from tilth.store.probe import require_put_if_absent
from tilth.testing.azurite import AzureServer
from tilth.testing.faults import Fault, FaultProxy, fault_proxy
from tilth.testing.google_store import GoogleStore
from tilth.testing.radosgw import S3Server
from tilth.testing.servers import free_port
from tilth.testing.versions import commit_light

A = Key("packs/0f/a")
LARGE = bytes(range(256)) * 160_000
"""Sent in parts."""


@pytest.fixture
def bucket(s3: S3Server) -> str:
    return s3.make_bucket(f"b-{new_id()}")


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[FaultProxy]:
    with fault_proxy(s3.endpoint) as found:
        yield found


class Answering(BaseHTTPRequestHandler):
    """Gives the same answer to every request."""

    answer: ClassVar[tuple[str, str]]

    def do(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        status, body = self.answer
        self.send_response(int(status[:3]), status[4:])
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_PUT = do_DELETE = do_POST = do_HEAD = do  # noqa: N815 - the names that the library calls

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class Overwriting(Answering):
    """Keeps objects, and takes no notice of `If-None-Match`, as some servers do."""

    objects: ClassVar[dict[str, bytes]] = {}

    def do_PUT(self) -> None:
        self.objects[self.path] = self.rfile.read(int(self.headers["content-length"]))
        self._reply(200, b"", etag='"1"')

    def do_GET(self) -> None:
        found = self.objects.get(self.path)
        if "list-type=2" in self.path:
            self._reply(200, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
        elif found is None:
            self._reply(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._reply(200, found, **{"etag": '"1"', "last-modified": "Wed, 21 Oct 2015 07:28:00 GMT"})

    def do_HEAD(self) -> None:
        self._reply(404, b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.objects.clear()
        self._reply(200, b"<DeleteResult><Deleted><Key>x</Key></Deleted></DeleteResult>")

    def _reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", free_port(6)), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def answering(status: str, body: str) -> Iterator[str]:
    """A server that answers everything so."""
    with serving(type("AnsweringSo", (Answering,), {"answer": (status, body)})) as endpoint:
        yield endpoint


def opened(s3: S3Server, bucket: str, home: Path = Path("/nowhere"), **environment: str) -> BucketStore:
    store = open_store(f"s3://{bucket}/folder", home, s3.environment() | environment)
    assert isinstance(store, BucketStore)
    return store


def through(proxy: FaultProxy, s3: S3Server, bucket: str) -> BucketStore:
    store = opened(s3, bucket, AWS_ENDPOINT_URL=proxy.endpoint)
    assert store.head(A) is None  # from here on, it is patient
    return store


def refusal(store: BucketStore) -> TilthError:
    """What everything that a store is asked for is refused with."""
    errors = []
    for ask in (
        lambda: store.get(A),
        lambda: store.put(A, [b"a"]),
        lambda: store.put_if_absent(A, b"a"),
        lambda: store.get_range(A, 0, 1),
        lambda: list(store.list("packs/")),
        lambda: store.delete([A]),
        lambda: store.head(A) or store.get(A),  # of a bucket, no answer without a body tells whether it is there
    ):
        with pytest.raises(TilthError) as caught:
            ask()
        errors.append(caught.value)
    assert {(type(error), str(error)) for error in errors} == {(type(errors[0]), str(errors[0]))}
    return errors[0]


def test_a_missing_bucket_is_named(s3: S3Server) -> None:
    error = refusal(opened(s3, "no-such-bucket"))
    assert isinstance(error, StoreMissing)
    assert str(error) == (f"s3://no-such-bucket/folder: there is no such bucket at {s3.endpoint}; make it first, or correct the address")


def test_a_server_that_speaks_no_tls_and_one_that_nobody_knows_are_told(s3: S3Server) -> None:
    store = open_store("s3://nothing", Path("/nowhere"), s3.environment() | {"AWS_ENDPOINT_URL": s3.endpoint.replace("http:", "https:")})
    with pytest.raises(StoreRefused, match="speaks no TLS; write the endpoint with http://"):
        store.get(A)
    store = open_store("s3://nothing", Path("/nowhere"), s3.environment() | {"AWS_ENDPOINT_URL": "http://nobody.invalid:9000"})
    with pytest.raises(Unavailable, match=r"nobody knows the server of http://nobody\.invalid:9000 by this name"):
        store.get(A)


def test_a_missing_container_is_named(azure: AzureServer) -> None:
    store = open_store("azure://nothing/folder", Path("/nowhere"), azure.environment())
    with pytest.raises(StoreMissing, match="there is no such container at http"):
        store.put(A, [b"a"])
    with pytest.raises(StoreMissing, match="there is no such container at http"):
        list(store.list("packs/"))


def test_a_wrong_access_key_is_told(s3: S3Server, bucket: str) -> None:
    error = refusal(opened(s3, bucket, AWS_ACCESS_KEY_ID="nobody"))
    assert isinstance(error, StoreRefused)
    assert str(error) == (
        f"s3://{bucket}/folder: {s3.endpoint} does not know the access key; "
        "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or [[storage.s3]] in tilth.toml"
    )


def test_a_wrong_secret_is_told_and_not_shown(s3: S3Server, bucket: str) -> None:
    error = refusal(opened(s3, bucket, AWS_SECRET_ACCESS_KEY="guessed"))
    assert isinstance(error, StoreRefused)
    assert "the secret key does not fit the access key" in error.message
    assert "guessed" not in str(error)


def test_a_wrong_key_of_azures_is_told(azure: AzureServer) -> None:
    name = azure.make_container(f"c-{new_id()}")
    store = open_store(f"az://{name}", Path("/nowhere"), azure.environment() | {"AZURE_STORAGE_KEY": "AAAA"})
    with pytest.raises(StoreRefused, match="the secret key does not fit, or it may not do this"):
        store.get(A)


def test_a_key_that_may_only_read_is_told(s3: S3Server, bucket: str, tmp_path: Path) -> None:
    opened(s3, bucket).put(A, [b"public"])
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],'
        f' "Resource": ["arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/*"]}}]}}'
    )
    s3.request("PUT", f"/{bucket}?policy=", policy.encode())
    (tmp_path / "tilth.toml").write_text(f'[[storage.s3]]\nbucket = "{bucket}"\nendpoint = "{s3.endpoint}"\nanonymous = true\n')
    anonymous = open_store(f"s3://{bucket}/folder", tmp_path, {})
    assert anonymous.get(A) == b"public"
    asked: list[Callable[[], object]] = [
        lambda: anonymous.put(A, [b"mine"]),
        lambda: anonymous.put_if_absent(Key("x"), b"mine"),
        lambda: anonymous.delete([A]),
    ]
    for ask in asked:
        with pytest.raises(StoreRefused, match=r"can't be written or deleted with this key \(AccessDenied\); the key may be allowed"):
            ask()
    assert opened(s3, bucket).get(A) == b"public"


def test_an_endpoint_where_nobody_is(s3: S3Server, bucket: str) -> None:
    nobody = f"http://127.0.0.1:{free_port(5)}"
    with pytest.raises(Unavailable) as caught:
        opened(s3, bucket, AWS_ENDPOINT_URL=nobody).get(A)
    assert caught.value.message == f"s3://{bucket}/folder: {nobody} can't be reached, or breaks off"


def test_a_full_quota_is_a_full_disk(s3: S3Server) -> None:
    with answering("403 Forbidden", "<Error><Code>QuotaExceeded</Code></Error>") as endpoint, pytest.raises(DiskFull, match="is full"):
        opened(s3, "bucket", AWS_ENDPOINT_URL=endpoint).put(A, [b"a"])


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (
            "400 Bad Request",
            "<Error><Code>AuthorizationHeaderMalformed</Code><Message>it is wrong; expecting 'eu-west-3'</Message></Error>",
            StoreMissing,
            "another region; set the region to eu-west-3",
        ),
        ("301 Moved Permanently", "<Error><Code>PermanentRedirect</Code></Error>", StoreMissing, "the bucket lies in another region"),
        ("403 Forbidden", "<Error><Code>RequestTimeTooSkewed</Code></Error>", StoreRefused, "the clock of this machine"),
        ("400 Bad Request", "<Error><Code>ExpiredToken</Code></Error>", StoreRefused, "the token has expired"),
        ("501 Not Implemented", "<Error><Code>NotImplemented</Code></Error>", FormatUnsupported, "use a store that honours"),
        ("418 Teapot", "I am no store", Unavailable, "answers status 418"),
    ],
)
def test_what_other_servers_say(s3: S3Server, status: str, body: str, kind: type[TilthError], words: str) -> None:
    with answering(status, body) as endpoint, pytest.raises(kind, match=words):
        opened(s3, "bucket", AWS_ENDPOINT_URL=endpoint).put_if_absent(A, b"a")


def test_a_store_that_overwrites_is_refused_with_the_way_out(s3: S3Server, tmp_path: Path) -> None:
    with serving(Overwriting) as endpoint:
        store = opened(s3, "bucket", AWS_ENDPOINT_URL=endpoint)
        repository = Repository(store, drafts=tmp_path, clock=SystemClock())
        with pytest.raises(
            FormatUnsupported, match=r"^s3://bucket/folder let 8 of 8 writers create .*; use a store that honours `If-None-M"
        ):
            repository.prepare()
    assert Overwriting.objects == {}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Signature not valid in the specified time frame: Start [..] - Expiry [..] - Current [..]", "the token has expired"),
        ("Request date header too old: 'Mon, 01 Jan 2024'", "the clock of this machine"),
        ("The MAC signature found in the HTTP request is not the same as any computed signature.", "the secret key does not fit"),
    ],
)
def test_azure_says_why_in_words(said: str, words: str) -> None:
    body = f"<Error><Code>AuthenticationFailed</Code><AuthenticationErrorDetail>{said}</AuthenticationErrorDetail></Error>"
    with answering("403 Forbidden", body) as endpoint:
        environment = {"AZURE_STORAGE_ACCOUNT": "a", "AZURE_STORAGE_KEY": "AAAA", "AZURE_STORAGE_ENDPOINT": endpoint}
        with pytest.raises(StoreRefused, match=words):
            open_store("az://container", Path("/nowhere"), environment).put(A, [b"a"])


@pytest.mark.parametrize(
    ("objects", "kind", "words"),
    [
        (
            {"format.json": b"hello"},
            Corrupt,
            r"^the format\.json of s3://.*/folder is none of Tilth's, or damaged \(.*\); name another folder",
        ),
        ({"format.json": b'{"a": 1}'}, Corrupt, r"is none of Tilth's"),
        ({"packs/mine": b"x"}, Invalid, r"^s3://.*/folder holds something else: packs/mine, and no format\.json, .*; name another folder"),
        ({"versions/1.0/a.txt": b"x"}, Invalid, r"holds something else: versions/1\.0/a\.txt"),
    ],
)
def test_a_bucket_that_holds_something_else_is_refused_and_left_alone(
    s3: S3Server, bucket: str, tmp_path: Path, objects: dict[str, bytes], kind: type[TilthError], words: str
) -> None:
    folder = f"s3://{bucket}/{new_id()}/folder"
    store = open_store(folder, Path("/nowhere"), s3.environment())
    for key, data in objects.items():
        store.put(Key(key), [data])
    with pytest.raises(kind, match=words):
        Repository(store, drafts=tmp_path, clock=SystemClock()).prepare()
    assert {info.key: store.get(info.key) for info in store.list("")} == objects


def test_a_bucket_that_was_emptied_is_named_with_what_it_does_not_have(s3: S3Server, bucket: str, tmp_path: Path) -> None:
    store = open_store(f"s3://{bucket}/folder", Path("/nowhere"), s3.environment())
    repository = Repository(store, drafts=tmp_path, clock=SystemClock())
    version = VersionId(new_id())
    with pytest.raises(VersionNotFound, match=f"^s3://{bucket}/folder holds no version {version}; if `tilth data search` shows it, "):
        repository.manifest(version)
    commit_light(store, version, clock=SystemClock())
    store.delete([root_key(version)])
    with pytest.raises(ObjectNotFound, match=f"^s3://{bucket}/folder does not have roots/{version} any more, .* put it back from a backup"):
        repository.manifest(version)


def test_a_repository_lies_beside_other_files_and_never_touches_them(s3: S3Server, bucket: str, tmp_path: Path) -> None:
    store = open_store(f"s3://{bucket}/{new_id()}", Path("/nowhere"), s3.environment())
    others = {Key("pictures/a.png"): b"a", Key("README"): b"b", Key("models/packs/x"): b"c"}
    for key, data in others.items():
        store.put(key, [data])
    repository = Repository(store, drafts=tmp_path, clock=SystemClock())
    repository.prepare()
    repository.execute_gc(repository.plan_gc(), confirmed=True)
    assert {info.key: store.get(info.key) for info in store.list("") if info.key != "format.json"} == others


def test_ceph_and_azurite_decide_races(s3: S3Server, bucket: str, azure: AzureServer) -> None:
    require_put_if_absent(opened(s3, bucket))
    require_put_if_absent(open_store(f"az://{azure.make_container(f'c-{new_id()}')}", Path("/nowhere"), azure.environment()))


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.SLOW_DOWN, Fault.CUT_REQUEST, Fault.LOSE_ANSWER, Fault.CUT_ANSWER, Fault.SLOW])
def test_one_failure_of_the_network_is_not_noticed(fault: Fault, proxy: FaultProxy, s3: S3Server, bucket: str) -> None:
    store = through(proxy, s3, bucket)
    asked: list[Callable[[], object]] = [
        lambda: store.put(A, [b"whole"]),
        lambda: assert_equal(store.get(A), b"whole"),
        lambda: assert_equal(store.get_range(A, 1, 2), b"ho"),
        lambda: assert_equal(store.get_range(A, -2, 2), b"le"),
        lambda: assert_equal([info.key for info in store.list("packs/")], [A]),
        lambda: assert_equal(store.head(A) is None, False),
        lambda: store.delete([A]),
        lambda: assert_equal(store.head(A), None),
    ]
    for ask in asked:
        proxy.fail(fault, times=1, after_bytes=40)
        ask()
        assert proxy.happened == 1


def assert_equal(found: object, wanted: object) -> None:
    assert found == wanted


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.CUT_REQUEST, Fault.LOSE_ANSWER, Fault.CUT_ANSWER])
@pytest.mark.parametrize("request_of", [b"uploads", b"partNumber=2", b"POST /"], ids=["begin", "part", "end"])
def test_an_object_in_parts_survives_a_failure(fault: Fault, request_of: bytes, proxy: FaultProxy, s3: S3Server, bucket: str) -> None:
    store = through(proxy, s3, bucket)
    proxy.fail(fault, times=1, only=request_of, after_bytes=40)
    store.put(A, [LARGE])
    assert proxy.happened == 1
    assert store.get(A) == LARGE


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.CUT_REQUEST])
def test_what_fails_for_good_leaves_nothing(fault: Fault, proxy: FaultProxy, s3: S3Server, bucket: str) -> None:
    store = opened(s3, bucket, AWS_ENDPOINT_URL=proxy.endpoint)
    for body in (b"small", LARGE):
        proxy.fail(fault, times=1_000, only=b"PUT ", after_bytes=100)
        with pytest.raises(Unavailable):
            store.put(A, [body])
        assert opened(s3, bucket).head(A) is None
    assert list(opened(s3, bucket).list("")) == []


def test_a_create_whose_answer_is_lost_is_decided_by_reading(proxy: FaultProxy, s3: S3Server, bucket: str) -> None:
    store = through(proxy, s3, bucket)
    proxy.fail(Fault.LOSE_ANSWER, times=1, only=b"PUT ")
    created = outcome(lambda: store.put_if_absent(A, b"ours"))
    assert created in (False, Unavailable)
    assert store.get(A) == b"ours"
    assert store.put_if_absent(A, b"theirs") is False
    assert store.get(A) == b"ours"


def outcome(work: Callable[[], object]) -> object:
    try:
        return work()
    except TilthError as error:
        return type(error)


def test_a_line_that_is_too_slow_for_much_at_once_gets_less(
    proxy: FaultProxy, s3: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tilth.store.buckets._REQUEST", timedelta(seconds=10))
    monkeypatch.setattr("tilth.store.buckets._PATIENT", {"max_retries": 0, "retry_timeout": timedelta(seconds=1)})
    opened(s3, bucket).put(Key("packs/0f/b"), [LARGE])
    store = through(proxy, s3, bucket)
    proxy.fail(Fault.STALL, times=10_000, after_bytes=6 << 20)
    store.put(A, [LARGE[:33_600_000]])
    assert opened(s3, bucket).get(A) == LARGE[:33_600_000]
    store = opened(s3, bucket, AWS_ENDPOINT_URL=proxy.endpoint)
    assert store.head(A) is not None
    assert store.get_range(Key("packs/0f/b"), 5, 8_000_000) == LARGE[5:8_000_005]


def test_a_listing_that_breaks_off_goes_on_behind_what_came(s3: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(s3, bucket)
    found = [ObjectInfo(Key(f"packs/{number}"), 1, 0.0) for number in range(6)]
    asked: list[str] = []

    def two_and_no_more(prefix: str, after: str) -> Iterator[ObjectInfo]:
        asked.append(after)
        for number, info in enumerate(info for info in found if info.key > after):
            if number == 2:
                raise Unavailable("it breaks off", hint="") from OSError("Error getting list response body: HTTP error")
            yield info

    monkeypatch.setattr(store, "_listed", two_and_no_more)
    assert list(store.list("packs/")) == found
    assert asked == ["", "packs/1", "packs/3"]


def test_an_answer_that_is_cut_for_good_is_no_damage(proxy: FaultProxy, s3: S3Server, bucket: str) -> None:
    opened(s3, bucket).put(A, [LARGE])
    store = opened(s3, bucket, AWS_ENDPOINT_URL=proxy.endpoint)
    proxy.fail(Fault.CUT_ANSWER, times=1_000, only=b"GET ", after_bytes=300_000)
    with pytest.raises(Unavailable):
        store.get_range(A, 0, 2_000_000)
    proxy.fail(Fault.CUT_ANSWER, times=0)
    assert store.get_range(A, 0, 2_000_000) == LARGE[:2_000_000]


def test_signed_addresses_are_good_for_one_object_and_one_thing(s3: S3Server, bucket: str) -> None:
    store = opened(s3, bucket)
    store.put(A, [b"0123456789"])
    reading, writing = store.sign("GET", A, expires_s=60), store.sign("PUT", Key("packs/0f/b"), expires_s=60)
    assert reading is not None
    assert writing is not None
    assert urllib3.request("GET", reading.url).data == b"0123456789"
    assert urllib3.request("GET", reading.url, headers={"range": "bytes=2-3"}).data == b"23"
    assert urllib3.request("PUT", reading.url, body=b"x").status == 403
    assert urllib3.request("GET", reading.url.replace("packs/0f/a", "packs/0f/b")).status == 403
    assert urllib3.request("PUT", writing.url, body=b"sent").status == 200
    assert store.get(Key("packs/0f/b")) == b"sent"


def test_signed_addresses_of_azures(azure: AzureServer) -> None:
    store = open_store(f"az://{azure.make_container(f'c-{new_id()}')}/x", Path("/nowhere"), azure.environment())
    assert isinstance(store, BucketStore)
    writing, reading = store.sign("PUT", A, expires_s=60), store.sign("GET", A, expires_s=60)
    assert writing is not None
    assert reading is not None
    assert urllib3.request("PUT", writing.url, body=b"sent", headers=dict(writing.headers)).status == 201
    assert urllib3.request("GET", reading.url).data == b"sent"
    assert store.get(A) == b"sent"
    with pytest.raises(ObjectNotFound):
        store.get(Key("packs/0f/b"))


def test_a_session_token_of_the_environment_does_not_mix_with_keys_of_a_bucket(
    s3: S3Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of another account")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of another account")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of another account")
    keys = f'access_key = "{s3.access_key}"\nsecret_key = "{s3.secret_key}"\n'
    (tmp_path / "tilth.toml").write_text(f'[[storage.s3]]\nbucket = "{bucket}"\nendpoint = "{s3.endpoint}"\n{keys}')
    store = open_store(f"s3://{bucket}", tmp_path)
    store.put(A, [b"a"])
    assert store.get(A) == b"a"


class Turns:
    """A lane in a time that does not pass: how long each piece would have waited."""

    def __init__(self, limit: int) -> None:
        self.waited: list[float] = []
        self.lane = Lane(limit, now=lambda: 0.0, sleep=self.waited.append)

    def pieces(self) -> list[int]:
        """The sizes of all but the last piece, in the order in which they went."""
        ends = [round(wait * self.lane.limit) for wait in sorted(self.waited)]
        return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


@pytest.fixture(params=["s3", "azure"])
def limited(request: pytest.FixtureRequest) -> tuple[ObjectStore, Turns, Turns]:
    up, down = Turns(1_000_000), Turns(1_000_000)
    bandwidth = Bandwidth()
    bandwidth.upload, bandwidth.download = up.lane, down.lane
    server: S3Server | AzureServer = request.getfixturevalue(request.param)
    if isinstance(server, S3Server):
        address = f"s3://{server.make_bucket(f'b-{new_id()}')}"
    else:
        address = f"az://{server.make_container(f'c-{new_id()}')}"
    return open_store(address, Path("/nowhere"), server.environment(), bandwidth=bandwidth), up, down


def test_a_limit_is_kept_by_everything_that_is_sent(limited: tuple[ObjectStore, Turns, Turns]) -> None:
    store, up, _ = limited
    body = LARGE[:12_000_000]
    store.put(A, [body[:700_000], body[700_000:]])
    pieces = [500_000, 200_000, *[500_000] * 22]
    assert up.pieces() == pieces  # and the rest, 300,000
    store.put_if_absent(Key("x"), b"123")
    store.put(Key("y"), [b"12"])
    assert up.pieces() == [*pieces, 300_000, 3]
    assert store.get(A) == body


def test_a_limit_is_kept_by_everything_that_is_fetched(limited: tuple[ObjectStore, Turns, Turns]) -> None:
    store, _, down = limited
    store.put(A, [LARGE[:2_200_000]])
    assert store.get_range(A, 100, 1_200_000) == LARGE[100:1_200_100]
    assert down.pieces() == [500_000, 500_000]
    assert store.get(A) == LARGE[:2_200_000]
    assert down.pieces() == [500_000, 500_000, 200_000, *[500_000] * 4]
    assert store.get_range(A, -50_000, 10) == LARGE[2_150_000:2_150_010]
    assert sum(down.pieces()) == 1_200_000 + 2_200_000


def test_threads_of_a_process_share_the_limit(limited: tuple[ObjectStore, Turns, Turns]) -> None:
    store, up, _ = limited
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store.put(Key(f"packs/{number}"), [bytes(100_000)]), range(8)))
    assert up.pieces() == [100_000] * 7


def gs_store(endpoint: str, home: Path) -> ObjectStore:
    """A bucket of Google's, with an account that needs no token."""
    account = {"type": "service_account", "private_key": "", "private_key_id": "", "client_email": "a@b", "disable_oauth": True}
    (home / "account.json").write_bytes(msgspec.json.encode(account))
    (home / "tilth.toml").write_text(f'[[storage.gs]]\nendpoint = "{endpoint}"\ncredentials = "{home / "account.json"}"\n')
    return open_store("gs://bucket/folder", home, {})


def test_a_bucket_of_googles_that_is_not_there(tmp_path: Path) -> None:
    with answering("404 Not Found", "<Error><Code>NoSuchBucket</Code></Error>") as endpoint:
        store = gs_store(endpoint, tmp_path)
        with pytest.raises(StoreMissing, match=f"gs://bucket/folder: there is no such bucket at {endpoint}"):
            store.put(A, [b"a"])


def test_googles_answer_to_a_second_create(tmp_path: Path) -> None:
    with answering("412 Precondition Failed", "<Error><Code>PreconditionFailed</Code></Error>") as endpoint:
        assert gs_store(endpoint, tmp_path).put_if_absent(A, b"a") is False


def test_an_emulator_of_googles_that_wants_keys_is_told_from_one_that_does_not(google: GoogleStore) -> None:
    name = google.make_bucket(f"b-{new_id()}")
    store = open_store(f"gs://{name}", Path("/nowhere"), {"STORAGE_EMULATOR_HOST": google.endpoint})
    with pytest.raises(StoreRefused, match=r"packs/0f/a can't be written or deleted with this key \(AuthenticationRequired\)"):
        store.put(A, [b"a"])


def test_a_bucket_of_googles_that_nobody_made(google: GoogleStore) -> None:
    store = open_store(f"gs://nothing-{new_id()}", Path("/nowhere"), google.environment())
    for ask in (lambda: list(store.list("")), lambda: store.put(A, [b"a"]), lambda: store.get(A)):
        with pytest.raises(StoreMissing, match="there is no such bucket"):
            ask()


def test_credentials_of_googles_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "tilth.toml").write_text('[[storage.gs]]\ncredentials = "/no/such/file.json"\n')
    with pytest.raises(Invalid, match=r"the credentials /no/such/file\.json can't be read"):
        open_store("gs://bucket", tmp_path, {})
