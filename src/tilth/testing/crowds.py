"""Many processes that do the same at once, some of which are killed; and a store that is far away and counts what it is asked for."""

import os
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Collection
from itertools import pairwise
from pathlib import Path

from tilth.store.api import Key
from tilth.store.local import LocalStore

__all__ = ["KILLED", "CountingStore", "allow_open_files", "become", "crowd"]

KILLED = -signal.SIGKILL


class CountingStore(LocalStore):
    """A folder that behaves as if it were far away, and writes down each piece of a pack that anybody reads."""

    def __init__(self, root: Path, log: Path, *, delay_s: float = 0.0) -> None:
        super().__init__(root)
        self._log = log
        self._delay_s = delay_s

    def get_range(self, key: Key, start: int, length: int) -> bytes:
        if key.startswith("packs/") and start >= 0:
            descriptor = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            os.write(descriptor, f"{key} {start} {length}\n".encode())
            os.close(descriptor)
            time.sleep(self._delay_s)
        return super().get_range(key, start, length)

    def local_path(self, key: Key) -> Path | None:
        return None

    def asked(self) -> list[tuple[str, int, int]]:
        """The pieces that were read, in order: pack, begin and end."""
        if not self._log.exists():
            return []
        words = [line.split() for line in self._log.read_text().splitlines()]
        return sorted((pack, int(start), int(start) + int(length)) for pack, start, length in words)

    def asked_twice(self) -> list[tuple[str, int, int]]:
        """Those that overlap with another one."""
        asked = self.asked()
        return [after for before, after in pairwise(asked) if before[0] == after[0] and after[1] < before[2]]


def crowd(count: int, work: Callable[[int], object], *, killed: Collection[int] = (), within_s: float = 0.3) -> list[int]:
    """Run `work` with each number below `count` in a process of its own, all at once; returns their exit statuses.

    Those in `killed` are ended at some moment in the first `within_s` seconds.
    """
    begin, go = os.pipe()
    children = [_forked(number, work, begin, go) for number in range(count)]
    os.close(begin)
    os.close(go)  # which all of them wait for
    chance = random.Random(count)  # noqa: S311  no secret
    begun = time.monotonic()
    for moment, number in sorted((chance.uniform(0, within_s), number) for number in killed):
        time.sleep(max(0.0, begun + moment - time.monotonic()))
        os.kill(children[number], signal.SIGKILL)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def _forked(number: int, work: Callable[[int], object], begin: int, go: int) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.close(go)
        os.read(begin, 1)
        work(number)
        status = 0
    except BaseException:  # noqa: BLE001  whatever happens, this process must not go on with what its parent does
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status)


def become(user: int, *groups: int) -> None:
    """Go on as another user, in these groups only, whose files are nobody else's business."""
    os.setgroups(groups)
    os.setgid(user)
    os.setuid(user)
    os.umask(0o077)


def allow_open_files(more: int) -> None:
    """Let this process open only so many files beyond those that it has."""
    most = max(int(name) for name in os.listdir("/proc/self/fd")) + 1 + more
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
