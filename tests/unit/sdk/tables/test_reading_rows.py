"""Rows are read as they stand, and what is no row is named by file and line."""

import gzip
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tilth.base.errors import Invalid, TableMalformed
from tilth.sdk.tables.column_names import column_names
from tilth.sdk.tables.formats import Format, Kind, Source, format_of
from tilth.sdk.tables.malformed import Problems
from tilth.sdk.tables.opening import open_table
from tilth.sdk.tables.rows import Rows
from tilth.sdk.tables.separated import written_row


def source(data: bytes, path: str = "t.csv") -> Source:
    return Source(path, "P/d 1.0.0", lambda: io.BytesIO(data))


def cells(data: bytes, path: str = "t.csv") -> list[list[str | None]]:
    return [list(row) for rows in open_table(source(data, path), Problems()).rows() for row in rows.cells]


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a/b.csv", Format(Kind.CSV)),
        ("B.TSV", Format(Kind.TSV)),
        ("x.jsonl.gz", Format(Kind.JSON_LINES, "gzip")),
        ("x.y.csv.zst", Format(Kind.CSV, "zstd")),
        ("x.parquet", Format(Kind.PARQUET)),
        ("x.parquet.gz", None),
        ("csv", None),
        ("a.csv/readme", None),
        ("x.gz", None),
    ],
)
def test_names_say_what_is_a_table(path: str, found: Format | None) -> None:
    assert format_of(path) == found


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", []),
        (b"\n\n", []),
        (b"id,name\n", []),
        (b"id,name", []),
        (b"id,name\n007,x", [["007", "x"]]),
        (b"\xef\xbb\xbfid,name\r\n1,x\r\n\r\n2,\r\n", [["1", "x"], ["2", None]]),
        (b'id,name\n1,""\n2,\n', [["1", ""], ["2", None]]),
        (b'id,name\n1,"a ""b"", c\nd"\n', [["1", 'a "b", c\nd']]),
        (b'id,name\n"","",\n'[:-2] + b"\n", [["", ""]]),
        (b'id,name\n5" disk,x\n', [['5" disk', "x"]]),
        (b"id;name\n1,5;x\n", [["1,5", "x"]]),
        (b"x\n\n1\n", [["1"]]),
        (b'"a b","c\nd"\n1,2\n', [["1", "2"]]),
        ("größe,naïve\n1e400,00000000000000000000001\n".encode(), [["1e400", "00000000000000000000001"]]),
    ],
)
def test_cells_are_what_stands_there(data: bytes, found: list[list[str | None]]) -> None:
    assert cells(data) == found


def test_json_lines_keep_every_digit_and_nesting() -> None:
    data = b'{"id": 12345678901234567890123, "v": 1.10}\n\n{"v": null, "w": {"a": [1, 2.0]}, "t": "\\u00e9"}\r\n'
    table = open_table(source(data, "t.jsonl"), Problems())
    assert list(table.columns) == ["id", "v", "w", "t"]
    (rows,) = table.rows()
    assert [list(row) for row in rows.cells] == [
        ["12345678901234567890123", "1.10", None, None],
        [None, None, '{"a":[1,2.0]}', '"é"'],
    ]
    assert list(rows.lines) == [1, 3]


def test_parquet_is_read_as_texts_that_lose_nothing() -> None:
    data = parquet(
        pa.table(
            {
                "i": pa.array([2**63 - 1, None], pa.int64()),
                "f": [0.1, 1e300],
                "s": ["", None],
                "d": pa.array(["a", "b"]).dictionary_encode(),
                "l": [[1, 2], None],
                "b": [b"\x00\xff", b""],
                "t": pa.array([1, 2], pa.timestamp("ns")),
            }
        )
    )
    assert cells(data, "t.parquet") == [
        ["9223372036854775807", "0.1", "", "a", "[1, 2]", '"00ff"', "1970-01-01 00:00:00.000000001"],
        [None, "1e+300", None, "b", None, '""', "1970-01-01 00:00:00.000000002"],
    ]


