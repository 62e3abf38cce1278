"""How files become chunks in packs: each is read once, hashed, cut if it is large, looked up, and stored if it is new.

A file of at most `ONE_CHUNK_BYTES` costs four system calls and no thread; packs are stored by a thread behind. A large file
is cut and hashed by chunk here while another thread hashes it as a whole.
"""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol, Self

from tilth.base.errors import Conflict, PathNotFound, SourceChanged, SourceUnreadable, TilthError
from tilth.datasets.chunking import ONE_CHUNK_BYTES, cut_points
from tilth.datasets.compression import Compressor
from tilth.datasets.packs import PackWriter, StoredPack
from tilth.datasets.scanning import SourceFile, one_file
from tilth.domain.dataset import ChunkRef, Entry
from tilth.store.api import Buffer

if TYPE_CHECKING:
    from _hashlib import HASH

__all__ = ["Ingest", "StoredChunks", "hash_file", "sample_hashes"]

_BLOCK_BYTES = 16 << 20
_SAMPLE_FILES = 16
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class StoredChunks(Protocol):
    """What need not be stored again."""

    def find(self, sha256: bytes) -> ChunkRef | None:
        """Where a chunk with this hash lies, if the session may refer to it."""

    def add(self, chunk: ChunkRef) -> None:
        """Take in a chunk of the session's own packs."""


class Ingest:
    """Takes files in and hands out their entries once what they refer to is durable.

    `on_durable` gets entries, with the file each was read from, in the order in which they were taken; when it has returned
    for an entry, the store holds all of it. Use as a context manager: leaving it stores what is left, or after an error what
    was already on its way.
    """

    def __init__(
        self,
        writer: PackWriter,
        known: StoredChunks,
        *,
        on_durable: Callable[[Sequence[tuple[SourceFile, Entry]]], None],
    ) -> None:
        self._writer = writer
        self._known = known
        self._on_durable = on_durable
        self._compressor = Compressor()
        self._hasher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tilth-hash")
        self._taken: list[tuple[int, SourceFile, Entry]] = []
        writer.on_stored = self._stored

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._hasher.shutdown(wait=True)
        if kind is None or issubclass(kind, (TilthError, KeyboardInterrupt)):
            self._writer.close()
            self._hand_out(self._writer.sequence)
        else:
            self._writer.abandon()

    def take(self, file: SourceFile, *, unless: bytes | None = None) -> tuple[SourceFile, bytes]:
        """Read `file` and store what is new of it; returns the state in which it was read, and its SHA-256.

        If that is `unless`, nothing is stored or handed out.

        `SourceChanged` if the file was changed, twice, while it was read.
        """
        try:
            digest, chunks = self._read(file, unless)
        except SourceChanged:
            file = _seen_again(file)
            digest, chunks = self._read(file, unless)
        if digest != unless:
            self._hand_in(file, digest, chunks)
        return file, digest

    def take_known(self, file: SourceFile, digest: bytes) -> bool:
        """Read and store `file`, which had this hash; False, with nothing handed out, if it was changed since."""
        try:
            now, chunks = self._read(file, None)
        except SourceChanged:
            return False
        if now == digest:
            self._hand_in(file, digest, chunks)
        return now == digest

    def reuse(self, file: SourceFile, digest: bytes) -> bool:
        """Hand out an entry for `file`, whose hash is known, without reading it, if its bytes are in the store; False if not."""
        if file.size > ONE_CHUNK_BYTES:
            return False
        chunk = self._known.find(digest) if file.size else None
        if file.size and chunk is None:
            return False
        self._hand_in(file, digest, (chunk,) if chunk else ())
        return True

    def take_content(self, file: SourceFile, digest: bytes, data: bytes) -> None:
        """Store content of at most one chunk that was read already and has this hash."""
        self._hand_in(file, digest, (self._chunk(file, digest, data),) if data else ())

    def _read(self, file: SourceFile, unless: bytes | None) -> tuple[bytes, tuple[ChunkRef, ...]]:
        return self._take_small(file, unless) if file.size <= ONE_CHUNK_BYTES else self._take_large(file)

    def _take_small(self, file: SourceFile, unless: bytes | None) -> tuple[bytes, tuple[ChunkRef, ...]]:
        data = _read_whole(file)
        digest = sha256(data).digest()
        if digest == unless or not data:
            return digest, ()
        return digest, (self._chunk(file, digest, data),)

    def _take_large(self, file: SourceFile) -> tuple[bytes, tuple[ChunkRef, ...]]:
        whole = sha256()
        chunks: list[ChunkRef] = []
        rest: Buffer = b""
        descriptor = _opened(file)
        try:
            for block, last in self._blocks_ahead(file, descriptor, whole):
                buffer = memoryview(b"".join((rest, block)) if rest else block)
                start = 0
                for end in cut_points(buffer, last=last):
                    piece = buffer[start:end]
                    chunks.append(self._chunk(file, sha256(piece).digest(), piece))
                    start = end
                rest = buffer[start:]
            _check_unchanged(file, descriptor)
        finally:
            os.close(descriptor)
        return whole.digest(), tuple(chunks)

    def _blocks_ahead(self, file: SourceFile, descriptor: int, whole: "HASH") -> Iterator[tuple[bytes, bool]]:
        """The blocks of a large file, each told whether it is the last; the next is read and hashed while one is worked on."""

        def read(size: int) -> bytes:
            block = _read_block(file, descriptor, size)
            whole.update(block)
            return block

        left = file.size
        ahead = self._hasher.submit(read, min(_BLOCK_BYTES, left))
        try:
            while left:
                block = ahead.result()
                if not block:
                    raise _changed(file)
                left -= len(block)
                if left:
                    ahead = self._hasher.submit(read, min(_BLOCK_BYTES, left))
                yield block, not left
        finally:
            wait([ahead])

    def _chunk(self, file: SourceFile, digest: bytes, data: Buffer) -> ChunkRef:
        chunk = self._known.find(digest)
        if chunk is None:
            stored = self._compressor.squeeze(file.path, data)
            # A view would keep the whole block that it is cut out of until the pack is stored.
            chunk = self._writer.add(digest, bytes(stored) if isinstance(stored, memoryview) else stored, len(data))
            self._known.add(chunk)
        return chunk

    def _hand_in(self, file: SourceFile, digest: bytes, chunks: tuple[ChunkRef, ...]) -> None:
        entry = Entry(file.path, file.size, digest, file.mode, file.mtime_ns, chunks)
        self._taken.append((self._writer.sequence, file, entry))

    def _stored(self, pack: StoredPack) -> None:
        self._hand_out(pack.sequence)

    def _hand_out(self, sequence: int) -> None:
        count = next((at for at, (needed, _, _) in enumerate(self._taken) if needed > sequence), len(self._taken))
        durable = [(file, entry) for _, file, entry in self._taken[:count]]
        del self._taken[:count]
        if durable:
            self._on_durable(durable)


