"""Datasets of the official SDK and its command, and both directions between them and Tilth's own."""

import json
import os
import re
import time
from pathlib import Path

from tests.compat.conftest import User
from tilth.testing import forking
from tilth.testing.servers import RunningServer

ID = re.compile(r"[0-9a-f]{32}")


def tilth(server: RunningServer, *words: str) -> str:
    """What a command of Tilth prints, over the server's own home."""
    environment = {**os.environ, "TILTH_HOME": str(server.home)}
    done = forking.run(["-m", "tilth.cli.main", *words], env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def adopted(server: RunningServer, id: str) -> None:
    """Wait until a version that ClearML's client finished is in the repository."""
    for _ in range(1_800):
        if server.ask("versions.get", id=id)[0] == 200:
            return
        time.sleep(0.1)
    raise AssertionError(f"{id} was not taken in: {server.said()}")


def folder(path: Path) -> dict[str, str]:
    return {str(found.relative_to(path)): found.read_text() for found in sorted(path.rglob("*")) if found.is_file()}


def test_every_way_to_get_a_dataset(somebody: User) -> None:
    found = somebody.play("datasets")
    ids = found.pop("ids")
    assert isinstance(found.pop("wrote"), str)
    assert found.pop("listed") >= 3
    assert found == {
        "by id": {"a.txt": "a", "sub dir/b #%.txt": "b"},
        "latest": True,
        "version": True,
        "tag": True,
        "only completed": True,
        "second": {"more.txt": "more", "sub dir/b #%.txt": "b"},
        "merged": {"more.txt": "from the other", "sub dir/b #%.txt": "b"},
        "mutable": ["b #%.txt", "more.txt"],
        "parts": found["parts"],
        "metadata": {"k": 1},
        "numbers": ["1.0.0", "1.0.1"],
        "verify": [],
    }
    for id, wanted in zip(ids, (found["by id"], found["second"], found["merged"]), strict=True):
        adopted(somebody.server, id)
        target = somebody.folder / f"copy-{id}"
        tilth(somebody.server, "data", "get", "--id", id, "--copy", str(target))
        assert folder(target) == wanted
    log = json.loads(tilth(somebody.server, "data", "log", "--id", ids[2], "--json"))
    assert {node["id"] for node in log["versions"]} >= set(ids)


def test_a_version_of_tilth_is_read_by_the_official_client(somebody: User, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "one.txt").write_text("one")
    (source / "deep" / "two ü.txt").write_text("two")
    tilth(somebody.server, "data", "sync", "--project", "Native", "--name", "pictures", "--folder", str(source))
    (source / "three.txt").write_text("three")
    (source / "one.txt").unlink()
    tilth(somebody.server, "data", "sync", "--project", "Native", "--name", "pictures", "--folder", str(source))
    script = (
        "import json, os, pathlib; from clearml import Dataset\n"
        "d = Dataset.get(dataset_project='Native', dataset_name='pictures')\n"
        "p = pathlib.Path(d.get_local_copy())\n"
        "c = Dataset.create(dataset_project='Native', dataset_name='pictures', parent_datasets=[d.id])\n"
        "pathlib.Path('new.txt').write_text('new'); c.add_files('new.txt'); c.remove_files('three.txt')\n"
        "c.upload(show_progress=False); c.finalize()\n"
        "q = pathlib.Path(Dataset.get(dataset_id=c.id).get_local_copy())\n"
        "read = lambda x: {str(f.relative_to(x)): f.read_text() for f in sorted(x.rglob('*')) if f.is_file()}\n"
        "json.dump([d.version, read(p), c.id, read(q)], open(os.environ['FOUND'], 'w'))"
    )
    version, first, child, second = somebody.found("-c", script)
    assert (version, first) == ("1.0.1", {"deep/two ü.txt": "two", "three.txt": "three"})
    assert second == {"deep/two ü.txt": "two", "new.txt": "new"}
    adopted(somebody.server, child)
    target = tmp_path / "back"
    tilth(somebody.server, "data", "get", "--id", child, "--copy", str(target))
    assert folder(target) == second


def test_every_command_of_clearml_data(somebody: User, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.txt").write_text("a")
    (data / "b.txt").write_text("b")
    run = somebody.run
    first = ID.findall(run("clearml-data", "create", "--project", "compat/cli", "--name", "set", "--version", "1.0.0"))[-1]
    run("clearml-data", "add", "--files", "data")
    run("clearml-data", "upload")
    run("clearml-data", "close")
    second = ID.findall(run("clearml-data", "create", "--project", "compat/cli", "--name", "set", "--parents", first))[-1]
    (data / "c.txt").write_text("c")
    (data / "a.txt").unlink()
    run("clearml-data", "sync", "--folder", "data", "--id", second)
    assert "c.txt" in run("clearml-data", "list", "--id", second)
    assert second in run("clearml-data", "search", "--name", "set")
    run("clearml-data", "get", "--id", second, "--copy", "copied")
    assert folder(tmp_path / "copied") == {"b.txt": "b", "c.txt": "c"}
    assert "added" in run("clearml-data", "compare", "--source", first, "--target", second).lower()
    run("clearml-data", "verify", "--id", second)
    run("clearml-data", "set-description", "--id", second, "--description", "words")
    squashed = ID.findall(run("clearml-data", "squash", "--name", "squashed", "--ids", first, second))[-1]
    run("clearml-data", "publish", "--id", second)
    third = ID.findall(run("clearml-data", "create", "--project", "compat/cli", "--name", "set", "--parents", second))[-1]
    run("clearml-data", "remove", "--id", third, "--files", "b.txt")
    run("clearml-data", "add", "--id", third, "--links", f"{somebody.server.web}/health")
    run("clearml-data", "upload", "--id", third)
    run("clearml-data", "close", "--id", third)
    run("clearml-data", "rename", "--project", "compat/cli", "--name", "set", "--new-name", "renamed")
    assert second in run("clearml-data", "search", "--project", "compat/cli", "--name", "renamed")
    run("clearml-data", "move", "--project", "compat/cli", "--name", "renamed", "--new-project", "compat/moved")
    assert second in run("clearml-data", "search", "--project", "compat/moved", "--name", "renamed")
    run("clearml-data", "delete", "--id", squashed, "--force")
    assert squashed not in run("clearml-data", "search", "--name", "squashed", check=False)


def test_links_go_both_ways(somebody: User, tmp_path: Path) -> None:
    far = tmp_path / "far"
    (far / "deep").mkdir(parents=True)
    (far / "a.txt").write_text("first")
    (far / "deep" / "b.txt").write_text("second")
    tilth(somebody.server, "data", "create", "--project", "Links", "--name", "ours")
    tilth(somebody.server, "data", "add", "--links", f"{far.as_uri()}/", "--dataset-folder", "far")
    tilth(somebody.server, "data", "close")
    script = (
        "import json, os, pathlib, sys; from clearml import Dataset\n"
        "ours = Dataset.get(dataset_project='Links', dataset_name='ours')\n"
        "theirs = Dataset.create(dataset_project='Links', dataset_name='theirs')\n"
        "added = theirs.add_external_files(sys.argv[1], dataset_path='far')\n"
        "theirs.upload(show_progress=False); theirs.finalize()\n"
        "read = lambda x: {str(f.relative_to(x)): f.read_text() for f in sorted(x.rglob('*')) if f.is_file()}\n"
        "links = {path: entry.link for path, entry in ours.link_entries_dict.items()}\n"
        "json.dump([links, read(pathlib.Path(ours.get_local_copy())), added, theirs.id], open(os.environ['FOUND'], 'w'))"
    )
    wanted = {"far/a.txt": "first", "far/deep/b.txt": "second"}
    links, copied, added, theirs = somebody.found("-c", script, f"{far.as_uri()}/")
    assert links == {"far/a.txt": (far / "a.txt").as_uri(), "far/deep/b.txt": (far / "deep" / "b.txt").as_uri()}
    assert copied == wanted
    assert added == 2
    adopted(somebody.server, theirs)
    target = tmp_path / "back"
    tilth(somebody.server, "data", "get", "--id", theirs, "--copy", str(target))
    assert folder(target) == wanted
