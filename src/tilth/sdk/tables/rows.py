"""A table as rows of texts, batch by batch: every cell as it stands in the file, so that nothing is changed by being understood."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from operator import itemgetter
from typing import Any, Protocol

import msgspec

__all__ = ["Cell", "Rows", "Table", "collecting_later", "places_of", "rows_at_once"]

Cell = str | None
"""What stands in a cell; None where nothing does, which is not the same as a text without characters."""

_MOST_CELLS = 1_000_000
_MOST_ROWS = 20_000
_encode = msgspec.json.Encoder().encode


class Rows:
    """Rows that follow each other in a table."""

    def __init__(
        self,
        lines: Sequence[int],
        cells: Sequence[Sequence[Cell]] | Callable[[], Sequence[Sequence[Cell]]],
        raws: Sequence[str] = (),
        batch: Any = None,
    ) -> None:
        self.lines = lines
        """Where each begins: the number of its line, or of the row where there are no lines; from 1."""
        self.raws = raws
        """Each as it stands in the file, without the end of its line."""
        self.batch = batch
        """The rows with their types, where the file has some."""
        self._cells = cells

    @cached_property
    def cells(self) -> Sequence[Sequence[Cell]]:
        """Of each row one cell for each column; found out when it is asked for, because not all who read rows look at their cells."""
        return self._cells() if callable(self._cells) else self._cells

    def packed(self, places: Sequence[int | None], *, empty: bool = True) -> Sequence[bytes]:
        """What each row says at these places, as a list in JSON; a text without characters is nothing, unless it may be `empty`."""
        cells = self.cells
        if not empty:
            cells = [[cell or None for cell in row] if "" in row else row for row in cells]
        with collecting_later():
            return list(map(_encode, map(_picker(places), cells)))

    def cells_at(self, chosen: Sequence[int], places: Sequence[int | None]) -> Any:
        """Of some rows the cells at these places, as lists of Arrow's; a text without characters is nothing."""
        pick, cells = _picker(places), self.cells
        with collecting_later():
            flat = [cell or None for at in chosen for cell in pick(cells[at])]
        return import_module("tilth.sdk.tables.arrow_texts").lists_of(flat, len(chosen), len(places))


def _picker(places: Sequence[int | None]) -> Callable[[Sequence[Cell]], Sequence[Cell]]:
    """What picks the cells at these places out of a row."""
    known = [at for at in places if at is not None]
    if len(known) < len(places) or not known:
        return lambda row: [None if at is None else row[at] for at in places]
    if len(known) == 1:
        (only,) = known
        return lambda row: (row[only],)
    return itemgetter(*known)


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


@contextmanager
def collecting_later() -> Iterator[None]:
    """Let Python look for cycles of garbage only afterwards: rows have none, and would be looked through again and again meanwhile."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def rows_at_once(columns: int) -> int:
    """How many rows of so many columns may be held as texts."""
    return max(1, min(_MOST_ROWS, _MOST_CELLS // max(1, columns)))
