"""Rows of several tables joined into one table.

Without keys the rows follow each other as they stand in the files. With them, and when equal rows are to be left out, the files are read
twice: once to learn which rows stand, which takes the engine only what tells rows apart, and once to write these. Rows stay in the order
in which they come, and are written as they stand.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import msgspec
from msgspec import Struct

from tilth.base.errors import Invalid
from tilth.base.faultpoints import reach
from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.opening import open_table
from tilth.sdk.tables.rows import Table, places_of
from tilth.sdk.tables.writing import TableWriter, writer_of

__all__ = ["ColumnRule", "JoinRules", "Parts", "RowConflict", "TableReport", "join_rows", "join_tables"]

_MOST_TOLD = 5
_LONGEST_KEY = 100


class RowConflict(StrEnum):
    """Which row stands where several have one key and say different things."""

    FAIL = "fail"
    FIRST = "first"
    LAST = "last"


class ColumnRule(StrEnum):
    """Which columns the joined table has where its parts have different ones."""

    ALL = "all"
    COMMON = "common"
    SAME = "same"
    """None: that they differ is an error."""


class JoinRules(Struct, frozen=True, kw_only=True):
    """How rows are joined."""

    key: Sequence[str] = ()
    on_conflict: RowConflict = RowConflict.FAIL
    drop_duplicates: bool = False
    columns: ColumnRule = ColumnRule.ALL
    as_texts: bool = False
    """Whether columns whose types hold no common values become texts."""
    memory_bytes: int = 0


class TableReport(Struct, kw_only=True):
    """What became of tables that were joined."""

    path: str
    parts: list[dict[str, Any]]
    """The `version` and the number of `rows` of each."""
    rows: int
    duplicates: int = 0
    """Rows that were left out because one that says the same stands."""
    conflicts: int = 0
    """Keys whose rows say different things."""
    overridden: int = 0
    """Rows that were left out because another one with their key stands."""
    conflict_keys: list[str] = []
    columns: list[str] = []
    differing_columns: dict[str, list[str]] = {}
    """For each column that not all parts have, the versions that have it."""
    differing_types: dict[str, dict[str, str]] = {}
    """For each column that is not the same everywhere, what it is in which version."""
    malformed: dict[str, int] = {}
    """How many rows of which file were left out because they can't be read."""
    first_malformed: list[str] = []
    notes: list[str] = []
    """What else is to be known, for people."""
    not_joined: str = ""
    """Why rows were not joined, where the file of the first of the versions stands as it is."""


def join_tables(
    sources: Sequence[Source], rules: JoinRules, file: IO[bytes], scratch: Path, tell: Callable[[int], None], *, skip_malformed: bool
) -> TableReport:
    """Write the rows of `sources`, which have one format, to `file`; what does not fit into memory lies in `scratch` meanwhile."""
    problems = Problems(skip=skip_malformed)
    tables = [open_table(source, problems) for source in sources]

    def writer(columns: Sequence[str]) -> TableWriter:
        return writer_of(sources[0], tables, columns, file, as_texts=rules.as_texts)

    report = join_rows(Parts(sources[0].path, [source.of for source in sources], tables), rules, writer, scratch, tell)
    report.malformed = problems.counts()
    report.first_malformed = [str(problem) for problem in problems.first()]
    return report


class Parts(Struct, frozen=True):
    """Tables that become one."""

    path: str
    """What the joined one is called."""
    owners: Sequence[str]
    """What each is a part of."""
    tables: Sequence[Table]


def join_rows(
    parts: Parts, rules: JoinRules, writer_for: Callable[[Sequence[str]], TableWriter], scratch: Path, tell: Callable[[int], None]
) -> TableReport:
    """Write the rows of some tables to what `writer_for` makes for their columns. Rows that could not be read are not in the report."""
    tables = parts.tables
    columns = _columns(tables, rules)
    for table in tables:
        missing = [name for name in rules.key if name not in table.columns]
        if missing and table.columns:  # what has no columns has no rows either
            known = ", ".join(list(table.columns)[:10])
            raise Invalid(f"{table.label} has no column {missing[0]!r:.100}", hint=f"it has {known:.500}")
    report = TableReport(path=parts.path, parts=[{"version": owner, "rows": 0} for owner in parts.owners], rows=0, columns=list(columns))
    _tell_differences(report, parts)
    writer = writer_for(columns)
    try:
        if rules.key or rules.drop_duplicates:
            engine_module = import_module("tilth.sdk.tables.engine")
            memory = rules.memory_bytes or engine_module.MEMORY_BYTES
            with engine_module.Engine(scratch, memory_bytes=memory) as engine:
                _learn(engine, tables, columns, rules, tell)
                _decide(engine, rules, report, tables)
                standing = engine_module.Numbered(engine.stream("SELECT n FROM standing ORDER BY n"))
                _write(tables, writer, standing, report, tell)
        else:
            _write(tables, writer, None, report, tell)
    except BaseException:
        with suppress(OSError, ValueError):  # what is half written is thrown away
            writer.close()
        raise
    writer.close()
    return report


