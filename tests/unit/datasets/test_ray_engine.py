"""Where Ray is not installed, or its cluster can't be joined, whoever asks for it is told what to do."""

import sys
from types import SimpleNamespace

import pytest

from tilth.base.errors import Invalid, Unavailable
from tilth.datasets.ray_engine import RayEngine, _differs
from tilth.sdk.cluster import engine_address


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Invalid, match=r"Ray is not installed here; install it with `pip install 'tilth\[ray\]'`"):
        RayEngine()


@pytest.mark.parametrize("engine", ["", "rays", "ray:", "ray://", "http://host"])
def test_what_is_no_engine_is_refused(engine: str) -> None:
    with pytest.raises(Invalid, match="there is no engine"):
        engine_address(engine)


def test_an_engine_is_a_cluster_or_the_one_that_is_found() -> None:
    assert (engine_address("ray"), engine_address("ray://head:10001")) == (None, "ray://head:10001")


@pytest.mark.parametrize(
    "said",
    [
        "System error: No module named 'tilth.datasets.ranges'\ntraceback: Traceback (most recent call last):\n  File \"x.py\"",
        "ray::take_range() (pid=1, ip=10.0.0.2)\nModuleNotFoundError: No module named 'tilth.datasets.ranges'",
        "ray::take_range()\nAttributeError: Can't get attribute 'Shared' on <module 'tilth.datasets.ranges'>",
    ],
)
def test_a_machine_without_our_code_is_told_from_one_that_is_gone(said: str) -> None:
    told = _differs(RuntimeError(said))
    assert told is not None
    assert "a machine of the cluster does not have all that this one has" in str(told)
    assert "install the same releases of Tilth" in str(told)
    assert _differs(RuntimeError("ray::take_range()\nMemoryError")) is None


class _Busy:
    """Stands in for Ray, whose cluster is too busy for so many commands that want to join it."""

    exceptions = SimpleNamespace()

    def __init__(self, times: int, error: type[Exception] = ConnectionAbortedError) -> None:
        self._times, self._error = times, error
        self.told: list[str] = []

    def init(self, address: str, **_: object) -> None:
        self.told.append(address)
        if len(self.told) <= self._times:
            raise self._error("Initialization failure from server:\nTraceback\n\nRuntimeError: it was not there in time\n")

    def shutdown(self) -> None:
        self.told.append("shut down")


def test_a_cluster_that_is_too_busy_for_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = _Busy(1)
    monkeypatch.setitem(sys.modules, "ray", busy)
    RayEngine("ray://head:10001")
    assert busy.told == ["ray://head:10001", "shut down", "ray://head:10001"]


@pytest.mark.parametrize(("error", "tries"), [(ConnectionAbortedError, 3), (ConnectionError, 1)])
def test_a_cluster_that_can_not_be_joined_says_why(monkeypatch: pytest.MonkeyPatch, error: type[Exception], tries: int) -> None:
    busy = _Busy(100, error)
    monkeypatch.setitem(sys.modules, "ray", busy)
    with pytest.raises(Unavailable, match=r"can't be reached at ray://head:10001 \(RuntimeError: it was not there in time\)"):
        RayEngine("ray://head:10001")
    assert busy.told.count("ray://head:10001") == tries