def hash_file(file: SourceFile) -> tuple[SourceFile, bytes]:
    """The SHA-256 of a file, and the state in which it was read; `SourceChanged` if it was changed, twice, meanwhile."""
    try:
        return file, _hash_once(file)
    except SourceChanged:
        file = _seen_again(file)
        return file, _hash_once(file)


def sample_hashes(files: Sequence[tuple[SourceFile, bytes | None]]) -> list[bytes]:
    """The hashes of the first chunks of some of `files`, spread evenly: enough to tell whether a version holds many of them.

    A file comes with its own hash where that is known.
    """
    step = max(1, len(files) // _SAMPLE_FILES)
    sample = [(file, digest) for file, digest in files[::step] if file.size][:_SAMPLE_FILES]
    hashes = (digest if digest and file.size <= ONE_CHUNK_BYTES else _first_chunk_hash(file) for file, digest in sample)
    return [digest for digest in hashes if digest]


def _first_chunk_hash(file: SourceFile) -> bytes | None:
    try:
        descriptor = _opened(file)
    except (Conflict, SourceUnreadable):
        return None
    try:
        data = os.read(descriptor, 2 * ONE_CHUNK_BYTES)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    if len(data) > ONE_CHUNK_BYTES:
        data = data[: cut_points(data, last=False)[0]]
    return sha256(data).digest()


def _hash_once(file: SourceFile) -> bytes:
    if file.size <= ONE_CHUNK_BYTES:
        return sha256(_read_whole(file)).digest()
    whole = sha256()
    descriptor = _opened(file)
    try:
        while block := _read_block(file, descriptor, _BLOCK_BYTES):
            whole.update(block)
        _check_unchanged(file, descriptor)
    finally:
        os.close(descriptor)
    return whole.digest()


def _read_whole(file: SourceFile) -> bytes:
    descriptor = _opened(file)
    try:
        data = _read_block(file, descriptor, file.size + 1)
        _check_unchanged(file, descriptor)
    finally:
        os.close(descriptor)
    if len(data) != file.size:
        raise _changed(file)
    return data


def _read_block(file: SourceFile, descriptor: int, size: int) -> bytes:
    try:
        return os.read(descriptor, size)
    except OSError as error:
        raise SourceUnreadable(f"{file.source} can't be read ({error.strerror})", hint="check the disk it lies on") from error


def _opened(file: SourceFile) -> int:
    try:
        return os.open(file.source, _OPEN)
    except FileNotFoundError:
        raise _vanished(file) from None
    except OSError as error:
        reason = "it is not a file any more" if error.errno == errno.ELOOP else error.strerror
        raise SourceUnreadable(f"{file.source} can't be read ({reason})", hint="check its permissions, or leave it out") from error


def _check_unchanged(file: SourceFile, descriptor: int) -> None:
    found = os.fstat(descriptor)
    if found.st_size != file.size or found.st_mtime_ns != file.mtime_ns or found.st_ino != file.inode:
        raise _changed(file)


def _seen_again(file: SourceFile) -> SourceFile:
    try:
        return one_file(file.source, file.path)
    except PathNotFound:
        raise _vanished(file) from None


def _vanished(file: SourceFile) -> SourceChanged:
    return SourceChanged(f"{file.source} vanished while it was being read", hint="run the command again when nothing writes there")


def _changed(file: SourceFile) -> SourceChanged:
    return SourceChanged(f"{file.source} was changed while it was being read", hint="run the command again when nothing writes there")
