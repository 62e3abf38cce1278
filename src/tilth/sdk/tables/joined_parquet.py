"""Tables of Parquet as one: the types of their columns united where that changes no value, texts where that is wanted."""

from collections.abc import Sequence
from typing import IO, Any

import pyarrow as pa

from tilth.base.errors import Invalid
from tilth.sdk.tables.parquet import ParquetTable, ParquetWriter, fitting, read_alike, united_type
from tilth.sdk.tables.plain_arrays import places_array
from tilth.sdk.tables.rows import Rows, Table

__all__ = ["ParquetJoiner"]


class ParquetJoiner:
    """Writes rows of several tables of Parquet into one file."""

    def __init__(self, tables: Sequence[Table], columns: Sequence[str], file: IO[bytes], *, as_texts: bool) -> None:
        parts = [table for table in tables if isinstance(table, ParquetTable)]
        self._schema = _united(parts, columns, as_texts=as_texts)
        read_alike(parts, {field.name: field.type for field in self._schema})
        self._writer = ParquetWriter(file, self._schema, parts[0].compression)

    def write(self, table: Table, rows: Rows, chosen: Sequence[int] | None) -> None:
        batch = rows.batch if chosen is None else rows.batch.take(places_array(chosen))
        if batch.num_rows:
            self._writer.write(batch if batch.schema.equals(self._schema) else fitting(batch, self._schema, table.label))

    def close(self) -> None:
        self._writer.close()


def _united(tables: Sequence[ParquetTable], columns: Sequence[str], *, as_texts: bool) -> Any:
    if all(table.schema.equals(tables[0].schema) for table in tables) and list(columns) == tables[0].schema.names:
        return tables[0].schema
    fields = []
    names = [set(table.columns) for table in tables]
    for name in columns:
        having = [table for table, own in zip(tables, names, strict=True) if name in own]
        kind = having[0].schema.field(name).type
        for table in having[1:]:
            other = table.schema.field(name).type
            united = united_type(kind, other)
            if united is None and not as_texts:
                raise Invalid(
                    f"column {name!r:.100} is {kind} in {having[0].label} and {other} in {table.label}",
                    hint="make the types equal, or write such columns as texts with --mixed-types text (mixed_types='text')",
                )
            kind = pa.string() if united is None else united
        if as_texts and any(not table.holds_as(name, kind) for table in having if not pa.types.is_string(kind)):
            kind = pa.string()
        fields.append(pa.field(name, kind))
    return pa.schema(fields)
