"""What a table shows: its first rows, what its columns are, and which of its rows can't be read."""

from tilth.base.errors import TilthError
from tilth.sdk.previews.columns import columns_of
from tilth.sdk.previews.malformed import malformed_rows
from tilth.sdk.previews.ranges import Peeked
from tilth.sdk.previews.rows import SEPARATORS, delimiter_of, first_rows, text_of_head
from tilth.sdk.previews.seen import MalformedRows, Table

__all__ = ["table_of"]

_HEAD = 1 << 20


def table_of(file: Peeked) -> Table | None:
    """The beginning of a file that is a table; None if it is none."""
    rows = first_rows(file)
    return None if rows is None else Table(rows, columns_of(file), _malformed(file))


def _malformed(file: Peeked) -> MalformedRows | None:
    usual = SEPARATORS.get(file.path.rpartition(".")[2].lower())
    if usual is None:
        return None
    try:
        text = text_of_head(file, _HEAD)
    except (TilthError, OSError, ValueError):
        return None
    whole = len(text.encode()) >= file.size - 3  # a mark of UTF-8 is not in it
    return malformed_rows(file.path, text, delimiter_of(text, usual), whole=whole)
