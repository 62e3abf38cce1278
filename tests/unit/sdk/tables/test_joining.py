"""Rows of several tables become one table: in their order, as they stand, and with a report of what differs."""

import gzip
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tilth.base.errors import Invalid, TableMalformed
from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.merging import ColumnRule, JoinRules, RowConflict, TableReport, join_tables
from tilth.sdk.tables.parquet import ParquetTable
from tilth.sdk.tables.row_changes import compare_rows
from tilth.sdk.tables.rows import Rows


def join(tmp_path: Path, path: str, *parts: bytes, skip: bool = False, **rules: Any) -> tuple[bytes, TableReport]:
    sources = [Source(path, f"d {number}", lambda data=data: io.BytesIO(data)) for number, data in enumerate(parts, 1)]  # type: ignore[misc]
    out = io.BytesIO()
    report = join_tables(sources, JoinRules(**rules), out, tmp_path, lambda rows: None, skip_malformed=skip)
    assert list(tmp_path.iterdir()) == [], "something was left behind"
    return out.getvalue(), report


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def table(data: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(data))


A = b'id,name,day\n007,"a ""q"", b",01.02.2026\n2,,""\n3,c,\n'
B = b"id,name,day\n2,,\n9007199254740993,d,\n"


def test_without_a_key_rows_follow_each_other_as_they_stand(tmp_path: Path) -> None:
    data, report = join(tmp_path, "t.csv", A, B)
    assert data == A + B.partition(b"\n")[2]
    assert (report.rows, [part["rows"] for part in report.parts]) == (5, [3, 2])


def test_equal_rows_are_left_out_when_that_is_wanted(tmp_path: Path) -> None:
    data, report = join(tmp_path, "t.csv", A, A.replace(b'"a ""q"", b"', b"other"), A, drop_duplicates=True)
    assert data == A + b"007,other,01.02.2026\n"
    assert (report.rows, report.duplicates) == (4, 5)


def test_nothing_and_a_text_without_characters_differ(tmp_path: Path) -> None:
    data, _ = join(tmp_path, "t.csv", b'a,b\n1,""\n', b"a,b\n1,\n", drop_duplicates=True)
    assert data == b'a,b\n1,""\n1,\n'


@pytest.mark.parametrize(
    ("rule", "rows"),
    [(RowConflict.FIRST, b"1,a\n2,b\n3,c\n4,d\n"), (RowConflict.LAST, b"1,a\n3,c\n2,x\n4,d\n")],
)
def test_of_rows_with_one_key_one_stands_where_it_stood(tmp_path: Path, rule: RowConflict, rows: bytes) -> None:
    data, report = join(tmp_path, "t.csv", b"id,v\n1,a\n2,b\n3,c\n", b"id,v\n2,x\n4,d\n1,a\n", key=["id"], on_conflict=rule)
    if rule is RowConflict.LAST:  # of equal rows too it is the last one
        rows = b"3,c\n2,x\n4,d\n1,a\n"
    assert data == b"id,v\n" + rows
    assert (report.conflicts, report.overridden, report.duplicates, report.conflict_keys) == (1, 1, 1, ["2"])


def test_a_conflict_is_refused_with_both_places(tmp_path: Path) -> None:
    said = r"id, day 2, x: rows with this key differ: t\.csv of d 1, line 3 and t\.csv of d 2, line 2; 1 more keys are like this"
    with pytest.raises(Invalid, match=said):
        join(tmp_path, "t.csv", b"id,day,v\n1,x,1\n2,x,1\n3,x,1\n", b"id,day,v\n2,x,2\n2,y,1\n3,x,2\n", key=["id", "day"])


def test_a_key_is_a_text(tmp_path: Path) -> None:
    data, _ = join(tmp_path, "t.csv", b"id,v\n7,a\n", b"id,v\n007,b\n", key=["id"])
    assert data == b"id,v\n7,a\n007,b\n"


def test_a_key_that_is_no_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"t\.csv of d 2 has no column 'id'; it has key, v"):
        join(tmp_path, "t.csv", b"id,v\n", b"key,v\n", key=["id"])


