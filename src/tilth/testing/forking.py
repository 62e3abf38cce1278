"""Python processes that begin at once: forked from one that has imported what commands, scripts and servers need.

`run(["-m", "tilth.cli.main", "data", "list"])` is what `subprocess.run([sys.executable, ...])` is: a process of its own, with its
own environment, folder, streams and end. Only that it does not import a thousand modules again, which is most of what a short
command costs. Tests of what happens before the first line of a program, of import times, and of processes of another Python
start theirs as usual.
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Literal, overload

__all__ = ["Forked", "Forker", "run", "start"]

_PACKAGES = (
    *("tilth", "tilth.base", "tilth.capture", "tilth.cli", "tilth.client", "tilth.config", "tilth.datasets", "tilth.domain", "tilth.sdk"),
    *("tilth.sdk.tasks", "tilth.server", "tilth.server.app", "tilth.server.db", "tilth.server.routes", "tilth.server.services"),
    *("tilth.server.stores", "tilth.store"),
)
_BESIDE = (
    *("numpy", "numpy.ma", "pandas", "pyarrow.pandas_compat", "pyarrow.parquet", "PIL.Image", "obstore", "pytest"),
    *("uvicorn.loops.uvloop", "uvicorn.protocols.http.httptools_impl", "uvicorn.lifespan.on"),
)
_LONGEST = 150_000
"""Bytes of one request: what a local socket carries in one piece."""
_ANYWHERE = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
"""Variables of Python's own that a forked process need not obey: it is looked at when it has ended, and imported before."""


class Forked:
    """A process that was forked: what tests use of `subprocess.Popen`."""

    def __init__(self, words: list[str], status: int) -> None:
        self.args = words
        self.returncode: int | None = None
        self._status = status
        self.pid = self._number()

    def poll(self) -> int | None:
        """How it ended, or None."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = self._number()
            os.close(self._status)
        return self.returncode

    def send_signal(self, sent: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sent)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _number(self) -> int:
        line = b""
        while not line.endswith(b"\n"):
            read = os.read(self._status, 1)
            assert read, f"the process that forks ended before {self.args} did"
            line += read
        return int(line)


@overload
def run(
    words: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 300,
    check: bool = False,
    bounded: bool = False,
    text: Literal[True] = True,
) -> "subprocess.CompletedProcess[str]": ...


@overload
def run(
    words: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 300,
    check: bool = False,
    bounded: bool = False,
    text: Literal[False],
) -> "subprocess.CompletedProcess[bytes]": ...


def run(
    words: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 300,
    check: bool = False,
    bounded: bool = False,
    text: bool = True,
) -> "subprocess.CompletedProcess[Any]":
    """Run Python with these words (`-m module ...`, `-c code ...` or `script ...`), and capture what it prints.

    `bounded` by the permissions of files, which root otherwise is not.
    """
    with _memory("out") as out, _memory("errors") as errors:
        process = start(words, stdout=out, stderr=errors, env=env, cwd=cwd, bounded=bounded)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        printed, said = (_whole(file) for file in (out, errors))
    if check and status:
        raise subprocess.CalledProcessError(status, list(words), printed, said)
    if text:
        return subprocess.CompletedProcess(list(words), status, _text(printed), _text(said))
    return subprocess.CompletedProcess(list(words), status, printed, said)


def start(
    words: Sequence[str],
    *,
    stdout: IO[bytes],
    stderr: IO[bytes],
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    bounded: bool = False,
) -> "Forked | subprocess.Popen[bytes]":
    """Start Python with these words. Where a fork would be another process than asked for, one is started as usual."""
    environment = dict(os.environ if env is None else env)
    asked = json.dumps({"words": list(words), "env": environment, "cwd": str(cwd or Path.cwd()), "bounded": bounded}).encode(
        "utf-8", "surrogateescape"
    )
    if not bounded and (len(asked) > _LONGEST or _of_python(environment) != _forks_with()):
        command = [sys.executable, *words]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment, cwd=cwd)  # noqa: S603
    reads, writes = os.pipe()
    try:
        socket.send_fds(_forker().asked, [asked], [stdout.fileno(), stderr.fileno(), writes])
    finally:
        os.close(writes)
    return Forked(list(words), reads)


class Forker:
    """A process that forks, begun with an environment; `asked` is where it is asked."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.owner = os.getpid()
        self.variables = _of_python(environment)
        self.asked, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            words = [sys.executable, "-m", __name__, str(there.fileno())]
            streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
            self._process = subprocess.Popen(words, env=environment, pass_fds=[there.fileno()], **streams)  # type: ignore[call-overload]  # noqa: S603
        atexit.register(self.end)

    def end(self) -> None:
        """End it; what it forked goes on."""
        if os.getpid() == self.owner:
            self.asked.close()
            self._process.kill()
            self._process.wait()


_started: dict[int, Forker] = {}
"""By the process that asks: one that was forked itself needs its own."""


