"""What a process of a cluster does: one range of what is to be taken is read, stored in packs of its own, and listed in a delta.

A delta is a segment of the same session that holds the entries of the range and nothing else. Every attempt at a range writes under
numbers that nobody else has, so an attempt that was given up, or that goes on unnoticed, never touches what another one wrote.
"""

import socket
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from tilth import __version__
from tilth.base.errors import Conflict, Invalid, TilthError
from tilth.base.faultpoints import reach
from tilth.base.ids import VersionId
from tilth.datasets.chunk_index import ChunkIndex
from tilth.datasets.format import segment_key, session_key
from tilth.datasets.ingest import Ingest
from tilth.datasets.packs import PackWriter
from tilth.datasets.scanning import SourceFile
from tilth.datasets.segments import Rows, SegmentRef
from tilth.domain.dataset import ChunkRef, Entry
from tilth.store.api import Key, ObjectStore

__all__ = ["ATTEMPT_BITS", "Failed", "FileItem", "Job", "Shared", "Taken", "Taking", "Took", "read_done", "take_files", "take_range"]

ATTEMPT_BITS = 20
"""Each attempt may store so many packs: two to this power."""
_UPLOADS = 3

FileItem = tuple[str, str, int, int, int, int, int, bytes | None, bytes | None]
"""A `SourceFile`, the hash that the draft has at its path, and its hash now as far as it is known."""


class Took(Struct, frozen=True, array_like=True):
    """What became of one thing of a range: its hash, whether it was read, and its state where it is not the one that was asked for."""

    sha256: bytes
    was_read: bool
    now: tuple[str, str, int, int, int, int, int] | None = None


class Taken(Struct, frozen=True, tag="taken"):
    """A range that is stored. The delta is missing if nothing of it was new."""

    delta: SegmentRef | None
    took: list[Took]
    stored_bytes: int


class Failed(Struct, frozen=True, tag="failed"):
    """Why a range can't be stored: an error by the name of its class."""

    kind: str
    message: str
    hint: str | None


class Taking(Protocol):
    """Gives what is to be taken to `ingest` one after the other, and tells what became of each. Has to be importable by its name."""

    def __call__(self, ingest: Ingest, items: Sequence[Any]) -> list[Took]: ...


class Shared(Struct, frozen=True):
    """What all ranges of one command have in common."""

    session: VersionId
    release: str
    open_store: Callable[[], ObjectStore]
    """Opens the store on whatever machine this is, with the keys that are there."""
    taking: Taking
    pack_bytes: int | None
    known: list[Any]
    """The chunks that need not be stored again: tables of `ChunkIndex`, which all processes of a machine share."""


class Job(Struct, frozen=True):
    """One attempt at one range."""

    number: int
    """No two attempts have the same."""
    items: list[Any]


class _Known:
    """Chunks that were there before, and those of this range."""

    def __init__(self, before: ChunkIndex) -> None:
        self._before = before
        self._own: dict[bytes, ChunkRef] = {}

    def find(self, sha256: bytes) -> ChunkRef | None:
        return self._own.get(sha256) or self._before.find(sha256)

    def add(self, chunk: ChunkRef) -> None:
        self._own[chunk.sha256] = chunk


def take_range(shared: Shared, job: Job) -> bytes:
    """Store one range; what is wrong with it comes back as a value, so that it means the same on the other machine."""
    done: Taken | Failed
    try:
        done = _take_range(shared, job)
    except TilthError as error:
        done = Failed(type(error).__name__, f"{error.message} (on {socket.gethostname()})", error.hint)
    return msgspec.msgpack.encode(done)


def read_done(data: bytes) -> Taken | Failed:
    """What `take_range` said."""
    return msgspec.msgpack.decode(data, type=Taken | Failed)


def _take_range(shared: Shared, job: Job) -> Taken:
    if shared.release != __version__:
        raise Conflict(
            f"Tilth {__version__} is installed here, and the command runs with {shared.release}",
            hint="install the same release on all machines of the cluster",
        )
    store = shared.open_store()
    if store.head(session_key(shared.session)) is None:
        raise Invalid(
            "another store is found here than the one that the command writes into",
            hint="keep the version in a bucket, or in a folder that all machines of the cluster have at the same path",
        )
    entries: list[Entry] = []
    first = job.number << ATTEMPT_BITS
    writer = PackWriter(store, shared.session, first_sequence=first, pack_bytes=shared.pack_bytes, uploads=_uploads(store))
    known = _Known(ChunkIndex.of_tables(shared.known))
    with Ingest(writer, known, on_durable=lambda durable: entries.extend(entry for _, entry in durable)) as ingest:
        took = shared.taking(ingest, job.items)
    reach("range.before-delta")
    delta = _stored_delta(store, segment_key(shared.session, first), entries) if entries else None
    return Taken(delta, took, writer.stored_bytes)


def take_files(ingest: Ingest, items: Sequence[FileItem]) -> list[Took]:
    """Take files of a folder that is here under the same path."""
    took: list[Took] = []
    for path, source, size, mtime_ns, ctime_ns, inode, mode, before, digest in items:
        file = SourceFile(path, source, size, mtime_ns, ctime_ns, inode, mode)
        if digest is not None and ingest.reuse(file, digest):
            took.append(Took(digest, was_read=False))
            continue
        now, found = ingest.take(file, unless=before)
        took.append(Took(found, was_read=True, now=None if now == file else _state(now)))
        reach("range.after-file")
    return took


def _state(file: SourceFile) -> tuple[str, str, int, int, int, int, int]:
    return file.path, file.source, file.size, file.mtime_ns, file.ctime_ns, file.inode, file.mode


def _stored_delta(store: ObjectStore, key: Key, entries: list[Entry]) -> SegmentRef:
    rows = Rows.of(entries)
    data = rows.dump()
    store.put(key, [data])
    return SegmentRef(rows.paths[0], rows.paths[-1], len(rows), rows.size_bytes, key, sha256(data).digest())


def _uploads(store: ObjectStore) -> int:
    return 1 if store.local_path(Key("")) else _UPLOADS
