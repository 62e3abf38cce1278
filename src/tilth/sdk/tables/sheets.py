"""Sheets of workbooks as tables: each cell as the text that keys and comparisons see, and beside it as the value that it is."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property, partial
from hashlib import sha256
from typing import Self

import msgspec

from tilth.base.errors import Invalid
from tilth.sdk.tables.cell_texts import text_of
from tilth.sdk.tables.column_names import column_names
from tilth.sdk.tables.excel import opened_book, sheet_rows
from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.malformed import Malformed, Problems
from tilth.sdk.tables.rows import Cell, Rows, rows_at_once
from tilth.sdk.tables.workbook_limits import CONVERT, MOST_CELLS, MOST_ROWS, require_filled
from tilth.sdk.tables.workbook_reading import SheetCell, SheetRow, Workbook

__all__ = ["Books", "SheetTable"]

_CELLS_AT_ONCE = 50_000
_KINDS = {"n": "number", "s": "text", "b": "boolean", "d": "date", "e": "error"}


class Books:
    """Workbooks that are read again and again. Two stay open, since what a workbook holds beside its sheets is in memory meanwhile."""

    def __init__(self) -> None:
        self._open: dict[Source, tuple[ExitStack, Workbook]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stack, _book in self._open.values():
            stack.close()
        self._open.clear()

    def get(self, source: Source) -> Workbook:
        """The workbook in a file."""
        found = self._open.pop(source, None)
        if found is None:
            while len(self._open) > 1:
                self._open.pop(next(iter(self._open)))[0].close()
            with ExitStack() as stack:
                file = stack.enter_context(source.open())
                book = stack.enter_context(opened_book(file, source.label))
                found = (stack.pop_all(), book)
        self._open[source] = found
        return found[1]

    def sheets(self, source: Source, *, most_rows: int = MOST_ROWS) -> "list[SheetTable]":
        """The sheets of cells, each as a table; rows behind the first ones are looked at only if they may be."""
        return [SheetTable(self, source, title, most_rows=most_rows) for title in self.get(source).titles]

    def parts(self, source: Source) -> Sequence[str]:
        """The names of what is in the archive."""
        return self.get(source).parts


class SheetTable:
    """A sheet of a workbook, whose first row that is not empty names the columns."""

    unit = "row"

    def __init__(self, books: Books, source: Source, title: str, *, most_rows: int) -> None:
        self.title = title
        self.label = f"{source.path}#{title} of {source.of}" if source.of else f"{source.path}#{title}"
        self.source = source
        self._books = books
        self.problems = Problems()
        """What is told of rows that can't be read."""
        self._most_rows = most_rows

    @property
    def is_hidden(self) -> bool:
        """Whether people do not see it."""
        return self._books.get(self.source).is_hidden(self.title)

    @cached_property
    def _seen(self) -> "_Seen":
        """What is known when all of it was read once."""
        seen = _Seen()
        for row in self._rows():
            seen.look_at(row)
        require_filled(self.label, seen.rows, len(seen.names))
        return seen

    @property
    def columns(self) -> Sequence[str]:
        return self._seen.names

    @property
    def header(self) -> dict[str, SheetCell | None]:
        """What stands at the head of each column; nothing where it has no name but the one that it is given here."""
        return dict(zip(self.columns, self._seen.head, strict=True))

    @property
    def digest(self) -> bytes:
        """Equal for sheets in which the same stands."""
        return self._seen.digest.digest()

    def types(self) -> dict[str, str]:
        return {name: " or ".join(sorted(self._seen.kinds.get(at, {"empty"}))) for at, name in self._seen.named()}

    def rows(self) -> Iterator[Rows]:
        self.problems.begin(self.label)
        at = [at for at, _ in self._seen.named()]
        most = min(rows_at_once(len(at)), max(1, _CELLS_AT_ONCE // max(1, len(at))))
        lines: list[int] = []
        kept: list[list[SheetCell | None]] = []
        for row in self._rows(self.problems):
            if row.number <= self._seen.head_row:
                continue
            lines.append(row.number)
            kept.append([row.cells.get(place) for place in at])
            if len(lines) >= most:
                yield Rows(lines, partial(_texts, kept), batch=kept)
                lines, kept = [], []
        if lines:
            yield Rows(lines, partial(_texts, kept), batch=kept)

    def _rows(self, problems: Problems | None = None) -> Iterator[SheetRow]:
        """The rows on which something stands."""
        cells = 0
        for row in sheet_rows(self._books.get(self.source), self.title, self.label, most_rows=self._most_rows):
            cells += len(row.cells)
            if cells > MOST_CELLS:
                raise Invalid(f"{self.label} has more than {MOST_CELLS:,} cells", hint=CONVERT)
            if not row.wrong:
                yield row
            elif problems is not None:
                problems.found(Malformed(self.label, row.number, row.wrong, self.unit))


class _Seen:
    """What reading a sheet tells of it."""

    def __init__(self) -> None:
        self.head_row = 0
        self.rows = 0
        self.kinds: dict[int, set[str]] = {}
        self.digest = sha256()
        self._header: dict[int, SheetCell] = {}

    def look_at(self, row: SheetRow) -> None:
        """Take a row in."""
        self.rows += 1
        if not self.head_row:
            self.head_row = row.number
            self._header = row.cells
        else:
            for at, cell in row.cells.items():
                self.kinds.setdefault(at, set()).add(_KINDS.get(cell.data_type, "text"))
        self.digest.update(msgspec.json.encode([(at, cell.data_type, text_of(cell.value)) for at, cell in row.cells.items()]))

    def named(self) -> list[tuple[int, str]]:
        """The columns that have a name, or anything in them: where each stands, and what it is called."""
        heads = self._header
        places = sorted({*heads, *self.kinds})
        width = places[-1] + 1 if places else 0
        names = column_names([text_of(heads[at].value) if at in heads else None for at in range(width)])
        return [(at, names[at]) for at in places]

    @cached_property
    def names(self) -> list[str]:
        """What the columns are called, each another name."""
        return [name for _, name in self.named()]

    @property
    def head(self) -> list[SheetCell | None]:
        """The cells of the row that names the columns."""
        return [self._header.get(at) for at, _ in self.named()]


def _texts(rows: Sequence[Sequence[SheetCell | None]]) -> list[list[Cell]]:
    return [[None if cell is None else text_of(cell.value) for cell in row] for row in rows]
