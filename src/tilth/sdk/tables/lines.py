"""The lines of a text file, each with its number, also those that are no text; a line that never ends takes no memory."""

from collections.abc import Iterator
from typing import IO

import msgspec

__all__ = ["LONGEST_LINE", "Line", "lines_of"]

LONGEST_LINE = 16 << 20
_MARK = b"\xef\xbb\xbf"
_CUT = "it goes on for more than 16 MB"


class Line(msgspec.Struct, frozen=True):
    """A line with its end; no text, but what is wrong, if it is none."""

    number: int
    text: str | None
    wrong: str = ""
    marked: bool = False
    """Whether the mark of UTF-8 stood before it."""


def lines_of(file: IO[bytes]) -> Iterator[Line]:
    """The lines of `file`. Where its compressed bytes end too early or are damaged, the last line says so."""
    number = 0
    while True:
        number += 1
        try:
            data = file.readline(LONGEST_LINE)
            cut = len(data) >= LONGEST_LINE and not data.endswith(b"\n")
            while cut and data and not data.endswith(b"\n"):
                data = file.readline(LONGEST_LINE)
        except (OSError, EOFError, ValueError) as error:
            yield Line(number, None, f"the compressed bytes are damaged, or end here: {error}")
            return
        if cut:
            yield Line(number, None, _CUT)
            continue
        if not data:
            return
        marked = number == 1 and data.startswith(_MARK)
        if marked:
            data = data[len(_MARK) :]
        try:
            yield Line(number, data.decode(), marked=marked)
        except UnicodeDecodeError as error:
            yield Line(number, None, f"byte {error.start + 1:,} is not UTF-8")
