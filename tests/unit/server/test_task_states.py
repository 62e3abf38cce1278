"""How tasks go from one state to another, and what goes with it."""

from typing import Any

import pytest

from tilth.base.errors import AlreadyQueued, FieldInvalid, QueueNotFound, StatusRefused, TaskInUse, TaskNotFound, TilthError
from tilth.domain.task import TRANSITIONS, TaskStatus
from tilth.server.services.files import keep_file
from tilth.server.services.jobs import JOBS
from tilth.server.stores.unit_of_work import Tx
from tilth.testing.catalogs import CatalogBench

ACTIONS = {
    "started": TaskStatus.IN_PROGRESS,
    "stopped": TaskStatus.STOPPED,
    "failed": TaskStatus.FAILED,
    "completed": TaskStatus.COMPLETED,
    "close": TaskStatus.CLOSED,
    "publish": TaskStatus.PUBLISHED,
}
REACHED_BY = {
    TaskStatus.CREATED: [],
    TaskStatus.IN_PROGRESS: ["started"],
    TaskStatus.STOPPED: ["started", "stopped"],
    TaskStatus.CLOSED: ["started", "stopped", "close"],
    TaskStatus.FAILED: ["started", "failed"],
    TaskStatus.COMPLETED: ["started", "completed"],
    TaskStatus.PUBLISHED: ["started", "completed", "publish"],
}


def made(catalog: CatalogBench, **fields: Any) -> str:
    id: str = catalog.ask("tasks.create", **{"name": "run", "type": "training"} | fields)["id"]
    return id


def shown(catalog: CatalogBench, id: str) -> dict[str, Any]:
    found: dict[str, Any] = catalog.ask("tasks.get_by_id", task=id)["task"]
    return found


def report(catalog: CatalogBench, task: str, value: float = 1.0, iter: int = 0) -> None:
    event = {"type": "training_stats_scalar", "task": task, "metric": "m", "variant": "v", "value": value, "iter": iter}
    catalog.ask("events.add", **event)


def queue(catalog: CatalogBench, name: str = "work") -> str:
    id: str = catalog.ask("queues.create", name=name)["id"]
    return id


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("before", REACHED_BY)
def test_only_what_the_table_allows_is_done_without_force(catalog: CatalogBench, before: TaskStatus, action: str) -> None:
    task = made(catalog)
    for step in REACHED_BY[before]:
        catalog.ask(f"tasks.{step}", task=task)
    after = ACTIONS[action]
    if after is before or after in TRANSITIONS[before]:
        answer = catalog.ask(f"tasks.{action}", task=task, status_reason="why", status_message="what")
        assert answer["updated"] == 1
        found = shown(catalog, task)
        assert (found["status"], found["status_reason"], found["status_message"]) == (after, "why", "what")
    else:
        with pytest.raises(StatusRefused, match=f"{before} can't become {after}"):
            catalog.ask(f"tasks.{action}", task=task)
        assert shown(catalog, task)["status"] == before
        catalog.ask(f"tasks.{action}", task=task, force=True)
        assert shown(catalog, task)["status"] == after


def test_a_task_that_is_started_again_keeps_when_it_began(catalog: CatalogBench) -> None:
    task = made(catalog)
    assert catalog.ask("tasks.started", task=task)["started"] == 1
    began = shown(catalog, task)["started"]
    assert catalog.ask("tasks.started", task=task, force=True)["started"] == 0
    assert shown(catalog, task)["started"] == began


def test_every_date_that_clients_count_on_is_there_from_the_beginning(catalog: CatalogBench) -> None:
    found = shown(catalog, made(catalog))
    assert all(found[name].endswith("Z") for name in ("created", "last_update", "last_change", "status_changed"))


def test_enqueueing_takes_the_mark_of_development_away_and_dequeueing_gives_the_state_back(catalog: CatalogBench) -> None:
    task, work = made(catalog, system_tags=["development", "x"]), queue(catalog)
    assert catalog.ask("tasks.enqueue", task=task, queue=work)["queued"] == 1
    found = shown(catalog, task)
    assert (found["status"], found["system_tags"], found["execution"]["queue"]) == ("queued", ["x"], work)
    assert catalog.ask("queues.get_by_id", queue=work)["queue"]["entries"][0]["task"] == task
    assert catalog.ask("tasks.dequeue", task=task)["dequeued"] == 1
    assert (shown(catalog, task)["status"], catalog.ask("queues.get_num_entries", queue=work)["num"]) == ("created", 0)


def test_enqueueing_twice_into_one_queue_is_a_lost_answer_and_into_another_one_a_mistake(catalog: CatalogBench) -> None:
    task, work, other = made(catalog), queue(catalog), queue(catalog, "other")
    catalog.ask("tasks.enqueue", task=task, queue=work)
    assert catalog.ask("tasks.enqueue", task=task, queue=work)["queued"] == 1
    assert catalog.ask("queues.get_num_entries", queue=work)["num"] == 1
    with pytest.raises(AlreadyQueued):
        catalog.ask("tasks.enqueue", task=task, queue=other)


