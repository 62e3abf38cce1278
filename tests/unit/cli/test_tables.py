"""What people type to join, compare and query tables, and what they get."""

import gzip
import io
import json
import os
import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tilth import Dataset
from tilth.base.errors import Denied, Invalid
from tilth.base.faultpoints import CRASH_STATUS
from tilth.sdk.previews.columns import columns_of
from tilth.sdk.previews.ranges import LocalFile
from tilth.sdk.previews.rows import first_rows

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Terminal


from tilth.testing import forking


def parquet(**columns: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


ODD = """it's "q" <b>.csv"""
A = {
    "train.csv": b"id,label\n007,cat\n008,dog\n",
    "deep/l.jsonl": b'{"id":12345678901234567890,"v":1.10}\n',
    "p.parquet": parquet(id=pa.array([1, 2], pa.int32()), s=["a", "b"]),
    "notes.txt": b"first",
    "only-a.csv": b"x\n1\n",
    "same.csv": b"x\n1\n",
}
B = {
    "train.csv": b"id,label,score\n008,wolf,0.50\n009,cat,\n",
    "deep/l.jsonl": b'{"id":2,"w":[1, 2]}\n',
    "p.parquet": parquet(id=pa.array([3], pa.int64()), s=["c"]),
    "notes.txt": b"second",
    "same.csv": b"x\n1\n",
    "trips/1.csv.gz": gzip.compress(b"n\n1\n"),
    "trips/2.csv.gz": gzip.compress(b"n\n2\n"),
    ODD: b'"a ""<i>",\xc3\xbc\n1,2\n',
}


@pytest.fixture
def versions(tilth: "Terminal") -> tuple[str, str]:
    found = [
        tilth.json("sync", "--folder", tilth.files(files, name), "--name", name, "--project", "P", "--no-preview")["id"]
        for name, files in (("A", A), ("B", B))
    ]
    return found[0], found[1]


def test_versions_are_merged_row_by_row(tilth: "Terminal", versions: tuple[str, str]) -> None:
    refused = tilth("merge-tables", "--ids", *versions, "--key", "id", status=2)
    assert "train.csv of P/A 1.0.0, line 3 and train.csv of P/B 1.0.0, line 2; choose which stands with --on-conflict" in refused.err
    made = tilth.json("merge-tables", "--ids", *versions, "--name", "M", "--key", "id", "--on-conflict", "last")
    assert made["parents"] == list(versions)
    assert {table["path"]: table["rows"] for table in made["tables"]} == {"deep/l.jsonl": 2, "p.parquet": 3, "train.csv": 3}
    assert tilth("cat", "train.csv").text == "id,label,score\n007,cat,\n008,wolf,0.50\n009,cat,\n"
    assert tilth("cat", "notes.txt").text == "first"
    assert tilth("cat", "same.csv").text == "x\n1\n"
    merged = Dataset.get(made["id"])
    assert merged.get_metadata("merged_tables") == made["tables"]
    assert sorted(merged.list_files()) == sorted(A | B)
    assert tilth("search", "--name", "M", "--not-only-completed").text.count(" M ") == 1


def test_nothing_is_begun_when_rows_can_not_be_joined(tilth: "Terminal", versions: tuple[str, str]) -> None:
    broken = tilth.json("sync", "--folder", tilth.files({"train.csv": b"id,label\n1\n"}, "C"), "--name", "C", "--project", "P")["id"]
    answer = tilth("merge-tables", "--ids", versions[0], broken, "--name", "M", status=2)
    assert "error: train.csv of P/C 1.0.0, line 2: it has 1 field and not 2; repair it" in answer.err
    assert tilth.json("search", "--name", "M", "--not-only-completed")["versions"] == []
    made = tilth("merge-tables", "--ids", versions[0], broken, "--name", "M", "--skip-malformed")
    assert "warning: left out: train.csv of P/C 1.0.0, line 2: it has 1 field and not 2" in made.err
    tilth("merge-tables", "--ids", versions[0], broken, "--name", "M", "--version", "1.0.0", status=4)


def test_what_can_not_be_merged_is_said(tilth: "Terminal", versions: tuple[str, str]) -> None:
    assert "two or more versions" in tilth("merge-tables", "--ids", versions[0], status=2).err
    said = tilth("merge-tables", "--ids", *versions, "--tables", "nothing*", status=2).err
    assert "no two of the versions have a different table that nothing* means" in said
    assert "memory: 1 MB is too little" in tilth("merge-tables", "--ids", *versions, "--memory", "1 MB", status=2).err
    with pytest.raises(Invalid, match="on_conflict can't be 'any'; use fail, first, last"):
        Dataset.merge_tables(list(versions), on_conflict="any")


def test_the_sdk_merges_too(tilth: "Terminal", versions: tuple[str, str]) -> None:
    made = Dataset.merge_tables([versions[0], Dataset.get(versions[1])], "M", key="id", on_conflict="first", tables="*.csv")
    assert made.is_final()
    with made.open("train.csv") as file:
        assert file.read() == b"id,label,score\n007,cat,\n008,dog,\n009,cat,\n"
    with made.open("p.parquet") as file:
        assert file.read() == A["p.parquet"]


def test_rows_of_versions_are_compared(tilth: "Terminal", versions: tuple[str, str]) -> None:
    said = tilth("compare", "--source", versions[0], "--target", versions[1], "--rows", "--key", "id").text
    assert "train.csv (by id)\n  columns added: score\n  - line 2: id=007, label=cat\n  ~ line 2: id=008: label dog -> wolf\n" in said
    assert "  changed cells: label in 1\n  1 added, 1 removed, 1 changed, 0 the same\n" in said
    document = tilth.json("compare", "--source", versions[0], "--target", versions[1], "--key", "id", "--path", "train.csv", "--shown", "1")
    (table,) = document["tables"]
    assert table == Dataset.get(versions[1]).compare_rows(versions[0], "train.csv", "id", 1)[0]
    assert [(row["change"], row["before"], row["after"]) for row in table["rows"]] == [
        ("removed", {"id": "007", "label": "cat"}, None),
        ("changed", {"label": "dog"}, {"label": "wolf"}),
        ("added", None, {"id": "009", "label": "cat"}),
    ]
    without = tilth.json("compare", "--source", versions[0], "--target", versions[1], "--rows", "--path", "p.parquet")["tables"][0]
    assert (without["added"], without["removed"], without["key"]) == (1, 2, [])
    assert "has no file none.csv" in tilth("compare", "--source", versions[0], "--target", versions[1], "--path", "none.csv", status=3).err
    assert "is no table" in tilth("compare", "--source", versions[0], "--target", versions[1], "--path", "notes.txt", status=2).err


def test_the_columns_of_changed_tables_are_compared(tilth: "Terminal", versions: tuple[str, str]) -> None:
    answer = tilth("compare", "--source", versions[0], "--target", versions[1]).text
    assert "  columns  p.parquet: changed id int32 -> int64\n  columns  train.csv: added score\n" in answer
    document = tilth.json("compare", "--source", versions[0], "--target", versions[1])
    assert [drift["path"] for drift in document["columns"]] == ["deep/l.jsonl", "p.parquet", "train.csv"]
    assert document["columns"][1]["types"] == {"id": ["int32", "int64"]}


def test_order_of_columns_and_damaged_tables_are_told(tilth: "Terminal") -> None:
    before, after = (
        tilth.json("sync", "--folder", tilth.files(files, name), "--name", name, "--project", "P", "--no-preview")["id"]
        for name, files in (("C", {"a.csv": b"x,y\n1,2\n", "b.parquet": b"PAR1"}), ("D", {"a.csv": b"y,x\n2,1\n", "b.parquet": b"other"}))
    )
    said = tilth("compare", "--source", before, "--target", after).text
    assert "  columns  a.csv: in another order\n" in said
    assert "  columns  b.parquet: can't be compared: b.parquet of P/C 1.0.0: it is no Parquet file, or a damaged one" in said


def test_tables_are_asked_in_sql(tilth: "Terminal", versions: tuple[str, str]) -> None:
    assert tilth("query", "SELECT label FROM 'train.csv' ORDER BY id").text == "label\nwolf\ncat\n"
    assert tilth("query", "FROM train", "--format", "csv").text == "id,label,score\n008,wolf,0.5\n009,cat,\n"
    assert tilth("query", "FROM train", "--text", "--format", "json").text.splitlines()[0] == '{"id":"008","label":"wolf","score":"0.50"}'
    assert tilth.json("query", "SELECT sum(n) AS n FROM 'trips/*.csv.gz'")["rows"] == [{"n": 3}]
    assert tilth("query", "SELECT * FROM 'it''s \"q\" <b>.csv'").text == 'a "<i>  ü\n1       2\n'
    assert tilth("query", "FROM range(50) t(n)").text.splitlines()[-1] == "the first 40 rows; --shown or --output give more"
    assert tilth("query", "FROM train WHERE false").text == "no rows\n"
    assert Dataset.get(versions[1]).query("SELECT count(*) AS n FROM 'train.csv'").to_pylist() == [{"n": 2}]


def test_tables_that_are_not_read_and_damaged_ones_are_named(tilth: "Terminal") -> None:
    folder = tilth.folder / "odd"
    folder.mkdir()
    (folder / "budget.ods").write_bytes(b"PK")
    (folder / "cut.parquet").write_bytes(b"PAR1 and no more")
    (folder / "x.csv").write_bytes(b"budget,id\n1,2\n")
    tilth("create", "--name", "odd", "--project", "Team")
    tilth("add", "--files", str(folder))
    tilth("close")
    said = tilth("query", "SELECT * FROM 'budget.ods'", status=2).err
    assert "budget.ods is a workbook of OpenDocument, which is not read; its tables are 'cut.parquet', 'x.csv'" in said
    assert tilth("query", "SELECT id FROM x WHERE 'budget.ods' <> ''").text == "id\n2\n"
    damaged = tilth("query", "SELECT * FROM 'cut.parquet'", status=2).err
    assert "cut.parquet of Team/odd 1.0.0: it is no Parquet file, or a damaged one" in damaged
    assert "CREATE VIEW" not in damaged


def test_what_a_query_finds_is_written_to_a_file(tilth: "Terminal", versions: tuple[str, str]) -> None:
    sql = "SELECT id, 9007199254740993 AS big, DATE '2026-01-02' AS day, [1, 2] AS list FROM train"
    assert tilth("query", sql, "--output", "o.parquet").text == "o.parquet: 2 rows\n"
    assert pq.read_table(tilth.folder / "o.parquet").column("big").to_pylist() == [9007199254740993] * 2
    tilth("query", sql, "--output", "o.jsonl")
    first = (tilth.folder / "o.jsonl").read_text().splitlines()[0]
    assert json.loads(first) == {"id": "008", "big": 9007199254740993, "day": "2026-01-02", "list": [1, 2]}
    tilth("query", sql, "--output", "o.csv")
    assert (
        tilth.folder / "o.csv"
    ).read_text() == 'id,big,day,list\n008,9007199254740993,2026-01-02,"[1,2]"\n009,9007199254740993,2026-01-02,"[1,2]"\n'
    assert "could be CSV, JSON lines or Parquet" in tilth("query", sql, "--output", "o.bin", status=2).err
    assert "does not exist" in tilth("query", sql, "--output", "gone/o.csv", status=3).err
    tilth("query", "SELECT error('late') FROM train", "--output", "e.csv", status=2)
    assert sorted(path.name for path in tilth.folder.glob("*.*")) == ["o.csv", "o.jsonl", "o.parquet"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_blob('../home/tilth.sqlite')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM read_parquet('https://example.com/x.parquet')",
        "SELECT * FROM 's3://bucket/x.parquet'",
        "SELECT * FROM duckdb_secrets()",
        "COPY (SELECT 1) TO 'stolen.csv'",
        "COPY (SELECT 1) TO 'tilth://stolen.csv'",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "CREATE TABLE x AS SELECT 1",
        "EXPORT DATABASE 'stolen'",
        "CREATE SECRET (TYPE s3, PROVIDER credential_chain)",
    ],
)
def test_a_query_sees_nothing_but_the_version(tilth: "Terminal", versions: tuple[str, str], sql: str) -> None:
    with pytest.raises(Denied, match=r"the tables of the version, and nothing else|a version is read only"):
        Dataset.get(versions[1]).query(sql)
    assert not list(tilth.folder.glob("stolen*"))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM '/etc/passwd'", "Table with name /etc/passwd does not exist!; its tables are "),
        ("SELECT * FROM versions", "Table with name versions does not exist!"),
        ("SELECT 1; SELECT 2", "one query is answered at a time, and not 2"),
        ("", "one query is answered at a time, and not 0"),
        ("SELEC 1", "syntax error"),
        ("SELECT nothing FROM train", "nothing"),
        ("SELECT label::int FROM train", "Could not convert"),
        ("SELECT * FROM query('COPY (SELECT 1) TO ''stolen.csv''')", "Expected a single SELECT"),
        ("SELECT * FROM '*'", "tables of several kinds"),
    ],
)
def test_a_query_that_can_not_be_answered_is_told(tilth: "Terminal", versions: tuple[str, str], sql: str, said: str) -> None:
    answer = tilth("query", sql, status=2)
    assert said in answer.err
    assert answer.err.startswith("error: ")


