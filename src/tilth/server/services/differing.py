"""How one file of a version differs from another: line by line where both are texts, row by row where both are tables."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from tilth.base.errors import FieldInvalid
from tilth.server.services.contents import Contents
from tilth.server.services.lines import hunks
from tilth.server.services.previews import read_text
from tilth.server.services.tables import MOST_ROWS, TableSample, is_table

__all__ = ["ROW_KINDS", "compare_files"]

ROW_KINDS = ("added", "removed", "changed")

_LONGEST_CELL = 1_000
_LONGEST_LINE = 2_000
_MOST_LINES = 5_000

Cells = Sequence[str | None]
Item = dict[str, Any]


def compare_files(
    contents: Contents,
    before: tuple[str, str],
    after: tuple[str, str],
    *,
    key: Sequence[str],
    kinds: Sequence[str],
    offset: int,
    limit: int,
) -> Item:
    """How the file `after` differs from `before`, each a version and a path: `table`, `text`, or `other` if neither can be read."""
    if is_table(before[1]) and is_table(after[1]):
        old, new = (contents.table(*one, rows=MOST_ROWS) for one in (before, after))
        if old is not None and new is not None:
            return _tables(old, new, key=key, kinds=kinds, offset=offset, limit=limit)
    texts = [read_text(contents, *one) for one in (before, after)]
    if texts[0] is None or texts[1] is None:
        return {"kind": "other"}
    return _texts(texts[0], texts[1])


class _Row(Struct, frozen=True):
    change: str
    before: Cells | None
    after: Cells | None


def _tables(old: TableSample, new: TableSample, *, key: Sequence[str], kinds: Sequence[str], offset: int, limit: int) -> Item:
    names = [*new.table.column_names, *(name for name in old.table.column_names if name not in new.table.column_names)]
    columns = list(dict.fromkeys(names))
    before, after = (_aligned(sample, columns) for sample in (old, new))
    shared = [name for name in columns if name in old.table.column_names and name in new.table.column_names]
    unknown = [name for name in key if name not in shared]
    if unknown:
        raise FieldInvalid(f"key: not both tables have a column {unknown[0]!r:.100}", hint="choose columns that both have")
    distinct = [name for name in shared if _tells_apart(columns.index(name), before, after)]
    used = list(key) or distinct[:1]
    rows = list(_rows(before, after, [columns.index(name) for name in used], [columns.index(name) for name in shared]))
    counts = Counter(row.change for row in rows)
    shown = [row for row in rows if row.change in (kinds or ROW_KINDS)]
    page = shown[offset : offset + limit]
    return {
        "kind": "table",
        "columns": columns,
        "columns_added": [name for name in columns if name not in old.table.column_names],
        "columns_removed": [name for name in columns if name not in new.table.column_names],
        "key": used,
        "keys": shared,
        "counts": {kind: counts[kind] for kind in (*ROW_KINDS, "same")},
        "rows": [{"change": row.change, "before": _cut(row.before), "after": _cut(row.after)} for row in page],
        "total": len(shown),
        "next": offset + limit if offset + limit < len(shown) else None,
        "whole": old.whole and new.whole,
    }


def _aligned(sample: TableSample, columns: Sequence[str]) -> list[Cells]:
    """The rows with their cells in the order of `columns`; nothing stands where a table has no such column."""
    names = sample.table.column_names
    places = [names.index(name) if name in names else None for name in columns]
    return [tuple(None if place is None else row[place] for place in places) for row in sample.texts]


def _tells_apart(place: int, *tables: Sequence[Cells]) -> bool:
    """Whether a column has another value in each row, of both tables."""
    return all(len({row[place] for row in rows} - {None, ""}) == len(rows) for rows in tables)


def _rows(before: Sequence[Cells], after: Sequence[Cells], key: Sequence[int], shared: Sequence[int]) -> Iterator[_Row]:
    """Rows with the same key belong together, the first with the first and so on; without a key a row is what all of it says.

    What a column says that only one table has makes no row another one.
    """

    def key_of(row: Cells) -> Cells:
        return tuple(row[place] for place in key or shared)

    def said(row: Cells) -> Cells:
        return tuple(row[place] or None for place in shared)

    waiting: defaultdict[Cells, deque[int]] = defaultdict(deque)
    for at, row in enumerate(before):
        waiting[key_of(row)].append(at)
    left = set(range(len(before)))
    for row in after:
        candidates = waiting.get(key_of(row))
        if not candidates:
            yield _Row("added", None, row)
            continue
        at = candidates.popleft()
        left.discard(at)
        yield _Row("same" if said(before[at]) == said(row) else "changed", before[at], row)
    for at in sorted(left):
        yield _Row("removed", before[at], None)


def _cut(row: Cells | None) -> list[str | None] | None:
    return None if row is None else [cell if cell is None else cell[:_LONGEST_CELL] for cell in row]


def _texts(before: tuple[str, bool], after: tuple[str, bool]) -> Item:
    old, new = before[0].splitlines(), after[0].splitlines()
    lines: list[Item] = []
    counts = Counter[str]()
    ended = 0
    for hunk in hunks(old, new):
        if lines or hunk[0][1] or hunk[0][3]:
            lines.append({"change": "gap", "text": "", "before": None, "after": None})
        for tag, old_start, old_stop, new_start, new_stop in hunk:
            if tag == "equal":
                lines += [_line("same", old, at, before=at + 1, after=new_start + at - old_start + 1) for at in range(old_start, old_stop)]
                continue
            counts["removed"] += old_stop - old_start
            counts["added"] += new_stop - new_start
            lines += [_line("removed", old, at, before=at + 1) for at in range(old_start, old_stop)]
            lines += [_line("added", new, at, after=at + 1) for at in range(new_start, new_stop)]
        ended = hunk[-1][2]
    if lines and ended < len(old):
        lines.append({"change": "gap", "text": "", "before": None, "after": None})
    whole = before[1] and after[1]
    return {
        "kind": "text",
        "lines": lines[:_MOST_LINES],
        "counts": {"added": counts["added"], "removed": counts["removed"]},
        "whole": whole and len(lines) <= _MOST_LINES,
    }


def _line(change: str, texts: Sequence[str], at: int, *, before: int | None = None, after: int | None = None) -> Item:
    return {"change": change, "text": texts[at][:_LONGEST_LINE], "before": before, "after": after}
