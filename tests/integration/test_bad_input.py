"""Whatever people and machines give `tilth data` that it can't use: it names the thing, says what to do, and loses nothing."""

import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tilth._wiring import open_home
from tilth.base.faultpoints import CRASH_STATUS
from tilth.base.ids import VersionId
from tilth.config.settings import load_settings
from tilth.sdk import _current, lifecycle
from tilth.sdk.home import Home
from tilth.testing import forking
from tilth.testing.repositories import write_files

INVALID, MISSING, EXISTS, CONFLICT, DENIED, UNAVAILABLE, CORRUPT = 2, 3, 4, 5, 6, 7, 8
FILES = {"Cat/1.jpg": b"cat one", "Dog/1.jpg": b"dog one", "empty": b""}
AS_ROOT = os.geteuid() == 0

VANISHING = """
import os, sys
import tilth.datasets.taking as taking
really_scan = taking.scan
def scan(*arguments, **options):
    found = list(really_scan(*arguments, **options))
    os.unlink(os.environ["VICTIM"])
    return iter(found)
taking.scan = scan
from tilth.cli.main import main
main()
"""

CHANGING = """
import os
import tilth.datasets.ingest as ingest
really_read = ingest._read_block
def read(*arguments):
    block = really_read(*arguments)
    with open(os.environ["VICTIM"], "ab") as file:
        file.write(b"more")
    return block
ingest._read_block = read
from tilth.cli.main import main
main()
"""


class Answer:
    """What a command printed, and its exit status."""

    def __init__(self, done: "subprocess.CompletedProcess[bytes]") -> None:
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr.decode()

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def tilth(*words: str, status: int = 0, bounded: bool = False, script: str = "", **environment: str) -> Answer:
    """Run `tilth data` in a process; `bounded` by permissions, which root otherwise is not."""
    run = [*(["-c", script] if script else ["-m", "tilth.cli.main"]), "data", *words]
    done = forking.run(run, env=os.environ | environment, bounded=bounded and AS_ROOT, text=False)
    answer = Answer(done)
    assert answer.status == status, answer.err
    assert "Traceback" not in answer.err
    assert not status or status == CRASH_STATUS or "error: " in answer.err or answer.out
    return answer


def made(folder: str, *words: str) -> str:
    """The id of a version of `folder`."""
    return str(tilth("sync", "--name", "n", "--folder", folder, *words, "--json").document["id"])


def versions() -> dict[str, str]:
    """The status of each version, by its id."""
    return {version["id"]: version["status"] for version in tilth("search", "--not-only-completed", "--json").document["versions"]}


def paths(*words: str) -> list[str]:
    return [file["path"] for file in tilth("list", *words, "--json").document["files"]]


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return write_files(tmp_path / "data", FILES)


@pytest.fixture
def home() -> Iterator[Home]:
    _current._opened.clear()
    opened = open_home()
    yield opened
    opened.close()
    _current._opened.clear()


# --- what lies in a folder ---------------------------------------------------------------------------------------------


def make_broken_link(folder: Path) -> str:
    (folder / "broken").symlink_to("nowhere")
    return "broken is a link to nowhere, which does not exist"


def make_loop(folder: Path) -> str:
    (folder / "sub").mkdir()
    (folder / "sub" / "loop").symlink_to("..")
    return "sub/loop is a link that leads back to a folder above it"


def make_link_to_itself(folder: Path) -> str:
    (folder / "itself").symlink_to("itself")
    return "itself is a link that leads back to itself"


def make_socket(folder: Path) -> str:
    before = Path.cwd()
    os.chdir(folder)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("sock")
    os.chdir(before)
    return "sock is a socket, not a file"


def make_pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe")
    return "pipe is a named pipe, not a file"


def make_device(folder: Path) -> str:
    (folder / "device").symlink_to("/dev/null")
    return "device is a link to a device, not to a file"


def make_wrong_name(folder: Path) -> str:
    Path(os.fsdecode(os.fsencode(folder) + b"/photo\xe9")).touch()
    return r"photo\xe9 has a name that is not valid UTF-8"


@pytest.mark.parametrize(
    "make",
    [make_broken_link, make_loop, make_link_to_itself, make_socket, make_pipe, make_device, make_wrong_name],
    ids=lambda f: f.__name__,
)
def test_what_is_no_file_is_named_before_anything_is_stored(folder: str, make: Callable[[Path], str]) -> None:
    what = make(Path(folder))
    refused = tilth("sync", "--name", "n", "--folder", folder, status=INVALID)
    assert what in refused.err
    assert "nothing was stored; remove or rename what is named and run the command again" in refused.err
    assert versions() == {}
    tilth("create", "--name", "n")
    assert what in tilth("add", "--files", folder, status=INVALID).err
    assert paths() == []


