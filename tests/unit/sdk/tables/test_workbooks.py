"""Workbooks are joined and compared sheet by sheet, each cell stays what it is, and what can't be kept is told."""

import io
import zipfile
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from openpyxl.cell import WriteOnlyCell

from tilth import Dataset
from tilth.base.errors import Invalid, TableMalformed
from tilth.sdk.home import Home
from tilth.sdk.tables import workbook_writing
from tilth.sdk.tables.drift import drifts_of_books
from tilth.sdk.tables.excel import book_and_sheet, sheet_table
from tilth.sdk.tables.formats import Source, why_not_joined
from tilth.sdk.tables.merging import ColumnRule, JoinRules, RowConflict, TableReport
from tilth.sdk.tables.row_changes import RowChanges
from tilth.sdk.tables.workbook_reading import SheetCell
from tilth.sdk.tables.workbook_writing import WorkbookFile
from tilth.sdk.tables.workbooks import compare_workbooks, join_workbooks

Sheets = dict[str, list[list[Any]]]


def book(sheets: Sheets, *, hidden: str = "") -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        sheet.sheet_state = "hidden" if name == hidden else "visible"
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def source(data: bytes, of: str) -> Source:
    return Source("t.xlsx", of, lambda: io.BytesIO(data))


def joined(tmp_path: Path, *parts: bytes, skip: bool = False, **rules: Any) -> tuple[bytes, list[TableReport]]:
    out = io.BytesIO()
    sources = [source(data, f"d {number}") for number, data in enumerate(parts, 1)]
    reports = join_workbooks(sources, JoinRules(**rules), out, tmp_path, lambda rows: None, skip_malformed=skip)
    assert list(tmp_path.iterdir()) == [], "something was left behind"
    return out.getvalue(), reports


def read(data: bytes) -> Sheets:
    found = openpyxl.load_workbook(io.BytesIO(data))
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in found}


