"""Workbooks of Excel, joined and compared sheet by sheet.

Where each workbook has one sheet that is not empty, these belong together whatever they are called; otherwise sheets belong together by
their names, in which capitals do not matter, as in Excel.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from msgspec.structs import replace as replaced

from tilth.base.errors import Invalid
from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.merging import JoinRules, Parts, TableReport, join_rows
from tilth.sdk.tables.row_changes import RowChanges, compare_tables
from tilth.sdk.tables.rows import Rows, Table, places_of
from tilth.sdk.tables.sheets import Books, SheetTable
from tilth.sdk.tables.workbook_reading import SheetCell
from tilth.sdk.tables.workbook_writing import SheetFile, WorkbookFile

__all__ = ["compare_workbooks", "join_workbooks", "paired_sheets"]


def join_workbooks(
    sources: Sequence[Source], rules: JoinRules, file: IO[bytes], scratch: Path, tell: Callable[[int], None], *, skip_malformed: bool
) -> list[TableReport]:
    """Write the sheets of `sources` to one workbook, and tell of each what became of it."""
    with Books() as books:
        groups = _together([books.sheets(source) for source in sources])
        with WorkbookFile(file) as made:
            reports = [_joined(group, len(groups) > 1, rules, made, scratch, tell, Problems(skip=skip_malformed)) for group in groups]
            if not groups:
                made.sheet("Sheet1", sources[0].path)
                reports = [TableReport(path=sources[0].path, parts=[{"version": source.of, "rows": 0} for source in sources], rows=0)]
        reports[0].notes += [note for source in sources if (note := _lost(books, source))]
    return reports


def compare_workbooks(
    before: Source,
    after: Source,
    *,
    sheet: str = "",
    key: Sequence[str],
    shown: int,
    scratch: Path,
    skip_malformed: bool,
    memory_bytes: int = 0,
) -> Iterator[RowChanges]:
    """How the rows of each sheet differ, or those of one; sheets without the columns of the key are compared by whole rows."""
    with Books() as books:
        sheets = [books.sheets(source) for source in (before, after)]
        groups = _together(sheets)
        if sheet:
            groups = [group for group in groups if any(table.title.casefold() == sheet.casefold() for table in group)]
        if sheet and not groups:
            names = ", ".join(dict.fromkeys(table.title for tables in sheets for table in tables))
            raise Invalid(f"{after.path} has no sheet {sheet:.100} in which anything stands", hint=f"there are {names}" if names else None)
        having = [group for group in groups if all(set(key) <= set(table.columns) for table in group)]
        if key and not having and groups:
            raise Invalid(
                f"no sheet of {after.label} and {before.label} has the columns {', '.join(key)}",
                hint=f"there are {', '.join(list(groups[0][0].columns)[:10])}",
            )
        for group in groups:
            problems = Problems(skip=skip_malformed)
            for table in group:
                table.problems = problems
            path = _called(group, len(groups) > 1 or bool(sheet))
            if len(group) == 1:
                yield _only(path, group[0], is_new=group[0] in sheets[1])
            else:
                old, new = group[:2]
                used = key if group in having else ()
                yield compare_tables(path, old, new, problems, key=used, shown=shown, scratch=scratch, memory_bytes=memory_bytes)


def paired_sheets(
    before: Sequence[SheetTable], after: Sequence[SheetTable]
) -> Iterator[tuple[str, tuple[SheetTable | None, SheetTable | None]]]:
    """The sheets of two workbooks that belong together, and what they are called; None where a workbook has none."""
    groups = _together([before, after])
    for group in groups:
        olds, news = ([sheet for sheet in group if any(sheet is own for own in sheets)] for sheets in (before, after))
        yield _called(group, len(groups) > 1), (olds[0] if olds else None, news[0] if news else None)


def _together(books: Sequence[Sequence[SheetTable]]) -> list[list[SheetTable]]:
    """The sheets that belong together, in the order in which they come, without those that are empty."""
    filled = [[sheet for sheet in sheets if sheet.columns] for sheets in books]
    if all(len(sheets) < 2 for sheets in filled):
        found = [sheet for sheets in filled for sheet in sheets]
        return [found] if found else []
    named: dict[str, list[SheetTable]] = {}
    for sheets in filled:
        for sheet in sheets:
            named.setdefault(sheet.title.casefold(), []).append(sheet)
    return list(named.values())


def _called(group: Sequence[SheetTable], is_one_of_many: bool) -> str:
    path = group[0].source.path
    return f"{path}#{group[0].title}" if is_one_of_many else path


def _joined(
    group: list[SheetTable],
    is_one_of_many: bool,
    rules: JoinRules,
    made: WorkbookFile,
    scratch: Path,
    tell: Callable[[int], None],
    problems: Problems,
) -> TableReport:
    notes = []
    titles = list(dict.fromkeys(table.title for table in group))
    if len({title.casefold() for title in titles}) > 1:
        notes.append(f"sheets {' and '.join(titles)} are taken for one, as each workbook has no other")
    tables = list({table.digest: table for table in reversed(group)}.values())[::-1]  # of equal ones the first
    used = rules
    if len(tables) < 2:
        used = replaced(rules, key=(), drop_duplicates=False)
    elif is_one_of_many and rules.key and not any(set(rules.key) <= set(table.columns) for table in tables):
        used = replaced(rules, key=(), drop_duplicates=True)
        notes.append(f"no version has {', '.join(rules.key)} there: rows that are equal in every cell became one")
    for table in tables:
        table.problems = problems
    path = _called(group, is_one_of_many)

    def writer(columns: Sequence[str]) -> _SheetWriter:
        return _SheetWriter(made.sheet(titles[0], path, hidden=group[0].is_hidden), tables, columns)

    report = join_rows(Parts(path, [table.source.of for table in tables], tables), used, writer, scratch, tell)
    report.malformed = problems.counts()
    report.first_malformed = [str(problem) for problem in problems.first()]
    report.notes = notes
    return report


class _SheetWriter:
    """Writes rows of several sheets into one."""

    def __init__(self, sheet: SheetFile, tables: Sequence[SheetTable], columns: Sequence[str]) -> None:
        self._sheet = sheet
        self._columns = columns
        heads: dict[str, SheetCell | None] = {}
        for table in tables:
            heads = table.header | heads
        head = [heads[name] for name in columns]
        if columns:  # a row without anything in it would be none
            sheet.append(head if any(head) else map(SheetCell, columns))

    def write(self, table: Table, rows: Rows, chosen: Sequence[int] | None) -> None:
        places = places_of(self._columns, table.columns)
        for row in rows.batch if chosen is None else [rows.batch[at] for at in chosen]:
            self._sheet.append([None if at is None else row[at] for at in places])

    def close(self) -> None:
        """Nothing: the next sheet finishes this one, or the workbook's end."""


_LOST = {"charts": "charts", "media": "pictures", "pivotTables": "pivot tables", "comments": "comments", "threadedComments": "comments"}


def _lost(books: Books, source: Source) -> str:
    """What a workbook holds that rows do not have."""
    names = [name.partition("xl/")[2] for name in books.parts(source)]
    found = [said for part, said in _LOST.items() if any(name.startswith(part) for name in names)]
    return f"{', '.join(dict.fromkeys(found))} of {source.label} are not kept" if found else ""


def _only(path: str, table: SheetTable, *, is_new: bool) -> RowChanges:
    rows = sum(len(found.lines) for found in table.rows())
    return RowChanges(
        path=path,
        key=[],
        columns=[],
        columns_added=list(table.columns) if is_new else [],
        columns_removed=[] if is_new else list(table.columns),
        added=rows if is_new else 0,
        removed=0 if is_new else rows,
        changed=0,
        same=0,
        cells={},
        unit=table.unit,
        rows=[],
        malformed=table.problems.counts(),
        first_malformed=[str(problem) for problem in table.problems.first()],
        only_in=table.source.of,
    )
