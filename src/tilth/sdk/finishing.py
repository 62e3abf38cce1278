"""How the recording of a process ends: whichever way the process ends, with the right state and the last lines."""

import _thread
import atexit
import builtins
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from tilth.base.errors import Invalid
from tilth.sdk import ranks, task_store
from tilth.sdk._current import running, set_running
from tilth.sdk.home import Home
from tilth.sdk.recording import Recording, warn
from tilth.sdk.uncaught import status_of, watch_uncaught

if TYPE_CHECKING:
    from tilth.sdk.task import Task

__all__ = [
    "abort",
    "expect_abort",
    "expect_own_end",
    "finish",
    "flush_at_exit",
    "hand_over",
    "is_ended_by_itself",
    "is_owner",
    "join",
    "watch",
]

_LONGEST_REASON = 4_000
_GRACE_S = 10.0
"""How long a script may take to end after SIGTERM before it is ended."""


class Flushed(Protocol):
    """What is sent before the process ends."""

    home: Home

    def close(self, wait_s: float) -> bool:
        """Send the rest, for so long at the most; False if something is left."""


class _Watch:
    """What is known of how this process ends."""

    def __init__(self) -> None:
        self.owner = 0
        self.end_capture: Callable[[], None] = lambda: None
        self.exception: str | None = None
        self.interrupted = False
        self.terminated = 0
        """The signal that asked the process to end."""
        self.aborted = False
        self.is_rank = False
        """Whether others wait for how this process ends, though another one ends the task."""
        self.ended_itself = False
        """Whether the script said how its task ended."""
        self.is_ended = False
        """Whether the end of the process leaves the state of the task alone."""
        self.code: int | None = None
        self.undo: list[Callable[[], None]] = []
        self.recordings: list[Flushed] = []


_watch = _Watch()
_registered: list[bool] = []


def is_owner() -> bool:
    """Whether this process began the task that it records."""
    return _watch.owner == os.getpid()


def watch(end_capture: Callable[[], None], *, is_agents: bool = False) -> None:
    """End the task when this process ends. What an agent runs, the agent ends: it knows how the process went."""
    _watch.owner = os.getpid()
    _watch.end_capture = end_capture
    _watch.exception, _watch.interrupted, _watch.code = None, False, None
    _watch.terminated, _watch.aborted, _watch.is_ended = 0, False, is_agents
    _watch.ended_itself = False
    _watch.undo = [_watch_exceptions(), _watch_exit(), watch_uncaught(_note_status), _watch_hard_exit(), _watch_termination()]
    _register()


def join(end_capture: Callable[[], None], *, is_rank: bool = False) -> None:
    """Leave the task to whoever began it when this process ends, and send what this one reported. If a rank fails, the task has failed."""
    _watch.owner = 0
    _watch.end_capture = end_capture
    _watch.is_rank = is_rank
    _watch.exception, _watch.interrupted, _watch.code = None, False, None
    _watch.undo = [_watch_hard_exit(), *([_watch_exceptions(), _watch_exit(), watch_uncaught(_note_status)] if is_rank else [])]
    _register()


def flush_at_exit(recording: Flushed) -> None:
    """Send what is reported through `recording` before this process ends."""
    _watch.recordings.append(recording)
    _register()


def finish(task: "Task", *, status: str | None = None, reason: str = "", message: str = "") -> None:
    """End the recording of this process's task, once. What can't be sent in time stays in the outbox."""
    if running() is not task:
        return
    set_running(None)
    for undo in reversed(_watch.undo):
        undo()
    _watch.undo = []
    _end_recording(task)
    recording = task._recording
    if recording is None:
        return
    if is_owner():
        os.environ.pop("TILTH_MASTER", None)
        failure = _failure_of_others(task, status)
        if failure is not None and status != "failed":
            status, reason, message = "failed", f"a rank failed: {failure.strip().splitlines()[-1][:200]}", failure
        if _watch.aborted:
            status, reason, message = "stopped", "stopped from outside", ""
        if task._version_is_open is False:  # a version is what it is, however its run ends
            status, reason, message = None, "", ""
        call = f"tasks.{status or 'completed'}"
        said = {"status_reason": reason or status or "completed", "status_message": message[-_LONGEST_REASON:]}
        if not (_watch.is_ended or _watch.ended_itself or task._version_is_open):  # one that is still being made can be gone on with
            recording.call(call, last=True, task=task.id, **said)
        _watch.owner = 0
    flush_at_exit(recording)  # a task that is over may still be told something
    if not recording.close(task._home.exit_wait_s) and not _is_offline(recording):
        warn(f"not everything was sent; the rest waits in {recording.outbox.folder}: `tilth sync` sends it")


