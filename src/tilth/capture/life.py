"""Says that a run is alive, and ends it when somebody asks for that: on the web page, with a command, or from another program."""

import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from tilth.base.errors import TilthError
from tilth.sdk import finishing
from tilth.sdk.recording import warn

__all__ = ["Life"]

_POLL_S = 5.0
_PING_EVERY = 6
_GRACE_S = 10.0
_ASKED = ["status", "status_message", "system_tags"]
_RESETS = 3
"""How often in a row a task has to be found as a draft before its run ends: somebody reset it."""
_TIMEOUT, _POLLS, _DONE = "_abort_callback_timeout", "_abort_poll_freq", "_abort_callback_completed"
"""Runtime properties by which an agent knows how long to wait for a callback, and that it is done."""


class Life:
    """Looks after the state of one task in a thread."""

    def __init__(self, task: Any) -> None:
        self._task = task
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tilth-life", daemon=True)
        self._callback: Callable[[], object] | None = None
        self._timeout_s = 0.0

    def begin(self) -> None:
        """Look after the task from now on."""
        self._thread.start()

    def end(self) -> None:
        """Leave it alone."""
        self._ended.set()

    def on_abort(self, callback: Callable[[], object] | None, timeout_s: float) -> None:
        """Call this before the process ends because somebody stopped the task; None takes that back."""
        self._callback, self._timeout_s = callback, timeout_s
        said = {_TIMEOUT: timeout_s, _POLLS: _POLL_S, _DONE: ""} if callback is not None else {_TIMEOUT: -1.0}
        self._say(said)

    def _run(self) -> None:
        api = self._task._home.reporting[0]
        rounds = resets = 0
        while not self._ended.wait(_POLL_S):
            rounds += 1
            try:
                if rounds % _PING_EVERY == 0:
                    api.call("tasks.ping", task=self._task.id)
                found = api.call("tasks.get_all", id=[self._task.id], only_fields=_ASKED, search_hidden=True)["tasks"]
            except (TilthError, OSError):
                continue  # the server is away; the run goes on
            resets = resets + 1 if found and found[0]["status"] == "created" else 0
            if finishing.is_ended_by_itself():
                continue  # it may begin again
            if found and (_is_asked_to_stop(found[0]) or resets >= _RESETS):
                self._stop(found[0])
                return

    def _stop(self, found: Mapping[str, Any]) -> None:
        """Let the main thread end as after Ctrl-C, and end the process if it does not."""
        asked = found["status"] == "in_progress"
        finishing.expect_abort(is_ended=not asked)
        warn("somebody stopped this task: the process ends" if asked else f"this task is {found['status']} now: the process ends")
        self._call_back()
        with suppress(RuntimeError, OSError):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        if not self._ended.wait(_GRACE_S):
            finishing.abort(self._task)

    def _call_back(self) -> None:
        callback = self._callback
        if callback is None:
            return
        done: list[BaseException | None] = []

        def call() -> None:
            try:
                callback()
            except BaseException as error:  # noqa: BLE001 - a script's own code: the process ends either way
                done.append(error)
            else:
                done.append(None)

        thread = threading.Thread(target=call, name="tilth-abort-callback", daemon=True)
        thread.start()
        thread.join(self._timeout_s)
        if not done:
            warn(f"the abort callback did not return within {self._timeout_s:g} seconds; nobody waits for it any longer")
        elif done[0] is not None:
            warn(f"the abort callback failed: {type(done[0]).__name__}: {done[0]}")
        self._say({_DONE: 1})

    def _say(self, properties: Mapping[str, Any]) -> None:
        self._task._change("tasks.edit_runtime", task=self._task.id, force=True, add_or_update=dict(properties))


def _is_asked_to_stop(task: Mapping[str, Any]) -> bool:
    message = task.get("status_message") or ""
    if task["status"] in ("completed", "published") and "dataset" in (task.get("system_tags") or ()):
        return False  # the run itself made it a version of a dataset, and finalized that
    if task["status"] == "in_progress":
        return "stopping" in message
    return task["status"] in ("stopped", "failed", "closed", "completed", "published") and "worker" not in message