def test_columns_are_put_together_by_their_names(tmp_path: Path) -> None:
    parts = (b"id,a,b\n1,x,\n", b'new,b,id\n"1,5",y,2\n')
    data, report = join(tmp_path, "t.csv", *parts)
    assert data == b'id,a,b,new\n1,x,,\n2,,y,"1,5"\n'
    assert report.differing_columns == {"a": ["d 1"], "new": ["d 2"]}
    assert join(tmp_path, "t.csv", *parts, columns=ColumnRule.COMMON)[0] == b"id,b\n1,\n2,y\n"
    with pytest.raises(Invalid, match="only one has 'a'"):
        join(tmp_path, "t.csv", *parts, columns=ColumnRule.SAME)
    with pytest.raises(Invalid, match="no column in common"):
        join(tmp_path, "t.csv", b"a\n", b"b\n", columns=ColumnRule.COMMON)


def test_differing_types_are_told(tmp_path: Path) -> None:
    _, report = join(tmp_path, "t.csv", b"id,v\n1,1\n", b"id,v\n2,x\n3,\n")
    assert report.differing_types == {"v": {"d 1": "integer", "d 2": "text"}}


def test_names_that_several_columns_have_stay(tmp_path: Path) -> None:
    data, _ = join(tmp_path, "t.csv", b"a,a\n1,2\n", b"a,a,b\n3,4,5\n")
    assert data == b"a,a,b\n1,2,\n3,4,5\n"


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        ((b"", b"a\n1\n"), b"a\n1\n"),
        ((b"", b""), b""),
        ((b"a,b\n", b"a,b\n"), b"a,b\n"),
        ((b"\xef\xbb\xbfa,b\r\n1,2\r\n", b"a,b\n3,4"), b"\xef\xbb\xbfa,b\r\n1,2\r\n3,4\r\n"),
        ((b"a,b\n1,2\n", b"\xef\xbb\xbfa;b\r\n3;4,5\r\n"), b'a,b\n1,2\n3,"4,5"\n'),
        ((b'"a ""x""",<b>\n1,2\n', '"a ""x""",ü\n3,4\n'.encode()), '"a ""x""",<b>,ü\n1,2,\n3,,4\n'.encode()),
    ],
)
def test_marks_line_ends_and_odd_names(tmp_path: Path, parts: tuple[bytes, ...], joined: bytes) -> None:
    assert join(tmp_path, "t.csv", *parts)[0] == joined


def test_tabs_separate_where_the_name_says_so(tmp_path: Path) -> None:
    assert join(tmp_path, "t.tsv", b"a\tb\n1,0\t2\n", b"b\ta\n3\t4\n")[0] == b"a\tb\n1,0\t2\n4\t3\n"


def test_json_lines_stay_as_they_stand(tmp_path: Path) -> None:
    first, second = b'{"id": 1, "x": 1.10}\n', b'{"x": {"deep": [1]}, "id": 12345678901234567890}\n{"id":1,"x":1.10}\n'
    data, report = join(tmp_path, "t.jsonl", first, second, drop_duplicates=True)
    assert data == first + second.partition(b"\n")[0] + b"\n"
    assert (report.duplicates, report.differing_types) == (1, {"x": {"d 1": "number", "d 2": "number or object"}})
    data, _ = join(tmp_path, "t.jsonl", first, b'{"id":2,"y":"z"}', columns=ColumnRule.COMMON)
    assert data == b'{"id":1}\n{"id":2}\n'


def test_a_compressed_table_stays_compressed_with_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = (join(tmp_path, "t.csv.gz", gzip.compress(A, mtime=at), gzip.compress(B))[0] for at in (1, 2))
    assert first == second
    assert gzip.decompress(first) == A + B.partition(b"\n")[2]


def test_parquet_keeps_types_where_no_value_changes(tmp_path: Path) -> None:
    data, report = join(
        tmp_path,
        "t.parquet",
        parquet(id=pa.array([1, 2], pa.int32()), f=pa.array([1, 2]), s=["a", None]),
        parquet(id=pa.array([2**40], pa.int64()), f=pa.array([0.5]), d=pa.array([1], pa.timestamp("ns"))),
    )
    found = table(data)
    assert found.schema == pa.schema([("id", pa.int64()), ("f", pa.float64()), ("s", pa.string()), ("d", pa.timestamp("ns"))])
    assert found.select(["id", "f", "s"]).to_pylist()[1:] == [{"id": 2, "f": 2.0, "s": None}, {"id": 2**40, "f": 0.5, "s": None}]
    assert report.differing_types == {"id": {"d 1": "int32", "d 2": "int64"}, "f": {"d 1": "int64", "d 2": "double"}}