def test_all_that_is_wrong_is_told_at_once_each_on_its_line(folder: str) -> None:
    wrong = [make(Path(folder)) for make in (make_broken_link, make_pipe, make_loop, make_wrong_name)]
    lines = tilth("sync", "--name", "n", "--folder", folder, status=INVALID).err.splitlines()
    assert lines[0] == f"error: 4 things in {folder} can't become part of a version:"
    assert all(any(line.endswith(what) for line in lines[1:-1]) for what in wrong)
    assert lines[-1] == "nothing was stored; remove or rename what is named and run the command again"


@pytest.mark.parametrize("make", [make_broken_link, make_link_to_itself, make_pipe], ids=lambda f: f.__name__)
def test_a_single_file_that_is_none(folder: str, make: Callable[[Path], str]) -> None:
    what = make(Path(folder))
    tilth("create", "--name", "n")
    assert what in tilth("add", "--files", f"{folder}/{what.split()[0]}", status=INVALID).err
    assert paths() == []


def test_names_that_not_every_system_has_are_told_before_they_are_stored(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "data", {"CON.txt": b"1", "a:b": b"2", "dot.": b"3", "same": b"4", "Same": b"5", "back\\slash": b"6"})
    killed = tilth("sync", "--name", "n", "--folder", folder, status=CRASH_STATUS, TILTH_CRASH_AT="create.after-draft")
    assert "CON.txt is a reserved name on Windows" in killed.err
    told = tilth("sync", "--name", "n", "--folder", folder).err
    for what in ("CON.txt is a reserved name", "'a:b' holds ':'", "'dot.' ends with a dot", "Same and same", "differ only in case"):
        assert what in told
    assert len(paths()) == 6
    many = write_files(tmp_path / "many", {f"{number}?": b"1" for number in range(9)})
    assert tilth("sync", "--name", "many", "--folder", many).err.splitlines()[-1] == "warning: and 4 more like these"


@pytest.mark.parametrize("words", [[], ["--skip-close"]])
def test_a_folder_that_holds_nothing(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "empty" / "in" / "vain").mkdir(parents=True)
    refused = tilth("sync", "--name", "n", "--folder", f"{tmp_path}/empty", *words, status=MISSING)
    assert f"{tmp_path}/empty holds no files; check that it is the right folder, and that what should be there is mounted" in refused.err
    assert versions() == {}


def test_a_folder_that_became_empty_does_not_empty_a_dataset(tmp_path: Path, folder: str) -> None:
    first = made(folder)
    (tmp_path / "unmounted").mkdir()
    tilth("sync", "--parents", first, "--folder", f"{tmp_path}/unmounted", status=MISSING)
    assert versions() == {first: "final"}


def test_missing_folders_and_files(folder: str) -> None:
    assert "/nowhere does not exist; check the spelling" in tilth("sync", "--name", "n", "--folder", "/nowhere", status=MISSING).err
    refused = tilth("sync", "--name", "n", "--folder", f"{folder}/empty", status=INVALID).err
    assert "empty is a file, not a folder; name the folder that it lies in" in refused
    assert versions() == {}
    tilth("create", "--name", "n")
    assert "/nowhere does not exist" in tilth("add", "--files", folder, "/nowhere", status=MISSING).err
    tilth("add", "--files", folder)
    tilth("close")
    assert "nowhere is not a folder" in tilth("verify", "--folder", "/nowhere", status=MISSING).err
    assert "/nowhere does not exist" in tilth("export", "/nowhere/n.zip", status=MISSING).err


def test_files_without_a_byte_are_files(tmp_path: Path) -> None:
    made(write_files(tmp_path / "data", {"a": b"", "b/c": b""}))
    tilth("get", "--copy", f"{tmp_path}/copy")
    assert {str(path.relative_to(tmp_path / "copy")): path.stat().st_size for path in (tmp_path / "copy").rglob("*") if path.is_file()} == {
        "a": 0,
        "b/c": 0,
    }
    assert tilth("cat", "a").out == b""


