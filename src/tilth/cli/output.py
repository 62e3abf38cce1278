"""What commands print: results on standard output, everything else on standard error, one JSON document if that is asked for."""

import os
import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import msgspec

from tilth.base.atomic_io import describe_os_error
from tilth.base.units import readable_bytes

__all__ = ["Output", "count", "size", "stream_bytes", "stream_json", "stream_lines", "table"]

Buffer = bytes | bytearray | memoryview

_BATCH = 1_000


class Output:
    """Where a command's words go. With `json`, standard output gets exactly one document, whatever else is said."""

    def __init__(self, *, json: bool) -> None:
        self.json = json

    def result(self, document: dict[str, Any] | list[Any], lines: Iterable[str]) -> None:
        """The command's result: `document` for scripts, or `lines` for people."""
        if self.json:
            _write(msgspec.json.format(msgspec.json.encode(document, enc_hook=str), indent=2).decode() + "\n")
        else:
            _write("".join(f"{line}\n" for line in lines))

    def note(self, message: str) -> None:
        """Something that is no result: what is being done, or was."""
        print(message, file=sys.stderr)

    def warn(self, messages: Sequence[str], *, shown: int = 5) -> None:
        """Warnings; of many, the first few and their number."""
        for message in messages[:shown]:
            print(f"warning: {message}", file=sys.stderr)
        if len(messages) > shown:
            print(f"warning: and {len(messages) - shown} more like these", file=sys.stderr)


def stream_lines(lines: Iterable[str]) -> None:
    """Print many lines without keeping them."""
    iterator = iter(lines)
    while batch := list(islice(iterator, _BATCH)):
        if not _write("".join(f"{line}\n" for line in batch)):
            return


def stream_bytes(parts: Iterable[Buffer]) -> None:
    """Write bytes as they come."""
    for part in parts:
        if not _write_bytes(part):
            return


def stream_json(head: dict[str, Any], name: str, rows: Iterable[Any]) -> None:
    """Print one JSON document: `head`, and under `name` the list of `rows`, without keeping them."""
    begin = msgspec.json.encode(head).decode().removesuffix("}")
    encoder = msgspec.json.Encoder()
    iterator = iter(rows)
    separator = ""
    if not _write(f'{begin}, "{name}": ['):
        return
    while batch := list(islice(iterator, _BATCH)):
        # A line for each row; within one, a line break is always written as two other characters.
        if not _write_bytes(separator.encode() + encoder.encode_lines(batch)[:-1].replace(b"\n", b"\n, ")):
            return
        separator = "\n, "
    _write("\n]}\n")


def table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> list[str]:
    """Rows in columns, the header first; nothing for no rows."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (header, *rows)]


def size(size_bytes: int) -> str:
    """A number of bytes, for people."""
    return readable_bytes(size_bytes)


def count(number: int, what: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _write(text: str) -> bool:
    """Print `text`, as UTF-8 whatever the terminal's encoding is; False if the reader, such as `head`, has seen enough."""
    return _write_bytes(text.encode())


def _write_bytes(data: Buffer) -> bool:
    if sys.stdout is None:  # it was closed before this process began
        return False
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        _forget_output()
        if isinstance(error, BrokenPipeError):
            return False
        raise describe_os_error(error, "standard output") from error
    return True


def _forget_output() -> None:
    """Let what is still buffered go nowhere, instead of failing again when this process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
