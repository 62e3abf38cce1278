"""Workbooks of Excel: the rows of one sheet. A workbook is an archive of XML, so that how large it is is known only when it is unpacked."""

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time
from importlib import import_module
from threading import Lock
from typing import IO, Any

from tilth.base.errors import Invalid
from tilth.base.forking import renew_after_fork
from tilth.sdk.tables.plain_arrays import is_plain, plain_array

__all__ = [
    "ENDINGS",
    "as_column",
    "book_and_sheet",
    "is_excel",
    "opened_book",
    "opened_sheet",
    "sheet_rows",
    "sheet_table",
    "sheet_titles",
]

ENDINGS = ("xlsx", "xlsm")
_MOST_PARTS = 10_000
_MOST_UNPACKED = 128 << 20
_MOST_CELLS = 5_000_000
_MOST_COLUMNS = 16_384
_PIECE = 1 << 20
_ROWS_AT_ONCE = 1_000
_CELLS_AT_ONCE = 20_000
_MOST_ELEMENTS = 500_000
"""So many has no part but sheets and texts: Excel knows 65,490 formats of cells. OpenPyXL makes objects of them all."""
_WHOLE_PART = re.compile(r"(xl/)?[^/]+(?<!/sharedStrings\.xml)", re.IGNORECASE)
_BROKEN = (OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, SyntaxError, EOFError, ArithmeticError)
"""What OpenPyXL raises of workbooks that are broken."""
_CONVERT = "write it as CSV or Parquet, which are read row by row"


def is_excel(path: str) -> bool:
    """Whether a file is a workbook, by its name."""
    return path.rpartition(".")[2].lower() in ENDINGS


def book_and_sheet(name: str) -> tuple[str, str]:
    """The path of a workbook and the sheet of it that a name such as `book.xlsx#Sheet2` means; no sheet if it names none."""
    ends = (at for at, character in enumerate(name) if character == "#" and is_excel(name[:at]))
    end = next(ends, None)
    return (name, "") if end is None or end == len(name) - 1 else (name[:end], name[end + 1 :])


class _Warned:
    """What OpenPyXL warns of, to one thread at a time: warnings are caught for the whole process, and let go in the same order."""

    def __init__(self) -> None:
        self._renew()
        renew_after_fork(self._renew)

    def _renew(self) -> None:
        self._lock = Lock()

    @contextmanager
    def heard(self) -> "Iterator[list[warnings.WarningMessage]]":
        """Catch what is said meanwhile."""
        with self._lock, warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            yield said


_warned = _Warned()


@contextmanager
def _explained(label: str) -> Iterator[None]:
    try:
        yield
    except (*_BROKEN, zipfile.BadZipFile, zlib.error) as error:
        said = f"{type(error).__name__}: {error}"
        raise Invalid(f"{label} can't be read as a workbook of Excel: {said:.200}", hint="open it in Excel and save it anew") from error


@contextmanager
def opened_book(file: IO[bytes], label: str, *, most_unpacked: int = _MOST_UNPACKED) -> Iterator[Any]:
    """A workbook as OpenPyXL reads it row by row; of formulas the values that stood there when it was saved.

    `Invalid` if it can't be read, or is too large when unpacked.
    """
    try:
        openpyxl = import_module("openpyxl")
    except ImportError as error:
        raise Invalid(f"{label} is a workbook of Excel, which OpenPyXL reads", hint="pip install 'tilth[tables]'") from error
    with _explained(label):
        _require_small(file, label, most_unpacked)
        with _warned.heard():  # of what it does not read
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            yield book
        finally:
            book.close()


@contextmanager
def opened_sheet(
    file: IO[bytes], label: str, sheet: str = "", *, most_rows: int, most_columns: int = _MOST_COLUMNS, most_unpacked: int = _MOST_UNPACKED
) -> "Iterator[Iterator[tuple[Any, ...]]]":
    """The rows of a sheet, of the first one that is shown unless one is named: numbers, texts, dates, truths, and None for nothing."""
    with opened_book(file, label, most_unpacked=most_unpacked) as book:
        found = _sheet(book, sheet, label)
        found.reset_dimensions()  # what the file says of its size is no promise
        yield found.iter_rows(max_row=most_rows, max_col=most_columns if most_columns < _MOST_COLUMNS else None, values_only=True)


