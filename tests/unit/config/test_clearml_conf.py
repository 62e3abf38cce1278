"""Blocks as web pages show them and whole configurations: all that is needed comes out, and no secret comes into a message."""

from pathlib import Path

import pytest

from tilth.base.errors import Invalid
from tilth.config.clearml_conf import parse_clearml, read_clearml

WHOLE = {"server": "http://h/api", "web_server": "http://h", "files_server": "http://h/files", "access_key": "K", "secret_key": "S/#1"}
BODY = """
  # Ann's workspace
  web_server: http://h
  api_server: http://h/api
  files_server: http://h/files
  credentials {
    "access_key" = "K"
    "secret_key" = "S/#1"
  }
"""
JSON = """
{"api": {"api_server": "http://h/api", "web_server": "http://h", "files_server": "http://h/files",
         "credentials": {"access_key": "K", "secret_key": "S/#1"}}}
"""


def parsed(text: str) -> dict[str, str]:
    return parse_clearml(text, called="the block", hint="copy it again")


@pytest.mark.parametrize(
    "text",
    [
        f"api {{{BODY}}}",
        BODY,
        BODY.replace("api_server", "host"),
        f"api {{{BODY}}}".replace("\n", "\r\n"),
        JSON,
    ],
    ids=["block", "body", "host", "crlf", "json"],
)
def test_a_block_is_understood(text: str) -> None:
    assert parsed(text) == WHOLE


def test_a_whole_configuration_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "clearml.conf"
    others = 'sdk {\n  storage { cache { default_base_dir: "~/.clearml/cache" } }\n  aws { s3 { credentials: [ { bucket: "b" }, ] } }\n}\n'
    path.write_text(f"\ufeff# Our configuration\napi {{{BODY}}}\n{others}")
    assert read_clearml(path) == WHOLE


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert read_clearml(tmp_path / "clearml.conf") == {}


@pytest.mark.parametrize("text", ["", "sdk { a: 1 }", "api: 5", "[1, 2]", "api { credentials: [] }", "api { api_server: null }"])
def test_what_names_no_server_says_nothing(text: str) -> None:
    assert parsed(text) == {}


@pytest.mark.parametrize(
    "text", ["hello", "api {", 'api {\n "secret_key" = "hidden"\n', "api { a: ${NOBODY_SAYS} }", 'include required(file("/no"))']
)
def test_what_is_no_hocon_is_told_without_quoting_it(text: str) -> None:
    with pytest.raises(Invalid, match=r"^the block can't be understood.*; copy it again$") as told:
        parsed(text)
    assert "hidden" not in str(told.value)


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=rf"^{tmp_path} can't be read: .*CLEARML_CONFIG_FILE$"):
        read_clearml(tmp_path)
