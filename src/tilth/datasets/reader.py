"""How a stored file is read piece by piece without making it a file here: chunks from memory, the cache or the store, each checked."""

import io
import threading
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import accumulate, chain, islice
from typing import TYPE_CHECKING

from tilth.base.errors import Corrupt, Invalid, ObjectNotFound, TilthError, Unavailable
from tilth.base.forking import renew_after_fork
from tilth.base.seeking import SeekableFile
from tilth.datasets.blocks import BLOCK_BYTES, Blocks
from tilth.datasets.cache.chunks import ChunkCache
from tilth.datasets.cache.claims import PATIENCE_S, Claiming
from tilth.datasets.packs import read_chunks, spans
from tilth.datasets.parts import MOST_AT_ONCE_BYTES, Loaded, Part, Span, broken_chunk, groups, joined, place, spans_of
from tilth.domain.dataset import ChunkRef, Entry
from tilth.store.api import Buffer, Key, ObjectStore

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["BUFFER_BYTES", "ChunkSource", "Neighbours", "StoredFile"]

BUFFER_BYTES = 64 << 10
"""How much of a file is handed to Python's own buffer at once."""
_MEMORY_BYTES = 64 << 20
_THREADS = 8
_REQUESTS_AT_ONCE = 4
_MOST_AHEAD_BYTES = 8 << 20
_MOST_OF_A_JUMP_BYTES = 128 << 10
"""Who jumps and wants no more gets it from the blocks that hold it, if the rest of their chunk is not at hand."""
_RUN_BYTES = 256 << 10
"""Who has read so much since the last jump reads on, and gets whole chunks."""
_FIRST_PAUSE_S = 0.001
_LONGEST_PAUSE_S = 0.02
"""How often somebody looks whether a chunk has come that another process brings."""

Neighbours = Callable[[Sequence[ChunkRef]], Iterable[ChunkRef]]
"""What lies between some chunks, in the order of their packs, and will be wanted too: it is kept if it is read with them anyway."""


