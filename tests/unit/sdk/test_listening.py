"""Whoever listens hears of what concerns it, is woken when a line stands anew, and is told why none does."""

import threading
from collections.abc import Iterator

from tilth.base.errors import Unavailable
from tilth.client.live import Change
from tilth.sdk.following import concerns_versions
from tilth.sdk.listening import Hearing, Listener

FINISHED = Change("version.finished", "v", "p")
LONG = 60.0


class Lines:
    """What each try to connect brings, one after the other; a test lets go of each step."""

    def __init__(self, *lines: "Exception | list[Change | None]") -> None:
        self._lines = list(lines)
        self.steps = threading.Semaphore(0)
        self.tries = 0

    def __call__(self) -> Iterator[Change | None]:
        self.steps.acquire()
        self.tries += 1
        line = self._lines.pop(0) if self._lines else []
        if isinstance(line, Exception):
            raise line
        for change in line:
            yield change
            self.steps.acquire()


def listener(lines: Lines) -> Listener:
    return Listener(lines, concerns_versions, first_pause_s=0.001, longest_pause_s=0.002)


def wait_until(found: Listener, wanted: Hearing) -> None:
    while (now := found.hearing) != wanted:
        found.wait(LONG, now)


def test_changes_wake_and_what_does_not_concern_does_not() -> None:
    lines = Lines([None, Change("task.events", "t"), FINISHED, Change("version.created", "w")])
    found = listener(lines)
    lines.steps.release()
    assert found.wait(LONG, Hearing()), "a line that begins to stand is reason to look"
    hearing = found.hearing
    assert hearing == Hearing(is_heard=True)
    lines.steps.release()
    assert not found.wait(0.05, hearing)
    lines.steps.release()
    assert found.wait(LONG, hearing)
    lines.steps.release()
    assert not found.wait(0.05, hearing)


def test_a_cut_is_tried_again_before_anybody_is_told_why() -> None:
    lines = Lines([None], Unavailable("nobody answers"), [None])
    found = listener(lines)
    lines.steps.release()
    wait_until(found, Hearing(is_heard=True))
    lines.steps.release()
    wait_until(found, Hearing())
    lines.steps.release()
    wait_until(found, Hearing(problem="nobody answers"))
    found.wait(0.0, found.hearing)
    lines.steps.release()
    assert found.wait(LONG, Hearing(problem="nobody answers")), "nobody heard what changed meanwhile"
    assert found.hearing == Hearing(is_heard=True)


def test_whatever_goes_wrong_is_told_and_tried_again() -> None:
    lines = Lines(ValueError("odd"), [None])
    found = listener(lines)
    lines.steps.release()
    wait_until(found, Hearing(problem="ValueError: odd"))
    lines.steps.release()
    wait_until(found, Hearing(is_heard=True))


def test_a_line_that_says_nothing_is_none() -> None:
    lines = Lines([])
    found = listener(lines)
    lines.steps.release()
    wait_until(found, Hearing(problem="the line to the server is cut at once"))


def test_what_concerns_versions() -> None:
    kinds = [
        "version.finished",
        "version.deleted",
        "version.updated",
        "project.renamed",
        "version.created",
        "project.created",
        "task.updated",
    ]
    assert [concerns_versions(Change(kind)) for kind in kinds] == [True] * 4 + [False] * 3