MALFORMED = {
    "short.csv": (b"id,label,size\n9,bird,1\n10,fish\n11,a,2\n", "short.csv of P/T 1.0.0, line 3: it has 2 fields and not 3"),
    "quote.csv": (b'id,label\n9,bird\n10,"fish\n', "quote.csv of P/T 1.0.0, line 3: a quote that opens here is never closed"),
    "long.tsv": (b"id\tlabel\n1\ta\n2\tb\tc\n", "long.tsv of P/T 1.0.0, line 3: it has 3 fields and not 2"),
    "latin.csv": (b"id,label\n1,\xff\xfe\n", "latin.csv of P/T 1.0.0, line 2: "),
    "cut.jsonl": (b'{"a": 1}\n{"a":\n{"a": 3}\n', "cut.jsonl of P/T 1.0.0, line 2: "),
    "late.csv": (b"a,b\n" + b"".join(b"%d,2\n" % n for n in range(30_000)) + b"1,2,3,4\n", "late.csv of P/T 1.0.0, line 30,002: "),
}


def test_a_malformed_row_is_named_by_file_and_line_in_every_command(tilth: "Terminal") -> None:
    whole = {name: data.partition(b"\n")[0] + b"\n" for name, (data, _) in MALFORMED.items()}
    tilth("sync", "--folder", tilth.files(whole), "--name", "T", "--project", "P")
    other = tilth.json("search", "--name", "T")["versions"][0]["id"]
    broken = tilth.files({name: data for name, (data, _) in MALFORMED.items()})
    id = tilth.json("sync", "--folder", broken, "--name", "T", "--project", "Q")["id"]
    for name, (_, told) in MALFORMED.items():
        said = told.replace("P/T", "Q/T")
        assert said in tilth("query", f"SELECT sum(length(t::text)) FROM '{name}' t", "--id", id, status=2).err
        assert said in tilth("merge-tables", "--ids", other, id, "--name", "M", "--tables", name, status=2).err
        assert said in tilth("compare", "--source", other, "--target", id, "--rows", "--path", name, status=2).err