@pytest.mark.parametrize("what", ["Cat/1.jpg", "Cat"])
def test_what_can_not_be_read_is_named(folder: str, what: str) -> None:
    closed = Path(folder, what)
    mode = closed.stat().st_mode
    closed.chmod(0)
    refused = tilth("sync", "--name", "n", "--folder", folder, status=INVALID, bounded=True)
    assert f"{closed} can't be read (Permission denied)" in refused.err
    begun = versions()
    closed.chmod(mode)
    done = made(folder)
    assert set(begun) <= {done}
    assert versions() == {done: "final"}
    assert paths() == sorted(FILES)


# --- paths -------------------------------------------------------------------------------------------------------------


def test_paths_that_lead_out(folder: str) -> None:
    tilth("create", "--name", "n")
    for words in (["--dataset-folder", "../up"], ["--dataset-folder", "a/../../b"]):
        assert "can't be a path in a dataset: it goes up with '..'" in tilth("add", "--files", folder, *words, status=INVALID).err
    tilth("sync", "--folder", folder, "--dataset-folder", "..", status=INVALID)
    assert paths() == []
    tilth("add", "--files", folder)
    tilth("close")
    assert "../etc/passwd" in tilth("cat", "../etc/passwd", status=MISSING).err


def test_names_of_ten_thousand_characters(folder: str) -> None:
    name = "n" * 10_000
    tilth("create", "--name", "n")
    for words in (["add", "--files", name], ["add", "--files", folder, "--dataset-folder", name], ["create", "--name", name], ["ls", name]):
        refused = tilth(*words, status=INVALID).err
        assert "nnnnn" in refused
        assert len(refused) < 1_000
    assert "too long" in tilth("add", "--files", name, status=INVALID).err
    assert len(versions()) == 1
    assert paths() == []


def test_paths_that_are_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "data"
    deep.mkdir()
    monkeypatch.chdir(deep)
    for _ in range(60):
        os.mkdir("n" * 100)
        os.chdir("n" * 100)
    Path("file").write_bytes(b"deep")
    monkeypatch.chdir(tmp_path)
    refused = tilth("sync", "--name", "n", "--folder", str(deep), status=INVALID).err
    assert "is too long to be a path" in refused
    assert len(refused) < 1_000
    assert versions() == {}


# --- files that do not stay as they are ------------------------------------------------------------------------------------


@pytest.mark.parametrize("victim", ["small", "large"])
def test_a_file_that_vanishes_while_it_is_read(tmp_path: Path, victim: str) -> None:
    files = {"a": b"stays", "small": b"small", "large": os.urandom(9_000_000)}
    folder = write_files(tmp_path / "data", files)
    gone = f"{folder}/{victim}"
    refused = tilth("sync", "--name", "n", "--folder", folder, status=CONFLICT, script=VANISHING, VICTIM=gone)
    assert f"{gone} vanished while it was being read; run the command again when nothing writes there" in refused.err
    (begun,) = versions()
    assert made(folder) == begun
    assert paths() == sorted(files.keys() - {victim})


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "data", {"a": b"stays", "log": os.urandom(9_000_000)})
    refused = tilth("sync", "--name", "n", "--folder", folder, status=CONFLICT, script=CHANGING, VICTIM=f"{folder}/log")
    assert f"{folder}/log was changed while it was being read; run the command again when nothing writes there" in refused.err
    (begun,) = versions()
    assert made(folder) == begun
    assert tilth("cat", "log").out == Path(folder, "log").read_bytes()


def test_files_that_change_between_add_and_upload(folder: str) -> None:
    tilth("create", "--name", "n")
    tilth("add", "--files", folder)
    Path(folder, "Cat/1.jpg").write_bytes(b"another cat")
    Path(folder, "Dog/1.jpg").unlink()
    refused = tilth("upload", status=CONFLICT).err
    assert f"{folder}/Cat/1.jpg" in refused
    assert f"{folder}/Dog/1.jpg" in refused
    assert "add again, then upload; the other files are stored" in refused
    assert "not stored yet" in tilth("finalize", status=CONFLICT).err
    tilth("add", "--files", folder)
    tilth("remove", "--files", "Dog/1.jpg")
    tilth("close")
    assert tilth("cat", "Cat/1.jpg").out == b"another cat"
    assert paths() == ["Cat/1.jpg", "empty"]


# --- versions ---------------------------------------------------------------------------------------------------------------


