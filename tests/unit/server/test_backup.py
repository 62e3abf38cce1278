"""A server in one file: what comes back is what was there, and what is not whole is not used."""

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tilth.base.clock import SystemClock
from tilth.base.errors import AlreadyExists, Corrupt, FormatUnsupported, Invalid, NotFound, TilthError
from tilth.server.app import backup_file
from tilth.server.app.backup import BackupMade, BackupPlan, make_backup
from tilth.server.app.restore import check_backup, restore_backup
from tilth.server.db.opening import open_database
from tilth.server.services.files import delete_files, keep_file
from tilth.server.services.setup import prepare
from tilth.server.stores.unit_of_work import Tx
from tilth.store.streams import LocalStreams

AWKWARD = ["tab\there", "line\nend\r", "back\\slash \\N \\.", "quote ' \" ;", "żółć 犬 🐈", "", " spaces "]
SQLITE_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
POSTGRES_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'tilth' AND table_name <> 'schema_version'"

Rows = dict[str, list[tuple[Any, ...]]]


def silent(files: int, size: int) -> None:
    """Nobody watches."""


class Server:
    """A home with a little of everything in it, as a server would leave it."""

    def __init__(self, folder: Path, address: str | None = None) -> None:
        self.home = folder / "home"
        self.address = address
        self.target = folder / "kept.tar"
        self.objects = LocalStreams(self.home / "store")
        self.database = open_database(address, self.home)
        self.write(prepare)
        self.contents = {f"a/{number}.bin": bytes([number]) * (number * 5_000) for number in range(1, 6)}
        for path, content in self.contents.items():
            self.upload(path, content)
        self.write(self._awkward_rows)
        (self.home / "credentials.json").write_text('{"access_key": "KEY"}')
        (self.home / "tilth.toml").write_text('author = "Somebody"\n')

    def write(self, work: Callable[[Tx], object]) -> None:
        self.database.run(lambda connection: work(Tx(connection, SystemClock())), writes=True)

    def upload(self, path: str, content: bytes) -> None:
        writer = self.objects.create()
        writer.write(content)
        writer.commit()
        self.write(lambda tx: keep_file(tx, path, key=writer.key, size_bytes=len(content), content_type=None))

    def delete(self, path: str) -> None:
        self.write(lambda tx: delete_files(tx, [path]))

    def drop_objects(self) -> None:
        for found in (self.home / "store" / "objects").glob("*/*"):
            found.unlink()

    def backup(self, watch: Callable[[int, int], None] = silent, **options: Any) -> BackupMade:
        plan = BackupPlan(target=self.target, home=self.home, store=self.home / "store", database=self.address, **options)
        return make_backup(plan, SystemClock(), watch)

    def _awkward_rows(self, tx: Tx) -> None:
        for number, text in enumerate(AWKWARD):
            tx.set_setting(f"awkward {number}", text)
            tx.audit("me", text, "entity", "")
            values = ("task", "plot", text, "", number, 2**60, text or None, bytes(range(256)))
            self._insert(tx, "event", values)
        self._insert(tx, "queue_sample", ("queue", 1, 0.1 + 0.2, -(2**62)))
        self._insert(tx, "queue_sample", ("queue", 2, float("inf"), 0))

    @staticmethod
    def _insert(tx: Tx, table: str, values: tuple[Any, ...]) -> None:
        tx._db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.database.close()


def rows_of(home: Path, address: str | None = None) -> Rows:
    with closing(open_database(address, home)) as database, database.reading() as connection:
        names = [name for (name,) in connection.all(POSTGRES_TABLES if address else SQLITE_TABLES)]
        return {name: sorted(connection.all(f"SELECT * FROM {name}"), key=repr) for name in sorted(names)}


def files_of(home: Path, rows: Rows) -> dict[str, bytes]:
    return {path: (home / "store" / key).read_bytes() for path, key, *_ in rows["file"]}


def leftovers(folder: Path) -> list[str]:
    return [found.name for found in folder.iterdir() if found.name.startswith(".")]


