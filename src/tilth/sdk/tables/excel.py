"""Workbooks of Excel: the rows of one sheet. A workbook is an archive of XML, so that how large it is is known only when it is unpacked."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any

from tilth.base.errors import Invalid
from tilth.sdk.tables.cell_texts import text_of
from tilth.sdk.tables.column_names import column_names
from tilth.sdk.tables.plain_arrays import is_plain, plain_array
from tilth.sdk.tables.workbook_limits import CONVERT, MOST_CELLS, MOST_COLUMNS, MOST_ROWS, MOST_UNPACKED, require_filled, require_small
from tilth.sdk.tables.workbook_reading import SheetRow, Workbook

__all__ = ["ENDINGS", "as_column", "book_and_sheet", "is_excel", "opened_book", "opened_sheet", "sheet_rows", "sheet_table"]

ENDINGS = ("xlsx", "xlsm")
_MOST_TOLD = 10
_BROKEN = (OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, SyntaxError, EOFError, ArithmeticError)
"""What OpenPyXL raises of workbooks that are broken."""


def is_excel(path: str) -> bool:
    """Whether a file is a workbook, by its name."""
    return path.rpartition(".")[2].lower() in ENDINGS


def book_and_sheet(name: str) -> tuple[str, str]:
    """The path of a workbook and the sheet of it that a name such as `book.xlsx#Sheet2` means; no sheet if it names none."""
    ends = (at for at, character in enumerate(name) if character == "#" and is_excel(name[:at]))
    end = next(ends, None)
    return (name, "") if end is None or end == len(name) - 1 else (name[:end], name[end + 1 :])


@contextmanager
def _explained(label: str) -> Iterator[None]:
    try:
        yield
    except (*_BROKEN, zipfile.BadZipFile, zlib.error) as error:
        said = f"{type(error).__name__}: {error}"
        raise Invalid(f"{label} can't be read as a workbook of Excel: {said:.200}", hint="open it in Excel and save it anew") from error


@contextmanager
def opened_book(file: IO[bytes], label: str, *, most_unpacked: int = MOST_UNPACKED) -> Iterator[Workbook]:
    """A workbook that is read row by row. `Invalid` if it can't be read, or is too large when unpacked."""
    try:
        import_module("openpyxl")
    except ImportError as error:
        raise Invalid(f"{label} is a workbook of Excel, which OpenPyXL reads", hint="pip install 'tilth[tables]'") from error
    with _explained(label):
        require_small(file, label, most_unpacked)
        book = Workbook(file)
        try:
            yield book
        finally:
            book.close()


@contextmanager
def opened_sheet(
    file: IO[bytes], label: str, sheet: str = "", *, most_rows: int, most_columns: int = MOST_COLUMNS, most_unpacked: int = MOST_UNPACKED
) -> "Iterator[Iterator[dict[int, Any]]]":
    """The rows of a sheet in which something stands, of the first one that is shown unless one is named, by their columns from 0."""
    with opened_book(file, label, most_unpacked=most_unpacked) as book:
        rows = book.rows(_sheet(book, sheet, label), most_rows=most_rows)
        picked = ({at: cell.value for at, cell in row.cells.items() if at < most_columns} for row in rows)
        yield (row for row in picked if row)


def sheet_rows(book: Workbook, title: str, label: str, *, most_rows: int) -> Iterator[SheetRow]:
    """The rows of a sheet in which something stands."""
    with _explained(label):
        yield from book.rows(title, most_rows=most_rows)


def sheet_table(file: IO[bytes], label: str, sheet: str = "", *, as_texts: bool = False) -> Any:
    """A whole sheet as a table of PyArrow, whose first row names the columns."""
    arrow = import_module("pyarrow")
    rows: list[dict[int, Any]] = []
    cells = 0
    with opened_sheet(file, label, sheet, most_rows=MOST_ROWS) as found:
        for row in found:
            cells += len(row)
            if cells > MOST_CELLS:
                raise Invalid(f"{label} has more than {MOST_CELLS:,} cells", hint=CONVERT)
            rows.append(row)
    if not rows:
        raise Invalid(f"{label} has no rows", hint="name another sheet, as in 'book.xlsx#Sheet2'")
    places = sorted(set().union(*rows))
    require_filled(label, len(rows), len(places))
    columns = (as_column(arrow, [row.get(at) for row in rows[1:]], as_texts=as_texts) for at in places)
    names = column_names([text_of(rows[0].get(at)) for at in range(places[-1] + 1)], any_case=True)
    return arrow.table(list(columns), names=[names[at] for at in places])


def as_column(arrow: Any, values: Sequence[Any], *, as_texts: bool = False) -> Any:
    """The values of a column, in a type that all of them have, or as texts."""
    if not as_texts and is_plain(values):
        return plain_array(values)
    kinds = {type(value) for value in values if value is not None}
    if not as_texts and (len(kinds) < 2 or kinds == {int, float}):
        try:
            return arrow.array(values, arrow.float64() if kinds == {int, float} else None)
        except (arrow.ArrowException, OverflowError):
            pass
    return plain_array([None if value is None else _text(value) for value in values])


def _sheet(book: Workbook, name: str, label: str) -> str:
    if name:
        chosen = next((title for title in book.titles if title.casefold() == name.casefold()), None)
        if chosen is None:
            names = ", ".join(book.titles[:_MOST_TOLD])
            raise Invalid(f"{label} has no sheet {name}", hint=f"its sheets are {names}")
        return chosen
    if not book.titles:
        raise Invalid(f"{label} has no sheet with cells", hint="open it in Excel")
    return next((title for title in book.titles if not book.is_hidden(title)), book.titles[0])


def _text(value: Any) -> str:
    return text_of(value) or ""
