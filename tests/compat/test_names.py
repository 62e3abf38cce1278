"""Names of projects, datasets, files and queues that hold what addresses and shells treat specially."""

import re
from pathlib import Path

import pytest

from tests.compat.conftest import User
from tests.compat.quick import quickly

MADE = re.compile(r"id=([0-9a-f]{32})")
PROJECTS = ["with space/ä ö", "a#b & c+d/50%", "q?x=1;y", 'quote\'s "double"', "日本/語"]
FILES = ["plain.txt", "with space.txt", "50%.txt", "%41.txt", "a+b.txt", "a#b.txt", "a&b=c.txt", "ä/ö ü.txt", "q?.txt", "日本.txt"]


def folder(path: Path) -> dict[str, str]:
    return {str(found.relative_to(path)): found.read_text() for found in sorted(path.rglob("*")) if found.is_file()}


@pytest.mark.parametrize("project", PROJECTS)
def test_a_dataset_keeps_its_names(somebody: User, project: str) -> None:
    source = somebody.folder / "source"
    for number, name in enumerate(FILES):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(f"{number}")
    wanted = folder(source)
    name = f"set {project.partition('/')[0]}"
    words = ["--project", project, "--name", name]
    first = MADE.findall(somebody.run("clearml-data", "create", *words))[-1]
    somebody.run("clearml-data", "add", "--files", "source")
    somebody.run("clearml-data", "close")
    somebody.run("clearml-data", "get", "--id", first, "--copy", "copied")
    assert folder(somebody.folder / "copied") == wanted
    (somebody.folder / ".clearml_data.json").unlink()  # the version that was touched last, which goes before a name
    listed = somebody.run("clearml-data", "list", *words)
    assert all(name in listed for name in wanted)
    (task,) = somebody.server.call("tasks.get_all", id=[first])["tasks"]
    (found,) = somebody.server.call("projects.get_all", id=[task["project"]], search_hidden=True)["projects"]
    assert found["name"] == f"{project}/.datasets/{name}"
    (source / FILES[0]).write_text("changed")
    second = MADE.findall(somebody.run("clearml-data", "sync", *words, "--parents", first, "--folder", "source"))[-1]
    assert second != first
    somebody.run("clearml-data", "rename", *words, "--new-name", f"{name} 2")
    assert second in somebody.run("clearml-data", "search", "--project", project, "--name", re.escape(f"{name} 2"))  # a pattern
    somebody.run("clearml-data", "move", "--project", project, "--name", f"{name} 2", "--new-project", f"{project} 3")
    assert second in somebody.run("clearml-data", "search", "--project", f"{project} 3")
    somebody.run("clearml-data", "get", "--id", second, "--copy", "again")
    assert folder(somebody.folder / "again") == wanted | {FILES[0]: "changed"}


@pytest.mark.parametrize("name", ["a+b #1 & 50% ä/ö?", "%41 %2F", "x" * 240])
def test_a_task_and_its_artifacts_keep_their_names(somebody: User, name: str) -> None:
    found = quickly(somebody).play("named", name)
    id = found.pop("id")
    assert found == {"found": True, "artifact": {"word": name}, "file": name, "sample": True, "deleted": True}
    assert somebody.server.ask("tasks.get_by_id", task=id)[1]["meta"]["result_subcode"] == 101


def test_a_queue_whose_name_looks_like_an_id(somebody: User) -> None:
    name = "f" * 32
    script = (
        "import json, os, sys\n"
        "from clearml import Task\n"
        "t = Task.create(project_name='compat/queues', task_name='job')\n"
        "Task.enqueue(t, queue_name=sys.argv[1])\n"
        "json.dump(Task.get_task(t.id).data.execution.queue, open(os.environ['FOUND'], 'w'))"
    )
    id = somebody.server.call("queues.create", name=name)["id"]
    assert somebody.found("-c", script, name) == id