def test_parquet_never_rounds(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"t\.parquet of d 1: column 'x' is int64, and as double some of its values would be others"):
        join(tmp_path, "t.parquet", parquet(x=[2**53 + 1]), parquet(x=[0.5]))
    with pytest.raises(Invalid, match=r"column 'x' is int64 in t\.parquet of d 1 and string in t\.parquet of d 2"):
        join(tmp_path, "t.parquet", parquet(x=[2**53 + 1]), parquet(x=["a"]))
    data, _ = join(tmp_path, "t.parquet", parquet(x=[2**53 + 1]), parquet(x=["a"]), as_texts=True)
    assert table(data).to_pydict() == {"x": ["9007199254740993", "a"]}
    data, _ = join(tmp_path, "t.parquet", parquet(x=[2**53 + 2]), parquet(x=[0.5]))
    assert table(data).to_pydict() == {"x": [2.0**53 + 2, 0.5]}
    data, _ = join(tmp_path, "t.parquet", parquet(x=[2**53 + 1]), parquet(x=[0.5]), as_texts=True)
    assert table(data).to_pydict() == {"x": ["9007199254740993", "0.5"]}


def test_decimals_stand_beside_floating_numbers_only_if_no_digit_is_lost(tmp_path: Path) -> None:
    short, long = Decimal("1234567890123.45"), Decimal("12345678901234567.89")
    data, _ = join(tmp_path, "t.parquet", parquet(x=[short]), parquet(x=[0.5]))
    assert table(data).to_pydict() == {"x": [1234567890123.45, 0.5]}
    with pytest.raises(Invalid, match=r"column 'x' is decimal128\(19, 2\) in t\.parquet of d 1 and double in t\.parquet of d 2"):
        join(tmp_path, "t.parquet", parquet(x=[long]), parquet(x=[0.5]))
    data, _ = join(tmp_path, "t.parquet", parquet(x=[long]), parquet(x=[0.5]), as_texts=True)
    assert table(data).to_pydict() == {"x": ["12345678901234567.89", "0.5"]}


def test_parquet_is_joined_by_keys(tmp_path: Path) -> None:
    parts = parquet(id=[1, 2, 3], v=[[1], None, [2]]), parquet(id=[2, 4], v=[[5], None])
    data, report = join(tmp_path, "t.parquet", *parts, key=["id"], on_conflict=RowConflict.FIRST)
    assert table(data).to_pydict() == {"id": [1, 2, 3, 4], "v": [[1], None, [2], None]}
    assert (report.conflicts, report.conflict_keys) == (1, ["2"])
    assert join(tmp_path, "t.parquet", *parts, key=["id"], on_conflict=RowConflict.FIRST)[0] == data


def test_a_table_without_rows_joins_others(tmp_path: Path) -> None:
    data, _ = join(tmp_path, "t.parquet", parquet(id=pa.array([], pa.int64())), parquet(id=[1]))
    assert table(data).to_pydict() == {"id": [1]}


def test_malformed_rows_stop_or_are_counted(tmp_path: Path) -> None:
    bad = b"id,v\n1,a\n2\n"
    with pytest.raises(TableMalformed, match=r"t\.csv of d 2, line 3: it has 1 field and not 2; repair it, or leave such rows out"):
        join(tmp_path, "t.csv", A, bad)
    data, report = join(tmp_path, "t.csv", b"id,v\n9,z\n", bad, skip=True, key=["id"])
    assert data == b"id,v\n9,z\n1,a\n"
    assert (report.malformed, report.first_malformed) == (
        {"t.csv of d 2": 1},
        ["t.csv of d 2, line 3: it has 1 field and not 2"],
    )


def test_mixed_lengths_of_keys_do_not_run_together(tmp_path: Path) -> None:
    data, report = join(tmp_path, "t.csv", b"a,b\nx,yz\n", b'a,b\nxy,z\n"x,y",z\n', key=["a", "b"])
    assert (report.rows, data.count(b"\n")) == (3, 4)


