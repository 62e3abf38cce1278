"""Where Ray is not installed, whoever asks for it is told how to get it."""

import sys

import pytest

from tilth.base.errors import Invalid
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
