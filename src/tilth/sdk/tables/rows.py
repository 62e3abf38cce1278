"""A table as rows of texts, batch by batch: every cell as it stands in the file, so that nothing is changed by being understood."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from msgspec import Struct

__all__ = ["Cell", "Rows", "Table", "places_of", "rows_at_once", "unique_names"]

Cell = str | None
"""What stands in a cell; None where nothing does, which is not the same as a text without characters."""

_MOST_CELLS = 1_000_000
_MOST_ROWS = 20_000


class Rows(Struct, frozen=True):
    """Rows that follow each other in a table."""

    lines: Sequence[int]
    """Where each begins: the number of its line, or of the row where there are no lines; from 1."""
    cells: Sequence[Sequence[Cell]]
    """Of each, one for each column."""
    raws: Sequence[str] = ()
    """Each as it stands in the file, without the end of its line."""
    batch: Any = None
    """The rows as a record batch, where the file has types."""


class Table(Protocol):
    """A table that can be read from its beginning any number of times, each time with the same rows."""

    label: str
    unit: str
    """What `Rows.lines` counts: `line` or `row`."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns, each another one."""

    def rows(self) -> Iterator[Rows]:
        """The rows, a bounded number of bytes at once."""

    def types(self) -> dict[str, str]:
        """What the columns hold, as far as that is cheaply known: what the file says, or what the first rows look like."""


def places_of(wanted: Sequence[str], columns: Sequence[str]) -> list[int | None]:
    """Where each of the wanted names stands among `columns`; there may be thousands of both."""
    at = {name: place for place, name in enumerate(columns)}
    return [at.get(name) for name in wanted]


def rows_at_once(columns: int) -> int:
    """How many rows of so many columns may be held as texts."""
    return max(1, min(_MOST_ROWS, _MOST_CELLS // max(1, columns)))


def unique_names(names: Sequence[str]) -> list[str]:
    """The names, each told apart: of equal ones the second gets ` (2)` behind it."""
    found: list[str] = []
    taken = set(names)
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        unique = name
        if counts[name] > 1:
            while (unique := f"{name} ({counts[name]})") in taken:
                counts[name] += 1
            taken.add(unique)
        found.append(unique)
    return found
