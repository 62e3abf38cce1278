"""What happens when a capture of ours fails: it is off from then on, one warning says so, and the run never notices."""

import logging
from collections.abc import Callable
from typing import Any

__all__ = ["Guard"]

_log = logging.getLogger("tilth.capture")


class Guard:
    """Runs the code of one capture; `what` names it to the user."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.off = False

    def run(self, work: Callable[..., object], *args: Any) -> None:
        """Do `work` unless it failed before."""
        if self.off:
            return
        try:
            work(*args)
        except Exception as error:  # noqa: BLE001 - the boundary between a run and what is recorded of it
            self.turn_off(error)

    def turn_off(self, error: BaseException) -> None:
        """Never run again; the first time, say why."""
        if not self.off:
            self.off = True
            _log.warning("Tilth no longer records %s, the run goes on: %s: %s", self.what, type(error).__name__, error)
