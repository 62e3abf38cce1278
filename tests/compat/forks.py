"""Commands that are forked from one Python which has loaded what they all begin with: to load it is most of their time.

A command gets a process of its own, with its arguments, environment, folder and pipes; `__main__`, `sys.path` and what happens at the
end are as if Python had begun with it. What is loaded before has to fit its environment.

The file is also the program that forks, run by the interpreter whose packages the commands use. So it needs nothing beside the
standard library. Standard input is the socket on which it is asked, and it ends when nobody holds the other end any more.
"""

import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import IO, Any

__all__ = ["Forked", "Forks", "running_forks"]

_MOST_BYTES = 200_000
"""Of what is asked in one message."""


class Forked:
    """The process of one command; the part of `subprocess.Popen` that tests need."""

    def __init__(self, said: IO[str], stdin: IO[str], stdout: IO[str], stderr: IO[str]) -> None:
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self._said = said
        begun = said.readline()
        assert begun, "nothing forks: what was to be loaded before can't be"
        self.pid = int(begun)
        self.returncode: int | None = None

    def communicate(self, given: str | None = None, timeout: float | None = None) -> tuple[str, str]:
        """What it prints until it and all who hold its pipes have ended; after `timeout` seconds it is made to say where it hangs."""
        with ThreadPoolExecutor(3) as threads:
            printed, errors = threads.submit(self.stdout.read), threads.submit(self.stderr.read)
            threads.submit(self._give, given)
            try:
                printed.result(timeout)
                errors.result(timeout)
            except TimeoutError:
                self.send_signal(signal.SIGABRT)
            found = printed.result(), errors.result()
        self.stdout.close()
        self.stderr.close()
        self.wait()
        return found

    def wait(self) -> int:
        """Its status, as `subprocess` counts it."""
        if self.returncode is None:
            self.returncode = int(self._said.readline())
            self._said.close()
        return self.returncode

    def send_signal(self, sent: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, sent)

    def _give(self, text: str | None) -> None:
        with suppress(BrokenPipeError), self.stdin:
            self.stdin.write(text or "")


class Forks:
    """A Python that forks commands; `running_forks` starts one."""

    def __init__(self, asks: socket.socket) -> None:
        self._asks = asks

    def begin(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Forked:
        """What `python command...` would begin: a file and its words, or `-c`, a script and its words."""
        (given, stdin), (stdout, printed), (stderr, errors) = os.pipe(), os.pipe(), os.pipe()
        said = self._ask(command, folder, environment, (given, printed, errors))
        for number in (given, printed, errors):
            os.close(number)
        return Forked(said, os.fdopen(stdin, "w"), os.fdopen(stdout, errors="replace"), os.fdopen(stderr, errors="replace"))

    @contextmanager
    def loaded(self, code: str, folder: Path, environment: Mapping[str, str]) -> Iterator["Forks"]:
        """One that has run more code before it forks, in a folder and environment that its commands have too."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs, Path(os.devnull).open("r+b") as nothing:
                said = self._ask([__file__, code], folder, environment, (theirs.fileno(), nothing.fileno(), 2))
            yield Forks(ours)
        with said:
            said.read()  # until it has ended

    def _ask(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], files: tuple[int, int, int]) -> IO[str]:
        asked = json.dumps({"command": list(command), "folder": str(folder), "environment": dict(environment)}).encode()
        said, says = os.pipe()
        try:
            socket.send_fds(self._asks, [asked], [*files, says])
        finally:
            os.close(says)
        return os.fdopen(said)


@contextmanager
def running_forks(python: Path, code: str, environment: Mapping[str, str]) -> Iterator[Forks]:
    """A Python that runs some code, and forks then."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen([str(python), "-u", "-X", "faulthandler", __file__, code], env=environment, stdin=theirs.fileno())
    theirs.close()
    with process, ours:
        yield Forks(ours)


def _main(code: str) -> None:
    """Fork until nobody can ask any more; only the processes of commands come back from that, and run theirs."""
    sys.path.pop(0)  # the folder of this file
    exec(code, {})
    gc.collect()
    gc.freeze()  # what is loaded stays shared with all who are forked
    asked = _fork_for_all(socket.socket(fileno=os.dup(0)))
    if asked:
        _run(**asked)


def _fork_for_all(asks: socket.socket) -> dict[str, Any] | None:
    watched = selectors.DefaultSelector()
    watched.register(asks, selectors.EVENT_READ)
    running: dict[int, tuple[int, int]] = {}
    while True:
        for key, _ in watched.select():
            if key.fd in running:
                watched.unregister(key.fd)
                os.close(key.fd)
                pid, says = running.pop(key.fd)
                _, status = os.waitpid(pid, 0)
                _say(says, os.waitstatus_to_exitcode(status))
                os.close(says)
                continue
            asked, files, _, _ = socket.recv_fds(asks, _MOST_BYTES, 4)
            if not asked:
                return None
            pid = os.fork()
            if pid == 0:
                for number, file in enumerate(files[:3]):
                    os.dup2(file, number)
                watched.close()
                asks.close()
                os.closerange(3, os.sysconf("SC_OPEN_MAX"))
                return dict(json.loads(asked))
            for file in files[:3]:
                os.close(file)
            _say(files[3], pid)
            ended = os.pidfd_open(pid)
            running[ended] = (pid, files[3])
            watched.register(ended, selectors.EVENT_READ)


def _say(says: int, number: int) -> None:
    with suppress(BrokenPipeError):  # whoever asked may be gone
        os.write(says, f"{number}\n".encode())


def _run(command: list[str], folder: str, environment: dict[str, str]) -> None:
    """What `python command...` does."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.orig_argv = [sys.executable, *command]
    begun = ModuleType("__main__")
    begun.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = begun
    if command[0] == "-c":
        sys.argv = ["-c", *command[2:]]
        sys.path.insert(0, "")
        code = compile(command[1], "<string>", "exec")
    else:
        file = Path(command[0]).absolute()
        sys.argv = command
        sys.path.insert(0, str(file.parent))
        begun.__file__ = str(file)
        code = compile(file.read_bytes(), str(file), "exec")
    exec(code, begun.__dict__)


if __name__ == "__main__":
    _main(sys.argv[1])
