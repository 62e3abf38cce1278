"""Chunks of stored files on this machine, for whoever reads a file piece by piece from far away.

    chunks/<hh>/<sha256>   the raw bytes of a chunk       chunks/size   how many bytes they are, about

An entry gets its name by the rename of a whole file, and is checked whenever it is read: what a crash, a full disk or somebody's
editor left there counts as missing. What is kept has the right SHA-256; from then on the nanoseconds of its time hold a checksum of
it, which takes half as long to compare. Whoever writes into an entry, or touches it, sets another time, and then its SHA-256 counts, as
it does for the entries of other users, and for all of a cache that others may write to. Entries are read with one open and one read, and
evicting takes only names away, so nobody who reads one loses it. Whatever keeps the cache from being written costs time, never a read.
"""

import os
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from tilth.base.atomic_io import sweep, write_all
from tilth.base.errors import Corrupt, FormatUnsupported
from tilth.base.faultpoints import reach
from tilth.base.ids import new_id
from tilth.datasets.cache.blobs import blob_name
from tilth.datasets.cache.claims import Claims
from tilth.datasets.cache.counter import Counter
from tilth.datasets.cache.format import note_format
from tilth.datasets.cache.locks import held
from tilth.datasets.cache.sharing import Sharing, sharing_of
from tilth.domain.dataset import ChunkRef
from tilth.store.api import Buffer

__all__ = ["ChunkCache", "KeptChunk", "is_damaged", "plan_eviction"]

_FOLDERS = 256
_KEPT_SHARE = 0.9
"""How much of the limit is left after an eviction, so that not every chunk causes the next one."""
_PIECE = 1 << 20
_SECOND_NS = 1_000_000_000
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
        self._root = root
        self._chunks = os.fspath(root / "chunks")
        self._blobs = os.fspath(root / "blobs")
        self._scratch = root / "tmp"

    @cached_property
    def counter(self) -> Counter:
        """How many bytes lie here."""
        return Counter(f"{self._chunks}/size", self._sharing, self.size_bytes)

    @cached_property
    def claims(self) -> Claims:
        """Who fetches what now."""
        return Claims(os.fspath(self._root), self._sharing)

    @cached_property
    def _sharing(self) -> Sharing:
        return sharing_of(self._root)

    @cached_property
    def _is_own(self) -> bool:
        """Whether only this user may write here. Others could write what fits the time that the system then sets, which is no secret."""
        return self._sharing.mode is None

    def prepare(self) -> None:
        """Find out what every read needs, for a process whose forks read."""
        _ = self._is_own, _crc32()

    def get(self, chunk: ChunkRef) -> bytes | None:
        """The bytes of `chunk`, checked, if they are here; also those of a file that a local copy brought."""
        return self.find(chunk.sha256, chunk.raw)

    def has(self, digest: bytes) -> bool:
        """Whether there is an entry of that name, right or not."""
        return os.path.exists(f"{self._chunks}/{blob_name(digest)}")

    def find(self, digest: bytes, size: int) -> bytes | None:
        """What `get` finds for the chunk with this SHA-256 and this many bytes."""
        if not self.limit_bytes:
            return None
        name = digest.hex()
        path = f"{self._chunks}/{name[:2]}/{name}"
        found = _read(path, size)
        if found is None:
            return self._in_blob(f"{self._blobs}/{name[:2]}/{name}", digest, size)
        data, seen = found
        mark = _mark(digest, data)
        is_marked = self._is_own and seen.st_mtime_ns % _SECOND_NS == mark and seen.st_uid == os.geteuid()
        if len(data) != size or not (is_marked or sha256(data).digest() == digest):
            with suppress(OSError):
                os.unlink(path)
            return None
        if time.time() - seen.st_mtime > _TOUCH_S:
            _touch(path, mark)
        return data

    def part(self, digest: bytes, start: int, length: int) -> bytes | None:
        """Bytes of the entry with this name as they lie here, fewer at its end, not checked: for whoever knows what they have to be."""
        name = blob_name(digest)
        path = f"{self._chunks}/{name}"
        found = _part(path, start, length, is_entry=True)
        return _part(f"{self._blobs}/{name}", start, length) if found is None else found

    def _in_blob(self, path: str, digest: bytes, size: int) -> bytes | None:
        found = _read(path, size)
        # A damaged one belongs to views; `verify --folder` tells of it.
        return found[0] if found and sha256(found[0]).digest() == digest else None

    def put(self, chunk: ChunkRef, data: Buffer) -> bool:
        """Keep the bytes of `chunk`, which were checked; False if they can't be kept."""
        if len(data) > self.limit_bytes:
            return False
        name = blob_name(chunk.sha256)
        temporary = f"{self._scratch}/{new_id()}.chunk"
        with suppress(OSError, FormatUnsupported, Corrupt):
            try:
                self._write(temporary, chunk.sha256, data)
                note_format(self._root, self._sharing)
                reach("chunks.before-rename")
                self._name(temporary, name)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)
                raise
            if self.counter.add(len(data)) > self.limit_bytes:
                self.evict()
            return True
        return False

    def evict(self) -> None:
        """Remove what was not used for the longest time, until the rest is within the limit; nothing if somebody else does that now."""
        self.remove(keep_bytes=int(self.limit_bytes * _KEPT_SHARE), over_bytes=self.limit_bytes)

    def remove(self, *, keep_bytes: int, over_bytes: int = 0, unused_since_s: float | None = None) -> int:
        """Remove entries, the longest unused first, until `keep_bytes` are left, if there are more than `over_bytes`.

        With `unused_since_s`, only those not used since then. Returns how many bytes went; none if somebody else removes entries now.
        """
        dropped: list[KeptChunk] = []
        with suppress(OSError), held(f"{self._chunks}/evicting", self._sharing, wait=False) as alone:
            if not alone:
                return 0
            with self.counter.held() as count:
                before = count.value
            kept = list(self._scan())
            dropped = plan_eviction(kept, keep_bytes=keep_bytes) if _total(kept) > over_bytes else []
            if unused_since_s is not None:
                dropped = [entry for entry in dropped if entry.used_s < unused_since_s]
            for entry in dropped:
                with suppress(OSError):
                    os.unlink(entry.path)
            left = _total(kept) - _total(dropped)
            with self.counter.held() as count:
                # What came in the meantime may have been seen by the scan too: counted twice, it only brings the next scan earlier.
                count.value = left + max(0, (count.value or 0) - (before or 0))
        sweep(self._scratch)
        return _total(dropped)

    def check(self, on_done: Callable[[int, int], None]) -> list[str]:
        """Compare every entry with its hash; removes those that are damaged, and returns their names."""
        damaged: list[str] = []
        for entry in self._scan():
            if is_damaged(entry.path):
                with suppress(OSError):
                    os.unlink(entry.path)
                    damaged.append(os.path.basename(entry.path))
            on_done(1, entry.size_bytes)
        return damaged

    def size_bytes(self) -> int:
        """How many bytes lie here, found by looking."""
        return _total(self._scan())

    def _write(self, path: str, digest: bytes, data: Buffer) -> None:
        descriptor = self._sharing.open(path, os.O_WRONLY | os.O_EXCL)
        try:
            write_all(descriptor, [data])
            os.utime(descriptor, ns=_times(_mark(digest, data)))
        finally:
            os.close(descriptor)

    def _name(self, temporary: str, name: str) -> None:
        target = f"{self._chunks}/{name}"
        try:
            os.rename(temporary, target)
        except FileNotFoundError:  # the first of its folder, or somebody removed the cache
            self._sharing.make(os.path.dirname(target))
            os.rename(temporary, target)

    def _scan(self) -> Iterator[KeptChunk]:
        for number in range(_FOLDERS):
            with suppress(FileNotFoundError), os.scandir(f"{self._chunks}/{number:02x}") as found:
                for entry in found:
                    if entry.name.startswith("."):
                        continue
                    with suppress(FileNotFoundError):
                        seen = entry.stat()
                        yield KeptChunk(entry.path, seen.st_size, seen.st_mtime)


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


