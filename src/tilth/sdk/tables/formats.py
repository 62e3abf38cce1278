"""Which files are tables, and how their bytes become readable: by the name, as people and other tools tell them apart."""

import io
from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from typing import IO

from msgspec import Struct

__all__ = ["ENDINGS", "Format", "Kind", "Source", "format_of", "why_not_joined", "why_not_read"]


class Kind(StrEnum):
    """How a table is written down."""

    CSV = "csv"
    TSV = "tsv"
    JSON_LINES = "json lines"
    PARQUET = "parquet"


ENDINGS = {
    "csv": Kind.CSV,
    "tsv": Kind.TSV,
    "tab": Kind.TSV,
    "jsonl": Kind.JSON_LINES,
    "ndjson": Kind.JSON_LINES,
    "parquet": Kind.PARQUET,
    "pq": Kind.PARQUET,
}
_PACKED = {"gz": "gzip", "zst": "zstd"}
_OTHERS = {
    "xlsm": "a workbook with macros, which joining would lose",
    "xls": "a workbook of Excel's older kind",
    "xlsb": "a binary workbook of Excel",
    "ods": "a workbook of OpenDocument",
    "arrow": "a file of Arrow",
    "feather": "a file of Feather",
    "orc": "a file of ORC",
    "avro": "a file of Avro",
}
"""Tables whose rows can't be joined."""
_OTHERS_PACKED = ("gz", "zst", "bz2", "xz", "zip", "lz4", "br")


class Format(Struct, frozen=True):
    """A kind of table, and what it is compressed with: nothing, `gzip` or `zstd`."""

    kind: Kind
    compression: str = ""


class Source(Struct, frozen=True):
    """A file that holds a table."""

    path: str
    of: str
    """What it is a part of, for people: a version."""
    open: Callable[[], IO[bytes]]
    """Its bytes from the beginning, seekable; each call opens it anew."""

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"{self.path} of {self.of}" if self.of else self.path

    @property
    def format(self) -> Format:
        """How it is written down; there is one."""
        found = format_of(self.path)
        assert found is not None
        return found

    def plain(self) -> IO[bytes]:
        """Its bytes without the compression. Where they end too early, reading raises `OSError`."""
        file = self.open()
        if not self.format.compression:
            return file
        stream = import_module("pyarrow").CompressedInputStream(file, self.format.compression)
        return io.BufferedReader(_Unpacked(stream, file), 1 << 20)


class _Unpacked(io.RawIOBase):
    """What PyArrow unpacks, as Python's own files are; closes the file below it as well."""

    def __init__(self, stream: IO[bytes], file: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(target))
        target[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._file.close()
        super().close()


def format_of(path: str) -> Format | None:
    """What the name of a file says of it; None if it is no table that can be read. Parquet compresses by itself."""
    name = path.rpartition("/")[2].lower()
    compression = _PACKED.get(name.rpartition(".")[2], "")
    if compression:
        name = name.rpartition(".")[0]
    kind = ENDINGS.get(name.rpartition(".")[2]) if "." in name else None
    if kind is None or (compression and kind is Kind.PARQUET):
        return None
    return Format(kind, compression)


def why_not_joined(path: str) -> str:
    """What kind of table a file is whose rows can't be joined; nothing if it is no table, or one whose rows can be."""
    name = path.rpartition("/")[2].lower()
    stem, _, ending = name.rpartition(".")
    if stem and ending in _OTHERS:
        return _OTHERS[ending]
    inner = stem.rpartition(".")[2] if "." in stem else ""
    return f"a table packed as .{ending}" if inner in ENDINGS and ending in _OTHERS_PACKED and format_of(path) is None else ""


def why_not_read(path: str) -> str:
    """What is to be said of a table whose rows can't be read; nothing if it is no table, or one whose rows can be."""
    kind = why_not_joined(path)
    return f"{path} is {kind}, which is not read" if kind and not path.lower().endswith(".xlsm") else ""
