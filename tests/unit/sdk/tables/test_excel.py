"""Workbooks of Excel: what is in them is read row by row, and hostile ones end nothing and take little memory."""

import io
import re
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from tilth import Dataset
from tilth.base.errors import Invalid
from tilth.sdk.home import Home
from tilth.sdk.previews.columns import columns_of
from tilth.sdk.previews.ranges import LocalFile
from tilth.sdk.previews.rows import first_rows
from tilth.sdk.previews.seen import Column
from tilth.sdk.tables.excel import opened_book, sheet_rows, sheet_table
from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.sheets import Books


def _book(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _at(*parts: int) -> datetime:
    """A time as a workbook has it, which knows no zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc, arg-type]


TRIPS: list[list[Any]] = [
    ["id", "fare", "when", "mixed", None],
    [1, 2.5, _at(2024, 1, 2), "a", 7],
    [2, None, _at(2024, 1, 3, 4, 5), 3, None],
]


def _version(tmp_path: Path) -> Dataset:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "trips.xlsx").write_bytes(_book(Trips=TRIPS, Zones=[["zone", "Name", "name"], ["007", "A", "a"]]))
    made = Dataset.create("books", "Team/Tables")
    made.add_files(tmp_path / "data")
    made.finalize(auto_upload=True)
    return made


def test_the_first_rows_and_the_types_of_columns_are_shown() -> None:
    file = LocalFile("trips.xlsx", _book(Trips=TRIPS))
    assert first_rows(file) == [
        ["id", "fare", "when", "mixed", "column4"],
        ["1", "2.5", "2024-01-02 00:00:00", "a", "7"],
        ["2", "", "2024-01-03 04:05:00", "3", ""],
    ]
    found = columns_of(file)
    assert found is not None
    assert (found.rows, found.is_all) == (2, True)
    assert found.columns[1] == Column("fare", "double", 1, "2.5", "2.5")
    assert [(column.name, column.type) for column in found.columns] == [
        ("id", "int64"),
        ("fare", "double"),
        ("when", "timestamp[us]"),
        ("mixed", "string"),
        ("column4", "int64"),
    ]


def test_queries_read_sheets_by_their_names(own: Home, tmp_path: Path) -> None:
    made = _version(tmp_path)
    totals = "SELECT sum(id) AS s, max(\"when\") AS w FROM 'trips.xlsx'"
    assert made.query(totals).to_pylist() == [{"s": 3, "w": _at(2024, 1, 3, 4, 5)}]
    assert made.query("SELECT count(*) AS n FROM trips").to_pylist() == [{"n": 2}]
    assert made.query("SELECT * FROM 'trips.xlsx#zones'").to_pylist() == [{"zone": "007", "Name": "A", "name_1": "a"}]
    assert made.query("SELECT id FROM trips ORDER BY id", as_texts=True).to_pylist() == [{"id": "1"}, {"id": "2"}]
    with pytest.raises(Invalid, match="has no sheet More") as missing:
        made.query("SELECT * FROM 'trips.xlsx#More'")
    assert missing.value.hint == "its sheets are Trips, Zones"


def test_numbers_of_two_kinds_are_numbers_and_other_mixtures_are_texts() -> None:
    found = sheet_table(io.BytesIO(_book(S=[["n", "m", "b"], [1, 1, True], [2.5, "x", None], [None, _at(2024, 1, 1), False]])), "s.xlsx")
    assert found.schema.types == [pa.float64(), pa.string(), pa.bool_()]
    assert found.column("m").to_pylist() == ["1", "x", "2024-01-01"]


def test_what_is_no_workbook_is_told() -> None:
    whole = _book(S=[["a"], [1]])
    for data in (b"", b"a,b\n1,2\n", whole[: len(whole) // 2], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)):
        with pytest.raises(Invalid, match=r"b\.xlsx can't be read as a workbook"):
            sheet_table(io.BytesIO(data), "b.xlsx")
        assert first_rows(LocalFile("b.xlsx", data)) is None
        assert columns_of(LocalFile("b.xlsx", data)) is None
    with pytest.raises(Invalid, match="has no rows"):
        sheet_table(io.BytesIO(_book(S=[])), "b.xlsx")


HOSTILE = """
import io, re, resource, sys, zipfile
import pyarrow
from tilth.base.errors import Invalid
from tilth.sdk.previews.columns import columns_of
from tilth.sdk.previews.ranges import LocalFile
from tilth.sdk.previews.rows import first_rows
from tilth.sdk.tables.excel import sheet_table
import openpyxl, zipfile

def changed(change, part="sheet1"):
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append([1, 2])
    saved, made = io.BytesIO(), io.BytesIO()
    book.save(saved)
    with zipfile.ZipFile(saved) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            data = before.read(name)
            after.writestr(name, change(data) if part in name else data)
    return made.getvalue()

def looked_at(data):
    file = LocalFile("b.xlsx", data)
    shown = first_rows(file), columns_of(file)
    try:
        return shown, sheet_table(io.BytesIO(data), "b.xlsx")
    except Invalid as error:
        return shown, str(error)

looked_at(changed(lambda data: data))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
far = changed(lambda data: data.replace(b'r="B2"', b'r="XFD1048576"').replace(b'r="2"', b'r="1048576"'))
shown, said = looked_at(far)
assert shown[0] is not None
tall = changed(lambda data: data.replace(b'r="2"', b'r="99999999999"'))
assert looked_at(tall)[0][0] == [["a", "b"]], looked_at(tall)
bomb = changed(lambda data: data.replace(b"</worksheet>", b" " * (130 << 20) + b"</worksheet>"))
shown, said = looked_at(bomb)
assert shown == (None, None) and "when it is unpacked" in said, said
entities = b'<!DOCTYPE w [<!ENTITY a "' + b"x" * 1000 + b'">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 100) for n in range(5)) + b"]>"
laughs = changed(lambda data: entities + data.replace(b"<v>1</v>", b"<v>&f;</v>"))
shown, said = looked_at(laughs)
assert shown == (None, None) and "can't be read" in said, said
xml = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
styles = f'<styleSheet xmlns="{xml}"><cellXfs>{"<xf/>" * 600_000}</cellXfs></styleSheet>'
shown, said = looked_at(changed(lambda _: styles.encode(), "xl/styles.xml"))
assert shown == (None, None) and "styles.xml of b.xlsx has more than 500,000 elements" in said, said
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_hostile_workbooks_end_nothing_and_take_little_memory() -> None:
    ended = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) < 400_000


