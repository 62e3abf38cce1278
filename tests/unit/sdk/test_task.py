"""Tasks by their fields: what is said of one is there afterwards, for the task that runs here and for others, with a server and without."""

import json
from io import BytesIO
from typing import Any

import pandas as pd
import pytest

from tilth import OutputModel, StorageManager, Task
from tilth.base.errors import Invalid, NotFound, QueueNotFound
from tilth.base.ids import new_id
from tilth.sdk.home import Home
from tilth.sdk.plots import plotly_figure


def again(task: Task) -> Task:
    """The same task as somebody else reads it."""
    task.flush(wait_for_uploads=True)
    return type(task)._loaded(task._home, task.id)


def test_labels_and_a_configuration_wait_for_the_model(task: Task) -> None:
    task.set_model_config(config_dict={"layers": [1, 2]})
    assert task.connect_label_enumeration({"cat": 0, "dog": 1}) == {"cat": 0, "dog": 1}
    found = again(task)
    assert found.get_model_config_dict() == {"layers": [1, 2]}
    assert found.get_labels_enumeration() == {"cat": 0, "dog": 1}
    assert (found.get_label_num_description(), found.get_num_of_classes()) == ({0: "cat", 1: "dog"}, 2)
    model = OutputModel(task=task, name="net")
    assert (model.labels, model.config_dict) == ({"cat": 0, "dog": 1}, {"layers": [1, 2]})
    task.set_model_config("plain text")
    task.set_model_label_enumeration()
    assert (again(task).get_model_config_text(), again(task).get_model_config_dict()) == ("plain text", {})
    assert again(task).get_labels_enumeration() == {}


def test_labels_that_are_none_are_refused(task: Task) -> None:
    with pytest.raises(Invalid, match="is no dictionary of labels"):
        task.connect_label_enumeration(["cat"])  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="no label with its number"):
        task.set_model_label_enumeration({"cat": "first"})  # type: ignore[dict-item]
    with pytest.raises(Invalid, match="both"):
        task.set_model_config("a", {"a": 1})


def test_tasks_wait_in_queues(home: Home, draft: Task) -> None:
    name = f"gpu.{new_id()[:6]}"
    id = home.api.call("queues.create", name=name)["id"]
    assert draft.get_executed_queue() is None
    Task.enqueue(draft, queue_name=name)
    assert (Task.get_num_enqueued_tasks(queue_name=name), Task.get_num_enqueued_tasks(queue_id=id)) == (1, 1)
    assert (draft.get_executed_queue(), draft.get_executed_queue(return_name=True)) == (id, name)
    home.api.call("workers.register", worker="host:0", queues=[id])
    home.api.call("workers.status_report", worker="host:0", task=draft.id, queue=id, timestamp=0, queues=[id])
    assert draft.last_worker == "host:0"
    with pytest.raises(QueueNotFound, match="no queue 'gpu"):
        Task.get_num_enqueued_tasks("gpu")
    with pytest.raises(Invalid, match="by its name or by its id"):
        Task.get_num_enqueued_tasks()


def test_a_queue_that_is_not_there_is_not_made(home: Home, draft: Task) -> None:
    name = f"gpu.{new_id()[:6]}"
    home.api.call("queues.create", name=name)
    with pytest.raises(QueueNotFound, match=f"no queue 'gpuu'; use one of those there are: .*'{name}'"):
        Task.enqueue(draft, queue_name="gpuu", force=True)
    assert draft.get_status() == "created"
    assert [queue for queue in home.api.call("queues.get_all")["queues"] if queue["name"] == "gpuu"] == []


def test_a_task_is_found_by_its_name(home: Home) -> None:
    name = f"run {new_id()}"
    made = [Task.create(project_name=project, task_name=name) for project in ("One", "Two")]
    assert Task.get_by_name(name).id == made[-1].id