def at(*parts: int) -> datetime:
    """A time as a workbook has it, which knows no zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc, arg-type]


def compared(tmp_path: Path, before: bytes, after: bytes, *key: str, sheet: str = "", shown: int = 10) -> list[RowChanges]:
    old, new = source(before, "old"), source(after, "new")
    return list(compare_workbooks(old, new, sheet=sheet, key=key, shown=shown, scratch=tmp_path, skip_malformed=False))


HEAD = ["id", "size", "when", "ok", "for", "text"]
FIRST = [1, 2.5, at(2024, 2, 29, 3, 4, 5), True, timedelta(hours=30), ' <"&> \n ü']
SECOND = [123456789012345, -7, at(2024, 1, 1), False, time(1, 2, 3), "007"]


def test_rows_follow_each_other_and_cells_keep_their_types(tmp_path: Path) -> None:
    data, (report,) = joined(tmp_path, book({"S": [HEAD, FIRST]}), book({"S": [HEAD, SECOND]}))
    assert (report.path, report.rows, [part["rows"] for part in report.parts]) == ("t.xlsx", 2, [1, 1])
    found = read(data)["S"]
    assert found[:2] == [HEAD, FIRST]
    assert found[2] == SECOND
    assert [type(cell) for cell in found[1]] == [int, float, datetime, bool, timedelta, str]
    assert pd.read_excel(io.BytesIO(data))["size"].tolist() == [2.5, -7]


@pytest.mark.parametrize("digits", ["0.30000000000000004", "12345678901234567"])
def test_numbers_keep_all_their_digits(digits: str, tmp_path: Path) -> None:
    written = book({"S": [["a"], [1111.5]]})
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    exact = io.BytesIO()
    with zipfile.ZipFile(exact, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content.replace(b"1111.5", digits.encode()) if part == name else content)
    data, _ = joined(tmp_path, exact.getvalue(), book({"S": [["a"], [1]]}))
    assert read(data)["S"] == [["a"], [float(digits) if "." in digits else int(digits)], [1]]
    assert sheet_table(exact, "t.xlsx")["a"].to_pylist() == read(data)["S"][1]


def test_a_text_that_looks_like_a_formula_or_an_error_stays_a_text(tmp_path: Path) -> None:
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet("S")
    sheet.append(["a"])
    for text, kind in (("=1+1", "s"), ("#N/A", "s"), ("#N/A", "e")):
        cell = WriteOnlyCell(sheet, text)
        cell.data_type = kind
        sheet.append([cell])
    out = io.BytesIO()
    made.save(out)
    data, _ = joined(tmp_path, out.getvalue(), book({"S": [["a"], ["b"]]}))
    rows = openpyxl.load_workbook(io.BytesIO(data))["S"].iter_rows(min_row=2)
    assert [(row[0].value, row[0].data_type) for row in rows] == [("=1+1", "s"), ("#N/A", "s"), ("#N/A", "e"), ("b", "s")]


def test_formats_of_numbers_are_kept(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    for place, number, how in (("A2", 0.5, "0.00%"), ("A3", 45000, "d.m.yy"), ("A4", 3, '"<" 0 "kg"'), ("A5", 45000, "mm-dd-yy")):
        made.active[place] = number
        made.active[place].number_format = how
    made.active["A1"] = "a"
    out = io.BytesIO()
    made.save(out)
    data, _ = joined(tmp_path, out.getvalue(), book({"Sheet": [["a"], [1]]}))
    rows = openpyxl.load_workbook(io.BytesIO(data))["Sheet"].iter_rows(min_row=2)
    assert [row[0].number_format for row in rows] == ["0.00%", "d.m.yy", '"<" 0 "kg"', "mm-dd-yy", "General"]


def test_of_rows_with_one_key_one_stands(tmp_path: Path) -> None:
    parts = book({"S": [["id", "v"], [1, "a"], [2, "b"]]}), book({"S": [["id", "v"], [2, "x"], [1.0, "a"], ["3", None]]})
    said = r"^id 2: rows with this key differ: t\.xlsx#S of d 1, row 3 and t\.xlsx#S of d 2, row 2; choose"
    with pytest.raises(Invalid, match=said):
        joined(tmp_path, *parts, key=["id"])
    data, (report,) = joined(tmp_path, *parts, key=["id"], on_conflict=RowConflict.FIRST)
    assert read(data)["S"] == [["id", "v"], [1, "a"], [2, "b"], ["3", None]]
    assert (report.conflicts, report.conflict_keys, report.duplicates, report.overridden) == (1, ["2"], 1, 1)
    assert report.differing_types == {"id": {"d 1": "number", "d 2": "number or text"}}
    assert joined(tmp_path, *parts, key=["id"], on_conflict=RowConflict.FIRST)[0] == data


def test_columns_are_put_together_by_their_names(tmp_path: Path) -> None:
    parts = book({"S": [[None], ["id", None, 2024, "a"], [1, "n", 5], [None], [2]]}), book({"S": [[2024, "id", "b"], [6, 3, "x"]]})
    data, (report,) = joined(tmp_path, *parts)
    assert read(data)["S"] == [
        ["id", None, 2024, "a", "b"],
        [1, "n", 5, None, None],
        [2, None, None, None, None],
        [3, None, 6, None, "x"],
    ]
    assert report.columns == ["id", "column1", "2024", "a", "b"]
    assert report.differing_columns == {"column1": ["d 1"], "a": ["d 1"], "b": ["d 2"]}
    assert read(joined(tmp_path, *parts, columns=ColumnRule.COMMON)[0])["S"] == [["id", 2024], [1, 5], [2, None], [3, 6]]


def test_one_sheet_of_each_is_joined_whatever_it_is_called(tmp_path: Path) -> None:
    data, (report,) = joined(tmp_path, book({"Tabelle1": [["a"], [1]], "Tabelle2": []}), book({"Sheet1": [["a"], [2]]}))
    assert read(data) == {"Tabelle1": [["a"], [1], [2]]}
    assert report.notes == ["sheets Tabelle1 and Sheet1 are taken for one, as each workbook has no other"]


def test_several_sheets_are_joined_by_their_names(tmp_path: Path) -> None:
    zones: list[list[Any]] = [["zone"], ["007"]]
    first = book({"Trips": [["id", "v"], [1, "a"]], "Zones": zones, "Notes": [["n"], ["x"], ["y"]]}, hidden="Zones")
    second = book({"zones": zones, "trips": [["id", "v"], [1, "a"], [2, "b"]], "Notes": [["n"], ["y"], ["z"]], "More": [["id"], [1], [1]]})
    data, reports = joined(tmp_path, first, second, key=["id"])
    assert read(data) == {
        "Trips": [["id", "v"], [1, "a"], [2, "b"]],
        "Zones": zones,
        "Notes": [["n"], ["x"], ["y"], ["z"]],
        "More": [["id"], [1], [1]],
    }
    assert [sheet.sheet_state for sheet in openpyxl.load_workbook(io.BytesIO(data))] == ["visible", "hidden", "visible", "visible"]
    assert [(report.path, report.rows, report.duplicates) for report in reports] == [
        ("t.xlsx#Trips", 2, 1),
        ("t.xlsx#Zones", 1, 0),
        ("t.xlsx#Notes", 3, 1),
        ("t.xlsx#More", 2, 0),
    ]
    assert reports[2].notes == ["no version has id there: rows that are equal in every cell became one"]
    with pytest.raises(Invalid, match=r"t\.xlsx#Trips of d 2 has no column 'v'; it has id"):
        joined(tmp_path, first, book({"Trips": [["id"], [1]], "Zones": zones}), key=["v"])


def test_any_number_of_workbooks_is_joined(tmp_path: Path) -> None:
    parts = [book({"A#1": [["id"], [number], [0]], "B": [["b", "id"], [number, number]]}) for number in range(1, 5)]
    data, reports = joined(tmp_path, *parts, key=["id"])
    assert read(data)["A#1"] == [["id"], [1], [0], [2], [3], [4]]
    assert [(report.rows, report.duplicates) for report in reports] == [(5, 3), (4, 0)]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("a/b.xlsx", ("a/b.xlsx", "")),
        ("b.XLSX#S", ("b.XLSX", "S")),
        ("b.xlsx#A#1", ("b.xlsx", "A#1")),
        ("a#b.xlsx#S", ("a#b.xlsx", "S")),
        ("b.xlsx#", ("b.xlsx#", "")),
        ("b.csv#S", ("b.csv#S", "")),
    ],
)
def test_a_sheet_is_named_behind_its_workbook(name: str, meant: tuple[str, str]) -> None:
    assert book_and_sheet(name) == meant


def test_workbooks_without_cells_give_one_without_cells(tmp_path: Path) -> None:
    data, (report,) = joined(tmp_path, book({"S": []}), book({"A": [], "B": [[None, None]]}), key=["id"])
    assert (list(read(data)), report.rows) == (["Sheet1"], 0)
    data, _ = joined(tmp_path, book({"S": []}), book({"A": [["id"], [1]]}), key=["id"])
    assert read(data) == {"A": [["id"], [1]]}


def test_more_rows_than_excel_has_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_writing, "MOST_ROWS", 5)
    part = book({"S": [["a"], [1], [2]]})
    assert len(read(joined(tmp_path, part, book({"S": [["a"], [3], [4]]}))[0])["S"]) == 5
    with pytest.raises(
        Invalid, match=r"^t\.xlsx would have more than 5 rows, as many as Excel can have; write the tables as CSV or Parquet"
    ):
        joined(tmp_path, part, book({"S": [["a"], [3], [4], [5]]}))


def test_a_date_that_is_none_is_a_malformed_row(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.append(["a"])
    made.active["A2"] = 1e12
    made.active["A2"].number_format = "yyyy-mm-dd"
    made.active["A3"] = 5
    out = io.BytesIO()
    made.save(out)
    other = book({"Sheet": [["a"], [1]]})
    with pytest.raises(TableMalformed, match=r"^t\.xlsx#Sheet of d 1, row 2: cell a2 is to be a date, and its number is none"):
        joined(tmp_path, out.getvalue(), other)
    data, (report,) = joined(tmp_path, out.getvalue(), other, skip=True)
    assert read(data)["Sheet"] == [["a"], [5], [1]]
    assert report.malformed == {"t.xlsx#Sheet of d 1": 1}


def test_damaged_and_too_large_workbooks_are_named(tmp_path: Path) -> None:
    whole = book({"S": [["a"], [1]]})
    with pytest.raises(Invalid, match=r"^t\.xlsx of d 2 can't be read as a workbook of Excel"):
        joined(tmp_path, whole, whole[: len(whole) // 2])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        archive.writestr("xl/more.xml", b" " * (130 << 20))
    with pytest.raises(Invalid, match=r"t\.xlsx of d 2 takes more than 128 MB when it is unpacked"):
        joined(tmp_path, whole, bomb.getvalue())


def test_rows_are_compared_sheet_by_sheet(tmp_path: Path) -> None:
    zones: list[list[Any]] = [["zone"], ["007"]]
    before = book(
        {"Trips": [["id", "v", "d"], [1, "a", at(2024, 1, 1)], [2, "b", None], [3, "c", None]], "Zones": zones, "Old": [["x"], [1]]}
    )
    after = book({"Trips": [["id", "v", "new"], [2, "B", 1], [3.0, "c", 2], [4, "d", 3]], "Zones": zones, "New": [["y"], [1], [2]]})
    trips, zone, old, new = compared(tmp_path, before, after, "id")
    assert (trips.path, trips.added, trips.removed, trips.changed, trips.same) == ("t.xlsx#Trips", 1, 1, 1, 1)
    assert (trips.cells, trips.columns_added, trips.columns_removed, trips.unit) == ({"v": 1}, ["new"], ["d"], "row")
    assert [(row.change, row.line, row.before, row.after) for row in trips.rows] == [
        ("removed", 2, {"id": "1", "v": "a"}, None),
        ("changed", 2, {"v": "b"}, {"v": "B"}),
        ("added", 4, None, {"id": "4", "v": "d"}),
    ]
    assert (zone.path, zone.key, zone.same) == ("t.xlsx#Zones", [], 1)
    assert (old.path, old.only_in, old.removed, old.columns_removed) == ("t.xlsx#Old", "old", 1, ["x"])
    assert (new.path, new.only_in, new.added, new.columns_added) == ("t.xlsx#New", "new", 2, ["y"])
    assert [changes.path for changes in compared(tmp_path, before, after, "id", sheet="trips")] == ["t.xlsx#Trips"]
    with pytest.raises(Invalid, match="has no sheet None in which anything stands; there are Trips, Zones, Old, New"):
        compared(tmp_path, before, after, sheet="None")
    with pytest.raises(Invalid, match="has the columns nothing"):
        compared(tmp_path, before, after, "nothing")


def test_versions_with_workbooks_are_merged_and_compared(own: Home, tmp_path: Path) -> None:
    ids = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "t.xlsx").write_bytes(book({"S": [["id", "v"], [0, "same"], [number, f"v{number}"]]}))
        (folder / "m.xlsm").write_bytes(book({"S": [["id"], [number]]}))
        (folder / "l.csv.bz2").write_bytes(b"%d" % number)
        made = Dataset.create(f"books{number}", "Team/Tables")
        made.add_files(folder)
        made.finalize(auto_upload=True)
        ids.append(made.id)
    merged = Dataset.merge_tables(ids, "merged", key="id")
    with merged.open("deep/t.xlsx") as file:
        assert read(file.read()) == {"S": [["id", "v"], [0, "same"], [1, "v1"], [2, "v2"]]}
    assert merged.query("SELECT sum(id) AS s FROM 'deep/t.xlsx'").to_pylist() == [{"s": 3}]
    reports = {report["path"]: report for report in merged.get_metadata("merged_tables")}
    assert (reports["deep/t.xlsx"]["rows"], reports["deep/t.xlsx"]["duplicates"]) == (3, 1)
    assert reports["l.csv.bz2"]["not_joined"] == "it is a table packed as .bz2"
    assert reports["m.xlsm"]["not_joined"] == "it is a workbook with macros, which joining would lose"
    with merged.open("m.xlsm") as file:
        assert read(file.read()) == {"S": [["id"], [1]]}
    assert [(t["path"], t["added"], t["same"]) for t in merged.compare_rows(ids[0], path="deep/t.xlsx", key="id")] == [
        ("deep/t.xlsx", 1, 2)
    ]
    assert [t["path"] for t in Dataset.get(ids[1]).compare_rows(ids[0], key="id")] == ["deep/t.xlsx", "m.xlsm"]


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("a.xls", True),
        ("B.ODS", True),
        ("x.csv.bz2", True),
        ("x.parquet.gz", True),
        ("x.csv.gz", False),
        ("x.xlsx", False),
        ("x.zip", False),
        ("xls", False),
    ],
)
def test_tables_that_can_not_be_joined_are_known(path: str, known: bool) -> None:
    assert bool(why_not_joined(path)) == known


def test_columns_of_sheets_are_compared() -> None:
    before = source(book({"A": [["x", "y"], [1, "a"]], "B": [["z"], [1]], "Same": [["s"]]}), "old")
    after = source(book({"A": [["y", "x", "w"], ["a", "b", 1]], "C": [["n"], [1]], "Same": [["s"]]}), "new")
    assert [(drift.path, drift.added, drift.removed, drift.types, drift.reordered) for drift in drifts_of_books(before, after)] == [
        ("t.xlsx#A", ["w"], [], {"x": ("number", "text")}, True),
        ("t.xlsx#B", [], ["z"], {}, False),
        ("t.xlsx#Same", [], [], {}, False),
        ("t.xlsx#C", ["n"], [], {}, False),
    ]


def test_characters_that_xml_does_not_know_stay(tmp_path: Path) -> None:
    texts = ["x\r\ny", "\x00\x1f\ufffe", "_x000D_", "_x0041_x0042_", "_x005F_", "_xD83D_"]
    rows = [SheetCell(text) for text in ("t", *texts)]
    out = io.BytesIO()
    with WorkbookFile(out) as made:
        sheet = made.sheet("S", "t.xlsx")
        for row in rows:
            sheet.append([row])
    data, (report,) = joined(tmp_path, out.getvalue(), book({"S": [["t"], ["plain"]]}))
    assert report.rows == len(texts) + 1
    assert sheet_table(io.BytesIO(data), "t.xlsx").to_pydict() == {"t": [*texts, "plain"]}
