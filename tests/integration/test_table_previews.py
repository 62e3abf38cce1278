"""Tables in versions, looked into: rows, what columns are, how their values are spread, whatever the file claims to be."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tilth.testing.servers import RunningServer, running_server

CSV = "name,age,score,when,ok,note\n" + "".join(
    f"{'cat' if at % 3 else 'dog'},{at % 7},{at / 4 if at % 10 else ''},2026-01-{at % 28 + 1:02d},{bool(at % 2)},text {at}\n"
    for at in range(200)
)


def _parquet() -> bytes:
    table = pa.table(
        {
            "id": pa.array(range(60_000), pa.int32()),
            "weight": pa.array([None if at % 4 == 0 else float(at) for at in range(60_000)]),
            "seen": pa.array([datetime(2026, 1, 1 + at % 30, tzinfo=UTC) for at in range(60_000)], pa.timestamp("us", "UTC")),
            "day": pa.array([date(2026, 1, 1 + at % 30) for at in range(60_000)]),
            "boxes": pa.array([[1] * (at % 3) for at in range(60_000)], pa.list_(pa.int64())),
            "pixels": pa.array([b"x" * (at % 5) for at in range(60_000)]),
            "what": pa.array([{"a": at} for at in range(60_000)]),
        }
    )
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=8_000)
    return file.getvalue()


def _repeated() -> bytes:
    """A few hundred bytes that are 3 GB of text, written out."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 10_000, pa.int32()), pa.array(["x" * 300_000]))
    file = io.BytesIO()
    pq.write_table(pa.table({"a": column}), file, compression="zstd", store_schema=False)
    return file.getvalue()


FILES: dict[str, bytes] = {
    "rows.csv": CSV.encode(),
    "semicolons.csv": b"a;b\n1;<b>x</b>\n2;y\n",
    "quoted.csv": b'a,b\n1,"line\none"\n2,"say ""hi"""\n',
    "ragged.csv": b"a,b\n1,2\n3\n4,5,6\n7,8\n",
    "twice.csv": b"a,a\n1,x\n2,y\n",
    "bare.csv": b"a,b\n",
    "empty.csv": b"",
    "unclosed.csv": b'a,b\n1,"never\n2,3\n',
    "binary.csv": b"a,b\n\x00\x01\xff\xfe" * 50,
    "dots.tsv": b"x\ty\n0.5\tnan\n1e3\tinf\n",
    "lines.jsonl": b'{"a": 1, "b": "x"}\n{"a": 2, "c": [1, 2]}\n',
    "mixed.ndjson": b'{"a": 1}\n{"a": "two"}\n{"a": {"b": 3}}\n',
    "list.jsonl": b"[1, 2]\n[3]\n",
    "deep.jsonl": b'{"a": ' + b"[" * 3_000 + b"]" * 3_000 + b"}\n",
    "large.parquet": _parquet(),
    "cut.parquet": _parquet()[:5_000],
    "claims.parquet": b"PAR1" + b"\xff" * 200 + b"\xff\xff\xff\x7fPAR1",
    "repeated.parquet": _repeated(),
    "wide.csv": b"a," * 100_000 + b"a\n1,2\n3\n",
    "wide.jsonl": b"".join(b'{"a": %d, "b%d": 1}\n' % (at, at) for at in range(2_000)),
    "same.csv": b"a\n" + b"5\n" * 30,
    "page.html": b"<script>alert(1)</script>",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("tables") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def version(server: RunningServer) -> str:
    id = str(server.call("contents.begin", name="tables", project="Team")["version"]["id"])
    assert server.request("POST", f"/contents/{id}", fields={path: (path, data) for path, data in FILES.items()}).status == 200
    server.call("contents.finish", version=id)
    return id


@pytest.fixture
def look(server: RunningServer, version: str) -> Any:
    return lambda path, **more: server.call("contents.preview", version=version, path=path, **more)


def _columns(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {column["name"]: column for column in found["columns"]}


def test_columns_of_text_get_the_types_that_they_look_like(look: Any) -> None:
    found = look("rows.csv", rows=3)
    assert {column["name"]: column["type"] for column in found["columns"]} == {
        "name": "text",
        "age": "integer",
        "score": "number",
        "when": "date",
        "ok": "boolean",
        "note": "text",
    }
    assert found["rows"][0] == ["dog", "0", "", "2026-01-01", "False", "text 0"]
    assert (len(found["rows"]), found["sampled"], found["total_rows"], found["whole"]) == (3, 200, 200, False)


def test_values_are_counted(look: Any) -> None:
    columns = _columns(look("rows.csv", rows=3))
    assert columns["name"]["histogram"] == {
        "kind": "categories",
        "values": [{"value": "cat", "count": 133}, {"value": "dog", "count": 67}],
        "others": 0,
    }
    age = columns["age"]
    assert (age["min"], age["max"], sum(age["histogram"]["counts"]), len(age["histogram"]["counts"])) == (0, 6, 200, 7)
    score = columns["score"]
    assert (score["missing"], score["max"], sum(score["histogram"]["counts"])) == (20, 49.75, 180)
    assert (columns["note"]["distinct"], columns["note"]["histogram"]["kind"]) == (200, "lengths")
    assert [one["count"] for one in columns["ok"]["histogram"]["values"]] == [100, 100]
    assert columns["when"]["histogram"]["start"] == "2026-01-01"


def test_a_large_table_is_looked_at_as_far_as_is_said(look: Any) -> None:
    found = look("large.parquet", rows=5)
    columns = _columns(found)
    assert (found["sampled"], found["total_rows"], found["whole"]) == (50_000, 60_000, False)
    assert [column["type"] for column in found["columns"]] == ["integer", "number", "time", "date", "list", "bytes", "record"]
    assert (columns["weight"]["missing"], columns["id"]["mean"]) == (12_500, 24_999.5)
    assert (columns["day"]["min"], columns["day"]["max"]) == ("2026-01-01", "2026-01-30")
    assert columns["boxes"]["histogram"]["counts"] == [16_667, 16_667, 16_666]
    assert found["rows"][0][:2] == ["0", None]
    assert found["rows"][1][4:] == ["[1]", "1 bytes", '{"a": 1}']


@pytest.mark.parametrize(
    ("path", "rows", "types"),
    [
        ("semicolons.csv", [["1", "<b>x</b>"], ["2", "y"]], ["integer", "text"]),
        ("quoted.csv", [["1", "line\none"], ["2", 'say "hi"']], ["integer", "text"]),
        ("twice.csv", [["1", "x"], ["2", "y"]], ["integer", "text"]),
        ("bare.csv", [], ["empty", "empty"]),
        ("dots.tsv", [["0.5", "nan"], ["1e3", "inf"]], ["number", "number"]),
        ("lines.jsonl", [["1", "x", None], ["2", None, "[1, 2]"]], ["integer", "text", "list"]),
        ("mixed.ndjson", [["1"], ["two"], ['{"b": 3}']], ["text"]),
        ("unclosed.csv", [["1", "never\n2,3\n"]], ["integer", "text"]),
    ],
)
def test_odd_tables_are_read(look: Any, path: str, rows: list[Any], types: list[str]) -> None:
    found = look(path)
    assert (found["rows"], [column["type"] for column in found["columns"]]) == (rows, types)


def test_rows_of_another_length_are_shown_and_not_counted(look: Any) -> None:
    found = look("ragged.csv")
    assert found["rows"] == [["1", "2"], ["3", None], ["4", "5"], ["7", "8"]]
    assert found["columns"][0]["max"] == 7


def test_a_column_of_one_value_has_one_bar(look: Any) -> None:
    assert look("same.csv")["columns"][0]["histogram"] == {"kind": "numbers", "start": 5, "stop": 5, "counts": [30]}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("binary.csv", "binary"),
        ("cut.parquet", "binary"),
        ("claims.parquet", "binary"),
        ("empty.csv", "text"),
        ("list.jsonl", "text"),
        ("deep.jsonl", "text"),
        ("page.html", "text"),
    ],
)
def test_what_is_no_table_is_said_to_be_what_it_is(look: Any, path: str, kind: str) -> None:
    found = look(path)
    assert found["kind"] == kind
    json.dumps(found, allow_nan=False)