def test_debug_samples_of_a_series_are_listed_the_newest_first(task: Task) -> None:
    for step in range(3):
        task.get_logger().report_media("pages", "log", iteration=step, stream=BytesIO(f"<p>{step}</p>".encode()), file_extension=".html")
    found = task.get_debug_samples("pages", "log")
    assert [sample["iter"] for sample in found] == [2, 1, 0]
    copy = StorageManager.get_local_copy(found[0]["url"])
    assert copy is not None
    with open(copy) as file:
        assert file.read() == "<p>2</p>"
    assert [sample["iter"] for sample in task.get_debug_samples("pages", "log", n_last_iterations=1)] == [2]
    assert task.get_debug_samples("pages", "other") == []
    with pytest.raises(Invalid, match="n_last_iterations"):
        task.get_debug_samples("pages", "log", n_last_iterations=0)


def test_a_task_takes_over_what_was_exported_of_another(home: Home, task: Task) -> None:
    source = Task.create(project_name="Team", task_name="source", repo="https://host/code.git", script="train.py")
    source.set_parameters({"Args/lr": 0.5})
    data = source.export_task()
    assert task.update_task({"hyperparams": data["hyperparams"], "script": data["script"], "comment": "taken over"})
    found = again(task)
    assert (found.get_parameters(), found.get_script()["repository"], found.comment) == (
        {"Args/lr": "0.5"}, "https://host/code.git", "taken over",
    )  # fmt: skip
    assert (found.id, found.name) == (task.id, task.name)


def test_what_the_system_says_of_a_task_is_set(task: Task) -> None:
    parent = Task.create(project_name="Team", task_name="before")
    task.set_system_tags(["hidden"])
    task.set_parent(parent)
    task.set_task_type("testing")
    found = again(task)
    assert (found.get_system_tags(), found.parent, found.task_type) == (["hidden"], parent.id, "testing")
    assert task.task_id == task.id
    assert Task.running_locally()


# --- tables that change -------------------------------------------------------------------------------------------------


def table(task: Task, name: str = "rows") -> Any:
    return again(task).artifacts[name]


def test_a_table_is_kept_again_when_it_changed(live: Task) -> None:
    frame = pd.DataFrame({"name": ["cat", "dog", "cat"], "count": [1, 2, 3]})
    live.register_artifact("rows", frame, metadata={"why": "shown"}, uniqueness_columns=["name"])
    first = table(live)
    assert (first.type, first.metadata, first.mode) == ("data-audit-table", {"why": "shown"}, "output")
    assert first.preview is not None
    assert first.preview.startswith("3 rows, 2 of them different in name\n")
    assert first.get().to_dict("list") == {"name": ["cat", "dog", "cat"], "count": [1, 2, 3]}
    assert table(live).timestamp == first.timestamp, "what did not change is not kept again"
    frame.loc[3] = ["fish", 4]
    live.flush()
    assert list(table(live).get()["name"]) == ["cat", "dog", "cat", "fish"]
    assert list(live.get_registered_artifacts()) == ["rows"]
    assert live.get_registered_artifacts()["rows"] is frame
    live.unregister_artifact("rows")
    frame.loc[4] = ["bird", 5]
    assert len(table(live).get()) == 4
    assert live.get_registered_artifacts() == {}


def test_a_table_of_lists_or_of_nothing_is_kept(live: Task) -> None:
    lists = pd.DataFrame({"cells": [[1, 2], [3]]})
    live.register_artifact("lists", lists)
    live.register_artifact("nothing", pd.DataFrame({"a": []}))
    assert table(live, "lists").preview.startswith("2 rows, 2 of them different\n")
    lists.at[1, "cells"] = [4, 5]
    live.flush()
    assert "[4, 5]" in table(live, "lists").preview
    assert table(live, "nothing").preview.startswith("0 rows, 0 of them different\n")


