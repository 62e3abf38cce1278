"""A home that can't be written can still be read."""

import os
import sqlite3
from pathlib import Path

import pytest

from tilth.base.clock import SystemClock
from tilth.base.errors import Corrupt, FormatUnsupported, HomeReadOnly
from tilth.client.api import Api
from tilth.server.app.embedded import EmbeddedTransport
from tilth.server.db.migrate import LATEST, statements


def opened(folder: Path) -> Api:
    return Api(EmbeddedTransport(folder, SystemClock()))


def forbid_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system say what it says of a read-only disk; to root it says it of nothing else."""
    monkeypatch.setattr(os, "access", lambda _path, mode: not mode & os.W_OK)


def test_it_is_read_and_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = opened(tmp_path)
    made = api.versions.create(name="cats")
    api.close()
    forbid_writing(monkeypatch)
    api = opened(tmp_path)
    assert api.versions.get(made.id) == made
    with pytest.raises(HomeReadOnly, match=r"tilth\.db can't be written; check its permissions"):
        api.versions.create(name="more")
    api.close()


def test_there_has_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_writing(monkeypatch)
    with pytest.raises(HomeReadOnly, match="can't be written"):
        opened(tmp_path)


def test_a_damaged_catalog_is_named(tmp_path: Path) -> None:
    (tmp_path / "tilth.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(Corrupt, match=r"tilth\.db is damaged"):
        opened(tmp_path)


@pytest.mark.parametrize(("version", "said"), [(LATEST + 1, "newer Tilth"), (LATEST, "another program")])
def test_what_is_not_ours_is_refused(tmp_path: Path, version: int, said: str) -> None:
    raw = sqlite3.connect(tmp_path / "tilth.db")
    raw.execute(f"PRAGMA user_version = {version}")
    raw.execute("CREATE TABLE other (x)")
    raw.close()
    with pytest.raises(FormatUnsupported, match=said):
        opened(tmp_path)


def test_the_latest_migration_is_the_last_file() -> None:
    assert statements(LATEST)
    with pytest.raises(StopIteration):
        statements(LATEST + 1)
