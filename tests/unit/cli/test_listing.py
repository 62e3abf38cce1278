"""How the files of versions are listed: text and JSON, all or a page, stored or elsewhere, final or not."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tilth import Dataset
from tilth.base.addresses import shown_address
from tilth.datasets import segments
from tilth.datasets.manifests import Manifest
from tilth.sdk._current import current_home
from tilth.sdk.adopting import _link
from tilth.sdk.contents import manifest_of
from tilth.sdk.lifecycle import opened_draft
from tilth.sdk.listed import listed
from tilth.testing.repositories import write_files
from tilth.wire.dataset_state import LinkRow

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Terminal

FILES = {"a/1.csv": b"one", "a/2.csv": b"second", "b.bin": b"x" * 1_234}


def with_links(tilth: "Terminal", tmp_path: Path) -> str:
    """A version that is open, with stored files and links; the address of the links' folder."""
    elsewhere = Path(write_files(tmp_path / "elsewhere", {"l/ü.txt": b"link"}))
    tilth("create", "--project", "p", "--name", "n")
    tilth("add", "--files", tilth.files(FILES), "--links", str(elsewhere))
    return elsewhere.as_uri()


def test_links_are_listed_among_stored_files_and_a_draft_as_what_becomes_of_it(tilth: "Terminal", tmp_path: Path) -> None:
    address = with_links(tilth, tmp_path)
    drafted = tilth("list").text
    drafted_json = tilth.json("list")
    tilth("close")
    shown = tilth("list").text
    assert [line.split()[:2] for line in shown.splitlines()[1:-1]] == [
        ["a/1.csv", "3"],
        ["a/2.csv", "6"],
        ["b.bin", "1234"],
        ["l/ü.txt", "4"],
    ]
    assert shown.splitlines()[0] == "path     bytes  sha256, or where it lies"
    assert shown.splitlines()[-2] == f"l/ü.txt  4      {address}/l/%C3%BC.txt"
    assert shown.splitlines()[-1] == "total 4 files, 1.2 kB (1247 bytes)"
    assert drafted == shown
    document = tilth.json("list")
    assert document == drafted_json
    assert document["total_bytes"] == 1247
    assert document["files"][-1] == {"path": "l/ü.txt", "size": 4, "sha256": None, "link": f"{address}/l/%C3%BC.txt"}
    assert all(len(row["sha256"]) == 64 and "link" not in row for row in document["files"][:-1])


def test_filters_and_pages(tilth: "Terminal", tmp_path: Path) -> None:
    with_links(tilth, tmp_path)
    for close in ((), ("close",)):  # as a draft, then final
        if close:
            tilth(*close)
        assert [row["path"] for row in tilth.json("list", "--filter", "a", "l/*.txt")["files"]] == ["a/1.csv", "a/2.csv", "l/ü.txt"]
        page = tilth.json("list", "--page", "1", "--page-size", "3")
        assert ([row["path"] for row in page["files"]], page["total_files"]) == (["l/ü.txt"], 4)
        found = tilth.json("list", "--filter", "*.csv", "--page", "1", "--page-size", "1")
        assert ([row["path"] for row in found["files"]], found["total_files"], found["total_bytes"]) == (["a/2.csv"], 2, 9)
        assert tilth("list", "--page", "9").text == "total 4 files, 1.2 kB (1247 bytes)\n"
        assert tilth("list", "--filter", "nothing").text == "total 0 files, 0 B (0 bytes)\n"
        assert tilth.json("list", "--filter", "nothing")["files"] == []


def test_what_a_version_changes_is_listed_with_where_it_lies_or_lay(tilth: "Terminal", tmp_path: Path) -> None:
    address = with_links(tilth, tmp_path)
    tilth("close")
    tilth("create", "--project", "p", "--name", "n", "--parents", "p/n")
    tilth("add", "--files", tilth.files({"a/1.csv": b"ONE!", "new.txt": b""}, "other"))
    tilth("remove", "--files", "l/*")
    expected = [("modified", "a/1.csv", 4), ("removed", "l/ü.txt", 4), ("added", "new.txt", 0)]
    for close in ((), ("close",)):
        if close:
            tilth(*close)
        rows = tilth.json("list", "--modified")["files"]
        assert [(row["change"], row["path"], row["size"]) for row in rows] == expected
        assert (rows[1]["sha256"], rows[1]["link"]) == (None, f"{address}/l/%C3%BC.txt")
        assert [row["path"] for row in tilth.json("list", "--modified", "--filter", "l")["files"]] == ["l/ü.txt"]
        lines = tilth("list", "--modified").text.splitlines()
        assert lines[0] == "change    path     bytes  sha256, or where it lies"
        assert lines[2] == f"removed   l/ü.txt  4      {address}/l/%C3%BC.txt"


