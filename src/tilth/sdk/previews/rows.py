"""The first rows of a table, of whatever format, as texts."""

import csv
import io
import json
import struct
from collections.abc import Callable
from importlib import import_module
from typing import IO, Any, cast

from tilth.base.errors import TilthError
from tilth.sdk.previews.arrays import arrow_columns, numpy_arrays
from tilth.sdk.previews.ranges import Peeked
from tilth.sdk.tables.column_names import column_names
from tilth.sdk.tables.excel import opened_sheet

__all__ = ["MOST_READ", "MOST_UNPACKED", "SEPARATORS", "delimiter_of", "first_rows", "small_columns", "text_of_head"]

_MOST_ROWS = 20
_MOST_COLUMNS = 20
_LONGEST_CELL = 100
_HEAD = 64 << 10
MOST_READ = 48 << 20
"""More of a file of columns is not read."""
MOST_UNPACKED = 64 << 20
"""A workbook of Excel that is larger when it is unpacked is not shown."""
_LARGEST_COLUMN = 64 << 20
SEPARATORS = {"csv": ",", "tsv": "\t", "tab": "\t"}
"""What usually stands between cells, by how the name of a file ends."""

Rows = list[list[str]]


def first_rows(peeked: Peeked) -> Rows | None:
    """The names of the columns, and at most 20 rows of at most 20 columns; None if the file is no table."""
    kind = peeked.path.rpartition(".")[2].lower()
    reader = _READERS.get(kind)
    try:
        rows = reader(peeked) if reader else None
    except (
        TilthError,
        csv.Error,
        OSError,
        ValueError,
        TypeError,
        LookupError,
        RuntimeError,
        OverflowError,
        MemoryError,
        SyntaxError,
        struct.error,
    ):
        return None
    if not rows or not any(cell.strip() for row in rows for cell in row):
        return None
    width = min(max(map(len, rows)), _MOST_COLUMNS)
    found = [(row + [""] * width)[:width] for row in rows[: _MOST_ROWS + 1]]
    if kind in _NAMED_BY_A_ROW:
        found[0] = column_names(found[0])
    return [list(map(_cell, row)) for row in found]


def text_of_head(peeked: Peeked, length: int = _HEAD) -> str:
    """The beginning of a file in whole lines; raises `ValueError` if it is no text."""
    data = peeked.head(length)
    whole = len(data) == peeked.size
    text = data.decode("utf-8-sig", "strict" if whole else "ignore")
    unknown = 0 if whole else len(data) - len(text.encode())
    if "\x00" in text or unknown > 8:  # more was left out than a character that was cut
        raise ValueError("it is no text")
    return text if whole else text[: text.rfind("\n") + 1]


def delimiter_of(text: str, usual: str) -> str:
    """What stands between cells: the usual mark of such files, or the semicolon of some spreadsheets."""
    first = text.partition("\n")[0]
    return ";" if usual == "," and first.count(";") > first.count(",") else usual


def _separated(delimiter: str) -> Callable[[Peeked], Rows]:
    def read(peeked: Peeked) -> Rows:
        text = text_of_head(peeked)
        rows: Rows = []
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text, delimiter)):
            if row:
                rows.append(row[: _MOST_COLUMNS + 1])
            if len(rows) > _MOST_ROWS:
                break
        return rows

    return read


def _json_lines(peeked: Peeked) -> Rows:
    lines = [line for line in text_of_head(peeked).split("\n") if line.strip()][:_MOST_ROWS]
    found = [json.loads(line) for line in lines]
    if not all(isinstance(row, dict) for row in found):
        raise ValueError("it is no table")
    names = list(dict.fromkeys(name for row in found for name in row))[:_MOST_COLUMNS]
    return [names, *([_value(row[name]) if name in row else "" for name in names] for row in found)]


def _parquet(peeked: Peeked) -> Rows:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    with peeked.open(most_bytes=MOST_READ) as source:
        try:
            file = parquet.ParquetFile(source, buffer_size=64 << 10, pre_buffer=False)
            names = small_columns(file)
            groups = [0] if file.metadata.num_row_groups and names else []
            batch = next(file.iter_batches(_MOST_ROWS, row_groups=groups, columns=names, use_threads=False), None) if groups else None
            rows = batch.slice(0, _MOST_ROWS).to_pylist() if batch is not None else []
        except arrow.ArrowException as error:
            raise ValueError(f"it can't be read: {error}") from error
    return [names, *([_value(row[name]) for name in names] for row in rows)]


def _excel(peeked: Peeked) -> Rows:
    with (
        peeked.open(most_bytes=MOST_READ) as source,
        opened_sheet(
            cast("IO[bytes]", source), peeked.path, most_rows=_MOST_ROWS + 1, most_columns=_MOST_COLUMNS, most_unpacked=MOST_UNPACKED
        ) as rows,
    ):
        found = list(rows)
    width = max((at + 1 for row in found for at in row), default=0)
    return [[_value(row.get(at)) for at in range(width)] for row in found]


def small_columns(file: Any, *, most: int = _MOST_COLUMNS) -> list[str]:
    """The first columns; those whose pages might not fit into memory are left out."""
    if not file.metadata.num_row_groups:
        return list(file.schema_arrow.names[:most])
    group = file.metadata.row_group(0)
    sizes: dict[str, int] = {}
    for number in range(group.num_columns):
        column = group.column(number)
        name = column.path_in_schema.partition(".")[0]
        sizes[name] = sizes.get(name, 0) + column.total_uncompressed_size
    return [name for name in file.schema_arrow.names if sizes.get(name, 0) <= _LARGEST_COLUMN][:most]


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str)
    return str(value)


def _cell(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"


_NAMED_BY_A_ROW = frozenset({*SEPARATORS, "xlsx", "xlsm"})
_READERS: dict[str, Callable[[Peeked], Rows]] = {
    **{suffix: _separated(separator) for suffix, separator in SEPARATORS.items()},
    "jsonl": _json_lines,
    "ndjson": _json_lines,
    "parquet": _parquet,
    "pq": _parquet,
    "npy": numpy_arrays,
    "npz": numpy_arrays,
    "arrow": arrow_columns,
    "feather": arrow_columns,
    "xlsx": _excel,
    "xlsm": _excel,
}
