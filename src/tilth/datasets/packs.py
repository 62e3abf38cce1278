"""Where Chunks lie: packs, objects that hold many Chunks one after the other and end with an index of themselves.

    magic (8) · flags (8) · stored chunks · one 48-byte record a chunk · trailer (48)

A record is (sha256 of the raw bytes, offset, stored length, raw length); `stored == raw` means the bytes are there as they
are, otherwise one zstd frame. The trailer is (sha256 of the records, their number, format version, magic). A pack can be
understood from its own tail alone, so every index kept elsewhere can be rebuilt.
"""

import hashlib
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice, pairwise

import zstandard
from msgspec import Struct

from tilth.base.errors import Corrupt, FormatUnsupported, ObjectNotFound
from tilth.base.faultpoints import reach
from tilth.base.ids import VersionId
from tilth.datasets.format import missing, pack_key
from tilth.domain.dataset import ChunkRef
from tilth.store.api import Buffer, Key, ObjectStore

__all__ = [
    "GAP_BYTES",
    "PACK_BYTES",
    "SPAN_BYTES",
    "PackWriter",
    "StoredPack",
    "read_chunks",
    "read_pack_index",
    "read_range",
    "spans",
    "unpack_chunk",
]

PACK_BYTES = 64 << 20
"""A pack is closed when it holds at least this many bytes, unless its writer was told a smaller number."""
PACK_CHUNKS = 1 << 16
"""A pack is closed when it holds so many chunks: what waits in memory for a pack of tiny files is many times their bytes."""
MOST_UPLOADS = 4

_MAGIC = b"TILTHPK1"
_HEAD = struct.Struct("<8sQ")
_RECORD = struct.Struct("<32sQII")
_TRAILER = struct.Struct("<32sII8s")
_FORMAT = 1
GAP_BYTES = 512 << 10
"""What lies between two chunks is read with them, if it is not more."""
SPAN_BYTES = 16 << 20
"""What is asked for in one request at the most."""


class StoredPack(Struct, frozen=True):
    """A pack that is durable in the store."""

    sequence: int
    key: Key
    size_bytes: int


class PackWriter:
    """Collects chunks into packs and stores each full pack from a thread of its own while the next one fills.

    `uploads` packs are stored at once, so `PACK_BYTES` times that number plus two are held in memory at the most. `on_stored` is
    called in the thread of the caller, in the order of the packs, once a pack is durable. One writer belongs to one thread.
    """

    def __init__(
        self, store: ObjectStore, session: VersionId, *, first_sequence: int, pack_bytes: int | None = None, uploads: int = 1
    ) -> None:
        self._store = store
        self._session = session
        self.on_stored: Callable[[StoredPack], None] | None = None
        self._sequence = first_sequence
        self._pack_bytes = min(pack_bytes or PACK_BYTES, PACK_BYTES)
        self._most_open = max(1, min(uploads, MOST_UPLOADS))
        self._uploader = ThreadPoolExecutor(max_workers=self._most_open, thread_name_prefix="tilth-pack")
        self._uploads: list[tuple[StoredPack, Future[None]]] = []
        self.stored_bytes = 0
        self.stored_packs = 0
        self._offset = 0
        self._open()

    @property
    def sequence(self) -> int:
        """The number of the pack that is filling now."""
        return self._sequence

    def add(self, sha256: bytes, data: Buffer, raw: int) -> ChunkRef:
        """Append one chunk as it is to be stored; its bytes must not change afterwards. The pack may not be durable yet."""
        offset, stored = self._offset, len(data)
        self._parts.append(data)
        self._records.append(_RECORD.pack(sha256, offset, stored, raw))
        self._offset = offset + stored
        reference = ChunkRef(sha256, self._key, offset, stored, raw)
        if self._offset >= self._pack_bytes or len(self._records) == PACK_CHUNKS:
            self.flush()
        return reference

    def flush(self) -> None:
        """Close the open pack, if it holds anything, and begin to store it."""
        if not self._records:
            return
        records = b"".join(self._records)
        trailer = _TRAILER.pack(hashlib.sha256(records).digest(), len(self._records), _FORMAT, _MAGIC)
        parts = [*self._parts, records, trailer]
        pack = StoredPack(self._sequence, self._key, self._offset + len(records) + len(trailer))
        self._uploads.append((pack, self._uploader.submit(_store, self._store, pack.key, parts)))
        self._sequence += 1
        self._open()
        self._settle(most_open=self._most_open)

    def close(self) -> None:
        """Store what is left and wait until all of it is durable; raises again what kept a pack from being stored."""
        try:
            self._settle(most_open=0)
            self.flush()
            self._settle(most_open=0)
        finally:
            self._uploader.shutdown(wait=True, cancel_futures=True)

    def abandon(self) -> None:
        """Stop after a failure: what is being stored finishes, the rest is dropped."""
        self._uploader.shutdown(wait=True, cancel_futures=True)

    def _open(self) -> None:
        self._key = pack_key(self._session, self._sequence)
        self._parts: list[Buffer] = [_HEAD.pack(_MAGIC, 0)]
        self._records: list[bytes] = []
        self._offset = _HEAD.size

    def _settle(self, *, most_open: int) -> None:
        while self._uploads and (len(self._uploads) > most_open or self._uploads[0][1].done()):
            pack, upload = self._uploads[0]
            # A pack that failed stays first and fails again: no pack after it may be told, since entries need all before theirs.
            upload.result()
            del self._uploads[0]
            self.stored_bytes += pack.size_bytes
            self.stored_packs += 1
            if self.on_stored:
                self.on_stored(pack)


