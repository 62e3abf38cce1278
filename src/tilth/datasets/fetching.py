"""Makes files out of packs that are far away: neighbours in a pack are asked for together, in several requests at once.

Whoever asked also checks what came, chunk by chunk, and writes each where it belongs, in whatever order the answers come. So no more
is held in memory than what is on its way. A file gets its mode and time with its last chunk.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Self

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Corrupt, ObjectNotFound
from tilth.datasets.packs import SPAN_BYTES, spans, unpack_chunk
from tilth.datasets.resuming import chunks_wanted
from tilth.domain.dataset import ChunkRef, Entry
from tilth.store.api import Buffer, Key, ObjectStore

__all__ = ["REQUESTS", "damaged_pack", "fetch_files"]

REQUESTS = 4
"""How many requests are on their way at once."""
_MOST_REQUESTS = 16
_LEAST_SPAN_BYTES = 1 << 20
_OPEN = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC

Told = Callable[[int, int], None]


def fetch_files(store: ObjectStore, entries: Iterable[Entry], target: str, told: Told, *, requests: int | None = None) -> None:
    """Write `entries` below `target`, each chunk checked before a byte of it is written; what an earlier call wrote is not fetched again.

    `told` hears of files, and of bytes, in the thread of the caller. `Corrupt` names the first damaged pack, after everything else has
    been written.
    """
    work = _Work(store, target)
    for entry in entries:
        told(*work.plan(entry))
    at_once = max(1, min(requests or REQUESTS, _MOST_REQUESTS))
    ordered = work.ordered()
    # Little is cut finer, so that all requests have something to do.
    most_bytes = min(SPAN_BYTES, max(_LEAST_SPAN_BYTES, sum(chunk.stored for chunk in ordered) // (2 * at_once)))
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="tilth-fetch")
    try:
        coming: list[Future[tuple[int, int]]] = [pool.submit(work.bring, span) for span in spans(ordered, most_bytes)]
        for one in coming:
            told(*one.result())
    finally:
        pool.shutdown(cancel_futures=True)
    if work.wrong:
        raise work.wrong


class _File:
    """A file that is not whole: how many of its chunks are still to be written."""

    __slots__ = ("entry", "left", "path")

    def __init__(self, path: str, entry: Entry, left: int) -> None:
        self.path = path
        self.entry = entry
        self.left = left


class _Work:
    """What is to be fetched, and which files it is for."""

    def __init__(self, store: ObjectStore, target: str) -> None:
        self.wrong: Corrupt | None = None
        self._store = store
        self._target = target
        self._lock = Lock()
        self._folders: set[str] = set()
        self._chunks: dict[tuple[str, int], ChunkRef] = {}
        self._places: dict[tuple[str, int], list[tuple[_File, int]]] = {}
        """By where a chunk lies, the files that need it, and at what place in them."""

    def plan(self, entry: Entry) -> tuple[int, int]:
        """Note what of a file has to be fetched; returns how many files, and bytes, are there already."""
        path = f"{self._target}/{entry.path}"
        wanted = chunks_wanted(path, entry)
        if wanted is None:
            return 1, entry.size
        folder = os.path.dirname(path)
        if folder not in self._folders:
            with translated_os_errors(folder):
                os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        file = _File(path, entry, len(wanted))
        if not wanted:
            with _Opened() as opened:
                opened.finish(file)
            return 1, entry.size
        positions = _positions(entry)
        missing = 0
        for number in wanted:
            chunk = entry.chunks[number]
            lies = (chunk.pack, chunk.offset)
            self._chunks[lies] = chunk
            self._places.setdefault(lies, []).append((file, positions[number]))
            missing += chunk.raw
        return 0, entry.size - missing

    def ordered(self) -> Sequence[ChunkRef]:
        """The chunks that have to be fetched, each once, as they lie."""
        return [self._chunks[lies] for lies in sorted(self._chunks)]

    def bring(self, span: Sequence[ChunkRef]) -> tuple[int, int]:
        """Fetch a run of chunks and write them where they belong; returns how many files are whole now, and how many bytes came."""
        first, last = span[0], span[-1]
        try:
            block = memoryview(self._store.get_range(Key(first.pack), first.offset, last.offset + last.stored - first.offset))
        except ObjectNotFound:
            self._note(first)
            return 0, 0
        except Corrupt:  # the pack is too short for all of it
            if len(span) == 1:
                self._note(first)
                return 0, 0
            each = [self.bring([chunk]) for chunk in span]
            return sum(files for files, _ in each), sum(size for _, size in each)
        whole = size = 0
        with _Opened() as opened:
            for chunk in span:
                begin = chunk.offset - first.offset
                try:
                    data = unpack_chunk(chunk, block[begin : begin + chunk.stored])
                except Corrupt:
                    self._note(chunk)
                    continue
                for file, position in self._places[chunk.pack, chunk.offset]:
                    opened.write(file, position, data)
                    size += len(data)
                    if self._is_last(file):
                        opened.finish(file)
                        whole += 1
        return whole, size

    def _is_last(self, file: _File) -> bool:
        with self._lock:
            file.left -= 1
            return not file.left

    def _note(self, chunk: ChunkRef) -> None:
        needed_by, _ = self._places[chunk.pack, chunk.offset][0]
        with self._lock:
            self.wrong = self.wrong or damaged_pack(chunk.pack, chunk.offset, needed_by.entry.path)


class _Opened:
    """The file that a run of chunks is at: opened when it is its turn, closed when the next one's is."""

    def __init__(self) -> None:
        self._file: _File | None = None
        self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def write(self, file: _File, position: int, data: Buffer) -> None:
        with translated_os_errors(file.path):
            self._open(file)
            rest = memoryview(data)
            while rest:
                written = os.pwrite(self._descriptor, rest, position)
                rest, position = rest[written:], position + written

    def finish(self, file: _File) -> None:
        """Cut what is behind the end of a file, and give it its mode, and last of all its time."""
        entry = file.entry
        with translated_os_errors(file.path):
            self._open(file)
            os.ftruncate(self._descriptor, entry.size)
            os.fchmod(self._descriptor, entry.mode)
            os.utime(self._descriptor, ns=(entry.mtime_ns, entry.mtime_ns))

    def _open(self, file: _File) -> None:
        if self._file is not file:
            self._close()
            self._descriptor = os.open(file.path, _OPEN)
            self._file = file

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._file, self._descriptor = None, -1


def damaged_pack(pack: str, offset: int, path: str) -> Corrupt:
    """What to say when a chunk is not what was written, or is gone."""
    return Corrupt(
        f"pack {pack} is damaged at {offset}: {path} can't be restored",
        hint="the other files are; `tilth data verify` lists all that is affected",
    )


def _positions(entry: Entry) -> Sequence[int]:
    """Where in the file each chunk begins."""
    positions = []
    at = 0
    for chunk in entry.chunks:
        positions.append(at)
        at += chunk.raw
    return positions