def expect_abort(*, is_ended: bool) -> None:
    """Say that this process ends because somebody stopped its task, or with `is_ended`, because the task is over already."""
    _watch.aborted, _watch.is_ended = True, is_ended or _watch.is_ended


def expect_own_end(task: object, *, is_ended: bool = True) -> None:
    """Say that the script itself ends its task: the process goes on, and its end leaves the state alone."""
    if running() is task and is_owner():
        _watch.ended_itself = is_ended


def is_ended_by_itself() -> bool:
    """Whether the state that the task has is the script's own."""
    return _watch.ended_itself and not _watch.aborted


def abort(task: "Task") -> NoReturn:
    """End this process and all that it started, whatever they do."""
    finish(task)
    psutil = import_module("psutil")  # takes 10 ms
    children = psutil.Process().children(recursive=True)
    for child in children:
        with suppress(psutil.Error):
            child.terminate()
    for child in psutil.wait_procs(children, timeout=2.0)[1]:
        with suppress(psutil.Error):
            child.kill()
    os._exit(1)


def hand_over(task: "Task", queue: str | None, *, clone: bool, exit_process: bool, is_given: bool) -> "Task | None":
    """Put a task into a queue and end this process, unless an agent runs it."""
    if is_given:
        return None
    if not clone and not exit_process:
        raise Invalid("execute_remotely(clone=False, exit_process=False): one task can't run here and there", hint="use clone=True")
    known = task_store.queue_id(task._home.api, queue) if queue else None  # before anything of the run ends
    task._tell_code()
    if not task.flush(wait_for_uploads=True):
        raise Invalid("the task did not get to the server, so no agent can run it", hint="check that the server runs")
    sent = type(task).clone(task) if clone else task
    if not clone:
        finish(task, status="stopped", reason="handed over to an agent")
        task._home.api.call("tasks.reset", task=task.id, force=True)
    if known:
        type(task).enqueue(sent, queue_id=known)
    if exit_process:
        if clone:
            finish(task)
        sys.exit(0)
    return sent


def _register() -> None:
    if not _registered:
        _registered.append(True)
        atexit.register(_at_exit)
        os.register_at_fork(after_in_child=_forked)


def _forked() -> None:
    # A fork reports into the task; only the process that began it ends it.
    _watch.undo = []
    _watch.end_capture = lambda: None


def _at_exit() -> None:
    task = running()
    if task is not None and is_owner():
        status, reason, message = _outcome()
        finish(task, status=status, reason=reason, message=message)
    elif task is not None:
        _leave(task)
    for recording in _watch.recordings:
        recording.close(recording.home.exit_wait_s)
    _watch.recordings.clear()
    if _watch.terminated:
        _die_by(_watch.terminated)
    if _watch.interrupted:
        _die_by_the_interrupt()


