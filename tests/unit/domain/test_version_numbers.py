"""Numbers of versions sort as semantic versions do, and the next one is after all that are taken."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.base.errors import Invalid
from tilth.domain.task import TaskStatus
from tilth.domain.version import VersionStatus, next_number, number_key, status_of

HIGHEST = "9" * 18
PARTS = st.integers(0, 10**17)
NUMBERS = st.lists(PARTS, min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
SUFFIXES = st.sampled_from(["", "-rc.1", "-rc.10", "-a-b", "+build.5", ".7", "-1", "-"])
ANYTHING = st.one_of(st.text(), st.builds("{}{}{}".format, st.sampled_from(["", "v"]), NUMBERS, SUFFIXES))

ORDER = [
    "final",
    "0.0.1",
    "0.9",
    "0.10",
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-rc.9",
    "1.0.0-rc.10",
    "1.0.0",
    "1.0.0.1",
    "1.0.0.2",
    "1.0.0.10",
    "1.0.1-rc",
    "1.0.1",
    "1.9.0",
    "1.10.0",
    "2",
    f"{HIGHEST}.0.0",
]


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(ORDER)))
def test_each_is_before_the_next(lower: str, higher: str) -> None:
    assert number_key(lower) < number_key(higher)


@pytest.mark.parametrize("same", ["1", "1.0", "1.0.0", "v1.0.0", "01.0.0", "1.0.0+linux", "1.0.0+mac.5"])
def test_one_number_may_be_written_in_several_ways(same: str) -> None:
    assert number_key(same) == number_key("1.0.0")


@pytest.mark.parametrize("word", ["", "final", "v", "x1.0.0", " 1.0.0", "1.0.0\n", "-1.0.0", "\u0661.0.0", "9" * 19])
def test_what_is_no_number_is_before_all_numbers(word: str) -> None:
    assert number_key(word) < number_key("0.0.0-0")


@pytest.mark.parametrize(
    ("taken", "number"),
    [
        ([], "1.0.0"),
        (["final", "good"], "1.0.0"),
        (["1.0.0"], "1.0.1"),
        (["1.10.0", "1.9.5"], "1.10.1"),
        (["2"], "2.0.1"),
        (["v2.3"], "2.3.1"),
        (["1.2.3-rc.1"], "1.2.4"),
        (["1.2.3.4"], "1.2.4"),
        (["1.2.3", "final"], "1.2.4"),
        ([f"1.2.{HIGHEST}"], "1.3.0"),
        ([f"1.{HIGHEST}.{HIGHEST}"], "2.0.0"),
    ],
)
def test_the_next_number_follows_the_highest(taken: list[str], number: str) -> None:
    assert next_number(taken) == number


def test_after_the_highest_of_all_there_is_none() -> None:
    with pytest.raises(Invalid, match="no number is higher"):
        next_number([".".join([HIGHEST] * 3)])


@given(st.lists(ANYTHING))
def test_the_next_number_is_after_all_that_are_taken(taken: list[str]) -> None:
    assert all(number_key(number) < number_key(next_number(taken)) for number in taken)


@given(st.lists(PARTS, min_size=3, max_size=3), st.lists(PARTS, min_size=3, max_size=3))
def test_three_numbers_sort_as_their_values(left: list[int], right: list[int]) -> None:
    keys = [number_key(".".join(map(str, parts))) for parts in (left, right)]
    assert (keys[0] < keys[1], keys[0] == keys[1]) == (left < right, left == right)


def test_how_a_version_stands_follows_from_its_task() -> None:
    assert {task: status_of(task, archived=False) for task in TaskStatus} == {
        TaskStatus.CREATED: VersionStatus.UPLOADING,
        TaskStatus.QUEUED: VersionStatus.UPLOADING,
        TaskStatus.IN_PROGRESS: VersionStatus.UPLOADING,
        TaskStatus.STOPPED: VersionStatus.ABORTED,
        TaskStatus.FAILED: VersionStatus.ABORTED,
        TaskStatus.UNKNOWN: VersionStatus.ABORTED,
        TaskStatus.CLOSED: VersionStatus.FINAL,
        TaskStatus.COMPLETED: VersionStatus.FINAL,
        TaskStatus.PUBLISHING: VersionStatus.PUBLISHED,
        TaskStatus.PUBLISHED: VersionStatus.PUBLISHED,
    }


@pytest.mark.parametrize("task", [TaskStatus.CLOSED, TaskStatus.COMPLETED, TaskStatus.PUBLISHING, TaskStatus.PUBLISHED])
def test_only_what_is_final_can_be_archived(task: TaskStatus) -> None:
    assert status_of(task, archived=True) is VersionStatus.ARCHIVED
