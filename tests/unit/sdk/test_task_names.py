"""What is said of a task: names, parameters and properties."""

from collections.abc import Callable
from typing import Any

import pytest

from tilth import Task
from tilth.base.errors import Invalid
from tilth.sdk.home import Home


@pytest.mark.parametrize(
    ("name", "why"), [(" ", "empty"), (" / ", "empty"), ("a\tb", "control character"), ("a/" + "x" * 4_000, "4002 characters")]
)
def test_a_project_that_can_not_be_named_so_is_told_why(home: Home, name: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        Task.init(project_name=name, task_name="train")


@pytest.mark.parametrize(("name", "why"), [(" ", "empty"), ("a\x00b", "zero byte"), ("x" * 1_001, "1001 characters")])
def test_a_task_that_can_not_be_named_so_is_told_why(home: Home, name: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        Task.init(project_name="Team/Pets", task_name=name)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "both names": (lambda: Task.init(5, 6), "project_name is 5, which is no text"),  # type: ignore[arg-type]
    "no name": (lambda: Task.init(0, "train"), "project_name is 0, which is no text"),  # type: ignore[arg-type]
    "a list": (lambda: Task.init("Team", ["train"]), r"task_name is \['train'\], which is no text"),  # type: ignore[arg-type]
    "bytes": (lambda: Task.init(b"Team", "train"), "project_name is b'Team', which is no text"),  # type: ignore[arg-type]
    "made": (lambda: Task.create("Team", 6), "task_name is 6, which is no text"),  # type: ignore[arg-type]
    "found": (lambda: Task.get_task(project_name=5), "project_name is 5, which is no text"),  # type: ignore[arg-type]
    "found by id": (lambda: Task.get_task(5), "task_id is 5, which is no text"),  # type: ignore[arg-type]
    "all": (lambda: Task.get_tasks(project_name=["a", 5]), "project_name is 5, which is no text"),  # type: ignore[list-item]
    "copied": (lambda: Task.clone(5), "source_task is 5, which is neither a task nor an id"),  # type: ignore[arg-type]
    "frameworks": (lambda: Task.init("Team", "train", auto_connect_frameworks="pytorch"), "auto_connect_frameworks is 'pytorch'"),  # type: ignore[arg-type]
    "streams": (lambda: Task.init("Team", "train", auto_connect_streams=1), "auto_connect_streams is 1"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_text_is_refused_where_it_is_said(home: Home, what: str) -> None:
    call, why = REFUSED[what]
    before = {task.id for task in Task.get_tasks()}
    with pytest.raises(Invalid, match=why):
        call()
    assert Task.current_task() is None
    assert {task.id for task in Task.get_tasks()} == before


@pytest.mark.parametrize("part", ["x", "ü", "🎉", "#"])
def test_names_may_be_long_and_of_any_script(home: Home, part: str) -> None:
    project, name = f"Große/<b>&\"'/{part * 1_000}", part * 1_000
    made = Task.create(project_name=project, task_name=name)
    assert made.upload_artifact(part * 1_000, {"a": 1}, wait_on_upload=True)
    found = Task.get_task(made.id)
    assert (found.get_project_name(), found.name) == (project, name)
    assert found.artifacts[part * 1_000].get() == {"a": 1}


def test_replacing_the_parameters_keeps_the_properties_of_users(home: Home) -> None:
    task = Task.create(project_name="Team/Pets", task_name="train")
    task.set_parameters({"Args/lr": 0.1, "Args/depth": 3})
    task.set_user_properties(owner="me")
    task.set_parameters({"Args/lr": 0.2})
    found = Task.get_task(task.id)
    assert found.get_user_properties(value_only=True) == {"owner": "me"}
    assert found.get_parameters(cast=True) == {"Args/lr": 0.2, "properties/owner": "me"}
