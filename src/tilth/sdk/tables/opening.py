"""The right reader for a file that holds a table."""

from collections.abc import Callable
from importlib import import_module

from tilth.sdk.tables.formats import Kind, Source
from tilth.sdk.tables.json_lines import JsonTable
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.rows import Table
from tilth.sdk.tables.separated import SeparatedTable

__all__ = ["open_table"]


def open_table(source: Source, problems: Problems) -> Table:
    """The table in a file; rows of it that can't be read are told to `problems`. What names its columns is read at once."""
    return _READERS[source.format.kind](source, problems)


def _parquet(source: Source, problems: Problems) -> Table:
    made: Table = import_module("tilth.sdk.tables.parquet").ParquetTable(source, problems)
    return made


_READERS: dict[Kind, Callable[[Source, Problems], Table]] = {
    Kind.CSV: SeparatedTable,
    Kind.TSV: SeparatedTable,
    Kind.JSON_LINES: JsonTable,
    Kind.PARQUET: _parquet,
}
