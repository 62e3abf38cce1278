"""Tables whose cells are separated by commas or tabs, row by row and line by line, with the place of everything that is wrong.

Python's own reader of such files decides what is a cell, in its strict mode. What it does not tell is kept beside it: which lines a row
stands on, what stands there, and whether a cell without characters was in quotes.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import IO, Any

from msgspec import Struct

from tilth.base.errors import TableMalformed
from tilth.sdk.tables.column_names import column_names
from tilth.sdk.tables.formats import Kind, Source
from tilth.sdk.tables.lines import LONGEST_LINE, NOT_UTF_8, Block, Line, blocks_of, lines_in
from tilth.sdk.tables.malformed import Malformed, Problems
from tilth.sdk.tables.rows import Cell, Rows, collecting_later, rows_at_once
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
        self.columns = column_names(self.header)
        self._first_line = 0
        """Where the first row stands, when it is known that from there on each line is a row."""

    def _head(self) -> tuple[list[str], Dialect]:
        delimiter = "\t" if self._source.format.kind is Kind.TSV else ","
        with self._source.plain() as file:
            blocks = blocks_of(file)
            first, block = _first_line(blocks)
            if first is None or block is None:
                return [], Dialect(delimiter)
            if first.text is None:
                no_text = first.wrong.endswith(NOT_UTF_8)
                hint = "save the file as UTF-8" if no_text else "the first line has to name the columns"
                raise TableMalformed(f"{self.label}, line {first.number:,}: {first.wrong}", hint=hint)
            if delimiter == "," and first.text.count(";") > first.text.count(","):
                delimiter = ";"
            dialect = Dialect(delimiter, "\r\n" if first.text.endswith("\r\n") else "\n", first.marked)
            for found in _Records(chain([block], blocks), delimiter):
                if isinstance(found, Malformed):
                    raise TableMalformed(f"{self.label}, line {found.line:,}: {found.what}", hint="the first line has to name the columns")
                head = next((row for row in found.cells if row), None)
                if head is not None:
                    return head, dialect
        return [], dialect

    def rows(self) -> Iterator[Rows]:
        if self._first_line:
            return self._lines(self._first_line)
        return self._rows(self._problems)

    def _rows(self, problems: Problems) -> Iterator[Rows]:
        problems.begin(self.label)
        width = len(self.columns)
        most = rows_at_once(width)
        first = following = 0
        by_lines = True
        with self._source.plain() as file:
            lines: list[int] = []
            cells: list[list[str]] = []
            raws: list[str] = []
            size = 0
            for found in self._body(file):
                if isinstance(found, Malformed):
                    problems.found(Malformed(self.label, found.line, found.what))
                    by_lines = False
                    continue
                stretch = found if set(map(len, found.cells)) == {width} else self._of_width(found, width, problems)
                if stretch.raws:
                    first = first or stretch.lines[0]
                    by_lines = by_lines and isinstance(stretch.lines, range) and stretch.lines[0] == (following or first)
                    following = stretch.lines[-1] + 1
                at = 0
                while at < len(stretch.raws):
                    end = at + most - len(lines)
                    lines += stretch.lines[at:end]
                    cells += stretch.cells[at:end]
                    raws += stretch.raws[at:end]
                    size += sum(map(len, stretch.raws[at:end]))
                    at = end
                    if len(lines) >= most or size >= _MOST_CHARACTERS:
                        yield self._told(lines, cells, raws)
                        lines, cells, raws, size = [], [], [], 0
            if lines:
                yield self._told(lines, cells, raws)
        self._first_line = first if by_lines else 0

    def _lines(self, first: int) -> Iterator[Rows]:
        """The rows of a file that was read before, in which each line from `first` on is one: they are not taken apart again."""
        self._problems.begin(self.label)
        most = rows_at_once(len(self.columns))
        with self._source.plain() as file:
            for block in blocks_of(file):
                texts = _texts_in(block)
                if texts is None:
                    raise TableMalformed(f"{self.label} is not what it was a moment ago", hint="try again")
                raws = _without_returns(texts)
                for at in range(max(0, first - block.number), len(raws), most):
                    some = raws[at : at + most]
                    yield _Lines(range(block.number + at, block.number + at + len(some)), some, self.dialect.delimiter)

    def _body(self, file: IO[bytes]) -> "Iterator[_Stretch | Malformed]":
        """What stands below the head."""
        records = iter(_Records(blocks_of(file), self.dialect.delimiter))
        for found in records:
            if isinstance(found, Malformed):  # the head can be read, or nothing would have come so far
                yield found
                continue
            head = next((at for at, row in enumerate(found.cells) if row), None)
            if head is not None:
                yield _Stretch(found.lines[head + 1 :], found.cells[head + 1 :], found.raws[head + 1 :])
                break
        yield from records

    def _of_width(self, found: "_Stretch", width: int, problems: Problems) -> "_Stretch":
        """Without the rows that have too few or too many cells, and without lines on which nothing stands."""
        kept: list[int] = []
        for at, row in enumerate(found.cells):
            if len(row) == width:
                kept.append(at)
            elif row:
                problems.found(Malformed(self.label, found.lines[at], _miscounted(len(row), width)))
        return _Stretch([found.lines[at] for at in kept], [found.cells[at] for at in kept], [found.raws[at] for at in kept])

    def _told(self, lines: Sequence[int], cells: list[list[str]], raws: list[str]) -> Rows:
        return Rows(lines, partial(_all_with_nothing, cells, raws, self.dialect.delimiter), raws)

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


def _first_line(blocks: Iterator[Block]) -> tuple[Line, Block] | tuple[None, None]:
    """The first line on which anything stands, and the block that it is in."""
    for block in blocks:
        for line in lines_in(block):
            if line.text is None or line.text.strip("\r\n"):
                return line, block
    return None, None


def _miscounted(found: int, expected: int) -> str:
    return f"it has {found:,} field{'' if found == 1 else 's'} and not {expected:,}"


class _Stretch(Struct, frozen=True):
    """Rows that follow each other; lines without anything on them are none, and may be among them."""

    lines: Sequence[int]
    cells: list[list[str]]
    raws: list[str]


class _Bad(Exception):
    """A line that is no text; the reader of rows can't go on from it."""


