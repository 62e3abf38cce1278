"""What the columns of a table are: their types, how many values are missing, and how the others lie, of the table's first rows."""

import csv
import io
import json
from collections.abc import Callable
from importlib import import_module
from itertools import islice
from typing import IO, Any, cast

from tilth.base.errors import TilthError
from tilth.sdk.previews.ranges import Peeked
from tilth.sdk.previews.rows import MOST_READ, MOST_UNPACKED, SEPARATORS, delimiter_of, small_columns, text_of_head
from tilth.sdk.previews.seen import Column, Columns
from tilth.sdk.tables.cell_texts import text_of
from tilth.sdk.tables.column_names import column_names
from tilth.sdk.tables.excel import as_column, opened_sheet
from tilth.sdk.tables.plain_arrays import is_plain, number_of, plain_array

__all__ = ["columns_of"]

_HEAD = 1 << 20
_MOST_ROWS = 10_000
_ROWS_AT_ONCE = 250
_MOST_DECODED = 64 << 20
"""A text that a file holds once, for all its rows, is as large in memory as they are many."""
_MOST_COLUMNS = 100
_WIDEST = 1_000
_BINS = 20
_MOST_DISTINCT = 20
_LONGEST = 40


def columns_of(peeked: Peeked) -> Columns | None:
    """What is known of a table's columns; None if the file is no table whose columns have types."""
    reader = _READERS.get(peeked.path.rpartition(".")[2].lower())
    if reader is None:
        return None
    try:
        table, is_all = reader(peeked)
        found = tuple(_column(name, column) for name, column in zip(table.column_names, table.columns, strict=True))
    except (
        TilthError,
        csv.Error,
        OSError,
        ValueError,
        MemoryError,
        TypeError,
        LookupError,
        RuntimeError,
        OverflowError,
        import_module("pyarrow").ArrowException,
    ):
        return None
    return Columns(table.num_rows, is_all, found[:_MOST_COLUMNS]) if found and table.num_rows else None


def _separated(delimiter: str) -> Callable[[Peeked], tuple[Any, bool]]:
    def read(peeked: Peeked) -> tuple[Any, bool]:
        arrow_csv = import_module("pyarrow.csv")
        text = text_of_head(peeked, _HEAD)
        used = delimiter_of(text, delimiter)
        _require_few(text, used)
        options = {
            "parse_options": arrow_csv.ParseOptions(delimiter=used, invalid_row_handler=lambda _: "skip"),
            "convert_options": arrow_csv.ConvertOptions(strings_can_be_null=True),
            "read_options": arrow_csv.ReadOptions(use_threads=False),
        }
        table = arrow_csv.read_csv(io.BytesIO(text.encode()), **options)
        whole = len(text.encode()) >= peeked.size - 3  # a mark of UTF-8 is not in it
        return table.rename_columns(column_names(table.column_names)), whole

    return read


def _require_few(text: str, delimiter: str) -> None:
    """Each column costs Arrow's reader memory and time, and a megabyte has room for a million of them."""
    longest = max((line.count(delimiter) for line in text.split("\n")), default=0)
    first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    if max(longest, len(first)) > _WIDEST:
        raise ValueError("it has too many columns")


def _json_lines(peeked: Peeked) -> tuple[Any, bool]:
    # Not by Arrow's own reader: what is nested deep enough ends its process.
    arrow = import_module("pyarrow")
    text = text_of_head(peeked, _HEAD)
    lines = [line for line in text.split("\n") if line.strip()]
    rows = [json.loads(line) for line in lines[:_MOST_ROWS]]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("it is no table")
    names = list(islice(dict.fromkeys(name for row in rows for name in row), _MOST_COLUMNS))
    whole = len(lines) <= _MOST_ROWS and len(text.encode()) >= peeked.size - 3
    return arrow.table({name: _array([row.get(name) for row in rows]) for name in names}), whole


def _array(values: list[Any]) -> Any:
    """Values of one type as they are; those of several, and what is nested, as JSON."""
    return plain_array(values if is_plain(values) else [None if value is None else json.dumps(value) for value in values])


