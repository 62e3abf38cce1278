"""A file of a version as a table: its columns as the reader of its format finds them, of a long one the first rows.

Files come from anywhere: as much is read as was allowed, and what can't be read is no table.
"""

import csv
import io
import json
import re
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
from tilth.sdk.previews.malformed import malformed_rows
from tilth.sdk.previews.ranges import RangeFile, head_of
from tilth.sdk.previews.seen import MalformedRows
from tilth.sdk.tables.column_names import column_names
from tilth.store.api import ObjectStore

__all__ = ["TableSample", "is_table", "table_of"]

MOST_ROWS = 50_000
_MOST_COLUMNS = 200
_MOST_QUICK = 1_000
"""Of more columns than these PyArrow's readers make so much that no memory is enough: the first ones are read row by row."""
_HEAD = 8 << 20
"""Of a table that is text."""
_MOST_READ = 64 << 20
_MOST_DECODED = 256 << 20
"""Of a row group of Parquet, with all columns that are read."""
_LARGEST_COLUMN = 64 << 20
_BLOCK = 16 << 20
_ROWS_AT_ONCE = 10_000
_MOST_GROUPS = 1_000
_AS_LONG = frozenset({"PLAIN", "RLE", "BIT_PACKED", "DELTA_LENGTH_BYTE_ARRAY"})
"""How texts are kept in Parquet so that they take as much room as they are long."""
_GUESSED = ("", "null", "none", "nan", "na", "n/a")
"""How people write that there is nothing."""
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d")
_TRUTH = {"true": True, "false": False}
_TEXT = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"?(\s*+:)?', re.DOTALL)
"""A text in JSON, and whether it is a name. It fits wherever a quote stands, so that a text is passed once."""


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
    malformed: MalformedRows | None = None
    """Rows that are left out, among the first ones."""


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
        width = min(len(head), _MOST_COLUMNS)
        shown = [line[:width] for line, _ in zip(lines, range(rows), strict=False)]
        table = _strings(text, used, len(head)) if len(head) <= _MOST_QUICK else None
        if table is None:
            table = _strings_by_row(text, used, width)
        taken = table.slice(0, MOST_ROWS)
        columns = {f"{at}": _typed(taken.column(at)) for at in range(width)}
        named = pa.table(columns).rename_columns(column_names(head[:width])) if columns else pa.table({})
        return TableSample(
            table=named,
            texts=[[*line, *[None] * (width - len(line))] for line in shown],
            whole=whole and table.num_rows <= MOST_ROWS,
            total_rows=table.num_rows if whole else None,
            total_columns=len(head),
            malformed=malformed_rows(entry.path, text, used, whole=whole),
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
    kept = (line[:width] for line in lines if line)
    rows = [[*line, *[""] * (width - len(line))] for line, _ in zip(kept, range(MOST_ROWS + 1), strict=False)]
    return pa.table({f"{at}": pa.array([row[at] for row in rows], pa.string()) for at in range(width)})


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
        table = pa_json.read_json(pa.BufferReader("\n".join(taken).encode()), read) if _has_few_names(text) else _mixed(taken)
    except pa.ArrowException:  # one column holds texts and numbers, for example
        table = _mixed(taken)
    return _sample(table, rows, whole=whole and len(lines) <= MOST_ROWS, total=len(lines) if whole else None, columns=table.num_columns)


def _has_few_names(text: str) -> bool:
    """Whether objects have no more names, at any depth, than PyArrow's reader may be asked to make columns of."""
    found: set[str] = set()
    for name in _TEXT.finditer(text):
        if name[2]:
            found.add(name[1])
            if len(found) > _MOST_QUICK:
                return False
    return True


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
        groups = _first_groups(file)
        names, at_once = _small_columns(file, groups)
        if not names:
            raise ValueError("it has no column that is small enough")
        texts = [name for name in names if _is_text(file.schema_arrow.field(name).type)]
        file = pq.ParquetFile(source, metadata=file.metadata, read_dictionary=texts, buffer_size=64 << 10, pre_buffer=False)
        batches = list(_batches(file, groups, names, at_once))
        schema = pa.schema([file.schema_arrow.field(name) for name in names])
        table = pa.Table.from_batches(batches, batches[0].schema if batches else schema)
    total = file.metadata.num_rows
    return _sample(table, rows, whole=table.num_rows == total, total=total, columns=len(file.schema_arrow.names))


def _first_groups(file: Any) -> list[int]:
    """The row groups that hold the rows which are looked at."""
    groups: list[int] = []
    rows = 0
    for number in range(min(file.metadata.num_row_groups, _MOST_GROUPS)):
        groups.append(number)
        rows += file.metadata.row_group(number).num_rows
        if rows >= MOST_ROWS:
            break
    return groups


def _batches(file: Any, groups: list[int], names: list[str], at_once: int) -> Iterator[Any]:
    """The first rows, until there are enough of them or more would have to be read than is allowed."""
    found = file.iter_batches(at_once, row_groups=groups, columns=names, use_threads=False)
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
        batch, whole = _plain(batch, _MOST_DECODED - decoded)
        if batch.num_rows:
            yield batch
        if not whole:
            return
        taken += batch.num_rows
        decoded += batch.nbytes


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind))


def _plain(batch: Any, most_bytes: int) -> tuple[Any, bool]:
    """A batch with its texts written out, which are many times larger than where each is kept once; as many rows as fit, and if all do."""
    lengths = pa.array([0] * batch.num_rows, pa.int64())
    for column in batch.columns:
        if pa.types.is_dictionary(column.type) and _is_text(column.type.value_type):
            each = pc.take(pc.binary_length(column.dictionary).cast(pa.int64()), column.indices)
            lengths = pc.add(lengths, pc.fill_null(each, 0))
    rows = pc.sum(pc.less_equal(pc.cumulative_sum(lengths), most_bytes)).as_py() or 0
    kept = batch.slice(0, rows)
    columns = [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in kept.columns]
    return pa.RecordBatch.from_arrays(columns, names=kept.schema.names), rows == batch.num_rows


def _small_columns(file: Any, groups: list[int]) -> tuple[list[str], int]:
    """The first columns, without those whose pages might not fit into memory; and how many rows are to be decoded at once.

    A text that a column of lists holds once may stand in each of them: so many rows are decoded that even then they fit.
    """
    names = list(file.schema_arrow.names[:_MOST_COLUMNS])
    if len(set(names)) < len(names):
        raise ValueError("several columns have one name")
    sizes: dict[str, int] = {}
    longest: dict[str, int] = {}
    for group in map(file.metadata.row_group, groups):
        here: dict[str, int] = {}
        for column in map(group.column, range(group.num_columns)):
            name = column.path_in_schema.partition(".")[0]
            size = column.total_uncompressed_size
            here[name] = here.get(name, 0) + size
            if column.path_in_schema != name and column.physical_type == "BYTE_ARRAY" and set(column.encodings) - _AS_LONG:
                row = size * max(1, -(-column.num_values // max(1, group.num_rows)))
                longest[name] = max(longest.get(name, 0), row)
        sizes |= {name: max(sizes.get(name, 0), size) for name, size in here.items()}
    kept: list[str] = []
    left = _MOST_DECODED
    for name in names:
        size = sizes.get(name, 0)
        if size <= min(_LARGEST_COLUMN, left):
            kept.append(name)
            left -= size
    row = sum(longest.get(name, 0) for name in kept)
    return kept, max(1, min(_ROWS_AT_ONCE, _MOST_DECODED // max(1, row)))


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
