"""The tables of two versions, row by row: one of them, or all that differ."""

from collections.abc import Iterator, Sequence

from tilth.base.errors import Invalid
from tilth.domain.version import DatasetVersion
from tilth.sdk import contents
from tilth.sdk.home import Home
from tilth.sdk.tables.excel import book_and_sheet, is_excel
from tilth.sdk.tables.formats import Source, format_of
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.opening import open_table
from tilth.sdk.tables.row_changes import RowChanges, compare_rows
from tilth.sdk.tables.scratch import scratch_in
from tilth.sdk.tables.sheets import Books
from tilth.sdk.tables.versions import source_of
from tilth.sdk.tables.workbooks import compare_workbooks

__all__ = ["changed_tables"]

_HEAD_ROWS = 200
"""So many rows of a sheet tell what its columns are called."""


def changed_tables(
    home: Home,
    before: DatasetVersion,
    after: DatasetVersion,
    *,
    path: str | None,
    key: Sequence[str],
    shown: int,
    skip_malformed: bool = False,
    memory_bytes: int = 0,
) -> Iterator[RowChanges]:
    """How the rows of tables differ between versions: of the table `path`, or of each that both versions have with different contents.

    Of several tables, those without the columns of the key are compared by whole rows; if none has them, that is an error.
    """
    path, sheet = book_and_sheet(path) if path else ("", "")
    pairs = [_pair(home, before, after, path)] if path else list(_differing(home, before, after))
    having = [pair for pair in pairs if not key or _has(pair, key)]
    if pairs and not having and len(pairs) > 1:
        raise Invalid(f"none of the {len(pairs)} tables that differ has the columns {', '.join(key)}", hint="name the table with --path")
    with scratch_in(home) as scratch:
        for pair in pairs:
            used = key if pair in having or len(pairs) == 1 else ()
            if is_excel(pair[1].path):
                yield from compare_workbooks(
                    *pair, sheet=sheet, key=used, shown=shown, scratch=scratch, skip_malformed=skip_malformed, memory_bytes=memory_bytes
                )
            else:
                yield compare_rows(*pair, key=used, shown=shown, scratch=scratch, skip_malformed=skip_malformed, memory_bytes=memory_bytes)


def _has(pair: tuple[Source, Source], key: Sequence[str]) -> bool:
    """Whether both tables have the columns of the key, or of workbooks a sheet has that both have."""
    if not is_excel(pair[1].path):
        return all(set(key) <= set(open_table(one, Problems(skip=True)).columns) for one in pair)
    with Books() as books:
        return all(any(set(key) <= set(sheet.columns) for sheet in books.sheets(one, most_rows=_HEAD_ROWS)) for one in pair)


def _pair(home: Home, before: DatasetVersion, after: DatasetVersion, path: str) -> tuple[Source, Source]:
    return source_of(home, before, path), source_of(home, after, path)


def _differing(home: Home, before: DatasetVersion, after: DatasetVersion) -> Iterator[tuple[Source, Source]]:
    for was, now in contents.side_by_side(contents.digests(home, before), contents.digests(home, after)):
        if was is not None and now is not None and was[2] != now[2] and (format_of(now[0]) is not None or is_excel(now[0])):
            yield _pair(home, before, after, now[0])
