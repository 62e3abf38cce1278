"""What every object store promises, whatever it is made of."""

import hashlib
import random
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tilth.base.errors import Corrupt, FormatUnsupported, ObjectNotFound
from tilth.base.ids import new_id
from tilth.client.http import HttpSession
from tilth.store.api import Buffer, Key, ObjectStore
from tilth.store.local import LocalStore
from tilth.store.memory import MemoryStore
from tilth.store.opening import open_store
from tilth.store.probe import require_put_if_absent
from tilth.store.remote import RemoteStore
from tilth.testing.azurite import AzureServer
from tilth.testing.google_store import GoogleStore
from tilth.testing.radosgw import S3Server
from tilth.testing.servers import RunningServer, running_server

STORES: dict[str, Callable[[Path], ObjectStore]] = {"memory": lambda _: MemoryStore(), "local": LocalStore}
A, B = Key("packs/0f/a"), Key("packs/0f/b")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "home") as found:
        yield found


@pytest.fixture(params=[*STORES, "remote", "s3", "azure", "google"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    match request.param:
        case "remote":
            yield from remote_store(request)
        case "s3":
            s3: S3Server = request.getfixturevalue("s3")
            yield open_store(f"s3://{s3.make_bucket(f'b-{new_id()}')}/some/folder", tmp_path, s3.environment())
        case "azure":
            azure: AzureServer = request.getfixturevalue("azure")
            yield open_store(f"az://{azure.make_container(f'c-{new_id()}')}/some/folder", tmp_path, azure.environment())
        case "google":
            google: GoogleStore = request.getfixturevalue("google")
            yield open_store(f"gs://{google.make_bucket(f'b-{new_id()}')}/some/folder", tmp_path, google.environment())
        case name:
            yield STORES[name](tmp_path / "store")


def remote_store(request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    server: RunningServer = request.getfixturevalue("server")
    for found in (server.home / "store").iterdir():
        shutil.rmtree(found) if found.is_dir() else found.unlink()
    keys = server.credentials
    session = HttpSession(keys["api_server"], access_key=keys["access_key"], secret_key=keys["secret_key"])
    yield RemoteStore(session)
    session.close()


def keys(store: ObjectStore, prefix: str = "") -> list[Key]:
    return [info.key for info in store.list(prefix)]


@pytest.mark.parametrize("size", [0, 1, 3, 4095, 4096, 4097, 65537, 1_000_003])
def test_what_was_put_comes_back(store: ObjectStore, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    store.put(A, [data[:size]])
    found = store.head(A)
    assert store.get(A) == data[:size]
    assert found is not None
    assert found.size_bytes == size


def test_parts_are_joined_whatever_buffers_they_are(store: ObjectStore) -> None:
    store.put(A, [b"one", b"", bytearray(b"two"), memoryview(b"three")[1:]])
    assert store.get(A) == b"onetwohree"


def test_more_parts_than_one_system_call_takes(store: ObjectStore) -> None:
    store.put(A, [b"%d," % number for number in range(5000)])
    assert store.get(A) == b"".join(b"%d," % number for number in range(5000))


def test_no_parts_are_an_empty_object(store: ObjectStore) -> None:
    store.put(A, [])
    assert (store.get(A), store.get_range(A, 0, 0)) == (b"", b"")


def test_put_replaces(store: ObjectStore) -> None:
    store.put(A, [b"a longer first text"])
    store.put(A, [b"second"])
    assert store.get(A) == b"second"


def test_a_buffer_may_be_reused_after_put(store: ObjectStore) -> None:
    buffer = bytearray(b"before")
    store.put(A, [buffer])
    store.put_if_absent(B, buffer)
    buffer[:] = b"after!"
    assert (store.get(A), store.get(B)) == (b"before", b"before")


def test_put_if_absent_creates_once(store: ObjectStore) -> None:
    assert store.put_if_absent(A, b"first")
    assert not store.put_if_absent(A, b"second")
    assert not store.put_if_absent(A, b"first")
    assert store.get(A) == b"first"


def test_put_if_absent_respects_a_plain_put(store: ObjectStore) -> None:
    store.put(A, [b""])
    assert not store.put_if_absent(A, b"second")
    assert store.get(A) == b""


def test_put_if_absent_works_again_after_delete(store: ObjectStore) -> None:
    store.put_if_absent(A, b"first")
    store.delete([A])
    assert store.put_if_absent(A, b"second")
    assert store.get(A) == b"second"


def test_of_many_racers_exactly_one_creates(store: ObjectStore) -> None:
    racers, rounds = 8, 5
    start = Barrier(racers)

    def race(body: bytes) -> list[bool]:
        won = []
        for number in range(rounds):
            start.wait()
            won.append(store.put_if_absent(Key(f"versions/{number}"), body))
        return won

    bodies = [bytes([racer]) * 1000 for racer in range(racers)]
    with ThreadPoolExecutor(racers) as pool:
        results = list(pool.map(race, bodies))
    for number, won in enumerate(zip(*results, strict=True)):
        assert [body for body, success in zip(bodies, won, strict=True) if success] == [store.get(Key(f"versions/{number}"))]


def test_racing_puts_leave_one_whole_object(store: ObjectStore) -> None:
    bodies = [bytes([racer]) * 100_000 for racer in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda body: store.put(A, [body]), bodies))
    assert store.get(A) in bodies


def test_ranges(store: ObjectStore) -> None:
    store.put(A, [b"0123456789"])
    assert store.get_range(A, 0, 10) == b"0123456789"
    assert store.get_range(A, 3, 4) == b"3456"
    assert store.get_range(A, -3, 3) == b"789"
    assert store.get_range(A, -10, 2) == b"01"
    assert store.get_range(A, -4, 1) == b"6"
    assert store.get_range(A, 10, 0) == b""


@pytest.mark.parametrize(("start", "length"), [(0, 11), (9, 2), (10, 1), (500, 1), (-3, 4)])
def test_a_range_beyond_the_end_is_corrupt(store: ObjectStore, start: int, length: int) -> None:
    store.put(A, [b"0123456789"])
    with pytest.raises(Corrupt, match=A):
        store.get_range(A, start, length)


def test_a_tail_longer_than_the_object_is_corrupt(store: ObjectStore) -> None:
    store.put(A, [b"0123456789"])
    with pytest.raises(Corrupt, match=A):
        store.get_range(A, -11, 11)


def test_a_missing_object_is_named(store: ObjectStore) -> None:
    with pytest.raises(ObjectNotFound, match=A):
        store.get(A)
    with pytest.raises(ObjectNotFound, match=A):
        store.get_range(A, 0, 1)
    assert store.head(A) is None


def test_delete_is_idempotent_and_exact(store: ObjectStore) -> None:
    store.put(A, [b"a"])
    store.put(B, [b"b"])
    store.delete([A, Key("packs/ff/never")])
    store.delete([A])
    store.delete([])
    assert keys(store) == [B]


def test_a_listing_is_in_key_order_and_shows_sizes(store: ObjectStore) -> None:
    names = ["b", "a-1", "a/2", "a.3", "a/1", "a0", "a/1-x/y", "a/1.x", "aa/1", "A"]
    for size, name in enumerate(names):
        store.put(Key(f"packs/{name}"), [bytes(size)])
    found = [(info.key, info.size_bytes) for info in store.list("packs/")]
    assert found == sorted((f"packs/{name}", size) for size, name in enumerate(names))


def test_a_listing_keeps_to_its_prefix(store: ObjectStore) -> None:
    for name in ("packs/0f/a", "packs/0f0/a", "packs0/a", "roots/a"):
        store.put(Key(name), [b"x"])
    assert keys(store, "packs/0f/") == ["packs/0f/a"]
    assert keys(store, "packs/") == ["packs/0f/a", "packs/0f0/a"]
    assert keys(store, "nothing/") == []
    assert keys(store) == ["packs/0f/a", "packs/0f0/a", "packs0/a", "roots/a"]


def test_a_listing_goes_on_behind_a_key(store: ObjectStore) -> None:
    names = ["a/1", "a/2/x", "a/2/y", "a/3", "a0", "b"]
    for name in names:
        store.put(Key(f"packs/{name}"), [b"x"])
    for place, name in enumerate(names):
        assert [info.key for info in store.list("packs/", after=f"packs/{name}")] == [f"packs/{name}" for name in names[place + 1 :]]
    assert [info.key for info in store.list("packs/", after="packs/a/2/")] == [
        "packs/a/2/x",
        "packs/a/2/y",
        "packs/a/3",
        "packs/a0",
        "packs/b",
    ]
    assert list(store.list("packs/a/", after="packs/a0")) == []
    assert list(store.list("packs/", after="roots/")) == []


def test_more_objects_than_one_answer_lists(store: ObjectStore) -> None:
    names = [Key(f"packs/{number:04}") for number in range(1_100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put(key, [b""]), names))
    assert keys(store, "packs/") == names
    store.delete(names)
    assert keys(store, "packs/") == []


def test_an_object_that_is_sent_in_parts(store: ObjectStore) -> None:
    body = random.Random(7).randbytes(35_000_000)
    store.put(A, [body[:20_000_000], body[20_000_000:]])
    assert store.get_range(A, 16_777_000, 1_000) == body[16_777_000:16_778_000]
    assert store.get_range(A, -1_000, 1_000) == body[-1_000:]
    assert hashlib.sha256(store.get(A)).digest() == hashlib.sha256(body).digest()


def test_a_listing_shows_what_a_finished_call_wrote(store: ObjectStore) -> None:
    store.put(A, [b"a"])
    assert keys(store, "packs/") == [A]
    store.put_if_absent(B, b"b")
    assert keys(store, "packs/") == [A, B]
    store.delete([A])
    assert keys(store, "packs/") == [B]


def test_objects_may_vanish_while_they_are_listed(store: ObjectStore) -> None:
    for number in range(10):
        store.put(Key(f"packs/{number}"), [b"x"])
    listing = store.list("packs/")
    first = next(listing).key
    store.delete([Key(f"packs/{number}") for number in range(10)])
    assert first == "packs/0"
    assert {info.key for info in listing} <= {f"packs/{number}" for number in range(10)}


def test_head_says_what_the_listing_says(store: ObjectStore) -> None:
    store.put(A, [b"abc"])
    assert [store.head(A)] == list(store.list("packs/"))


def test_a_local_path_holds_the_object(store: ObjectStore) -> None:
    store.put(A, [b"abc"])
    path = store.local_path(A)
    assert path is None or path.read_bytes() == b"abc"


def test_the_probe_accepts_a_store_that_decides_races(store: ObjectStore) -> None:
    require_put_if_absent(store)
    assert keys(store) == []


class OverwritingStore(MemoryStore):
    """Takes no notice of the condition, as some servers did."""

    def put_if_absent(self, key: Key, data: Buffer) -> bool:
        self.put(key, [data])
        return True


class RefusingStore(MemoryStore):
    """Answers every conditional request with a refusal."""

    def put_if_absent(self, key: Key, data: Buffer) -> bool:
        self.put(key, [data])
        return False


@pytest.mark.parametrize("broken", [OverwritingStore(), RefusingStore()])
def test_the_probe_refuses_a_store_that_does_not(broken: MemoryStore) -> None:
    with pytest.raises(FormatUnsupported):
        require_put_if_absent(broken)
    assert keys(broken) == []


def test_a_local_store_leaves_no_temporary_files(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put(A, [b"a"])
    store.put_if_absent(A, b"b")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["a"]


def test_a_local_store_does_not_list_temporary_files(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put(A, [b"a"])
    (tmp_path / "tmp" / "left-by-a-crash.part").write_bytes(b"half")
    assert keys(store) == [A]
