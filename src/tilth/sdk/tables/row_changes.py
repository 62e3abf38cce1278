"""How the rows of one table differ from another's: those with the same key belong together; without a key, a row is all that it says.

What only one of the tables has a column for makes no row another one: that the columns differ is said apart.
"""

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from tilth.base.errors import Invalid
from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.opening import open_table
from tilth.sdk.tables.rows import Cell, Table

__all__ = ["RowChange", "RowChanges", "compare_rows"]

_LONGEST_CELL = 1_000


class RowChange(Struct, frozen=True, kw_only=True):
    """A row that differs. The cells are those of the columns that both tables have; of a changed row only those that differ."""

    change: str
    """`added`, `removed` or `changed`."""
    line: int
    """Where it stands: in the later table, or where it was if it is removed."""
    key: dict[str, Cell]
    before: dict[str, Cell] | None
    after: dict[str, Cell] | None


class RowChanges(Struct, frozen=True, kw_only=True):
    """How two tables differ, row by row."""

    path: str
    key: list[str]
    columns: list[str]
    """Those that both have."""
    columns_added: list[str]
    columns_removed: list[str]
    added: int
    removed: int
    changed: int
    same: int
    cells: dict[str, int]
    """In how many of the changed rows a column says something else."""
    unit: str
    rows: list[RowChange]
    """The first of each kind, in the order of the tables."""
    malformed: dict[str, int]
    first_malformed: list[str]


def compare_rows(
    before: Source, after: Source, *, key: Sequence[str], shown: int, scratch: Path, skip_malformed: bool, memory_bytes: int = 0
) -> RowChanges:
    """How the table `after` differs from `before`, with at most `shown` rows of each kind of difference."""
    problems = Problems(skip=skip_malformed)
    old, new = open_table(before, problems), open_table(after, problems)
    shared = [name for name in old.columns if name in set(new.columns)]
    for name in key:
        if name not in shared:
            raise Invalid(f"not both {old.label} and {new.label} have a column {name!r:.100}", hint=f"both have {', '.join(shared[:10])}")
    engine_module = import_module("tilth.sdk.tables.engine")
    with engine_module.Engine(scratch, memory_bytes=memory_bytes or engine_module.MEMORY_BYTES) as engine:
        for side, table in enumerate((old, new)):
            _learn(engine, side, table, key, shared)
        found = _by_key(engine, key, shared, shown) if key else _whole(engine, shared, shown)
    return RowChanges(
        path=after.path,
        key=list(key),
        columns=shared,
        columns_added=[name for name in new.columns if name not in set(shared)],
        columns_removed=[name for name in old.columns if name not in set(shared)],
        added=found.counts["added"],
        removed=found.counts["removed"],
        changed=found.counts["changed"],
        same=found.counts["same"],
        cells={name: found.cells[name] for name in shared if found.cells[name]},
        unit=new.unit,
        rows=found.rows,
        malformed=problems.counts(),
        first_malformed=[str(problem) for problem in problems.first()],
    )


def _learn(engine: Any, side: int, table: Table, key: Sequence[str], shared: Sequence[str]) -> None:
    keys = [table.columns.index(name) for name in key]
    places = [table.columns.index(name) for name in shared]
    first = 0
    for rows in table.rows():
        said = [msgspec.json.encode([row[at] or None for at in places]) for row in rows.cells]
        engine.add(
            side, first, rows.lines, [msgspec.json.encode([row[at] or None for at in keys]) for row in rows.cells] if keys else said, said
        )
        first += len(rows.lines)


class _Found:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.cells: Counter[str] = Counter()
        self.rows: list[RowChange] = []


