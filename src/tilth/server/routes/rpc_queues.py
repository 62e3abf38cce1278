"""Calls about queues."""

from typing import Any

from tilth.domain.access import Permission
from tilth.server.routes.naming import named
from tilth.server.routes.rpc import Fields, procedure
from tilth.server.services import queues as service
from tilth.server.services.context import Call

__all__: list[str] = []

WRITE = Permission.WRITE
Item = dict[str, Any]
Items = list[dict[str, Any]]


@procedure("queues.get_by_id")
def get_by_id(call: Call, queue: str, max_task_entries: int | None = None) -> Item:
    """A queue with what waits in it."""
    return {"queue": service.get_queue(call, queue, entries=max_task_entries)}


@procedure("queues.get_all")
def get_all(call: Call, fields: Fields, max_task_entries: int | None = None) -> Item:
    """The queues that fit a query."""
    return service.search_queues(call, fields, entries=max_task_entries).answer("queues")


@procedure("queues.get_all_ex")
def get_all_ex(call: Call, fields: Fields, max_task_entries: int | None = None) -> Item:
    """The queues that fit a query, with the names of the tasks that wait and the workers that look into them."""
    found = service.search_queues(call, fields, entries=max_task_entries)
    named(call, found.documents)
    tasks = [entry["task"] for queue in found.documents for entry in queue.get("entries") or ()]
    names = call.tx.documents.tasks.get_many(tasks, ["name"])
    for queue in found.documents:
        for entry in queue.get("entries") or ():
            entry["task"] = {"id": entry["task"], "name": names[entry["task"]]["name"] if entry["task"] in names else ""}
        queue["workers"] = [{"key": worker} for worker in call.tx.watchers(queue["id"])]
    return found.answer("queues")


@procedure("queues.get_default")
def get_default(call: Call) -> Item:
    """The queue that is used when none is named."""
    return service.default_queue(call)


@procedure("queues.create", needs=WRITE)
def create(
    call: Call,
    name: str,
    display_name: str | None = None,
    tags: list[str] | None = None,
    system_tags: list[str] | None = None,
    metadata: Item | None = None,
) -> Item:
    """Make a queue."""
    id = service.create_queue(call, name, display_name=display_name, tags=tags, system_tags=system_tags, metadata=metadata)
    return {"id": id}


@procedure("queues.update", needs=WRITE)
def update(
    call: Call,
    queue: str,
    name: str | None = None,
    display_name: str | None = None,
    tags: list[str] | None = None,
    system_tags: list[str] | None = None,
    metadata: Item | None = None,
) -> Item:
    """Change what is said of a queue."""
    given = {"name": name, "display_name": display_name, "tags": tags, "system_tags": system_tags, "metadata": metadata}
    return service.update_queue(call, queue, given)


@procedure("queues.delete", needs=WRITE)
def delete(call: Call, queue: str, force: bool = False) -> Item:
    """Delete a queue."""
    return {"deleted": service.delete_queue(call, queue, force=force)}


@procedure("queues.add_or_update_metadata", needs=WRITE)
def add_or_update_metadata(call: Call, queue: str, metadata: Items, replace_metadata: bool = False) -> Item:
    """Set metadata of a queue."""
    return {"updated": service.edit_metadata(call, queue, put=metadata, replace=replace_metadata)}


@procedure("queues.delete_metadata", needs=WRITE)
def delete_metadata(call: Call, queue: str, keys: list[str]) -> Item:
    """Remove metadata of a queue."""
    return {"updated": service.edit_metadata(call, queue, remove=keys)}


@procedure("queues.get_next_task", needs=WRITE)
def get_next_task(call: Call, queue: str, get_task_info: bool = False) -> Item:
    """Take the next task out of a queue; one worker gets it."""
    return service.next_task(call, queue, with_info=get_task_info)


@procedure("queues.peek_task")
def peek_task(call: Call, queue: str) -> Item:
    """The next task of a queue, which stays there."""
    entries = service.get_queue(call, queue, entries=1)["entries"]
    return {"task": entries[0]["task"] if entries else None}


@procedure("queues.get_num_entries")
def get_num_entries(call: Call, queue: str) -> Item:
    """How many tasks wait in a queue."""
    service.get_queue(call, queue, entries=0)
    return {"num": call.tx.entries.count(queue)}


@procedure("queues.add_task", needs=WRITE)
def add_task(call: Call, queue: str, task: str, update_execution_queue: bool = False) -> Item:
    """Put a task at the end of a queue without touching its state."""
    return {"added": service.add_to_queue(call, queue, task, update_execution=update_execution_queue)}


@procedure("queues.remove_task", needs=WRITE)
def remove_task(call: Call, queue: str, task: str, update_task_status: bool = False) -> Item:
    """Take a task out of a queue."""
    return {"removed": service.remove_from_queue(call, queue, task, update_status=update_task_status)}


@procedure("queues.clear_queue", needs=WRITE)
def clear_queue(call: Call, queue: str) -> Item:
    """Take all tasks out of a queue."""
    return {"removed_tasks": service.clear_queue(call, queue)}


@procedure("queues.move_task_forward", needs=WRITE)
def move_task_forward(call: Call, queue: str, task: str, count: int = 1) -> Item:
    """Let a task come earlier."""
    return {"position": service.move_in_queue(call, queue, task, by=count)}


@procedure("queues.move_task_backward", needs=WRITE)
def move_task_backward(call: Call, queue: str, task: str, count: int = 1) -> Item:
    """Let a task come later."""
    return {"position": service.move_in_queue(call, queue, task, by=-count)}


@procedure("queues.move_task_to_front", needs=WRITE)
def move_task_to_front(call: Call, queue: str, task: str) -> Item:
    """Let a task be the next one."""
    return {"position": service.move_in_queue(call, queue, task, to_front=True)}


@procedure("queues.move_task_to_back", needs=WRITE)
def move_task_to_back(call: Call, queue: str, task: str) -> Item:
    """Let a task be the last one."""
    return {"position": service.move_in_queue(call, queue, task)}


@procedure("queues.get_queue_metrics")
def get_queue_metrics(call: Call, from_date: float, to_date: float, interval: int, queue_ids: list[str] = []) -> Item:
    """How long tasks waited, and how many, over time."""
    return {"queues": service.queue_metrics(call, queue_ids, start_s=_seconds(from_date), stop_s=_seconds(to_date), interval_s=interval)}


def _seconds(value: float) -> int:
    return int(max(0.0, min(value, 2.0**40)))
