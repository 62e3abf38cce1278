"""What stands for a table in SQL: a view of DuckDB over its files, which have the names and the separators that other commands see."""

import re
from collections.abc import Sequence

from tilth.base.errors import Invalid
from tilth.sdk.tables.column_names import column_names
from tilth.sdk.tables.formats import Kind, Source
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.separated import SeparatedTable

__all__ = ["text_in_sql", "view_of"]


def view_of(name: str, sources: Sequence[Source], *, as_texts: bool) -> str:
    """The statement that makes `name` a view of all rows in some files of one kind, whose columns are put together by their names."""
    kinds = {source.format.kind for source in sources}
    if len(kinds) > 1:
        message = f"{name} means tables of several kinds, such as {sources[0].path} and {sources[-1].path}"
        raise Invalid(message, hint="name those of one kind")
    (kind,) = kinds
    if kind is Kind.PARQUET:
        rows = f"SELECT * FROM read_parquet({_files(sources)})"
    elif kind is Kind.JSON_LINES:
        rows = f"SELECT * FROM read_json({_files(sources)}, format = 'newline_delimited', maximum_object_size = {16 << 20})"
    else:
        rows = " UNION ALL BY NAME ".join(
            f"SELECT * FROM {_separated(alike, *how, as_texts=as_texts)}" for how, alike in _read_alike(sources).items()
        )
    return f"CREATE VIEW {_quoted(name)} AS {rows}"


def _read_alike(sources: Sequence[Source]) -> dict[tuple[str, tuple[str, ...]], list[Source]]:
    """Which files are read in one way: what separates their cells, and what their columns are to be called, unless as they say."""
    tables = [(source, SeparatedTable(source, Problems(skip=True))) for source in sources]
    found: dict[tuple[str, tuple[str, ...]], list[Source]] = {}
    # A file without a line has no columns; the engine would give it one.
    for source, table in [(source, table) for source, table in tables if table.header] or tables[:1]:
        # Of those that have no name the engine calls the eleventh column10, and the first column00 then.
        names = () if all(said.strip() for said in table.header) else tuple(column_names(table.header, any_case=True))
        found.setdefault((table.dialect.delimiter, names), []).append(source)
    return found


def _separated(sources: Sequence[Source], delimiter: str, names: Sequence[str], *, as_texts: bool) -> str:
    texts = ", all_varchar = true" if as_texts else ""
    # Only types are guessed: looking for another way to read a table, the engine would find one in which a malformed row is none.
    dialect = f"header = true, skip = 0, delim = {text_in_sql(delimiter)}, quote = '\"', escape = '\"', comment = ''"
    reader = f"read_csv({_files(sources)}, {dialect}{texts})"
    return f"{reader} AS named ({', '.join(map(_quoted, names))})" if names else reader


def _files(sources: Sequence[Source]) -> str:
    files = ", ".join(text_in_sql(f"tilth://{_literally(source.path)}") for source in sources)
    return f"[{files}]{', union_by_name = true' if len(sources) > 1 else ''}"


def _literally(path: str) -> str:
    """A path as a pattern that means just this file."""
    return re.sub(r"([*?\[\]])", r"[\1]", path)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def text_in_sql(value: str) -> str:
    """The text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"
