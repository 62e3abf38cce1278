"""How a fork of a process speaks to a bucket: through a process of its own, because the library that does it lives in threads.

A fork has none of its parent's threads, and waits for them for ever. What trains models forks: PyTorch's workers do. The other process
begins when it is first needed, and ends with the fork.
"""

import os
import pickle
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import wraps
from typing import IO, Any, ParamSpec, TypeVar

from tilth.base.errors import Unavailable
from tilth.base.forking import renew_after_fork

__all__ = ["OtherProcess", "elsewhere_in_forks", "is_fork", "receive", "send"]

P = ParamSpec("P")
R = TypeVar("R")
_LENGTH = struct.Struct("<Q")
_USED_BY: list[int] = []
"""The process in which the library's threads are, once there are any."""


def is_fork() -> bool:
    """Whether this process is a fork of one that used the library."""
    process = os.getpid()
    if not _USED_BY:
        _USED_BY.append(process)
    return _USED_BY[0] != process


def elsewhere_in_forks(method: Callable[P, R]) -> Callable[P, R]:
    """Let a method work in another process where this one is a fork of one that used the library. What it takes and gives is pickled."""

    @wraps(method)
    def call(*args: P.args, **named: P.kwargs) -> R:
        if not is_fork():
            return method(*args, **named)
        store: Any = args[0]  # which has the `OtherProcess` as `elsewhere`
        found: R = store.elsewhere.ask(method.__name__, args[1:], named)
        return found

    return call


class OtherProcess:
    """A process that has an object of its own and calls its methods for us, several at once. Safe for threads, and in forks."""

    def __init__(self, module: str, made_of: tuple[Any, ...]) -> None:
        self._command = [sys.executable, "-m", module]
        self._made_of = made_of
        self._renew()
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: dict[int, Future[Any]] = {}
        self._count = 0

    def ask(self, method: str, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """What the method gives there; raises what it raises."""
        future: Future[Any] = Future()
        with self._lock:
            asked = self._input()
            self._count += 1
            self._waiting[self._count] = future
            try:
                send(asked, (self._count, method, args, named))
            except BrokenPipeError:
                self._waiting.pop(self._count, None)
                self._process = None
                raise _ended() from None
        return future.result()

    def _input(self) -> IO[bytes]:
        if self._process is None or self._process.poll() is not None:
            # In a group of its own: Ctrl-C is for this process, and the other one ends when its input does.
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0)  # noqa: S603  our own
            self._waiting = {}
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            send(self._process.stdin, self._made_of)
            listening = threading.Thread(target=_listen, args=(self._process.stdout, self._waiting), daemon=True, name="tilth-bucket")
            listening.start()
        assert self._process.stdin is not None
        return self._process.stdin


def _listen(answers: IO[bytes], waiting: dict[int, "Future[Any]"]) -> None:
    try:
        while (answer := receive(answers)) is not None:
            number, went_well, found = answer
            future = waiting.pop(number)
            if went_well:
                future.set_result(found)
            else:
                future.set_exception(found)
    finally:  # also if an answer can't be read: nobody waits for ever
        for future in list(waiting.values()):
            future.set_exception(_ended())


def send(pipe: IO[bytes], message: Any) -> None:
    """Write one message."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Read one message; None at the end."""
    with suppress(OSError, ValueError):
        head = pipe.read(_LENGTH.size)
        if len(head) == _LENGTH.size:
            data = pipe.read(_LENGTH.unpack(head)[0])
            return pickle.loads(data)  # noqa: S301  our own process wrote it
    return None


def _ended() -> Unavailable:
    return Unavailable("the process that reads from the bucket for this one ended", hint="try again")