def sheet_titles(book: Any) -> list[str]:
    """What the sheets of cells are called; those of charts alone are none."""
    return [sheet.title for sheet in book.worksheets if hasattr(sheet, "iter_rows")]


def sheet_rows(book: Any, title: str, label: str, *, most_rows: int) -> Iterator[tuple[int, tuple[Any, ...], str]]:
    """The rows of a sheet: the number of each, its cells with their types and formats, and what is wrong with one that can't be read."""
    with _explained(label):
        sheet = book[title]
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_row=most_rows)
        number = 0
        while some := _some_rows(rows):
            for row, said in some:
                number += 1
                bad = next((text for text in said if "marked as a date" in text), "")
                yield number, row, bad and f"{bad.partition(' is marked')[0].lower()} is to be a date, and its number is none"


def _some_rows(rows: Iterator[tuple[Any, ...]]) -> list[tuple[tuple[Any, ...], list[str]]]:
    """The next rows, each with what OpenPyXL warns of while it reads it; nothing at the end."""
    found: list[tuple[tuple[Any, ...], list[str]]] = []
    cells = 0
    with _warned.heard() as said:  # once for many, since it takes longer than reading a row
        while len(found) < _ROWS_AT_ONCE and cells < _CELLS_AT_ONCE and (row := next(rows, None)) is not None:
            found.append((row, [str(one.message) for one in said]))
            said.clear()
            cells += len(row)
    return found


def sheet_table(file: IO[bytes], label: str, sheet: str = "", *, as_texts: bool = False) -> Any:
    """A whole sheet as a table of PyArrow, whose first row names the columns."""
    arrow = import_module("pyarrow")
    rows: list[tuple[Any, ...]] = []
    cells = 0
    with opened_sheet(file, label, sheet, most_rows=1 << 20) as found:
        for row in found:
            cells += len(row)
            if cells > _MOST_CELLS:
                raise Invalid(f"{label} has more than {_MOST_CELLS:,} cells", hint=_CONVERT)
            if any(cell is not None for cell in row):
                rows.append(row)
    if not rows:
        raise Invalid(f"{label} has no rows", hint="name another sheet, as in 'book.xlsx#Sheet2'")
    names = _names(rows[0], max(map(len, rows)))
    columns = [[row[at] if at < len(row) else None for row in rows[1:]] for at in range(len(names))]
    return arrow.table([as_column(arrow, column, as_texts=as_texts) for column in columns], names=names)


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


def _sheet(book: Any, name: str, label: str) -> Any:
    sheets = [sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")]
    names = ", ".join(sheet.title for sheet in sheets)
    if name:
        chosen = next((sheet for sheet in sheets if sheet.title.lower() == name.lower()), None)
        if chosen is None:
            raise Invalid(f"{label} has no sheet {name}", hint=f"its sheets are {names}")
        return chosen
    if not sheets:
        raise Invalid(f"{label} has no sheet with cells", hint="open it in Excel")
    return next((sheet for sheet in sheets if sheet.sheet_state == "visible"), sheets[0])


def _require_small(file: IO[bytes], label: str, most: int) -> None:
    """Unpack all parts once without keeping them: what an archive says of its sizes is no promise."""
    left = most
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if len(parts) > _MOST_PARTS:
            raise Invalid(f"{label} has {len(parts):,} parts", hint=_CONVERT)
        for part in parts:
            elements = _MOST_ELEMENTS if _WHOLE_PART.fullmatch(part.filename) else most
            with archive.open(part) as opened:
                while piece := opened.read(_PIECE):
                    left -= len(piece)
                    elements -= piece.count(b"<")
                    if elements < 0:
                        raise Invalid(f"{part.filename} of {label} has more than {_MOST_ELEMENTS:,} elements", hint=_CONVERT)
                    if left < 0:
                        raise Invalid(f"{label} takes more than {most >> 20} MB when it is unpacked", hint=_CONVERT)
    file.seek(0)


def _names(header: Sequence[Any], width: int) -> list[str]:
    """A name for each column, none twice."""
    given = [*header, *([None] * (width - len(header)))]
    found: list[str] = []
    taken: set[str] = set()
    for at, cell in enumerate(given):
        name = base = _text(cell) if cell is not None else f"column{at + 1}"
        number = 1
        while name.lower() in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name.lower())
        found.append(name)
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value)
