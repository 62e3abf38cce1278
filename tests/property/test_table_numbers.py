"""A whole number equals another number exactly where both are the same number, whatever types and formats tell them."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.merging import JoinRules, RowConflict, join_tables
from tilth.sdk.tables.parquet import ParquetTable, read_alike, shared_types
from tilth.sdk.tables.row_changes import compare_rows
from tilth.sdk.tables.sheets import Books
from tilth.sdk.tables.workbook_reading import SheetCell
from tilth.sdk.tables.workbook_writing import WorkbookFile

pytestmark = pytest.mark.property

_EDGES = [
    edge + off for edge in (0, 10**15, 10**16, 2**24, 2**53, 2**62, 2**63, 2**64, -(2**53), -(2**63)) for off in (-1025, -1, 0, 1, 2, 1024)
]
SIGNED = st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from([edge for edge in _EDGES if -(2**63) <= edge < 2**63]))
UNSIGNED = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([edge for edge in _EDGES if 0 <= edge < 2**64]))
NEAR = st.one_of(st.floats(), st.sampled_from([*map(float, _EDGES), -0.0, 0.5, 1e22, 1e300, 9007199254740994.0]))


def parquet(values: Sequence[Any], kind: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": list(range(len(values))), "x": pa.array(values, kind)}), out)
    return out.getvalue()


def source(path: str, data: bytes, of: str) -> Source:
    return Source(path, of, lambda: io.BytesIO(data))


def said(before: bytes, after: bytes) -> list[list[bytes]]:
    """What comparing and joining see of the column `x` of both."""
    tables = [ParquetTable(source("t.parquet", data, ""), Problems()) for data in (before, after)]
    read_alike(tables, shared_types(*tables))
    return [[text for rows in table.rows() for text in rows.packed([1])] for table in tables]


def require_equal_as(texts: Sequence[Sequence[Any]], values: Sequence[Any], others: Sequence[Any]) -> None:
    for text, value in zip(texts[0], values, strict=True):
        for other_text, other in zip(texts[1], others, strict=True):
            assert (text == other_text) == (value == other), (value, other)


def near(data: st.DataObject, values: Sequence[int], others: st.SearchStrategy[float]) -> list[float]:
    """Numbers beside whole ones: often the nearest to each."""
    drawn = data.draw(st.lists(st.one_of(st.none(), others), min_size=len(values), max_size=len(values)))
    return [float(value) if one is None else one for value, one in zip(values, drawn, strict=True)]


WHOLE = st.one_of(
    st.tuples(st.just(pa.int64()), st.lists(SIGNED, min_size=1, max_size=12)),
    st.tuples(st.just(pa.uint64()), st.lists(UNSIGNED, min_size=1, max_size=12)),
)


@settings(max_examples=150, deadline=None)
@given(WHOLE, st.data(), st.sampled_from([pa.float64(), pa.float32()]), st.booleans(), st.booleans())
def test_numbers_of_parquet(whole: tuple[Any, list[int]], data: st.DataObject, other: Any, turned: bool, nested: bool) -> None:
    kind, values = whole
    numbers = near(data, values, NEAR)
    if pa.types.is_float32(other):
        with np.errstate(over="ignore"):
            numbers = [float(np.float32(value)) for value in numbers]
    columns: list[tuple[Sequence[Any], Any]] = [(values, kind), (numbers, other)]
    if nested:
        columns = [([[value] for value in column], pa.list_(one)) for column, one in columns]
    files = [parquet(*column) for column in columns]
    require_equal_as(said(*files[::-1])[::-1] if turned else said(*files), values, numbers)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(SIGNED, UNSIGNED), min_size=1, max_size=12), st.data())
def test_numbers_of_workbooks(values: list[int], data: st.DataObject) -> None:
    numbers = near(data, values, NEAR.filter(np.isfinite))
    out = io.BytesIO()
    columns: list[list[Any]] = [["x", *values], ["x", *numbers]]
    with WorkbookFile(out) as book:
        for number, column in enumerate(columns):
            sheet = book.sheet(f"S{number}", "t.xlsx")
            for value in column:
                sheet.append([SheetCell(value, "s" if value == "x" else "n")])
    with Books() as books:
        sheets = books.sheets(source("t.xlsx", out.getvalue(), ""))
        texts = [[row[0] for rows in sheet.rows() for row in rows.cells] for sheet in sheets]
    require_equal_as(texts, values, numbers)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.datetimes(), min_size=1, max_size=8), st.sampled_from(["s", "ms", "us"]), st.booleans())
def test_moments_are_equal_whatever_stands_beside_them(moments: list[datetime], unit: str, zoned: bool) -> None:
    whole = {"s": 1_000_000, "ms": 1_000, "us": 1}[unit]
    told = [moment.replace(microsecond=moment.microsecond // whole * whole) for moment in moments]
    within = [moment for moment in told if 1700 < moment.year < 2200]  # nanoseconds know no others
    zones = ("Europe/Zurich", "UTC") if zoned else (None, None)
    files = [
        parquet([moment.replace(tzinfo=UTC if zone else None) for moment in column], pa.timestamp(one, zone))
        for column, one, zone in zip((told, within), (unit, "ns"), zones, strict=True)
    ]
    require_equal_as(said(*files), told, within)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SIGNED, min_size=1, max_size=10), st.data())
def test_rows_are_joined_and_compared_by_such_numbers(tmp_path: Path, values: list[int], data: st.DataObject) -> None:
    numbers = [one for one in near(data, values, NEAR) if not isnan(one)]  # which is equal to itself here
    files = [parquet(values, pa.int64()), parquet(numbers, pa.float64())]
    sources = [source("t.parquet", file, of) for file, of in zip(files, ("a", "b"), strict=True)]
    found = compare_rows(sources[0], sources[1], key=["x"], shown=3, scratch=tmp_path, skip_malformed=False)
    assert found.same + found.changed == sum(min(values.count(value), numbers.count(value)) for value in set(values))
    out = io.BytesIO()
    rules = JoinRules(key=["x"], on_conflict=RowConflict.FIRST, as_texts=True)
    report = join_tables(sources, rules, out, tmp_path, lambda rows: None, skip_malformed=False)
    assert report.rows == len({*values, *numbers})
    written = pq.read_table(io.BytesIO(out.getvalue())).column("x")
    distinct = list(dict.fromkeys(values))
    exact = all(value == float(value) for value in values)
    assert written.type == (pa.float64() if exact else pa.string())
    assert written.to_pylist()[: len(distinct)] == (distinct if exact else [str(value) for value in distinct])
