"""What stands in the sheets of a workbook of Excel, row by row, and nothing of how it looks.

OpenPyXL reads what names the sheets, the formats of cells, and the cells of a row. Rows are walked here: only those that are there, however
far apart they stand, and nothing of what follows them; so that reading takes as long as the file, unpacked, is large.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from threading import Lock
from typing import IO, Any
from xml.etree.ElementTree import XMLParser

from msgspec import Struct

from tilth.base.forking import renew_after_fork

__all__ = ["SheetCell", "SheetRow", "Workbook", "escaped_text"]

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_TEXT, _ITEM, _SPOKEN = f"{_MAIN}t", f"{_MAIN}si", f"{_MAIN}rPh"
_PIECE = 1 << 20
_ROWS_AT_ONCE = 1_000
_CELLS_AT_ONCE = 20_000
_CODED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_UNSAID = re.compile("_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_TRUTH = '"TRUE";"TRUE";"FALSE"'
"""How LibreOffice shows truths that a formula found: it writes them as numbers."""


class SheetCell(Struct, frozen=True):
    """A cell in which something stands."""

    value: Any
    data_type: str = "s"
    """What it is: `n` a number, `s` a text, `b` a truth, `d` a date, a time or a duration, `e` an error."""
    number_format: str = "General"


class SheetRow(Struct, frozen=True):
    """A row in which something stands."""

    number: int
    cells: dict[int, SheetCell]
    """By their columns, which count from 0, in their order."""
    wrong: str
    """What is wrong with it; nothing if it can be read."""


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


class Workbook:
    """A workbook, whose rows are read again and again; of formulas the values that stood there when it was saved."""

    def __init__(self, file: IO[bytes]) -> None:
        opened = import_module("openpyxl.reader.excel").ExcelReader(file, read_only=True, data_only=True, keep_links=False)
        self._archive = opened.archive
        with _warned.heard():  # of what is not read
            opened.read_manifest()
            opened.read_workbook()
            import_module("openpyxl.styles.stylesheet").apply_stylesheet(self._archive, opened.wb)
            self._sheets = {
                sheet.name: (relation.target, sheet.state)
                for sheet, relation in opened.parser.find_sheets()
                if relation.target in opened.valid_files and "chartsheet" not in relation.Type
            }
        self._book = opened.wb
        numbers = import_module("openpyxl.styles.numbers")
        self._first_own = numbers.BUILTIN_FORMATS_MAX_SIZE
        self._known = numbers.BUILTIN_FORMATS
        strings = opened.package.find(import_module("openpyxl.xml.constants").SHARED_STRINGS)
        self._strings_part = "" if strings is None else strings.PartName[1:]
        self._strings: Sequence[str] | None = None
        self._formats: dict[int, str] = {}

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()

    @property
    def titles(self) -> list[str]:
        """What the sheets of cells are called; those of charts alone are none."""
        return list(self._sheets)

    @property
    def parts(self) -> list[str]:
        """The names of what is in the archive."""
        found: list[str] = self._archive.namelist()
        return found

    def is_hidden(self, title: str) -> bool:
        """Whether people do not see a sheet."""
        return bool(self._sheets[title][1] != "visible")

    def rows(self, title: str, *, most_rows: int) -> Iterator[SheetRow]:
        """The rows of a sheet in which something stands, of the first ones only."""
        with self._archive.open(self._sheets[title][0]) as source:
            rows = self._read(source, most_rows)
            while some := _some(rows):
                yield from some

    def _read(self, source: IO[bytes], most_rows: int) -> "Iterator[tuple[int, dict[int, SheetCell]]]":
        parser = import_module("openpyxl.worksheet._reader").WorkSheetParser(
            source,
            self._texts(),
            data_only=True,
            epoch=self._book.epoch,
            date_formats=self._book._date_formats,
            timedelta_formats=self._book._timedelta_formats,
        )
        for _, element in import_module("openpyxl.xml.functions").iterparse(source):
            if element.tag == f"{_MAIN}row":
                number, cells = parser.parse_row(element)
                element.clear()
                if number > most_rows:
                    return
                found = {cell["column"] - 1: self._cell(cell) for cell in cells if cell["value"] is not None}
                yield number, found
            elif element.tag == f"{_MAIN}sheetData":
                return

    def _cell(self, said: dict[str, Any]) -> SheetCell:
        value, kind, shown = said["value"], said["data_type"], self._format(said["style_id"])
        if kind == "s" and "_x" in value:
            value = _CODED.sub(_decoded, value)
        elif kind == "n" and shown == _TRUTH and value in (0, 1):
            return SheetCell(bool(value), "b", shown)
        return SheetCell(value, kind, shown)

    def _format(self, style: int) -> str:
        found = self._formats.get(style)
        if found is None:
            number = self._book._cell_styles[style].numFmtId
            own = number - self._first_own
            found = self._known.get(number, "General") if own < 0 else self._book._number_formats[own]
            self._formats[style] = found
        return found

    def _texts(self) -> Sequence[str]:
        """The texts that cells of all sheets share, as they stand there: OpenPyXL does not know all ways in which they are coded."""
        if self._strings is None:
            self._strings = []
            if self._strings_part:
                with self._archive.open(self._strings_part) as source:
                    self._strings = _shared(source)
        return self._strings


class _Shared:
    """Takes the texts out of the part that holds them: plain ones, and such of several runs; how a text is spoken is none."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._parts: list[str] = []
        self._is_text = self._is_spoken = False

    def start(self, tag: str, _: object) -> None:
        if tag == _TEXT:
            self._is_text = not self._is_spoken
        elif tag == _SPOKEN:
            self._is_spoken = True

    def data(self, text: str) -> None:
        if self._is_text:
            self._parts.append(text)

    def end(self, tag: str) -> None:
        if tag == _TEXT:
            self._is_text = False
        elif tag == _ITEM:
            self.texts.append("".join(self._parts))
            self._parts.clear()
        elif tag == _SPOKEN:
            self._is_spoken = False


def _shared(source: IO[bytes]) -> list[str]:
    found = _Shared()
    parser = XMLParser(target=found)  # noqa: S314 - Expat bounds what entities become
    while piece := source.read(_PIECE):
        parser.feed(piece)
    parser.close()
    return found.texts


def _some(rows: "Iterator[tuple[int, dict[int, SheetCell]]]") -> list[SheetRow]:
    """The next rows, each with what OpenPyXL warns of while it reads it; nothing at the end."""
    found: list[SheetRow] = []
    cells = looked_at = 0
    with _warned.heard() as said:  # once for many, since it takes longer than reading a row
        while (looked_at < _ROWS_AT_ONCE or not found) and cells < _CELLS_AT_ONCE and (row := next(rows, None)) is not None:
            number, having = row
            wrong = next((text for one in said if "marked as a date" in (text := str(one.message))), "")
            said.clear()
            if having:
                wrong = wrong and f"{wrong.partition(' is marked')[0].lower()} is to be a date, and its number is none"
                found.append(SheetRow(number, having, wrong))
            looked_at += 1
            cells += len(having)
    return found


def _decoded(code: re.Match[str]) -> str:
    number = int(code[1], 16)
    return code[0] if 0xD800 <= number < 0xE000 else chr(number)  # halves of characters are none


def escaped_text(text: str) -> str:
    """The text with codes for the characters that XML does not know, and for what looks like such a code."""
    return _UNSAID.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