def test_an_empty_parquet_has_columns() -> None:
    table = open_table(source(parquet(pa.table({"a": pa.array([], pa.int8())})), "t.parquet"), Problems())
    assert (list(table.columns), list(table.rows())) == (["a"], [])


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b"a,b\n1,2\n3\n", 3, "it has 1 field and not 2"),
        (b"a,b\n1,2,3\n", 2, "it has 3 fields and not 2"),
        (b'a,b\n"x\ny",1\n"x"y,1\n', 4, "a quote stands in the middle"),
        (b'a,b\n1,2\n3,"x\n4,5\n', 3, "never closed"),
        (b"a,b\n1,\xff\n", 2, "byte 3 is not UTF-8"),
        (b'a,b\n"1\n\xff",2\n', 3, "byte 1 is not UTF-8"),
        (b"a,b\n1,x\ry\n", 2, "carriage return"),
        (b'a,b\n1,"' + b"x" * (17 << 20) + b'"\n', 2, "more than 16 MB"),
        (b'a,b\n1,"' + (b"x" * 1000 + b"\n") * 20_000 + b'"\n', 2, "not closed within 16 MB"),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else None,
)
def test_a_malformed_row_is_named_by_file_and_line(data: bytes, line: int, what: str) -> None:
    with pytest.raises(TableMalformed, match=rf"^t\.csv of P/d 1\.0\.0, line {line}: .*{what}"):
        cells(data)


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b'{"a": 1}\n{"a": 1\n', 2, "truncated|malformed"),
        (b'{"a": 1}\n[1]\n', 2, "no JSON object"),
        (b'{"a": NaN}\n', 1, "malformed"),
        (b'{"a": 01}\n', 1, "malformed"),
        (b'{"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}\n", 1, "recursion"),
        (b'{"a": "\xff"}\n', 1, "not UTF-8"),
    ],
    ids=range(6),
)
def test_a_broken_line_of_json_is_named(data: bytes, line: int, what: str) -> None:
    with pytest.raises(TableMalformed, match=rf"^t\.jsonl of P/d 1\.0\.0, line {line}: .*({what})"):
        cells(data, "t.jsonl")


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_compressed_tables_are_read_and_truncated_ones_named(ending: str) -> None:
    plain = b"a,b\n" + b"".join(f"{n},{n * n}\n".encode() for n in range(50_000))
    packed = gzip.compress(plain) if ending == "gz" else zstandard.compress(plain)
    assert len(cells(packed, f"t.csv.{ending}")) == 50_000
    with pytest.raises(TableMalformed, match=r"line [\d,]+: the compressed bytes are damaged, or end here"):
        cells(packed[: len(packed) // 2], f"t.csv.{ending}")
    with pytest.raises(TableMalformed, match="line 1: the compressed bytes are damaged"):
        cells(b"no archive at all", f"t.csv.{ending}")


def test_a_truncated_parquet_is_named() -> None:
    data = parquet(pa.table({"a": range(1000)}))
    with pytest.raises(TableMalformed, match=r"^t\.parquet of P/d 1\.0\.0: it is no Parquet file, or a damaged one"):
        cells(data[:-100], "t.parquet")
    with pytest.raises(TableMalformed, match="damaged"):
        cells(data[:10] + b"\xff" * 500 + data[510:], "t.parquet")


def test_malformed_rows_can_be_left_out_and_are_counted() -> None:
    data = b'a,b\n1,2\n3\n"x"y,2\n\xff,1\n"m\nn",3\n4,"never\n5,6\n'
    problems = Problems(skip=True)
    table = open_table(source(data), problems)
    for _ in range(2):  # each time the same
        kept = [list(row) for rows in table.rows() for row in rows.cells]
        assert kept == [["1", "2"], ["m\nn", "3"], ["5", "6"]]
    assert problems.counts() == {"t.csv of P/d 1.0.0": 4}
    assert [problem.line for problem in problems.first()] == [3, 4, 5, 8]


def test_a_head_that_is_no_text_is_an_error_even_then() -> None:
    with pytest.raises(TableMalformed, match="line 1: byte 1 is not UTF-8"):
        open_table(source("a,b\n".encode("utf-16")), Problems(skip=True))


def test_equal_names_are_told_apart() -> None:
    assert column_names(["a", "a", "a_1", "a", "", " a", "A"]) == ["a", "a_1", "a_1_1", "a_2", "column4", "a_3", "A"]
    assert column_names(["a", "A", None, "column2"], any_case=True) == ["a", "A_1", "column2", "column2_1"]
    table = open_table(source(b"a,b,a\n1,2,3\n"), Problems())
    assert list(table.columns) == ["a", "b", "a_1"]
    twice = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(Invalid, match="two columns 'a'"):
        open_table(source(parquet(twice), "t.parquet"), Problems())


def test_ten_thousand_columns_are_read_a_few_rows_at_once() -> None:
    head = ",".join(f"c{n}" for n in range(10_000))
    row = ",".join("1" for _ in range(10_000))
    found: list[Rows] = list(open_table(source("\n".join([head, *[row] * 250]).encode()), Problems()).rows())
    assert sum(len(rows.cells) for rows in found) == 250
    assert max(len(rows.cells) for rows in found) <= 100


def test_types_are_what_the_first_rows_look_like() -> None:
    data = b"i,n,t,d,b,z,e\n1,1.5,2026-01-01T10:00,2026-01-01,true,007,\n-2,3e5,2026-01-02 10:00:01,2026-01-02,False,1,\n"
    assert open_table(source(data), Problems()).types() == {
        "i": "integer",
        "n": "number",
        "t": "time",
        "d": "date",
        "b": "boolean",
        "z": "text",
        "e": "empty",
    }


def test_rows_are_written_so_that_they_are_read_again(tmp_path: Path) -> None:
    rows: list[list[str | None]] = [["a,b", 'c"d', None, ""], ["\n", "\r", " ", "x"], [None, None, None, None]]
    text = "w,x,y,z\n" + "".join(written_row(row, ",") + "\n" for row in rows)
    assert cells(text.encode()) == rows
    assert cells(f"only\n{written_row([None], ',')}\n".encode()) == [[""]]
