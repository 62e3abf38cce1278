"""Links compared with what lies there now: by states, or by every byte; and reports that a check goes on from."""

import os
from hashlib import sha256
from pathlib import Path
from typing import cast

import msgspec
import pytest

from tilth import Dataset
from tilth.base.errors import AlreadyExists, Unavailable
from tilth.domain.dataset import Entry, Link
from tilth.sdk.contents import count_links
from tilth.sdk.home import Home
from tilth.sdk.links import checking
from tilth.sdk.links.checking import CheckedLink, Compared, check_links
from tilth.sdk.links.remote import RemoteFile
from tilth.sdk.links.reporting import ReportHead, open_report
from tilth.sdk.links.sources import LocalSource, Sources
from tilth.sdk.links.verifying import LinkLevel, verify_links
from tilth.testing.repositories import write_files

FILES = {f"{number:02}.bin": bytes([number]) * 3_000 for number in range(20)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(write_files(tmp_path / "elsewhere", FILES))


def linked(folder: Path, *, read_hash: bool = True) -> Dataset:
    made = Dataset.create("linked", "p")
    made.add_external_files(str(folder), read_hash=read_hash)
    made.finalize()
    return made


def checked(home: Home, made: Dataset, level: LinkLevel = "content", report: Path | None = None) -> dict[str, CheckedLink]:
    return {found.path: found for found in verify_links(home, made._version, level=level, report=report)}


def replace_keeping_time(file: Path, data: bytes) -> None:
    """What only whoever reads the file can notice."""
    at = file.stat().st_mtime_ns
    file.write_bytes(data)
    os.utime(file, ns=(at, at))


def test_contents_are_compared_only_when_they_are_read(own: Home, folder: Path) -> None:
    made = linked(folder)
    replace_keeping_time(folder / "03.bin", b"x" * 3_000)
    assert all(found.problem is None for found in checked(own, made, "presence").values())
    found = checked(own, made)
    assert {one.compared for one in found.values()} == {Compared.CONTENT}
    assert [path for path, one in found.items() if one.problem] == ["03.bin"]
    assert "03.bin was changed since it was registered" in str(found["03.bin"].problem)


def test_what_was_compared_is_told_of_each_link(own: Home, folder: Path) -> None:
    hashed = linked(folder)
    os.utime(folder / "00.bin", ns=(5, 5))
    (folder / "01.bin").unlink()
    found = checked(own, hashed, "presence")
    assert (found["00.bin"].compared, found["00.bin"].problem) == (Compared.SIZE, None)
    assert found["02.bin"].compared is Compared.STATE
    assert "01.bin can't be had: nothing lies at" in str(found["01.bin"].problem)
    assert checked(own, linked(folder, read_hash=False))["02.bin"].compared is Compared.STATE  # there is no hash to compare with


def test_contents_that_were_fetched_once_are_known_for_a_later_check(own: Home, folder: Path) -> None:
    made = linked(folder, read_hash=False)
    made.get_local_copy()
    replace_keeping_time(folder / "03.bin", b"x" * 3_000)
    found = checked(own, made)
    assert {one.compared for one in found.values()} == {Compared.CONTENT}
    assert [path for path, one in found.items() if one.problem] == ["03.bin"]


def test_only_a_share_is_read_where_that_is_wanted(own: Home, folder: Path) -> None:
    made, numbers = linked(folder), {path: int.from_bytes(sha256(data).digest()[:4]) / (1 << 32) for path, data in FILES.items()}
    for sample in (0.0, 0.3, 0.7, 1.0):
        found = list(verify_links(own, made._version, level="content", sample=sample))
        read = {one.path for one in found if one.compared is Compared.CONTENT}
        assert read == {path for path, number in numbers.items() if number < sample}
        assert {one.compared for one in found if one.path not in read} <= {Compared.STATE}
        assert len(found) == len(FILES)
    assert {number < 0.3 for number in numbers.values()} == {number < 0.7 for number in numbers.values()} == {True, False}


def test_a_check_that_ended_early_goes_on_where_it_was(own: Home, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, report = linked(folder), tmp_path / "report.jsonl"
    begun = verify_links(own, made._version, level="content", report=report)
    first = [next(begun).path for _ in range(5)]
    begun.close()
    with report.open("ab") as file:  # as if it had been killed while it wrote
        file.write(b'{"path":"05.b')
    opened: list[str] = []
    monkeypatch.setattr(LocalSource, "open", _noting(opened))
    told: list[tuple[int, str]] = []
    again = verify_links(own, made._version, level="content", report=report, resumed=lambda links, path: told.append((links, path)))
    assert [found.path for found in again] == sorted(FILES)
    assert told == [(5, "04.bin")]
    assert len(opened) == len(FILES) - len(first)
    lines = [msgspec.json.decode(line) for line in report.read_bytes().splitlines()]
    assert lines[0] == {"version": made.id, "level": "content", "sample": 1.0}
    assert [line["path"] for line in lines[1:-1]] == sorted(FILES)
    assert lines[-1] == {"links": 20, "problems": 0}
    with pytest.raises(AlreadyExists, match=r"is a finished report: 20 links, 0 of them with a problem; name another file"):
        checked(own, made, report=report)


def test_a_file_that_is_another_report_or_none_is_left_as_it_is(own: Home, folder: Path, tmp_path: Path) -> None:
    made, notes = linked(folder), tmp_path / "notes.txt"
    for text in ("my notes\nare mine\n", "my notes"):
        notes.write_text(text)
        with pytest.raises(AlreadyExists, match="is no report of links"):
            checked(own, made, report=notes)
        assert notes.read_text() == text
    with open_report(tmp_path / "other", ReportHead("0" * 32, "content", 1.0)):
        pass
    with pytest.raises(AlreadyExists, match="is the report of another check: the links of version 0000"):
        checked(own, made, report=tmp_path / "other")


def test_servers_that_give_no_answer_end_a_check_only_if_all_do(
    own: Home, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = linked(folder)
    silent = {"04.bin"}

    def describe(_: LocalSource, address: str) -> None:
        if not silent or address.rpartition("/")[2] in silent:
            raise Unavailable(f"{address} can't be reached", hint="check the network")
        raise AssertionError

    was = LocalSource.describe
    monkeypatch.setattr(LocalSource, "describe", lambda source, at: (describe if not silent or at[-6:] in silent else was)(source, at))
    found = checked(own, made, "presence")
    assert [path for path, one in found.items() if one.problem] == ["04.bin"]
    assert "04.bin could not be checked" in str(found["04.bin"].problem)
    silent.clear()
    report = tmp_path / "report.jsonl"
    with pytest.raises(Unavailable, match="can't be reached"):
        checked(own, made, "presence", report=report)
    assert len(FILES) > checking._MOST_SILENT
    monkeypatch.setattr(LocalSource, "describe", was)
    assert [one.problem for one in checked(own, made, "presence", report=report).values()] == [None] * len(FILES)


class _Web:
    """Web servers, some of which give no answer."""

    def __init__(self, away: set[str]) -> None:
        self.away = away
        self.asked: list[str] = []

    def of(self, address: str) -> "tuple[_Web, str]":
        return self, address

    def describe(self, address: str) -> RemoteFile:
        self.asked.append(address)
        if address.split("/")[2] in self.away:
            raise Unavailable(f"{address} can't be reached", hint="check the network")
        return RemoteFile(address, 5, "state", 0)


@pytest.mark.parametrize("order", [["here", "gone", "here"], ["gone", "here", "gone"]])
def test_a_server_that_gives_no_answer_keeps_nobody_from_asking_the_others(order: list[str]) -> None:
    web = _Web({"gone"})
    links = [
        Entry(f"{part}/{number:02}", 5, bytes(32), 0o644, 0, (), Link(f"https://{host}/{part}/{number}", "state", is_hashed=False))
        for part, host in enumerate(order)
        for number in range(checking._MOST_SILENT - 1 if (part, host) == (0, "gone") else 100)
    ]
    found = list(check_links(cast(Sources, web), links))
    assert [one.path for one in found] == [link.path for link in links]
    assert [bool(one.problem) for one in found] == ["gone" in link.link.address for link in links if link.link]
    asked_in_vain = sum("gone" in address for address in web.asked)
    assert asked_in_vain < checking._MOST_SILENT * 2 + checking._AHEAD * checking._WORKERS
    web.away.add("here")
    with pytest.raises(Unavailable, match="can't be reached"):
        list(check_links(cast(Sources, web), links))


def _noting(opened: list[str]) -> object:
    was = LocalSource.open

    def noted(source: LocalSource, address: str, start: int = 0) -> object:
        opened.append(address)
        return was(source, address, start)

    return noted


def test_links_are_counted_before_and_after_a_version_is_final(own: Home, folder: Path) -> None:
    made = Dataset.create("linked", "p")
    made.add_external_files(str(folder))
    made.add_files(write_files(folder.parent / "here", {"own.bin": b"x"}))
    assert count_links(own, made._version) == len(FILES)
    made.finalize(auto_upload=True)
    assert count_links(own, made._version) == len(FILES)
