"""`tilth.configure`: a program says where it works."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import tilth
from tilth import _wiring
from tilth.base.errors import Invalid
from tilth.config.settings import ApiSettings, Settings
from tilth.sdk import _current

BLOCK = """
api {
  api_server: http://h/api
  web_server: http://h
  credentials { "access_key" = "K", "secret_key" = "S" }
}
"""


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(_current, "_opened", [])
    monkeypatch.setattr(_current, "_openers", list(_current._openers))
    yield
    for home in _current._opened:
        home.close()


def configured() -> Settings:
    """What the next home will be opened with."""
    opener = _current._openers[0]
    settings = getattr(opener, "args")[0]  # noqa: B009 - a partial, which its type does not say
    assert isinstance(settings, Settings)
    return settings


def test_the_home_is_another_from_now_on(tmp_path: Path) -> None:
    before = _wiring.open_home()
    tilth.configure(home=tmp_path / "other", author="Ann")
    after = _wiring.open_home()
    assert (after.folder, after.cache_folder, after.author) == (tmp_path / "other", tmp_path / "other" / "cache", "Ann")
    assert after is not before
    tilth.configure()
    assert _wiring.open_home().folder == before.folder
    after.close()
    before.close()


def test_a_block_and_what_stands_over_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILTH_API_ACCESS_KEY", "environment")
    tilth.configure(BLOCK, secret_key="other")
    assert configured().api == ApiSettings("http://h/api", "http://h", None, "K", "other")
    tilth.configure(api_server="http://i/api", token="T")
    assert configured().api == ApiSettings("http://i/api", None, None, "environment", None, "T")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"block": "api {"}, "the block can't be understood, at the latest in line 1; copy it whole"),
        ({"block": "sdk { a: 1 }"}, "the block names neither a server nor a key; copy it whole"),
        ({"api_server": "h"}, "api.server is h (tilth.configure), which is no address"),
        (
            {"api_server": "http://h", "web_server": "http://h"},
            "api.server (tilth.configure) and api.web_server (tilth.configure) ",
        ),
    ],
)
def test_what_can_not_be_right_changes_nothing(words: dict[str, str], said: str) -> None:
    before = list(_current._openers)
    with pytest.raises(Invalid) as told:
        tilth.configure(**words)
    assert str(told.value).startswith(said)
    assert _current._openers == before