def test_threads_that_read_workbooks_leave_the_warnings_of_the_process_alone() -> None:
    data = _book(S=[["a", "b"], *([number, "x"] for number in range(3_000))])
    before = list(warnings.filters), warnings.showwarning

    def read() -> int:
        with opened_book(io.BytesIO(data), "b.xlsx") as book:
            return sum(1 for _ in sheet_rows(book, "S", "b.xlsx", most_rows=1 << 20))

    with ThreadPoolExecutor(4) as pool:
        assert [done.result() for done in [pool.submit(read) for _ in range(4)]] == [3_001] * 4
    assert (list(warnings.filters), warnings.showwarning) == before


def _sheet(*rows: str, sheets: int = 1, parts: dict[str, str] | None = None) -> bytes:
    """A workbook whose sheets have this between their head and their foot, and with further parts."""
    whole, made = io.BytesIO(_book(**{f"S{number}": [["a"], ["b"]] for number in range(sheets)})), io.BytesIO()
    with zipfile.ZipFile(whole) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            data = before.read(name)
            if "worksheets/sheet" in name:
                data = re.sub(rb"<sheetData>.*</sheetData>", lambda _: "".join(rows).encode(), data)
            if name not in (parts or {}):
                after.writestr(name, data)
        for name, text in (parts or {}).items():
            after.writestr(name, text)
    return made.getvalue()


CELL = "<c><v>1</v></c>"
CELL_ROW = f"<row>{CELL}</row>"
MANY = [f"xl/worksheets/sheet{number}.xml" for number in range(2, 1_002)]
TEXTS = f"<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><si>{'<r><t>a</t></r>' * 400_000}</si></sst>"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda: _sheet("<sheetData><row>", CELL * 400_000, "</row></sheetData>"), "a row of more than 16,384 cells, as many as Excel"),
        (lambda: _sheet("<sheetData><row>", "<x:c/>" * 600_000, "</row></sheetData>"), "a row of more than 16,384 cells"),
        (lambda: _sheet("<sheetData>", "<row/>" * 1_050_000, "</sheetData>"), "more than 1,048,576 rows, as many as Excel"),
        (lambda: _sheet("<sheetData>", f"<row>{'<c/>' * 100}</row>" * 51_000, "</sheetData>"), "more than 5,000,000 cells"),
        (lambda: _sheet("<sheetData/><mergeCells>", "<mergeCell/>" * 1_100_000, "</mergeCells>"), "more than 1,000,000 elements in one"),
        (lambda: _sheet("<sheetData><row><c>", "<v/>" * 1_300_000, "</c></row></sheetData>"), "more than 1,000,000 elements in one place"),
        (
            lambda: _sheet("<sheetData/>", parts={"xl/sharedStrings.xml": TEXTS}),
            "sharedStrings.xml of b.xlsx has more than 1,000,000 elements in one place",
        ),
        (lambda: _sheet("<sheetData/>", parts=dict.fromkeys(MANY, "")), "b.xlsx has more than 1,000 sheets"),
    ],
)
def test_what_excel_can_not_have_is_refused_before_anything_is_made_of_it(data: Callable[[], bytes], said: str) -> None:
    with pytest.raises(Invalid, match=said), opened_book(io.BytesIO(data()), "b.xlsx"):
        pass


def test_cells_far_away_are_read_for_what_they_are() -> None:
    far = [f'<row r="{at}"><c r="XFD{at}"><v>{at}</v></c></row>' for at in (3, 1_000, 1_048_576)]
    data = _sheet("<sheetData>", *far, "</sheetData>", sheets=40)
    with opened_book(io.BytesIO(data), "b.xlsx") as book:
        for title in book.titles:
            rows = list(sheet_rows(book, title, "b.xlsx", most_rows=1 << 20))
            assert [(row.number, {at: cell.value for at, cell in row.cells.items()}) for row in rows] == [
                (number, {16_383: number}) for number in (3, 1_000, 1_048_576)
            ]
    assert sheet_table(io.BytesIO(data), "b.xlsx").to_pydict() == {"3": [1_000, 1_048_576]}


def test_a_sheet_that_is_nearly_all_empty_is_no_table() -> None:
    head = f"<row>{'<c><v>1</v></c>' * 2_600}</row>"
    data = _sheet("<sheetData>", head, CELL_ROW * 10_000, "</sheetData>")
    with pytest.raises(Invalid, match="has 10,001 rows and 2,600 columns, most of whose cells are empty"):
        sheet_table(io.BytesIO(data), "b.xlsx")
    with Books() as books, pytest.raises(Invalid, match="has 10,001 rows and 2,600 columns, most of whose cells are empty"):
        _ = books.sheets(Source("b.xlsx", "", lambda: io.BytesIO(data)))[0].columns
