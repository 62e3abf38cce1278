"""Who brings which contents into the cache now, so that no two processes fetch the same one, whatever they fetch it for.

Whoever is about to fetch writes a list of hashes to `fetching/<id>`, and holds it locked until the contents are in the cache: the system
lets go of it with the process. Lists are read and written by one at a time, so what is on nobody else's list is the writer's own. Nobody
waits while a list of its own lies there, so nobody waits in a circle. Lists only save work: one that is lost costs a second request.
"""

import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from tilth.base.atomic_io import write_all
from tilth.base.ids import new_id
from tilth.datasets.cache.locks import SILENT_S, held, let_go, locked_by_others
from tilth.datasets.cache.sharing import Sharing

__all__ = ["Announcements"]

_HASH = 32


class Announcements:
    """The lists of one cache folder."""

    def __init__(self, root: str, sharing: Sharing) -> None:
        self._folder = f"{root}/fetching"
        self._door = f"{root}/locks/fetching"
        self._sharing = sharing

    @contextmanager
    def fetching(self, wanted: Collection[bytes]) -> Iterator[tuple[set[bytes], Collection[str]]]:
        """What of `wanted` nobody else brings now, which is left to this process until the block ends; and the lists of those others."""
        path = f"{self._folder}/{new_id()}"
        with ExitStack() as list_held:
            with held(self._door, self._sharing):
                theirs = self._lists(set(wanted))
                own = set(wanted).difference(*theirs.values())
                list_held.enter_context(held(path, self._sharing))
                list_held.callback(_remove, path)
                self._write(path, b"".join(own))
            yield own, theirs.keys()

    def wait(self, lists: Collection[str]) -> None:
        """Return when those who wrote these lists have brought what is on them, have ended, or gave no sign of life for long."""
        for path in sorted(lists):
            if os.path.exists(path):
                with held(path, self._sharing, shared=True):
                    pass
                _remove(path)  # of one that was killed, or made just now by looking for it

    def _write(self, path: str, data: bytes) -> None:
        # Opened as a lock is: others may write here, and could have put a link to a file of this user's in its place by now.
        descriptor = self._sharing.open(path)
        try:
            write_all(descriptor, [data])
        finally:
            os.close(descriptor)

    def _lists(self, wanted: set[bytes]) -> Mapping[str, set[bytes]]:
        """The lists of processes that live, with what is on them of `wanted`; those of others are removed."""
        found: dict[str, set[bytes]] = {}
        with suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            for entry in entries:
                if not _is_alive(entry.path):
                    _remove(entry.path)
                elif shared := _hashes_in(entry.path) & wanted:
                    found[entry.path] = shared
        return found


def _is_alive(path: str) -> bool:
    """Whether somebody holds a list who gave a sign of life; nobody knows where there are no locks."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return bool(locked_by_others(descriptor)) and time.time() - os.fstat(descriptor).st_mtime <= SILENT_S
    finally:
        let_go(descriptor)


def _file_only(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)


def _hashes_in(path: str) -> set[bytes]:
    try:
        with open(path, "rb", opener=_file_only) as file:
            data = file.read()
    except OSError:
        return set()
    return {data[at : at + _HASH] for at in range(0, len(data), _HASH)}
