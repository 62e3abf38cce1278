"""Calls about tasks: so far those that datasets need."""

from typing import Any

from tilth.base.errors import NotFound
from tilth.domain.task import Task
from tilth.server.routes.rpc import rpc
from tilth.server.stores.unit_of_work import Tx
from tilth.wire.services import tasks as wire

__all__: list[str] = []


@rpc("tasks.get_by_id", wire.OneTask)
def get_by_id(tx: Tx, request: wire.OneTask) -> dict[str, Any]:
    found = tx.tasks.get(request.task)
    if found is None:
        raise NotFound(f"task {request.task} does not exist")
    return {"task": found}


@rpc("tasks.get_all", wire.SearchTasks)
def get_all(tx: Tx, request: wire.SearchTasks) -> dict[str, list[Task]]:
    size = max(1, min(request.page_size, 1_000))
    found = tx.tasks.search(
        ids=request.id,
        projects=request.project,
        name=request.name,
        types=request.type,
        statuses=request.status,
        tags=request.tags,
        limit=size,
        offset=max(0, request.page) * size,
    )
    return {"tasks": found}
