"""How the rows of one table differ from another's: those with the same key belong together; without a key, a row is all that it says.

What only one of the tables has a column for makes no row another one: that the columns differ is said apart.
"""

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct

from tilth.base.errors import Invalid
from tilth.sdk.tables.formats import Kind, Source
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.opening import open_table
from tilth.sdk.tables.plain_arrays import places_array
from tilth.sdk.tables.rows import Cell, Table, places_of

__all__ = ["RowChange", "RowChanges", "compare_rows", "compare_tables"]

_LONGEST_CELL = 1_000
_CELLS_AT_ONCE = 100_000
_REMOVED, _CHANGED, _ADDED = range(3)
"""What became of a row, as the engine keeps it."""


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
    only_in: str = ""
    """Which version alone has it, where it is a sheet of a workbook that the other one has without it."""


def compare_rows(
    before: Source, after: Source, *, key: Sequence[str], shown: int, scratch: Path, skip_malformed: bool, memory_bytes: int = 0
) -> RowChanges:
    """How the table `after` differs from `before`, with at most `shown` rows of each kind of difference."""
    problems = Problems(skip=skip_malformed)
    old, new = open_table(before, problems), open_table(after, problems)
    if before.format.kind is after.format.kind is Kind.PARQUET:
        parquet = import_module("tilth.sdk.tables.parquet")
        parquet.read_alike([old, new], parquet.shared_types(old, new))
    return compare_tables(after.path, old, new, problems, key=key, shown=shown, scratch=scratch, memory_bytes=memory_bytes)


def compare_tables(
    path: str, old: Table, new: Table, problems: Problems, *, key: Sequence[str], shown: int, scratch: Path, memory_bytes: int = 0
) -> RowChanges:
    """The same for tables that are open, whose `problems` those are."""
    both = set(old.columns) & set(new.columns)
    shared = [name for name in old.columns if name in both]
    compared = shared if old.columns and new.columns else [*old.columns, *new.columns]  # no row of what has none says anything
    for name in key:
        if name not in compared:
            hint = f"both have {', '.join(compared[:10])}" if compared else "they have no column in common"
            raise Invalid(f"not both {old.label} and {new.label} have a column {name!r:.100}", hint=hint)
    engine_module = import_module("tilth.sdk.tables.engine")
    with engine_module.Engine(scratch, memory_bytes=memory_bytes or engine_module.MEMORY_BYTES) as engine:
        for side, table in enumerate((old, new)):
            _learn(engine, side, table, key, compared)
        counts = _by_key(engine, shown) if key else _whole(engine, shown)
        for side, table in enumerate((old, new)):
            _fetch(engine, side, table, compared)
        found = _Found(counts)
        _tell(engine, found, key, compared, shown)
    return RowChanges(
        path=path,
        key=list(key),
        columns=shared,
        columns_added=[name for name in new.columns if name not in both],
        columns_removed=[name for name in old.columns if name not in both],
        added=found.counts["added"],
        removed=found.counts["removed"],
        changed=found.counts["changed"],
        same=found.counts["same"],
        cells={name: found.cells[name] for name in compared if found.cells[name]},
        unit=new.unit,
        rows=found.rows,
        malformed=problems.counts(),
        first_malformed=[str(problem) for problem in problems.first()],
    )


def _learn(engine: Any, side: int, table: Table, key: Sequence[str], shared: Sequence[str]) -> None:
    keys = places_of(key, table.columns)
    places = places_of(shared, table.columns)
    first = 0
    for rows in table.rows():
        named = rows.packed(keys, empty=False) if keys else None
        engine.add(side, first, rows.lines, named, rows.packed(places, empty=False))
        first += len(rows.lines)


class _Found:
    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts
        self.cells: Counter[str] = Counter()
        self.rows: list[RowChange] = []


def _by_key(engine: Any, shown: int) -> dict[str, int]:
    """Rows with one key belong together: the first of one table with the first of the other, and so on."""
    engine.make("repeated", "SELECT count(*) AS times FROM rows WHERE {part} GROUP BY side, hash(key) HAVING count(*) > 1")
    ((repeated,),) = engine.run("SELECT count(*) FROM (SELECT 1 FROM repeated LIMIT 1)")
    nth = "row_number() OVER (PARTITION BY key ORDER BY n)" if repeated else "1"
    engine.make(
        "pairs",
        "SELECT b.n AS old_n, a.n AS n, (a.said <> b.said OR a.more <> b.more) AS differ "
        f"FROM (SELECT *, {nth} AS nth FROM rows WHERE side = 0 AND {{part}}) b "
        f"FULL JOIN (SELECT *, {nth} AS nth FROM rows WHERE side = 1 AND {{part}}) a ON a.key = b.key AND a.nth = b.nth",
    )
    ((same, changed, added, removed),) = engine.run(
        "SELECT count(*) FILTER (NOT differ), count(*) FILTER (differ), count(*) FILTER (old_n IS NULL), "
        "count(*) FILTER (n IS NULL) FROM pairs"
    )
    # A pair of changed rows has the number of the later one; of the others only what is shown is wanted.
    engine.run(
        f"CREATE TABLE wanted AS SELECT 0 AS side, old_n AS n, n AS pair, {_CHANGED} AS change FROM pairs WHERE differ "
        f"UNION ALL SELECT 1, n, n, {_CHANGED} FROM pairs WHERE differ "
        f"UNION ALL (SELECT 0, old_n, old_n, {_REMOVED} FROM pairs WHERE n IS NULL ORDER BY old_n LIMIT {int(shown)}) "
        f"UNION ALL (SELECT 1, n, n, {_ADDED} FROM pairs WHERE old_n IS NULL ORDER BY n LIMIT {int(shown)})"
    )
    return {"same": same, "changed": changed, "added": added, "removed": removed}