def _columns(tables: Sequence[Table], rules: JoinRules) -> list[str]:
    names = list(dict.fromkeys(name for table in tables for name in table.columns))
    if rules.columns is ColumnRule.COMMON:
        common = set(names).intersection(*(table.columns for table in tables))
        names = [name for name in names if name in common]
        if not names:
            raise Invalid(f"{tables[0].label} and {tables[1].label} have no column in common", hint="keep all with --columns all")
    elif rules.columns is ColumnRule.SAME:
        for table in tables[1:]:
            other = sorted(set(table.columns) ^ set(tables[0].columns))
            if other:
                raise Invalid(
                    f"{tables[0].label} and {table.label} don't have the same columns: only one has {other[0]!r:.100}",
                    hint="choose with --columns all or common",
                )
    return names


def _tell_differences(report: TableReport, parts: Parts) -> None:
    tables, owners = parts.tables, parts.owners
    types = [table.types() for table in tables]
    names = [set(table.columns) for table in tables]
    for name in dict.fromkeys(name for table in tables for name in table.columns):
        having = [at for at, own in enumerate(names) if name in own]
        if len(having) < len(tables):
            report.differing_columns[name] = [owners[at] for at in having]
        seen = {types[at].get(name, "empty") for at in having} - {"empty", "null"}
        if len(seen) > 1:
            report.differing_types[name] = {owners[at]: types[at].get(name, "empty") for at in having}


def _learn(engine: Any, tables: Sequence[Table], columns: Sequence[str], rules: JoinRules, tell: Callable[[int], None]) -> None:
    first = 0
    for number, table in enumerate(tables):
        places = places_of(columns, table.columns)
        keys = places_of(rules.key, table.columns)
        for rows in table.rows():
            said = rows.packed(places)
            engine.add(number, first, rows.lines, rows.packed(keys) if keys else None, said)
            first += len(rows.lines)
            tell(len(rows.lines))


_OTHER = "(rows.said <> stood.said OR rows.more <> stood.more)"


def _decide(engine: Any, rules: JoinRules, report: TableReport, tables: Sequence[Table]) -> None:
    """Find out which row of each key stands."""
    chosen = "max" if rules.on_conflict is RowConflict.LAST else "min"
    engine.make(
        "standing",
        f"SELECT key, {chosen}(n) AS n, min(said) <> max(said) OR min(more) <> max(more) AS differ FROM rows WHERE {{part}} GROUP BY key",
    )
    ((total, keys, conflicts),) = engine.run("SELECT (SELECT count(*) FROM rows), count(*), count(*) FILTER (differ) FROM standing")
    if conflicts:
        examples = engine.run(f"SELECT key, min(n) FROM standing WHERE differ GROUP BY key ORDER BY 2 LIMIT {_MOST_TOLD}")
        report.conflict_keys = [_shown(bytes(key)) for key, _ in examples]
        if rules.on_conflict is RowConflict.FAIL:
            _refuse(engine, rules, tables, conflicts)
        engine.make(
            "overridden",
            "SELECT count(*) AS count FROM (SELECT * FROM rows WHERE {part}) rows "
            "JOIN (SELECT * FROM standing WHERE differ AND {part}) standing USING (key) "
            f"JOIN (SELECT * FROM rows WHERE {{part}}) stood ON stood.n = standing.n WHERE {_OTHER}",
        )
        ((report.overridden,),) = engine.run("SELECT sum(count)::BIGINT FROM overridden")
    report.conflicts = conflicts
    report.duplicates = total - keys - report.overridden


def _refuse(engine: Any, rules: JoinRules, tables: Sequence[Table], conflicts: int) -> None:
    ((key, n),) = engine.run("SELECT key, n FROM standing WHERE differ ORDER BY n LIMIT 1")
    places = engine.run(
        f"SELECT side, line FROM rows WHERE n = {n} OR n = (SELECT min(rows.n) FROM rows JOIN standing USING (key) "
        f"JOIN rows stood ON stood.n = standing.n WHERE standing.n = {n} AND {_OTHER}) ORDER BY n"
    )
    where = " and ".join(f"{tables[side].label}, {tables[side].unit} {line:,}" for side, line in places)
    names = ", ".join(rules.key)
    more = f"; {conflicts - 1:,} more keys are like this" if conflicts > 1 else ""
    raise Invalid(
        f"{names} {_shown(bytes(key))}: rows with this key differ: {where}{more}",
        hint="choose which stands with --on-conflict first or last",
    )


def _shown(key: bytes) -> str:
    cells = msgspec.json.decode(key)
    return ", ".join("nothing" if cell is None else cell for cell in cells)[:_LONGEST_KEY]


def _write(tables: Sequence[Table], writer: Any, standing: Any, report: TableReport, tell: Callable[[int], None]) -> None:
    first = 0
    for number, table in enumerate(tables):
        for rows in table.rows():
            count = len(rows.lines)
            kept = standing.within(first, count)[0] if standing else None
            writer.write(table, rows, kept if kept is None or len(kept) < count else None)
            reach("tables.after-write")
            report.parts[number]["rows"] += count
            report.rows += count if kept is None else len(kept)
            first += count
            tell(count)
