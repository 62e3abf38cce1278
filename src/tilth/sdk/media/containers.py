"""Whether a sound or film is whole as far as its container says: it begins as its kind does, and the lengths that it names are there.

Nothing is decoded, so what a decoder alone would see stays unseen. Of a file only its headers are read.
"""

import struct
from collections.abc import Callable
from typing import BinaryIO

__all__ = ["CONTAINERS", "container_problem"]

_MOST_PARTS = 10_000
"""A file with more of them is believed from there on."""
_OPEN_END = 0xFFFFFFFF
"""What a length says that was not known when it was written."""
_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def container_problem(file: BinaryIO, size: int, suffix: str) -> str | None:
    """What is wrong with a file of `size` bytes whose name ends with `suffix`, one of `CONTAINERS`; None if nothing is."""
    try:
        return CONTAINERS[suffix](file, size)
    except struct.error:
        return "ends within its header"


def _begins(*beginnings: bytes, what: str) -> Callable[[BinaryIO, int], str | None]:
    def check(file: BinaryIO, _: int) -> str | None:
        return None if file.read(16).startswith(beginnings) else f"does not begin as {what} does"

    return check


def _riff(kind: bytes, what: str) -> Callable[[BinaryIO, int], str | None]:
    def check(file: BinaryIO, size: int) -> str | None:
        head = file.read(12)
        if head[:4] not in (b"RIFF", b"RF64") or head[8:] != kind:
            return f"does not begin as {what} does"
        at, has_content = 12, False
        for _ in range(_MOST_PARTS):
            if at + 8 > size:
                return None if has_content else "holds nothing to play"
            file.seek(at)
            name, length = struct.unpack("<4sI", file.read(8))
            has_content = has_content or name in (b"data", b"LIST")
            if length == _OPEN_END:
                return None
            if at + 8 + length > size:
                return f"ends too early: {at + 8 + length:,} bytes were written, {size:,} are there"
            at += 8 + length + length % 2
        return None

    return check


def _boxes(file: BinaryIO, size: int) -> str | None:
    """The parts of an MP4 or QuickTime file follow each other, each with its length."""
    at, names = 0, set()
    for _ in range(_MOST_PARTS):
        if at + 8 > size:
            break
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        if at == 0 and name not in _FIRST_BOXES:
            return "does not begin as MP4 and QuickTime do"
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
        names.add(name)
        if length == 0:  # up to the end
            break
        if length < 8:
            return "is damaged: one of its parts has an impossible length"
        if at + length > size:
            return f"ends too early: {at + length:,} bytes were written, {size:,} are there"
        at += length
    return None if b"moov" in names or b"moof" in names else "has no index, so that it can't be played"


_MP3 = _begins(b"ID3", *(bytes((255, second)) for second in range(224, 256)), what="MP3")
_OGG = _begins(b"OggS", what="Ogg")
_MATROSKA = _begins(b"\x1a\x45\xdf\xa3", what="WebM and Matroska")

CONTAINERS: dict[str, Callable[[BinaryIO, int], str | None]] = {
    "wav": _riff(b"WAVE", "WAV"),
    "avi": _riff(b"AVI ", "AVI"),
    "mp3": _MP3,
    "ogg": _OGG,
    "oga": _OGG,
    "flac": _begins(b"fLaC", b"ID3", what="FLAC"),
    "m4a": _boxes,
    "mp4": _boxes,
    "m4v": _boxes,
    "mov": _boxes,
    "webm": _MATROSKA,
    "mkv": _MATROSKA,
}
"""The checks, by how names end."""
