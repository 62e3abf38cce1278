"""Who works: what workers say of themselves, and what they said over time."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tilth.base.errors import FieldInvalid
from tilth.server.services.context import Call
from tilth.server.services.searching import with_company
from tilth.server.stores.documents import Document
from tilth.server.stores.patterns import portable
from tilth.server.stores.query import Query

__all__ = ["activity", "count_workers", "metric_keys", "register_worker", "report_status", "stats", "unregister_worker", "workers"]

_TIMEOUT_S = 600
_LAST_SEEN_S = 3_600
_LONGEST_NAME = 1_000
_MOST_STEPS = 5_000


def register_worker(
    call: Call, id: str, *, timeout: int | None, queues: Sequence[str], tags: Sequence[str], system_tags: Sequence[str]
) -> None:
    """A worker begins; one of the same name that was there before is forgotten."""
    if not id or len(id) > _LONGEST_NAME:
        raise FieldInvalid("the name of a worker has 1 to 1,000 characters", hint="choose another name")
    call.tx.documents.workers.delete([id])
    _insert(call, id, timeout=timeout or _TIMEOUT_S, queues=list(queues), tags=list(tags), system_tags=list(system_tags))
    call.tx.changed("worker.registered", id)


def unregister_worker(call: Call, id: str) -> None:
    """A worker ends; nothing if there is none by this name."""
    if call.tx.documents.workers.delete([id]):
        call.tx.changed("worker.unregistered", id)


def report_status(
    call: Call,
    id: str,
    *,
    task: str | None,
    queue: str | None,
    queues: Sequence[str] | None,
    machine_stats: Mapping[str, Any] | None,
    tags: Sequence[str] | None,
    system_tags: Sequence[str] | None,
) -> None:
    """A worker says that it is alive, and what it does."""
    found = call.tx.documents.workers.get(id)
    if found is None:
        _insert(call, id, timeout=_TIMEOUT_S)
        found = call.tx.documents.workers.get(id)
    assert found is not None
    given = {"queues": queues, "tags": tags, "system_tags": system_tags}
    values: dict[str, Any] = {name: list(value) for name, value in given.items() if value is not None}
    values |= {"task": task, "queue": queue, "last_report_time": call.now, "last_activity_time": call.now}
    values["expires"] = _later(call, found["timeout"])
    call.tx.documents.workers.change(id, values)
    if task:
        seen = {"last_worker": id, "last_worker_report": call.now, "last_update": call.now}
        call.tx.documents.tasks.change(task, seen)
    if machine_stats:
        call.tx.samples.add(id, int(call.tx.time.timestamp()), task, dict(machine_stats))
    if (found["task"], found["queue"]) != (task, queue):
        call.tx.changed("worker.updated", id)


def workers(
    call: Call, *, last_seen_s: int | None, tags: Sequence[str] = (), system_tags: Sequence[str] = (), pattern: str | None = None
) -> list[Document]:
    """The workers that were seen lately, with what they do; 0 stands for all whose registration holds."""
    found = _matching(call, last_seen_s=last_seen_s, tags=tags, system_tags=system_tags, pattern=pattern)
    tasks = call.tx.documents.tasks.get_many(
        [worker["task"] for worker in found if worker["task"]], ["name", "project", "started", "last_iteration"]
    )
    projects = call.tx.documents.projects.get_many(list({task["project"] for task in tasks.values() if task["project"]}), ["name"])
    named = {id for worker in found for id in [*worker["queues"], *([worker["queue"]] if worker["queue"] else [])]}
    queues = call.tx.documents.queues.get_many(list(named), ["name"])
    waiting = call.tx.entries.of_queues(list(queues))
    return [_shown(call, worker, tasks, projects, queues, waiting) for worker in found]


def count_workers(call: Call, **wanted: Any) -> int:
    """How many workers were seen lately."""
    return len(_matching(call, **wanted))


def stats(
    call: Call, *, ids: Sequence[str], start_s: float, stop_s: float, interval_s: int, items: Sequence[Mapping[str, Any]], by_variant: bool
) -> list[dict[str, Any]]:
    """What workers reported of their machines, in steps of time; each item names what is wanted, and whether its mean or an extreme."""
    step = _step(start_s, stop_s, interval_s)
    rows = call.tx.samples.between(ids, int(start_s), int(stop_s))
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for worker, at, _, data in rows:
        found.setdefault(worker, []).append((at - at % step, data))
    return [
        {"worker": worker, "metrics": [_metric(reports, item, by_variant=by_variant) for item in items]}
        for worker, reports in found.items()
    ]


def metric_keys(call: Call, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Which statistics workers reported in the last hours, by what they are about."""
    now = int(call.tx.time.timestamp())
    names = {name for _, _, _, data in call.tx.samples.between(ids, now - 24 * 3_600, now) for name in data}
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(name.partition("_")[0], []).append(name)
    return [{"name": group, "metric_keys": keys} for group, keys in groups.items()]


