"""What one file shows: a small picture, the first rows of a table and what its columns are, the beginning of a text, a sound, a film."""

from collections.abc import Callable
from io import BytesIO

from msgspec import Struct

from tilth.base.errors import TilthError
from tilth.sdk.media.containers import container_problem
from tilth.sdk.previews.columns import Columns, columns_of
from tilth.sdk.previews.malformed import MalformedRows, malformed_rows
from tilth.sdk.previews.ranges import Peeked
from tilth.sdk.previews.rows import SEPARATORS, delimiter_of, first_rows, text_of_head
from tilth.sdk.previews.thumbnails import LARGEST, thumbnail_of

__all__ = ["LARGEST_SHOWN", "MOST_READ", "Look", "Sample", "Table", "look_at"]

LARGEST_SHOWN = {"image": LARGEST, "audio": 2 << 20, "video": 4 << 20}
"""Larger files of these kinds are not shown; of the others only the beginning is read."""
MOST_READ = {"image": LARGEST, "table": 48 << 20, "text": 4 << 20, "audio": 4 << 20, "video": 8 << 20}
"""What one file of a kind may cost: what is fetched is whole chunks."""
_PLAYED_AS = {"oga": "ogg", "m4v": "mp4"}
"""Endings that are the same as others, which players know."""
_TEXT_HEAD = 4 << 10
_TABLE_HEAD = 1 << 20


class Sample(Struct, frozen=True, tag=True):
    """A file that a page shows or plays."""

    data: bytes
    suffix: str


class Table(Struct, frozen=True, tag=True):
    """The beginning of a table."""

    rows: list[list[str]]
    columns: Columns | None
    malformed: MalformedRows | None = None


Look = Sample | Table


def look_at(kind: str, file: Peeked) -> Look | None:
    """What a file of a kind shows; None if it is none of that kind, or broken."""
    return _LOOKS[kind](file)


def _image(file: Peeked) -> Sample | None:
    made = thumbnail_of(file.head(LARGEST))
    return Sample(made.data, made.suffix) if made else None


def _table(file: Peeked) -> Table | None:
    rows = first_rows(file)
    return None if rows is None else Table(rows, columns_of(file), _malformed(file))


def _malformed(file: Peeked) -> MalformedRows | None:
    usual = SEPARATORS.get(file.path.rpartition(".")[2].lower())
    if usual is None:
        return None
    try:
        text = text_of_head(file, _TABLE_HEAD)
    except (TilthError, OSError, ValueError):
        return None
    whole = len(text.encode()) >= file.size - 3  # a mark of UTF-8 is not in it
    return malformed_rows(file.path, text, delimiter_of(text, usual), whole=whole)


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
        return None if container_problem(BytesIO(data), len(data), suffix) else Sample(data, _PLAYED_AS.get(suffix, suffix))

    return look


_LOOKS: dict[str, Callable[[Peeked], Look | None]] = {
    "image": _image,
    "table": _table,
    "text": _text,
    "audio": _whole("audio"),
    "video": _whole("video"),
}
