"""A Task goes only from a state to those that may follow it."""

from itertools import product

import pytest

from tilth.base.errors import StatusRefused
from tilth.domain.task import TRANSITIONS, TaskStatus, check_transition

PAIRS = list(product(TaskStatus, TaskStatus))


def is_allowed(before: TaskStatus, after: TaskStatus) -> bool:
    try:
        check_transition(before, after)
    except StatusRefused:
        return False
    return True


def test_every_state_says_what_may_follow_it() -> None:
    assert set(TRANSITIONS) == set(TaskStatus)


def test_only_the_table_and_staying_are_allowed() -> None:
    allowed = {(before, after) for before, after in PAIRS if is_allowed(before, after)}
    assert allowed == {(before, after) for before in TaskStatus for after in {before, *TRANSITIONS[before]}}


def test_nothing_follows_what_is_published() -> None:
    assert [after for after in TaskStatus if is_allowed(TaskStatus.PUBLISHED, after)] == [TaskStatus.PUBLISHED]


def test_a_dataset_version_can_be_finished_and_then_published() -> None:
    assert is_allowed(TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED)
    assert is_allowed(TaskStatus.COMPLETED, TaskStatus.PUBLISHED)


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_force_allows_everything(before: TaskStatus, after: TaskStatus) -> None:
    check_transition(before, after, force=True)


def test_a_refusal_names_both_states_and_what_to_do() -> None:
    with pytest.raises(StatusRefused) as caught:
        check_transition(TaskStatus.PUBLISHED, TaskStatus.IN_PROGRESS)
    assert str(caught.value) == "a task that is published can't become in_progress; reset or clone it, or use force"
