"""What LibreOffice Calc writes is read as it is meant, and what is written here means the same to it.

Both workbooks in `books` were saved by LibreOffice 7.4, without a screen: `kinds.xlsx` is `kinds.fods` converted by
`soffice --headless --convert-to xlsx kinds.fods`, and `saved.xlsx` what the same command made of the workbook that `written` below gives.
"""

import io
import re
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pyarrow as pa

from tilth.sdk.tables.excel import sheet_table
from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.sheets import Books
from tilth.sdk.tables.workbook_reading import SheetCell
from tilth.sdk.tables.workbook_writing import WorkbookFile

BOOKS = Path(__file__).parent / "books"


def read(data: bytes) -> dict[tuple[str, bool], list[list[str | None]]]:
    """The texts of each sheet, its names first; by its title, and whether it is hidden."""
    with Books() as books:
        return {
            (sheet.title, sheet.is_hidden): [list(sheet.columns), *(list(row) for rows in sheet.rows() for row in rows.cells)]
            for sheet in books.sheets(Source("t.xlsx", "", lambda: io.BytesIO(data)))
        }


KINDS = {
    "date": "2024-02-29",
    "moment": "2024-02-29 13:14:15.123000",
    "american date": "1999-12-31",
    "time": "13:14:15",
    "duration": "30:05:00",
    "short duration": "01:05:00",
    "currency": "1234.5",
    "percentage": "0.125",
    "truth": "TRUE",
    "text of digits": "007",
    "number with zeros": "42",
    "number called day": "42.5",
    "formula": "2469",
    "formula of text": "ab",
    "formula of a date": "2024-03-01",
    "formula of truth": "TRUE",
    "error": "#DIV/0!",
    "missing": "#N/A",
    "rich text": "plain bold again\nsecond line",
    "merged": "over four cells",
    "merged below": None,
    "escaped": '_x0041_ <&> "q" ü€😀',
    "blanks": "  ab   ",
    "small": "1.5e-300",
    "whole": "123456789012345",
    "link": "a link",
    "noted": "7",
}


def test_what_libreoffice_writes_is_read() -> None:
    data = (BOOKS / "kinds.xlsx").read_bytes()
    assert read(data) == {
        ("All kinds", False): [["kind", "value", "note"], *([kind, text, None] for kind, text in KINDS.items())],
        ("Hidden one", True): [["secret"], ["1"]],
        ("Empty", False): [[]],
    }
    assert sheet_table(io.BytesIO(data), "t.xlsx").to_pydict()["value"] == list(KINDS.values())
    assert sheet_table(io.BytesIO(data), "t.xlsx", "hidden one").schema == pa.schema([("secret", pa.int64())])


def test_texts_that_cells_share_are_read_as_excel_codes_them() -> None:
    runs = "<si><r><t>one </t></r><r><rPr><b/></rPr><t>two_x000D_&#10;</t></r><rPh sb='0' eb='1'><t>spoken</t></rPh></si>"
    more = "<si><t>x005F_ and _x005F_x0041_</t></si><si/>"
    strings = f"<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><si><t>a</t></si>{runs}{more}</sst>"
    rows = "".join(f"<row><c t='s'><v>{at}</v></c></row>" for at in range(4))
    made = io.BytesIO()
    with zipfile.ZipFile(BOOKS / "saved.xlsx") as saved, zipfile.ZipFile(made, "w") as changed:
        for name in saved.namelist():
            data = strings.encode() if name.endswith("sharedStrings.xml") else saved.read(name)
            changed.writestr(name, re.sub(b"<sheetData>.*</sheetData>", f"<sheetData>{rows}</sheetData>".encode(), data, flags=re.DOTALL))
    assert read(made.getvalue())["Hidden", True] == [["a"], ["one two\r\n"], ["x005F_ and _x0041_"], [""]]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc, arg-type]


TEXTS = ["=1+1", " lead", "trail ", "a\nb", 'q"', "<&>", "ü€😀", "007", "1e5", "TRUE", "a\tb", "_x000D_", "_x0041_", "'s", "+5"]
TEXTS += ["-", "@x", "#N/A", "  ", "1.0", "2024-01-01", "e\u0301", "\u2028", "\ufeffmark", "_x005F_", "a" * 32_767]
NUMBERS = [0.1, 123456789012345, 1e300, 5e-324, 1.7976931348623157e308, 100, 1e22, 1e-7, -7, 3.0, 0.3, -1.5]
TIMES = [at(2024, 2, 29, 3, 4, 5), at(1900, 3, 1), at(9999, 12, 31, 23, 59, 59), at(2024, 1, 1, 12, 30, 15, 123_000)]
TIMES += [at(2024, 1, 1, 23, 59, 59, 999_000), at(2024, 1, 1, 0, 0, 1)]
DATES = [date(2024, 1, 1), date(1999, 12, 31)]
HOURS = [time(1, 2, 3), time(23, 59, 59)]
DURATIONS = [timedelta(hours=30, minutes=5), timedelta(days=400, seconds=1)]
ERRORS = ["#N/A", "#DIV/0!", "#REF!", "#NAME?", "#VALUE!", "#NUM!", "#NULL!"]
COLUMNS: dict[str, tuple[list[Any], str, str]] = {
    "texts": (TEXTS, "s", "General"),
    "numbers": (NUMBERS, "n", "General"),
    "francs": ([1234.5, -0.05], "n", '[$CHF-807] #,##0.00;[Red]-0.00" !"'),
    "times": (TIMES, "d", "yyyy-mm-dd h:mm:ss"),
    "dates": (DATES, "d", "dd.mm.yyyy"),
    "hours": (HOURS, "d", "h:mm:ss"),
    "durations": (DURATIONS, "d", "[h]:mm:ss"),
    "truths": ([True, False], "b", "General"),
    "errors": (ERRORS, "e", "General"),
}


def written() -> bytes:
    """A workbook of everything that cells hold."""
    out = io.BytesIO()
    with WorkbookFile(out) as book:
        sheet = book.sheet("First & <only>", "t.xlsx")
        sheet.append([SheetCell(name) for name in COLUMNS])
        columns = [[SheetCell(value, kind, shown) for value in values] for values, kind, shown in COLUMNS.values()]
        for row in zip_longest(*columns):
            sheet.append(row)
        hidden = book.sheet("Hidden", "t.xlsx", hidden=True)
        for value in ("a", "b"):
            hidden.append([SheetCell(value)])
    return out.getvalue()


def test_libreoffice_reads_what_is_written_here() -> None:
    ours, theirs = read(written()), read((BOOKS / "saved.xlsx").read_bytes())
    assert ours == theirs
    first, *rows = ours["First & <only>", False]
    assert [first, [row[0] for row in rows]] == [list(COLUMNS), TEXTS]
    assert [row[1] for row in rows[: len(NUMBERS)]] == [str(int(one)) if one == int(one) else repr(one) for one in NUMBERS]
    assert [row[6] for row in rows[:2]] == ["30:05:00", "9600:00:01"]
