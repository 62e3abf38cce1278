"""SQL over the tables of one version. DuckDB reads them where they are stored, and nothing else: not this machine, not the network.

A table is called by its path in quotes, `FROM 'labels/train.csv'`, or by a pattern of paths; where no other table has it, by its plain
name, `FROM train`. Only those that a query names are opened.
"""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.base.errors import Denied, DiskFull, Invalid, TableMalformed, TilthError, Unavailable
from tilth.datasets.matching import has_wildcard, matcher
from tilth.domain.version import DatasetVersion
from tilth.sdk import contents
from tilth.sdk.home import Home
from tilth.sdk.reading import reading_of
from tilth.sdk.tables.engine import MEMORY_BYTES, connected, engine_error
from tilth.sdk.tables.excel import book_and_sheet, is_excel, sheet_table
from tilth.sdk.tables.formats import Kind, format_of, why_not_read
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.opening import open_table
from tilth.sdk.tables.versions import source_of, title
from tilth.sdk.tables.views import text_in_sql, view_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["opened_query"]

_NAMED = re.compile(r"""'((?:[^']|'')*)'|"((?:[^"]|"")*)"|(\w+)""")
_RAISED = re.compile(r"Traceback \(most recent call last\):\n(?: .*\n)*(?:[\w.]+: )?(.*)")
"""What an error of a file looks like that DuckDB passes on."""
_OF_TABLES = re.compile(r"CSV|JSON|^(Invalid Input|IO) Error:.*\bParquet", re.IGNORECASE)
"""What errors say that are about what stands in a table."""
_TWICE = re.compile(r'in file "(?:tilth://)?(.*?)", in line (\d+): Object .* has duplicate key "(.*)"')
"""What the engine says of a line of JSON that other commands read: there the last of the values counts."""
_MISSING = re.compile(r"Table with name (.*?) does not exist")
_SHOWN = 10
_ONLY = ("SELECT", "EXPLAIN")
_BATCH_ROWS = 10_000


@contextmanager
def opened_query(
    home: Home, version: DatasetVersion, sql: str, *, as_texts: bool = False, memory_bytes: int = 0, scratch: Path
) -> "Iterator[pa.RecordBatchReader]":
    """What a query finds in a version, batch by batch; with `as_texts`, cells of CSV and TSV are the texts that stand there."""
    folder = Path(tempfile.mkdtemp(prefix="query-", dir=scratch))
    try:
        connection = connected(folder, memory_bytes=memory_bytes or MEMORY_BYTES)
        try:
            yield from _asked(connection, home, version, sql, as_texts=as_texts, folder=folder)
        finally:
            connection.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _asked(
    connection: Any, home: Home, version: DatasetVersion, sql: str, *, as_texts: bool, folder: Path
) -> "Iterator[pa.RecordBatchReader]":
    duckdb = import_module("duckdb")
    arrow = import_module("pyarrow")
    files = [path for path, _, _ in contents.digests(home, version)]
    paths = [path for path in files if format_of(path) is not None or is_excel(path)]
    used: list[str] = []

    def explained(error: Exception) -> TilthError:
        _require_single_names(version, str(error))
        if _OF_TABLES.search(str(error)):
            _require_readable(home, version, used)
        missing = _MISSING.search(str(error))
        if missing and missing[1] in files and (why := why_not_read(missing[1])):
            return Invalid(why, hint=_known(paths))
        return _explained(error, folder, paths)

    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1:
            raise Invalid(f"one query is answered at a time, and not {len(statements)}", hint="ask one after the other")
        kind = str(statements[0].type).rpartition(".")[2]
        if kind not in _ONLY:
            raise Denied(f"{kind} is not possible: a version is read only, and queries see nothing beside it", hint="ask with SELECT")
        connection.register_filesystem(import_module("fsspec").filesystem("tilth", version=version.id, home=home))
        for name, found in _tables_in(sql, paths):
            used += found
            if any(is_excel(book_and_sheet(path)[0]) for path in found):
                connection.register(name, _sheet(home, version, name, found, as_texts=as_texts))
            else:
                connection.execute(view_of(name, [source_of(home, version, path) for path in found], as_texts=as_texts))
        for setting in _SETTINGS:
            connection.execute(setting)
        reader = _reader(connection, sql, explains=kind == "EXPLAIN")
        yield arrow.RecordBatchReader.from_batches(reader.schema, _batches(reader, explained, (duckdb.Error, arrow.ArrowException)))
    except duckdb.Error as error:
        raise explained(error) from error


