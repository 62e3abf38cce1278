"""How the columns of tables changed between versions: cheaply, from what names them and the first rows, without reading the tables."""

from collections.abc import Sequence

from msgspec import Struct

from tilth.base.errors import TilthError
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home
from tilth.sdk.tables.formats import Kind, Source, format_of
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.opening import open_table
from tilth.sdk.tables.versions import source_of

__all__ = ["MOST_TABLES", "SchemaDrift", "drift_between", "drifts"]

MOST_TABLES = 100
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
    tables = [path for path in paths if format_of(path) is not None]
    found: list[SchemaDrift] = []
    for path in tables[:MOST_TABLES]:
        try:
            drift = drift_between(source_of(home, before, path), source_of(home, after, path))
        except TilthError as error:  # a comparison of versions does not end at a file that is no table
            drift = SchemaDrift(path=path, added=[], removed=[], types={}, unreadable=error.message)
        if drift.is_drift:
            found.append(drift)
    return found, len(tables) <= MOST_TABLES


def drift_between(before: Source, after: Source) -> SchemaDrift:
    """How the columns of `after` differ from those of `before`."""
    old, new = (_columns(source) for source in (before, after))
    stayed = [name for name in new if name in old]
    pairs = {name: (old[name], new[name]) for name in stayed}
    return SchemaDrift(
        path=after.path,
        added=[name for name in new if name not in old],
        removed=[name for name in old if name not in new],
        types={name: pair for name, pair in pairs.items() if pair[0] != pair[1] and not set(pair) & set(_UNKNOWN)},
        reordered=after.format.kind is not Kind.JSON_LINES and stayed != [name for name in old if name in new],
    )


def _columns(source: Source) -> dict[str, str]:
    table = open_table(source, Problems(skip=True))
    return table.types()