class _Records:
    """The rows in the blocks of a file, and where there is none: after a row that is wrong, the next line begins one.

    A block of lines is taken apart at once as long as nothing in it is wrong; from the first line that is, it is gone through line by
    line. A row whose lines end behind the block is kept for the next one.
    """

    def __init__(self, blocks: Iterator[Block], delimiter: str) -> None:
        self._blocks = blocks
        self._delimiter = delimiter
        self._waiting: deque[Line] = deque()
        self._taken: list[Line] = []

    def __iter__(self) -> Iterator["_Stretch | Malformed"]:
        kept: list[str] = []
        number = 1
        for block in self._blocks:
            texts = _texts_in(block)
            if not kept:
                number = block.number
            if texts is None:
                self._wait(number, kept)
                self._waiting.extend(lines_in(block))
                kept = []
            else:
                is_open = bool(kept) and not any('"' in text for text in texts)  # in the middle of a field
                kept = kept + texts
                if not is_open:
                    stretch, at, is_open = self._quickly(kept, number)
                    if stretch.lines:
                        yield stretch
                    kept, number = kept[at:], number + at
                if is_open and sum(map(len, kept)) + _LINE_BYTES * len(kept) <= LONGEST_LINE:
                    continue
                self._wait(number, kept)
                kept = []
            yield from self._slowly()
        self._wait(number, kept)
        yield from self._slowly()

    def _wait(self, number: int, texts: Sequence[str]) -> None:
        self._waiting.extend(Line(number + at, f"{text}\n") for at, text in enumerate(texts))

    def _quickly(self, lines: list[str], number: int) -> tuple[_Stretch, int, bool]:
        """The rows before the first one that is wrong or not ended, how many lines they are, and whether that one could end later."""
        quoted = '"' in "".join(lines)
        ended = [f"{line}\n" for line in lines] if quoted else lines
        raws = _without_returns(lines)
        with suppress(csv.Error), collecting_later():
            cells = list(csv.reader(ended, delimiter=self._delimiter, strict=True))
            if len(cells) == len(lines):  # each row is one line
                return _Stretch(range(number, number + len(lines)), cells, raws), len(lines), False
        found = _Stretch([], [], [])
        reader = csv.reader(ended, delimiter=self._delimiter, strict=True)
        at = 0
        said = ""
        with suppress(StopIteration):
            while True:
                try:
                    row = next(reader)
                except csv.Error as error:
                    said = str(error)
                    break
                end = reader.line_num
                found.lines.append(number + at)  # type: ignore[attr-defined]
                found.cells.append(row)
                found.raws.append(raws[at] if end == at + 1 else "\n".join([*lines[at : end - 1], raws[end - 1]]))
                at = end
        return found, at, "unexpected end" in said

    def _slowly(self) -> Iterator["_Stretch | Malformed"]:
        """The rows of the lines that wait, and of those behind them until a row ends with the last line that was taken."""
        while self._waiting:
            reader = csv.reader(self._feed(), delimiter=self._delimiter, strict=True)
            try:
                for cells in reader:
                    taken = self._taken
                    if cells:
                        raw = taken[0].text if len(taken) == 1 else "".join(line.text or "" for line in taken)
                        raw = (raw or "").rstrip("\r\n") if len(taken) == 1 else _unended(raw or "")
                        yield _Stretch([taken[0].number], [cells], [raw])
                    taken.clear()
                    if not self._waiting:
                        return
                return
            except (csv.Error, _Bad) as error:
                taken = self._taken
                bad = isinstance(error, _Bad)
                what = str(error) if bad else _explained(str(error))
                if bad and len(taken) > 1 and taken[-1].text is None:
                    yield Malformed("", taken[-1].number, what)  # it is that line, in the middle of a row
                else:
                    yield Malformed("", taken[0].number, what)
                self._waiting.extendleft(reversed(taken[1:]))
                self._taken = []

    def _feed(self) -> Iterator[str]:
        size = 0
        while True:
            if not self._waiting:
                block = next(self._blocks, None)
                if block is None:
                    return
                self._waiting.extend(lines_in(block))
            line = self._waiting.popleft()
            if not self._taken:
                size = 0
            self._taken.append(line)
            if line.text is None:
                raise _Bad(line.wrong)
            size += len(line.text) + _LINE_BYTES
            if size > LONGEST_LINE:
                raise _Bad("a quote that opens here is not closed within 16 MB")
            yield line.text


