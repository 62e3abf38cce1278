"""The options of `clearml-data`: parts, chunks, filters, links, wildcards, verification, and the ways to delete."""

import base64
import re
from pathlib import Path
from random import Random

from tests.compat.conftest import User

MADE = re.compile(r"id=([0-9a-f]{32})")


def folder(path: Path) -> dict[str, str]:
    return {str(found.relative_to(path)): found.read_text() for found in sorted(path.rglob("*")) if found.is_file()}


def made(user: User, project: str, name: str, files: dict[str, str], *more: str) -> str:
    """A finished version with files."""
    source = user.folder / f"source-{len(list(user.folder.glob('source-*')))}"
    for path, text in files.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)
    printed = user.run("clearml-data", "sync", "--project", project, "--name", name, "--folder", str(source), *more)
    return str(MADE.findall(printed)[-1])


def test_parts_make_the_whole(somebody: User) -> None:
    many = {f"{number}.bin": base64.b64encode(Random(number).randbytes(900_000)).decode() for number in range(4)}
    id = made(somebody, "compat/parts", "parts", many, "--chunk-size", "1")
    (task,) = somebody.server.call("tasks.get_all", id=[id])["tasks"]
    assert len(task["execution"]["artifacts"]) > 2  # the state, and more than one chunk
    parts = []
    for part in range(2):
        somebody.run("clearml-data", "get", "--id", id, "--part", str(part), "--num-parts", "2", "--copy", f"part-{part}")
        parts.append(folder(somebody.folder / f"part-{part}"))
    assert all(parts)
    assert parts[0] | parts[1] == many
    assert not parts[0].keys() & parts[1].keys()


def test_get_refuses_links_and_replaces(somebody: User) -> None:
    id = made(somebody, "compat/get", "get", {"a.txt": "a"})
    somebody.run("clearml-data", "get", "--id", id, "--link", "linked")
    assert (somebody.folder / "linked").is_symlink()
    assert folder(somebody.folder / "linked") == {"a.txt": "a"}
    target = somebody.folder / "target"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    somebody.run("clearml-data", "get", "--id", id, "--copy", "target", check=False)
    assert folder(target) == {"mine.txt": "mine"}
    somebody.run("clearml-data", "get", "--id", id, "--copy", "target", "--overwrite")
    assert folder(target) == {"a.txt": "a"}


def test_files_are_chosen_by_wildcards_folders_and_depth(somebody: User) -> None:
    source = somebody.folder / "source"
    (source / "deep").mkdir(parents=True)
    for name in ("a.jpg", "b.txt", "deep/c.jpg"):
        (source / name).write_text(name)
    id = MADE.findall(somebody.run("clearml-data", "create", "--project", "compat/choose", "--name", "choose"))[-1]
    somebody.run("clearml-data", "add", "--files", "source", "--wildcard", "*.jpg", "--dataset-folder", "pictures")
    somebody.run("clearml-data", "add", "--files", "source/b.txt", "--non-recursive")
    somebody.run("clearml-data", "add", "--files", "source/b.txt", "--dataset-folder", "gone")
    somebody.run("clearml-data", "remove", "--files", "gone/*")
    somebody.run("clearml-data", "close")
    somebody.run("clearml-data", "get", "--id", id, "--copy", "copied")
    assert folder(somebody.folder / "copied") == {"b.txt": "b.txt", "pictures/a.jpg": "a.jpg", "pictures/deep/c.jpg": "deep/c.jpg"}
    listed = somebody.run("clearml-data", "list", "--id", id, "--filter", "pictures/*")
    assert "a.jpg" in listed
    assert "b.txt" not in listed


def test_what_changed_is_told(somebody: User) -> None:
    first = made(somebody, "compat/changed", "changed", {"same": "s", "other": "1", "gone": "g"})
    second = made(somebody, "compat/changed", "changed", {"same": "s", "other": "22", "new": "n"}, "--parents", first)
    told = somebody.run("clearml-data", "compare", "--source", first, "--target", second, "--verbose")
    assert re.search(r"\b1 removed\b|Removed files: 1|removed.*1", told, re.IGNORECASE), told
    modified = somebody.run("clearml-data", "list", "--id", second, "--modified")
    assert "other" in modified
    assert "same" not in modified
    tasks = {task["id"]: task for task in somebody.server.call("tasks.get_all", id=[first, second])["tasks"]}
    assert [tasks[id]["runtime"]["version"] for id in (first, second)] == ["1.0.0", "1.0.1"]


def test_a_damaged_copy_is_recognised(somebody: User) -> None:
    id = made(somebody, "compat/verify", "verify", {"a.txt": "a", "b.txt": "b"})
    somebody.run("clearml-data", "get", "--id", id, "--copy", "copied")
    assert "success" in somebody.run("clearml-data", "verify", "--id", id, "--folder", "copied")
    (somebody.folder / "copied" / "a.txt").write_text("x")
    assert "a.txt" in somebody.run("clearml-data", "verify", "--id", id, "--folder", "copied", "--verbose", check=False)
    assert "success" in somebody.run("clearml-data", "verify", "--id", id, "--folder", "copied", "--filesize")


