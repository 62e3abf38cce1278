"""What is said of a task: names, parameters and properties."""

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
