"""Backups of PostgreSQL, and of SQLite into PostgreSQL: the same rows come back, or the database stays empty."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.unit.server.test_backup import Server, files_of, leftovers, rows_of, silent
from tilth.base.clock import SystemClock
from tilth.base.errors import AlreadyExists, Corrupt, HomeReadOnly, Invalid
from tilth.server.app import restore
from tilth.server.app.restore import restore_backup
from tilth.server.db.opening import open_database
from tilth.server.stores.unit_of_work import Tx
from tilth.testing.servers import free_port

psycopg = pytest.importorskip("psycopg")
PROGRAMS = Path("/usr/lib/postgresql/15/bin")

pytestmark = pytest.mark.skipif(not (PROGRAMS / "initdb").exists(), reason="needs PostgreSQL 15")


def run(*words: str) -> None:
    """Run a program of PostgreSQL, which refuses to run as root."""
    found = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    account = {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []} if found else {}
    subprocess.run([PROGRAMS / words[0], *words[1:]], check=True, stdout=subprocess.DEVNULL, cwd="/", **account)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a PostgreSQL of its own, without the name of a database."""
    folder = Path(mkdtemp(prefix="tilth-postgres-"))  # not in the folder of the test, which PostgreSQL's user may not enter
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    port = free_port()
    run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "tilth", "-E", "UTF8", "--no-sync")
    started = f"-p {port} -k {folder} -c fsync=off -c listen_addresses=127.0.0.1"
    run("pg_ctl", "-D", str(folder / "data"), "-o", started, "-l", str(folder / "log"), "-w", "start")
    yield f"postgresql://tilth@127.0.0.1:{port}"
    run("pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder)


@pytest.fixture
def databases(cluster: str) -> tuple[str, str]:
    """Two empty databases."""
    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as raw:
        for name in ("one", "two"):
            raw.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            raw.execute(f"CREATE DATABASE {name}")
    return f"{cluster}/one", f"{cluster}/two"


@pytest.fixture
def server(tmp_path: Path, databases: tuple[str, str]) -> Iterator[Server]:
    made = Server(tmp_path, databases[0])
    yield made
    made.database.close()


def tables(address: str) -> int:
    with psycopg.connect(address) as raw:
        found = raw.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'tilth'").fetchone()
    return int(found[0])


def test_everything_comes_back(server: Server, databases: tuple[str, str], tmp_path: Path) -> None:
    server.backup()
    restore_backup(server.target, tmp_path / "other", databases[1], silent)
    before = rows_of(server.home, databases[0])
    assert rows_of(tmp_path / "other", databases[1]) == before
    assert files_of(tmp_path / "other", before) == server.contents
    assert leftovers(tmp_path) == []


def test_numbers_go_on_where_they_were(server: Server, databases: tuple[str, str], tmp_path: Path) -> None:
    server.backup()
    restore_backup(server.target, tmp_path / "other", databases[1], silent)
    last = max(row[0] for row in rows_of(tmp_path / "other", databases[1])["audit"])
    database = open_database(databases[1], tmp_path / "other")
    database.run(lambda connection: Tx(connection, SystemClock()).audit("me", "came back", "", ""), writes=True)
    database.close()
    assert max(row[0] for row in rows_of(tmp_path / "other", databases[1])["audit"]) == last + 1


def test_what_is_written_meanwhile_is_not_in_it(server: Server, databases: tuple[str, str], tmp_path: Path) -> None:
    before = rows_of(server.home, databases[0])

    def meddle(files: int, size: int) -> None:
        for path in server.contents:
            server.delete(path)
        server.drop_objects()

    server.backup(meddle)
    restore_backup(server.target, tmp_path / "other", databases[1], silent)
    assert rows_of(tmp_path / "other", databases[1]) == before
    assert files_of(tmp_path / "other", before) == server.contents


def test_a_server_moves_from_sqlite_to_postgresql(databases: tuple[str, str], tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.backup()
    server.database.close()
    restore_backup(server.target, tmp_path / "other", databases[1], silent)
    assert rows_of(tmp_path / "other", databases[1]) == rows_of(server.home)
    assert not (tmp_path / "other" / "tilth.db").exists()


def test_a_database_that_is_in_use_is_not_touched(server: Server, databases: tuple[str, str], tmp_path: Path) -> None:
    server.backup()
    before = rows_of(server.home, databases[0])
    with pytest.raises(AlreadyExists, match="empty one"):
        restore_backup(server.target, tmp_path / "other", databases[0], silent)
    assert rows_of(server.home, databases[0]) == before
    assert not (tmp_path / "other").exists()


def test_it_has_to_be_said_where_the_database_is(server: Server, tmp_path: Path) -> None:
    server.backup()
    with pytest.raises(Invalid, match="--database"):
        restore_backup(server.target, tmp_path / "other", None, silent)
    assert not (tmp_path / "other").exists()


def test_a_damaged_backup_leaves_the_database_empty(server: Server, databases: tuple[str, str], tmp_path: Path) -> None:
    server.backup()
    whole = server.target.read_bytes()
    place = whole.index(b"awkward 0")
    server.target.write_bytes(whole[:place] + b"A" + whole[place + 1 :])
    with pytest.raises(Corrupt):
        restore_backup(server.target, tmp_path / "other", databases[1], silent)
    assert tables(databases[1]) == 0
    assert not (tmp_path / "other").exists()


def test_a_home_that_can_not_be_made_leaves_the_database_empty(
    server: Server, databases: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.backup()

    def refuse(folder: Path, home: Path) -> None:
        raise HomeReadOnly("no")

    monkeypatch.setattr(restore, "_put_in_place", refuse)
    with pytest.raises(HomeReadOnly):
        restore_backup(server.target, tmp_path / "other", databases[1], silent)
    assert tables(databases[1]) == 0


@pytest.mark.parametrize("volume", [False, True])
def test_a_database_that_fails_at_the_end_leaves_no_home(
    server: Server, databases: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, volume: bool
) -> None:
    server.backup()
    if volume:
        (tmp_path / "other").mkdir()
        monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == tmp_path / "other")
    put = restore._put_in_place

    def put_and_cut(folder: Path, home: Path) -> None:
        put(folder, home)
        with psycopg.connect(databases[0], autocommit=True) as raw:
            raw.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'two'")

    monkeypatch.setattr(restore, "_put_in_place", put_and_cut)
    with pytest.raises(Exception, match="can't be used"):
        restore_backup(server.target, tmp_path / "other", databases[1], silent)
    assert tables(databases[1]) == 0
    assert not volume or list((tmp_path / "other").iterdir()) == []
    assert volume == (tmp_path / "other").exists()
    assert leftovers(tmp_path) == []
