"""Text becomes the lines that a terminal shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.capture.lines import LONGEST, Lines


def all_at_once(*pieces: str) -> list[str]:
    lines = Lines()
    return [line for piece in pieces for line in lines.feed(piece, 0.0)] + lines.end()


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["one\ntwo\n"], ["one", "two"]),
        (["o", "ne", "\n", "two"], ["one", "two"]),
        (["a\n", "\n", "b\n"], ["a", "", "b"]),
        (["a\r\nb\r", "\n"], ["a", "b"]),
        (["\r 10%", "\r 50%", "\r100%", "\n", "done\n"], ["100%", "done"]),
        (["10%\r", "50%\r", "100%\r", "\n"], ["100%"]),
        (["10%\b\b\b20%\n"], ["20%"]),
        (["\r50%", "\r   ", "\r"], []),
        (["\r50%", "\r    \r", "next\n"], ["next"]),
        (["\x1b[2K\x1b[1Abar\x1b[0m \x1b[32mgreen\x1b[0m\n"], ["bar\x1b[0m \x1b[32mgreen\x1b[0m"]),
        ([], []),
    ],
)
def test_lines_are_those_of_a_terminal(pieces: list[str], shown: list[str]) -> None:
    assert all_at_once(*pieces) == shown


@given(st.lists(st.text(st.characters(exclude_characters="\r\b\x1b", exclude_categories=["Cs", "Zs", "Cc"]) | st.just("\n")), max_size=8))
def test_plain_text_is_complete_however_it_is_cut(pieces: list[str]) -> None:
    assert "\n".join(all_at_once(*pieces)) == "".join(pieces).removesuffix("\n")


def test_a_running_bar_is_seen_now_and_then() -> None:
    lines = Lines()
    seen = [line for second in range(60) for line in lines.feed(f"\r{second} of 60", float(second))]
    assert seen == ["10 of 60", "20 of 60", "30 of 60", "40 of 60", "50 of 60"]
    assert lines.feed("\n", 60.0) == ["59 of 60"]


def test_a_bar_that_was_reported_as_it_is_is_not_repeated() -> None:
    lines = Lines()
    lines.feed("\r100%", 0.0)
    assert lines.due(30.0) == ["100%"]
    assert lines.feed("\nnext\n", 31.0) == ["next"]


def test_the_beginning_of_a_line_is_seen_and_then_the_rest() -> None:
    lines = Lines()
    assert lines.feed("loading ... ", 0.0) == []
    assert lines.due(1.0) == []
    assert lines.due(3.0) == ["loading ..."]
    assert lines.due(9.0) == []
    assert lines.feed("done\n", 9.0) == ["done"]


def test_what_never_ends_is_cut() -> None:
    lines = Lines()
    given = [part for _ in range(10) for part in lines.feed("x" * LONGEST, 0.0)] + lines.end()
    assert sum(map(len, given)) == 10 * LONGEST
    assert max(map(len, given)) <= LONGEST