def test_links_are_listed_fetched_and_removed(somebody: User) -> None:
    server = somebody.server
    files = server.credentials["files_server"]
    for name in ("one.txt", "two words.txt"):
        answer = server.request("POST", "/files", fields={f"outside/{name}": (name, name.encode())})
        assert answer.status == 200
    id = MADE.findall(somebody.run("clearml-data", "create", "--project", "compat/links", "--name", "links"))[-1]
    somebody.run("clearml-data", "add", "--links", f"{files}/outside/one.txt", f"{files}/outside/two%20words.txt")
    assert "one.txt" in somebody.run("clearml-data", "list", "--id", id)
    somebody.run("clearml-data", "upload")
    somebody.run("clearml-data", "close")
    somebody.run("clearml-data", "get", "--id", id, "--copy", "copied")
    got = folder(somebody.folder / "copied")
    assert sorted(got.values()) == ["one.txt", "two words.txt"]
    child = MADE.findall(somebody.run("clearml-data", "create", "--project", "compat/links", "--name", "links", "--parents", id))[-1]
    somebody.run("clearml-data", "remove", "--files", f"{files}/outside/one.txt")
    somebody.run("clearml-data", "close")
    somebody.run("clearml-data", "get", "--id", child, "--copy", "rest")
    assert sorted(folder(somebody.folder / "rest").values()) == ["two words.txt"]


def test_a_version_is_deleted_with_its_files(somebody: User) -> None:
    project, name = "compat/delete", "by id"
    first = made(somebody, project, name, {"a": "a"})
    second = made(somebody, project, name, {"a": "b"}, "--parents", first)
    addresses = artifacts(somebody, second)
    somebody.run("clearml-data", "delete", "--id", second)
    assert [task["id"] for task in somebody.server.call("tasks.get_all", id=[first, second])["tasks"]] == [first]
    assert {somebody.server.request("HEAD", address).status for address in addresses} == {404}
    (somebody.folder / ".clearml_data.json").unlink(missing_ok=True)
    # A name and a version are refused by the client as long as there is another version.
    somebody.run("clearml-data", "delete", "--project", project, "--name", name, "--version", "1.0.0", "--force")
    assert not somebody.server.call("tasks.get_all", id=[first])["tasks"]


def test_all_versions_are_deleted_with_their_files(somebody: User) -> None:
    project, name = "compat/delete", "entire"
    first = made(somebody, project, name, {"a": "a"})
    second = made(somebody, project, name, {"a": "b"}, "--parents", first)
    addresses = artifacts(somebody, first) + artifacts(somebody, second)
    somebody.run("clearml-data", "delete", "--project", project, "--name", name, "--entire-dataset", "--force")
    assert not somebody.server.call("tasks.get_all", id=[first, second])["tasks"]
    assert {somebody.server.request("HEAD", address).status for address in addresses} == {404}


def artifacts(user: User, id: str) -> list[str]:
    """Paths of the files of a version, at the server."""
    (task,) = user.server.call("tasks.get_all", id=[id])["tasks"]
    found = [artifact["uri"].removeprefix(user.server.web) for artifact in task["execution"]["artifacts"]]
    assert {user.server.request("HEAD", address).status for address in found} == {200}
    return found


def test_a_search_finds_by_tag_and_state(somebody: User) -> None:
    id = made(somebody, "compat/search", "found", {"a": "a"}, "--tags", "one", "two words")
    draft = MADE.findall(somebody.run("clearml-data", "create", "--project", "compat/search", "--name", "draft", "--tags", "one"))[-1]
    found = somebody.run("clearml-data", "search", "--tags", "one")
    assert id in found
    assert draft not in found
    assert draft in somebody.run("clearml-data", "search", "--tags", "one", "--not-only-completed")
    assert id in somebody.run("clearml-data", "search", "--ids", id, draft)
    assert id in somebody.run("clearml-data", "search", "--project", "compat")
    assert id not in somebody.run("clearml-data", "search", "--project", "compat", "--non-recursive-project-search")


def test_a_squashed_version_holds_what_its_sources_hold(somebody: User) -> None:
    first = made(somebody, "compat/squash", "one", {"a": "1", "b": "1"})
    second = made(somebody, "compat/squash", "two", {"b": "2", "c": "2"})
    squashed = MADE.findall(somebody.run("clearml-data", "squash", "--name", "both", "--ids", first, second))[-1]
    somebody.run("clearml-data", "get", "--id", squashed, "--copy", "copied")
    assert folder(somebody.folder / "copied") == {"a": "1", "b": "2", "c": "2"}
    somebody.run("clearml-data", "publish", "--id", squashed)
    somebody.run("clearml-data", "set-description", "--id", squashed, "--description", "of two ü")
    (task,) = somebody.server.call("tasks.get_all", id=[squashed])["tasks"]
    assert (task["status"], task["comment"]) == ("published", "of two ü")