def _parquet(peeked: Peeked) -> tuple[Any, bool]:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    with peeked.open(most_bytes=MOST_READ) as source:
        file = parquet.ParquetFile(source, buffer_size=64 << 10, pre_buffer=False)
        names = small_columns(file, most=_MOST_COLUMNS)
        groups = [0] if file.metadata.num_row_groups and names else []
        batches = []
        rows = size = 0
        for batch in file.iter_batches(_ROWS_AT_ONCE, row_groups=groups, columns=names, use_threads=False) if groups else ():
            batches.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows >= _MOST_ROWS or size >= _MOST_DECODED:
                break
        if not batches:
            raise ValueError("it has no rows")
        table = arrow.Table.from_batches(batches).slice(0, _MOST_ROWS).combine_chunks()
        return table, table.num_rows == file.metadata.num_rows


def _excel(peeked: Peeked) -> tuple[Any, bool]:
    arrow = import_module("pyarrow")
    with (
        peeked.open(most_bytes=MOST_READ) as source,
        opened_sheet(
            cast("IO[bytes]", source), peeked.path, most_rows=_MOST_ROWS + 2, most_columns=_MOST_COLUMNS, most_unpacked=MOST_UNPACKED
        ) as opened,
    ):
        header, *rows = list(opened)
    places = sorted(set(header).union(*rows))
    names = column_names([text_of(header.get(at)) for at in range(places[-1] + 1)]) if places else []
    columns = [as_column(arrow, [row.get(at) for row in rows[:_MOST_ROWS]]) for at in places]
    return arrow.table(columns, names=[names[at] for at in places]), len(rows) <= _MOST_ROWS


def _column(name: str, column: Any) -> Column:
    # No value of Python's is given to Arrow's functions, which would load pandas to look at it.
    compute, types = import_module("pyarrow.compute"), import_module("pyarrow.types")
    kind = column.type
    nothing = compute.is_null(column, nan_is_null=True)
    missing = _count(nothing)
    if types.is_string(kind):
        missing += len(column) - column.null_count - _count(compute.cast(compute.binary_length(column), import_module("pyarrow").bool_()))
    if types.is_nested(kind) or types.is_null(kind) or types.is_binary(kind) or types.is_dictionary(kind):
        return Column(name, str(kind), missing, "", "")
    known = column.filter(compute.invert(nothing))
    ends = compute.min_max(known)
    low, high = _value(ends["min"]), _value(ends["max"])
    if low is None:
        return Column(name, str(kind), missing, "", "")
    is_number = types.is_integer(kind) or types.is_floating(kind)
    bars = _few(known) or (_ranges(known, float(low), float(high)) if is_number else ())
    return Column(name, str(kind), missing, _short(low), _short(high), bars)


def _count(truths: Any) -> int:
    return int(import_module("pyarrow.compute").sum(truths).as_py() or 0)


def _value(scalar: Any) -> Any:
    """A value as Python has it; a time by the nanosecond, which Python does not have, as a text."""
    arrow = import_module("pyarrow")
    if import_module("pyarrow.types").is_temporal(scalar.type) and getattr(scalar.type, "unit", "") == "ns":
        return scalar.cast(arrow.string()).as_py()
    return scalar.as_py()


def _few(known: Any) -> tuple[tuple[str, int], ...]:
    """How often each value is there, if there are few different ones that come more than once."""
    found = known.value_counts()
    if not 0 < len(found) <= _MOST_DISTINCT or len(found) == len(known):
        return ()
    counts = [(_value(item["values"]), item["counts"].as_py()) for item in found]
    return tuple((_short(value), number) for value, number in sorted(counts))


def _ranges(known: Any, low: float, high: float) -> tuple[tuple[str, int], ...]:
    """How many values lie in each of a number of equal ranges."""
    compute, arrow = import_module("pyarrow.compute"), import_module("pyarrow")
    width = (high - low) / _BINS
    if not 0 < width < float("inf"):
        return ()
    numbers = compute.cast(known, arrow.float64(), safe=False)
    bins = compute.floor(compute.divide(compute.subtract(numbers, number_of(low)), number_of(width)))
    bins = compute.cast(compute.min_element_wise(bins, number_of(_BINS - 1)), arrow.int64())
    counts = [0] * _BINS
    for item in bins.value_counts():
        counts[item["values"].as_py()] += item["counts"].as_py()
    return tuple((f"{low + at * width:.4g}", number) for at, number in enumerate(counts))


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


_READERS: dict[str, Callable[[Peeked], tuple[Any, bool]]] = {
    **{suffix: _separated(separator) for suffix, separator in SEPARATORS.items()},
    "jsonl": _json_lines,
    "ndjson": _json_lines,
    "parquet": _parquet,
    "pq": _parquet,
    "xlsx": _excel,
    "xlsm": _excel,
}
