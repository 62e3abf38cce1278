"""`tilth cache` and `tilth data watch`, as people type them."""

import grp
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tilth import StorageManager
from tilth._wiring import open_home
from tilth.base.errors import Denied, Unavailable
from tilth.datasets.cache import evicting
from tilth.sdk.following import Follower, News

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Terminal

FILES = {"Cat/1.jpg": b"cat one", "Cat/2.jpg": b"cat two", "Dog/1.jpg": b"dog one"}


def made(tilth: "Terminal", files: dict[str, bytes], name: str = "cats") -> str:
    """The id of a new version that holds just `files`."""
    return str(tilth.json("sync", "--project", "Zoo", "--name", name, "--folder", tilth.files(files, name))["id"])


def used_long_ago(view: str) -> None:
    folder = open_home().cache.views / view
    os.utime(folder, (time.time() - 10 * 86_400,) * 2)


def forget_who_uses(view: str) -> None:
    """As if every process that asked for it had ended."""
    for path in (open_home().cache_folder / "uses").iterdir():
        path.unlink()


def views(tilth: "Terminal") -> list[str]:
    return [view["id"] for view in tilth.cache("ls", "--json").document["views"]]


def test_what_lies_there(tilth: "Terminal") -> None:
    first = made(tilth, FILES)
    second = made(tilth, FILES | {"new": b"new"})
    assert tilth.cache("ls").text == "total 0 B; no limit\n"
    tilth("get", "--id", first)
    tilth("get", "--id", second, "--part", "0", "--num-parts", "2")
    StorageManager.get_local_copy(tilth.files({"a.txt": b"not fetched, because it is here"}) + "/a.txt")
    found = tilth.cache("ls", "--json").document
    assert found["total_bytes"] == 21  # the part holds nothing that the whole does not
    by_id = {view["id"]: view for view in found["views"]}
    assert (by_id[first]["files"], by_id[first]["size_bytes"], by_id[first]["is_whole"]) == (3, 21, True)
    assert (by_id[second]["files"], by_id[second]["is_whole"]) == (2, False)
    assert {user["pid"] for user in by_id[first]["users"]} == {os.getpid(), os.getppid()}
    told = tilth.cache("ls").text
    assert "Zoo/cats 1.0.0 " in told
    assert "Zoo/cats 1.0.1 (part 0 of 2)" in told


def test_what_is_in_use_is_refused(tilth: "Terminal") -> None:
    id = made(tilth, FILES)
    folder = tilth("get", "--id", id, "--link", "here").text
    refused = tilth.cache("rm", "Zoo/cats", status=5).err
    assert "Zoo/cats 1.0.0 stays: the link" in refused
    assert "nothing was removed; --force removes it all the same" in refused
    assert Path(folder.strip(), "Cat/1.jpg").read_bytes() == b"cat one"
    forget_who_uses(id)
    assert "the link" in tilth.cache("rm", "cats", status=5).err
    assert "1 version removed, 21 B free" in tilth.cache("rm", id[:8], "--force").text
    assert views(tilth) == []


def test_what_is_pinned_stays_until_it_is_unpinned(tilth: "Terminal") -> None:
    id, other = made(tilth, FILES), made(tilth, {"x": b"xx"}, "dogs")
    tilth.cache("pin", "Zoo/cats@1.0.0", "--note", "for the exhibition")  # fetches it
    tilth("get", "--id", other)
    for view in (id, other):
        used_long_ago(view)
    forget_who_uses(id)
    removed = tilth.cache("rm", "--older-than", "5").text
    assert "Zoo/cats 1.0.0 stays: " in removed
    assert "pinned it" in removed
    assert "1 version removed, 2 B free" in removed
    assert "pinned it" in tilth.cache("rm", "cats", status=5).err
    assert tilth.cache("unpin", "cats").text == f"{id} is not pinned any more\n"
    assert "no version that is pinned is cats" in tilth.cache("unpin", "cats", status=3).err
    assert "1 version removed" in tilth.cache("rm", "--unused").text