def _whole(engine: Any, shown: int) -> dict[str, int]:
    """Whole rows, each as often as it stands there."""
    engine.make(
        "sums",
        "SELECT key, count(*) FILTER (side = 1) AS now, count(*) FILTER (side = 0) AS old FROM rows WHERE {part} GROUP BY key",
    )
    ((added, removed, same),) = engine.run(
        "SELECT coalesce(sum(greatest(now - old, 0)), 0), coalesce(sum(greatest(old - now, 0)), 0), "
        "coalesce(sum(least(old, now)), 0) FROM sums"
    )
    # Of rows that stand there more often than before, the last ones are the new ones.
    for change, side, more, less in (("removed", 0, "old", "now"), ("added", 1, "now", "old")):
        engine.make(
            change,
            f"SELECT n FROM (SELECT n, {less} AS others, row_number() OVER (PARTITION BY key ORDER BY n) AS nth "
            f"FROM (SELECT key, n FROM rows WHERE side = {side} AND {{part}}) "
            f"JOIN (SELECT * FROM sums WHERE {more} > {less} AND {{part}}) USING (key)) WHERE nth > others ORDER BY n LIMIT {int(shown)}",
        )
    first = [
        f"(SELECT {side} AS side, n, n AS pair, {number} AS change FROM {change} ORDER BY n LIMIT {int(shown)})"
        for change, side, number in (("removed", 0, _REMOVED), ("added", 1, _ADDED))
    ]
    engine.run(f"CREATE TABLE wanted AS {' UNION ALL '.join(first)}")
    return {"same": int(same), "changed": 0, "added": int(added), "removed": int(removed)}


def _fetch(engine: Any, side: int, table: Table, shared: Sequence[str]) -> None:
    """Read a table once more, for what the rows say that changed or are shown."""
    if side == 0:
        engine.run("CREATE TABLE texts (pair BIGINT, side UTINYINT, change UTINYINT, line BIGINT, cells BLOB[])")
    numbered = import_module("tilth.sdk.tables.engine").Numbered
    wanted = numbered(engine.stream(f"SELECT n, pair, change FROM wanted WHERE side = {int(side)} ORDER BY n"))
    places = places_of(shared, table.columns)
    first = 0
    for rows in () if wanted.is_over else table.rows():
        picked, *others = wanted.within(first, len(rows.lines))
        if picked:
            pairs, changes = others
            engine.add_cells(pairs, side, changes, [rows.lines[at] for at in picked], rows.cells_at(picked, places))
        first += len(rows.lines)


def _tell(engine: Any, found: _Found, key: Sequence[str], shared: Sequence[str], shown: int) -> None:
    changed: list[RowChange] = []
    differing = import_module("tilth.sdk.tables.arrow_texts").differing
    at_once = 2 * max(1, _CELLS_AT_ONCE // (len(shared) + 1))  # pairs stay together
    numbers = [0] * len(shared)
    for batch in engine.batches(f"SELECT line, cells FROM texts WHERE change = {_CHANGED} ORDER BY pair, side", at_once=at_once):
        line, cells = batch.columns
        old, now = (cells.take(places_array(range(side, len(cells), 2))) for side in (0, 1))
        numbers = [so_far + more for so_far, more in zip(numbers, differing(old, now, len(shared)), strict=True)]
        more = min(shown - len(changed), len(now))
        if more > 0:
            lines = line.to_pylist()[1 : 2 * more : 2]
            pairs = zip(lines, old[:more].to_pylist(), now[:more].to_pylist(), strict=True)
            changed += [_row("changed", at, key, was, said, shared) for at, was, said in pairs]
    found.cells = Counter(dict(zip(shared, numbers, strict=True)))
    removed, added = (
        [(line, said) for line, said in engine.run(f"SELECT line, cells FROM texts WHERE change = {change} ORDER BY pair")]
        for change in (_REMOVED, _ADDED)
    )
    found.rows += [_row("removed", line, key, said, None, shared) for line, said in removed]
    found.rows += changed
    found.rows += [_row("added", line, key, None, said, shared) for line, said in added]


def _row(change: str, line: int, key: Sequence[str], old: Any, now: Any, shared: Sequence[str]) -> RowChange:
    before, after = (None if said is None else dict(zip(shared, _cells(said), strict=True)) for said in (old, now))
    named = {name: _cut((after or before or {})[name]) for name in key}
    if before is not None and after is not None:
        differing = [name for name in shared if before[name] != after[name]]
        before, after = ({name: one[name] for name in differing} for one in (before, after))
    return RowChange(change=change, line=line, key=named, before=_short(before), after=_short(after))


def _short(cells: dict[str, Cell] | None) -> dict[str, Cell] | None:
    return None if cells is None else {name: _cut(cell) for name, cell in cells.items()}


def _cut(cell: Cell) -> Cell:
    return cell if cell is None or len(cell) <= _LONGEST_CELL else f"{cell[: _LONGEST_CELL - 1]}…"


def _cells(said: Sequence[bytes | None]) -> list[Cell]:
    return [None if cell is None else bytes(cell).decode() for cell in said]