def test_numbers_that_json_does_not_know_are_left_out(look: Any) -> None:
    for path in FILES:
        json.dumps(look(path), allow_nan=False)


def test_nothing_but_a_whole_id_means_a_version(server: RunningServer, version: str) -> None:
    for said in ("Team/tables", "Team/tables@1.0.0", version[:10]):
        assert server.ask("contents.preview", version=said, path="rows.csv")[0] == 400
        assert server.ask("contents.list", version=said)[0] == 400


def test_what_would_be_too_much_written_out_is_shown_as_far_as_it_fits(look: Any) -> None:
    repeated = look("repeated.parquet", rows=1)
    assert repeated["total_rows"] == 10_000
    assert 0 < repeated["sampled"] * 300_000 <= 256 << 20
    assert not repeated["whole"]
    wide = look("wide.csv")
    assert (wide["total_columns"], len(wide["columns"]), wide["total_rows"]) == (100_001, 200, 2)
    assert [row[:3] for row in wide["rows"]] == [["1", "2", None], ["3", None, None]]
    lines = look("wide.jsonl", rows=2)
    assert len(lines["columns"]) == 200
    assert [row[:3] for row in lines["rows"]] == [["0", "1", None], ["1", None, "1"]]


def test_rows_that_can_not_be_read_are_named_by_their_lines(look: Any) -> None:
    assert look("ragged.csv")["malformed"] == {
        "count": 2,
        "rows": 4,
        "is_all": True,
        "first": [{"line": 3, "what": "it has 1 field and not 2"}, {"line": 4, "what": "it has 3 fields and not 2"}],
    }
    assert look("unclosed.csv")["malformed"]["first"] == [{"line": 2, "what": "a quote that opens here is never closed"}]
    assert look("rows.csv")["malformed"] is None
    assert look("lines.jsonl")["malformed"] is None
