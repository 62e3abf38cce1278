"""How differences between tables are told."""

from collections.abc import Iterable, Iterator
from typing import Any

from tilth.cli.output import Output, count
from tilth.sdk.tables.drift import SchemaDrift
from tilth.sdk.tables.row_changes import RowChange, RowChanges

__all__ = ["said_of_columns", "tell_rows"]

_LONGEST_CELL = 40
_MOST_CELLS = 8
_MARKS = {"added": "+", "removed": "-", "changed": "~"}


def tell_rows(document: dict[str, Any], head: str, tables: Iterable[RowChanges], *, json: bool) -> None:
    """Print how the rows of tables differ."""
    found = list(tables)
    lines = [head, *(line for changes in found for line in _said_of_rows(changes))]
    out = Output(json=json)
    for changes in found:
        out.warn([f"{file}: {count(number, 'malformed row')} left out" for file, number in changes.malformed.items()])
        out.warn([f"left out: {place}" for place in changes.first_malformed], shown=10)
    out.result(document | {"tables": found}, lines if found else [head, "no table differs that both have"])


def said_of_columns(drift: SchemaDrift) -> Iterator[str]:
    """How the columns of a table changed, a line for each way."""
    if drift.unreadable:
        yield f"{drift.path}: can't be compared: {drift.unreadable}"
    if drift.added:
        yield f"{drift.path}: added {_named(drift.added)}"
    if drift.removed:
        yield f"{drift.path}: removed {_named(drift.removed)}"
    changed = [f"{_cell(name)} {was} -> {now}" for name, (was, now) in drift.types.items()]
    if changed:
        yield f"{drift.path}: changed {_listed(changed)}"
    if drift.reordered:
        yield f"{drift.path}: in another order"


def _said_of_rows(changes: RowChanges) -> Iterator[str]:
    if changes.only_in:
        yield f"{changes.path}: only {changes.only_in} has this sheet, with {count(changes.added + changes.removed, 'row')}"
        return
    by = f"by {_named(changes.key)}" if changes.key else "by whole rows"
    yield f"{changes.path} ({by})"
    if changes.columns_added:
        yield f"  columns added: {_named(changes.columns_added)}"
    if changes.columns_removed:
        yield f"  columns removed: {_named(changes.columns_removed)}"
    counts = {"removed": changes.removed, "changed": changes.changed, "added": changes.added}
    for kind, number in counts.items():
        shown = [row for row in changes.rows if row.change == kind]
        yield from (f"  {_MARKS[kind]} {changes.unit} {row.line}: {_said_of_row(row)}" for row in shown)
        if number > len(shown) > 0:
            yield f"  {_MARKS[kind]} ... and {number - len(shown):,} more (--shown says how many are named)"
    if changes.cells:
        yield f"  changed cells: {_listed([f'{_cell(name)} in {number:,}' for name, number in changes.cells.items()])}"
    numbers = [f"{changes.added:,} added", f"{changes.removed:,} removed", f"{changes.changed:,} changed", f"{changes.same:,} the same"]
    yield f"  {', '.join(numbers)}"


def _said_of_row(row: RowChange) -> str:
    key = " ".join(f"{_cell(name)}={_cell(cell)}" for name, cell in row.key.items())
    if row.before is not None and row.after is not None:
        said = [f"{_cell(name)} {_cell(was)} -> {_cell(row.after[name])}" for name, was in row.before.items()]
        return f"{key}: {_listed(said)}"
    cells = row.after if row.before is None else row.before
    return _listed([f"{_cell(name)}={_cell(cell)}" for name, cell in (cells or {}).items()])


def _named(names: Iterable[str]) -> str:
    return _listed([_cell(name) for name in names])


def _listed(texts: list[str]) -> str:
    more = f", and {len(texts) - _MOST_CELLS:,} more" if len(texts) > _MOST_CELLS else ""
    return ", ".join(texts[:_MOST_CELLS]) + more


def _cell(text: str | None) -> str:
    """A cell on one line, with nothing that a terminal would obey."""
    if text is None:
        return "nothing"
    plain = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[: _LONGEST_CELL + 1])
    return plain if len(plain) <= _LONGEST_CELL else f"{plain[: _LONGEST_CELL - 1]}…"
