"""Words without an option: versions, files, folders and questions, named as anybody would type them."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Terminal

FILES = {"a/1.csv": b"id,x\n1,2\n", "b.txt": b"old"}
FIRST, SECOND = "P/n@1.0.0", "P/n@1.0.1"


@pytest.fixture
def two(tilth: "Terminal") -> list[str]:
    """The ids of two versions of `P/n`, and another dataset that was changed last."""
    folder = tilth.files(FILES)
    first = tilth.json("sync", folder, "--project", "P", "--name", "n")["id"]
    (tilth.folder / "source/b.txt").write_bytes(b"new")
    second = tilth.json("sync", folder, "--parents", first)["id"]
    tilth("sync", tilth.files({"c.txt": b"other"}, "other"), "--project", "P", "--name", "other")
    return [first, second]


@pytest.mark.parametrize("command", ["list", "get", "verify", "log", "stats", "used-by", "preview", "publish", "archive"])
def test_the_version_is_the_word_behind_the_command(tilth: "Terminal", two: list[str], command: str) -> None:
    document = tilth.json(command, FIRST)
    assert two[0] in (document.get("id"), *(node["id"] for node in document.get("versions", [])))


def test_what_is_changed_about_a_version(tilth: "Terminal", two: list[str]) -> None:
    assert tilth.json("set-description", FIRST, "--description", "the first")["id"] == two[0]
    assert tilth.json("tag", FIRST, "--add", "good")["tags"] == ["good"]
    tilth("alias", FIRST, "--name", "best")
    assert tilth.json("stats", "P/n@best")["id"] == two[0]
    assert tilth.json("delete", FIRST)["deleted"] == [two[0]]


def test_a_version_is_made_without_naming_an_option_of_files(tilth: "Terminal") -> None:
    folder = tilth.files(FILES)
    id = tilth.json("create", "--name", "made")["id"]
    tilth("add", f"{folder}/a", f"{folder}/b.txt")
    assert tilth.json("remove", "b.txt")["removed"] == 1
    assert tilth.json("upload", id)["files"] == 1
    assert tilth.json("finalize", id)["files"] == 1
    united = tilth.json("squash", id, id, "--name", "united")["id"]
    assert tilth.json("ls", united, "")["entries"] == tilth.json("ls", "--id", id)["entries"]


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["cat", FIRST, "b.txt"], "old"),
        (["cat", SECOND, "b.txt"], "new"),
        (["cat", "b.txt", "--id", FIRST], "old"),
        (["cat", "c.txt"], "other"),  # of the version that was changed last
        (["query", FIRST, "SELECT x FROM 'a/1.csv'", "--format", "csv"], "x\n2\n"),
        (["query", "SELECT x FROM 'a/1.csv'", "--id", FIRST, "--format", "csv"], "x\n2\n"),
    ],
)
def test_a_version_may_stand_before_the_one_thing_that_is_wanted(tilth: "Terminal", two: list[str], words: list[str], printed: str) -> None:
    assert tilth(*words).text == printed


def test_a_version_is_exported_that_stands_before_the_file(tilth: "Terminal", two: list[str]) -> None:
    assert tilth.json("export", FIRST, "n.zip")["id"] == two[0]
    assert (tilth.folder / "n.zip").stat().st_size


@pytest.mark.parametrize(
    ("words", "names", "of"),
    [
        (["ls"], ["c.txt"], 2),
        (["ls", FIRST], ["a/", "b.txt"], 0),
        (["ls", FIRST, "a"], ["1.csv"], 0),
        (["ls", "a", "--id", SECOND], ["1.csv"], 1),
        (["ls", "--id", SECOND], ["a/", "b.txt"], 1),
    ],
)
def test_a_folder_may_stand_alone_and_so_may_a_version(
    tilth: "Terminal", two: list[str], words: list[str], names: list[str], of: int
) -> None:
    document = tilth.json(*words)
    assert [entry["name"] for entry in document["entries"]] == names
    assert of == 2 or document["id"] == two[of]


def test_a_folder_of_the_last_version_stands_over_a_version_of_the_same_name(tilth: "Terminal") -> None:
    tilth("sync", tilth.files({"x.txt": b"x"}, "x"), "--project", "P", "--name", "n")
    tilth("sync", tilth.files({"P/n/deep.txt": b"deep"}, "deep"), "--project", "P", "--name", "deep")
    assert [entry["name"] for entry in tilth.json("ls", "P/n")["entries"]] == ["deep.txt"]


def test_a_version_may_stand_alone_when_the_last_one_is_deleted(tilth: "Terminal", two: list[str]) -> None:
    tilth("delete", "P/other")
    assert [entry["name"] for entry in tilth.json("ls", FIRST)["entries"]] == ["a/", "b.txt"]


def test_versions_are_compared_and_found_by_their_names(tilth: "Terminal", two: list[str]) -> None:
    document = tilth.json("compare", FIRST, SECOND)
    assert (document["source"], document["target"], document["modified"]) == (*two, ["b.txt"])
    assert [version["name"] for version in tilth.json("search", "oth")["versions"]] == ["other"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["ls", "nowhere"], 3, "has no folder nowhere"),
        (["ls", FIRST, "nowhere"], 3, "has no folder nowhere"),
        (["ls", FIRST, "a", "b"], 2, "a is one word too many"),
        (["ls", FIRST, "a", "--id", SECOND], 2, f"{FIRST} is one word too many; leave it out, or --id"),
        (["cat"], 2, "no file was named; name one, and before it a version"),
        (["query", "SELECT", "1"], 3, "SELECT"),
        (["query", "SELECT", "1", "+", "1"], 2, "quote what has blanks in it"),
        (["get", FIRST, SECOND], 2, f"{SECOND} is more than this command takes; `tilth data get --help`"),
        (["compare", FIRST], 2, "target is missing"),
        (["delete", FIRST, "--project", "P", "--name", "other"], 2, f"leave out {FIRST}, or --project P and --name other"),
        (["list", "--id", FIRST, "--name", "other"], 2, f"{FIRST} is named, and --name other as well; leave out {FIRST}, or --name other"),
        (["list", FIRST, "--project", "P"], 2, f"leave out {FIRST}, or --project P"),
        (["list", "--version", "1.0.0"], 2, "--version goes with --name"),
        (["log", FIRST, "--name", "other"], 2, f"leave out {FIRST}, or --name other"),
        (["log", "--project", "P"], 2, "--project goes with --name"),
        (["sync", ".", "--id", FIRST, "--name", "other"], 2, f"leave out {FIRST}, or --name other"),
        (["sync", ".", "--id", FIRST, "--parents", SECOND], 2, f"leave out {FIRST}, or --parents {SECOND}"),
        (["sync", ".", "--project", "P"], 2, "go with a new version; add --name, or --parents"),
        (["create", "--name", "n", "--storage", "a", "--output-uri", "b"], 2, "--storage and --output-uri mean the same and differ"),
        (["add"], 2, "name files or folders, or addresses with --links"),
        (["cat", "P/none@1.0.0", "b.txt"], 3, "P/none"),
    ],
)
def test_a_word_that_fits_nowhere_is_named(tilth: "Terminal", two: list[str], words: list[str], status: int, said: str) -> None:
    assert said in tilth(*words, status=status).err