def test_a_size_that_nobody_asked_for_is_not_told_as_zero(tilth: "Terminal") -> None:
    made = Dataset.create("n", "p")
    rows = [
        LinkRow(link="https://user:secret@host.example/a?token=x", relative_path="a"),
        LinkRow(link="s3://bucket/b", relative_path="b", size=7),
        LinkRow(link="s3://bucket/c", relative_path="c", hash="ab" * 32),
    ]
    with opened_draft(made._home, made._version) as draft:
        draft.journal.put(map(_link, rows))
    for _ in range(2):
        assert [line.split() for line in tilth("list", "--id", made.id).text.splitlines()[1:-1]] == [
            ["a", "?", shown_address(rows[0].link)],
            ["b", "7", "s3://bucket/b"],
            ["c", "?", "s3://bucket/c"],
        ]
        assert (
            tilth("list", "--id", made.id).text.splitlines()[-1]
            == "total 3 files, at least 7 B (7 bytes): of 2 links the size is not known"
        )
        assert [row["size"] for row in tilth.json("list", "--id", made.id)["files"]] == [None, 7, None]
        assert [line.split()[1] for line in tilth("ls", "--id", made.id).text.splitlines()[1:]] == ["?", "7", "?"]
        assert [row["size"] for row in tilth.json("ls", "--id", made.id)["entries"]] == [None, 7, None]
        found = Dataset.get(made.id)
        assert found.files().column("size").to_pylist() == [None, 7, None]
        assert [entry.size for entry in found.link_entries] == [None, 7, None]
        if not found.is_final():
            made.finalize()


def test_pages_are_parts_of_the_whole_and_read_only_the_segments_that_they_lie_in(
    tilth: "Terminal", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "LEAST_WEIGHT", 64)
    monkeypatch.setattr(segments, "CUT_MASK", 31)
    made = Dataset.create("n", "p")
    with opened_draft(made._home, made._version) as draft:
        draft.journal.put(
            _link(LinkRow(link=f"s3://bucket/{number}", relative_path=f"{number:04}", size=number + 1)) for number in range(1_000)
        )
    made.finalize()
    home = current_home()
    home.previews.wait_for_all()  # which read as well
    manifest = manifest_of(home, made._version)
    assert len(manifest.segments) > 5
    fetched: list[str] = []
    fetch = Manifest._fetch

    def counted(self: Manifest, segment: segments.SegmentRef) -> bytes:
        fetched.append(segment.key)
        return fetch(self, segment)

    monkeypatch.setattr(Manifest, "_fetch", counted)
    whole = [path for batch in listed(home, made._version).batches() for path in batch.column("path").to_pylist()]
    assert whole == [f"{number:04}" for number in range(1_000)]
    for start, stop in ((0, 1), (63, 66), (100, 900), (999, 1_000), (1_000, 1_010)):
        fetched.clear()
        rows = [path for batch in listed(home, made._version).batches(start, stop) for path in batch.column("path").to_pylist()]
        assert rows == whole[start:stop]
        assert len(fetched) == sum(
            segment.last_path >= f"{start:04}" and segment.first_path < f"{stop:04}" for segment in manifest.segments
        )
    fetched.clear()
    assert tilth("list", "--id", made.id, "--page", "0", "--page-size", "10").text.splitlines()[-1].startswith("total 1,000 files")
    assert fetched == [manifest.segments[0].key]
    narrowed = listed(home, made._version, ["*7"])
    assert [path for batch in narrowed.batches(50, 52) for path in batch.column("path").to_pylist()] == ["0507", "0517"]
    assert narrowed.total().files == 100
