"""What `tilth data watch` does between two looks."""

import pytest

from tilth.cli import data_watching
from tilth.sdk.listening import Hearing


class Line:
    """A line on which a version is told of, and once more while more of the same kind is waited for."""

    hearing = Hearing(is_heard=True)

    def __init__(self) -> None:
        self.has_news = True

    def wait(self, _timeout_s: float, _since: Hearing) -> bool:
        found, self.has_news = self.has_news, False
        return found

    def say_more(self, _seconds: float) -> None:
        self.has_news = True


def test_what_is_told_before_a_look_begins_is_no_reason_for_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line()
    monkeypatch.setattr(data_watching, "sleep", line.say_more)
    data_watching._await_changes(line, {}, took_s=0.1, pause_s=60.0, is_well=True)  # type: ignore[arg-type]
    assert not line.has_news