def test_a_queue_is_made_by_name_but_not_by_an_id_that_is_none(catalog: CatalogBench) -> None:
    task = made(catalog)
    with pytest.raises(QueueNotFound):
        catalog.ask("tasks.enqueue", task=task, queue="work")
    catalog.ask("tasks.enqueue", task=task, queue_name="new one")
    assert [found["name"] for found in catalog.ask("queues.get_all")["queues"]] == ["new one"]


def test_an_agent_that_took_a_task_out_of_its_queue_may_dequeue_it_again(catalog: CatalogBench) -> None:
    task, work = made(catalog), queue(catalog)
    catalog.ask("tasks.enqueue", task=task, queue=work)
    assert catalog.ask("queues.get_next_task", queue=work)["entry"]["task"] == task
    assert catalog.ask("queues.get_next_task", queue=work) == {}
    catalog.ask("tasks.dequeue", task=task, new_status="in_progress")
    assert shown(catalog, task)["status"] == "in_progress"
    assert catalog.ask("tasks.dequeue", task=task, new_status="in_progress")["updated"] == 0


def test_stopping_asks_a_live_worker_and_does_it_at_once_otherwise(catalog: CatalogBench) -> None:
    worked, developed, queued = made(catalog), made(catalog, system_tags=["development"]), made(catalog)
    for task in (worked, developed):
        catalog.ask("tasks.started", task=task)
        catalog.ask("workers.status_report", worker="w:0", task=task, timestamp=0)
    catalog.ask("tasks.enqueue", task=queued, queue_name="work")
    for task in (worked, developed, queued):
        catalog.ask("tasks.stop", task=task)
    assert [(shown(catalog, task)["status"], shown(catalog, task)["status_message"]) for task in (worked, developed, queued)] == [
        ("in_progress", "stopping"),
        ("stopped", ""),
        ("stopped", ""),
    ]
    catalog.ask("tasks.stop", task=worked, force=True)
    assert shown(catalog, worked)["status"] == "stopped"


def test_resetting_forgets_the_run_and_keeps_what_it_was_made_of(catalog: CatalogBench) -> None:
    given = {"Args": {"lr": {"value": "1"}}}
    task = made(catalog, hyperparams=given, script={"entry_point": "a.py"})
    catalog.ask("tasks.started", task=task)
    report(catalog, task, iter=7)
    catalog.ask("tasks.add_or_update_artifacts", task=task, artifacts=[{"key": "a", "uri": "u"}, {"key": "b", "mode": "input", "uri": "v"}])
    catalog.ask("tasks.edit", task=task, runtime={"progress": "5"}, force=True)
    model = catalog.ask("models.create", uri="u", name="m", task=task, ready=False)["id"]
    catalog.ask("tasks.add_or_update_model", task=task, name="m", model=model, type="output")
    answer = catalog.ask("tasks.reset", task=task)
    found = shown(catalog, task)
    assert (answer["deleted_models"], answer["urls"]) == (1, None)
    assert (found["status"], found["started"], found["last_iteration"], found["last_metrics"], found["runtime"]) == (
        "created",
        None,
        0,
        {},
        {},
    )
    assert [item["key"] for item in found["execution"]["artifacts"]] == ["b"]
    assert found["models"]["output"] == []
    assert found["hyperparams"]["Args"]["lr"]["value"] == "1"
    assert found["script"] == {"entry_point": "a.py"}
    assert catalog.ask("events.scalar_metrics_iter_histogram", task=task) == {}
    catalog.ask("tasks.reset", task=task, clear_all=True)
    assert (shown(catalog, task)["hyperparams"], shown(catalog, task)["script"]) == ({}, {})


def test_a_published_task_is_not_reset(catalog: CatalogBench) -> None:
    task = made(catalog)
    for step in REACHED_BY[TaskStatus.PUBLISHED]:
        catalog.ask(f"tasks.{step}", task=task)
    with pytest.raises(StatusRefused, match="clone it"):
        catalog.ask("tasks.reset", task=task)


def test_a_clone_is_what_the_task_was_made_of(catalog: CatalogBench) -> None:
    task = made(
        catalog,
        hyperparams={"Args": {"lr": {"value": "1"}}},
        configuration={"c": {"value": "x"}},
        tags=["t"],
        system_tags=["development", "archived", "kept"],
        comment="said",
    )
    catalog.ask("tasks.started", task=task)
    report(catalog, task)
    catalog.ask("tasks.add_or_update_artifacts", task=task, artifacts=[{"key": "a", "uri": "u"}])
    catalog.ask("tasks.edit", task=task, runtime={"progress": "5"}, force=True)
    clone = shown(catalog, catalog.ask("tasks.clone", task=task, new_task_name="copy", new_task_tags=["n"])["id"])
    assert (clone["name"], clone["status"], clone["tags"], clone["system_tags"], clone["comment"]) == (
        "copy",
        "created",
        ["n"],
        ["kept"],
        "said",
    )
    assert (clone["parent"], clone["runtime"], clone["execution"]["artifacts"], clone["last_metrics"]) == (task, {}, [], {})
    assert clone["configuration"]["c"] == {"name": "c", "value": "x"}
    assert clone["hyperparams"]["Args"]["lr"] == {"section": "Args", "name": "lr", "value": "1"}


