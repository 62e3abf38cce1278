"""Writing one table of `tilth.toml`: what others wrote stays, and nobody else can read it."""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.config.tilth_toml import read_toml, with_table, write_table

API = {"server": "http://h/api", "access_key": "K", "secret_key": "S"}
WRITTEN = '[api]\nserver = "http://h/api"\naccess_key = "K"\nsecret_key = "S"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", WRITTEN),
        ("\n\n", WRITTEN),
        ('# mine\nauthor = "Ann"  # me\n', f'# mine\nauthor = "Ann"  # me\n\n{WRITTEN}'),
        (
            "[api]  # ours\n# the old one\nserver = 'http://old'  # by Ann\nfiles_server = \"http://old/files\"\n\n[server]\nport = 1\n",
            '[api]  # ours\n# the old one\nserver = "http://h/api"  # by Ann\naccess_key = "K"\nsecret_key = "S"\n\n[server]\nport = 1\n',
        ),
        ('author = "no newline"', f'author = "no newline"\n\n{WRITTEN}'),
        ('api.server = "http://old"\nauthor = "Ann"\n', f'author = "Ann"\n\n{WRITTEN}'),
        ('author = """\n[api]\n"""\n', f'author = "[api]\\n"\n\n{WRITTEN}'),
    ],
    ids=["empty", "blank", "none", "there", "no-newline", "dotted", "disguised"],
)
def test_the_rest_of_the_file_stays(before: str, after: str) -> None:
    assert with_table(before, "api", API) == after


def test_writing_again_changes_nothing() -> None:
    once = with_table("# mine\n", "api", API)
    assert with_table(once, "api", API) == once


NAMES = st.sampled_from(["server", "web_server", "access_key"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(NAMES, TEXTS), st.dictionaries(NAMES, TEXTS), TEXTS)
def test_what_is_written_is_read(first: dict[str, str], second: dict[str, str], author: str) -> None:
    text = with_table(with_table("", "other", {"author": author}), "api", first)
    assert tomllib.loads(with_table(text, "api", second)) == {"other": {"author": author}, "api": second}


@pytest.mark.parametrize("mode", [0o644, 0o600, None])
def test_only_the_owner_can_read_it(tmp_path: Path, mode: int | None) -> None:
    path = tmp_path / "home" / "tilth.toml"
    if mode is not None:
        path.parent.mkdir()
        path.touch()
        path.chmod(mode)
    write_table(path, "api", API)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_toml(path) == {f"api.{name}": value for name, value in API.items()}
    assert os.listdir(path.parent) == ["tilth.toml"]


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tilth.toml").symlink_to(tmp_path / "elsewhere" / "tilth.toml")
    write_table(tmp_path / "tilth.toml", "api", API)
    assert (tmp_path / "elsewhere" / "tilth.toml").read_text() == WRITTEN
    assert (tmp_path / "tilth.toml").is_symlink()