def test_limits_hold_for_all(tilth: "Terminal", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evicting, "_RECENT_S", -1.0)
    first, second = made(tilth, {"x": b"x" * 1_000}), made(tilth, {"y": b"y" * 1_000})
    assert tilth.cache("limit").text == "no limit\n"
    assert tilth.cache("limit", "--size", "1.5 kB", "--age", "30").text == "at most 1.5 kB, at most 30 days after it was asked for\n"
    tilth("get", "--id", first)
    forget_who_uses(first)
    open_home().cache.leases.drop(first)
    tilth("get", "--id", second)
    assert views(tilth) == [second]
    assert tilth.cache("limit", "--size", "0").text == "at most 30 days after it was asked for\n"
    forget_who_uses(second)
    used_long_ago(second)
    assert tilth.cache("limit", "--age", "5").text == "at most 5 days after it was asked for\n"
    assert tilth.cache("clean").text == "1 version and 0 files removed, 1.0 kB free\n"


def test_fetched_files_count_and_go_by_the_same_limits(tilth: "Terminal", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evicting, "_RECENT_S", -1.0)
    home = open_home()
    for name in ("a", "b"):
        with home.cache.scratch() as scratch:
            (scratch / name).write_bytes(name.encode() * 1_000)
            kept = home.cache_folder / "files" / "global" / (name * 32) / "file"
            kept.mkdir(parents=True)
            (scratch / name).rename(kept / "data.bin")
        home.cache.counter.add(1_000)
    used = time.time() - 1_000
    os.utime(home.cache_folder / "files" / "global" / ("a" * 32), (used, used))
    assert "files/global: 2 files by their addresses, 2.0 kB" in tilth.cache("ls").text
    tilth.cache("limit", "--size", "1.5 kB")
    open_home().tidy_cache()
    assert "files/global: 1 file by their addresses, 1.0 kB" in tilth.cache("ls").text
    assert "1 file removed, 1.0 kB free" in tilth.cache("rm", "files/global").text


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["rm"], 2, "nothing was named"),
        (["rm", "nothing"], 3, "the cache has no nothing; `tilth cache ls` shows what it has"),
        (["rm", "files/nothing"], 3, "the cache has no files/nothing"),
        (["limit", "--size", "much"], 2, "much is no size"),
        (["share"], 2, "say --group or --everybody"),
        (["share", "--group", "nobody-has-this"], 3, "there is no group nobody-has-this"),
        (["pin", "Zoo/none@1.0.0"], 3, ""),
    ],
)
def test_what_can_not_be_is_told(tilth: "Terminal", words: list[str], status: int, told: str) -> None:
    assert told in tilth.cache(*words, status=status).err


def test_a_name_of_two_datasets_needs_its_project(tilth: "Terminal") -> None:
    for project in ("Zoo", "Farm"):
        tilth("sync", "--project", project, "--name", "cats", "--folder", tilth.files(FILES))
        tilth("get")
    assert "cats may mean Farm/cats and Zoo/cats; write the project before the name" in tilth.cache("rm", "cats", status=2).err


def test_damage_is_found_and_mended(tilth: "Terminal") -> None:
    id = made(tilth, FILES)
    folder = Path(tilth("get", "--id", id).text.strip())
    assert tilth.cache("verify").text == "3 contents verified, nothing wrong\n"
    (folder / "Cat/1.jpg").chmod(0o644)
    (folder / "Cat/1.jpg").write_bytes(b"cat 0ne")
    (folder / "Dog/1.jpg").unlink()
    told = tilth.cache("verify").text
    assert "damaged content " in told
    assert f"version {id}: mended" in told
    assert {path: (folder / path).read_bytes() for path in FILES} == FILES
    assert tilth.cache("verify").text == "3 contents verified, nothing wrong\n"