class ChunkSource:
    """The chunks of one store. Safe for threads, and in forks of the process.

    Every chunk is checked before it is handed out: with its SHA-256 if it comes from the store, as `ChunkCache` does if it comes from the
    cache. Chunks that lie together are read together. A chunk that several threads want at once is fetched once. Of a chunk that was read
    for a part of it, and had to leave memory, the next part is read, and checked, without the rest (see `tilth.datasets.blocks`).
    """

    def __init__(self, store: ObjectStore, cache: ChunkCache | None, *, memory_bytes: int = _MEMORY_BYTES) -> None:
        self._store = store
        # Packs that are files of this machine are as near as a cache would be.
        is_far = store.local_path(Key("")) is None
        self._cache = cache if is_far else None
        self._at_once = _REQUESTS_AT_ONCE if is_far else 0
        self._memory_bytes = memory_bytes
        self._renew()
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        # The threads of a parent are not here, and what they were about to bring never comes.
        self._lock = threading.Lock()
        self._memory: OrderedDict[bytes, bytes] = OrderedDict()
        self._held_bytes = 0
        self._in_parts: set[bytes] = set()
        """What in memory was read for a part of it."""
        self._blocks = Blocks()
        self._coming: dict[bytes, Future[bytes]] = {}
        self._threads: ThreadPoolExecutor | None = None

    def prepare(self) -> None:
        """Find out what every read needs, for a process whose forks read."""
        if self._cache:
            self._cache.prepare()

    def load(self, wanted: Sequence[ChunkRef], neighbours: Neighbours | None = None) -> list[Loaded]:
        """Each of the chunks, or the error that tells why it can't be read; the caller sees to it that they are not too many at once."""
        found: list[Loaded | None] = [self._here(chunk) for chunk in wanted]
        missing = [number for number, data in enumerate(found) if data is None]
        if missing:
            for number, data in zip(missing, self._fetch([wanted[number] for number in missing], neighbours), strict=True):
                found[number] = data
        return [data for data in found if data is not None]

    def near(self, digest: bytes, size: int) -> bytes | None:
        """The chunk with this SHA-256 and size, if memory or the cache has it.

        It is not kept in memory: whoever reads many files whole, as an epoch does, would only push out what others read piece by piece.
        """
        data = self._memory.get(digest)
        return self._cache.find(digest, size) if data is None and self._cache else data

    def part(self, chunk: ChunkRef, start: int, stop: int) -> memoryview | TilthError:
        """The bytes of `chunk` from `start` up to `stop`, or what keeps them from being read, for whoever reads here and there."""
        with self._lock:
            data = self._memory.get(chunk.sha256)
            if data is not None:
                self._memory.move_to_end(chunk.sha256)
                self._in_parts.add(chunk.sha256)
        if data is None:
            if self._blocks.knows(chunk.sha256) and (found := self._from_blocks(chunk, start, stop)) is not None:
                return found
            self._in_parts.add(chunk.sha256)
            (loaded,) = self.load([chunk])
            if isinstance(loaded, TilthError):
                self._in_parts.discard(chunk.sha256)
                return loaded
            data = loaded
        return memoryview(data)[start:stop]

    def _from_blocks(self, chunk: ChunkRef, start: int, stop: int) -> memoryview | None:
        """The same from the blocks that hold it, where they lie and if they are right; else the whole chunk tells more."""
        first = start // BLOCK_BYTES
        begin = first * BLOCK_BYTES
        length = min(-(-stop // BLOCK_BYTES) * BLOCK_BYTES, chunk.raw) - begin
        data: bytes | None = None
        if self._cache and self._cache.limit_bytes:
            data = self._cache.part(chunk.sha256, begin, length)
        elif chunk.stored == chunk.raw:
            with suppress(TilthError):
                data = self._store.get_range(Key(chunk.pack), chunk.offset + begin, length)
        if data is None or len(data) != length or not self._blocks.are_right(chunk.sha256, first, data):
            return None
        return memoryview(data)[start - begin : stop - begin]

    def _here(self, chunk: ChunkRef) -> bytes | None:
        with self._lock:
            data = self._memory.get(chunk.sha256)
            if data is not None:
                self._memory.move_to_end(chunk.sha256)
                return data
        data = self._cache.get(chunk) if self._cache else None
        if data is not None:
            self._keep(chunk, data)
        return data

    def _fetch(self, wanted: Sequence[ChunkRef], neighbours: Neighbours | None) -> list[Loaded]:
        """Chunks from the store, or from whichever thread brings them already."""
        waiting, ours = self._claim(wanted)
        if ours:
            self._bring(dict(ours), neighbours)
        found: list[Loaded] = []
        for chunk, future in zip(wanted, waiting, strict=True):
            try:
                found.append(future.result())
            except TilthError as error:
                # It may have failed for a neighbour's sake, in somebody else's request.
                found.append(error if chunk.sha256 in ours else self._alone(chunk))
        return found

    def load_ahead(self, wanted: Sequence[ChunkRef]) -> None:
        """Bring chunks that will probably be wanted, in another thread; a failure is told to whoever then wants them."""
        with self._lock:
            missing = [chunk for chunk in wanted if chunk.sha256 not in self._memory and chunk.sha256 not in self._coming]
            if not missing:
                return
            if self._threads is None:
                self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="tilth-read-ahead")
            with suppress(RuntimeError):  # the interpreter ends: there is no later
                self._threads.submit(self.load, missing)

    def read(self, entry: Entry, start: int, stop: int) -> bytes:
        """The bytes of a file from `start` up to `stop`; `Corrupt` names the file and the chunk that are damaged."""
        (found,) = self.read_many([Part(entry, start, stop)])
        if isinstance(found, TilthError):
            raise found
        return found

    def read_many(self, parts: Sequence[Part], neighbours: Neighbours | None = None) -> list[Loaded]:
        """Each of many parts of files, or the error that names the file and the chunk; what lies together is fetched together.

        Not many chunks are held at once, however many they are: parts of one chunk are read with it, whatever their order.
        """
        places = spans_of(parts)
        found: list[Loaded] = [b""] * len(parts)
        for group in groups(parts, places):
            chosen = [parts[number] for number in group], [places[number] for number in group]
            for number, data in zip(group, self._read_group(*chosen, neighbours), strict=True):
                found[number] = data
        return found

    def _read_group(self, parts: Sequence[Part], places: Sequence[Span], neighbours: Neighbours | None) -> list[Loaded]:
        if len(parts) == 1 and parts[0].stop - parts[0].start > MOST_AT_ONCE_BYTES:
            return [self._read_large(parts[0])]
        chunks = [chunk for part, (first, last, _) in zip(parts, places, strict=True) for chunk in part.entry.chunks[first:last]]
        loaded = iter(self.load(chunks, neighbours))
        return [
            joined(part, first, begin, list(islice(loaded, last - first))) for part, (first, last, begin) in zip(parts, places, strict=True)
        ]

    def _read_large(self, part: Part) -> Loaded:
        file = StoredFile(self, part.entry)
        file.seek(part.start)
        try:
            return file.read_whole(part.stop - part.start)
        except TilthError as error:
            return error

    def _claim(self, wanted: Sequence[ChunkRef]) -> tuple[list[Future[bytes]], dict[bytes, tuple[ChunkRef, Future[bytes]]]]:
        """What to wait for, and what of that nobody brings yet."""
        waiting: list[Future[bytes]] = []
        ours: dict[bytes, tuple[ChunkRef, Future[bytes]]] = {}
        with self._lock:
            for chunk in wanted:
                future = self._coming.get(chunk.sha256)
                if future is None:
                    future = self._coming[chunk.sha256] = Future()
                    ours[chunk.sha256] = (chunk, future)
                    if (data := self._memory.get(chunk.sha256)) is not None:  # it came in this moment
                        future.set_result(data)
                waiting.append(future)
        return waiting, ours

    def _bring(self, ours: dict[bytes, tuple[ChunkRef, Future[bytes]]], neighbours: Neighbours | None) -> None:
        """Settle what was claimed, each with its bytes or its own error; `ours` is the caller's no more."""
        try:
            missing = [chunk for chunk, future in ours.values() if not future.done()]
            missing.sort(key=place)
            if self._cache and self._cache.limit_bytes and missing:
                self._with_others(self._cache, missing, ours, neighbours)
            else:
                self._all_from_store(missing, ours)
        finally:
            for _, future in ours.values():
                if not future.done():  # interrupted
                    future.set_exception(Unavailable("reading was interrupted", hint="read again"))
            with self._lock:
                for sha256 in ours:
                    self._coming.pop(sha256, None)

    def _with_others(
        self,
        cache: ChunkCache,
        missing: list[ChunkRef],
        ours: dict[bytes, tuple[ChunkRef, Future[bytes]]],
        neighbours: Neighbours | None,
    ) -> None:
        """Bring chunks, each of which only one process of the machine asks the store for; what others bring comes by the cache."""
        waited_s, pause_s = 0.0, _FIRST_PAUSE_S
        with cache.claims.open() as claiming:
            if neighbours:
                # A few requests at a time: processes that want what lies near to each other, as workers do, share them out.
                runs = list(spans(missing))
                rounds = [list(chain(*runs[at : at + _REQUESTS_AT_ONCE])) for at in range(0, len(runs), _REQUESTS_AT_ONCE)]
                missing = [chunk for few in rounds for chunk in self._claimed(cache, claiming, few, ours, neighbours=neighbours)]
            while missing:
                left = self._claimed(cache, claiming, missing, ours, is_late=waited_s > PATIENCE_S)
                left = [chunk for chunk in left if not self._has_come(cache, chunk, ours)]
                if len(left) < len(missing):
                    waited_s, pause_s = 0.0, _FIRST_PAUSE_S
                elif left:
                    time.sleep(pause_s)
                    waited_s, pause_s = waited_s + pause_s, min(2 * pause_s, _LONGEST_PAUSE_S)
                missing = left

    def _claimed(
        self,
        cache: ChunkCache,
        claiming: Claiming,
        missing: list[ChunkRef],
        ours: dict[bytes, tuple[ChunkRef, Future[bytes]]],
        *,
        neighbours: Neighbours | None = None,
        is_late: bool = False,
    ) -> list[ChunkRef]:
        """Bring those of some chunks that nobody else fetches now, or all if it is late; returns the others."""
        claimed = [chunk for chunk in missing if is_late or claiming.claim(chunk.sha256)]
        fetched = [chunk for chunk in claimed if not self._has_come(cache, chunk, ours)]
        between: list[ChunkRef] = []
        if neighbours and len(fetched) > 1:
            between = [chunk for chunk in neighbours(fetched) if not cache.has(chunk.sha256) and claiming.claim(chunk.sha256)]
            _, theirs = self._claim(between)
            ours.update(theirs)
            fetched += [chunk for chunk, future in theirs.values() if not future.done()]
            fetched.sort(key=place)
        self._all_from_store(fetched, ours)
        for chunk in claimed + between:
            claiming.release(chunk.sha256)
        mine = {chunk.sha256 for chunk in claimed}
        return [chunk for chunk in missing if chunk.sha256 not in mine]

    def _has_come(self, cache: ChunkCache, chunk: ChunkRef, ours: dict[bytes, tuple[ChunkRef, Future[bytes]]]) -> bool:
        data = cache.get(chunk)
        if data is not None:
            self._keep(chunk, data)
            ours[chunk.sha256][1].set_result(data)
        return data is not None

    def _all_from_store(self, missing: list[ChunkRef], ours: dict[bytes, tuple[ChunkRef, Future[bytes]]]) -> None:
        while missing:
            missing = self._from_store(missing, ours)

    def _from_store(self, missing: list[ChunkRef], ours: dict[bytes, tuple[ChunkRef, Future[bytes]]]) -> list[ChunkRef]:
        """Read chunks until one fails; returns those that are to be tried after it."""
        done = 0
        try:
            for chunk, read in zip(missing, read_chunks(self._store, missing, ahead=self._at_once if len(missing) > 1 else 0), strict=True):
                data = _whole(read)
                if self._cache:
                    self._cache.put(chunk, data)
                self._keep(chunk, data)
                ours[chunk.sha256][1].set_result(data)
                done += 1
        except TilthError as error:
            # A missing pack is missing for all its chunks, and a store that is away for everything: no use in asking for each.
            broken = [c for c in missing[done:] if _fails_too(error, c, missing[done])]
            for chunk in broken:
                ours[chunk.sha256][1].set_exception(error)
            return [chunk for chunk in missing[done:] if chunk not in broken]
        return []

    def _alone(self, chunk: ChunkRef) -> Loaded:
        try:
            return bytes(next(iter(read_chunks(self._store, [chunk]))))
        except TilthError as error:
            return error

    def _keep(self, chunk: ChunkRef, data: bytes) -> None:
        dropped: list[tuple[bytes, bytes]] = []
        with self._lock:
            if chunk.sha256 not in self._memory:
                self._memory[chunk.sha256] = data
                self._held_bytes += len(data)
            while self._held_bytes > self._memory_bytes:
                dropped.append(self._memory.popitem(last=False))
                self._held_bytes -= len(dropped[-1][1])
            dropped = [(digest, old) for digest, old in dropped if digest in self._in_parts]
            self._in_parts.difference_update(digest for digest, _ in dropped)
        for digest, old in dropped:
            self._blocks.remember(digest, old)


class StoredFile(SeekableFile):
    """A stored file.

    Reading on from where the last read ended brings what follows ahead of time. A chunk that is damaged or missing raises `Corrupt`, which
    names the file and the chunk; `explain` may turn it into what is behind it, such as a version that was deleted meanwhile.
    """

    def __init__(self, source: ChunkSource, entry: Entry, *, explain: Callable[[TilthError], TilthError] = lambda error: error) -> None:
        super().__init__(entry.path, entry.size)
        self._source = source
        self._entry = entry
        self._chunks = entry.chunks
        self._ends = list(accumulate(chunk.raw for chunk in entry.chunks))
        self._explain = explain
        self._last = -2  # before no chunk: whoever looks at the beginning need not read on
        self._window = 0
        self._asked_until = 0
        self._held: tuple[int, bytes] = (-1, b"")
        self._ended = 0
        """Where the last read ended, and where the one began that was the last jump; the beginning of a file is none."""
        self._jumped_to = -_RUN_BYTES

    def readinto(self, target: "WriteableBuffer") -> int:
        view = memoryview(target).cast("B")
        filled = 0
        for piece in self._next(len(view)):
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def read(self, size: int | None = -1, /) -> bytes:
        return self.readall() if size is None or size < 0 else b"".join(self._next(size))

    def readall(self) -> bytes:
        return self.read_whole(self.size)

    def read_whole(self, size: int) -> bytes:
        """The next `size` bytes, or what is left of the file; `read` may return fewer."""
        out = io.BytesIO()
        while size > 0 and (pieces := self._next(size)):
            out.writelines(pieces)
            size -= sum(map(len, pieces))
        return out.getvalue()

    def _next(self, most: int) -> list[memoryview]:
        """What follows the position, at most so many bytes and not too many at once; the position is behind it then."""
        self.check_open()
        wanted = min(most, self.size - self.position, MOST_AT_ONCE_BYTES)
        if wanted <= 0:
            return []
        if self.position != self._ended:
            self._jumped_to = self.position
        run = self.position - self._jumped_to
        pieces = [self._part(wanted, run)] if run < _RUN_BYTES and wanted <= _MOST_OF_A_JUMP_BYTES else self._pieces(wanted)
        self.position += sum(map(len, pieces))
        self._ended = self.position
        return pieces

    def _part(self, wanted: int, run: int) -> memoryview:
        """What follows a jump, up to the end of its chunk; a buffer gets what it probably needs, and more the longer it goes on."""
        number = self._number_at(self.position)
        start = self.position - (self._ends[number] - self._chunks[number].raw)
        if wanted <= BUFFER_BYTES:
            wanted = min(wanted, -(-(start + BLOCK_BYTES + run) // BLOCK_BYTES) * BLOCK_BYTES - start)
        loaded = self._source.part(self._chunks[number], start, min(start + wanted, self._chunks[number].raw))
        if isinstance(loaded, TilthError):
            raise self._explain(broken_chunk(self._entry, number, loaded)) from loaded
        self._last, self._window = number, 0
        return loaded

    def _pieces(self, wanted: int) -> list[memoryview]:
        first, last = self._number_at(self.position), self._number_at(self.position + wanted - 1)
        begin = self._ends[first] - self._chunks[first].raw
        stop = self.position + wanted
        pieces = []
        for data in self._data(first, last):
            pieces.append(memoryview(data)[max(0, self.position - begin) : stop - begin])
            begin += len(data)
        return pieces

    def _data(self, first: int, last: int) -> list[bytes]:
        if first == last == self._held[0]:
            return [self._held[1]]
        follows = first in (self._last, self._last + 1)
        self._window = max(1, self._window * 2) if follows else 0
        data: list[bytes] = []
        for number, loaded in enumerate(self._source.load(self._chunks[first : last + 1]), first):
            if isinstance(loaded, TilthError):
                raise self._explain(broken_chunk(self._entry, number, loaded)) from loaded
            data.append(loaded)
        self._last = last
        self._held = (last, data[-1])
        if self._window:
            self._read_ahead(last + 1)
        return data

    def _read_ahead(self, begin: int) -> None:
        """Ask for the next chunks once less than half of the window is on its way."""
        end, size = begin, 0
        while end < min(len(self._chunks), begin + self._window) and size < _MOST_AHEAD_BYTES:
            size += self._chunks[end].raw
            end += 1
        self._window = max(1, end - begin)
        if begin > self._asked_until or self._asked_until > end:
            self._asked_until = begin
        if end > self._asked_until and self._asked_until - begin <= (end - begin) // 2:
            self._source.load_ahead(self._chunks[self._asked_until : end])
            self._asked_until = end

    def _number_at(self, position: int) -> int:
        return bisect_right(self._ends, position)


def _whole(read: Buffer) -> bytes:
    """The bytes of a chunk; those that were read themselves, if they are no more than the chunk."""
    if isinstance(read, memoryview) and isinstance(read.obj, bytes) and len(read.obj) == len(read):
        return read.obj
    return bytes(read)


def _fails_too(error: TilthError, chunk: ChunkRef, failed: ChunkRef) -> bool:
    """Whether what keeps `failed` from being read keeps `chunk` too."""
    if isinstance(error, Corrupt | Invalid):
        return chunk == failed
    return not isinstance(error, ObjectNotFound) or chunk.pack == failed.pack
