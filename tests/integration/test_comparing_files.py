"""Files of two versions side by side: rows of tables, lines of texts, and what is neither."""

from collections.abc import Iterator
from typing import Any

import pytest

from tilth.testing.servers import RunningServer, running_server

TEXT = [f"line {at}" for at in range(40)]
BEFORE = {
    "rows.csv": b"id,kind,size\n1,cat,4\n2,dog,9\n3,fox,5\n4,cat,7\n",
    "plain.csv": b"a,b\nx,1\nx,1\ny,2\n",
    "text.txt": "\n".join(TEXT).encode(),
    "ends.txt": b"one\ntwo\n",
    "bytes.bin": b"\x00\x01",
    "long.txt": "\n".join(f"old {at}" for at in range(3_000)).encode(),
    "old name.csv": b"id,v\n1,2\n",
}
AFTER = {
    "rows.csv": b"id,kind,size,note\n2,dog,9,\n1,cat,4.5,\n5,owl,1,<b>new</b>\n3,fox,5,\n",
    "plain.csv": b"a,b\nx,1\nz,3\n",
    "text.txt": "\n".join(["first", *TEXT[:20], "changed", *TEXT[21:]]).encode(),
    "ends.txt": b"one\ntwo\n",
    "bytes.bin": b"\x00\x02",
    "long.txt": "\n".join(f"new {at}" for at in range(3_000)).encode(),
    "new name.csv": b"id,v\n1,3\n",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("compared") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def versions(server: RunningServer) -> list[str]:
    made: list[str] = []
    for files in (BEFORE, AFTER):
        id = str(server.call("contents.begin", name=f"compared {len(made)}", project="Team")["version"]["id"])
        assert server.request("POST", f"/contents/{id}", fields={path: (path, data) for path, data in files.items()}).status == 200
        server.call("contents.finish", version=id)
        made.append(id)
    return made


@pytest.fixture
def compare(server: RunningServer, versions: list[str]) -> Any:
    return lambda path, **more: server.call("contents.compare", version=versions[1], path=path, other=versions[0], **more)


def test_rows_are_told_apart_by_the_column_that_differs_in_each(compare: Any) -> None:
    found = compare("rows.csv")
    assert (found["key"], found["columns"], found["columns_added"]) == (["id"], ["id", "kind", "size", "note"], ["note"])
    assert found["counts"] == {"added": 1, "removed": 1, "changed": 1, "same": 2}
    only = compare("rows.csv", kinds=["added", "removed"])["rows"]
    assert only == [
        {"change": "added", "before": None, "after": ["5", "owl", "1", "<b>new</b>"]},
        {"change": "removed", "before": ["4", "cat", "7", None], "after": None},
    ]
    changed = next(row for row in found["rows"] if row["before"] and row["before"][0] == "1")
    assert (changed["change"], changed["before"][2], changed["after"][2]) == ("changed", "4", "4.5")


def test_rows_without_a_key_are_told_apart_as_a_whole(compare: Any) -> None:
    found = compare("plain.csv")
    assert (found["key"], found["counts"]) == ([], {"added": 1, "removed": 2, "changed": 0, "same": 1})


def test_a_key_is_chosen_and_rows_come_page_by_page(compare: Any) -> None:
    found = compare("rows.csv", key=["kind"], limit=2)
    assert (len(found["rows"]), found["next"], found["total"]) == (2, 2, 3)
    assert len(compare("rows.csv", key=["kind"], offset=2, limit=10)["rows"]) == 1


def test_a_key_that_is_no_column_is_refused(server: RunningServer, versions: list[str]) -> None:
    status, answer = server.ask("contents.compare", version=versions[1], path="rows.csv", other=versions[0], key=["note"])
    assert (status, "note" in answer["meta"]["result_msg"]) == (400, True)


def test_lines_come_with_the_lines_around_them(compare: Any) -> None:
    found = compare("text.txt")
    assert found["counts"] == {"added": 2, "removed": 1}
    shown = [(line["change"], line["text"]) for line in found["lines"]]
    assert shown[:2] == [("added", "first"), ("same", "line 0")]
    at = shown.index(("removed", "line 20"))
    assert shown[at - 4 : at + 2] == [
        ("gap", ""),
        ("same", "line 17"),
        ("same", "line 18"),
        ("same", "line 19"),
        ("removed", "line 20"),
        ("added", "changed"),
    ]
    assert (found["lines"][at]["before"], found["lines"][at + 1]["after"], shown[-1]) == (21, 22, ("gap", ""))


def test_equal_texts_have_no_lines_and_other_files_are_other(compare: Any) -> None:
    assert compare("ends.txt")["lines"] == []
    assert compare("bytes.bin") == {"kind": "other"}


def test_texts_that_are_all_new_are_not_compared_for_long(compare: Any) -> None:
    found = compare("long.txt")
    assert (found["counts"], found["whole"]) == ({"added": 3_000, "removed": 3_000}, False)


def test_a_file_that_moved_is_compared_with_what_it_was(compare: Any) -> None:
    assert compare("new name.csv", other_path="old name.csv")["counts"]["changed"] == 1
