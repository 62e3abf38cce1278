"""What scripts rely on: one JSON document with an id, nothing else on standard output, exit statuses, and pages."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tilth._wiring import open_home
from tilth.base import errors
from tilth.base.errors import ErrorCode, TilthError
from tilth.cli import data
from tilth.cli.main import app

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Terminal

FILES = {"Cat/1.jpg": b"cat one", "Dog/1.jpg": b"dog one"}
STATUSES = {
    "Invalid": 2,
    "NotFound": 3,
    "AlreadyExists": 4,
    "Conflict": 5,
    "Denied": 6,
    "Unavailable": 7,
    "Corrupt": 8,
    "Internal": 1,
}


def test_every_command_that_makes_or_finds_a_version_prints_one_document_with_its_id(tilth: "Terminal") -> None:
    folder = tilth.files(FILES)
    id = tilth.json("create", "--name", "n", "--project", "P", "--tags", "a", "b")["id"]
    for words in (
        ["add", "--files", folder],
        ["remove", "--files", "Dog"],
        ["sync", "--folder", folder, "--skip-close"],
        ["set-description", "--description", "animals"],
        ["upload"],
        ["resume"],
        ["list"],
        ["ls"],
        ["stats"],
        ["close"],
        ["list", "--modified"],
        ["list", "--project", "P", "--name", "n", "--version", "1.0.0"],
        ["get"],
        ["get", "--copy", "copy"],
        ["get", "--link", "link"],
        ["export", "n.zip"],
        ["verify"],
        ["verify", "--folder", "copy"],
        ["tag", "--add", "best", "--remove", "a"],
        ["alias", "--name", "best"],
        ["publish"],
        ["archive"],
        ["archive", "--undo"],
    ):
        assert tilth.json(*words)["id"] == id, words
    second = tilth.json("sync", "--parents", id[:10], "--folder", tilth.files({"new": b"new"}))
    squashed = tilth.json("squash", "--name", "s", "--ids", id, second["id"])
    assert len({id, second["id"], squashed["id"]}) == 3
    assert [version["id"] for version in tilth.json("search")["versions"]] == [squashed["id"], second["id"], id]
    assert [node["id"] for node in tilth.json("log", "--project", "P", "--name", "n")["versions"]] == [second["id"], id]
    compared = tilth.json("compare", "--source", "P/n@1.0.0", "--target", "P/n@1.0.1")
    assert (compared["source"], compared["target"]) == (id, second["id"])
    assert tilth.json("rename", "--project", "P", "--name", "n", "--new-name", "m")["name"] == "m"
    assert tilth.json("move", "--project", "P", "--name", "m", "--new-project", "Q")["project"] == "Q"
    assert tilth.json("stats", "--id", "Q/m@best")["id"] == id
    assert tilth.json("delete", "--id", second["id"])["deleted"] == [second["id"]]
    assert tilth.json("gc")["deleted_versions"] == [second["id"]]


def test_a_command_that_fails_prints_no_document(tilth: "Terminal") -> None:
    for words in (["list", "--id", "nobody"], ["sync", "--name", "n", "--folder", "nowhere"], ["close", "--id", "nobody"]):
        assert tilth(*words, "--json", status=3).out == b""


def test_each_kind_of_error_has_its_exit_status() -> None:
    for error in list(descendants(TilthError))[1:]:
        kind = next(base for base in error.__mro__ if base.__name__ in STATUSES)
        assert error.exit_status == STATUSES[kind.__name__], error
    assert {error.code for error in descendants(TilthError)} == set(ErrorCode)
    assert set(STATUSES) <= set(errors.__all__)


def test_the_list_of_commands_says_what_each_does(tilth: "Terminal") -> None:
    shown = tilth("--help").text
    for name in data.app:
        if not name.startswith("-"):
            said = " ".join(app["data"][name].help.split()[:3])
            assert said in " ".join(shown.split()), name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["create"], "error: --name is missing; `tilth data create --help` shows how it is used\n"),
        (["create", "--name"], "error: --name needs a value; `tilth data create --help` shows how it is used\n"),
        (["list", "--bogus"], "error: Unknown option: --bogus; `tilth data list --help` shows how it is used\n"),
        (["search", "--page", "-1"], 'error: Invalid value "-1" for --page. Must be >= 0; '),
        (["list", "--page-size", "0"], 'error: Invalid value "0" for --page-size. Must be >= 1; '),
        (["verify", "--links", "--sample", "0.1"], "error: --sample goes with reading what is stored, or links; "),
        (["verify", "--sample", "2"], 'error: Invalid value "2.0" for --sample. Must be <= 1; '),
        (["squash", "--name", "n"], "error: nothing to squash; name versions: ids, or project/name@version\n"),
        (
            ["add", "--links", "s3://key:word@bucket/x"],
            "error: s3://bucket/x can't be registered: it holds a name or password before its @, which everybody would see",
        ),
        (["dance"], 'error: Unknown command "dance". Available commands: create, add, '),
    ],
)
def test_misuse_is_told_in_one_line(tilth: "Terminal", words: list[str], said: str) -> None:
    told = tilth(*words, status=2)
    assert told.err.startswith(said)
    assert told.err.count("\n") == 1
    assert told.out == b""


def test_searches_are_paged(tilth: "Terminal") -> None:
    folder = tilth.files(FILES)
    ids = [tilth.json("sync", "--name", f"n{number}", "--folder", folder)["id"] for number in range(3)]
    first = tilth("search", "--page-size", "2").text.splitlines()
    assert [line.split()[-1] for line in first[1:-1]] == [ids[2], ids[1]]
    assert first[-1] == "2 of 3; --page 1 shows more"
    last = tilth("search", "--page-size", "2", "--page", "1").text.splitlines()
    assert [line.split()[-1] for line in last[1:]] == [ids[0]]
    assert tilth("search", "--page", "7").text == "no page 7: 3 versions in all\n"
    assert tilth("search", "--name", "nobody").text == "no version fits\n"
    shown = tilth.json("search", "--page-size", "1", "--page", "2")
    assert ([version["id"] for version in shown["versions"]], shown["total"]) == ([ids[0]], 3)


def test_searches_take_several_ids_and_tags(tilth: "Terminal") -> None:
    folder = tilth.files(FILES)
    ids = [tilth.json("sync", "--name", name, "--folder", folder, "--tags", "all", name)["id"] for name in "abc"]
    assert [version["id"] for version in tilth.json("search", "--ids", ids[0], ids[2])["versions"]] == [ids[2], ids[0]]
    assert [version["id"] for version in tilth.json("search", "--tags", "all", "b")["versions"]] == [ids[1]]


def test_several_files_and_patterns_at_once(tilth: "Terminal") -> None:
    tilth.files(FILES | {"Dog/2.png": b"dog two"})
    tilth("create", "--name", "n")
    tilth("add", "--files", "source/Cat", "source/Dog/1.jpg", "source/Dog/2.png", "--dataset-folder", "all")
    assert names(tilth) == ["all/1.jpg", "all/2.png"]
    tilth("remove", "--files", "all/*")
    tilth("add", "--files", "source", "--wildcard", "*.png", "1.*")
    assert names(tilth) == ["Cat/1.jpg", "Dog/1.jpg", "Dog/2.png"]
    partly = tilth("remove", "--files", "Cat", "Mouse")
    assert "warning: nothing in the version matches Mouse" in partly.err
    assert "nothing in the version matches Mouse, Rat; " in tilth("remove", "--files", "Mouse", "Rat", status=3).err
    assert names(tilth) == ["Dog/1.jpg", "Dog/2.png"]


def test_each_file_is_named_if_that_is_wanted(tilth: "Terminal") -> None:
    folder = tilth.files(FILES)
    tilth("create", "--name", "n")
    added = tilth("add", "--files", folder, "--verbose", "--json")
    assert added.err == "added Cat/1.jpg\nadded Dog/1.jpg\n"
    assert added.document["added"] == 2
    assert tilth("remove", "--files", "Cat", "--verbose").err == "removed Cat/1.jpg\n"


def test_interrupted_work_is_gone_on_with(tilth: "Terminal") -> None:
    tilth("create", "--name", "n")
    tilth("add", "--files", tilth.files(FILES))
    assert "everything that was added is stored; `tilth data close` makes it final" in tilth("resume").text
    tilth("finalize")
    assert "is final and can't be changed" in tilth("resume", status=5).err


def test_the_archive_holds_what_the_version_does(tilth: "Terminal") -> None:
    tilth("sync", "--name", "n", "--folder", tilth.files(FILES))
    for name, words in (("n.zip", []), ("n.tar", []), ("other", ["--format", "tar"]), ("cats.zip", ["--path", "Cat"])):
        assert tilth("export", name, *words).text.startswith(f"{name}: ")
        assert Path(name).stat().st_size > 0
    assert "end the name with .zip or .tar" in tilth("export", "n.rar", status=2).err
    assert "has no folder Mouse" in tilth("export", "m.zip", "--path", "Mouse", status=3).err
    assert not Path("m.zip").exists()


def test_a_setting_that_is_wrong_is_told(tilth: "Terminal", monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TILTH_HOME", str(tmp_path))
    (tmp_path / "tilth.toml").write_text('colour = "blue"')
    assert (
        "has a setting colour that means nothing here; known are cache, cache_source, chunk_cache, cache_limit, cache_age, author"
        in tilth("search", status=2).err
    )


def test_a_rate_is_a_number_of_bytes(tilth: "Terminal") -> None:
    folder = tilth.files(FILES)
    said = tilth("sync", "--name", "r", "--folder", folder, "--limit-rate", "fast", status=2).err
    assert "--limit-rate is fast, which is no number of bytes; write it like 500kB, 5MB or 0 for no limit" in said
    tilth("sync", "--name", "r", "--folder", folder, "--limit-rate", "5MB/s")
    assert (open_home().bandwidth.upload.limit, open_home().bandwidth.download.limit) == (5_000_000, 5_000_000)
    tilth("get", "--id", "r", "--copy", "copied", "--limit-rate", "0")
    assert (open_home().bandwidth.upload.limit, open_home().bandwidth.download.limit) == (0, 0)


def names(tilth: "Terminal") -> list[str]:
    return [file["path"] for file in json.loads(tilth("list", "--json").out)["files"]]


def descendants(kind: type[TilthError]) -> Iterator[type[TilthError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from descendants(child)


@pytest.mark.parametrize("words", [["data", "list"], ["data", "search", "--json"], ["data", "cat", "Cat/1.jpg"]])
def test_standard_output_that_takes_nothing(tilth: "Terminal", words: list[str]) -> None:
    tilth("sync", "--name", "n", "--folder", tilth.files(FILES))
    command = [sys.executable, "-m", "tilth.cli.main", *words]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 7
    assert done.stderr.startswith(b"error: no space left to write standard output; ")
    assert done.stderr.count(b"\n") == 1
    closed = subprocess.run(["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command], stderr=subprocess.PIPE, check=False)
    assert (closed.returncode, closed.stderr) == (0, b"")


def test_names_are_printed_as_they_are_whatever_the_terminal(tilth: "Terminal") -> None:
    tilth("sync", "--name", "n", "--folder", tilth.files({"Grün/猫.jpg": b"cat"}))
    command = [sys.executable, "-m", "tilth.cli.main", "data", "list"]
    done = subprocess.run(command, env=os.environ | {"PYTHONIOENCODING": "latin-1"}, capture_output=True, check=False)
    assert "Grün/猫.jpg".encode() in done.stdout
