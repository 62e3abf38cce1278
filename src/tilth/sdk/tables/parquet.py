"""Tables in Parquet: their types stay what they are; for keys and comparisons each value is read as a text."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tilth.base.errors import Invalid, TableMalformed
from tilth.sdk.tables.arrow_texts import cells_in, moment_texts, number_texts, packed_texts, texts_of
from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.plain_arrays import places_array
from tilth.sdk.tables.rows import Cell, Rows, rows_at_once

__all__ = ["ParquetTable", "ParquetWriter", "fitting", "read_alike", "shared_types", "united_type"]

_BUFFER = 1 << 20
_GROUP_ROWS = 100_000
_GROUP_BYTES = 64 << 20
_SINGLE_DIGITS = 6
_DOUBLE_DIGITS = 15
"""As many decimal digits are not lost in numbers of such a precision."""
_UNITS = ("s", "ms", "us", "ns")


class ParquetTable:
    """A file of Parquet. One that is damaged can't be read in part: what says where the rows are stands at its end."""

    unit = "row"

    def __init__(self, source: Source, problems: Problems) -> None:
        self.label = source.label
        self._source = source
        self._problems = problems
        with source.open() as file:
            try:
                opened = pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)
                self.schema: pa.Schema = _without_views(opened.schema_arrow)
                groups = opened.metadata.num_row_groups
                codec = opened.metadata.row_group(0).column(0).compression if groups and len(self.schema) else "SNAPPY"
            except (pa.ArrowException, OSError, IndexError) as error:
                raise self._broken(error) from error
        self.compression = "NONE" if codec == "UNCOMPRESSED" else codec
        if len(set(self.schema.names)) < len(self.schema.names):
            twice = next(name for name in self.schema.names if self.schema.names.count(name) > 1)
            raise Invalid(f"{self.label} has two columns {twice!r:.100}", hint="write it again with names that differ")
        self.columns: Sequence[str] = self.schema.names
        self._alike: dict[str, pa.DataType] = {}
        self._numbers: frozenset[str] = frozenset()

    def read_as(self, types: dict[str, Any]) -> None:
        """Have the texts of these columns be those of other types, which hold the same values: 1.5 and 1.50 of two decimals are one."""
        self._alike = {name: kind for name, kind in types.items() if name in self.columns}

    def rows(self) -> Iterator[Rows]:
        self._problems.begin(self.label)
        done = 0
        for batch in self.batches():
            yield _Rows(range(done + 1, done + 1 + batch.num_rows), self._cast(batch), batch)
            done += batch.num_rows

    def _cast(self, batch: Any) -> Any:
        """The rows as their texts are to be."""
        for name, kind in self._alike.items():
            at = self.columns.index(name)
            batch = batch.set_column(at, name, _alike(batch.column(at), kind))
        return batch

    def holds_as(self, name: str, kind: Any) -> bool:
        """Whether all values of a column can be of another type without being others."""
        return all(_converted(batch.column(0), kind) is not None for batch in self.batches(columns=[name]))

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows with their types, of some columns or of all."""
        done = 0
        with self._source.open() as file:
            try:
                opened = pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)
                for batch in opened.iter_batches(rows_at_once(len(self.columns)), columns=columns, use_threads=False):
                    if batch.num_rows:
                        yield batch if batch.schema.equals(plain := _without_views(batch.schema)) else batch.cast(plain)
                        done += batch.num_rows
            except (pa.ArrowException, OSError) as error:
                raise self._broken(error, f"row {done + 1:,} or one behind it") from error

    def types(self) -> dict[str, str]:
        return {field.name: str(field.type) for field in self.schema}

    def _broken(self, error: Exception, where: str = "") -> TableMalformed:
        said = str(error).partition("\n")[0].rstrip(".")[:200]
        place = f"{self.label}, {where}" if where else self.label
        return TableMalformed(f"{place}: it is no Parquet file, or a damaged one: {said}", hint="replace it in the version")


class _Rows(Rows):
    """Rows of a record batch. What they say is put together column by column, where no text of them has to be escaped."""

    def __init__(self, lines: Sequence[int], seen: Any, batch: Any = None) -> None:
        super().__init__(lines, partial(_texts_in, seen), batch=batch)
        self._seen = seen

    def packed(self, places: Sequence[int | None], *, empty: bool = True) -> Sequence[bytes]:
        return packed_texts(self._seen, places, empty=empty) or super().packed(places, empty=empty)

    def cells_at(self, chosen: Sequence[int], places: Sequence[int | None]) -> Any:
        return cells_in(self._seen.take(places_array(chosen)), places)


def _without_views(schema: Any) -> Any:
    """The same columns, texts and bytes as Arrow has always had them: most of what it does with columns is not made for the newer ones."""
    plain = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
    for at, field in enumerate(schema):
        if field.type in plain:
            schema = schema.set(at, field.with_type(plain[field.type]))
    return schema


def _texts_in(batch: Any) -> list[tuple[Cell, ...]]:
    return list(zip(*map(texts_of, batch.columns), strict=True))


def read_alike(tables: Sequence[ParquetTable], types: dict[str, Any]) -> None:
    """Have all give the same texts for the same values of columns, also where their types differ: `types` hold the values of all."""
    differing = {}
    for name, kind in types.items():
        own = [table.schema.field(name).type for table in tables if name in table.columns]
        if any(one != own[0] for one in own):
            differing[name] = _numbers(own) or kind
    for table in tables:
        table.read_as({name: kind for name, kind in differing.items() if not pa.types.is_string(kind)})


def shared_types(one: ParquetTable, other: ParquetTable) -> dict[str, Any]:
    """The types that hold the values of both, of the columns that both have."""
    both = [name for name in one.columns if name in set(other.columns)]
    types = {name: united_type(one.schema.field(name).type, other.schema.field(name).type) for name in both}
    return {name: kind for name, kind in types.items() if kind is not None}


def _numbers(kinds: Sequence[Any]) -> Any:
    """A type for numbers some of which are whole, where all of `kinds` are numbers; no type holds all of them."""
    plain = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in kinds if not pa.types.is_null(kind)]
    are_numbers = all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in plain)
    return pa.float64() if are_numbers and any(map(pa.types.is_floating, plain)) else None


def _alike(column: Any, kind: Any) -> Any:
    """The column as its texts are to be, beside others of the type `kind` or of one whose values that type has as well."""
    if pa.types.is_floating(kind) and not pa.types.is_decimal(column.type):
        return number_texts(column)
    if pa.types.is_timestamp(kind):
        return moment_texts(column)
    with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):  # what has no such type is equal to nothing that has it
        column = pc.cast(column, kind, safe=True)
    return number_texts(column) if pa.types.is_nested(kind) or pa.types.is_floating(kind) else column


def _converted(column: Any, kind: Any) -> Any:
    """The same values as another type; None if some would be others."""
    try:
        return column if column.type == kind else pc.cast(column, kind, safe=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    if pa.types.is_integer(column.type) and pa.types.is_floating(kind):  # of the large ones not all are refused with reason
        found = pc.cast(column, kind, safe=False)
        return found if number_texts(found).equals(number_texts(column)) else None
    return None


def united_type(one: Any, other: Any) -> Any:
    """The type that holds the values of both without changing any; None if there is none."""
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    one, other = (kind.value_type if pa.types.is_dictionary(kind) else kind for kind in (one, other))
    if pa.types.is_timestamp(one) and pa.types.is_timestamp(other) and one.tz and other.tz:  # moments, wherever they are told
        return pa.timestamp(max(one.unit, other.unit, key=_UNITS.index), one.tz if one.tz == other.tz else "UTC")
    try:
        (field,) = pa.unify_schemas([pa.schema([("", one)]), pa.schema([("", other)])], promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return None
    kinds = (one, other)
    if pa.types.is_integer(field.type) and any(map(pa.types.is_uint64, kinds)) and not all(map(pa.types.is_unsigned_integer, kinds)):
        return None  # half of the large numbers would not fit
    if pa.types.is_float16(field.type) and any(map(pa.types.is_integer, kinds)):
        return None
    if pa.types.is_floating(field.type) and any(map(pa.types.is_decimal, kinds)):
        return _decimal_as_floating(*kinds)
    if pa.types.is_floating(field.type) and any(map(pa.types.is_integer, kinds)):
        return pa.float64()
    return field.type


def _decimal_as_floating(*kinds: Any) -> Any:
    """A floating type that tells all decimals apart, if there is one: their digits come back when it is rounded to as many."""
    digits = max(kind.precision for kind in kinds if pa.types.is_decimal(kind))
    is_single = all(pa.types.is_decimal(kind) or pa.types.is_float32(kind) for kind in kinds)
    if is_single and digits <= _SINGLE_DIGITS:
        return pa.float32()
    return pa.float64() if digits <= _DOUBLE_DIGITS and not any(map(pa.types.is_float16, kinds)) else None


class ParquetWriter:
    """Writes a file of Parquet: row groups of as many rows as fit into some memory, so that the same rows give the same bytes."""

    def __init__(self, file: Any, schema: Any, compression: str) -> None:
        self._schema = schema
        codec = compression if compression in ("NONE", "SNAPPY", "GZIP", "BROTLI", "ZSTD") else "ZSTD"
        self._writer = pq.ParquetWriter(file, schema, compression=codec)
        self._waiting: list[Any] = []
        self._rows = self._bytes = 0

    def write(self, batch: Any) -> None:
        """Write rows that have the schema."""
        self._waiting.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema), row_group_size=self._rows)
            self._waiting, self._rows, self._bytes = [], 0, 0

    def close(self) -> None:
        """Write what is left, and what says where the rows are."""
        self._flush()
        self._writer.close()


def fitting(batch: Any, schema: Any, label: str) -> Any:
    """The rows with the columns of `schema`: with other types where those hold the same values, with nothing where there is no column."""
    columns = []
    for field in schema:
        at = batch.schema.get_field_index(field.name)
        if at < 0:
            columns.append(pa.nulls(batch.num_rows, field.type))
            continue
        column = batch.column(at)
        if pa.types.is_string(field.type) and not pa.types.is_string(column.type):
            columns.append(pa.array(texts_of(column), pa.string()))
            continue
        converted = _converted(column, field.type)
        if converted is None:
            raise Invalid(
                f"{label}: column {field.name!r:.100} is {column.type}, and as {field.type} some of its values would be others",
                hint="make the types equal, or write them as texts with --mixed-types text (mixed_types='text')",
            )
        columns.append(converted)
    return pa.RecordBatch.from_arrays(columns, schema=schema)
