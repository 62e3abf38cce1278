"""The lines of a text file, each with its number, also those that are no text; a line that never ends takes no memory."""

import io
from collections.abc import Iterator
from typing import IO

import msgspec

__all__ = ["LONGEST_LINE", "NOT_UTF_8", "Block", "Line", "blocks_of", "lines_in", "lines_of"]

LONGEST_LINE = 16 << 20
_FIRST_BYTES = 64 << 10
"""Of a table whose head is wanted no more is read; what follows is read in larger pieces."""
_MOST_BYTES = 1 << 20
_MARK = b"\xef\xbb\xbf"
NOT_UTF_8 = "is not UTF-8"
"""How what is wrong with a line ends if its bytes are no text."""
_CUT = "it goes on for more than 16 MB"


class Block(msgspec.Struct, frozen=True):
    """Whole lines that follow each other, or one that is none."""

    number: int
    """Of the first line."""
    data: bytes
    """The lines with their ends; the last one of the file may have none."""
    wrong: str = ""
    """What is wrong with the line at `number`; then there are no `data`."""
    marked: bool = False
    """Whether the mark of UTF-8 stood before it."""


class Line(msgspec.Struct, frozen=True):
    """A line with its end; no text, but what is wrong, if it is none."""

    number: int
    text: str | None
    wrong: str = ""
    marked: bool = False
    """Whether the mark of UTF-8 stood before it."""


def lines_of(file: IO[bytes]) -> Iterator[Line]:
    """The lines of `file`. Where its compressed bytes end too early or are damaged, the last line says so."""
    for block in blocks_of(file):
        yield from lines_in(block)


def lines_in(block: Block) -> Iterator[Line]:
    """The lines of a block, one by one."""
    if block.wrong:
        yield Line(block.number, None, block.wrong)
    for at, data in enumerate(io.BytesIO(block.data)):
        try:
            yield Line(block.number + at, data.decode(), marked=block.marked and not at)
        except UnicodeDecodeError as error:
            yield Line(block.number + at, None, f"byte {error.start + 1:,} {NOT_UTF_8}")


def blocks_of(file: IO[bytes]) -> Iterator[Block]:
    """The same, many lines at once: about a megabyte, more only where a line is longer."""
    number, rest, most = 1, b"", _FIRST_BYTES
    skipping = False
    while True:
        piece, ended, damage = _piece(file, most)
        data = rest + piece
        if skipping or (at := data.find(b"\n")) >= LONGEST_LINE:
            at = data.find(b"\n")
            skipping = at < 0
            if not skipping or (ended and not damage):
                yield Block(number, b"", _CUT)
                number += 1
            data = b"" if skipping else data[at + 1 :]
        marked = number == 1 and data.startswith(_MARK)
        whole = data.rfind(b"\n") + 1
        if ended and not damage:
            whole = len(data) if len(data) - whole < LONGEST_LINE else whole
        if whole:
            yield Block(number, data[len(_MARK) if marked else 0 : whole], marked=marked)
            number += data.count(b"\n", 0, whole)
        rest = data[whole:]
        if ended:
            if damage or rest:
                yield Block(number, b"", damage or _CUT)
            return
        if len(rest) >= LONGEST_LINE:
            skipping, rest = True, b""
        most = min(2 * most, _MOST_BYTES)


def _piece(file: IO[bytes], most: int) -> tuple[bytes, bool, str]:
    """The next bytes, whether they are the last ones, and why it can't go on. What was read before an error is not lost."""
    read = getattr(file, "read1", file.read)
    pieces: list[bytes] = []
    size = 0
    while size < most:
        try:
            piece = read(most - size)
        except (OSError, EOFError, ValueError) as error:
            return b"".join(pieces), True, f"the compressed bytes are damaged, or end here: {error}"
        if not piece:
            return b"".join(pieces), True, ""
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces), False, ""
