"""Calls about workers."""

from typing import Any

from tilth.domain.access import Permission
from tilth.server.routes.rpc import procedure
from tilth.server.services import workers as service
from tilth.server.services.context import Call

__all__: list[str] = []

WRITE = Permission.WRITE
Item = dict[str, Any]
Items = list[dict[str, Any]]


@procedure("workers.register", needs=WRITE)
def register(
    call: Call,
    worker: str,
    timeout: int | None = None,
    queues: list[str] = [],
    tags: list[str] = [],
    system_tags: list[str] = [],
) -> Item:
    """A worker begins."""
    service.register_worker(call, worker, timeout=timeout, queues=queues, tags=tags, system_tags=system_tags)
    return {}


@procedure("workers.unregister", needs=WRITE)
def unregister(call: Call, worker: str) -> Item:
    """A worker ends."""
    service.unregister_worker(call, worker)
    return {}


@procedure("workers.status_report", needs=WRITE)
def status_report(
    call: Call,
    worker: str,
    task: str | None = None,
    queue: str | None = None,
    queues: list[str] | None = None,
    machine_stats: Item | None = None,
    tags: list[str] | None = None,
    system_tags: list[str] | None = None,
) -> Item:
    """A worker is alive."""
    service.report_status(
        call, worker, task=task, queue=queue, queues=queues, machine_stats=machine_stats, tags=tags, system_tags=system_tags
    )
    return {}


@procedure("workers.get_all")
def get_all(
    call: Call,
    last_seen: int | None = None,
    tags: list[str] = [],
    system_tags: list[str] = [],
    worker_pattern: str | None = None,
) -> Item:
    """The workers that were seen lately."""
    return {"workers": service.workers(call, last_seen_s=last_seen, tags=tags, system_tags=system_tags, pattern=worker_pattern)}


@procedure("workers.get_count")
def get_count(
    call: Call,
    last_seen: int | None = None,
    tags: list[str] = [],
    system_tags: list[str] = [],
    worker_pattern: str | None = None,
) -> Item:
    """How many workers were seen lately."""
    return {"count": service.count_workers(call, last_seen_s=last_seen, tags=tags, system_tags=system_tags, pattern=worker_pattern)}


@procedure("workers.get_stats")
def get_stats(
    call: Call,
    from_date: float,
    to_date: float,
    interval: int,
    items: Items,
    worker_ids: list[str] = [],
    split_by_variant: bool = False,
) -> Item:
    """What workers reported of their machines, over time."""
    found = service.stats(
        call,
        ids=worker_ids,
        start_s=_bounded(from_date),
        stop_s=_bounded(to_date),
        interval_s=interval,
        items=items,
        by_variant=split_by_variant,
    )
    return {"workers": found}


@procedure("workers.get_metric_keys")
def get_metric_keys(call: Call, worker_ids: list[str] = []) -> Item:
    """Which statistics workers reported."""
    return {"categories": service.metric_keys(call, worker_ids)}


@procedure("workers.get_activity_report")
def get_activity_report(call: Call, from_date: float, to_date: float, interval: int) -> Item:
    """How many workers there were, and how many had a task, over time."""
    return service.activity(call, start_s=_bounded(from_date), stop_s=_bounded(to_date), interval_s=interval)


def _bounded(value: float) -> float:
    return max(0.0, min(value, 2.0**40))
