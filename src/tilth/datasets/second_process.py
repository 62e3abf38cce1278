"""Half of the work in another process, for work that consists of many small system calls."""

import marshal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tilth.base.errors import Unavailable
from tilth.datasets.placing import LinkJob, PlaceJob

__all__ = ["SecondProcess", "second_process"]


class SecondProcess:
    """Runs jobs of `tilth.datasets.placing` one after the other, beside this process. It begins when it is first needed."""

    def __init__(self, *, wanted: bool) -> None:
        self.wanted = wanted and bool(sys.executable)
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, kind: str, job: PlaceJob | LinkJob) -> None:
        """Hand over one job; `answer` has to be asked for before the next one."""
        if self._process is None:
            command = [sys.executable, "-m", "tilth.datasets.placing"]
            # In a group of its own: Ctrl-C is for this process, which then ends the other one.
            self._process = subprocess.Popen(  # noqa: S603  nothing of a user's in it
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
            )
        assert self._process.stdin is not None
        message: Any = (kind, job)
        try:
            self._process.stdin.write(marshal.dumps(message))
            self._process.stdin.flush()
        except BrokenPipeError:
            raise _ended() from None

    def answer(self) -> Any:
        """Wait for what became of the job."""
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            return marshal.load(self._process.stdout)  # noqa: S302  our own child process wrote it
        except EOFError:
            raise _ended() from None

    def end(self, *, at_once: bool) -> None:
        """Let the process end, or end it."""
        if self._process is not None:
            if at_once:
                self._process.kill()
            self._process.communicate()


@contextmanager
def second_process(*, wanted: bool = True) -> Iterator[SecondProcess]:
    """Another process for as long as the block runs; unless it is `wanted`, one that says so and must not be used."""
    second = SecondProcess(wanted=wanted)
    try:
        yield second
    except BaseException:
        second.end(at_once=True)
        raise
    second.end(at_once=False)


def _ended() -> Unavailable:
    return Unavailable("the process that was placing files ended", hint="run the command again; it goes on where it was")
