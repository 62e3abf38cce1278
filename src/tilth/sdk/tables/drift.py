"""How the columns of tables changed between versions: cheaply, from what names them and the first rows, without reading the tables."""

from collections.abc import Sequence

from msgspec import Struct

from tilth.base.errors import TilthError
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home
from tilth.sdk.tables.excel import is_excel
from tilth.sdk.tables.formats import Kind, Source, format_of
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.opening import open_table
from tilth.sdk.tables.sheets import Books
from tilth.sdk.tables.versions import source_of
from tilth.sdk.tables.workbooks import paired_sheets

__all__ = ["MOST_TABLES", "SchemaDrift", "drift_between", "drifts", "drifts_of_books"]

MOST_TABLES = 100
_HEAD_ROWS = 200
"""So many rows of a sheet are looked at."""
_UNKNOWN = ("empty", "null")


class SchemaDrift(Struct, frozen=True, kw_only=True):
    """How the columns of one table changed."""

    path: str
    added: list[str]
    removed: list[str]
    types: dict[str, tuple[str, str]]
    """What a column held and holds now: of Parquet its type, of texts what their first rows look like."""
    reordered: bool = False
    """Whether the columns that stayed stand in another order; in JSON lines they have none."""
    unreadable: str = ""
    """Why it could not be found out, for example because a file is damaged."""

    @property
    def is_drift(self) -> bool:
        return bool(self.added or self.removed or self.types or self.reordered or self.unreadable)


def drifts(home: Home, before: DatasetVersion, after: DatasetVersion, paths: Sequence[str]) -> tuple[list[SchemaDrift], bool]:
    """How the columns of those of `paths` that are tables differ, where they do; and whether all were looked at or only the first ones."""
    tables = [path for path in paths if format_of(path) is not None or is_excel(path)]
    found: list[SchemaDrift] = []
    for path in tables[:MOST_TABLES]:
        between = drifts_of_books if is_excel(path) else _between_tables
        try:
            found += between(source_of(home, before, path), source_of(home, after, path))
        except TilthError as error:  # a comparison of versions does not end at a file that is no table
            found.append(SchemaDrift(path=path, added=[], removed=[], types={}, unreadable=error.message))
    return [drift for drift in found if drift.is_drift], len(tables) <= MOST_TABLES


def _between_tables(before: Source, after: Source) -> list[SchemaDrift]:
    return [drift_between(before, after)]


def drifts_of_books(before: Source, after: Source) -> list[SchemaDrift]:
    """Sheet by sheet; one that only one of the workbooks has is told by all of its columns."""
    with Books() as books:
        pairs = paired_sheets(books.sheets(before, most_rows=_HEAD_ROWS), books.sheets(after, most_rows=_HEAD_ROWS))
        return [_drift(path, *({} if sheet is None else sheet.types() for sheet in pair), ordered=None not in pair) for path, pair in pairs]


def drift_between(before: Source, after: Source) -> SchemaDrift:
    """How the columns of `after` differ from those of `before`."""
    old, new = (open_table(source, Problems(skip=True)).types() for source in (before, after))
    return _drift(after.path, old, new, ordered=after.format.kind is not Kind.JSON_LINES)


def _drift(path: str, old: dict[str, str], new: dict[str, str], *, ordered: bool) -> SchemaDrift:
    stayed = [name for name in new if name in old]
    pairs = {name: (old[name], new[name]) for name in stayed}
    return SchemaDrift(
        path=path,
        added=[name for name in new if name not in old],
        removed=[name for name in old if name not in new],
        types={name: pair for name, pair in pairs.items() if pair[0] != pair[1] and not set(pair) & set(_UNKNOWN)},
        reordered=ordered and stayed != [name for name in old if name in new],
    )