def test_without_the_engine_its_extra_is_named(tilth: "Terminal", versions: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert "pip install 'tilth[tables]'" in tilth("query", "SELECT 1", status=2).err
    made = tilth.json("merge-tables", "--ids", *versions, "--name", "M")  # which needs no engine
    assert [table["rows"] for table in made["tables"]] == [2, 3, 4]


def test_a_draft_can_be_asked_too(tilth: "Terminal") -> None:
    tilth("create", "--name", "T", "--project", "P")
    tilth("add", "--files", tilth.files({"t.csv": b"a\n1\n"}) + "/t.csv")
    tilth("upload")
    assert tilth.json("query", "SELECT a FROM t")["rows"] == [{"a": 1}]


def test_killed_before_the_version_is_begun_nothing_is_there(tilth: "Terminal", versions: tuple[str, str]) -> None:
    words = ["merge-tables", "--ids", *versions, "--name", "K", "--tables", "*.jsonl"]
    killed = forking.run(["-m", "tilth.cli.main", "data", *words], env=os.environ | {"TILTH_CRASH_AT": "merge-tables.before-create"})
    assert killed.returncode == CRASH_STATUS
    assert tilth.json("search", "--name", "K", "--not-only-completed")["versions"] == []
    assert tilth.json(*words)["version"] == "1.0.0"


def test_columns_have_one_name_each_in_every_command(tilth: "Terminal") -> None:
    """Those that have none, or one that another column has, in a table of more than ten columns."""
    head, row = "id, n ,id,ID,,a,b,c,d,e,f,g", "1,2,3,4,5,6,7,8,9,10,11"
    before, after = (
        tilth.json("sync", tilth.files({"t.csv": f"{head}\n{row},{last}\n".encode(), "u/t.csv": b""}, name), "--name", name)["id"]
        for name, last in (("E", 12), ("F", 13))
    )
    names = ["id", "n", "id_1", "ID", "column4", *"abcdefg"]
    (table,) = tilth.json("compare", before, after, "--rows")["tables"]
    assert list(table["rows"][0]["before"]) == names
    asked = ["id", "n", "id_1", "ID_2", *names[4:]]  # to SQL, ID is id
    assert list(tilth.json("query", before, "FROM 't.csv'")["rows"][0]) == asked
    assert list(tilth.json("query", before, "FROM 't*.csv'", "--text")["rows"][0]) == asked
    merged = tilth.json("merge-tables", "--ids", before, after, "--key", "column4,n", "--on-conflict", "last")
    assert merged["tables"][0]["columns"] == names
    assert tilth("cat", "t.csv").text == 'id, n ,id,ID,"",a,b,c,d,e,f,g\n' + f"{row},13\n"
    table_seen = columns_of(LocalFile("t.csv", f"{head}\n{row},12\n".encode()))
    assert table_seen is not None
    assert [column.name for column in table_seen.columns] == names
    shown = first_rows(LocalFile("t.csv", f"{head}\n{row},12\n".encode()))
    assert shown is not None
    assert shown[0] == names


def test_tables_of_one_pattern_may_name_and_separate_their_columns_differently(tilth: "Terminal") -> None:
    files = {
        "a.csv": b"id,,x\n1,a1,7\n",
        "b.csv": b"id," + b"," * 10 + b"\n2,b1,b2" + b"," * 9 + b"\n",
        "c.csv": b"id;x\n3;8\n",
        "d.csv": b"",
        "e.csv": b"x,id,,\n9,4,e2,e3\n",
    }
    tilth("sync", tilth.files(files), "--name", "T", "--project", "P")
    rows = tilth.json("query", "SELECT id, x, column1, column2, column10 FROM '*.csv' ORDER BY id")["rows"]
    assert [list(row.values()) for row in rows] == [
        [1, 7, "a1", None, None],
        [2, None, "b1", "b2", None],
        [3, 8, None, None, None],
        [4, 9, None, "e2", None],
    ]
    asked = tilth.json("query", "FROM '[!d].csv'")["rows"]
    assert list(asked[0]) == list(tilth.json("query", "FROM '*.csv'")["rows"][0])  # no column of the file in which nothing stands
    texts = tilth.json("query", "SELECT x FROM '*.csv' WHERE x IS NOT NULL ORDER BY x", "--text")["rows"]
    assert texts == [{"x": "7"}, {"x": "8"}, {"x": "9"}]
    assert tilth("query", "FROM 'd.csv'").out


def test_null_and_a_name_that_is_not_there_are_one_in_every_command(tilth: "Terminal") -> None:
    lines = {"G": b'{"id": 1, "x": null}\n{"id": 2, "x": 5}\n', "H": b'{"id": 1}\n{"id": 2, "x": 5}\n'}
    before, after = (tilth.json("sync", tilth.files({"t.jsonl": data}, name), "--name", name)["id"] for name, data in lines.items())
    (table,) = tilth.json("compare", before, after, "--rows")["tables"]
    assert (table["same"], table["added"], table["removed"], table["changed"]) == (2, 0, 0, 0)
    asked = [tilth.json("query", id, "SELECT id, x FROM t ORDER BY id")["rows"] for id in (before, after)]
    assert asked[0] == asked[1] == [{"id": 1, "x": None}, {"id": 2, "x": 5}]
    merged = tilth.json("merge-tables", "--ids", before, after, "--key", "id")
    assert (merged["tables"][0]["duplicates"], merged["tables"][0]["conflicts"]) == (2, 0)
    assert tilth("cat", "t.jsonl").out == lines["G"]  # as it stands where it is first


def test_of_two_values_of_one_name_the_last_counts_and_sql_names_the_line(tilth: "Terminal") -> None:
    lines = {"G": b'{"id": 1, "x": 4, "x": 5}\n{"id": 2, "o": {"a": 1, "a": 2}}\n', "H": b'{"id": 1, "x": 5}\n{"id": 2, "o": {"a": 2}}\n'}
    before, after = (tilth.json("sync", tilth.files({"t.jsonl": data}, name), "--name", name)["id"] for name, data in lines.items())
    (table,) = tilth.json("compare", before, after, "--rows", "--key", "id")["tables"]
    assert (table["same"], table["cells"], table["rows"][0]["before"]) == (1, {"o": 1}, {"o": '{"a":1,"a":2}'})
    tilth("merge-tables", "--ids", before, after, "--key", "id", "--on-conflict", "first")
    assert tilth("cat", "t.jsonl").out == lines["G"]
    for name, line in zip("xa", lines["G"].splitlines(), strict=True):
        alone = tilth.json("sync", tilth.files({"t.jsonl": b'{"id": 0}\n' + line}, f"one-{name}"), "--name", f"one-{name}")["id"]
        said = tilth("query", alone, "FROM t", status=2).err
        assert f"t.jsonl of Datasets/one-{name} 1.0.0, line 2: an object has the name {name} twice; repair it" in said
