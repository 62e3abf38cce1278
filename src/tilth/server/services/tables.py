"""A file of a version as a table: its columns as the reader of its format finds them, of a long one the first rows.

Files come from anywhere: as much is read as was allowed, and what can't be read is no table.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq
from msgspec import Struct

from tilth.base.errors import TilthError
from tilth.domain.dataset import Entry
from tilth.sdk.previews.ranges import RangeFile, head_of
from tilth.store.api import ObjectStore

__all__ = ["TableSample", "is_table", "table_of"]

MOST_ROWS = 50_000
_MOST_COLUMNS = 200
_HEAD = 8 << 20
"""Of a table that is text."""
_MOST_READ = 64 << 20
_MOST_DECODED = 256 << 20
"""Of a row group of Parquet, with all columns that are read."""
_LARGEST_COLUMN = 64 << 20
_BLOCK = 16 << 20
_GUESSED = ("", "null", "none", "nan", "na", "n/a")
"""How people write that there is nothing."""
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d")
_TRUTH = {"true": True, "false": False}


class TableSample(Struct, frozen=True, kw_only=True):
    """The first rows of a table, all of them if it is `whole`."""

    table: pa.Table
    """Columns with the types that they seem to have; where nothing stands, null."""
    texts: list[list[str | None]]
    """The first rows as they stand in the file, or as a person reads them."""
    whole: bool
    total_rows: int | None
    """How many there are, where the file says."""
    total_columns: int


def is_table(path: str) -> bool:
    """Whether the name says that a file is a table which can be read."""
    return path.rpartition(".")[2].lower() in _READERS


def table_of(store: ObjectStore, entry: Entry, *, rows: int) -> TableSample | None:
    """The table in a file, with `rows` of its rows as texts; None if it is none."""
    reader = _READERS.get(entry.path.rpartition(".")[2].lower())
    try:
        found = reader(store, entry, rows) if reader else None
    except (TilthError, pa.ArrowException, csv.Error, OSError, ValueError, TypeError, LookupError, OverflowError, RecursionError):
        return None
    return found if found is not None and found.table.num_columns else None


def _text(store: ObjectStore, entry: Entry) -> tuple[str, bool]:
    """The beginning of a file in whole lines, and whether that is all; raises `ValueError` if it is no text."""
    data = head_of(store, entry, _HEAD)
    whole = len(data) == entry.size
    text = data.decode("utf-8-sig", "strict" if whole else "ignore")
    if "\x00" in text or (not whole and len(data) - len(text.encode()) > 8):  # more was left out than a character that was cut
        raise ValueError("it is no text")
    return (text if whole else text[: text.rfind("\n") + 1]), whole


def _separated(delimiter: str) -> Callable[[ObjectStore, Entry, int], TableSample]:
    def read(store: ObjectStore, entry: Entry, rows: int) -> TableSample:
        text, whole = _text(store, entry)
        first = text.partition("\n")[0]
        used = ";" if delimiter == "," and first.count(";") > first.count(",") else delimiter
        lines = (line for line in csv.reader(io.StringIO(text, newline=""), delimiter=used) if line)
        head = next(lines, [])
        shown = [line for line, _ in zip(lines, range(rows), strict=False)]
        table = _strings(text, used, len(head))
        if table is None:
            table = _strings_by_row(text, used, len(head))
        taken = table.slice(0, MOST_ROWS)
        columns = {f"{at}": _typed(taken.column(at)) for at in range(min(len(head), _MOST_COLUMNS))}
        named = pa.table(columns).rename_columns(_names(head[:_MOST_COLUMNS])) if columns else pa.table({})
        return TableSample(
            table=named,
            texts=[[*line, *[None] * (len(head) - len(line))][: named.num_columns] for line in shown],
            whole=whole and table.num_rows <= MOST_ROWS,
            total_rows=table.num_rows if whole else None,
            total_columns=len(head),
        )

    return read


def _strings(text: str, delimiter: str, width: int) -> pa.Table | None:
    """The rows below the first as columns of text; None if the quick reader can't make sense of them."""
    names = [f"{at}" for at in range(width)]
    try:
        return pa_csv.read_csv(
            pa.BufferReader(text.encode()),
            pa_csv.ReadOptions(column_names=names, skip_rows=1, block_size=_BLOCK, use_threads=False),
            pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=lambda _: "skip"),
            pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except (pa.ArrowException, UnicodeEncodeError):
        return None


def _strings_by_row(text: str, delimiter: str, width: int) -> pa.Table:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    next(lines, None)
    rows = [[*line, *[""] * width][:width] for line, _ in zip((line for line in lines if line), range(MOST_ROWS + 1), strict=False)]
    return pa.table({f"{at}": pa.array([row[at] for row in rows], pa.string()) for at in range(width)})


def _names(head: list[str]) -> list[str]:
    return [name.strip() for name in head]


