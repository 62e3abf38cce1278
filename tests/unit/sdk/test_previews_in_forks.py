"""A process that forks while it makes a preview: the fork makes those of its own versions."""

import os
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tilth.sdk.previews import background


def test_a_fork_makes_previews_while_its_parent_makes_one(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    shown: list[str] = []

    def show(_home: Any, version: Any, *_: Any) -> None:
        if version.id == "first":
            begun.set()
            go_on.wait(60)
        shown.append(version.id)

    monkeypatch.setattr(background, "try_to_show", show)
    home: Any = SimpleNamespace(clock=SimpleNamespace(monotonic=time.monotonic), preview_s=0.0, preview_bytes=0)
    previews = background.Previews(home)
    versions: list[Any] = [SimpleNamespace(id=id, project="p", name="n", version="1") for id in ("first", "second")]

    def nobody() -> Any:
        return None

    previews.begin(versions[0], nobody)
    assert begun.wait(60)
    child = os.fork()
    if not child:
        monkeypatch.setattr(background, "_GRACE_S", 5.0)
        previews.begin(versions[1], nobody)
        previews.wait_for_all()
        os._exit(shown != ["second"])
    _, status = os.waitpid(child, 0)
    go_on.set()
    previews.wait_for_all()
    assert status == 0
    assert shown == ["first"]
