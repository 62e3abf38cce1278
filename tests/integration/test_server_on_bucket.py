"""A server whose files and datasets lie in a bucket: the same flows, and the bytes go straight between clients and the bucket."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
import urllib3

from tilth.base.ids import new_id
from tilth.client.http import HttpSession
from tilth.client.http_files import HttpFiles
from tilth.testing import forking
from tilth.testing.azurite import AzureServer
from tilth.testing.faults import Fault, fault_proxy
from tilth.testing.radosgw import S3Server
from tilth.testing.servers import RunningServer, free_port, running_server

BODY = random.Random(5).randbytes(5_000_000)
PROGRAM = {"user-agent": "python-requests/2.32"}


@pytest.fixture(scope="module")
def bucket(s3: S3Server) -> str:
    return s3.make_bucket(f"b-{new_id()}")


@pytest.fixture(scope="module")
def server(s3: S3Server, bucket: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("server") / "home"
    with running_server(home, "--storage", f"s3://{bucket}/tilth", **s3.environment()) as found:
        yield found


def keys(s3: S3Server, bucket: str, prefix: str) -> list[str]:
    listed = s3.request("GET", f"/{bucket}?list-type=2&prefix={prefix.replace('/', '%2F')}").decode()
    return [part.partition("</Key>")[0] for part in listed.split("<Key>")[1:]]


def tilth(*words: str, home: Path, **environment: str) -> str:
    done = forking.run(["-m", "tilth.cli.main", *words], env={**os.environ, "TILTH_HOME": str(home), **environment})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def signed_in(server: RunningServer) -> dict[str, str]:
    keys = server.credentials
    return {
        "TILTH_API_SERVER": keys["api_server"],
        "TILTH_API_ACCESS_KEY": keys["access_key"],
        "TILTH_API_SECRET_KEY": keys["secret_key"],
    }


def make_folder(folder: Path, *, files: int = 40) -> dict[str, bytes]:
    chance = random.Random(11)
    contents = {f"part-{number % 3}/{number:03}.bin": chance.randbytes(number * 997) for number in range(files)}
    contents["large.bin"] = chance.randbytes(9_000_000)
    contents["empty"] = b""
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return contents


def found_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_of_the_store_lies_in_the_home(server: RunningServer) -> None:
    assert server.request("GET", "/ready").status == 200
    assert not (server.home / "store").exists()


def test_the_file_protocol(server: RunningServer, s3: S3Server, bucket: str) -> None:
    before = keys(s3, bucket, "tilth/objects/")
    uploaded = server.request("POST", "/files/", fields={"a/model.bin": ("a/model.bin", BODY, "application/octet-stream")})
    assert (uploaded.status, uploaded.json()) == (200, ["a/model.bin"])
    (key,) = set(keys(s3, bucket, "tilth/objects/")) - set(before)
    assert server.request("GET", "/files/a/model.bin").data == BODY
    part = server.request("GET", "/files/a/model.bin", headers={"range": "bytes=1000000-1000009"})
    assert (part.status, part.data, part.headers["content-range"]) == (206, BODY[1_000_000:1_000_010], "bytes 1000000-1000009/5000000")
    tail = server.request("GET", "/files/a/model.bin", headers={"range": "bytes=-7"})
    assert (tail.status, tail.data) == (206, BODY[-7:])
    head = server.request("HEAD", "/files/a/model.bin")
    assert (head.status, head.headers["content-length"]) == (200, "5000000")
    assert server.request("PUT", "/files/a/model.bin", body=b"smaller").status == 200
    assert server.request("GET", "/files/a/model.bin").data == b"smaller"
    assert server.request("DELETE", "/files/a/model.bin").status == 200
    assert server.request("GET", "/files/a/model.bin").status == 404
    await_gone(s3, bucket, key)


def await_gone(s3: S3Server, bucket: str, key: str) -> None:
    """What is deleted leaves the bucket through a job."""
    deadline = time.monotonic() + 180
    while key in keys(s3, bucket, "tilth/objects/"):
        assert time.monotonic() < deadline, f"{key} is still there"
        time.sleep(0.1)


def test_an_upload_that_breaks_off_leaves_nothing(server: RunningServer, s3: S3Server, bucket: str) -> None:
    before = keys(s3, bucket, "tilth/objects/")

    def broken() -> Iterator[bytes]:
        yield BODY[:3_000_000]
        raise OSError("gone")

    with pytest.raises((OSError, urllib3.exceptions.HTTPError)):
        server.request("PUT", "/files/half.bin", body=broken(), headers={"content-length": "5000000"})
    assert server.request("GET", "/files/half.bin").status == 404
    assert set(keys(s3, bucket, "tilth/objects/")) <= set(before)  # a job may delete at the same time


def test_programs_are_sent_to_the_bucket_and_pages_are_not(server: RunningServer, s3: S3Server) -> None:
    server.request("PUT", "/files/direct.bin", body=BODY)
    server.request("PUT", "/files/small.bin", body=b"small")
    sent_on = server.request("GET", "/files/direct.bin", headers=PROGRAM, redirect=False)
    assert sent_on.status == 302
    assert urlsplit(sent_on.headers["location"]).netloc == urlsplit(s3.endpoint).netloc
    direct = urllib3.request("GET", sent_on.headers["location"], headers={"range": "bytes=10-19"})
    assert (direct.status, direct.data) == (206, BODY[10:20])
    for headers in ({"user-agent": "curl/8"}, {"user-agent": "Mozilla/5.0"}, PROGRAM | {"cookie": "tilth_session=x"}):
        assert server.request("GET", "/files/direct.bin", headers=headers, redirect=False).status == 200
    assert server.request("GET", "/files/direct.bin", headers=PROGRAM | {"x-tilth-direct": "no"}, redirect=False).status == 200
    assert server.request("GET", "/files/small.bin", headers=PROGRAM, redirect=False).status == 200
    assert server.request("HEAD", "/files/direct.bin", headers=PROGRAM, redirect=False).status == 200
    assert server.request("GET", "/files/direct.bin", headers=PROGRAM, redirect=False, token=None).status == 401


def test_our_client_gets_files_from_the_bucket_and_through_the_server_if_it_must(server: RunningServer) -> None:
    server.request("PUT", "/files/ours.bin", body=BODY)
    credentials = server.credentials
    before = moved(server)
    session = HttpSession(credentials["api_server"], access_key=credentials["access_key"], secret_key=credentials["secret_key"])
    files = HttpFiles(session, credentials["files_server"])
    with files.open("ours.bin") as opened:
        assert opened.read() == BODY
    assert files.size("ours.bin") == len(BODY)
    assert moved(server) == before
    assert session.direct("GET", f"http://127.0.0.1:{free_port(9)}/x") is None
    session.close()


def moved(server: RunningServer) -> int:
    """How many bytes of contents went through the server."""
    lines = server.request("GET", "/metrics").data.decode().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("tilth_file_bytes_total{"))


def sync_and_get(server: RunningServer, tmp_path: Path) -> int:
    """Make a version on one machine, get it on another; returns the bytes that went through the server."""
    contents, before = make_folder(tmp_path / "data"), moved(server)
    name = new_id()
    tilth("data", "sync", "--folder", str(tmp_path / "data"), "--project", "P", "--name", name, home=tmp_path / "one", **signed_in(server))
    tilth("data", "get", "--id", f"P/{name}", "--copy", str(tmp_path / "got"), home=tmp_path / "other", **signed_in(server))
    assert found_in(tmp_path / "got") == contents
    return moved(server) - before


def test_datasets_go_straight_between_clients_and_the_bucket(server: RunningServer, s3: S3Server, bucket: str, tmp_path: Path) -> None:
    assert sync_and_get(server, tmp_path) < 500_000
    assert keys(s3, bucket, "tilth/packs/")


def test_datasets_go_through_the_server_where_that_is_asked_for(s3: S3Server, tmp_path: Path) -> None:
    storage = f"s3://{s3.make_bucket(f'b-{new_id()}')}"
    with running_server(tmp_path / "home", "--storage", storage, "--no-direct", **s3.environment()) as server:
        assert sync_and_get(server, tmp_path) > 19_000_000
        server.request("PUT", "/files/x.bin", body=BODY)
        assert server.request("GET", "/files/x.bin", headers=PROGRAM, redirect=False).data == BODY


def test_clients_that_can_not_get_to_the_bucket_go_through_the_server(s3: S3Server, tmp_path: Path) -> None:
    storage = f"s3://{s3.make_bucket(f'b-{new_id()}')}"
    home = tmp_path / "home"
    home.mkdir()
    (home / "tilth.toml").write_text(f'[[storage.s3]]\npublic_endpoint = "http://127.0.0.1:{free_port(7)}"\n')
    with running_server(home, "--storage", storage, **s3.environment()) as server:
        assert sync_and_get(server, tmp_path) > 19_000_000


def test_a_server_on_azure(azure: AzureServer, tmp_path: Path) -> None:
    storage = f"azure://{azure.make_container(f'c-{new_id()}')}/tilth"
    with running_server(tmp_path / "home", "--storage", storage, **azure.environment()) as server:
        assert sync_and_get(server, tmp_path) < 500_000
        server.request("PUT", "/files/x.bin", body=BODY)
        assert server.request("GET", "/files/x.bin", headers={"range": "bytes=-9"}).data == BODY[-9:]
        assert server.request("GET", "/files/x.bin", headers=PROGRAM, redirect=False).status == 302
        assert server.request("DELETE", "/files/x.bin").status == 200


def test_a_bucket_that_fails_for_a_while_loses_nothing(s3: S3Server, tmp_path: Path) -> None:
    storage = f"s3://{s3.make_bucket(f'b-{new_id()}')}"
    with fault_proxy(s3.endpoint) as proxy:
        environment = s3.environment() | {"AWS_ENDPOINT_URL": proxy.endpoint}
        with running_server(tmp_path / "home", "--storage", storage, **environment) as server:
            assert server.request("PUT", "/files/x.bin", body=b"first").status == 200
            proxy.fail(Fault.ERROR, times=1_000)
            refused = server.request("PUT", "/files/x.bin", body=b"second")
            assert (refused.status, refused.json()["code"]) == (503, "unavailable")
            assert server.request("GET", "/ready").status == 503
            assert server.request("GET", "/health").status == 200
            proxy.fail(Fault.ERROR, times=0)
            assert server.request("GET", "/files/x.bin").data == b"first"
            assert server.request("GET", "/ready").status == 200
            for fault in (Fault.ERROR, Fault.CUT_REQUEST, Fault.CUT_ANSWER, Fault.LOSE_ANSWER, Fault.SLOW):
                proxy.fail(fault, times=2, after_bytes=100)
                assert server.request("PUT", f"/files/{fault.name}", body=BODY[:1_000_000]).status == 200
                proxy.fail(fault, times=2, after_bytes=100)
                assert server.request("GET", f"/files/{fault.name}").data == BODY[:1_000_000]
            proxy.fail(Fault.CUT_ANSWER, times=3, after_bytes=2_000)
            sync_and_get(server, tmp_path)


@pytest.mark.parametrize(
    ("storage", "environment", "words"),
    [
        ("s3://no-such-bucket/x", {}, "there is no such bucket"),
        ("s3://tilth-somewhere/x", {"AWS_SECRET_ACCESS_KEY": "wrong"}, "the secret key does not fit the access key"),
        ("s3://Bad bucket", {}, "names no bucket"),
        ("ftp://host/x", {}, "no place to store in"),
    ],
)
def test_a_server_does_not_start_over_a_store_that_can_not_be_used(
    storage: str, environment: dict[str, str], words: str, s3: S3Server, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tilth.cli.main", "up", "--home", str(tmp_path), "--port", str(free_port()), "--storage", storage],
        env={**os.environ, **s3.environment(), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_several_servers_on_one_database_and_one_bucket_are_one_service(s3: S3Server, postgres: str, tmp_path: Path) -> None:
    storage = f"s3://{s3.make_bucket(f'b-{new_id()}')}/team"
    database = new_database(postgres)
    options = ("--database", database, "--storage", storage)
    with ExitStack() as stack:
        with ThreadPoolExecutor(3) as starting:  # at once: one makes the tables and the repository, the others find them
            homes = [tmp_path / f"home-{number}" for number in range(3)]
            begun = [
                starting.submit(stack.enter_context, running_server(home, *options, port=free_port(8 + number), **s3.environment()))
                for number, home in enumerate(homes)
            ]
        first, second, third = (server.result() for server in begun)
        for place, server in enumerate((first, second, third)):
            assert server.request("PUT", f"/files/from-{place}", body=BODY[: 1_000 + place]).status == 200
        for server in (first, second, third):
            for place in range(3):
                assert server.request("GET", f"/files/from-{place}").data == BODY[: 1_000 + place]
        contents = make_folder(tmp_path / "data")
        tilth(
            "data", "sync", "--folder", str(tmp_path / "data"), "--project", "P", "--name", "d", home=tmp_path / "desk", **signed_in(first)
        )
        tilth("data", "get", "--id", "P/d", "--copy", str(tmp_path / "got"), home=tmp_path / "other", **signed_in(second))
        assert found_in(tmp_path / "got") == contents
        by_first = third.request("GET", "/api/users.get_current_user", token=first.token)
        assert by_first.status == 200
        first.stop(signal.SIGKILL)
        assert second.request("DELETE", "/files/from-0").status == 200
        assert third.request("GET", "/files/from-0").status == 404
        with ThreadPoolExecutor(8) as pool:
            names = list(pool.map(lambda number: make_version((second, third)[number % 2], tmp_path, number), range(4)))
        assert sorted(names) == [f"1.0.{number}" for number in range(4)]


def make_version(server: RunningServer, tmp_path: Path, number: int) -> str:
    """Write the next version of one dataset, at the same time as others; returns the number that it got."""
    home = tmp_path / f"home-of-{number}"
    said = tilth("data", "create", "--project", "P", "--name", "raced", "--json", home=home, **signed_in(server))
    id = msgspec.json.decode(said)["id"]
    closed = tilth("data", "close", "--id", id, "--json", home=home, **signed_in(server))
    return str(msgspec.json.decode(closed)["version"])


def new_database(postgres: str) -> str:
    psycopg = pytest.importorskip("psycopg")
    name = f"d{new_id()}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{postgres.rpartition('/')[0]}/{name}"
