"""A home without a server whose versions and files lie in a bucket: every command, from any machine that knows the bucket."""

import os
import random
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import msgspec
import pytest

from tests.integration.test_buckets import answering
from tilth.base.ids import new_id
from tilth.store.opening import open_store
from tilth.testing import forking
from tilth.testing.azurite import AzureServer
from tilth.testing.faults import Fault, fault_proxy
from tilth.testing.google_store import GoogleStore
from tilth.testing.radosgw import S3Server
from tilth.testing.servers import running_server


class Desk:
    """Commands over one home whose store is a bucket."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.home = home
        self.environment = {**os.environ, **environment, "TILTH_HOME": str(home)}

    def run(self, *words: str, status: int = 0) -> str:
        done = forking.run(self.words(*words), env=self.environment)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stderr

    def words(self, *words: str) -> list[str]:
        return ["-m", "tilth.cli.main", *words]


@pytest.fixture(params=["s3", "azure", "google"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    if request.param == "s3":
        s3: S3Server = request.getfixturevalue("s3")
        return Desk(tmp_path / "home", s3.environment() | {"TILTH_STORAGE": f"s3://{s3.make_bucket(f'b-{new_id()}')}/deep/folder"})
    if request.param == "google":
        google: GoogleStore = request.getfixturevalue("google")
        return Desk(tmp_path / "home", google.environment() | {"TILTH_STORAGE": f"gs://{google.make_bucket(f'b-{new_id()}')}/deep"})
    azure: AzureServer = request.getfixturevalue("azure")
    return Desk(tmp_path / "home", azure.environment() | {"TILTH_STORAGE": f"az://{azure.make_container(f'c-{new_id()}')}/deep"})


def make_folder(folder: Path) -> dict[str, bytes]:
    chance = random.Random(3)
    contents = {f"a/{number:03}.bin": chance.randbytes(number * 501) for number in range(60)}
    contents |= {"large.bin": chance.randbytes(7_000_000), "empty": b"", "text.txt": b"words " * 10_000}
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return contents


def found_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_whole_life(desk: Desk, tmp_path: Path) -> None:
    data = tmp_path / "data"
    contents = make_folder(data)
    desk.run("data", "sync", "--folder", str(data), "--project", "P", "--name", "d")
    assert not (desk.home / "store").exists()
    (data / "text.txt").write_bytes(b"other words")
    (data / "a" / "059.bin").unlink()
    desk.run("data", "sync", "--folder", str(data), "--project", "P", "--name", "d", "--parents", "P/d")
    changed = {name: content for name, content in contents.items() if name != "a/059.bin"} | {"text.txt": b"other words"}
    desk.run("data", "get", "--id", "P/d@1.0.1", "--copy", str(tmp_path / "new"))
    desk.run("data", "get", "--id", "P/d@1.0.0", "--copy", str(tmp_path / "old"))
    assert found_in(tmp_path / "new") == changed
    assert found_in(tmp_path / "old") == contents
    view = Path(desk.run("data", "get", "--id", "P/d@1.0.1").strip().splitlines()[-1])
    assert found_in(view) == changed
    assert desk.run("data", "cat", "--id", "P/d@1.0.1", "text.txt") == "other words"
    desk.run("data", "verify", "--id", "P/d@1.0.1")
    desk.run("data", "delete", "--id", "P/d@1.0.0")
    desk.run("data", "gc", "--yes")
    desk.run("data", "verify", "--id", "P/d@1.0.1")


def test_a_killed_upload_goes_on(s3: S3Server, tmp_path: Path) -> None:
    storage = f"s3://{s3.make_bucket(f'b-{new_id()}')}"
    contents = make_folder(tmp_path / "data")
    contents["larger.bin"] = random.Random(4).randbytes(24_000_000)  # so that much is left whenever it is killed
    (tmp_path / "data" / "larger.bin").write_bytes(contents["larger.bin"])
    with fault_proxy(s3.endpoint) as proxy:
        desk = Desk(tmp_path / "home", s3.environment() | {"AWS_ENDPOINT_URL": proxy.endpoint, "TILTH_STORAGE": storage})
        id = msgspec.json.decode(desk.run("data", "create", "--project", "P", "--name", "d", "--json"))["id"]
        desk.run("data", "add", "--id", id, "--files", str(tmp_path / "data"))
        for kill_after in (1, 3, 5):
            proxy.fail(Fault.SLOW, times=10_000, only=b"PUT ")
            words = desk.words("data", "upload", "--id", id, "--chunk-size", "1")
            process = subprocess.Popen([sys.executable, *words], env=desk.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while proxy.happened < kill_after and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        proxy.fail(Fault.LOSE_ANSWER, times=3, only=b"PUT ")
        desk.run("data", "upload", "--id", id, "--chunk-size", "1")
        desk.run("data", "close", "--id", id)
        desk.run("data", "get", "--id", id, "--copy", str(tmp_path / "got"))
    assert found_in(tmp_path / "got") == contents


def test_a_bucket_that_is_gone_is_named(s3: S3Server, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home", s3.environment() | {"TILTH_STORAGE": "s3://nobody-made-this/x"})
    (tmp_path / "file").write_text("x")
    said = desk.run("data", "create", "--project", "P", "--name", "d", status=2)
    assert said.startswith("error: s3://nobody-made-this/x: there is no such bucket at http://127.0.0.1:")


@pytest.mark.parametrize(
    ("status", "body", "exits", "words"),
    [
        (
            "400 Bad Request",
            "<Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region>",
            2,
            "set the region to eu-west-3",
        ),
        ("403 Forbidden", "<Code>RequestTimeTooSkewed</Code>", 6, "differ too much; set the clock"),
        (
            "400 Bad Request",
            "<Code>ExpiredToken</Code>",
            6,
            "the token has expired, or is not good; get a new one",
        ),
        ("403 Forbidden", "<Code>AccessDenied</Code>", 6, "let it read and list them, and write and delete where versions are to lie"),
    ],
)
def test_what_a_server_refuses_is_told_with_the_way_out(
    s3: S3Server, tmp_path: Path, status: str, body: str, exits: int, words: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("x")
    with answering(status, f"<Error>{body}</Error>") as endpoint:
        desk = Desk(tmp_path / "home", s3.environment() | {"AWS_ENDPOINT_URL": endpoint, "TILTH_STORAGE": "s3://team/x"})
        said = desk.run("data", "sync", "--folder", str(tmp_path / "data"), "--project", "P", "--name", "d", status=exits)
    assert said.startswith("error: s3://team/x: ")
    assert words in said
    assert said.count("\n") == 1
    assert msgspec.json.decode(desk.run("data", "search", "--json"))["versions"] == []


def test_a_bucket_that_may_only_be_read_can_be_read(s3: S3Server, tmp_path: Path) -> None:
    bucket = s3.make_bucket(f"b-{new_id()}")
    desk = Desk(tmp_path / "home", s3.environment() | {"TILTH_STORAGE": f"s3://{bucket}/x"})
    contents = make_folder(tmp_path / "data")
    words = ("data", "sync", "--folder", str(tmp_path / "data"), "--project", "P", "--name")
    desk.run(*words, "d")
    deny = {"Effect": "Deny", "Principal": "*", "Action": ["s3:PutObject", "s3:DeleteObject"], "Resource": [f"arn:aws:s3:::{bucket}/*"]}
    s3.request("PUT", f"/{bucket}?policy=", msgspec.json.encode({"Version": "2012-10-17", "Statement": [deny]}))
    desk.run("data", "get", "--id", "P/d", "--copy", str(tmp_path / "got"))
    assert found_in(tmp_path / "got") == contents
    (tmp_path / "data" / "text.txt").write_text("other")
    said = desk.run(*words, "other", status=6)
    assert f"error: s3://{bucket}/x: " in said
    assert "can't be written or deleted with this key (AccessDenied); the key may be allowed to read only" in said


def test_versions_of_one_home_lie_where_each_was_begun(s3: S3Server, tmp_path: Path) -> None:
    own, other = (f"s3://{s3.make_bucket(f'b-{new_id()}')}/x" for _ in range(2))
    desk = Desk(tmp_path / "home", s3.environment() | {"TILTH_STORAGE": own})
    contents = make_folder(tmp_path / "data")
    for name, storage in (("here", own), ("there", f"{other}/")):
        desk.run("data", "sync", "--folder", str(tmp_path / "data"), "--project", "P", "--name", name, "--storage", storage)
    (tmp_path / "data" / "more").write_bytes(b"more")
    desk.run("data", "sync", "--folder", str(tmp_path / "data"), "--name", "there", "--parents", "P/there")
    for place, versions in ((own, 1), (other, 2)):
        store = open_store(place, tmp_path, s3.environment())
        assert len(list(store.list("versions/"))) == versions
    for name in ("here", "there"):
        desk.run("data", "get", "--id", f"P/{name}@1.0.0", "--copy", str(tmp_path / name))
        assert found_in(tmp_path / name) == contents
    desk.run("data", "verify", "--id", "P/there@1.0.1")
    said = desk.run("data", "create", "--project", "P", "--name", "both", "--parents", "P/here", "P/there", status=2)
    assert f"these versions lie in {own} and {other}, and one that builds on them can't be in both" in said
    said = desk.run("data", "create", "--project", "P", "--name", "x", "--parents", "P/there", "--storage", own, status=2)
    assert f"what the version builds on lies in {other}, and so does the version" in said
    desk.run("data", "delete", "--id", "P/there@1.0.0")
    assert "version" in desk.run("data", "gc", "--storage", other, "--yes")
    desk.run("data", "verify", "--id", "P/there@1.0.1")


def test_a_version_in_a_bucket_of_ones_own_is_found_through_the_server(s3: S3Server, tmp_path: Path) -> None:
    contents = make_folder(tmp_path / "data")
    storage = f"s3://{s3.make_bucket(f'b-{new_id()}')}/mine"
    with running_server(tmp_path / "served") as server:
        keys = server.credentials
        signed_in = {
            "TILTH_API_SERVER": keys["api_server"],
            "TILTH_API_ACCESS_KEY": keys["access_key"],
            "TILTH_API_SECRET_KEY": keys["secret_key"],
        }
        one, two = (Desk(tmp_path / name, s3.environment() | signed_in) for name in ("one", "two"))
        words = ("data", "sync", "--folder", str(tmp_path / "data"), "--project", "P", "--name", "d", "--storage", storage)
        id = msgspec.json.decode(one.run(*words, "--json"))["id"]
        assert not (tmp_path / "served" / "store" / "packs").exists()
        two.run("data", "get", "--id", "P/d", "--copy", str(tmp_path / "got"))
        assert found_in(tmp_path / "got") == contents
        stranger = Desk(tmp_path / "three", s3.environment() | signed_in | {"AWS_SECRET_ACCESS_KEY": "guessed"})
        said = stranger.run("data", "get", "--id", "P/d", "--copy", str(tmp_path / "none"), status=6)
        assert "the secret key does not fit the access key" in said
        answer = server.request("GET", f"/contents/{id}/text.txt")
        assert (answer.status, answer.json()["msg"]) == (400, f"what lies in {storage} is not read here")
        assert server.call("tasks.get_by_id", task=id)["task"]["id"] == id


def test_a_backup_of_a_server_on_a_bucket_says_where_the_rest_is(s3: S3Server, tmp_path: Path) -> None:
    storage = f"s3://{s3.make_bucket(f'b-{new_id()}')}/x"
    environment = s3.environment()
    with running_server(tmp_path / "home", "--storage", storage, **environment) as server:
        for name in ("kept", "lost"):
            server.request("PUT", f"/files/{name}", body=b"content of " + name.encode())
        (key,) = [info.key for info in open_store(storage, tmp_path, environment).list("objects/") if info.size_bytes == 15][:1]
        desk = Desk(tmp_path / "home", environment | {"TILTH_SERVER_STORAGE": storage})
        made = msgspec.json.decode(desk.run("backup", str(tmp_path / "kept.tar"), "--json"))
        assert made["lost"] == []
        store = open_store(storage, tmp_path, environment)
        store.delete([key])
        made = msgspec.json.decode(desk.run("backup", str(tmp_path / "later.tar"), "--json"))
        assert made["lost"] == [key]
        assert "keep the bucket by its own means" in desk.run("backup", str(tmp_path / "no.tar"), "--with-data", status=2)
    with tarfile.open(tmp_path / "kept.tar") as tar:
        assert [name for name in tar.getnames() if name.startswith("store")] == []
    said = desk.run("restore", str(tmp_path / "later.tar"), "--home", str(tmp_path / "again"))
    assert f"files and the contents of datasets are not in the backup: they are in {storage}" in said
    assert f"--storage {storage}" in said
    with running_server(tmp_path / "again", "--storage", storage, **environment) as server:
        answers = {server.request("GET", f"/files/{name}").status for name in ("kept", "lost")}
        assert answers == {200, 404}
