"""What a command costs: seconds on the wall, seconds of processors, peak memory. Also how large a tree is, and what a next tree adds."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Failed", "Spent", "Tree", "measured", "spend", "spend_in_process", "tree_of"]


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


@dataclass(frozen=True)
class Tree:
    """How many files lie below a folder, and how many bytes; `inodes` tells which files another tree shares."""

    files: int
    size_bytes: int
    sizes_by_inode: Mapping[int, int]

    def new_bytes(self, before: "Tree") -> int:
        """The bytes of files that `before` does not share."""
        return sum(size for inode, size in self.sizes_by_inode.items() if inode not in before.sizes_by_inode)


def spend(command: Sequence[str | Path], *, folder: Path, env: Mapping[str, str]) -> Spent:
    """Run `command` to its end and say what it cost.

    The peak is the largest of the process and those it waited for. It can't be told below the size of this process, which is small
    because workloads are generated in processes of their own.
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


def tree_of(folder: Path) -> Tree:
    """Count what lies below `folder`."""
    sizes: dict[int, int] = {}
    files = 0
    pending = [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as found:
            for one in found:
                if one.is_dir(follow_symlinks=False):
                    pending.append(one.path)
                else:
                    status = one.stat(follow_symlinks=False)
                    sizes[status.st_ino] = status.st_size
                    files += 1
    return Tree(files, sum(sizes.values()), sizes)
