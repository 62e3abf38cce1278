"""What one file shows: a small picture, the first rows of a table and what its columns are, the beginning of a text, a sound, a film.

What reads tables, and what reads sounds, is loaded when there are some.
"""

from collections.abc import Callable
from importlib import import_module
from io import BytesIO

from tilth.sdk.previews.ranges import Peeked
from tilth.sdk.previews.seen import Look, Sample, Table
from tilth.sdk.previews.thumbnails import LARGEST, thumbnail_of

__all__ = ["LARGEST_SHOWN", "MOST_READ", "look_at"]

LARGEST_SHOWN = {"image": LARGEST, "audio": 2 << 20, "video": 4 << 20}
"""Larger files of these kinds are not shown; of the others only the beginning is read."""
MOST_READ = {"image": LARGEST, "table": 48 << 20, "text": 4 << 20, "audio": 4 << 20, "video": 8 << 20}
"""What one file of a kind may cost: what is fetched is whole chunks."""
_PLAYED_AS = {"oga": "ogg", "m4v": "mp4"}
"""Endings that are the same as others, which players know."""
_TEXT_HEAD = 4 << 10


def look_at(kind: str, file: Peeked) -> Look | None:
    """What a file of a kind shows; None if it is none of that kind, or broken."""
    return _LOOKS[kind](file)


def _image(file: Peeked) -> Sample | None:
    made = thumbnail_of(file.head(LARGEST))
    return Sample(made.data, made.suffix) if made else None


def _table(file: Peeked) -> Table | None:
    found: Table | None = import_module("tilth.sdk.previews.tables").table_of(file)
    return found


def _text(file: Peeked) -> Sample | None:
    data = file.head(_TEXT_HEAD)
    text = data.decode("utf-8-sig", "ignore")
    if "\x00" in text or len(text.encode()) < len(data) - 8 or not text.strip():
        return None
    more = f"\n… {file.size:,} bytes in all\n" if file.size > len(data) else ""
    return Sample((text + more).encode(), "txt")


def _whole(kind: str) -> Callable[[Peeked], Sample | None]:
    def look(file: Peeked) -> Sample | None:
        data = file.head(LARGEST_SHOWN[kind])
        suffix = file.path.rpartition(".")[2].lower()
        problem = import_module("tilth.sdk.media.containers").container_problem(BytesIO(data), len(data), suffix)
        return None if problem else Sample(data, _PLAYED_AS.get(suffix, suffix))

    return look


_LOOKS: dict[str, Callable[[Peeked], Look | None]] = {
    "image": _image,
    "table": _table,
    "text": _text,
    "audio": _whole("audio"),
    "video": _whole("video"),
}
