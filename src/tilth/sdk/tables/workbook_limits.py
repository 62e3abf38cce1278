"""Whether a workbook is small enough to be read: found out before anything is made of what it says, by unpacking it once.

What an archive says of its sizes is no promise, and a few bytes may unpack to millions of cells. No workbook that Excel can save meets
these limits by its shape, only by its size.
"""

import re
import zipfile
from typing import IO

from tilth.base.errors import Invalid

__all__ = ["CONVERT", "MOST_CELLS", "MOST_COLUMNS", "MOST_ROWS", "MOST_UNPACKED", "require_filled", "require_small"]

MOST_UNPACKED = 128 << 20
MOST_CELLS = 5_000_000
MOST_COLUMNS = 16_384
MOST_ROWS = 1_048_576
_MOST_PLACES = 25_000_000
"""So many cells, empty ones as well, has a table that is made of a sheet."""
CONVERT = "write it as CSV or Parquet, which are read row by row"
_MOST_PARTS = 10_000
_MOST_SHEETS = 1_000
_PIECE = 1 << 20
_MOST_ELEMENTS = 500_000
"""So many has no part beside rows and texts: Excel knows 65,490 formats of cells. OpenPyXL makes objects of them all."""
_MOST_TOGETHER = 1_000_000
"""So many has no row and no text."""
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_SHARED = re.compile(r"(.*/)?sharedStrings\.xml", re.IGNORECASE)
_WHOLE = re.compile(r"(xl/)?[^/]+", re.IGNORECASE)


def require_small(file: IO[bytes], label: str, most: int = MOST_UNPACKED) -> None:
    """Unpack all parts once without keeping them; `Invalid` names the first that is too large."""
    left = most
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if len(parts) > _MOST_PARTS:
            raise Invalid(f"{label} has {len(parts):,} parts", hint=CONVERT)
        if sum(bool(_SHEET.fullmatch(part.filename)) for part in parts) > _MOST_SHEETS:
            raise Invalid(f"{label} has more than {_MOST_SHEETS:,} sheets", hint=CONVERT)
        for part in parts:
            counted = _Counted(part.filename, label)
            with archive.open(part) as opened:
                while piece := opened.read(_PIECE):
                    left -= len(piece)
                    if left < 0:
                        raise Invalid(f"{label} takes more than {most >> 20} MB when it is unpacked", hint=CONVERT)
                    counted.look_at(piece)
    file.seek(0)


def require_filled(label: str, rows: int, columns: int) -> None:
    """Refuse a table that would hardly be anything but empty cells, which take time and room as well."""
    if rows * columns > _MOST_PLACES:
        raise Invalid(f"{label} has {rows:,} rows and {columns:,} columns, most of whose cells are empty", hint=CONVERT)


class _Counted:
    """How many elements a part has, altogether and in a row. A tag that a piece cuts in two may not count."""

    def __init__(self, name: str, label: str) -> None:
        self._name = name
        self._label = label
        self._mark = b"si" if _SHARED.fullmatch(name) else b"" if _WHOLE.fullmatch(name) else b"row"
        self._elements = self._cells = self._rows = 0
        self._together = self._cells_together = 0

    def look_at(self, piece: bytes) -> None:
        """Count what the next bytes begin."""
        self._elements += piece.count(b"<")
        if not self._mark:
            if self._elements > _MOST_ELEMENTS:
                raise self._too_large(f"more than {_MOST_ELEMENTS:,} elements")
            return
        marks = [piece.rfind(before + self._mark) for before in (b"<", b":")]
        last = max(marks)
        self._count_together(piece if last < 0 else piece[last:], begins=last >= 0)
        if self._mark == b"row":
            self._cells += _count(piece, b"c")
            self._rows += _count(piece, b"row")
            if self._cells > MOST_CELLS:
                raise self._too_large(f"more than {MOST_CELLS:,} cells")
            if self._rows > MOST_ROWS:
                raise self._too_large(f"more than {MOST_ROWS:,} rows, as many as Excel can have")

    def _count_together(self, piece: bytes, *, begins: bool) -> None:
        """Count what follows the last mark, or what has none."""
        if begins:
            self._together = self._cells_together = 0
        self._together += piece.count(b"<")
        if self._together > _MOST_TOGETHER:
            raise self._too_large(f"more than {_MOST_TOGETHER:,} elements in one place")
        if self._mark == b"row":
            self._cells_together += _count(piece, b"c")
            if self._cells_together > MOST_COLUMNS:
                raise self._too_large(f"a row of more than {MOST_COLUMNS:,} cells, as many as Excel can have")

    def _too_large(self, what: str) -> Invalid:
        return Invalid(f"{self._name} of {self._label} has {what}", hint=CONVERT)


def _count(piece: bytes, name: bytes) -> int:
    """How many elements of this name begin there, whatever stands for its namespace."""
    return sum(piece.count(before + name + after) for before in (b"<", b":") for after in (b" ", b">", b"/"))