def _texts_in(block: Block) -> list[str] | None:
    """The lines of a block without their ends; None if one of them is no text."""
    if block.wrong:
        return None
    try:
        texts = block.data.decode().split("\n")
    except UnicodeDecodeError:
        return None
    if not texts[-1]:
        texts.pop()
    return texts


def _without_returns(lines: list[str]) -> list[str]:
    return [line.rstrip("\r") for line in lines] if "\r" in "".join(lines) else lines


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


class _Lines(Rows):
    """Rows of which each is a line that can be read."""

    def __init__(self, lines: Sequence[int], raws: Sequence[str], delimiter: str) -> None:
        super().__init__(lines, partial(_taken_apart, raws, delimiter), raws)  # no method of its own: such a circle outlives its use
        self._delimiter = delimiter

    def cells_at(self, chosen: Sequence[int], places: Sequence[int | None]) -> Any:
        some = Rows((), _taken_apart([self.raws[at] for at in chosen], self._delimiter))
        return some.cells_at(range(len(chosen)), places)


def _taken_apart(raws: Sequence[str], delimiter: str) -> Sequence[Sequence[Cell]]:
    with collecting_later():
        return _all_with_nothing(list(csv.reader(raws, delimiter=delimiter, strict=True)), raws, delimiter)


def _all_with_nothing(cells: Sequence[Sequence[str]], raws: Sequence[str], delimiter: str) -> Sequence[Sequence[Cell]]:
    return [_with_nothing(row, raw, delimiter) if "" in row else row for row, raw in zip(cells, raws, strict=True)]


def _with_nothing(cells: Sequence[str], raw: str, delimiter: str) -> list[Cell]:
    """The cells, with None for those where nothing stands, not even quotes."""
    if '""' not in raw:
        return [cell or None for cell in cells]
    found: list[Cell] = []
    at = 0
    for cell in cells:
        quoted = raw.startswith('"', at)
        found.append(cell if cell or quoted else None)
        if quoted:
            at += len(cell) + cell.count('"') + 2 + len(delimiter)
        else:
            at += len(cell) + len(delimiter)
    return found