def _forker() -> Forker:
    if os.getpid() not in _started:
        _started[os.getpid()] = Forker(os.environ)
    return _started[os.getpid()]


def _forks_with() -> dict[str, str]:
    """What the process that forks was started with, or would be now."""
    known = _started.get(os.getpid())
    return known.variables if known else _of_python(os.environ)


def _memory(name: str) -> IO[bytes]:
    return os.fdopen(os.memfd_create(name), "w+b")


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _text(data: bytes) -> str:
    return data.decode().replace("\r\n", "\n")


def _of_python(environment: Mapping[str, str]) -> dict[str, str]:
    """What Python itself, and the libraries that it is linked with, take from the environment before the first line."""
    return {
        name: value for name, value in environment.items() if name.startswith(("PYTHON", "LC_", "LD_", "LANG")) and name not in _ANYWHERE
    }


# --- the process that forks ---------------------------------------------------------------------------------------------


def _serve(control: socket.socket) -> Callable[[], None] | None:
    """Fork for each request. Gives what is to be run in a forked process, and None in the one that forks, when nobody asks any more.

    With a request come standard output, standard error, where the number of the process and its end are told, and standard input,
    without which there is nothing to read.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    woken, wakes = os.pipe()
    for end in (woken, wakes):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wakes)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4_096)
            _tell_ends(running)
        if control.fileno() not in ready:
            continue
        asked, streams, _, _ = socket.recv_fds(control, _LONGEST + 1, 4)
        if not asked:
            return None
        out, errors, status, *given = streams
        child = os.fork()
        if child == 0:
            for end in (control.detach(), woken, wakes, status, *running.values()):
                os.close(end)
            return _begin(json.loads(asked), *given, out, errors)
        for end in (*given, out, errors):
            os.close(end)
        os.write(status, b"%d\n" % child)
        running[child] = status


def _tell_ends(running: dict[int, int]) -> None:
    while running:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        told = running.pop(child)
        with suppress(BrokenPipeError):
            os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(told)


def _begin(asked: dict[str, Any], *streams: int) -> Callable[[], None]:
    """Make this process what was asked for, and give its program."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for end, stream in zip(streams, range(3 - len(streams), 3), strict=True):
        os.dup2(end, stream)
        os.close(end)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    importlib.import_module("tilth.base.faultpoints").arm()
    if asked["bounded"]:
        _obey_permissions()
    kind, *rest = asked["words"]
    if kind == "-m":
        name, *arguments = rest
        sys.argv[:] = ["-m", *arguments]
        sys.path[0] = asked["cwd"]
        sys.modules.pop(name, None)
        return lambda: _as_main(lambda: runpy.run_module(name, run_name="__main__", alter_sys=True))
    if kind == "-c":
        code, *arguments = rest
        sys.argv[:] = ["-c", *arguments]
        sys.path[0] = ""
        main = types.ModuleType("__main__")
        return lambda: _as_main(lambda: exec(compile(code, "<string>", "exec"), main.__dict__), main)  # noqa: S102 - code of a test
    sys.argv[:] = [kind, *rest]
    sys.path[0] = str(Path(kind).resolve().parent)
    return lambda: _as_main(lambda: runpy.run_path(kind, run_name="__main__"))


def _obey_permissions() -> None:
    """Give up what lets root ignore the permissions of files."""
    kernel = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)  # the third version of the call, for this process
    held = (ctypes.c_uint32 * 6)()
    assert kernel.capget(head, held) == 0, ctypes.get_errno()
    for kind in range(3):  # effective, permitted, inherited
        held[kind] &= ~(1 << 1 | 1 << 2)  # DAC_OVERRIDE, DAC_READ_SEARCH
    assert kernel.capset(head, held) == 0, ctypes.get_errno()


def _as_main(program: Callable[[], object], main: types.ModuleType | None = None) -> None:
    if main is not None:
        sys.modules["__main__"] = main
    program()


def _end(program: Callable[[], None]) -> None:
    """Run a program to its end, with all that ends with it: threads, what was registered for the end, what was not written yet.

    Only that the modules are not taken apart one by one, for which their memory, which is shared with the process that forked,
    would be copied. An end by an exception is left to Python.
    """
    status = 0
    try:
        program()
    except SystemExit as asked:
        if not isinstance(asked.code, int | None):
            raise
        status = asked.code or 0
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status & 0xFF)


def _import_all() -> None:
    """Import what programs need; what is not installed here is left out."""
    for package in _PACKAGES:
        found = importlib.import_module(package)
        for module in pkgutil.iter_modules(found.__path__, f"{package}."):
            if not module.ispkg and not module.name.endswith("__main__"):
                with suppress(ImportError):
                    importlib.import_module(module.name)
    for name in _BESIDE:
        with suppress(ImportError):
            importlib.import_module(name)


if __name__ == "__main__":
    _import_all()
    gc.collect()
    gc.freeze()
    if (program := _serve(socket.socket(fileno=int(sys.argv[1])))) is not None:
        _end(program)
