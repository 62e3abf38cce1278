"""What files of this machine show, found while they are being stored: their bytes are here, and nobody waits for it.

What a version shows is decided when it is final, by its listing. What was seen before is only looked up then, by the hash of a file's
content; so it does no harm that a file was changed, removed or never stored, or that this ended halfway.
"""

import os
from collections.abc import Iterable
from hashlib import sha256
from itertools import islice

import msgspec
from msgspec import Struct

from tilth.datasets.scanning import SourceFile
from tilth.datasets.segments import SegmentRef
from tilth.domain.dataset import Entry
from tilth.sdk.previews.allowance import Allowance
from tilth.sdk.previews.looks import LARGEST_SHOWN, look_at
from tilth.sdk.previews.ranges import LocalFile
from tilth.sdk.previews.seen import Look, Sample
from tilth.sdk.previews.surveying import KINDS, MOST_MEASURED, MOST_SHOWN, TRIES, survey
from tilth.sdk.previews.thumbnails import dimensions_of

__all__ = ["Ahead"]

_FORM = 1
"""How what was seen is written down; what was written another way is looked at again."""
_MOST_KEPT = 16 << 20

_MOST_FILES = 100_000
"""Of so many files, storing takes so long that looking at a few afterwards is not noticed."""
_LARGEST = 16 << 20
"""Larger files are not read as a whole only to know their hash."""


class _Seen(Struct, frozen=True, array_like=True):
    """What was seen, written down."""

    form: int
    looks: list[tuple[bytes, str, Look | None]]
    dimensions: list[tuple[bytes, tuple[int, int] | None]]


class Ahead:
    """What was seen so far. One thread fills it; others may look things up meanwhile."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self._looks: dict[tuple[bytes, str], Look | None] = {}
        self._dimensions: dict[bytes, tuple[int, int] | None] = {}
        self._measured: set[str] = set()
        self._is_stopped = False

    def stop(self) -> None:
        """Begin nothing new."""
        self._is_stopped = True

    def dump(self) -> bytes:
        """What was seen so far, as far as it fits into 16 MB; nothing if nothing was."""
        left = _MOST_KEPT
        looks: list[tuple[bytes, str, Look | None]] = []
        for (digest, suffix), look in dict(self._looks).items():
            size = len(look.data) if isinstance(look, Sample) else 0
            if size <= left:
                left -= size
                looks.append((digest, suffix, look))
        dimensions = list(dict(self._dimensions).items())
        return msgspec.msgpack.encode(_Seen(_FORM, looks, dimensions)) if looks or dimensions else b""

    def load(self, seen: bytes) -> None:
        """Know what was seen in another process as well; what can't be read is not known."""
        try:
            found = msgspec.msgpack.decode(seen, type=_Seen)
        except msgspec.MsgspecError:
            return
        if found.form == _FORM:
            self._looks |= {(digest, suffix): look for digest, suffix, look in found.looks}
            self._dimensions |= dict(found.dimensions)

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
            if file.path in self._measured:
                continue
            if not self._may() or not self.allowance.take(file.size):
                return
            data = _read(file)
            if data is not None:
                self._measure(file, sha256(data).digest(), data)

    def _fill(self, kind: str, files: Iterable[SourceFile]) -> None:
        shown = 0
        for file in files:
            if shown == MOST_SHOWN[kind] or not self._may() or not self.allowance.take(file.size):
                return
            data = _read(file)
            if data is not None:
                digest = sha256(data).digest()
                key = _key(digest, file.path)
                if key not in self._looks:
                    self._looks[key] = look_at(kind, LocalFile(file.path, data))
                shown += self._looks[key] is not None
                if kind == "image":
                    self._measure(file, digest, data)

    def _measure(self, file: SourceFile, digest: bytes, data: bytes) -> None:
        self._measured.add(file.path)
        if digest not in self._dimensions:
            self._dimensions[digest] = dimensions_of(data)

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
