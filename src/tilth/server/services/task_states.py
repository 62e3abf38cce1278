"""How a task goes from one state to another, and what goes with it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tilth.base.errors import AlreadyQueued, NoDefaultQueue, NotQueued, QueueNotFound, StatusRefused, TaskInUse
from tilth.domain.task import TaskStatus, check_transition
from tilth.server.services.cleaning import schedule_adoption, schedule_cleaning, task_urls
from tilth.server.services.context import Call
from tilth.server.services.queues import create_queue
from tilth.server.services.tasks import get_task, stamp
from tilth.server.stores.documents import Document

__all__ = [
    "STATE",
    "archive_task",
    "delete_task",
    "dequeue_task",
    "enqueue_task",
    "publish_task",
    "reset_task",
    "set_status",
    "start_task",
    "stop_task",
]

STATE = (
    *("id", "name", "type", "status", "project", "started", "completed", "status_changed", "last_update", "system_tags", "enqueue_status"),
    *("active_duration", "execution", "models", "last_worker", "parent"),
)
"""What of a task has to be known to change its state."""

STOPPING = "stopping"
"""The message that tells a running process to stop; its text is part of the protocol."""
_ALIVE = timedelta(seconds=600)
_S = TaskStatus


def set_status(
    call: Call, task: Document, status: TaskStatus, *, force: bool = False, reason: str = "", message: str = "", **more: Any
) -> dict[str, Any]:
    """Give a task another state; returns what an answer says of it."""
    call.check_project(task["project"])
    before = TaskStatus(task["status"])
    check_transition(before, status, force=force)
    _check_version(call, task, status)
    values = {"status": status, "status_reason": reason, "status_message": message, "status_changed": call.now} | stamp(call) | more
    if before is _S.IN_PROGRESS and status is not _S.IN_PROGRESS:
        since = datetime.fromisoformat(task["status_changed"])
        values["active_duration"] = (task["active_duration"] or 0) + max(0, int((call.tx.time - since).total_seconds()))
    call.tx.documents.tasks.change(task["id"], values)
    call.tx.changed(f"task.{status}", task["id"], task["project"])
    if status in (_S.COMPLETED, _S.PUBLISHED) and "dataset" in task["system_tags"]:
        schedule_adoption(call, task["id"])
    return {"updated": 1, "fields": values}


def _check_version(call: Call, task: Document, status: TaskStatus) -> None:
    """A version of a dataset is final when it is committed, not when somebody says so; and what is committed is never a draft again."""
    if "dataset" not in task["system_tags"] or status in (_S.IN_PROGRESS, _S.STOPPED, _S.FAILED, _S.QUEUED):
        return
    version = call.tx.versions.get(task["id"])
    if version is None:
        return
    if status is _S.CREATED:
        raise StatusRefused(f"task {task['id']} is a version of a dataset and can't be reset", hint="delete the version, or make a new one")
    if not version.root:
        hint = f"run `tilth data close --id {version.id}`"
        raise StatusRefused(f"version {version.id} is not stored yet, so it can't be {status}", hint=hint)


def start_task(call: Call, id: str, *, force: bool, reason: str, message: str) -> dict[str, Any]:
    """A task begins to run."""
    task = get_task(call, id, STATE)
    fresh = task["status"] != _S.IN_PROGRESS or not task["started"]
    more = {"started": call.now} if fresh else {}
    return set_status(call, task, _S.IN_PROGRESS, force=force, reason=reason, message=message, **more) | {"started": int(fresh)}


def stop_task(call: Call, id: str, *, force: bool, reason: str, message: str) -> dict[str, Any]:
    """Stop a task at once if nobody runs it; otherwise ask whoever runs it to stop."""
    task = get_task(call, id, STATE)
    if task["status"] == _S.IN_PROGRESS and not force and _has_live_worker(call, task):
        call.check_project(task["project"])
        values = {"status_reason": reason, "status_message": STOPPING} | stamp(call)
        call.tx.documents.tasks.change(id, values)
        call.tx.changed("task.stopping", id, task["project"])
        return {"updated": 1, "fields": values}
    if task["status"] == _S.QUEUED:
        call.tx.entries.remove(id)
    return set_status(call, task, _S.STOPPED, force=force, reason=reason, message=message, completed=call.now)


def publish_task(call: Call, id: str, *, force: bool, reason: str, message: str, publish_model: bool = True) -> dict[str, Any]:
    """Publish a task, and the models that it made."""
    task = get_task(call, id, STATE)
    answer = set_status(call, task, _S.PUBLISHED, force=force, reason=reason, message=message, published=call.now)
    if publish_model:
        for item in task["models"].get("output") or ():
            call.tx.documents.models.change(item.get("model") or "", {"ready": True, "last_update": call.now, "last_change": call.now})
    return answer


def enqueue_task(
    call: Call, id: str, *, queue: str | None, queue_name: str | None, reason: str, message: str, update_execution: bool = True
) -> dict[str, Any]:
    """Put a task at the end of a queue; of the default one if none is named."""
    task = get_task(call, id, STATE)
    target = _queue(call, queue, queue_name)
    waiting = call.tx.entries.of_task(id)
    if waiting and waiting.queue != target:
        raise AlreadyQueued(f"task {id} waits in another queue already", hint="take it out of that queue first")
    if waiting:  # the answer to the same request was lost
        return {"updated": 1, "queued": 1, "fields": {"status": task["status"]}}
    more: dict[str, Any] = {
        "enqueue_status": task["status"],
        "system_tags": [tag for tag in task["system_tags"] if tag != "development"],
    }
    if update_execution:
        more["execution"] = task["execution"] | {"queue": target}
    answer = set_status(call, task, _S.QUEUED, reason=reason, message=message, **more)
    call.tx.entries.add(target, id, call.now)
    call.tx.changed("queue.updated", target)
    return answer | {"queued": 1}


def dequeue_task(call: Call, id: str, *, reason: str, message: str, new_status: str | None = None) -> dict[str, Any]:
    """Take a task out of its queue and give it back the state that it had before; nothing if it does not wait."""
    task = get_task(call, id, STATE)
    waiting = call.tx.entries.of_task(id)
    if waiting:
        call.tx.entries.remove(id)
        call.tx.changed("queue.updated", waiting.queue)
    if task["status"] != _S.QUEUED:
        if new_status is not None or waiting:
            return {"updated": 0, "dequeued": int(waiting is not None), "fields": {}}
        raise NotQueued(f"task {id} does not wait in a queue", hint="nothing has to be done")
    before = new_status or task["enqueue_status"] or _S.CREATED
    status = TaskStatus(before) if before in set(TaskStatus) else _S.CREATED
    more = {"execution": {name: value for name, value in task["execution"].items() if name != "queue"}} if new_status is None else {}
    answer = set_status(call, task, status, force=True, reason=reason, message=message, enqueue_status=None, **more)
    return answer | {"dequeued": 1}


def reset_task(call: Call, id: str, *, force: bool, clear_all: bool, delete_models: bool = True, files: bool = True) -> dict[str, Any]:
    """Make a task as it was before it ran."""
    task = get_task(call, id)
    _check_version(call, task, _S.CREATED)
    if task["status"] == _S.PUBLISHED and not force:
        raise StatusRefused(f"task {id} is published and can't be reset", hint="clone it instead, or use force")
    call.check_project(task["project"])
    waiting = call.tx.entries.remove(id)
    urls = task_urls(call, task)
    deleted, urls["model_urls"] = _drop_models(call, [id]) if delete_models else (0, [])
    if files:
        schedule_cleaning(call, urls=[address for found in urls.values() for address in found])
    _drop_events(call, [id])
    artifacts = [artifact for artifact in task["execution"].get("artifacts") or () if artifact.get("mode") == "input"]
    values: dict[str, Any] = {
        **dict.fromkeys(("started", "completed", "published", "last_worker", "last_worker_report", "enqueue_status")),
        "active_duration": 0,
        "last_iteration": 0,
        "runtime": {},
        "models": {"input": task["models"].get("input") or [], "output": []},
        "execution": {name: value for name, value in task["execution"].items() if name != "queue"} | {"artifacts": artifacts},
    }
    if clear_all:
        values |= {"script": {}, "hyperparams": {}, "configuration": {}, "execution": {"artifacts": []}}
    answer = set_status(call, task, _S.CREATED, force=True, reason="reset", **values)
    return answer | {"dequeued": {"removed": int(waiting)}, "events": {}, "deleted_models": deleted, "urls": urls}


def archive_task(call: Call, id: str, *, archived: bool, reason: str, message: str) -> bool:
    """Put a task out of sight, or back; False if it was there already."""
    task = get_task(call, id, STATE)
    call.check_project(task["project"])
    tags = [tag for tag in task["system_tags"] if tag != "archived"] + (["archived"] if archived else [])
    if set(tags) == set(task["system_tags"]):
        return False
    if archived and task["status"] == _S.QUEUED:
        dequeue_task(call, id, reason=reason, message=message)
    call.tx.documents.tasks.change(id, {"system_tags": tags, "status_reason": reason, "status_message": message} | stamp(call))
    call.tx.versions.set_archived(id, archived=archived)
    call.tx.changed("task.archived" if archived else "task.unarchived", id, task["project"])
    return True


def delete_task(call: Call, id: str, *, force: bool, delete_models: bool = True, files: bool = True) -> dict[str, Any]:
    """Delete a task and all that it owned: events at once, files by and by. Its children stay."""
    task = get_task(call, id)
    call.check_project(task["project"])
    if task["status"] == _S.PUBLISHED and not force:
        raise TaskInUse(f"task {id} is published and can't be deleted", hint="use force if you mean it")
    if task["status"] in (_S.IN_PROGRESS, _S.QUEUED) and not force:
        raise TaskInUse(f"task {id} is {task['status']} and can't be deleted", hint="stop it first, or use force")
    call.tx.entries.remove(id)
    urls = task_urls(call, task)
    models, urls["model_urls"] = _drop_models(call, [id]) if delete_models else (0, [])
    kept = call.tx.documents.models.search_ids("task", [id])
    for model in kept:
        call.tx.documents.models.change(model, {"task": None})
    children = len(call.tx.documents.tasks.search_ids("parent", [id]))
    if call.tx.versions.get(id):
        call.tx.jobs.add("drop_version", {"version": id}, call.now)
    call.tx.documents.tasks.delete([id])
    schedule_cleaning(call, entities=[id], urls=[address for found in urls.values() for address in found] if files else [])
    call.tx.changed("task.deleted", id, task["project"])
    call.note("task.deleted", id)
    return {"deleted": True, "updated_children": children, "updated_models": len(kept), "deleted_models": models, "urls": urls}


def _has_live_worker(call: Call, task: Document) -> bool:
    if "development" in task["system_tags"] or not task["last_worker"]:
        return False
    return call.tx.time - datetime.fromisoformat(task["last_update"]) < _ALIVE


def _queue(call: Call, queue: str | None, name: str | None) -> str:
    queues = call.tx.documents.queues
    if queue:
        if queues.get(queue, ["id"]) is None:
            raise QueueNotFound(f"queue {queue:.100} does not exist", hint="check the id")
        return queue
    if name:
        found = queues.search_ids("name", [name])
        return found[0] if found else create_queue(call, name)
    default = call.tx.default_queue()
    if default is None:
        raise NoDefaultQueue("there is no default queue", hint="name the queue")
    return default


def _drop_events(call: Call, ids: Sequence[str]) -> None:
    call.tx.scalars.drop(ids)
    call.tx.logs.drop(ids)
    call.tx.media.drop(ids)


def _drop_models(call: Call, tasks: Sequence[str]) -> tuple[int, list[str]]:
    """Delete the models that tasks made, but for those that are published or that other tasks take.

    Returns how many there were, and the addresses of the files that no model has any more.
    """
    models = call.tx.documents.models
    made = models.get_many(models.search_ids("task", tasks), ["ready", "uri"])
    free = [id for id, model in made.items() if not model["ready"] and not call.tx.uses_of_model(id, but=tasks)]
    _drop_events(call, free) if free else None
    deleted = models.delete(free)
    addresses = dict.fromkeys(made[id]["uri"] for id in free if made[id]["uri"])
    return deleted, [address for address in addresses if not models.search_ids("uri", [address])]
