"""Which of a table's first rows can't be read, by their lines: the same rows that joining, comparing and asking stop at."""

import csv
import io

from tilth.base.errors import TableMalformed
from tilth.sdk.previews.seen import MalformedRows
from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.separated import NEVER_CLOSED, SeparatedTable

__all__ = ["malformed_rows"]

_MOST_READ = 1 << 20
"""So many characters are looked at."""
_MOST_ROWS = 10_000
"""Not many more rows than these are judged one by one, which is slow."""


def malformed_rows(path: str, text: str, delimiter: str, *, whole: bool) -> MalformedRows | None:
    """What is wrong with the rows in `text`, whole lines which are the beginning, or with `whole` all, of a table; None if nothing is."""
    if len(text) > _MOST_READ:
        text, whole = text[: text.rfind("\n", 0, _MOST_READ) + 1], False
    if _is_regular(text, delimiter):
        return None
    problems = Problems(skip=True)
    data = text.encode()
    try:
        table = SeparatedTable(Source(path, "", lambda: io.BytesIO(data)), problems)
        rows = 0
        for found in table.rows():
            rows += len(found.lines)
            if rows >= _MOST_ROWS:
                whole = False
                break
    except TableMalformed:  # the first line names no columns
        return None
    first = [(problem.line, problem.what) for problem in problems.first()]
    count = problems.count
    if not whole:  # where a quote is open that the rest may close, there are no rows to be judged
        end = next((at for at, (_, what) in enumerate(first) if what == NEVER_CLOSED), None)
        if end is not None:
            first, count = first[:end], end
    return MalformedRows(count, rows + count, whole, tuple(first)) if first else None


def _is_regular(text: str, delimiter: str) -> bool:
    """Whether all rows have as many cells as the first one; this is fast."""
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        width = next((len(row) for row in rows if row), 0)
        return all(len(row) == width or not row for row in rows)
    except csv.Error:
        return False
