"""What people type, what they get, and what scripts can rely on."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from tilth import Dataset, OutputModel, Task
from tilth.base.faultpoints import CRASH_STATUS

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Terminal

from tilth.testing import forking

FILES = {"Cat/1.jpg": b"cat one", "Cat/2.jpg": b"cat two", "Dog/1.jpg": b"dog one"}
ID = re.compile(r"id=([0-9a-f]{32})")

# The original's commands and their options; names and meanings are kept.
OPTIONS = {
    "create": "parents project name version output-uri storage tags",
    "add": "id dataset-folder files wildcard links non-recursive verbose max-workers",
    "set-description": "description id",
    "sync": "id dataset-folder folder parents project name version output-uri tags storage skip-close chunk-size verbose",
    "remove": "id files non-recursive verbose",
    "upload": "id storage chunk-size verbose max-workers",
    "close": "id storage disable-upload chunk-size verbose max-workers",
    "finalize": "id",
    "publish": "id",
    "delete": "id project name version force entire-dataset",
    "rename": "new-name project name",
    "move": "new-project project name",
    "compare": "source target verbose",
    "squash": "name ids storage verbose",
    "search": "ids project name tags not-only-completed non-recursive-project-search",
    "verify": "id folder filesize verbose",
    "list": "id project name version filter modified",
    "get": "id copy link part num-parts overwrite verbose max-workers",
}


@pytest.mark.parametrize("command", OPTIONS)
def test_the_originals_options_are_there(tilth: "Terminal", command: str) -> None:
    shown = tilth(command, "--help").text
    missing = [option for option in OPTIONS[command].split() if not re.search(rf"--{option}\b", shown)]
    assert not missing


def test_from_create_to_close_without_naming_the_version(tilth: "Terminal") -> None:
    created = tilth("create", "--project", "Deep/School", "--name", "cats", "--tags", "init", "data").text
    id = ID.search(created)
    assert id
    tilth("add", "--files", tilth.files(FILES))
    assert tilth("list").text.splitlines()[-1] == "total 3 files, 21 B (21 bytes)"
    tilth("remove", "--files", "Cat/2.jpg")
    tilth("set-description", "--description", "pictures")
    tilth("upload")
    closed = tilth.json("close")
    assert (closed["id"], closed["status"], closed["files"], closed["tags"]) == (id[1], "final", 2, ["init", "data"])
    refused = tilth("add", "--files", tilth.files(FILES), status=5)
    assert "is final and can't be changed; create a new version with it as the parent" in refused.err


def test_every_id_that_is_made_is_printed(tilth: "Terminal") -> None:
    folder = tilth.files(FILES)
    for words in (
        ["create", "--name", "a"],
        ["add", "--files", folder],
        ["upload"],
        ["close"],
        ["sync", "--name", "b", "--folder", folder],
        ["squash", "--name", "c", "--ids", "Datasets/a", "Datasets/b"],
        ["publish"],
    ):
        assert ID.search(tilth(*words).text), words
    assert len(re.findall(r"\b[0-9a-f]{32}\b", tilth("search").text)) == 3


def test_one_document_whatever_else_is_said(tilth: "Terminal") -> None:
    folder = tilth.files({"a.txt": b"1", "A.txt": b"2"})
    made = tilth("sync", "--project", "P", "--name", "n", "--folder", folder, "--json")
    assert made.document["added"] == 2
    assert "warning: " in made.err
    id = made.document["id"]
    assert tilth.json("search")["versions"][0]["id"] == id
    assert [file["path"] for file in tilth.json("list")["files"]] == ["A.txt", "a.txt"]
    assert tilth.json("ls")["entries"][0]["name"] == "A.txt"
    assert tilth.json("compare", "--source", id, "--target", id)["unchanged"] == 2
    assert tilth.json("log")["versions"][0]["id"] == id
    assert tilth.json("stats")["changes"]["added"] == {"files": 2, "size_bytes": 2}
    assert tilth.json("verify")["errors"] == []
    assert tilth.json("gc")["executed"] is False
    assert tilth.json("get")["folder"]
    assert tilth.json("delete", "--id", id)["deleted"] == [id]


def test_a_sync_of_what_did_not_change_makes_no_version(tilth: "Terminal") -> None:
    folder = tilth.files(FILES)
    first = tilth.json("sync", "--project", "P", "--name", "n", "--folder", folder)
    again = tilth("sync", "--parents", first["id"], "--folder", folder, "--json")
    assert (again.document["id"], again.document["changed"]) == (first["id"], False)
    assert "no version was made" in again.err
    assert tilth.json("search", "--not-only-completed")["total"] == 1


def test_a_sync_tells_what_moved(tilth: "Terminal") -> None:
    first = tilth.json("sync", "--name", "n", "--folder", tilth.files(FILES))
    changed = {"Moved/1.jpg": b"cat one", "Cat/2.jpg": b"edited", "new": b"new"}
    second = tilth.json("sync", "--parents", first["id"][:8], "--folder", tilth.files(changed))
    assert {what: second[what] for what in ("added", "modified", "removed", "moved", "unchanged")} == {
        "added": 1,
        "modified": 1,
        "removed": 1,
        "moved": 1,
        "unchanged": 0,
    }
    told = tilth("compare", "--source", first["id"], "--target", "Datasets/n@1.0.1").text
    assert "moved    Cat/1.jpg -> Moved/1.jpg" in told
    assert told.splitlines()[-1] == "1 added, 1 removed, 1 modified, 1 moved, 0 unchanged"


def test_merging_lists_what_collides(tilth: "Terminal") -> None:
    parents = [
        tilth.json("sync", "--name", name, "--folder", tilth.files({"same": b"1", "both": name.encode(), name: b"2"}))["id"]
        for name in "ab"
    ]
    merged = tilth("create", "--name", "united", "--parents", *parents)
    assert "both is in parents" in merged.err
    tilth("close")
    assert tilth("cat", "both").out == b"a"
    last = tilth.json("create", "--name", "last", "--parents", *parents, "--on-conflict", "last")
    assert last["collisions"] == [{"path": "both", "winner": parents[1]}]
    tilth("create", "--name", "no", "--parents", *parents, "--on-conflict", "fail", status=2)
    assert {v["name"] for v in tilth.json("search", "--not-only-completed")["versions"]} == {"a", "b", "united", "last"}


def test_copies_and_links(tilth: "Terminal") -> None:
    tilth("sync", "--name", "n", "--folder", tilth.files(FILES))
    tilth("get", "--copy", "copy")
    assert Path("copy/Dog/1.jpg").read_bytes() == b"dog one"
    tilth("get", "--copy", "copy", status=4)
    Path("copy/extra").write_bytes(b"x")
    tilth("get", "--copy", "copy", "--overwrite")
    assert not Path("copy/extra").exists()
    tilth("get", "--link", "link")
    assert Path("link/Cat/1.jpg").read_bytes() == b"cat one"
    tilth("get", "--copy", "half", "--part", "0", "--num-parts", "2")
    assert len([path for path in Path("half").rglob("*") if path.is_file()]) == 2
    Path("copy/Cat/1.jpg").write_bytes(b"changed")
    assert "Cat/1.jpg" in tilth("verify", "--folder", "copy", status=8).text
    tilth("verify", "--folder", "link")


def test_a_range_of_one_file(tilth: "Terminal") -> None:
    tilth("sync", "--name", "n", "--folder", tilth.files(FILES))
    assert tilth("cat", "Dog/1.jpg").out == b"dog one"
    assert tilth("cat", "Dog/1.jpg", "--start", "4", "--length", "2").out == b"on"
    assert "has no file Dog/9.jpg" in tilth("cat", "Dog/9.jpg", status=3).err


def test_listings_are_filtered_and_paged(tilth: "Terminal") -> None:
    tilth("sync", "--name", "n", "--folder", tilth.files(FILES))
    shown = tilth("list", "--filter", "Cat/*.jpg").text.splitlines()
    assert [line.split()[:2] for line in shown[1:-1]] == [["Cat/1.jpg", "7"], ["Cat/2.jpg", "7"]]
    assert [file["path"] for file in tilth.json("list", "--page", "1", "--page-size", "2")["files"]] == ["Dog/1.jpg"]
    assert [line.split()[0] for line in tilth("ls").text.splitlines()] == ["name", "Cat/", "Dog/"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["list"], 2, "--id"),
        (["list", "--id", "0123abcd"], 3, "no version fits 0123abcd"),
        (["list", "--id", "0" * 32], 3, "does not exist"),
        (["sync", "--name", "n", "--folder", "no-such-folder"], 3, "no-such-folder does not exist"),
        (["create", "--name", "a/b"], 2, "can't be the name"),
        (["create", "--name", "n", "--storage", "ftp://host/x"], 2, "ftp://host/x is no place to store in"),
        (["delete"], 2, "no version was named"),
        (["add"], 2, "name files or folders"),
        (["dance"], 2, ""),
    ],
)
def test_mistakes_are_told_with_what_to_do(tilth: "Terminal", words: list[str], status: int, said: str) -> None:
    assert said in tilth(*words, status=status).err
    assert tilth.json("search", "--not-only-completed")["total"] == 0


def test_deleting_many_or_published_needs_force(tilth: "Terminal") -> None:
    for number in range(2):
        tilth("sync", "--name", "n", "--folder", tilth.files({"a": bytes([number])}))
    assert "has 2 versions; say --force" in tilth("delete", "--project", "Datasets", "--name", "n", "--entire-dataset", status=6).err
    tilth("publish", "--id", "Datasets/n@1.0.0")
    assert "is published; say --force" in tilth("delete", "--id", "Datasets/n@1.0.0", status=6).err
    tilth("delete", "--name", "n", "--entire-dataset", "--force")
    assert tilth.json("search")["total"] == 0


def test_who_used_a_version_is_listed_and_told_to_who_deletes_it(tilth: "Terminal") -> None:
    id = tilth.json("sync", "--name", "pets", "--folder", tilth.files(FILES))["id"]
    assert tilth("used-by").text == "nothing was made with Datasets/pets 1.0.0 yet\n"
    task = Task.init("Team", "train", auto_connect_frameworks=False, auto_resource_monitoring=False, auto_connect_streams=False)
    Dataset.get(id, alias="data")
    OutputModel(name="net")
    task.close()
    lines = tilth("used-by", "--id", id).text.splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["what", "project", "name", "status"],
        ["task", "Team", "train", "completed"],
        ["model", "Team", "net", "draft"],
    ]
    assert [one["aliases"] for one in tilth.json("used-by", "--id", id)["tasks"]] == [["data"]]
    assert "was used by 1 task and 1 model made by them" in tilth("delete", "--id", id).err


def test_a_version_shows_what_it_holds_unless_nobody_wants_that(tilth: "Terminal") -> None:
    folder = tilth.files({"a.csv": b"a,b\n1,2\n"})
    shown = {}
    for name, words in {"shown": ["close"], "closed": ["close", "--no-preview"], "finalized": ["finalize", "--no-preview"]}.items():
        id = tilth.json("create", "--name", name)["id"]
        tilth("add", "--files", folder)
        tilth("upload")
        tilth(*words)
        shown[name] = id
    shown["uploaded"] = tilth.json("create", "--name", "uploaded")["id"]
    tilth("add", "--files", folder)
    tilth("upload", "--no-preview")
    tilth("close")
    shown["synced"] = tilth.json("sync", "--name", "synced", "--folder", folder, "--no-preview")["id"]
    for name, id in shown.items():
        assert Dataset.get(id).get_logger().flush(wait=True)
        assert bool(Task.get_task(id).get_reported_plots()) is (name == "shown"), name
    assert tilth("preview", "--id", shown["closed"]).text.splitlines()[0] == "Datasets/closed 1.0.0 shows 1 table, and how its files lie"
    assert tilth.json("preview", "--id", shown["closed"])["shown"]["Tables"] == 1
    refused = tilth("preview", "--id", tilth.json("create", "--name", "open")["id"], status=5).err
    assert "is not final yet" in refused
    assert "or say Datasets/open@latest for the newest final one" in refused


def test_a_published_version_takes_no_preview(tilth: "Terminal") -> None:
    id = tilth.json("sync", "--name", "done", "--folder", tilth.files({"a.csv": b"a\n1\n"}), "--no-preview")["id"]
    tilth("publish", "--id", id)
    assert "is published and takes no more reports" in tilth("preview", "--id", id, status=5).err


def test_a_version_whose_process_was_killed_before_its_preview_is_final(tilth: "Terminal") -> None:
    id = tilth.json("create", "--name", "killed")["id"]
    tilth("add", "--files", tilth.files({"a.csv": b"a,b\n1,2\n"}))
    tilth("upload")
    killed = run("data", "finalize", crash_at="finalize.after-register")
    assert killed.returncode == CRASH_STATUS
    assert tilth("preview", "--id", id).text.startswith("Datasets/killed 1.0.0 shows 1 table")


def test_deleting_a_parent_harms_nobody(tilth: "Terminal") -> None:
    first = tilth.json("sync", "--name", "n", "--folder", tilth.files(FILES))
    tilth("sync", "--parents", first["id"], "--folder", tilth.files(FILES | {"new": b"new"}))
    tilth("delete", "--id", first["id"])
    tilth("gc", "--yes")
    assert tilth("verify").text.endswith("nothing wrong\n")
    assert tilth("cat", "Cat/1.jpg").out == b"cat one"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(shell: str) -> None:
    script = run("completion", shell).stdout
    assert "tilth" in script
    if shell == "bash":
        subprocess.run(["/bin/bash", "-n"], input=script, text=True, check=True)


def test_an_interrupted_sync_goes_on_in_the_same_version(tmp_path: Path) -> None:
    folder = write_many(tmp_path)
    killed = run("data", "sync", "--name", "n", "--folder", folder, crash_at="sync.after-batch")
    assert killed.returncode == CRASH_STATUS
    (begun,) = [line for line in run("data", "search", "--not-only-completed").stdout.splitlines() if "uploading" in line]
    done = run("data", "sync", "--name", "n", "--folder", folder)
    found = ID.search(done.stdout)
    assert found
    assert found[1] in begun
    assert "1.0.0 (final)" in done.stdout


def test_ctrl_c_leaves_everything_resumable(tmp_path: Path) -> None:
    folder = write_many(tmp_path)
    command = [sys.executable, "-m", "tilth.cli.main", "data", "sync", "--name", "n", "--folder", folder]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    store = Path(os.environ["TILTH_HOME"]) / "store"
    while process.poll() is None and not list(store.rglob("*.part")) and not list((store / "packs").rglob("*-*")):
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode in (130, 0)
    assert process.returncode == 0 or "run the same command again" in err
    assert "Traceback" not in err
    assert "1.0.0 (final)" in run("data", "sync", "--name", "n", "--folder", folder).stdout or process.returncode == 0


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    run("data", "sync", "--name", "n", "--folder", write_many(tmp_path))
    pipe = f"{sys.executable} -m tilth.cli.main data list | head -1"
    done = subprocess.run(["/bin/bash", "-c", pipe], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("path")
    assert done.stderr == ""


def write_many(folder: Path) -> str:
    source = folder / "many"
    source.mkdir()
    for number in range(4_000):
        (source / f"{number}.bin").write_bytes(os.urandom(20_000 if number < 1_000 else 50))
    return str(source)


def run(*words: str, crash_at: str = "") -> "subprocess.CompletedProcess[str]":
    return forking.run(["-m", "tilth.cli.main", *words], env={**os.environ, "TILTH_CRASH_AT": crash_at})


def test_the_size_of_packs_is_heeded_in_a_version_that_was_begun(tilth: "Terminal") -> None:
    def packs_of(name: str, *words: str) -> int:
        folder = tilth.files({f"{number}.bin": Random(f"{name} {number}").randbytes(600_000) for number in range(4)}, name)
        id = tilth.json("create", "--name", name)["id"]
        tilth("sync", folder, "--id", id, *words)
        return int(tilth.json("stats", id)["own_packs"])

    assert packs_of("small", "--chunk-size", "1") > packs_of("large")
