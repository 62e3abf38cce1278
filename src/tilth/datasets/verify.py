"""Whether what is stored of a version is still what was written, and whether a folder still is what a version holds.

structure   record, root and segments can be read, match their hashes, and are sorted
presence    and every pack that they name is there, with an index that matches
content     and every chunk, or a share of them, unpacks to what its hash says
"""

import os
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from tilth.base.errors import Corrupt, ObjectNotFound, PathInvalid, TilthError
from tilth.base.paths import check_path
from tilth.datasets.manifests import Manifest, open_manifest
from tilth.datasets.packs import read_chunks, read_pack_index
from tilth.datasets.records import VersionRecord
from tilth.domain.dataset import Entry
from tilth.store.api import Key, ObjectStore

__all__ = ["Level", "Problem", "differing_files", "is_sampled", "verify_stored"]

_BATCH = 256


class Level(StrEnum):
    """How deep to look."""

    STRUCTURE = "structure"
    PRESENCE = "presence"
    CONTENT = "content"


class Problem(Struct, frozen=True):
    """Something that is not as it was written."""

    what: str
    """A sentence that names the object."""
    paths: tuple[str, ...] = ()
    """The files that can't be read because of it."""


def verify_stored(
    store: ObjectStore,
    record: VersionRecord,
    level: Level,
    *,
    sample: float = 1.0,
    on_done: Callable[[int, int], None] = lambda files, size: None,
) -> list[Problem]:
    """Check what is stored of a version; an empty list means that nothing is wrong. Goes on after a problem.

    At the level `content`, only the share `sample` of the chunks, evenly spread, is read.
    """
    try:
        manifest = open_manifest(store, record)
    except TilthError as error:
        return [Problem(error.message)]
    problems = list(_structure(manifest, record))
    if problems or level is Level.STRUCTURE:
        return problems
    lost: dict[str, str] = {}
    seen: set[str] = set()
    damaged: dict[str, list[str]] = {}
    for entry in manifest.entries():
        for chunk in entry.chunks:
            if chunk.pack not in seen:
                seen.add(chunk.pack)
                lost |= _pack_problem(store, chunk.pack)
        reasons = {lost[chunk.pack] for chunk in entry.chunks if chunk.pack in lost}
        if not reasons and level is Level.CONTENT and not entry.link:
            reasons = _content(store, entry, sample)
        for reason in reasons:
            damaged.setdefault(reason, []).append(entry.path)
        on_done(1, entry.size)
    return [Problem(reason, tuple(paths)) for reason, paths in damaged.items()]


def differing_files(listed: Iterable[tuple[str, int, bytes]], folder: str, *, sizes_only: bool = False) -> Iterator[tuple[str, str]]:
    """What is wrong with a local copy: the path of each file that is `missing` or `modified`, and which of the two it is.

    Of files whose hash is empty only the sizes are compared.
    """
    for path, size, digest in listed:
        target = os.path.join(folder, path)
        try:
            if os.stat(target).st_size != size or (digest and not sizes_only and _hash(target) != digest):
                yield path, "modified"
        except OSError:
            yield path, "missing"


def _structure(manifest: Manifest, record: VersionRecord) -> Iterator[Problem]:
    before = ""
    for segment in manifest.segments:
        try:
            rows = manifest.load(segment)
        except (Corrupt, ObjectNotFound) as error:
            yield Problem(error.message, (f"{segment.entries} files from {segment.first_path} to {segment.last_path}",))
            before = segment.last_path
            continue
        for path in rows.paths:
            if before and path <= before:
                yield Problem(f"segment {segment.key} is out of order at {path}")
                break
            before = path
            try:
                check_path(path)
            except PathInvalid as error:
                yield Problem(f"segment {segment.key}: {error.message}", (path,))
    if (manifest.count, manifest.size_bytes) != (record.entries, record.size_bytes):
        yield Problem(f"root {record.root} adds up to {manifest.count} files, {manifest.size_bytes} bytes, not to what the record says")


def _pack_problem(store: ObjectStore, pack: str) -> dict[str, str]:
    try:
        read_pack_index(store, Key(pack))
    except (Corrupt, ObjectNotFound) as error:
        return {pack: error.message}
    return {}


def _content(store: ObjectStore, entry: Entry, sample: float) -> set[str]:
    chunks = [chunk for chunk in entry.chunks if is_sampled(chunk.sha256, sample)]
    if not chunks and entry.chunks:
        return set()
    whole = sha256()
    try:
        for data in read_chunks(store, chunks):
            whole.update(data)
    except (Corrupt, ObjectNotFound) as error:
        return {error.message}
    if len(chunks) == len(entry.chunks) and whole.digest() != entry.sha256:
        return {f"the chunks of {entry.path} are whole, but together not what was written"}
    return set()


def is_sampled(digest: bytes, sample: float) -> bool:
    """Whether the content with this SHA-256 is among the share `sample` of all, which is the same each time."""
    return int.from_bytes(digest[:4]) < sample * (1 << 32)


def _hash(path: str) -> bytes:
    whole = sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            whole.update(block)
    return whole.digest()
