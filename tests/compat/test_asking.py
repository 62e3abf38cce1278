"""Every way in which a script asks for datasets, models and files, and in which it can be told to ask."""

import pytest

from tests.compat.conftest import User
from tests.compat.quick import quickly


def test_every_form_of_asking_for_a_dataset(somebody: User) -> None:
    found = quickly(somebody).play("forms")
    ids = found.pop("ids")
    whole, first = {"in/folder/a": "1", "in/folder/c": "3"}, {"in/folder/a": "1", "in/folder/b": "2"}
    assert found == {
        "dirty": [True, False],
        "counted": [1, 1, 0],
        "latest": "1.0.1",
        "with drafts": "1.0.1",
        "completed": "1.0.1",
        "published": "1.0.1",
        "version": ["1.0.0", "1.0.1", None],
        "tags": ["1.0.0", "1.0.1", None],
        "by name": "1.0.1",
        "created": "automatic",
        "listed": [["forms", "1.0.0"], ["forms", "1.0.1"]],
        "listed by name": 1,
        "listed by id": [True],
        "local": whole,
        "first": first,
        "soft links": whole,
        "mutable": whole,
        "over": whole,
        "files": ["in/folder/a", "in/folder/c"],
        "of first": ["in/folder/a"],
        "filtered": ["in/folder/a"],
        "added": ["in/folder/c"],
        "removed": ["in/folder/b"],
        "modified": [],
        "graph": True,
        "num chunks": 2,
        "frame": [1, 2],
        "plain": {"k": [1]},
        "project": ["compat/forms", "forms", "1.0.1", ["good", "new"]],
        "offline": True,
        "squashed": ["in/folder/a", "in/folder/b", "in/folder/c"],  # the client puts together what the sources list
        "moved": 1,
        "renamed": [True, None],
        "alias": True,
    }
    (draft,) = somebody.server.call("tasks.get_all", name="^renamed$", status=["in_progress"], search_hidden=True)["tasks"]
    assert draft["runtime"]["version"] == "2.0.0-draft"
    assert draft["id"] not in ids


def test_models_as_a_registry(somebody: User) -> None:
    found = quickly(somebody).play("registry")
    id, comment = found.pop("id"), found.pop("comment")
    best = "best of (all) #1"
    assert "said" in comment
    assert found == {
        "weights": "22",
        "package": ["a", "b"],
        "labels": {"cat": 0},
        "metadata": {"accuracy": "0.9", "k.x": "ü"},
        "cast": 0.9,
        "design": "layers: 3",
        "same": True,
        "outputs": [best, "package"],
        "inputs": ["design", "start"],
        "all": [best, "outside", "package"],
        "by name": [best],
        "by tags": [[best], [best, "outside"], ["outside", "package"]],
        "by metadata": [[best], []],
        "published only": [],
        "most": 1,
        "published only then": ["renamed"],
        "archived": [["outside", "package"], ["outside", "package", "renamed"]],
        "unarchived": ["renamed", ["t1", "t3"], True],
        "left": ["outside", "renamed"],
    }
    call = somebody.server.call
    assert call("events.scalar_metrics_iter_histogram", task=id, model_events=True)["loss"]["val"]["y"] == [1.5]
    assert [plot["metric"] for plot in call("events.get_task_plots", task=id, model_events=True)["plots"]] == ["table"]
    (values,) = call("events.get_task_single_value_metrics", tasks=[id], model_events=True)["tasks"]
    assert [(value["variant"], value["value"]) for value in values["values"]] == [("score", 0.5)]


def test_files_are_stored_and_fetched_without_a_task(somebody: User) -> None:
    found = quickly(somebody).play("storage")
    assert found == {"same": True, "size": 100_000, "exists": [True, False], "deep": "b", "nothing": None, "replaced": 10}


@pytest.mark.parametrize("method", ["get", "post", "put"])
def test_every_verb_is_understood(somebody: User, method: str) -> None:
    found = quickly(somebody).play("crowd", "0", "compat/verbs", CLEARML_API_DEFAULT_REQ_METHOD=method)
    (task,) = somebody.server.call("tasks.get_all", id=[found["id"]])["tasks"]
    assert (task["status"], task["last_iteration"]) == ("completed", 1)
