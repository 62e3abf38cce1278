"""Links to what real servers keep: Ceph's gateway, Azurite, and a web server as odd as they are."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import urllib3

from tilth import Dataset
from tilth.base.errors import Denied, Invalid, NotFound, PathInvalid, PathNotFound, SourceChanged, StoreMissing, Unavailable
from tilth.base.ids import new_id
from tilth.sdk.home import Home
from tilth.sdk.links.checking import Compared
from tilth.sdk.links.verifying import verify_links
from tilth.store.api import Key
from tilth.testing.azurite import AzureServer
from tilth.testing.faults import Fault, fault_proxy
from tilth.testing.google_store import GoogleStore
from tilth.testing.homes import current_home
from tilth.testing.odd_web_server import running_odd_web_server
from tilth.testing.radosgw import S3Server
from tilth.testing.repositories import write_files

LARGE = bytes(range(256)) * 12_000
FILES = {"one.txt": b"one", "a/t w#o%20ü.txt": b"two", "a/b/large.bin": LARGE, "a/empty": b"", "a-b.txt": b"between"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with current_home(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    return f"s3://{s3.make_bucket(f'b-{new_id()}')}"


@pytest.fixture
def container(azure: AzureServer, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in azure.environment().items():
        monkeypatch.setenv(name, value)
    return f"azure://{azure.make_container(f'c-{new_id()}')}"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    with running_odd_web_server(Path(write_files(tmp_path / "web", FILES))) as address:
        yield address


@pytest.fixture
def google_bucket(google: GoogleStore, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in google.environment().items():
        monkeypatch.setenv(name, value)
    return f"gs://{google.make_bucket(f'b-{new_id()}')}"


@pytest.fixture(params=["bucket", "container", "google_bucket"])
def place(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


def put(home: Home, address: str, files: dict[str, bytes]) -> None:
    assert home.open_bucket
    store = home.open_bucket(address)
    for path, data in files.items():
        store.put(Key(path), [data])


def files_in(folder: str | None) -> dict[str, bytes]:
    assert folder
    found = [Path(at, name) for at, _, names in os.walk(folder) for name in names]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


def linked(*addresses: str, **named: object) -> Dataset:
    made = Dataset.create("linked", "p")
    made.add_external_files(list(addresses), **named)  # type: ignore[arg-type]
    made.finalize()
    return made


def asked(web: str) -> list[str]:
    return urllib3.request("GET", f"{web}/asked").data.decode().splitlines()


def test_a_folder_of_a_bucket_from_registering_to_importing(home: Home, place: str) -> None:
    put(home, place, {f"data/{path}": data for path, data in FILES.items()} | {"other/x": b"x"})
    first = linked(f"{place}/data/")
    assert [entry.link for entry in first.link_entries] == [f"{place}/data/{path}" for path in sorted(FILES)]
    assert files_in(first.get_local_copy()) == FILES
    put(home, place, {"data/one.txt": b"ONE", "data/new.txt": b"new"})
    home.open_bucket(place).delete([Key("data/a-b.txt")])  # type: ignore[misc]
    assert first.get_local_copy()  # what was fetched is known by its hash
    second = Dataset.create("linked", "p", parent_datasets=[first.id])
    assert second.sync_external_files(f"{place}/data") == (1, 1, 1)
    assert second.import_external_files() == len(FILES)
    second.finalize()
    assert (second.list_added_files(), second.list_removed_files()) == (["new.txt"], ["a-b.txt"])
    assert second.link_entries == []
    expected = {path: data for path, data in FILES.items() if path != "a-b.txt"} | {"one.txt": b"ONE", "new.txt": b"new"}
    assert files_in(second.get_local_copy()) == expected


def test_an_object_that_was_replaced_is_not_taken(home: Home, place: str) -> None:
    put(home, place, {"data/a": b"aaa", "data/b": b"bbb"})
    made = linked(f"{place}/data/")
    put(home, place, {"data/a": b"AAA"})
    with pytest.raises(SourceChanged, match=r"a was changed since it was registered"):
        made.get_local_copy()
    with pytest.raises(SourceChanged, match=r"a was changed since it was registered"), made.open("a") as file:
        file.read()
    with made.open("b") as file:
        assert file.read() == b"bbb"


def test_only_what_is_read_of_a_link_is_fetched(home: Home, place: str) -> None:
    put(home, place, {"large.bin": LARGE})
    made = linked(f"{place}/large.bin")
    with made.open("large.bin") as file:
        file.seek(1_500_007)
        assert file.read(10) == LARGE[1_500_007:1_500_017]
        file.seek(-3, os.SEEK_END)
        assert file.read() == LARGE[-3:]
    assert made.fs().cat_file("large.bin", 256, 260) == LARGE[256:260]


def test_many_named_objects_of_a_folder_cost_a_listing(home: Home, bucket: str, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{number:03}.txt" for number in range(40)]
    put(home, bucket, {f"data/{name}": name.encode() for name in names})
    with fault_proxy(s3.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        made = Dataset.create("linked", "p")
        proxy.fail(Fault.SLOW, times=1_000)
        assert made.add_external_files([f"{bucket}/data/{name}" for name in names]) == 40
        assert proxy.happened < 5


def test_folders_marked_by_empty_objects_are_no_files(home: Home, bucket: str, s3: S3Server) -> None:
    put(home, bucket, {"data/a/one": b"1", "data/a-": b"", "data/b": b""})
    for mark in ("data/", "data/a/"):
        s3.request("PUT", f"/{bucket.partition('://')[2]}/{mark}")
    assert linked(f"{bucket}/data/").list_files() == ["a-", "a/one", "b"]


def test_a_listing_that_fails_half_way_takes_nothing_away(home: Home, bucket: str, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home.open_bucket
    store = home.open_bucket(bucket)
    with ThreadPoolExecutor(16) as pool:  # more than one answer to a listing holds
        list(pool.map(lambda number: store.put(Key(f"data/{number:04}"), [b"x"]), range(1_005)))
    made = Dataset.create("linked", "p")
    assert made.add_external_files(f"{bucket}/data/") == 1_005
    home.link_sources._buckets.clear()
    with fault_proxy(s3.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        proxy.fail(Fault.ERROR, times=1_000, only=b"continuation-token")
        with pytest.raises(Unavailable):
            made.sync_external_files(f"{bucket}/data/")
        assert proxy.happened
    assert len(made.list_files()) == 1_005


def test_files_of_a_web_server(home: Home, web: str) -> None:
    addresses = [f"{web}/plain/one.txt", f"{web}/no-head/a-b.txt", f"{web}/plain/a/t%20w%23o%2520%C3%BC.txt", f"{web}/breaks/a/b/large.bin"]
    made = linked(*addresses)
    assert files_in(made.get_local_copy()) == {
        "one.txt": b"one", "a-b.txt": b"between", "t w#o%20ü.txt": b"two", "large.bin": LARGE,
    }  # fmt: skip
    assert any("bytes=" in line for line in asked(web))  # what broke off was taken up where it had


def test_a_server_without_parts_lengths_or_states_of_files(home: Home, web: str) -> None:
    for how in ("no-ranges", "no-length", "no-state"):
        made = linked(f"{web}/{how}/a/b/large.bin")
        assert [entry.size for entry in made.link_entries] == [len(LARGE)]
        with made.open("large.bin") as file:
            file.seek(2_000_000)
            assert file.read(5) == LARGE[2_000_000:2_000_005]
        assert files_in(made.get_local_copy()) == {"large.bin": LARGE}


@pytest.mark.parametrize("how", ["plain", "no-length", "no-state"])
def test_a_file_of_the_web_that_changed_is_not_taken(home: Home, web: str, tmp_path: Path, how: str) -> None:
    made = linked(f"{web}/{how}/one.txt")
    (tmp_path / "web/one.txt").write_bytes(b"ONE")
    with pytest.raises(SourceChanged, match=r"one\.txt was changed since it was registered"):
        made.get_local_copy()
    (tmp_path / "web/one.txt").unlink()
    with pytest.raises(PathNotFound, match=r"one\.txt can't be had: nothing lies at"):
        made.get_local_copy()


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("login/one.txt", Denied, "status 401; it is only for those who log in"),
        ("hidden/one.txt", Denied, "is answered with a page for people, not with a file; it may want a login"),
        ("plain/none.txt", NotFound, "status 404"),
        ("plain/", NotFound, "can't be listed: .* is answered with status 404; check the address, name its files one by one"),
    ],
)
def test_what_a_web_server_does_not_give_is_told(home: Home, web: str, path: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        linked(f"{web}/{path}")


def test_a_redirect_leads_on_and_takes_no_keys_along(home: Home, web: str) -> None:
    made = linked(f"{web}/moved/one.txt")
    assert files_in(made.get_local_copy()) == {"one.txt": b"one"}
    assert all(not line.split(" ")[-1].startswith("Basic") for line in asked(web))
    with pytest.raises(Invalid, match="a name or password"):
        linked(f"{web.replace('://', '://name:word@')}/moved/one.txt")


def test_a_bucket_that_is_not_there_is_told(home: Home, bucket: str) -> None:
    with pytest.raises(StoreMissing, match="there is no such bucket"):
        linked(f"{bucket}-none/data/")
    with pytest.raises(NotFound, match="does not exist"):
        linked(f"{bucket}/none.txt")


def test_keys_that_can_be_no_paths_are_told(home: Home, bucket: str, s3: S3Server, caplog: pytest.LogCaptureFixture) -> None:
    put(home, bucket, {"data/a b%20ü.txt": b"1", "data/x": b"2"})
    s3.request("PUT", f"/{bucket.partition('://')[2]}/data/b/{'n' * 300}", b"odd")
    made = Dataset.create("linked", "p")
    assert made.add_external_files(f"{bucket}/data/") == 2
    assert made.list_files() == ["a b%20ü.txt", "x"]
    (told,) = [record.getMessage() for record in caplog.records if record.name == "tilth.taking"]
    assert told.startswith(f"left out: {bucket}/data/b/nnn")
    assert told.endswith("one of its names is longer than 255 bytes")
    assert made.sync_external_files(f"{bucket}/data/") == (0, 0, 0)
    s3.request("PUT", f"/{bucket.partition('://')[2]}/data//twice", b"odd")
    with pytest.raises(
        PathInvalid, match=r"can't be listed at data/: it holds an object with a key that is no path, 'data//twice'; rename"
    ):
        made.sync_external_files(f"{bucket}/data/")
    assert made.list_files() == ["a b%20ü.txt", "x"]


def test_contents_of_a_bucket_are_compared_by_every_byte(home: Home, place: str) -> None:
    put(home, place, {"data/a": LARGE, "data/b": b"bbb"})
    made = Dataset.create("linked", "p")
    made.add_external_files(f"{place}/data/", read_hash=True)
    made.finalize()
    put(home, place, {"data/a": LARGE[::-1], "data/b": b"bbb"})
    found = list(verify_links(home, made._version, level="content"))
    assert [(one.path, one.compared, bool(one.problem)) for one in found] == [("a", Compared.CONTENT, True), ("b", Compared.CONTENT, False)]
