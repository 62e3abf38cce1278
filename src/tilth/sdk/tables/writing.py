"""A joined table as a file of the format that its first part has. The same rows give the same bytes, whenever and wherever."""

import gzip
from collections.abc import Sequence
from importlib import import_module
from typing import IO, Any, Protocol

import zstandard

from tilth.sdk.tables.formats import Kind, Source
from tilth.sdk.tables.json_lines import JsonTable, object_without
from tilth.sdk.tables.rows import Cell, Rows, Table, places_of
from tilth.sdk.tables.separated import Dialect, SeparatedTable, written_row

__all__ = ["TableWriter", "writer_of"]


class TableWriter(Protocol):
    """Writes rows of several tables into one file."""

    def write(self, table: Table, rows: Rows, chosen: Sequence[int] | None) -> None:
        """Write rows of `table`: those whose places in `rows` are `chosen`, or all."""

    def close(self) -> None:
        """Write what is left; the file itself stays open."""


def writer_of(source: Source, tables: Sequence[Table], columns: Sequence[str], file: IO[bytes], *, as_texts: bool) -> TableWriter:
    """The writer for `tables` together, in the format of `source`, with such columns."""
    kind = source.format.kind
    if kind is Kind.PARQUET:
        made: TableWriter = import_module("tilth.sdk.tables.joined_parquet").ParquetJoiner(tables, columns, file, as_texts=as_texts)
        return made
    out = _packed(file, source.format.compression)
    first = tables[0]
    if kind is Kind.JSON_LINES:
        return _LinesWriter(out, columns)
    assert isinstance(first, SeparatedTable)
    return _SeparatedWriter(out, first.dialect, columns, _header(tables, columns))


def _packed(file: IO[bytes], compression: str) -> Any:
    if compression == "gzip":
        return gzip.GzipFile("", "wb", 6, file, mtime=0)
    if compression == "zstd":
        return zstandard.ZstdCompressor(level=3, threads=0).stream_writer(file, closefd=False)
    return _Plain(file)


class _Plain:
    """A file that outlives its writer."""

    def __init__(self, file: IO[bytes]) -> None:
        self.write = file.write
        self.close = file.flush


def _header(tables: Sequence[Table], columns: Sequence[str]) -> list[str]:
    """What the first line says: the names as they stand in the files, where equal ones are not told apart."""
    said: dict[str, str] = {}
    for table in tables:
        if isinstance(table, SeparatedTable):
            said = dict(zip(table.columns, table.header, strict=True)) | said
    return [said[name] for name in columns]


class _SeparatedWriter:
    def __init__(self, out: Any, dialect: Dialect, columns: Sequence[str], header: Sequence[str]) -> None:
        self._out = out
        self._dialect = dialect
        self._columns = list(columns)
        mark = "\ufeff" if dialect.mark else ""
        if columns:
            out.write(f"{mark}{written_row(header, dialect.delimiter)}{dialect.newline}".encode())

    def write(self, table: Table, rows: Rows, chosen: Sequence[int] | None) -> None:
        assert isinstance(table, SeparatedTable)
        if list(table.columns) == self._columns and table.dialect.delimiter == self._dialect.delimiter:
            texts: Sequence[str] = rows.raws  # they stay as they are, quotes and all
            self._lines(texts if chosen is None else [texts[at] for at in chosen])
            return
        places = places_of(self._columns, table.columns)
        picked = rows.cells if chosen is None else [rows.cells[at] for at in chosen]
        delimiter = self._dialect.delimiter
        self._lines([written_row(_placed(row, places), delimiter) for row in picked])

    def _lines(self, texts: Sequence[str]) -> None:
        if texts:
            newline = self._dialect.newline
            self._out.write(f"{newline.join(texts)}{newline}".encode())

    def close(self) -> None:
        self._out.close()


def _placed(row: Sequence[Cell], places: Sequence[int | None]) -> list[Cell]:
    return [None if at is None else row[at] for at in places]


class _LinesWriter:
    def __init__(self, out: Any, columns: Sequence[str]) -> None:
        self._out = out
        self._columns = columns

    def write(self, table: Table, rows: Rows, chosen: Sequence[int] | None) -> None:
        assert isinstance(table, JsonTable)
        texts: Sequence[str] = rows.raws if chosen is None else [rows.raws[at] for at in chosen]
        if not set(table.columns) <= set(self._columns):
            texts = [object_without(text, self._columns) for text in texts]
        if texts:
            self._out.write(("\n".join(texts) + "\n").encode())

    def close(self) -> None:
        self._out.close()