def test_unknown_and_ambiguous_ids(home: Home) -> None:
    known = [VersionId("ab" * 15 + end) for end in ("c0", "c1")]
    for id in known:
        lifecycle.create(home, name=f"n{id[-1]}", project=None, id=id)
    assert "no version fits 0123" in tilth("list", "--id", "0123", status=MISSING).err
    assert "`tilth data search` shows which versions there are" in tilth("get", "--id", "0123", status=MISSING).err
    ambiguous = tilth("list", "--id", "abab", status=INVALID).err
    assert all(id in ambiguous for id in known)
    assert tilth("list", "--id", known[1]).status == 0
    assert "Datasets/n0@7" in tilth("list", "--id", "Datasets/n0@7", status=MISSING).err


@pytest.mark.parametrize(
    "words", [["add", "--files", "."], ["remove", "--files", "empty"], ["sync", "--folder", "."], ["upload"], ["close"], ["finalize"]]
)
def test_final_versions_stay_as_they_are(folder: str, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    id = made(folder)
    monkeypatch.chdir(folder)
    refused = tilth(*words, "--id", id, status=CONFLICT).err
    assert f"({id}) is final and can't be changed; create a new version with it as the parent" in refused
    assert paths() == sorted(FILES)


def test_what_is_not_final_is_no_parent_and_can_not_be_read(folder: str, tmp_path: Path) -> None:
    id = tilth("create", "--name", "n", "--json").document["id"]
    tilth("add", "--files", folder)
    for words in (
        ["create", "--name", "m", "--parents", id],
        ["sync", "--parents", id, "--folder", folder],
        ["squash", "--name", "m", "--ids", id],
        ["get"],
        ["get", "--copy", f"{tmp_path}/copy"],
        ["export", f"{tmp_path}/n.zip"],
        ["verify"],
        ["cat", "empty"],
        ["publish"],
    ):
        refused = tilth(*words, status=CONFLICT).err
        assert id in refused, words
        assert f"tilth data close --id {id}" in refused, words
    assert versions() == {id: "uploading"}
    assert not (tmp_path / "copy").exists()
    assert not (tmp_path / "n.zip").exists()


def test_two_processes_at_one_draft(folder: str, home: Home) -> None:
    id = VersionId(tilth("create", "--name", "n", "--json").document["id"])
    with home.repository.open_draft(id):
        refused = tilth("add", "--files", folder, status=CONFLICT).err
        assert id in refused
        assert paths() == []
    tilth("add", "--files", folder)
    assert paths() == sorted(FILES)


def test_two_processes_that_begin_at_once(tmp_path: Path) -> None:
    folders = [write_files(tmp_path / name, {f"{name}/{n}": random.Random(n).randbytes(2_000) for n in range(200)}) for name in "ab"]
    tilth("create", "--name", "n")
    command = [sys.executable, "-m", "tilth.cli.main", "data", "add", "--files"]
    both = [subprocess.Popen([*command, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for folder in folders]
    told = [process.communicate(timeout=180)[1] for process in both]
    for process, said, folder in zip(both, told, folders, strict=True):
        assert process.returncode in (0, CONFLICT), said
        assert "Traceback" not in said
        tilth("add", "--files", folder)
    tilth("close")
    assert len(paths()) == 400


# --- disks --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB, of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
    if not AS_ROOT or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk(tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILTH_HOME", str(small_disk / "home"))
    first = made(write_files(tmp_path / "first", FILES))
    files = {f"{number}.bin": random.Random(number).randbytes(500_000) for number in range(12)}
    folder = write_files(tmp_path / "large", files)
    refused = tilth("sync", "--name", "large", "--folder", folder, "--chunk-size", "1", status=UNAVAILABLE).err
    assert f"no space left to write {small_disk}" in refused
    assert "free some space and run the same command again" in refused
    assert paths("--id", first) == sorted(FILES)
    assert tilth("cat", "Cat/1.jpg", "--id", first).out == b"cat one"
    (begun,) = (id for id, status in versions().items() if status == "uploading")
    assert "no space left" in tilth("sync", "--name", "large", "--folder", folder, status=UNAVAILABLE).err
    subprocess.run(["mount", "-o", "remount,size=40m", str(small_disk)], check=True)
    assert tilth("sync", "--name", "large", "--folder", folder, "--json").document["id"] == begun
    assert "nothing wrong" in tilth("verify").out.decode()
    assert paths() == sorted(files)


def test_a_copy_for_which_there_is_no_space(tmp_path: Path, small_disk: Path) -> None:
    files = {f"{number}.bin": random.Random(number).randbytes(500_000) for number in range(12)}
    made(write_files(tmp_path / "large", files))
    for words in (["get", "--copy", f"{small_disk}/copy"], ["export", f"{small_disk}/n.zip"]):
        assert f"no space left to write {small_disk}" in tilth(*words, status=UNAVAILABLE).err
    assert not (small_disk / "copy").exists()
    assert not list(small_disk.glob("*.zip*"))
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    tilth("get", "--copy", f"{small_disk}/copy")
    assert {path.name: path.read_bytes() for path in (small_disk / "copy").iterdir()} == files
    assert [path.name for path in small_disk.iterdir()] == ["copy"]


def test_a_home_that_can_only_be_read(folder: str, tmp_path: Path) -> None:
    id = made(folder)
    home = Path(os.environ["TILTH_HOME"])
    everything = [home, *home.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        for words in (
            ["list"],
            ["search"],
            ["ls"],
            ["stats"],
            ["log"],
            ["verify"],
            ["cat", "Cat/1.jpg"],
            ["get", "--copy", f"{tmp_path}/copy"],
        ):
            assert tilth(*words, bounded=True).out
        for change in (
            ["sync", "--name", "m", "--folder", folder],
            ["create", "--name", "m"],
            ["publish"],
            ["tag", "--add", "t"],
            ["delete", "--id", id],
        ):
            refused = tilth(*change, status=DENIED, bounded=True).err
            assert str(home) in refused
            assert "can't be written" in refused
            assert "set TILTH_HOME" in refused
        assert "set TILTH_CACHE" in tilth("get", status=DENIED, bounded=True).err
    finally:
        for path in everything:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert versions() == {id: "final"}


def test_homes_that_can_be_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "closed").mkdir(mode=0o555)
    for home in (tmp_path / "file", tmp_path / "closed" / "home"):
        for words in (["search"], ["create", "--name", "n"]):
            refused = tilth(*words, status=DENIED, bounded=True, TILTH_HOME=str(home)).err
            assert str(home) in refused
            assert "set TILTH_HOME" in refused
    settings = tmp_path / "home" / "tilth.toml"
    settings.parent.mkdir()
    settings.write_text("author = ")
    assert f"{settings} can't be understood" in tilth("search", status=INVALID, TILTH_HOME=str(settings.parent)).err


# --- damage --------------------------------------------------------------------------------------------------------------------


def flip(pack: Path) -> None:
    data = bytearray(pack.read_bytes())
    data[len(data) // 4] ^= 1
    pack.chmod(0o644)
    pack.write_bytes(data)


def truncate(pack: Path) -> None:
    os.truncate(pack, pack.stat().st_size // 3)


@pytest.mark.parametrize("damage", [flip, truncate, Path.unlink], ids=["flipped", "truncated", "missing"])
def test_a_damaged_pack(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    files = {f"{number}.bin": random.Random(number).randbytes(900_000) for number in range(8)}
    id = made(write_files(tmp_path / "data", files), "--chunk-size", "1")
    packs = sorted((load_settings().home / "store" / "packs").rglob("*-*"))
    assert len(packs) > 2
    whole = packs[1].read_bytes()
    damage(packs[1])
    name = packs[1].name
    readable = []
    for path, data in files.items():
        done = forking.run(["-m", "tilth.cli.main", "data", "cat", path], text=False)
        if done.returncode == 0:
            assert done.stdout == data
            readable.append(path)
        else:
            assert name in done.stderr.decode()
            assert b"Traceback" not in done.stderr
            assert done.stdout != data
            assert done.returncode in (MISSING, CORRUPT)
    assert 4 <= len(readable) < 8
    told = tilth("verify", "--json", status=CORRUPT).document["errors"]
    assert {path for problem in told for path in problem["paths"]} == files.keys() - set(readable)
    assert all(name in problem["what"] for problem in told)
    for words in (["get"], ["get", "--copy", f"{tmp_path}/copy"], ["export", f"{tmp_path}/n.tar"]):
        answer = forking.run(["-m", "tilth.cli.main", "data", *words])
        assert answer.returncode in (MISSING, CORRUPT)
        assert name in answer.stderr
    assert not (tmp_path / "copy").exists()
    assert not (tmp_path / "n.tar").exists()
    assert not list((load_settings().home / "cache" / "views").glob(f"{id}*"))
    packs[1].write_bytes(whole)
    tilth("get", "--copy", f"{tmp_path}/copy")
    assert {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()} == files