def _read(path: str, size: int) -> tuple[bytes, os.stat_result] | None:
    """All of a file, nothing if it has another size, and what is known of it; None for whatever reason it can't be had."""
    # Plain calls of the system: a file object takes twice as long, which an epoch over small files feels.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe that somebody put there would never open
    except OSError:
        return None
    try:
        seen = os.fstat(descriptor)
        if seen.st_size != size:
            return b"", seen
        data = os.read(descriptor, seen.st_size)
        while len(data) < seen.st_size and (more := os.read(descriptor, seen.st_size - len(data))):
            data += more
        return data, seen
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _part(path: str, start: int, length: int, *, is_entry: bool = False) -> bytes | None:
    """Bytes of a file from `start` on; None for whatever reason they can't be had. An entry is noted as used."""
    try:
        # What is noted is noted of what was opened, which is not checked yet: never of what a link leads to, and a pipe would never open.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        data, seen = os.pread(descriptor, length, start), os.fstat(descriptor)
        if is_entry and time.time() - seen.st_mtime > _TOUCH_S:
            _touch(descriptor, seen.st_mtime_ns % _SECOND_NS)  # which says of all its bytes what it said before
        return data
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _mark(digest: bytes, data: Buffer) -> int:
    """A checksum of a name and its bytes that the nanoseconds of a time have room for; never 0, which file systems have that know none."""
    return 1 + _crc32()(data, int.from_bytes(digest[:4])) % (_SECOND_NS - 1)


@cache
def _crc32() -> Callable[[Buffer, int], int]:
    """CRC-32 by the processor's instructions for it, or Python's own, which is the same sum."""
    with suppress(ImportError):
        from zlib_ng import zlib_ng  # noqa: PLC0415  only whoever has something in a cache waits for it

        return zlib_ng.crc32
    return zlib.crc32


def _times(mark: int) -> tuple[int, int]:
    now = int(time.time()) * _SECOND_NS + mark
    return now, now


def _touch(entry: str | int, mark: int) -> None:
    """Note that an entry was used."""
    try:
        os.utime(entry, ns=_times(mark))
    except OSError:  # of another user, whom only the present time may be set for, if that
        with suppress(OSError):
            os.utime(entry)


def is_damaged(path: str) -> bool:
    """Whether a file is not what its name, a SHA-256, says; one that is gone, or can't be read, is not known to be."""
    whole = sha256()
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            while block := file.read(_PIECE):
                whole.update(block)
    except OSError:
        return False
    return whole.hexdigest() != os.path.basename(path)
