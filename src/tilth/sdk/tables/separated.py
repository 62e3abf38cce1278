"""Tables whose cells are separated by commas or tabs, row by row and line by line, with the place of everything that is wrong.

Python's own reader of such files decides what is a cell, in its strict mode. What it does not tell is kept beside it: which lines a row
stands on, what stands there, and whether a cell without characters was in quotes.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO

from msgspec import Struct

from tilth.base.errors import TableMalformed
from tilth.sdk.tables.formats import Kind, Source
from tilth.sdk.tables.lines import LONGEST_LINE, Line, lines_of
from tilth.sdk.tables.malformed import Malformed, Problems
from tilth.sdk.tables.rows import Cell, Rows, rows_at_once, unique_names
from tilth.sdk.tables.types import seem

__all__ = ["NEVER_CLOSED", "Dialect", "SeparatedTable", "written_row"]

_MOST_CHARACTERS = 4 << 20
_EXAMINED = 200
_LINE_BYTES = 128
"""What a line takes beside its text, while it is not known where its row ends."""
_NEEDS_QUOTES = re.compile(r'["\r\n]')


class Dialect(Struct, frozen=True):
    """How a file separates its cells and ends its lines."""

    delimiter: str
    newline: str = "\n"
    mark: bool = False
    """Whether it begins with the mark of UTF-8."""


class SeparatedTable:
    """A file of comma or tab separated values, whose first line names the columns."""

    unit = "line"

    def __init__(self, source: Source, problems: Problems) -> None:
        self.label = source.label
        self._source = source
        self._problems = problems
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))  # one for all of the process: it is only ever raised
        self.header, self.dialect = self._head()
        self.columns = unique_names(self.header)

    def _head(self) -> tuple[list[str], Dialect]:
        delimiter = "\t" if self._source.format.kind is Kind.TSV else ","
        with self._source.plain() as file:
            first = next((line for line in lines_of(file) if line.text is None or line.text.strip("\r\n")), None)
            if first is None:
                return [], Dialect(delimiter)
            if first.text is None:
                raise TableMalformed(f"{self.label}, line {first.number:,}: {first.wrong}", hint="the first line has to name the columns")
        if delimiter == "," and first.text.count(";") > first.text.count(","):
            delimiter = ";"
        dialect = Dialect(delimiter, "\r\n" if first.text.endswith("\r\n") else "\n", first.marked)
        with self._source.plain() as file:
            for found in _Records(file, delimiter):
                if isinstance(found, Malformed):
                    raise TableMalformed(f"{self.label}, line {found.line:,}: {found.what}", hint="the first line has to name the columns")
                return found.cells, dialect
        return [], dialect

    def rows(self) -> Iterator[Rows]:
        return self._rows(self._problems)

    def _rows(self, problems: Problems) -> Iterator[Rows]:
        problems.begin(self.label)
        width = len(self.columns)
        most = rows_at_once(width)
        with self._source.plain() as file:
            records = iter(_Records(file, self.dialect.delimiter))
            next(records, None)
            lines: list[int] = []
            cells: list[Sequence[Cell]] = []
            raws: list[str] = []
            size = 0
            for found in records:
                if isinstance(found, Malformed):
                    problems.found(Malformed(self.label, found.line, found.what))
                    continue
                if len(found.cells) != width:
                    problems.found(Malformed(self.label, found.line, _miscounted(len(found.cells), width)))
                    continue
                lines.append(found.line)
                cells.append(_with_nothing(found, self.dialect.delimiter) if "" in found.cells else found.cells)
                raws.append(found.raw)
                size += len(found.raw)
                if len(lines) >= most or size >= _MOST_CHARACTERS:
                    yield Rows(lines, cells, raws)
                    lines, cells, raws, size = [], [], [], 0
            if lines:
                yield Rows(lines, cells, raws)

    def types(self) -> dict[str, str]:
        examined: list[Sequence[Cell]] = []
        for rows in self._rows(Problems(skip=True)):
            examined += rows.cells[: _EXAMINED - len(examined)]
            if len(examined) >= _EXAMINED:
                break
        return {name: seem([row[at] for row in examined]) for at, name in enumerate(self.columns)}


def written_row(cells: Sequence[Cell], delimiter: str) -> str:
    """A row as a file has it: in quotes is what needs them, and a text without characters, which is not nothing."""
    if len(cells) == 1 and not cells[0]:
        return '""'  # an empty line would be no row
    return delimiter.join(_written(cell, delimiter) for cell in cells)


def _written(cell: Cell, delimiter: str) -> str:
    if cell is None:
        return ""
    if not cell or delimiter in cell or _NEEDS_QUOTES.search(cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _miscounted(found: int, expected: int) -> str:
    return f"it has {found:,} field{'' if found == 1 else 's'} and not {expected:,}"


class _Record(Struct, frozen=True):
    line: int
    cells: list[str]
    raw: str


class _Bad(Exception):
    """A line that is no text; the reader of rows can't go on from it."""


