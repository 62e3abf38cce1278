"""Where two texts differ: what becomes of each line, and that no fewer lines could have changed."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from tilth.server.services.lines import Code, hunks

LINES = st.lists(st.sampled_from("abcd"), max_size=25)


def longest(old: Sequence[str], new: Sequence[str]) -> int:
    @cache
    def common(i: int, j: int) -> int:
        if not i or not j:
            return 0
        if old[i - 1] == new[j - 1]:
            return common(i - 1, j - 1) + 1
        return max(common(i - 1, j), common(i, j - 1))

    return common(len(old), len(new))


def changed(found: list[Code], old: Sequence[str], new: Sequence[str]) -> list[str]:
    """`new`, made of `old` by what the hunks say; lines that they do not show stay."""
    made: list[str] = []
    at = 0
    for tag, a, b, c, d in found:
        made += old[at:a]
        made += old[a:b] if tag == "equal" else new[c:d]
        at = b
    return made + list(old[at:])


@given(LINES, LINES)
def test_what_is_shown_makes_one_text_of_the_other_with_as_few_lines_as_possible(old: list[str], new: list[str]) -> None:
    found = [code for hunk in hunks(old, new) for code in hunk]
    assert changed(found, old, new) == new
    assert all(tag in ("equal", "delete", "insert", "replace") and (a < b or c < d) for tag, a, b, c, d in found)
    removed = sum(b - a for tag, a, b, _, _ in found if tag != "equal")
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    assert len(old) - removed == longest(old, new) >= sum(block.size for block in blocks)


def test_near_differences_are_shown_together_with_three_lines_around_them() -> None:
    old = [f"line {number}" for number in range(40)]
    new = [*old[:5], "new", *old[6:9], *old[10:30], "later", *old[30:]]
    first, second = hunks(old, new)
    assert first[:3] == [("equal", 2, 5, 2, 5), ("replace", 5, 6, 5, 6), ("equal", 6, 9, 6, 9)]
    assert first[3:] == [("delete", 9, 10, 9, 9), ("equal", 10, 13, 9, 12)]
    assert second == [("equal", 27, 30, 26, 29), ("insert", 30, 30, 29, 30), ("equal", 30, 33, 30, 33)]
    assert list(hunks(old, old)) == []
    assert list(hunks([], ["a"])) == [[("insert", 0, 0, 0, 1)]]


def test_large_texts_of_few_kinds_of_lines_are_compared_and_very_large_ones_count_as_new() -> None:
    old = [str(number * 7 % 11) for number in range(4_000)]
    new = [str(number * 5 % 13) for number in range(4_000)]
    found = [code for hunk in hunks(old, new) for code in hunk]
    assert sum(tag == "equal" for tag, *_ in found) > 100
    assert list(hunks(old, new, most=1_000)) == [[("equal", 0, 1, 0, 1), ("replace", 1, 4_000, 1, 4_000)]]