def _by_key(engine: Any, key: Sequence[str], shared: Sequence[str], shown: int) -> _Found:
    """Rows with one key belong together: the first of one table with the first of the other, and so on."""
    found = _Found()
    ((repeated,),) = engine.run("SELECT count(*) FROM (SELECT 1 FROM rows GROUP BY side, key HAVING count(*) > 1 LIMIT 1)")
    nth = "row_number() OVER (PARTITION BY side, key ORDER BY n)" if repeated else "1"
    engine.run(f"CREATE VIEW numbered AS SELECT *, {nth} AS nth FROM rows")  # noqa: S608 - one of two expressions
    engine.run(
        "CREATE TABLE pairs AS SELECT b.n AS old_n, a.n AS n, b.line AS old_line, a.line AS line, coalesce(a.key, b.key) AS key, "
        "CASE WHEN a.said = b.said THEN NULL ELSE b.said END AS old, CASE WHEN a.said = b.said THEN NULL ELSE a.said END AS now "
        "FROM (SELECT * FROM numbered WHERE side = 0) b FULL JOIN (SELECT * FROM numbered WHERE side = 1) a "
        "ON a.key = b.key AND a.nth = b.nth"
    )
    ((found.counts["same"], found.counts["changed"], found.counts["added"], found.counts["removed"]),) = engine.run(
        "SELECT count(*) FILTER (n IS NOT NULL AND old_n IS NOT NULL AND now IS NULL), "
        "count(*) FILTER (now IS NOT NULL AND old IS NOT NULL), "
        "count(*) FILTER (old_n IS NULL), count(*) FILTER (n IS NULL) FROM pairs"
    )
    for old, now in engine.stream("SELECT old, now FROM pairs WHERE old IS NOT NULL AND now IS NOT NULL"):
        was, said = msgspec.json.decode(old), msgspec.json.decode(now)
        found.cells.update(name for name, one, other in zip(shared, was, said, strict=True) if one != other)
    for change, condition, order in _KINDS:
        for line, named, old, now in engine.run(
            f"SELECT coalesce(line, old_line), key, old, now FROM pairs WHERE {condition} ORDER BY {order} LIMIT {int(shown)}"  # noqa: S608
        ):
            found.rows.append(_row(change, line, dict(zip(key, _cells(named), strict=True)), old, now, shared))
    return found


_KINDS = (
    ("removed", "n IS NULL", "old_n"),
    ("changed", "old IS NOT NULL AND now IS NOT NULL", "n"),
    ("added", "old_n IS NULL", "n"),
)


def _whole(engine: Any, shared: Sequence[str], shown: int) -> _Found:
    """Whole rows, each as often as it stands there."""
    found = _Found()
    engine.run(
        "CREATE TABLE sums AS SELECT key, count(*) FILTER (side = 1) AS now, count(*) FILTER (side = 0) AS old FROM rows GROUP BY key"
    )
    ((added, removed, same),) = engine.run(
        "SELECT coalesce(sum(greatest(now - old, 0)), 0), coalesce(sum(greatest(old - now, 0)), 0), "
        "coalesce(sum(least(old, now)), 0) FROM sums"
    )
    found.counts.update(added=int(added), removed=int(removed), same=int(same))
    for change, side, more, less in (("removed", 0, "old", "now"), ("added", 1, "now", "old")):
        # Of rows that stand there more often than before, the last ones are the new ones.
        statement = (
            f"SELECT line, key FROM (SELECT line, n, key, row_number() OVER (PARTITION BY key ORDER BY n) AS nth, {less} AS others "  # noqa: S608
            f"FROM rows JOIN (SELECT * FROM sums WHERE {more} > {less}) s USING (key) WHERE side = {side}) "
            f"WHERE nth > others ORDER BY n LIMIT {int(shown)}"
        )
        for line, said in engine.run(statement):
            old, now = (said, None) if change == "removed" else (None, said)
            found.rows.append(_row(change, line, {}, old, now, shared))
    return found


def _row(change: str, line: int, key: dict[str, Cell], old: bytes | None, now: bytes | None, shared: Sequence[str]) -> RowChange:
    before, after = (None if said is None else dict(zip(shared, _cells(said), strict=True)) for said in (old, now))
    if before is not None and after is not None:
        differing = [name for name in shared if before[name] != after[name]]
        before, after = ({name: one[name] for name in differing} for one in (before, after))
    shown = {name: _cut(cell) for name, cell in key.items()}
    return RowChange(change=change, line=line, key=shown, before=_short(before), after=_short(after))


def _short(cells: dict[str, Cell] | None) -> dict[str, Cell] | None:
    return None if cells is None else {name: _cut(cell) for name, cell in cells.items()}


def _cut(cell: Cell) -> Cell:
    return cell if cell is None or len(cell) <= _LONGEST_CELL else f"{cell[: _LONGEST_CELL - 1]}…"


def _cells(said: Any) -> list[Cell]:
    found: list[Cell] = msgspec.json.decode(bytes(said))
    return found
