"""Joining and comparing tables does what a few lines over dictionaries do, for tables that nobody thought of."""

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.merging import JoinRules, RowConflict, join_tables
from tilth.sdk.tables.opening import open_table
from tilth.sdk.tables.row_changes import compare_rows
from tilth.sdk.tables.separated import written_row

pytestmark = pytest.mark.property

CELLS = st.one_of(st.none(), st.sampled_from(["", "1", "01", "1.0", "a,b", 'say "x"', "two\nlines", "\r", "ü", " ", "null", "\ufeff"]))
KEYS = st.sampled_from(["1", "2", "01", "", "a,b", None])
COLUMNS = st.lists(st.sampled_from(["b", "c", 'd"', "e,f"]), unique=True, max_size=3)

Row = dict[str, str | None]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[Row]]:
    names = ["id", *draw(COLUMNS)]
    rows = draw(st.lists(st.fixed_dictionaries({name: KEYS if name == "id" else CELLS for name in names}), max_size=8))
    return names, rows


def as_csv(table: tuple[list[str], list[Row]]) -> bytes:
    names, rows = table
    lines: list[list[str | None]] = [[*names], *([row[name] for name in names] for row in rows)]
    return "".join(written_row(line, ",") + "\n" for line in lines).encode()


def as_lines(table: tuple[list[str], list[Row]]) -> bytes:
    return "".join(json.dumps({name: cell for name, cell in row.items() if cell is not None}) + "\n" for row in table[1]).encode()


def source(data: bytes, path: str, of: str) -> Source:
    return Source(path, of, lambda: io.BytesIO(data))


def rows_of(data: bytes, path: str) -> list[Row]:
    table = open_table(source(data, path, ""), Problems())
    return [dict(zip(table.columns, row, strict=True)) for rows in table.rows() for row in rows.cells]


def united(parts: list[tuple[list[str], list[Row]]]) -> list[Row]:
    """All rows with all columns; an only cell that is nothing is written as a text without characters, because an empty line is no row."""
    names = list(dict.fromkeys(name for names, _ in parts for name in names))
    found = []
    for own, rows in parts:
        for row in rows:
            kept = {"id": row["id"] or ""} if own == ["id"] else row
            found.append({name: kept.get(name) for name in names})
    return found


def joined(rows: list[Row], key: list[str], rule: RowConflict) -> list[Row]:
    standing: dict[Any, int] = {}
    for at, row in enumerate(rows):
        name = tuple(row[column] for column in key)
        if rule is RowConflict.LAST or name not in standing:
            standing[name] = at
    return [rows[at] for at in sorted(standing.values())]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(tables(), min_size=2, max_size=3), st.sampled_from(["plain", "distinct", "first", "last"]))
def test_tables_are_joined_as_dictionaries_would_be(tmp_path: Path, parts: list[tuple[list[str], list[Row]]], how: str) -> None:
    rules = {
        "plain": JoinRules(),
        "distinct": JoinRules(drop_duplicates=True),
        "first": JoinRules(key=["id"], on_conflict=RowConflict.FIRST),
        "last": JoinRules(key=["id"], on_conflict=RowConflict.LAST),
    }[how]
    sources = [source(as_csv(part), "t.csv", str(number)) for number, part in enumerate(parts)]
    out = io.BytesIO()
    report = join_tables(sources, rules, out, tmp_path, lambda rows: None, skip_malformed=False)
    expected = united(parts)
    if how == "distinct":
        expected = joined(expected, list(expected[0]), RowConflict.FIRST) if expected else []
    elif how != "plain":
        expected = joined(expected, ["id"], rules.on_conflict)
    assert rows_of(out.getvalue(), "t.csv") == expected
    assert report.rows == len(expected)
    assert sum(part["rows"] for part in report.parts) - report.duplicates - report.overridden == report.rows


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables(), tables(), st.booleans(), st.sampled_from(["csv", "jsonl"]))
@example(before=(["id"], [{"id": None}]), after=(["id"], [{"id": "1"}]), keyed=False, kind="jsonl")  # one that says nothing
def test_rows_are_compared_as_multisets(
    tmp_path: Path, before: tuple[list[str], list[Row]], after: tuple[list[str], list[Row]], keyed: bool, kind: str
) -> None:
    write = as_csv if kind == "csv" else as_lines
    old, new = (source(write(table), f"t.{kind}", name) for table, name in ((before, "old"), (after, "new")))
    columns = [set(open_table(one, Problems()).columns) for one in (old, new)]
    if keyed and not all("id" in names for names in columns):
        return
    found = compare_rows(old, new, key=["id"] if keyed else [], shown=100, scratch=tmp_path, skip_malformed=False)
    shared = sorted(columns[0] & columns[1] if all(columns) else columns[0] | columns[1])
    said = [[tuple(row.get(name) or None for name in shared) for row in rows_of(write(table), f"t.{kind}")] for table in (before, after)]
    if keyed:
        counts = expected_by_key(said[0], said[1], shared.index("id"))
    else:
        was, now = Counter(said[0]), Counter(said[1])
        counts = {
            "added": (now - was).total(),
            "removed": (was - now).total(),
            "same": (was & now).total(),
            "changed": 0,
        }
    assert {name: getattr(found, name) for name in counts} == counts
    assert Counter(row.change for row in found.rows) == Counter({k: n for k, n in counts.items() if n and k != "same"})


def expected_by_key(before: list[Any], after: list[Any], at: int) -> dict[str, int]:
    """The first row with a key belongs to the first one with it in the other table, and so on."""
    counts = Counter({"added": 0, "removed": 0, "same": 0, "changed": 0})
    for key in {row[at] for row in [*before, *after]}:
        was, now = ([row for row in rows if row[at] == key] for rows in (before, after))
        for one, other in zip(was, now, strict=False):
            counts["same" if one == other else "changed"] += 1
        counts["added"] += max(0, len(now) - len(was))
        counts["removed"] += max(0, len(was) - len(now))
    return dict(counts)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(st.text(alphabet='a"\n\r, ü', max_size=5), min_size=2, max_size=2), max_size=5))
def test_what_others_write_is_read(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    assert [list(row.values()) for row in rows_of(out.getvalue().encode(), "t.csv")] == rows


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["t.csv", "t.tsv", "t.jsonl"]))
def test_whatever_stands_in_a_file_leaving_out_what_is_wrong_always_ends(data: bytes, path: str) -> None:
    head = b"a,b\n" if path == "t.csv" else b"a\tb\n" if path == "t.tsv" else b""
    table = open_table(source(head + data, path, ""), Problems(skip=True))
    for rows in table.rows():
        assert all(len(row) == len(table.columns) for row in rows.cells)
        assert list(rows.lines) == sorted(rows.lines)