def test_everything_comes_back(server: Server, tmp_path: Path) -> None:
    made = server.backup()
    done = restore_backup(server.target, tmp_path / "other", None, silent)
    before, after = rows_of(server.home), rows_of(tmp_path / "other")
    assert after == before
    assert files_of(tmp_path / "other", after) == server.contents
    assert (tmp_path / "other" / "credentials.json").read_text() == '{"access_key": "KEY"}'
    assert (tmp_path / "other" / "tilth.toml").read_text() == 'author = "Somebody"\n'
    assert (made.files, made.size_bytes, made.lost) == (done.files, done.size_bytes, ())
    assert leftovers(tmp_path) == []


def test_only_their_owner_can_read_what_has_keys_in_it(server: Server, tmp_path: Path) -> None:
    server.backup()
    restore_backup(server.target, tmp_path / "other", None, silent)
    secret = (server.target, tmp_path / "other" / "credentials.json", tmp_path / "other" / "tilth.toml")
    assert [path.stat().st_mode & 0o077 for path in secret] == [0, 0, 0]


def test_what_the_server_deletes_and_adds_meanwhile_changes_nothing(server: Server, tmp_path: Path) -> None:
    before = rows_of(server.home)

    def meddle(files: int, size: int) -> None:
        for path in server.contents:
            server.delete(path)
        server.drop_objects()
        server.upload("late.bin", b"late")

    made = server.backup(meddle)
    restore_backup(server.target, tmp_path / "other", None, silent)
    assert made.lost == ()
    assert rows_of(tmp_path / "other") == before
    assert files_of(tmp_path / "other", before) == server.contents


def test_an_object_that_is_gone_is_told_and_the_rest_kept(server: Server, tmp_path: Path) -> None:
    key = rows_of(server.home)["file"][0][1]
    (server.home / "store" / key).unlink()
    assert server.backup().lost == (key,)
    restore_backup(server.target, tmp_path / "other", None, silent)
    assert rows_of(tmp_path / "other") == rows_of(server.home)


def test_a_file_that_is_there_is_only_replaced_if_that_is_said(server: Server) -> None:
    server.target.write_text("mine")
    with pytest.raises(AlreadyExists, match="--overwrite"):
        server.backup()
    assert server.target.read_text() == "mine"
    server.backup(overwrite=True)
    check_backup(server.target, silent)


def test_a_home_without_anything_is_not_kept(tmp_path: Path) -> None:
    plan = BackupPlan(target=tmp_path / "kept.tar", home=tmp_path / "none", store=tmp_path / "none" / "store")
    with pytest.raises(NotFound, match="nothing of Tilth"):
        make_backup(plan, SystemClock(), silent)
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_not_empty_is_not_touched(server: Server, tmp_path: Path) -> None:
    server.backup()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(AlreadyExists, match="not empty"):
        restore_backup(server.target, tmp_path / "other", None, silent)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["file"]


def test_an_empty_folder_becomes_the_home(server: Server, tmp_path: Path) -> None:
    server.backup()
    (tmp_path / "other").mkdir()
    restore_backup(server.target, tmp_path / "other", None, silent)
    assert rows_of(tmp_path / "other") == rows_of(server.home)


