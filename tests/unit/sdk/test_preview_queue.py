"""Previews that wait for their turn: whoever makes a version final never does, and what waits is made, given up, or told of."""

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tilth.sdk.previews import background
from tilth.sdk.previews.ahead import Ahead
from tilth.sdk.previews.background import Previews


class Bench:
    """Previews of made-up versions; those that are held are not made before they are let go."""

    def __init__(self) -> None:
        self.now = 0.0
        self.shown: list[str] = []
        self.aheads: list[bool] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.held = {"held"}
        clock = SimpleNamespace(monotonic=lambda: self.now)
        home: Any = SimpleNamespace(clock=clock, preview_s=0.0, preview_bytes=0)
        self.previews = Previews(home)

    def show(self, _home: Any, version: Any, _logger: Any, ahead: Ahead | None) -> None:
        if version.id in self.held:
            self.begun.set()
            assert self.go_on.wait(60)
        self.shown.append(version.id)
        self.aheads.append(ahead is not None)

    def begin(self, *ids: str) -> None:
        for id in ids:
            self.previews.begin(_version(id), lambda: None)  # type: ignore[arg-type,return-value]


def _version(id: str) -> Any:
    return SimpleNamespace(id=id, project="p", name="n", version=id)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench()
    monkeypatch.setattr(background, "try_to_show", made.show)
    yield made
    made.go_on.set()


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_nobody_waits_for_a_place_and_all_are_made_in_their_order(bench: Bench) -> None:
    ids = [f"{number}" for number in range(100)]
    bench.begin("held")
    assert bench.begun.wait(60)
    bench.begin(*ids)
    assert bench.previews.being_made() == ["held", *ids]
    bench.go_on.set()
    bench.previews.wait_for_all()
    assert bench.shown == ["held", *ids]
    assert bench.previews.being_made() == []


def test_whoever_asks_for_one_has_it_next(bench: Bench) -> None:
    bench.begin("held", "a", "b", "c")
    assert bench.begun.wait(60)
    asking = threading.Thread(target=bench.previews.wait, args=("c",), daemon=True)
    asking.start()
    _until(lambda: bench.previews.being_made() == ["held", "c", "a", "b"])
    bench.go_on.set()
    asking.join(60)
    assert bench.shown[:2] == ["held", "c"]
    bench.previews.wait_for_all()
    assert bench.shown == ["held", "c", "a", "b"]


def test_one_that_is_forgotten_is_not_made(bench: Bench) -> None:
    bench.begin("held", "a", "b")
    assert bench.begun.wait(60)
    bench.previews.forget(_version("a"))
    bench.previews.wait("a")
    bench.go_on.set()
    bench.previews.wait_for_all()
    assert bench.shown == ["held", "b"]


def test_one_too_many_is_told_of_with_the_command_that_makes_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(background, "_MOST_WAITING", 2)
    bench.begin("held")
    assert bench.begun.wait(60)
    bench.begin("a", "b", "c")
    bench.go_on.set()
    bench.previews.wait_for_all()
    assert bench.shown == ["held", "a", "b"]
    assert capfd.readouterr().err == "tilth: p/n c is final, but 2 previews wait already; `tilth data preview --id c` makes its\n"


def test_of_few_that_wait_stays_in_memory_what_was_seen_ahead(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_MOST_AHEAD", 2)
    bench.begin("held")
    assert bench.begun.wait(60)
    for id in ("a", "b", "c", "d"):
        bench.previews.look_ahead(_version(id), [])
        bench.begin(id)
    bench.go_on.set()
    bench.previews.wait_for_all()
    assert (bench.shown, bench.aheads) == (["held", "a", "b", "c", "d"], [False, True, True, False, False])


def test_one_that_hangs_is_given_up_with_those_behind_it_and_later_ones_are_made(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.begin("held", "a")
    assert bench.begun.wait(60)
    bench.now = 1_000.0
    bench.previews.wait_for_all()
    what = "p/n held is final, but its preview takes too long, with 1 more behind it"
    assert capfd.readouterr().err == f"tilth: {what}; `tilth data preview --id held` tries again\n"
    bench.begin("b")
    bench.previews.wait_for_all()
    assert bench.shown == ["b"]
    bench.go_on.set()
    _until(lambda: bench.shown == ["b", "held"])
    bench.begin("c")
    bench.previews.wait_for_all()
    assert bench.shown == ["b", "held", "c"]


def test_where_no_thread_can_be_started_whoever_waits_makes_them(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(background, "Thread", Late)
    bench.begin("a", "b")
    assert bench.shown == []
    bench.previews.wait("b")
    assert bench.shown == ["b", "a"]
    bench.begin("c")
    bench.previews.wait_for_all()
    assert bench.shown == ["b", "a", "c"]


def test_one_that_stumbles_holds_up_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_logger() -> Any:
        raise OSError("no space left")

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    bench.begin("held")
    assert bench.begun.wait(60)
    bench.previews.begin(_version("a"), no_logger)
    bench.begin("b")
    bench.go_on.set()
    bench.previews.wait_for_all()
    assert bench.shown == ["held", "b"]
