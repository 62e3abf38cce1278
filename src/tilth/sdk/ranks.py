"""Ranks of one training that a launcher such as `torchrun` starts side by side, without a recorded process above them: one task for all.

The first rank of a machine begins the task and leaves word of it in the home; the others wait for that word. All are children of one
launcher, which tells apart the trainings of a home. A rank that fails leaves word too, for the one that ends the task; and this one says
how it ended it, for those that fail later.
"""

import os
import platform
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from tilth.sdk.recording import warn

__all__ = ["ended_as", "first_has_begun", "note_failure", "noted_failure", "say_begun", "say_ended"]

PATIENCE_S = 60.0
_POLL_S = 0.05
_KEPT_S = 7 * 24 * 3600.0
_FAILED, _ENDED = "failed", "ended"

_met: list[Path] = []
"""Where this process met the others; its launcher may be gone when it ends."""


def say_begun(home: Path, word: str) -> None:
    """Let the other ranks know what the first one began."""
    place = _place(home)
    if place is None or not _is_first():
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        for old in place.parent.iterdir():
            with suppress(OSError):
                if time.time() - old.stat().st_mtime > _KEPT_S:
                    old.unlink()
        for left in (_FAILED, _ENDED):  # by an earlier task of these processes
            place.with_name(f"{place.name}.{left}").unlink(missing_ok=True)
        _write(place, word)
        _met[:] = [place]
    except OSError as error:
        warn(f"the other ranks record into tasks of their own: {place} can't be written ({error.strerror})")


def first_has_begun(home: Path) -> str | None:
    """The word of the first rank, for which another one waits; None for the first rank itself, and for what is no rank."""
    place = _place(home)
    if place is None or _is_first():
        return None
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(OSError):
            word = place.read_text()
            _met[:] = [place]
            return word
        time.sleep(_POLL_S)
    warn(f"the first rank on this machine began no task in {PATIENCE_S:.0f} s; this one has a task of its own: call Task.init in each rank")
    return None


def note_failure(reason: str) -> None:
    """Let whoever ends the task know that this rank failed."""
    _leave_word(_FAILED, reason)


def noted_failure() -> str | None:
    """Why a rank failed; None if none did."""
    return _word(_FAILED)


def say_ended(status: str) -> None:
    """Let the other ranks know how the task is ended. Called before `noted_failure`, so of two that end at once one sees the other."""
    _leave_word(_ENDED, status)


def ended_as() -> str | None:
    """How the task was ended. Called after `note_failure`; None if it is not ended yet."""
    return _word(_ENDED)


def _leave_word(kind: str, word: str) -> None:
    for place in _met:
        with suppress(OSError):
            _write(place.with_name(f"{place.name}.{kind}"), word)


def _word(kind: str) -> str | None:
    for place in _met:
        with suppress(OSError):
            return place.with_name(f"{place.name}.{kind}").read_text()
    return None


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.write_text(text)
    unfinished.replace(path)


def _is_first() -> bool:
    return os.environ.get("LOCAL_RANK") == "0"


def _place(home: Path) -> Path | None:
    """Where the ranks of this machine meet; None if this process is no rank, or the only one."""
    variables = ("TORCHELASTIC_RUN_ID", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    run, rank, ranks = (os.environ.get(name, "") for name in variables)
    if not run or not rank.isdecimal() or not ranks.isdecimal() or int(ranks) < 2:
        return None
    launcher = import_module("psutil").Process(os.getppid())  # takes 10 ms
    again = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    return home / "ranks" / f"{platform.node()}-{launcher.pid}-{launcher.create_time():.0f}-{again}"