def _reader(connection: Any, sql: str, *, explains: bool) -> Any:
    if not explains:
        return connection.sql(sql).to_arrow_reader(_BATCH_ROWS)
    rows = connection.execute(sql).fetchall()
    arrow = import_module("pyarrow")
    return arrow.table({"plan": ["\n".join(row[1] for row in rows)]}).to_reader()


_SETTINGS = (
    "SET allowed_directories = ['tilth://']",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def _batches(reader: Any, explained: Callable[[Exception], TilthError], errors: tuple[type[Exception], ...]) -> Iterator[Any]:
    try:
        yield from reader
    except errors as error:
        raise explained(error) from error


def _tables_in(sql: str, paths: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """What a query may call a table, and the files that it means. What stands elsewhere in a query means none, or does no harm."""
    known = set(paths)
    plain = _plain_names(paths)
    done: set[str] = set()
    for text, quoted, word in _NAMED.findall(sql):
        name = text.replace("''", "'") or quoted.replace('""', '"') or word
        if name.lower() in done:
            continue
        done.add(name.lower())
        if not word and (name in known or ("#" in name and book_and_sheet(name)[0] in known)):
            yield name, [name]
        elif not word and has_wildcard(name) and (found := [path for path in paths if matcher(name)(path)]):
            yield name, found
        elif name.lower() in plain:
            yield name, [plain[name.lower()]]


def _sheet(home: Home, version: DatasetVersion, name: str, paths: Sequence[str], *, as_texts: bool) -> "pa.Table":
    """A sheet of a workbook, which DuckDB does not read by itself."""
    if len(paths) > 1:
        raise Invalid(f"{name} means several files, and {paths[0]} is a workbook of Excel", hint="name workbooks one by one")
    path, sheet = book_and_sheet(paths[0])
    with reading_of(home, version).open(path) as file:
        found: pa.Table = sheet_table(file, path, sheet, as_texts=as_texts)
    return found


def _plain_names(paths: Sequence[str]) -> dict[str, str]:
    """The tables whose file names, without endings, are one word that no other table has."""
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(re.sub(r"\W", "_", path.rpartition("/")[2].partition(".")[0]).lower(), []).append(path)
    return {name: having[0] for name, having in found.items() if len(having) == 1 and name}


def _require_single_names(version: DatasetVersion, said: str) -> None:
    if twice := _TWICE.search(said):
        message = f"{twice[1]} of {title(version)}, line {int(twice[2]):,}: an object has the name {twice[3]:.100} twice"
        raise TableMalformed(message, hint="repair it; a query leaves no rows out")


def _require_readable(home: Home, version: DatasetVersion, paths: Sequence[str]) -> None:
    """Name the first row that can't be read, by its file and line, as other commands do."""
    for path in paths:
        found = format_of(path)
        if found is not None:
            try:
                for _ in open_table(source_of(home, version, path), Problems()).rows():
                    pass
            except TableMalformed as error:
                repair = "replace it in the version" if found.kind is Kind.PARQUET else "repair it; a query leaves no rows out"
                raise TableMalformed(error.message, hint=repair) from error
            except Invalid:  # what can't be joined may well be asked
                continue


def _explained(error: Exception, folder: Path, paths: Sequence[str]) -> TilthError:
    """What an error of the engine means: one who asks for what lies elsewhere is told so, and one who mistypes what there is."""
    said = str(error).replace("tilth://", "").strip()
    if "disabled by configuration" in said or "configuration has been locked" in said or "disabled through configuration" in said:
        first = said.partition("\n")[0].removeprefix("Permission Error: ").removeprefix("Invalid Input Error: ")
        return Denied(f"{first.partition(' - ')[0]}: queries see the tables of the version, and nothing else", hint=_known(paths))
    if _MISSING.search(said):
        return Invalid(said.partition("\n")[0].removeprefix("Catalog Error: "), hint=_known(paths))
    if raised := _RAISED.search(said):  # by the files of the version, in this process
        if "read only" in raised[1]:
            return Denied("a version is read only: nothing can be written by a query", hint="ask with SELECT")
        return Unavailable(f"a table can't be read: {raised[1]}", hint="`tilth data verify` tells what is stored and what is not")
    if "__arrow" in said or not said:
        return Invalid("the query could not be answered", hint=_known(paths))
    found = engine_error(error, folder)
    return found if isinstance(found, DiskFull) else type(found)(said[:2_000], hint=found.hint)


def _known(paths: Sequence[str]) -> str:
    if not paths:
        return "the version has no tables"
    more = f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
    return f"its tables are {', '.join(text_in_sql(path) for path in paths[:_SHOWN])}{more}"
