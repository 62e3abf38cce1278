"""Workbooks of Excel written row by row, straight into the archive: what is written takes no memory, and equal cells give equal bytes.

OpenPyXL and XlsxWriter write numbers with 16 digits, of texts that are too long the beginning, and make formulas of texts that begin with
an equals sign; each cell here is what it was where it was read.
"""

import zipfile
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from typing import IO, Any, Self
from xml.sax.saxutils import escape, quoteattr

from tilth.base.errors import Invalid
from tilth.sdk.tables.workbook_limits import MOST_COLUMNS, MOST_ROWS
from tilth.sdk.tables.workbook_reading import SheetCell, escaped_text

__all__ = ["SheetFile", "WorkbookFile"]

_LONGEST_TEXT = 32_767
_FIRST_FORMAT = 164
"""From here on the formats of numbers are a workbook's own."""
_DATE = "yyyy-mm-dd h:mm:ss"
_MOMENT = (1980, 1, 1, 0, 0, 0)
_BUFFER = 256 << 10
_CONVERT = "write the tables as CSV or Parquet, which have no such limit"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class WorkbookFile:
    """A workbook that is being written, one sheet after the other. Use as a context manager: after an error it is left unfinished."""

    def __init__(self, file: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._sheets: list[tuple[str, bool]] = []
        self._formats = {"General": 0}
        self._open: SheetFile | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._close()
            return
        with suppress(OSError, ValueError):
            self._finish()
        self._archive.fp = None  # nothing is written any more

    def sheet(self, title: str, label: str, *, hidden: bool = False) -> "SheetFile":
        """The next sheet; what was the last one is finished with it."""
        self._finish()
        self._sheets.append((title, hidden))
        part = self._archive.open(_part(f"xl/worksheets/sheet{len(self._sheets)}.xml"), "w")
        self._open = SheetFile(part, label, self._formats)
        return self._open

    def _finish(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _close(self) -> None:
        """Write what says which sheets there are, and how numbers are shown; the file itself stays open."""
        self._finish()
        shown = any(not hidden for _, hidden in self._sheets)
        sheets = "".join(
            f'<sheet name={quoteattr(title)} sheetId="{at}"{_state(hidden=hidden and shown)} r:id="rId{at}"/>'
            for at, (title, hidden) in enumerate(self._sheets, 1)
        )
        numbers = range(1, len(self._sheets) + 1)
        relations = "".join(f'<Relationship Id="rId{at}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>' for at in numbers)
        styles = f'<Relationship Id="rId{len(numbers) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        kinds = "".join(f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{_KIND}.worksheet+xml"/>' for at in numbers)
        self._write("xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>')
        self._write("xl/_rels/workbook.xml.rels", _relations(relations + styles))
        self._write("xl/styles.xml", _styles(self._formats))
        self._write("_rels/.rels", _relations(f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'))
        self._write(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types">'
            f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{kinds}</Types>',
        )
        self._archive.close()

    def _write(self, name: str, text: str) -> None:
        self._archive.writestr(_part(name), _HEAD + text)


class SheetFile:
    """A sheet that is being written."""

    def __init__(self, part: IO[bytes], label: str, formats: dict[str, int]) -> None:
        openpyxl = import_module("openpyxl.utils")
        self._letter = openpyxl.get_column_letter
        self._serial = import_module("openpyxl.utils.datetime").to_excel
        self._is_date = lru_cache(import_module("openpyxl.styles").is_date_format)
        self._part = part
        self._label = label
        self._formats = formats
        self._letters: list[str] = []
        self._row = 0
        self._waiting = [f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>']
        self._size = 0

    def append(self, cells: Iterable[SheetCell | None]) -> None:
        """Write a row of cells; None is an empty one."""
        self._row += 1
        if self._row > MOST_ROWS:
            raise Invalid(f"{self._label} would have more than {MOST_ROWS:,} rows, as many as Excel can have", hint=_CONVERT)
        written = "".join(
            [self._cell(at, cell) for at, cell in enumerate(cells) if cell is not None and cell.value is not None],
        )
        row = f'<row r="{self._row}">{written}</row>'
        self._waiting.append(row)
        self._size += len(row)
        if self._size >= _BUFFER:
            self._flush()

    def _cell(self, at: int, cell: Any) -> str:
        while at >= len(self._letters):
            if at >= MOST_COLUMNS:
                raise Invalid(f"{self._label} would have more than {MOST_COLUMNS:,} columns, as many as Excel can have", hint=_CONVERT)
            self._letters.append(self._letter(len(self._letters) + 1))
        place = f'r="{self._letters[at]}{self._row}"'
        value, kind, shown = cell.value, cell.data_type, cell.number_format
        if kind == "d" and not self._is_date(shown):
            shown = _DATE
        if style := self._formats.setdefault(shown, len(self._formats)):
            place = f'{place} s="{style}"'
        if kind == "b":
            return f'<c {place} t="b"><v>{int(value)}</v></c>'
        if kind == "d":
            return f"<c {place}><v>{self._serial(value)!r}</v></c>"
        if kind == "n":
            return f"<c {place}><v>{value!r}</v></c>"
        if kind == "e":
            return f'<c {place} t="e"><v>{escape(value)}</v></c>'
        return f'<c {place} t="inlineStr"><is><t xml:space="preserve">{self._text(value)}</t></is></c>'

    def _text(self, value: str) -> str:
        if len(value) > _LONGEST_TEXT // 2 and len(value.encode("utf-16-le")) > 2 * _LONGEST_TEXT:
            raise Invalid(
                f"{self._label}, row {self._row:,}: a text has {len(value):,} characters, and Excel knows {_LONGEST_TEXT:,}", hint=_CONVERT
            )
        return escaped_text(escape(value))

    def _flush(self) -> None:
        try:
            self._part.write("".join(self._waiting).encode())
        except RuntimeError as error:  # of an archive, whose parts have 2 GB
            raise Invalid(f"{self._label} takes more than 2 GB", hint=_CONVERT) from error
        self._waiting, self._size = [], 0

    def close(self) -> None:
        """Write what is left."""
        self._waiting.append("</sheetData></worksheet>")
        self._flush()
        self._part.close()


def _part(name: str) -> zipfile.ZipInfo:
    part = zipfile.ZipInfo(name, _MOMENT)
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


def _state(*, hidden: bool) -> str:
    return ' state="hidden"' if hidden else ""


def _relations(inner: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


def _styles(formats: dict[str, int]) -> str:
    """A style for each way in which numbers are shown, and nothing else of how cells look."""
    known = import_module("openpyxl.styles.numbers").BUILTIN_FORMATS_REVERSE
    own = {name: _FIRST_FORMAT + at for at, name in enumerate(name for name in formats if name not in known)}
    numbers = "".join(f'<numFmt numFmtId="{number}" formatCode={quoteattr(name)}/>' for name, number in own.items())
    used = "".join(
        f'<xf numFmtId="{number}" fontId="0" fillId="0" borderId="0" xfId="0"{_applied(number)}/>'
        for number in (own.get(name, known.get(name, 0)) for name in formats)
    )
    return (
        f'<styleSheet xmlns="{_MAIN}">'
        + (f'<numFmts count="{len(own)}">{numbers}</numFmts>' if own else "")
        + '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(formats)}">{used}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _applied(number: int) -> str:
    return ' applyNumberFormat="1"' if number else ""
