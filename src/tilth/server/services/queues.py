"""What may be done with queues: order is kept, and of all workers that ask, one gets a task."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tilth.base.errors import AlreadyExists, AlreadyQueued, FieldInvalid, NoDefaultQueue, NotQueued, QueueNotEmpty, QueueNotFound
from tilth.base.ids import new_id
from tilth.domain.task import TaskStatus
from tilth.server.services.context import Call
from tilth.server.services.searching import Found, find, with_company
from tilth.server.stores.documents import Document
from tilth.server.stores.query import SqlText
from tilth.server.stores.queues import Entry

__all__ = [
    "DEFAULT",
    "add_to_queue",
    "clear_queue",
    "create_queue",
    "default_queue",
    "delete_queue",
    "edit_metadata",
    "get_queue",
    "move_in_queue",
    "next_task",
    "queue_metrics",
    "remove_from_queue",
    "search_queues",
    "update_queue",
]

DEFAULT = "default"
_LONGEST_NAME = 1_000


def create_queue(call: Call, name: str, **details: Any) -> str:
    """Make a queue and return its id."""
    name = _clean(name)
    if call.tx.documents.queues.search_ids("name", [name]):
        raise AlreadyExists(f"queue {name} exists already", hint="choose another name")
    id = new_id()
    given = {key: value for key, value in details.items() if value is not None}
    document = {"id": id, "name": name, "user": call.actor.id, "created": call.now, "last_update": call.now} | given
    call.tx.documents.queues.insert(document)
    call.tx.changed("queue.created", id)
    return id


def get_queue(call: Call, id: str, *, entries: int | None = None) -> Document:
    """A queue with what waits in it; names are not taken for ids."""
    found = call.tx.documents.queues.get(id)
    if found is None:
        raise QueueNotFound(f"queue {id:.100} does not exist", hint="check the id")
    waiting = call.tx.entries.of_queues([id], limit=entries)[id]
    return with_company(found | {"entries": [entry.document() for entry in waiting]})


def search_queues(call: Call, fields: Mapping[str, Any], *, entries: int | None = None, also: Sequence[SqlText] = ()) -> Found:
    """The queues that a request asks for, each with what waits in it."""
    found = find(call, call.tx.documents.queues, fields, default_order=("name",), also=also)
    only = fields.get("only_fields")
    if only is None or "entries" in only:
        waiting = call.tx.entries.of_queues([queue["id"] for queue in found.documents], limit=entries)
        for queue in found.documents:
            queue["entries"] = [entry.document() for entry in waiting[queue["id"]]]
    return found


def default_queue(call: Call) -> dict[str, str]:
    """The queue that is used when none is named."""
    id = call.tx.default_queue()
    if id is None:
        raise NoDefaultQueue("there is no default queue", hint="make one with the system tag default")
    return {"id": id, "name": get_queue(call, id)["name"]}


def update_queue(call: Call, id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Change what is said of a queue."""
    get_queue(call, id)
    names = ("name", "display_name", "tags", "system_tags", "metadata")
    values = {name: fields[name] for name in names if fields.get(name) is not None}
    if "name" in values:
        values["name"] = _clean(values["name"])
        if call.tx.documents.queues.search_ids("name", [values["name"]]) not in ([], [id]):
            raise AlreadyExists(f"queue {values['name']} exists already", hint="choose another name")
    values["last_update"] = call.now
    call.tx.documents.queues.change(id, values)
    call.tx.changed("queue.updated", id)
    return {"updated": 1, "fields": values}


def edit_metadata(call: Call, id: str, *, put: Sequence[Mapping[str, Any]] = (), remove: Sequence[str] = (), replace: bool = False) -> int:
    """Set metadata of a queue by keys, and remove others."""
    before = {} if replace else get_queue(call, id)["metadata"]
    after = before | {str(item.get("key") or ""): dict(item) for item in put}
    update_queue(call, id, {"metadata": {key: value for key, value in after.items() if key not in remove}})
    return 1


def delete_queue(call: Call, id: str, *, force: bool) -> int:
    """Delete a queue; one in which tasks wait only by force, and then they are drafts again."""
    queue = get_queue(call, id)
    if DEFAULT in queue["system_tags"]:
        raise FieldInvalid("the default queue can't be deleted", hint="give the system tag default to another queue first")
    if queue["entries"] and not force:
        raise QueueNotEmpty(f"{len(queue['entries'])} tasks wait in queue {queue['name']}", hint="take them out first, or use force")
    clear_queue(call, id)
    call.tx.documents.queues.delete([id])
    call.tx.changed("queue.deleted", id)
    call.note("queue.deleted", id)
    return 1