@pytest.fixture
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is a file system of its own."""
    found = tmp_path / "volume"
    (found / "lost+found").mkdir(parents=True)
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == found)
    return found


def test_an_empty_volume_becomes_the_home(server: Server, volume: Path) -> None:
    server.backup()
    restore_backup(server.target, volume, None, silent)
    assert rows_of(volume) == rows_of(server.home)
    assert sorted(path.name for path in volume.iterdir()) == ["credentials.json", "lost+found", "store", "tilth.db", "tilth.toml"]


def test_a_damaged_backup_leaves_a_volume_empty(server: Server, volume: Path) -> None:
    server.backup()
    server.target.write_bytes(server.target.read_bytes()[:-20_000])
    with pytest.raises(Corrupt):
        restore_backup(server.target, volume, None, silent)
    assert [path.name for path in volume.iterdir()] == ["lost+found"]


def test_a_backup_that_was_cut_is_refused_wherever_that_was(server: Server, tmp_path: Path) -> None:
    server.backup()
    whole = server.target.read_bytes()
    with tarfile.open(server.target) as tar:
        edges = [offset for info in tar for offset in (info.offset, info.offset_data, info.offset_data + info.size // 2)]
    for length in edges:
        cut = tmp_path / "cut.tar"
        cut.write_bytes(whole[:length])
        with pytest.raises((Corrupt, Invalid)):
            restore_backup(cut, tmp_path / "other", None, silent)
        assert not (tmp_path / "other").exists()
    assert leftovers(tmp_path) == []


def test_a_bit_that_fell_over_is_found(server: Server, tmp_path: Path) -> None:
    server.backup()
    whole = server.target.read_bytes()
    with tarfile.open(server.target) as tar:
        inside = [info.offset_data + place for info in tar if info.size for place in (0, info.size // 2, info.size - 1)]
        heads = [info.offset + place for info in tar for place in (0, 130, 150)]
    for place in inside + heads:
        bad = tmp_path / "bad.tar"
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(TilthError):
            restore_backup(bad, tmp_path / "other", None, silent)
        assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"\0" * 10_240, b"SQLite format 3\0" * 100], ids=["empty", "text", "zeros", "other"])
def test_a_file_that_is_no_backup_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Invalid, match="no backup of Tilth"):
        restore_backup(tmp_path / "file", tmp_path / "other", None, silent)
    with pytest.raises(NotFound, match="can't be read"):
        restore_backup(tmp_path / "none", tmp_path / "other", None, silent)


def tar_of(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


HEAD = {"format": 1, "tilth": "0.1", "created": "", "engine": "sqlite", "schema": 1, "with_data": False, "versions": 0}


@pytest.mark.parametrize("newer", [{"format": 2}, {"schema": 99}])
def test_a_newer_backup_is_told(tmp_path: Path, newer: dict[str, int]) -> None:
    made = tar_of(tmp_path / "made.tar", {"tilth-backup.json": msgspec.json.encode(HEAD | {"tilth": "9.0"} | newer)})
    with pytest.raises(FormatUnsupported, match=r"9\.0.*install a newer Tilth"):
        restore_backup(made, tmp_path / "other", None, silent)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "store/../../evil", "store/a/../b", "other"])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    made = tar_of(tmp_path / "made.tar", {"tilth-backup.json": msgspec.json.encode(HEAD), name: b"x"})
    with pytest.raises(Corrupt, match="nothing of a backup"):
        restore_backup(made, tmp_path / "other", None, silent)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made.tar"]


def test_a_link_in_a_backup_is_refused(tmp_path: Path) -> None:
    made = tar_of(tmp_path / "made.tar", {"tilth-backup.json": msgspec.json.encode(HEAD)})
    with tarfile.open(made, "a") as tar:
        info = tarfile.TarInfo("store/link")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(info)
    with pytest.raises(Corrupt, match="nothing of a backup"):
        restore_backup(made, tmp_path / "other", None, silent)


def test_a_full_disk_is_told_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    limited = "ulimit -f 100; exec " + " ".join(
        [sys.executable, "-m", "tilth.cli.main", "backup", str(server.target), "--home", str(server.home)]
    )
    answer = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, check=False)
    assert answer.returncode == 7, answer
    assert "Traceback" not in answer.stderr
    assert str(server.target.name) in answer.stderr
    assert not server.target.exists()
    assert leftovers(tmp_path) == []


def test_checking_reads_all_and_writes_nothing(server: Server, tmp_path: Path) -> None:
    made = server.backup()
    before = sorted(tmp_path.iterdir())
    assert check_backup(server.target, silent).files == made.files
    assert sorted(tmp_path.iterdir()) == before


def test_the_manifest_may_be_longer_than_what_is_kept_in_memory(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_file, "_IN_MEMORY", 100)
    server.backup()
    restore_backup(server.target, tmp_path / "other", None, silent)
    assert rows_of(tmp_path / "other") == rows_of(server.home)