def test_damage_that_can_not_be_mended_goes_unless_it_is_in_use(tilth: "Terminal") -> None:
    id = made(tilth, FILES)
    folder = Path(tilth("get", "--id", id).text.strip())
    shutil.rmtree(open_home().folder / "store" / "packs")
    (folder / "Cat/1.jpg").chmod(0o644)
    (folder / "Cat/1.jpg").write_bytes(b"cat 0ne")
    told = tilth.cache("verify", status=8).text
    assert "it stays, because it is in use" in told
    assert views(tilth) == [id]
    forget_who_uses(id)
    open_home().cache.leases.drop(id)
    assert f"version {id}: removed, because it could not be mended" in tilth.cache("verify").text
    assert views(tilth) == []


def test_a_cache_that_becomes_the_groups(tilth: "Terminal") -> None:
    id = made(tilth, FILES)
    tilth("get", "--id", id)
    group = grp.getgrgid(os.getgid()).gr_name
    assert f"the group {group} may use " in tilth.cache("share", "--group", group).text
    root = open_home().cache_folder
    assert {path.stat().st_mode & 0o7777 for path in root.rglob("*") if path.is_dir()} == {0o2775}
    assert {path.stat().st_mode & 0o777 for path in (root / "views").rglob("*") if path.is_file()} == {0o444}
    assert {path.stat().st_mode & 0o777 for path in (root / "uses").iterdir()} == {0o664}


def test_watching_once(tilth: "Terminal") -> None:
    first, other = made(tilth, FILES), made(tilth, {"x": b"xx"}, "dogs")
    assert "Zoo/cats 1.0.0 is here: 3 new files, 21 B" in tilth("watch", "--project", "Zoo", "--name", "c*", "--once").text
    assert views(tilth) == [first]
    found = tilth("watch", "--project", "Zoo", "--once", "--json").text
    assert found.count("\n") == 2
    assert sorted(views(tilth)) == sorted([first, other])
    assert "say --project, --name or --tags" in tilth("watch", status=2).err


def test_watching_fetches_what_is_new_until_it_is_ended(tilth: "Terminal") -> None:
    first = made(tilth, FILES)
    words = [sys.executable, "-m", "tilth.cli.main", "data", "watch", "--project", "Zoo", "--interval", "0.1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ) as watching:
        assert watching.stdout
        assert watching.stderr
        try:
            assert "Zoo/cats 1.0.0 is here: 3 new files, 21 B" in watching.stdout.readline()
            second = made(tilth, FILES | {"new": b"new"})
            assert "Zoo/cats 1.0.1 is here: 1 new file, 3 B" in watching.stdout.readline()
            users = {view["id"]: {user["pid"] for user in view["users"]} for view in tilth.cache("ls", "--json").document["views"]}
            assert watching.pid in users[second]
            assert watching.pid not in users[first]
        finally:
            watching.send_signal(signal.SIGTERM)
        assert watching.wait(60) == 0
        assert watching.stderr.read() == "stopped\n"


def test_watching_tells_what_can_not_be_fetched(tilth: "Terminal") -> None:
    made(tilth, FILES)
    shutil.rmtree(open_home().folder / "store" / "packs")
    assert "Zoo/cats 1.0.0: " in tilth("watch", "--project", "Zoo", "--once", status=7).err


def test_watching_goes_on_when_looking_works_again(tilth: "Terminal", monkeypatch: pytest.MonkeyPatch) -> None:
    problems = [Unavailable("nobody answers")] * 3 + [None, Denied("the key is gone"), None]
    pauses: list[float] = []

    def look(_: Follower) -> list[News]:
        if (problem := problems.pop(0)) is not None:
            raise problem
        return []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if not problems:
            assert callable(signal.getsignal(signal.SIGTERM))  # without anybody who hears it, it would end all tests
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Follower, "look", look)
    monkeypatch.setattr("tilth.cli.data_watching.sleep", sleep)
    told = [line.split(" ", 1)[1] for line in tilth("watch", "--project", "Zoo", "--interval", "20").err.splitlines()[:-1]]
    assert told == [
        "nobody answers; trying again until it works",
        "looking works again",
        "the key is gone; trying again until it works",
        "looking works again",
    ]
    assert pauses == [40, 60, 60, 20, 40, 20]
    problems.append(Denied("no such key"))
    assert "no such key" in tilth("watch", "--project", "Zoo", status=6).err
