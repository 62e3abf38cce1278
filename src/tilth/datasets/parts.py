"""Parts of stored files: which chunks hold them, which of many are read at once, and their bytes out of the chunks."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from msgspec import Struct

from tilth.base.errors import Corrupt, ObjectNotFound, TilthError
from tilth.domain.dataset import ChunkRef, Entry

__all__ = ["MOST_AT_ONCE_BYTES", "Loaded", "Part", "Span", "broken_chunk", "groups", "joined", "place", "spans_of"]

MOST_AT_ONCE_BYTES = 16 << 20
_MOST_HELD_BYTES = 64 << 20
"""Of small parts of large chunks, the chunks count that have to be held to take the parts out of them."""

Loaded = bytes | TilthError
"""A chunk, or what keeps it from being read."""
Span = tuple[int, int, int]
"""The numbers of the first chunk that holds any of a part and of the one behind the last, and where in the file the first begins."""


class Part(Struct, frozen=True):
    """The bytes of a file from `start` up to `stop`."""

    entry: Entry
    start: int
    stop: int


def place(chunk: ChunkRef) -> tuple[str, int]:
    """Where a chunk lies in the store; chunks that are sorted by it are read in few requests."""
    return chunk.pack, chunk.offset


def spans_of(parts: Sequence[Part]) -> list[Span]:
    """Which chunks hold each part. Where those of a file end is added up once, however many parts of it there are."""
    files = {id(part.entry): part.entry for part in parts}
    ends = {key: list(accumulate(chunk.raw for chunk in entry.chunks)) for key, entry in files.items()}
    return [_span(part, ends[id(part.entry)]) for part in parts]


def _span(part: Part, ends: Sequence[int]) -> Span:
    stop = min(part.stop, part.entry.size)
    if part.start >= stop:
        return 0, 0, 0
    first, last = bisect_right(ends, part.start), bisect_right(ends, stop - 1)
    return first, last + 1, ends[first] - part.entry.chunks[first].raw


def groups(parts: Sequence[Part], places: Sequence[Span]) -> Iterator[list[int]]:
    """Which parts are read at once, by their numbers: as they lie in the store, and no more than may be held."""

    def begins(number: int) -> tuple[str, int]:
        first, last, _ = places[number]
        return place(parts[number].entry.chunks[first]) if last > first else ("", 0)

    group: list[int] = []
    held: set[bytes] = set()
    size = held_bytes = 0
    for number in sorted(range(len(parts)), key=begins):
        part, (first, last, _) = parts[number], places[number]
        wanted = max(0, min(part.stop, part.entry.size) - part.start)
        chunks = {chunk.sha256: chunk.raw for chunk in part.entry.chunks[first:last]}
        more = sum(raw for sha256, raw in chunks.items() if sha256 not in held)
        if group and (size + wanted > MOST_AT_ONCE_BYTES or (more and held_bytes + more > _MOST_HELD_BYTES)):
            yield group
            group, held, size, held_bytes = [], set(), 0, 0
            more = sum(chunks.values())
        group.append(number)
        held.update(chunks)
        size += wanted
        held_bytes += more
    if group:
        yield group


def joined(part: Part, first: int, begin: int, loaded: Sequence[Loaded]) -> Loaded:
    """The bytes of a part out of the chunks that hold it: number `first` of the file and on, which begins at `begin`."""
    pieces = []
    for number, data in enumerate(loaded, first):
        if isinstance(data, TilthError):
            return broken_chunk(part.entry, number, data)
        if part.start <= begin and begin + len(data) <= part.stop and len(loaded) == 1:
            return data
        pieces.append(memoryview(data)[max(0, part.start - begin) : max(0, part.stop - begin)])
        begin += len(data)
    return b"".join(pieces)


def broken_chunk(entry: Entry, number: int, error: TilthError) -> TilthError:
    """What keeps a chunk from being read, with its number and the file's name."""
    chunk = entry.chunks[number]
    which = f"{entry.path} can't be read: its chunk {number + 1} of {len(entry.chunks)}, {chunk.sha256.hex()[:16]}"
    if isinstance(error, ObjectNotFound):
        return Corrupt(f"{which}, is missing, because there is no {chunk.pack}", hint="run `tilth data verify`")
    return type(error)(f"{which}: {error.message}", hint=error.hint)
