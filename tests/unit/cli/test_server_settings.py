"""What `tilth up` and its neighbours do unless their options say otherwise."""

from pathlib import Path
from typing import Any

import pytest

from tilth.cli import backup, server
from tilth.server.app.serve import Options

VARIABLES = {
    "TILTH_SERVER_HOST": "0.0.0.0",
    "TILTH_SERVER_PORT": "9000",
    "TILTH_SERVER_DATABASE": "postgresql://tilth@db/tilth",
    "TILTH_SERVER_STORAGE": "/srv/files",
}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """The options that servers were to be started with."""
    found: list[Options] = []
    monkeypatch.setattr(server, "serve", lambda options, **_: found.append(options))
    monkeypatch.setattr(server, "configure_logging", lambda **_: None)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return found


def test_settings_stand_where_nothing_is_said(served: list[Options]) -> None:
    server.up_command()
    options = served[0]
    assert (options.host, options.port) == ("0.0.0.0", 9000)
    assert (options.database, options.storage) == ("postgresql://tilth@db/tilth", "/srv/files")


def test_options_stand_over_settings(served: list[Options]) -> None:
    server.up_command(host="::1", port=0, database="other.db", storage="files")
    assert (served[0].host, served[0].port, served[0].database, served[0].storage) == ("::1", 0, "other.db", "files")


def test_backups_are_of_the_database_and_the_store_of_the_settings(served: list[Options], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def stop(*arguments: Any) -> None:
        asked.extend(arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "make_backup", stop)
    monkeypatch.setattr(backup, "restore_backup", stop)
    with pytest.raises(KeyboardInterrupt):
        backup.backup_command(Path("kept.tar"))
    assert (asked[0].database, asked[0].store) == ("postgresql://tilth@db/tilth", Path("/srv/files"))
    asked.clear()
    with pytest.raises(KeyboardInterrupt):
        backup.restore_command(Path("kept.tar"))
    assert asked[2] == "postgresql://tilth@db/tilth"
