"""Which pictures, sounds and films of a version are broken in themselves, though stored as they were added."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import BinaryIO

from msgspec import Struct

from tilth.base.errors import Corrupt, NotFound, SourceChanged, SourceUnreadable, TilthError
from tilth.domain.dataset import Entry
from tilth.domain.version import VersionStatus
from tilth.sdk.media.containers import CONTAINERS, container_problem
from tilth.sdk.media.pictures import PICTURES, picture_problem, require_pillow
from tilth.sdk.reading import Reading

__all__ = ["BrokenFile", "broken_media", "is_media"]

_SMALL = 4 << 20
_FILES_AT_ONCE, _BYTES_AT_ONCE = 64, 32 << 20
_MOST_THREADS = 4


class BrokenFile(Struct, frozen=True):
    """A file that is no whole picture, sound or film, as its name says that it is."""

    path: str
    what: str
    """What is wrong with it, such as `is empty`."""

    def __str__(self) -> str:
        return f"{self.path} {self.what}"


def is_media(path: str) -> bool:
    """Whether the name of a file says that it is a picture, a sound or a film of a kind that can be checked."""
    return _suffix(path) in PICTURES or _suffix(path) in CONTAINERS


def broken_media(
    reading: Reading, prefix: str = "", *, on_done: Callable[[int, int], None] = lambda files, size: None
) -> Iterator[BrokenFile]:
    """What is broken among the pictures, sounds and films of a version, all or below `prefix`, in the order of the paths.

    Of a version that can still be changed, the files have to be stored. A store that is away ends it; a file that is damaged in the
    store counts as broken.
    """
    require_pillow()
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1), thread_name_prefix="tilth-media") as pool:
        for batch in _batches(entry for entry in _entries(reading, prefix) if is_media(entry.path)):
            small = [entry for entry in batch if entry.size <= _SMALL]
            contents = dict(
                zip((entry.path for entry in small), reading.read_many([(entry, 0, entry.size) for entry in small]), strict=True)
            )

            def look(entry: Entry, contents: dict[str, bytes | TilthError] = contents) -> str | None:
                return _look(reading, entry, contents.get(entry.path))

            for entry, what in zip(batch, pool.map(look, batch), strict=True):
                on_done(1, entry.size)
                if what:
                    yield BrokenFile(entry.path, what)


def _look(reading: Reading, entry: Entry, content: bytes | TilthError | None) -> str | None:
    if not entry.size:
        return "is empty"
    try:
        if isinstance(content, TilthError):
            raise content
        with BytesIO(content) if content is not None else reading.open_entry(entry) as file:
            return _problem(file, entry)
    except Corrupt as error:
        return f"is damaged in the store: {error.message}"
    except (SourceChanged, SourceUnreadable, NotFound) as error:  # the file of a link
        return f"is out of reach: {error.message}"


def _problem(file: BinaryIO, entry: Entry) -> str | None:
    suffix = _suffix(entry.path)
    return (picture_problem if suffix in PICTURES else container_problem)(file, entry.size, suffix)


def _entries(reading: Reading, prefix: str) -> Iterator[Entry]:
    version = reading.version
    if version.status is not VersionStatus.UPLOADING:
        yield from reading.manifest.entries(prefix)
        return
    for path, _, _ in reading.digests(prefix):
        if is_media(path):
            yield reading.entry(path)


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += min(entry.size, _SMALL)
        if len(batch) == _FILES_AT_ONCE or size >= _BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _suffix(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].lower()