def test_ten_thousand_columns_are_joined_and_compared(tmp_path: Path) -> None:
    head = ",".join(f"c{number}" for number in range(10_000))
    first, second = (
        "\n".join([head, *(",".join([str(row), *[str(row % add)] * 9_999]) for row in range(add, add + 10)), ""]).encode() for add in (1, 6)
    )
    data, report = join(tmp_path, "t.csv", first, second, key=["c0"], on_conflict=RowConflict.FIRST)
    assert (report.rows, report.conflicts, data.count(b"\n")) == (15, 4, 16)
    sources = [Source("t.csv", name, lambda data=data: io.BytesIO(data)) for name, data in (("old", first), ("new", second))]  # type: ignore[misc]
    found = compare_rows(*sources, key=["c0"], shown=1, scratch=tmp_path, skip_malformed=False)
    assert (found.added, found.removed, found.changed, found.same) == (5, 5, 4, 1)
    assert len(found.cells) == 9_999


def test_the_same_values_in_other_types_are_the_same(tmp_path: Path) -> None:
    def one(decimals: int, unit: str, zone: str, ids: Any, count: Any) -> bytes:
        at = pa.array([0, 1_000], pa.timestamp("s", "UTC")).cast(pa.timestamp(unit, zone))
        return parquet(id=ids, d=pa.array([Decimal("1.50"), None], pa.decimal128(12, decimals)), t=at, n=pa.array([10**15, 3], count))

    first = one(2, "ms", "UTC", pa.array([1, 2], pa.int32()), pa.int64())
    second = one(4, "us", "Europe/Zurich", pa.array([1, 2], pa.int64()), pa.float64())
    data, report = join(tmp_path, "t.parquet", first, second, key=["id", "t"])
    assert (report.rows, report.duplicates) == (2, 2)
    assert [str(kind) for kind in table(data).schema.types] == ["int64", "decimal128(14, 4)", "timestamp[us, tz=UTC]", "double"]
    sources = [Source("t.parquet", name, lambda data=data: io.BytesIO(data)) for name, data in (("old", first), ("new", second))]  # type: ignore[misc]
    found = compare_rows(*sources, key=["id"], shown=1, scratch=tmp_path, skip_malformed=False)
    assert (found.same, found.changed) == (2, 0)


def test_a_table_without_anything_in_it_has_no_key_and_no_rows(tmp_path: Path) -> None:
    for path, data in (("t.csv", b"id,v\n1,a\n"), ("t.jsonl", b'{"id":1}\n')):
        joined, report = join(tmp_path, path, b"", data, key=["id"])
        assert (joined, report.rows) == (data, 1)
        sources = [Source(path, name, lambda data=data: io.BytesIO(data)) for name, data in (("old", b""), ("new", data))]  # type: ignore[misc]
        found = compare_rows(*sources, key=["id"], shown=1, scratch=tmp_path, skip_malformed=False)
        assert (found.added, found.removed, len(found.rows)) == (1, 0, 1)


def test_the_newer_kinds_of_texts_in_parquet_are_texts(tmp_path: Path) -> None:
    views = parquet(id=[1, 2], s=pa.array(["a", None]).cast(pa.string_view()), b=pa.array([b"x", b"y"]).cast(pa.binary_view()))
    plain = parquet(id=[2, 3], s=[None, "c"], b=[b"y", b"z"])
    data, report = join(tmp_path, "t.parquet", views, plain, key=["id"])
    assert table(data).to_pydict() == {"id": [1, 2, 3], "s": ["a", None, "c"], "b": [b"x", b"y", b"z"]}
    assert (report.duplicates, report.differing_types) == (1, {})
    sources = [Source("t.parquet", name, lambda data=data: io.BytesIO(data)) for name, data in (("old", views), ("new", plain))]  # type: ignore[misc]
    found = compare_rows(*sources, key=["s"], shown=5, scratch=tmp_path, skip_malformed=False)
    assert (found.same, found.added, found.removed) == (1, 1, 1)


def test_what_rows_of_parquet_say_does_not_depend_on_how_it_is_put_together(tmp_path: Path) -> None:
    columns = {"a": ["x,y", "", "z"], "b": [1, -2, 3], "c": [True, False, True], "d": [0.5, 1e15, 2.0]}
    quick = ParquetTable(Source("t.parquet", "", lambda: io.BytesIO(parquet(**columns))), Problems())
    for places in ([0, 1, 2, 3], [1], [0], [3, 0]):
        (rows,) = quick.rows()
        assert rows.packed(places) == Rows((), rows.cells).packed(places)
        assert rows.packed(places, empty=False) == Rows((), rows.cells).packed(places, empty=False)