def test_publishing_publishes_the_models_that_were_made(catalog: CatalogBench) -> None:
    task = made(catalog)
    model = catalog.ask("models.create", uri="u", name="m", task=task, ready=False)["id"]
    catalog.ask("tasks.add_or_update_model", task=task, name="m", model=model, type="output")
    catalog.ask("tasks.started", task=task)
    answer = catalog.ask("tasks.completed", task=task, publish=True)
    assert answer["published"] == 1
    assert (shown(catalog, task)["status"], catalog.ask("models.get_by_id", model=model)["model"]["ready"]) == ("published", True)


def test_deleting_takes_what_the_task_owned_and_leaves_its_children(catalog: CatalogBench) -> None:
    task = made(catalog)
    child = made(catalog, parent=task)
    kept = catalog.ask("models.create", uri="k", name="kept", task=task, ready=True)["id"]
    gone = catalog.ask("models.create", uri="g", name="gone", task=task, ready=False)["id"]
    catalog.ask("tasks.started", task=task)
    report(catalog, task)
    with pytest.raises(TaskInUse, match="stop it first"):
        catalog.ask("tasks.delete", task=task)
    answer = catalog.ask("tasks.delete", task=task, force=True, return_file_urls=True)
    assert (answer["deleted"], answer["updated_children"], answer["deleted_models"], answer["updated_models"]) == (True, 1, 1, 1)
    assert answer["urls"] == {"artifact_urls": [], "event_urls": [], "model_urls": ["g"]}
    with pytest.raises(TaskNotFound):
        shown(catalog, task)
    assert shown(catalog, child)["parent"] == task
    assert [model["id"] for model in catalog.ask("models.get_all")["models"]] == [kept]
    assert gone != kept
    assert ("drop_events",) in catalog.rows("SELECT kind FROM job")


def test_archiving_a_task_that_waits_takes_it_out_of_its_queue(catalog: CatalogBench) -> None:
    task = made(catalog)
    catalog.ask("tasks.enqueue", task=task, queue_name="work")
    assert catalog.ask("tasks.archive", tasks=[task])["archived"] == 1
    assert catalog.ask("tasks.archive", tasks=[task])["archived"] == 0
    found = shown(catalog, task)
    assert (found["status"], found["system_tags"]) == ("created", ["archived"])


def test_calls_on_many_tell_what_was_done_and_what_was_not(catalog: CatalogBench) -> None:
    task = made(catalog)
    answer = catalog.ask("tasks.archive_many", ids=[task, "nothing"])
    assert answer["succeeded"] == [{"id": task, "archived": True}]
    assert answer["failed"][0]["id"] == "nothing"
    assert answer["failed"][0]["error"]["codes"] == [400, 101]


def test_types_are_those_of_the_protocol(catalog: CatalogBench) -> None:
    with pytest.raises(FieldInvalid, match="type: 'dance'"):
        made(catalog, type="dance")


@pytest.mark.parametrize("call", ["get_by_id", "started", "stop", "publish", "reset", "delete", "enqueue", "clone"])
def test_a_task_that_does_not_exist_is_named(catalog: CatalogBench, call: str) -> None:
    with pytest.raises(TilthError, match="task nothing does not exist"):
        catalog.ask(f"tasks.{call}", task="nothing")


@pytest.mark.parametrize("call", ["tasks.reset", "tasks.delete"])
def test_what_lies_under_an_old_name_by_then_is_not_deleted(catalog: CatalogBench, call: str) -> None:
    def keep(tx: Tx, name: str, key: str) -> None:
        keep_file(tx, f"run/{name}", key=key, size_bytes=1, content_type=None)

    def do_jobs(tx: Tx) -> None:
        while (job := tx.jobs.take("9998", "9999")) is not None:
            if job.kind in JOBS:
                JOBS[job.kind](tx, job.payload)
            tx.jobs.done(job.id)

    id = made(catalog)
    catalog.change(lambda tx: keep(tx, "again", "first"))
    catalog.change(lambda tx: keep(tx, "once", "other"))
    artifacts = [{"key": name, "type": "custom", "mode": "output", "uri": f"tilth://files/run/{name}"} for name in ("again", "once")]
    catalog.ask("tasks.add_or_update_artifacts", task=id, artifacts=artifacts, force=True)
    catalog.ask(call, task=id, force=True)
    catalog.change(lambda tx: keep(tx, "again", "second"))
    catalog.change(do_jobs)
    assert catalog.rows("SELECT path, key FROM file") == [("run/again", "second")]