def clear_queue(call: Call, id: str) -> list[str]:
    """Take all tasks out of a queue; they are what they were before."""
    get_queue(call, id)
    tasks = call.tx.entries.clear(id)
    for task in tasks:
        _unqueued(call, task)
    call.tx.changed("queue.updated", id)
    return tasks


def add_to_queue(call: Call, id: str, task: str, *, update_execution: bool) -> int:
    """Put a task at the end of a queue without touching its state."""
    get_queue(call, id)
    waiting = call.tx.entries.of_task(task)
    if waiting and waiting.queue != id:
        raise AlreadyQueued(f"task {task} waits in another queue already", hint="take it out of that queue first")
    if not waiting:
        call.tx.entries.add(id, task, call.now)
    found = call.tx.documents.tasks.get(task, ["execution"])
    if found and update_execution:
        call.tx.documents.tasks.change(task, {"execution": found["execution"] | {"queue": id}})
    call.tx.changed("queue.updated", id)
    return 1


def remove_from_queue(call: Call, id: str, task: str, *, update_status: bool) -> int:
    """Take one task out of a queue."""
    _entry(call, id, task)
    call.tx.entries.remove(task)
    if update_status:
        _unqueued(call, task)
    call.tx.changed("queue.updated", id)
    return 1


def next_task(call: Call, id: str, *, with_info: bool) -> dict[str, Any]:
    """Take the next task out of a queue; nothing if none waits."""
    if call.tx.documents.queues.get(id, ["id"]) is None:
        raise QueueNotFound(f"queue {id:.100} does not exist", hint="check the id")
    entry = call.tx.entries.take_next(id)
    if entry is None:
        return {}
    waited = call.tx.time - datetime.fromisoformat(entry.added)
    call.tx.entries.sample(id, int(call.tx.time.timestamp()), waited.total_seconds())
    call.tx.changed("queue.updated", id)
    answer: dict[str, Any] = {"entry": entry.document()}
    if with_info:
        task = call.tx.documents.tasks.get(entry.task, ["user"])
        answer["task_info"] = with_company({"user": task["user"] if task else ""})
    return answer


def move_in_queue(call: Call, id: str, task: str, *, by: int | None = None, to_front: bool = False) -> int:
    """Move a task within its queue: forward by a positive number of places, back by a negative one, or to an end. Returns its place."""
    _entry(call, id, task)
    order = [entry.task for entry in call.tx.entries.of_queues([id])[id]]
    place = order.index(task)
    order.remove(task)
    target = (0 if to_front else len(order)) if by is None else min(max(place - by, 0), len(order))
    order.insert(target, task)
    call.tx.entries.reorder(order)
    call.tx.changed("queue.updated", id)
    return target


def queue_metrics(call: Call, ids: Sequence[str], *, start_s: int, stop_s: int, interval_s: int) -> list[dict[str, Any]]:
    """How long tasks waited, and how many, in steps of time."""
    step = max(1, interval_s, (stop_s - start_s) // 5_000)
    wanted = list(ids) or [queue["id"] for queue in search_queues(call, {"only_fields": ["id"], "search_hidden": True}).documents]
    return [{"queue": id, **_steps(call.tx.entries.samples(id, start_s, stop_s), step)} for id in wanted]


def _steps(samples: Sequence[tuple[int, float, int]], step: int) -> dict[str, list[Any]]:
    grouped: dict[int, list[tuple[float, int]]] = {}
    for at, waited, length in samples:
        grouped.setdefault(at - at % step, []).append((waited, length))
    return {
        "dates": list(grouped),
        "avg_waiting_times": [round(sum(waited for waited, _ in group) / len(group), 3) for group in grouped.values()],
        "queue_lengths": [group[-1][1] for group in grouped.values()],
    }


def _entry(call: Call, id: str, task: str) -> Entry:
    get_queue(call, id, entries=0)
    found = call.tx.entries.of_task(task)
    if found is None or found.queue != id:
        raise NotQueued(f"task {task:.100} does not wait in this queue", hint="check the ids")
    return found


def _unqueued(call: Call, task: str) -> None:
    """Give a task that was taken out of its queue the state that it had before."""
    found = call.tx.documents.tasks.get(task, ["status", "enqueue_status"])
    if found and found["status"] == TaskStatus.QUEUED:
        values = {"status": found["enqueue_status"] or TaskStatus.CREATED, "status_changed": call.now, "last_update": call.now}
        call.tx.documents.tasks.change(task, values | {"last_change": call.now, "enqueue_status": None})


def _clean(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME:
        raise FieldInvalid("the name of a queue has 1 to 1,000 characters", hint="choose another name")
    return name