class _Records:
    """The rows of a file, and where there is none: after a row that is wrong, the next line begins one."""

    def __init__(self, file: IO[bytes], delimiter: str) -> None:
        self._lines = lines_of(file)
        self._delimiter = delimiter
        self._again: deque[Line] = deque()
        self._taken: list[Line] = []

    def __iter__(self) -> Iterator["_Record | Malformed"]:
        while True:
            reader = csv.reader(self._feed(), delimiter=self._delimiter, strict=True)
            try:
                for cells in reader:
                    taken = self._taken
                    if cells:
                        raw = taken[0].text if len(taken) == 1 else "".join(line.text or "" for line in taken)
                        yield _Record(taken[0].number, cells, (raw or "").rstrip("\r\n") if len(taken) == 1 else _unended(raw or ""))
                    taken.clear()
                return
            except (csv.Error, _Bad) as error:
                taken = self._taken
                bad = isinstance(error, _Bad)
                what = str(error) if bad else _explained(str(error))
                if bad and len(taken) > 1 and taken[-1].text is None:
                    yield Malformed("", taken[-1].number, what)  # it is that line, in the middle of a row
                else:
                    yield Malformed("", taken[0].number, what)
                self._again.extendleft(reversed(taken[1:]))
                self._taken = []

    def _feed(self) -> Iterator[str]:
        size = 0
        while True:
            if self._again:
                line = self._again.popleft()
            else:
                found = next(self._lines, None)
                if found is None:
                    return
                line = found
            if not self._taken:
                size = 0
            self._taken.append(line)
            if line.text is None:
                raise _Bad(line.wrong)
            size += len(line.text) + _LINE_BYTES
            if size > LONGEST_LINE:
                raise _Bad("a quote that opens here is not closed within 16 MB")
            yield line.text


def _unended(raw: str) -> str:
    return raw[:-2] if raw.endswith("\r\n") else raw.removesuffix("\n")


NEVER_CLOSED = "a quote that opens here is never closed"
_SAID = {
    "unexpected end of data": NEVER_CLOSED,
    "expected after": "a quote stands in the middle of a field in quotes; one that is meant is written twice",
    "new-line character": "a carriage return stands in a field that is not in quotes",
    "field larger": "a field is longer than 16 MB",
}


def _explained(said: str) -> str:
    return next((ours for theirs, ours in _SAID.items() if theirs in said), said)


def _with_nothing(record: _Record, delimiter: str) -> list[Cell]:
    """The cells, with None for those where nothing stands, not even quotes."""
    if '""' not in record.raw:
        return [cell or None for cell in record.cells]
    found: list[Cell] = []
    at = 0
    for cell in record.cells:
        quoted = record.raw.startswith('"', at)
        found.append(cell if cell or quoted else None)
        if quoted:
            at += len(cell) + cell.count('"') + 2 + len(delimiter)
        else:
            at += len(cell) + len(delimiter)
    return found
