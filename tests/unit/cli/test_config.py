"""`tilth config`: every setting with its source, and never a secret."""

import json
import os
from pathlib import Path

import pytest

from tilth.cli.main import main
from tilth.config.settings import SETTINGS


@pytest.fixture
def home() -> Path:
    folder = Path(os.environ["TILTH_HOME"])
    folder.mkdir()
    return folder


def config(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["config", *words])
    assert not ended.value.code
    found = capsys.readouterr()
    return found.out, found.err


def test_nothing_is_set(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = config(capsys)
    lines = [line.split() for line in out.splitlines()]
    assert lines[:3] == [["SETTING", "VALUE", "FROM"], ["home", str(home), "TILTH_HOME"], ["cache", f"{home}/cache", "default"]]
    assert ["api.server", "-"] in lines
    assert (out.splitlines()[-1], err) == ("works in the home, without a server; `tilth init` names one", "")
    assert [line[0] for line in lines[1:-2]] == [setting.name for setting in SETTINGS]


def test_secrets_are_hidden(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "tilth.toml").write_text('[api]\nserver = "http://h/api"\nsecret_key = "hidden"\n')
    monkeypatch.setenv("TILTH_API_TOKEN", "hidden")
    monkeypatch.setenv("TILTH_SERVER_DATABASE", "postgresql://me:hidden@h/db")
    out, err = config(capsys)
    document, _ = config(capsys, "--json")
    assert "hidden" not in out + err + document
    assert "postgresql://me:********@h/db" in out
    found = {row["name"]: row for row in json.loads(document)["settings"]}
    assert found["api.secret_key"] == {
        "name": "api.secret_key",
        "value": "********",
        "source": str(home / "tilth.toml"),
        "secret": True,
    }
    assert found["api.access_key"] == {"name": "api.access_key", "value": None, "source": None, "secret": False}
    assert json.loads(document)["server"] == "http://h/api"


def test_a_file_with_secrets_that_others_can_read_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "tilth.toml"
    path.write_text('[api]\nsecret_key = "S"\n')
    path.chmod(0o644)
    assert config(capsys)[1] == f"warning: others can read {path}, which holds a secret; `chmod 600 {path}`\n"
    path.chmod(0o600)
    assert config(capsys)[1] == ""


def test_a_clearml_conf_that_does_not_count_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conf = Path(os.environ["CLEARML_CONFIG_FILE"])
    conf.write_text("api { api_server: http://conf }")
    assert config(capsys)[1] == f"{conf} names http://conf, which is not used; `tilth init` can take it over\n"
    conf.write_text("api {")
    assert config(capsys)[1].startswith(f"warning: {conf} can't be understood")