def test_what_is_no_table_or_does_not_run_here_is_refused(live: Task, home: Home) -> None:
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(Invalid, match="a dict is no table"):
        live.register_artifact("rows", {"a": 1})
    with pytest.raises(Invalid, match="has no column 'b'; use a"):
        live.register_artifact("rows", frame, uniqueness_columns=["b"])
    with pytest.raises(Invalid, match="does not run here"):
        Task.create("Team", "other").register_artifact("rows", frame)
    with pytest.raises(Invalid, match="no table 'rows' is registered"):
        live.unregister_artifact("rows")


def test_a_table_waits_for_its_upload_before_it_is_kept_again(live: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    assert live._recording is not None
    monkeypatch.setattr(live._recording, "_wake", lambda: None)  # nobody sends
    monkeypatch.setattr(live._recording.outbox, "_wake", lambda: None)
    frame = pd.DataFrame({"a": range(1_000)})
    live.register_artifact("rows", frame)
    assert live._tables is not None
    for number in range(5):
        frame.loc[0] = number + 10
        live._tables.look()
    assert len(list((live._recording.outbox.folder / "files").iterdir())) == 1
    live._tables.end()
    assert len(list((live._recording.outbox.folder / "files").iterdir())) == 2, "the last state is kept"


def test_artifacts_are_deleted_with_their_files(task: Task, capfd: pytest.CaptureFixture[str]) -> None:
    task.upload_artifact("numbers", {"a": 1})
    task.upload_artifact("text", "some")
    url = again(task).artifacts["numbers"].url
    assert StorageManager.exists_file(url)
    assert task.delete_artifacts(["numbers"])
    assert (list(again(task).artifacts), StorageManager.exists_file(url)) == (["text"], False)
    with pytest.raises(NotFound, match="no artifact 'numbers'"):
        task.delete_artifacts(["numbers"])
    assert not task.delete_artifacts(["numbers"], raise_on_errors=False)
    assert "no artifact 'numbers'" in capfd.readouterr().err


def test_a_text_is_one_tag(task: Task) -> None:
    tag = f"solo-{new_id()}"
    task.set_tags(tag)
    assert again(task).get_tags() == [tag]
    assert [found.id for found in Task.get_tasks(tags=tag)] == [task.id]


def test_the_console_is_read_back_as_far_as_asked(home: Home, draft: Task) -> None:
    lines = [{"type": "log", "task": draft.id, "timestamp": 1_000 + at // 3, "msg": f"{at}", "level": "info"} for at in range(12_000)]
    home.api.call_raw("events.add_batch", b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    assert draft.get_reported_console_output(2) == ["11998", "11999"]
    assert draft.get_reported_console_output(11_500) == [f"{at}" for at in range(500, 12_000)]
    assert draft.get_reported_console_output(20_000) == [f"{at}" for at in range(12_000)]


def test_what_can_not_be_sent_is_refused_where_it_is_said(task: Task) -> None:
    task.set_tags(["a"])
    for change in (task.add_tags, task.set_tags, task.remove_tags):
        for wrong in (["b", 5], 5, [None]):
            with pytest.raises(Invalid, match="is no tag"):
                change(wrong)  # type: ignore[arg-type]
    assert task.get_tags() == ["a"]
    cyclic: dict[str, Any] = {"rate": 1}
    cyclic["more"] = {"again": cyclic}
    with pytest.raises(Invalid, match="holds itself"):
        task.connect(cyclic)
    with pytest.raises(Invalid, match="holds itself"):
        task.set_parameters_as_dict(cyclic)
    assert task.get_parameters() == {}


@pytest.mark.parametrize("wrong", [{"data": object()}, {"data": [1]}, {"data": "abc"}, {"data": [{"y": [1]}], "layout": [1]}])
def test_what_is_no_figure_is_refused(wrong: Any) -> None:
    with pytest.raises(Invalid, match="where a dictionary belongs"):
        plotly_figure(wrong)


def test_a_figure_that_holds_itself_is_refused() -> None:
    trace: dict[str, Any] = {}
    trace["marker"] = trace
    with pytest.raises(Invalid, match="holds itself"):
        plotly_figure({"data": [trace]})
