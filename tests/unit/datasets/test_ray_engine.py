"""Where Ray is not installed, whoever asks for it is told how to get it."""

import sys

import pytest

from tilth.base.errors import Invalid
from tilth.datasets.ray_engine import RayEngine
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