def activity(call: Call, *, start_s: float, stop_s: float, interval_s: int) -> dict[str, dict[str, list[int]]]:
    """How many workers there were, and how many had a task, in steps of time."""
    step = _step(start_s, stop_s, interval_s)
    total: dict[int, set[str]] = {}
    active: dict[int, set[str]] = {}
    for worker, at, task, _ in call.tx.samples.between((), int(start_s), int(stop_s)):
        total.setdefault(at - at % step, set()).add(worker)
        active.setdefault(at - at % step, set()).update([worker] if task else [])
    return {
        "total": {"dates": list(total), "counts": [len(names) for names in total.values()]},
        "active": {"dates": list(active), "counts": [len(names) for names in active.values()]},
    }


def _matching(
    call: Call, *, last_seen_s: int | None, tags: Sequence[str] = (), system_tags: Sequence[str] = (), pattern: str | None = None
) -> list[Document]:
    seen = call.tx.time - timedelta(seconds=min(_LAST_SEEN_S if last_seen_s is None else last_seen_s, 10**9))
    edge = seen.isoformat(timespec="microseconds").replace("+00:00", "Z")
    condition: tuple[str, list[Any]] = ("expires >= ?", [call.now]) if last_seen_s == 0 else ("last_activity_time >= ?", [edge])
    found = call.tx.documents.workers.search(Query(where=(condition,), limit=10_000))
    fits = re.compile(portable(pattern or "")).search
    return [
        worker
        for worker in found
        if fits(worker["id"]) and set(tags) <= set(worker["tags"]) and set(system_tags) <= set(worker["system_tags"])
    ]


def _shown(call: Call, worker: Document, tasks: Any, projects: Any, queues: Any, waiting: Any) -> Document:
    shown = {name: worker[name] for name in ("id", "ip", "register_time", "last_activity_time", "last_report_time", "tags", "system_tags")}
    account = call.tx.accounts.get(worker["user"])
    shown |= {"key": worker["id"], "user": {"id": worker["user"], "name": account.name if account else worker["user"]}, "task": None}
    task = tasks.get(worker["task"])
    if task:
        project = projects.get(task["project"])
        shown["task"] = {
            "id": task["id"],
            "name": task["name"],
            "last_iteration": task["last_iteration"],
            "running_time": _running(call, task),
        }
        shown["project"] = {"id": project["id"], "name": project["name"]} if project else None
    if worker["queue"] in queues:
        shown["queue"] = {"id": worker["queue"], "name": queues[worker["queue"]]["name"]}
    shown["queues"] = [
        {"id": id, "name": queues[id]["name"], "num_tasks": len(waiting[id]), "next_task": _next(call, waiting[id])}
        for id in worker["queues"]
        if id in queues
    ]
    return with_company(shown)


def _next(call: Call, entries: Sequence[Any]) -> dict[str, str] | None:
    task = call.tx.documents.tasks.get_many([entries[0].task], ["name"]).get(entries[0].task) if entries else None
    return {"id": task["id"], "name": task["name"]} if task else None


def _running(call: Call, task: Document) -> int:
    """For how many milliseconds a task runs."""
    if not task["started"]:
        return 0
    return int((call.tx.time - datetime.fromisoformat(task["started"])).total_seconds() * 1_000)


def _insert(call: Call, id: str, *, timeout: int, **more: Any) -> None:
    document = {
        "id": id,
        "user": call.actor.id,
        "ip": call.origin.address,
        "register_time": call.now,
        "last_activity_time": call.now,
        "timeout": min(timeout, 10**9),
        "expires": _later(call, timeout),
    }
    call.tx.documents.workers.insert(document | more)


def _later(call: Call, seconds: int) -> str:
    return (call.tx.time + timedelta(seconds=min(seconds, 10**9))).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _step(start_s: float, stop_s: float, interval_s: int) -> int:
    if stop_s < start_s:
        raise FieldInvalid("to_date lies before from_date", hint="swap them")
    return max(1, interval_s, int(stop_s - start_s) // _MOST_STEPS)


_WAYS: dict[str, Callable[[list[float]], float]] = {"avg": lambda values: sum(values) / len(values), "min": min, "max": max}


def _metric(reports: Sequence[tuple[int, dict[str, Any]]], item: Mapping[str, Any], *, by_variant: bool) -> dict[str, Any]:
    key, way = str(item.get("key") or ""), str(item.get("category") or "avg")
    if way not in _WAYS:
        raise FieldInvalid(f"category: {way!r:.60} is none", hint="use avg, min or max")
    grouped: dict[int, list[list[float]]] = {}
    for at, data in reports:
        values = data.get(key)
        numbers = [float(value) for value in (values if isinstance(values, list) else [values]) if isinstance(value, (int, float))]
        if numbers:
            grouped.setdefault(at, []).append(numbers)
    variants = max((len(numbers) for group in grouped.values() for numbers in group), default=0) if by_variant else 1
    stats = []
    for place in range(variants):
        values = []
        for group in grouped.values():
            numbers = (
                [numbers[place] for numbers in group if place < len(numbers)]
                if by_variant
                else [number for numbers in group for number in numbers]
            )
            values.append(round(float(_WAYS[way](numbers)), 4) if numbers else 0.0)
        stats.append({"variant": str(place) if by_variant else key, "aggregation": way, "values": values})
    return {"metric": key, "dates": list(grouped), "stats": stats}