def _store(store: ObjectStore, key: Key, parts: Sequence[Buffer]) -> None:
    reach("ingest.before-pack")
    store.put(key, parts)
    reach("ingest.after-pack")


def read_pack_index(store: ObjectStore, key: Key) -> list[ChunkRef]:
    """The chunks of a pack, from its own index; `Corrupt` names the pack if the index is damaged."""
    try:
        trailer = store.get_range(key, -_TRAILER.size, _TRAILER.size)
    except ObjectNotFound as error:
        raise missing(store, key) from error
    digest, count, version, magic = _TRAILER.unpack(trailer)
    if magic != _MAGIC:
        raise Corrupt(f"pack {key} is damaged: its last bytes are not a pack's", hint="run `tilth data verify`")
    if version != _FORMAT:
        raise FormatUnsupported(f"pack {key} has format {version}, this Tilth reads {_FORMAT}", hint="install a newer Tilth")
    tail = count * _RECORD.size + _TRAILER.size
    records = store.get_range(key, -tail, count * _RECORD.size)
    if hashlib.sha256(records).digest() != digest:
        raise Corrupt(f"pack {key} is damaged: its index does not match its checksum", hint="run `tilth data verify`")
    return [ChunkRef(sha256, key, offset, stored, raw) for sha256, offset, stored, raw in _RECORD.iter_unpack(records)]


def read_chunks(store: ObjectStore, chunks: Sequence[ChunkRef], *, ahead: int = 0) -> Iterator[Buffer]:
    """The raw bytes of each chunk in order, each checked against its SHA-256; neighbours in a pack are read together.

    So many reads of up to 16 MiB go on `ahead` of what was yielded. `Corrupt` names the pack and the chunk; chunks before it have
    been yielded whole.
    """
    for span, block in _blocks(store, spans(chunks), ahead):
        first = span[0]
        for chunk in span:
            begin = chunk.offset - first.offset
            yield unpack_chunk(chunk, block[begin : begin + chunk.stored])


def _blocks(store: ObjectStore, runs: Iterator[list[ChunkRef]], ahead: int) -> Iterator[tuple[list[ChunkRef], memoryview]]:
    def read(span: list[ChunkRef]) -> memoryview:
        first, last = span[0], span[-1]
        try:
            return memoryview(store.get_range(Key(first.pack), first.offset, last.offset + last.stored - first.offset))
        except ObjectNotFound as error:
            raise missing(store, Key(first.pack)) from error

    if not ahead:
        yield from ((span, read(span)) for span in runs)
        return
    pool = ThreadPoolExecutor(ahead, thread_name_prefix="tilth-read")
    try:
        coming = deque((span, pool.submit(read, span)) for span in islice(runs, ahead))
        while coming:
            span, block = coming.popleft()
            yield span, block.result()
            coming.extend((later, pool.submit(read, later)) for later in islice(runs, 1))
    finally:
        pool.shutdown(cancel_futures=True)


def read_range(store: ObjectStore, chunks: Sequence[ChunkRef], start: int, length: int) -> Iterator[Buffer]:
    """At most `length` bytes from `start` of the file that `chunks` make up, reading, and checking, only the chunks that hold them."""
    wanted: list[ChunkRef] = []
    begin = position = 0
    for chunk in chunks:
        if position < start + length and position + chunk.raw > start:
            begin = begin if wanted else position
            wanted.append(chunk)
        position += chunk.raw
    for data in read_chunks(store, wanted):
        yield memoryview(data)[max(0, start - begin) : max(0, start + length - begin)]
        begin += len(data)


def unpack_chunk(chunk: ChunkRef, stored: Buffer) -> Buffer:
    """The raw bytes behind the stored ones, checked against the chunk's length and SHA-256."""
    raw: Buffer = stored
    if chunk.stored != chunk.raw:
        try:
            raw = zstandard.ZstdDecompressor().decompress(stored, max_output_size=chunk.raw)
        except zstandard.ZstdError as error:
            raise _damaged(chunk) from error
    if len(raw) != chunk.raw or hashlib.sha256(raw).digest() != chunk.sha256:
        raise _damaged(chunk)
    return raw


def _damaged(chunk: ChunkRef) -> Corrupt:
    return Corrupt(
        f"pack {chunk.pack} is damaged: chunk {chunk.sha256.hex()[:16]} at {chunk.offset} is not what was written",
        hint="other files are still readable; `tilth data verify` lists what is affected",
    )


def spans(chunks: Iterable[ChunkRef], most_bytes: int | None = None) -> Iterator[list[ChunkRef]]:
    """Cut a sequence of chunks into runs that one ranged read each can serve, of at most so many bytes, unless one chunk has more."""
    limit = most_bytes or SPAN_BYTES
    ordered = list(chunks)
    if not ordered:
        return
    span = [ordered[0]]
    for before, chunk in pairwise(ordered):
        end = before.offset + before.stored
        near = chunk.pack == before.pack and 0 <= chunk.offset - end <= GAP_BYTES
        if not near or chunk.offset + chunk.stored - span[0].offset > limit:
            yield span
            span = []
        span.append(chunk)
    yield span
