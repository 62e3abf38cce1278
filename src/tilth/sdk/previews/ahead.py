"""What files of this machine show, found while they are being stored: their bytes are here, and nobody waits for it.

What a version shows is decided when it is final, by its listing. What was seen before is only looked up then, by the hash of a file's
content; so it does no harm that a file was changed, removed or never stored, or that this ended halfway.
"""

import os
from collections.abc import Iterable
from hashlib import sha256
from itertools import islice

from tilth.datasets.scanning import SourceFile
from tilth.datasets.segments import SegmentRef
from tilth.domain.dataset import Entry
from tilth.sdk.previews.allowance import Allowance
from tilth.sdk.previews.looks import LARGEST_SHOWN, Look, look_at
from tilth.sdk.previews.ranges import LocalFile
from tilth.sdk.previews.surveying import KINDS, MOST_MEASURED, MOST_SHOWN, TRIES, survey
from tilth.sdk.previews.thumbnails import dimensions_of

__all__ = ["Ahead"]

_MOST_FILES = 100_000
"""Of so many files, storing takes so long that looking at a few afterwards is not noticed."""
_LARGEST = 16 << 20
"""Larger files are not read as a whole only to know their hash."""


class Ahead:
    """What was seen so far. One thread fills it; others may look things up meanwhile."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self._looks: dict[tuple[bytes, str], Look | None] = {}
        self._dimensions: dict[bytes, tuple[int, int] | None] = {}
        self._is_stopped = False

    def stop(self) -> None:
        """Begin nothing new."""
        self._is_stopped = True

    def knows(self, entry: Entry) -> bool:
        """Whether a file with such a content and such a name was looked at."""
        return _key(entry.sha256, entry.path) in self._looks

    def look(self, entry: Entry) -> Look | None:
        """What it shows, if it `knows` it."""
        return self._looks[_key(entry.sha256, entry.path)]

    def knows_dimensions(self, entry: Entry) -> bool:
        """Whether the dimensions of a picture with such a content were looked at."""
        return entry.sha256 in self._dimensions

    def dimensions(self, entry: Entry) -> tuple[int, int] | None:
        """They, if it knows them."""
        return self._dimensions[entry.sha256]

    def fill(self, files: Iterable[SourceFile]) -> None:
        """Look at files that are likely to be shown."""
        found = list(islice(files, _MOST_FILES + 1))
        if len(found) > _MOST_FILES:
            return
        chosen = survey(_Files(found), largest=lambda kind: LARGEST_SHOWN.get(kind, _LARGEST), go_on=self._may).candidates
        for kind in KINDS:
            self._fill(kind, [found[candidate.row] for candidate in chosen[kind][: MOST_SHOWN[kind] * TRIES]])
        for candidate in chosen["image"][:MOST_MEASURED]:
            file = found[candidate.row]
            if not self._may() or not self.allowance.take(file.size):
                return
            data = _read(file)
            if data is not None:
                self._dimensions[sha256(data).digest()] = dimensions_of(data)

    def _fill(self, kind: str, files: Iterable[SourceFile]) -> None:
        shown = 0
        for file in files:
            if shown == MOST_SHOWN[kind] or not self._may() or not self.allowance.take(file.size):
                return
            data = _read(file)
            if data is not None:
                look = self._looks[_key(sha256(data).digest(), file.path)] = look_at(kind, LocalFile(file.path, data))
                shown += look is not None

    def _may(self) -> bool:
        return not self._is_stopped and self.allowance.is_time()


class _Files:
    """Files of this machine as a listing of one segment."""

    def __init__(self, files: list[SourceFile]) -> None:
        self._files = files
        self.segments = (SegmentRef("", "", len(files), 0, "", b""),) if files else ()

    def sizes(self, _segment: SegmentRef) -> tuple[list[str], list[int]]:
        return [file.path for file in self._files], [file.size for file in self._files]


def _key(digest: bytes, path: str) -> tuple[bytes, str]:
    """A file is taken for what its name says that it is."""
    return digest, path.rpartition(".")[2].lower()


def _read(file: SourceFile) -> bytes | None:
    """A whole file; None if it is not there any more, or another one."""
    try:
        descriptor = os.open(file.source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as opened:
            data = opened.read(file.size + 1)
    except OSError:
        return None
    return data if len(data) == file.size else None