def _typed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts as what all of them are: whole numbers, numbers, yes or no, times; nulls where nothing stands."""
    trimmed = pc.utf8_trim_whitespace(texts)
    missing = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(_GUESSED))
    said = pc.if_else(missing, pa.scalar(None, pa.string()), trimmed)
    if said.null_count == len(said):
        return pa.chunked_array([pa.nulls(len(said))])
    for attempt in (*(_as(kind) for kind in (pa.int64(), pa.float64())), _as_truth, *(_as_date(form) for form in _DATES), _as_time):
        try:
            return attempt(said)
        except (pa.ArrowException, ValueError):
            continue
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _as(kind: pa.DataType) -> Callable[[pa.ChunkedArray], pa.ChunkedArray]:
    return lambda said: said.cast(kind)


def _as_truth(said: pa.ChunkedArray) -> pa.ChunkedArray:
    lower = pc.utf8_lower(said)
    if not pc.all(pc.is_in(lower.drop_null(), value_set=pa.array(list(_TRUTH)))).as_py():
        raise ValueError("it is neither true nor false")
    return pc.equal(lower, "true")


def _as_time(said: pa.ChunkedArray) -> pa.ChunkedArray:
    if pc.any(pc.match_substring_regex(said, r"(Z|[+-]\d\d:?\d\d)$")).as_py():
        return said.cast(pa.timestamp("us", "UTC"))
    return said.cast(pa.timestamp("us"))


def _as_date(form: str) -> Callable[[pa.ChunkedArray], pa.ChunkedArray]:
    return lambda said: pc.strptime(said, format=form, unit="s").cast(pa.date32())


def _json_lines(store: ObjectStore, entry: Entry, rows: int) -> TableSample:
    text, whole = _text(store, entry)
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or not all(line.lstrip().startswith("{") for line in lines[:20]):
        raise ValueError("it is no table")
    taken = lines[:MOST_ROWS]
    try:
        read = pa_json.ReadOptions(use_threads=False, block_size=_BLOCK)
        table = pa_json.read_json(pa.BufferReader("\n".join(taken).encode()), read)
    except pa.ArrowException:  # one column holds texts and numbers, for example
        table = _mixed(taken)
    return _sample(table, rows, whole=whole and len(lines) <= MOST_ROWS, total=len(lines) if whole else None, columns=table.num_columns)


def _mixed(lines: list[str]) -> pa.Table:
    found = [json.loads(line) for line in lines]
    names = list(dict.fromkeys(str(name) for row in found for name in row))[:_MOST_COLUMNS]
    columns = {}
    for name in names:
        values = [row.get(name) for row in found]
        texts = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
        columns[name] = pa.array(texts, pa.string())
    return pa.table(columns)


def _parquet(store: ObjectStore, entry: Entry, rows: int) -> TableSample:
    with RangeFile(store, entry, most_bytes=_MOST_READ) as source:
        file = pq.ParquetFile(source, buffer_size=64 << 10, pre_buffer=False)
        names = _small_columns(file)
        if not names:
            raise ValueError("it has no column that is small enough")
        batches = list(_batches(file, names))
        schema = pa.schema([file.schema_arrow.field(name) for name in names])
        table = pa.Table.from_batches(batches, batches[0].schema if batches else schema)
    total = file.metadata.num_rows
    return _sample(table, rows, whole=table.num_rows == total, total=total, columns=len(file.schema_arrow.names))


def _batches(file: Any, names: list[str]) -> Iterator[Any]:
    """The first rows, until there are enough of them or more would have to be read than is allowed."""
    found = file.iter_batches(10_000, columns=names, use_threads=False)
    taken = decoded = 0
    while taken < MOST_ROWS and decoded < _MOST_DECODED:
        try:
            batch = next(found, None)
        except TilthError:  # it is said that these are only the first rows
            if taken:
                return
            raise
        if batch is None:
            return
        taken += batch.num_rows
        decoded += batch.nbytes
        yield batch


def _small_columns(file: Any) -> list[str]:
    """The first columns; those whose pages might not fit into memory are left out."""
    names = list(file.schema_arrow.names[:_MOST_COLUMNS])
    if len(set(names)) < len(names):
        raise ValueError("several columns have one name")
    sizes: dict[str, int] = {}
    for group in map(file.metadata.row_group, range(min(1, file.metadata.num_row_groups))):
        for column in map(group.column, range(group.num_columns)):
            name = column.path_in_schema.partition(".")[0]
            sizes[name] = sizes.get(name, 0) + column.total_uncompressed_size
    kept: list[str] = []
    left = _MOST_DECODED
    for name in names:
        size = sizes.get(name, 0)
        if size <= min(_LARGEST_COLUMN, left):
            kept.append(name)
            left -= size
    return kept


def _sample(table: pa.Table, rows: int, *, whole: bool, total: int | None, columns: int) -> TableSample:
    table = table.select(range(min(table.num_columns, _MOST_COLUMNS)))
    shown = table.slice(0, rows)
    cells = [[_written(value) for value in column.to_pylist()] for column in shown.columns]
    texts = [list(row) for row in zip(*cells, strict=True)] if cells else []
    return TableSample(table=table.slice(0, MOST_ROWS), texts=texts, whole=whole, total_rows=total, total_columns=columns)


def _written(value: Any) -> str | None:
    """A value as a person reads it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(_without_bytes(value), default=str, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _without_bytes(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, dict):
        return {str(name): _without_bytes(one) for name, one in value.items()}
    return [_without_bytes(one) for one in value] if isinstance(value, (list, tuple)) else value


_READERS: dict[str, Callable[[ObjectStore, Entry, int], TableSample]] = {
    "csv": _separated(","),
    "tsv": _separated("\t"),
    "tab": _separated("\t"),
    "jsonl": _json_lines,
    "ndjson": _json_lines,
    "parquet": _parquet,
    "pq": _parquet,
}
