"""Pipelines: which there are, which tasks are the steps of a run, and how a run is started again."""

from collections.abc import Mapping, Sequence
from typing import Any

from tilth.base.errors import Invalid, TaskNotFound
from tilth.server.services.context import Call
from tilth.server.services.task_states import enqueue_task
from tilth.server.services.tasks import clone_task, get_task
from tilth.server.stores.pipelines import PIPELINE_ORDERS

__all__ = ["list_pipelines", "start_again", "step_ids"]

TAG = "pipeline"
"""The system tag of a task that runs a pipeline."""

_RUN = ("id", "name", "status", "created", "started", "completed", "last_update", "active_duration", "user", "runtime")


def list_pipelines(call: Call, *, text: str, archived: bool, order: str, page: int, size: int) -> dict[str, Any]:
    """A page of the pipelines whose project or name holds a text, each with its last runs."""
    if order.removeprefix("-") not in PIPELINE_ORDERS:
        raise Invalid(f"pipelines can't be ordered by {order!r:.60}", hint=f"use one of {', '.join(PIPELINE_ORDERS)}")
    size = max(1, min(size, 500))
    rows, total = call.tx.pipelines.page(
        text, archived=archived, order=order, limit=size, offset=max(0, page) * size, shown=call.tx.documents.tasks.shown
    )
    runs = call.tx.documents.tasks.get_many([id for row in rows for id in row.recent], _RUN)
    return {
        "pipelines": [
            {
                "project": {"id": row.project, "name": row.name},
                "runs": row.runs,
                "active": row.active,
                "recent": [{"id": id, "status": runs[id]["status"]} for id in row.recent],
                "last": {name: runs[row.recent[0]][name] for name in _RUN},
            }
            for row in rows
        ],
        "total": total,
    }


def step_ids(call: Call, run: str) -> list[str]:
    """The tasks that a run of a pipeline has made as its steps. A run that was copied from this one is none of them."""
    children = call.tx.documents.tasks.search_ids("parent", [run])
    known = call.tx.documents.tasks.get_many(children, ["system_tags"])
    return [id for id in children if id in known and TAG not in known[id]["system_tags"]]


def start_again(call: Call, task: str, *, queue: str | None, args: Sequence[Mapping[str, Any]]) -> str:
    """Copy a run of a pipeline with other arguments into a queue; returns the id of the copy."""
    source = get_task(call, task)
    if TAG not in source["system_tags"]:
        raise TaskNotFound(f"task {task:.100} is no pipeline", hint="check the id")
    parameters = dict(source["hyperparams"])
    arguments = dict(parameters.get("Args") or {})
    for item in args:
        name = str(item.get("name") or "")
        arguments[name] = (arguments.get(name) or {"section": "Args", "name": name}) | {"value": str(item.get("value"))}
    parameters["Args"] = arguments
    id = clone_task(call, task, {"new_task_hyperparams": parameters, "new_task_project": source["project"]})
    # Not the source's child: its children are its steps, which are deleted with it.
    call.tx.documents.tasks.change(id, {"parent": source["parent"]})
    chosen = queue or (parameters.get("pipeline") or {}).get("default_queue", {}).get("value") or None
    by_id = chosen and call.tx.documents.queues.get(chosen, ["id"])
    enqueue_task(
        call, id, queue=chosen if by_id else None, queue_name=None if by_id else chosen, reason="", message="", update_execution=True
    )
    return id