def _die_by(number: int) -> None:
    """End as the signal would have ended the process."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _die_by_the_interrupt() -> None:
    """Let the process end by SIGINT, as it would have: any text that was executed meanwhile made Python forget it."""
    with suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")  # noqa: S102 - the one way to set what Python looks at when it ends


def _end_recording(task: "Task") -> None:
    if task._router is not None:
        task._router.close()
    if task._tables is not None:
        task._tables.end()
    _say_the_rest(task)  # all that there is to end in a fork
    _watch.end_capture()
    _watch.end_capture = lambda: None


def _say_the_rest(task: "Task") -> None:
    """Report a last line that nothing has ended."""
    if task._watched.console is not None:
        task._watched.console.flush()


def _leave(task: "Task") -> None:
    """End what this process reports into the task of another."""
    _end_recording(task)
    recording = task._recording
    if recording is not None and _watch.is_rank:
        status, reason, message = _outcome()
        if status == "failed":
            ranks.note_failure(message or reason)
            if ranks.ended_as() == "completed":
                recording.outbox.close()  # into a file of its own, after the one that says it is completed
                why, said = f"a rank failed: {reason}", message[-_LONGEST_REASON:]
                recording.call("tasks.failed", last=True, task=task.id, force=True, status_reason=why, status_message=said)
    if recording is not None:
        recording.close(task._home.exit_wait_s)


def _failure_of_others(task: "Task", status: str | None) -> str | None:
    """Why a rank has failed by now; those that fail later know from here on that the task is over."""
    if not _watch.is_ended and task._version_is_open is None:
        ranks.say_ended("stopped" if _watch.aborted else status or "completed")
    return ranks.noted_failure()


def _outcome() -> tuple[str, str, str]:
    """The state, the reason and the message that the end of this process means."""
    if _watch.terminated:
        return "stopped", "terminated by a signal", signal.Signals(_watch.terminated).name
    if _watch.interrupted:
        return "stopped", "stopped by the user", "KeyboardInterrupt"
    if _watch.exception is not None:
        return "failed", _watch.exception.strip().splitlines()[-1][:200], _watch.exception
    if _watch.code not in (None, 0):
        return "failed", f"the process ended with status {_watch.code}", ""
    return "completed", "completed", ""


def _watch_exceptions() -> Callable[[], None]:
    before = sys.excepthook

    def hook(kind: type[BaseException], value: BaseException, trace: Any) -> None:
        if issubclass(kind, KeyboardInterrupt):
            _watch.interrupted = True
        else:
            _watch.exception = "".join(traceback.format_exception(kind, value, trace))
        before(kind, value, trace)

    def undo() -> None:
        if sys.excepthook is hook:
            sys.excepthook = before

    sys.excepthook = hook
    return undo


class _Passing:
    """Goes along with a SystemExit, and knows at its end whether that was caught: then there is somebody in whose frame it ends."""

    def __del__(self) -> None:
        if not sys.is_finalizing() and sys._getframe().f_back is not None:
            _watch.code = None


def _leaving(status: Any) -> SystemExit:
    found = SystemExit(status)
    if threading.current_thread() is threading.main_thread():
        _watch.code = status_of(status)
        found.__dict__["tilth"] = _Passing()
    return found


def _note_status(status: int) -> None:
    _watch.code = status


def _watch_exit() -> Callable[[], None]:
    """What ends the process by a status: `sys.exit`, `exit` and `quit`. One that is caught, or ends only a thread, ends nothing."""
    places = [(sys, "exit"), *((builtins, name) for name in ("exit", "quit") if hasattr(builtins, name))]
    before = [getattr(*place) for place in places]

    def leave(status: Any = None, /) -> NoReturn:
        raise _leaving(status)  # and no name for it, which would be a cycle: it has to end when it is caught

    def undo() -> None:
        for place, original in zip(places, before, strict=True):
            if getattr(*place) is leave:
                setattr(*place, original)

    for place in places:
        setattr(*place, leave)
    return undo


def _watch_hard_exit() -> Callable[[], None]:
    before = os._exit

    def leave(status: int) -> NoReturn:
        task = running()
        if task is not None and is_owner():
            _watch.code = status
            state, reason, message = _outcome()
            finish(task, status=state, reason=reason, message=message)
        elif task is not None and not _watch.owner:
            _leave(task)
        elif task is not None:  # a fork, which nothing is waited for in
            _say_the_rest(task)
        before(status)

    def undo() -> None:
        if os._exit is leave:
            os._exit = before

    os._exit = leave
    return undo


def _watch_termination() -> Callable[[], None]:
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return lambda: None

    def terminated(number: int, _: FrameType | None) -> None:
        # The thread may be anywhere, also in the middle of reporting: it is unwound first, and the run ends at the end of the process.
        signal.signal(number, signal.SIG_DFL)
        task = running()
        if task is None or not is_owner():
            os.kill(os.getpid(), number)
            return
        _watch.terminated = number
        _thread.start_new_thread(_end_after_a_while, (task, number))  # `threading` takes locks, which may be held
        raise SystemExit(128 + number)

    def undo() -> None:
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is terminated:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, terminated)
    return undo


def _end_after_a_while(task: "Task", number: int) -> None:
    """End a process that goes on although it was asked to end."""
    time.sleep(_GRACE_S)
    finish(task, status="stopped", reason="terminated by a signal", message=signal.Signals(number).name)
    os.kill(os.getpid(), number)


def _is_offline(recording: Recording) -> bool:
    return (recording.outbox.folder / "offline").exists()
