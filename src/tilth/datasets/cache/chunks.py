"""Chunks of stored files on this machine, for whoever reads a file piece by piece from far away.

    chunks/<hh>/<sha256>   the raw bytes of a chunk       chunks/size   how many bytes they are, about

An entry gets its name by the rename of a whole file, and is checked whenever it is read: what a crash, a full disk or somebody's
editor left there counts as missing. Entries are read with one open and one read, and evicting takes only names away, so nobody
who reads one loses it. Whatever keeps the cache from being written costs time, never a read.
"""

import fcntl
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from tilth.base.atomic_io import sweep, write_all
from tilth.base.faultpoints import reach
from tilth.base.ids import new_id
from tilth.datasets.cache.blobs import blob_name
from tilth.domain.dataset import ChunkRef
from tilth.store.api import Buffer

__all__ = ["ChunkCache", "KeptChunk", "plan_eviction"]

_FOLDERS = 256
_KEPT_SHARE = 0.9
"""How much of the limit is left after an eviction, so that not every chunk causes the next one."""
_TOUCH_S = 60
"""An entry is noted as used once in this time."""


class KeptChunk(Struct, frozen=True):
    """An entry as an eviction sees it."""

    path: str
    size_bytes: int
    used_s: float


class ChunkCache:
    """A folder of chunks, of at most about `limit_bytes`. Any number of processes may use it at once, with the same limit or others."""

    def __init__(self, root: Path, *, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._chunks = os.fspath(root / "chunks")
        self._blobs = os.fspath(root / "blobs")
        self._scratch = root / "tmp"

    def get(self, chunk: ChunkRef) -> bytes | None:
        """The bytes of `chunk`, checked, if they are here; also those of a file that a local copy brought."""
        if not self.limit_bytes:
            return None
        name = blob_name(chunk.sha256)
        path = f"{self._chunks}/{name}"
        data = _read(path)
        if data is None:
            data, path = _read(f"{self._blobs}/{name}"), ""
        if data is None:
            return None
        if len(data) == chunk.raw and sha256(data).digest() == chunk.sha256:
            return data
        if path:  # a damaged blob belongs to views; `verify --folder` tells of it
            with suppress(OSError):
                os.unlink(path)
        return None

    def put(self, chunk: ChunkRef, data: Buffer) -> None:
        """Keep the bytes of `chunk`, which were checked, if they can be kept."""
        if len(data) > self.limit_bytes:
            return
        name = blob_name(chunk.sha256)
        temporary = f"{self._scratch}/{new_id()}.chunk"
        with suppress(OSError):
            try:
                self._write(temporary, data)
                reach("chunks.before-rename")
                self._name(temporary, name)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)
                raise
            if self._add(len(data)) > self.limit_bytes:
                self.evict()

    def evict(self) -> None:
        """Remove what was not used for the longest time, until the rest is within the limit; nothing if somebody else does that now."""
        with suppress(OSError), self._alone("evicting", wait=False) as alone:
            if not alone:
                return
            with self._counter() as count:
                before = count.value
            kept = list(self._scan())
            dropped = plan_eviction(kept, keep_bytes=int(self.limit_bytes * _KEPT_SHARE)) if _total(kept) > self.limit_bytes else []
            for entry in dropped:
                with suppress(OSError):
                    os.unlink(entry.path)
            left = _total(kept) - _total(dropped)
            with self._counter() as count:
                # What came in the meantime may have been seen by the scan too: counted twice, it only brings the next scan earlier.
                count.value = left + max(0, (count.value or 0) - (before or 0))
        sweep(self._scratch)

    def size_bytes(self) -> int:
        """How many bytes lie here, found by looking."""
        return _total(self._scan())

    def _write(self, path: str, data: Buffer) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o666)
        except FileNotFoundError:
            self._scratch.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, flags, 0o666)
        try:
            write_all(descriptor, [data])
        finally:
            os.close(descriptor)

    def _name(self, temporary: str, name: str) -> None:
        target = f"{self._chunks}/{name}"
        try:
            os.rename(temporary, target)
        except FileNotFoundError:  # the first of its folder, or somebody removed the cache
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.rename(temporary, target)

    def _add(self, size: int) -> int:
        """Count `size` more bytes; returns how many there are now."""
        with self._counter() as count:
            known = count.value
            if known is not None:
                count.value = known + size
                return count.value
        found = self.size_bytes()
        with self._counter() as count:
            count.value = found
        return found

    def _scan(self) -> Iterator[KeptChunk]:
        for number in range(_FOLDERS):
            with suppress(FileNotFoundError), os.scandir(f"{self._chunks}/{number:02x}") as found:
                for entry in found:
                    with suppress(FileNotFoundError):
                        seen = entry.stat()
                        yield KeptChunk(entry.path, seen.st_size, seen.st_mtime)

    @contextmanager
    def _counter(self) -> Iterator["_Count"]:
        """The number of bytes, held alone while it is changed; None if it is not known."""
        descriptor = os.open(f"{self._chunks}/size", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            with suppress(OSError):  # a file system without locks only counts less well
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            text = os.pread(descriptor, 32, 0)
            count = _Count(int(text) if text.strip().isdigit() else None)
            yield count
            if count.value is not None:
                os.pwrite(descriptor, f"{count.value:<31}\n".encode(), 0)
        finally:
            _let_go(descriptor)

    @contextmanager
    def _alone(self, name: str, *, wait: bool) -> Iterator[bool]:
        descriptor = os.open(f"{self._chunks}/{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            except OSError:
                pass  # no locks here: two evictions at once remove somewhat more
            yield True
        finally:
            _let_go(descriptor)


def _let_go(descriptor: int) -> None:
    """Unlock and close a file. Closing is not enough: a fork that began meanwhile has it open, and would hold the lock until it ends."""
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


class _Count:
    def __init__(self, value: int | None) -> None:
        self.value = value


def plan_eviction(kept: Iterable[KeptChunk], *, keep_bytes: int) -> list[KeptChunk]:
    """The entries to drop, the longest unused first, until the others are at most `keep_bytes`."""
    oldest_first = sorted(kept, key=lambda entry: entry.used_s)
    left = _total(oldest_first)
    for number, entry in enumerate(oldest_first):
        if left <= keep_bytes:
            return oldest_first[:number]
        left -= entry.size_bytes
    return oldest_first


def _total(entries: Iterable[KeptChunk] | Sequence[KeptChunk]) -> int:
    return sum(entry.size_bytes for entry in entries)


def _read(path: str) -> bytes | None:
    """All of a file, noted as used; None for whatever reason it can't be had."""
    try:
        with open(path, "rb", buffering=0) as file:
            data = file.readall()
            if time.time() - os.fstat(file.fileno()).st_mtime > _TOUCH_S:
                with suppress(OSError):  # of another user: then it counts as unused
                    os.utime(path)
            return data
    except OSError:
        return None
