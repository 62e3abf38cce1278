"""What a command costs: seconds on the wall, seconds of processors, peak memory."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Failed", "Spent", "let_python_compile", "measured", "spend", "spend_in_process"]


class Failed(Exception):
    """A command that was to be measured failed."""


@dataclass(frozen=True)
class Spent:
    """What one command cost, and what it printed."""

    seconds: float
    cpu_s: float = 0.0
    peak_bytes: int = 0
    output: str = ""
    command: Sequence[str] = ()

    def plus(self, other: "Spent") -> "Spent":
        """The cost of both, one after the other."""
        joined = (*self.command, "&&", *other.command)
        peak = max(self.peak_bytes, other.peak_bytes)
        return Spent(self.seconds + other.seconds, self.cpu_s + other.cpu_s, peak, self.output + other.output, joined)


def let_python_compile() -> None:
    """Let what is started from here on use what Python compiled: without that, a start takes three to five times as long."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def spend(command: Sequence[str | Path], *, folder: Path, env: Mapping[str, str]) -> Spent:
    """Run `command` to its end and say what it cost.

    The peak is the largest of the process and those it waited for. It can't be told below the size of this process, which is small
    because whatever takes memory is done by processes of its own.
    """
    words = [str(word) for word in command]
    os.sync()  # nobody pays for what the one before left to be written
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(words, cwd=folder, env=dict(env), stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        output = out.read().decode(errors="replace")
        if process.returncode:
            told = (err.read().decode(errors="replace") or output).strip().splitlines()[-8:]
            raise Failed(f"{' '.join(words)} ended with {process.returncode}:\n" + "\n".join(told))
    return Spent(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output, [Path(words[0]).name, *words[1:]])


def spend_in_process(work: Callable[[], object], name: str) -> Spent:
    """What a piece of Python costs right here."""
    started, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - started, time.process_time() - cpu, command=[name])


def measured(spent: Spent) -> str:
    """A cost in words, for progress."""
    return f"{spent.seconds:8.2f} s {spent.peak_bytes / 1e6:8.0f} MB"
