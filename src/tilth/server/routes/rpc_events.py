"""Calls about what tasks report."""

import string
from typing import Any

import msgspec

from tilth.base.errors import EventsRefused, FieldInvalid, ScrollUnknown
from tilth.domain.access import Permission
from tilth.domain.event import EventKind, ReportedEvent
from tilth.server.routes.rpc import Fields, Raw, procedure
from tilth.server.services import console
from tilth.server.services import event_reading as reading
from tilth.server.services import events as service
from tilth.server.services.context import Call
from tilth.server.services.searching import load_scroll, save_scroll
from tilth.server.services.tasks import get_task

__all__: list[str] = []

WRITE = Permission.WRITE
Item = dict[str, Any]
Items = list[dict[str, Any]]

_SAMPLES = 2_000
_KINDS = {"", *(value for name, value in vars(EventKind).items() if name.isupper())}


@procedure("events.add_batch", needs=WRITE, raw=True)
def add_batch(call: Call, body: bytes) -> Item:
    """Keep events, one JSON object a line."""
    events, errors = service.parse_batch(body)
    return service.add_events(call, events, errors)


@procedure("events.add", needs=WRITE)
def add(call: Call, fields: Fields) -> Item:
    """Keep one event."""
    try:
        event = msgspec.convert(fields, ReportedEvent)
    except msgspec.ValidationError as error:
        raise EventsRefused(f"the event can't be read: {error}", hint="check the event") from error
    return service.add_events(call, [event])


@procedure("events.scalar_metrics_iter_histogram")
def scalar_metrics_iter_histogram(
    call: Call,
    task: str,
    samples: int = _SAMPLES,
    key: str = "iter",
    metrics: Items = [],
    model_events: bool = False,
    bands: bool = False,
    between: list[float] | None = None,
) -> Item:
    """The scalars of a task as curves of at most about `samples` points, by metric and variant; with `bands`, means and extremes."""
    reading.check_entity(call, task, is_model=model_events)
    return reading.curves(call, task, reading.CurveQuery(samples, key, bands, between), service.metric_names(metrics))


@procedure("events.multi_task_scalar_metrics_iter_histogram")
def multi_task_scalar_metrics_iter_histogram(
    call: Call,
    tasks: list[str],
    samples: int = _SAMPLES,
    key: str = "iter",
    metrics: Items = [],
    model_events: bool = False,
    bands: bool = False,
    between: list[float] | None = None,
) -> Item:
    """The scalars of several tasks as curves, by metric, variant and task."""
    entities = _named(call, tasks, is_model=model_events)
    return reading.multi_curves(call, entities, reading.CurveQuery(samples, key, bands, between), service.metric_names(metrics))


@procedure("events.scalar_metrics_iter_raw")
def scalar_metrics_iter_raw(
    call: Call,
    task: str,
    metric: Item,
    key: str = "iter",
    batch_size: int = 10_000,
    count_total: bool = False,
    scroll_id: str | None = None,
    model_events: bool = False,
) -> Item:
    """Every point of a metric, in pages."""
    reading.check_entity(call, task, is_model=model_events)
    return reading.raw_scalars(
        call, task, names=service.metric_names([metric]), key=key, limit=batch_size, scroll_id=scroll_id, count_total=count_total
    )


@procedure("events.get_scalar_metric_data")
def get_scalar_metric_data(
    call: Call, task: str, metric: str, scroll_id: str | None = None, no_scroll: bool = False, model_events: bool = False
) -> Item:
    """Every scalar event of a metric, in pages."""
    reading.check_entity(call, task, is_model=model_events)
    limit = 100_000 if no_scroll else 10_000
    return reading.events_page(call, task, kind=EventKind.SCALAR, names={metric: []}, limit=limit, scroll_id=scroll_id, descending=False)


@procedure("events.get_task_single_value_metrics")
def get_task_single_value_metrics(call: Call, tasks: list[str], metrics: Items = [], model_events: bool = False) -> Item:
    """The values of tasks that belong to no iteration."""
    return {"tasks": reading.single_values(call, _named(call, tasks, is_model=model_events), service.metric_names(metrics))}


@procedure("events.get_task_latest_scalar_values")
def get_task_latest_scalar_values(call: Call, task: str) -> Item:
    """The last value of each scalar."""
    reading.check_entity(call, task, is_model=False)
    found: dict[str, Items] = {}
    for series in call.tx.scalars.series_of([task]):
        last = {
            "name": series.variant,
            "last_value": series.value,
            "last_iter": series.value_iteration,
            "last_timestamp": series.value_timestamp,
        }
        found.setdefault(series.metric, []).append(last)
    return {"metrics": [{"name": metric, "variants": variants} for metric, variants in found.items()]}


@procedure("events.get_scalar_metrics_and_variants")
def get_scalar_metrics_and_variants(call: Call, task: str, model_events: bool = False) -> Item:
    """The metrics of a task's scalars, and their variants."""
    reading.check_entity(call, task, is_model=model_events)
    return {"metrics": reading.scalar_names(call, task)}


@procedure("events.get_vector_metrics_and_variants")
def get_vector_metrics_and_variants(call: Call, task: str, model_events: bool = False) -> Item:
    """The metrics of a task's vectors, and their variants."""
    reading.check_entity(call, task, is_model=model_events)
    found: dict[str, list[str]] = {}
    for _, metric, variant in reading.names_of(call, [task], EventKind.VECTOR):
        found.setdefault(metric, []).append(variant)
    return {"metrics": [{"metric": metric, "variants": variants} for metric, variants in found.items()]}


@procedure("events.vector_metrics_iter_histogram")
def vector_metrics_iter_histogram(call: Call, task: str, metric: str, variant: str, model_events: bool = False) -> Item:
    """The vectors of a metric and variant, by iteration."""
    reading.check_entity(call, task, is_model=model_events)
    found = call.tx.media.page(task, EventKind.VECTOR, offset=0, limit=_SAMPLES, descending=False, names={metric: [variant]})
    return {"images": found}


@procedure("events.get_task_metrics")
def get_task_metrics(call: Call, tasks: list[str], event_type: str = "", model_events: bool = False) -> Item:
    """The metrics that tasks reported, by task."""
    _check_kind(event_type)
    entities = _named(call, tasks, is_model=model_events)
    found: dict[str, list[str]] = {id: [] for id in entities}
    for entity, metric, _ in reading.names_of(call, list(entities), event_type):
        if metric not in found[entity]:
            found[entity].append(metric)
    return {"metrics": [{"task": id, "metrics": names} for id, names in found.items()]}


@procedure("events.get_multi_task_metrics")
def get_multi_task_metrics(call: Call, tasks: list[str], event_type: str = "", model_events: bool = False) -> Item:
    """The metrics and variants that several tasks reported."""
    _check_kind(event_type)
    found: dict[str, dict[str, None]] = {}
    for _, metric, variant in reading.names_of(call, list(_named(call, tasks, is_model=model_events)), event_type):
        found.setdefault(metric, {})[variant] = None
    return {"metrics": [{"metric": metric, "variants": sorted(variants)} for metric, variants in sorted(found.items())]}


@procedure("events.iterations")
def iterations(
    call: Call, tasks: list[str], event_type: str = EventKind.PLOT, metric: str = "", variant: str = "", model_events: bool = False
) -> Item:
    """The last thousand iterations at which each of some tasks reported plots or images, of one metric and variant or of all; in order."""
    _check_kind(event_type)
    names = {metric: [variant] if variant else []} if metric else None
    entities = _named(call, tasks, is_model=model_events)
    found = {id: call.tx.media.iterations(id, event_type, limit=1_000, names=names)[::-1] for id in entities}
    return {"tasks": [{"task": id, "iterations": iters} for id, iters in found.items()]}


@procedure("events.get_task_events")
def get_task_events(
    call: Call,
    task: str,
    event_type: str = EventKind.SCALAR,
    order: str = "asc",
    batch_size: int = 500,
    scroll_id: str | None = None,
    metrics: Items = [],
    model_events: bool = False,
) -> Item:
    """The events of a task, page by page, until a page is empty."""
    _check_kind(event_type)
    reading.check_entity(call, task, is_model=model_events)
    names = service.metric_names(metrics)
    kind = event_type or EventKind.SCALAR
    return reading.events_page(call, task, kind=kind, names=names, limit=batch_size, scroll_id=scroll_id, descending=order == "desc")


@procedure("events.get_task_plots")
def get_task_plots(
    call: Call,
    task: str,
    iters: int = 1,
    metrics: Items = [],
    scroll_id: str | None = None,
    no_scroll: bool = False,
    model_events: bool = False,
) -> Item:
    """The plots of the last iterations of each metric and variant."""
    reading.check_entity(call, task, is_model=model_events)
    if scroll_id and not no_scroll:
        load_scroll(scroll_id)
        return {"plots": [], "returned": 0, "total": 0, "scroll_id": scroll_id}
    plots = reading.latest_media(call, task, kind=EventKind.PLOT, iters=iters, names=service.metric_names(metrics))
    scroll = None if no_scroll else save_scroll({"end": True})
    return {"plots": plots, "returned": len(plots), "total": len(plots), "scroll_id": scroll}


@procedure("events.get_multi_task_plots")
def get_multi_task_plots(
    call: Call,
    tasks: list[str],
    iters: int = 1,
    metrics: Items = [],
    scroll_id: str | None = None,
    no_scroll: bool = False,
    model_events: bool = False,
) -> Item:
    """The plots of several tasks, by metric, variant, task and iteration."""
    entities = _named(call, tasks, is_model=model_events)
    if scroll_id and not no_scroll:
        load_scroll(scroll_id)
        return {"plots": {}, "returned": 0, "total": 0, "scroll_id": scroll_id}
    found: Item = {}
    count = 0
    for id, name in entities.items():
        for event in reading.latest_media(call, id, kind=EventKind.PLOT, iters=iters, names=service.metric_names(metrics)):
            by_task = found.setdefault(event["metric"], {}).setdefault(event["variant"], {})
            by_task.setdefault(id, {})[str(event["iter"])] = {"name": name, "plots": [event]}
            count += 1
    scroll = None if no_scroll else save_scroll({"end": True})
    return {"plots": found, "returned": count, "total": count, "scroll_id": scroll}


@procedure("events.debug_images")
def debug_images(
    call: Call,
    metrics: Items,
    iters: int = 1,
    navigate_earlier: bool = True,
    refresh: bool = False,
    scroll_id: str | None = None,
    model_events: bool = False,
) -> Item:
    """Debug images by task and iteration, the newest first."""
    return _media(call, EventKind.IMAGE, metrics, iters, navigate_earlier, refresh, scroll_id, model_events)


@procedure("events.plots")
def plots(
    call: Call,
    metrics: Items,
    iters: int = 1,
    navigate_earlier: bool = True,
    refresh: bool = False,
    scroll_id: str | None = None,
    model_events: bool = False,
) -> Item:
    """Plots by task and iteration, the newest first."""
    return _media(call, EventKind.PLOT, metrics, iters, navigate_earlier, refresh, scroll_id, model_events)


@procedure("events.get_debug_image_sample")
def get_debug_image_sample(
    call: Call,
    task: str,
    metric: str,
    variant: str,
    iteration: int | None = None,
    navigate_current_metric: bool = True,
    model_events: bool = False,
) -> Item:
    """One debug image for a viewer: at an iteration, or the newest."""
    reading.check_entity(call, task, is_model=model_events)
    found = reading.sample(call, task, kind=EventKind.IMAGE, metric=metric, variant=variant, iteration=iteration)
    return _first_event(found)


@procedure("events.next_debug_image_sample")
def next_debug_image_sample(
    call: Call, task: str, scroll_id: str, navigate_earlier: bool = True, next_iteration: bool = False, model_events: bool = False
) -> Item:
    """The debug image before or after the one that a viewer shows."""
    reading.check_entity(call, task, is_model=model_events)
    return _first_event(_next_sample(call, task, scroll_id, earlier=navigate_earlier))


@procedure("events.get_plot_sample")
def get_plot_sample(
    call: Call,
    task: str,
    metric: str,
    iteration: int | None = None,
    navigate_current_metric: bool = True,
    model_events: bool = False,
) -> Item:
    """The plots of a metric for a viewer: at an iteration, or the newest."""
    reading.check_entity(call, task, is_model=model_events)
    return reading.sample(call, task, kind=EventKind.PLOT, metric=metric, variant="", iteration=iteration)


@procedure("events.next_plot_sample")
def next_plot_sample(
    call: Call, task: str, scroll_id: str, navigate_earlier: bool = True, next_iteration: bool = False, model_events: bool = False
) -> Item:
    """The plots before or after those that a viewer shows."""
    reading.check_entity(call, task, is_model=model_events)
    return _next_sample(call, task, scroll_id, earlier=navigate_earlier)


@procedure("events.get_task_log")
def get_task_log(
    call: Call,
    task: str,
    batch_size: int = 5_000,
    navigate_earlier: bool = True,
    from_timestamp: float | None = None,
    order: str | None = None,
) -> Item:
    """Lines of the console, before or after a time."""
    reading.check_entity(call, task, is_model=False)
    timestamp = None if from_timestamp is None else int(max(-(2.0**60), min(from_timestamp, 2.0**60)))
    return reading.log_page(call, task, limit=batch_size, earlier=navigate_earlier, timestamp=timestamp, order=order)


@procedure("events.get_log_lines")
def get_log_lines(call: Call, task: str, first: int | None = None, limit: int = 500) -> Item:
    """The lines of the console from a number on, or the last ones."""
    reading.check_entity(call, task, is_model=False)
    return console.line_page(call, task, first=first, limit=limit)


@procedure("events.find_in_log")
def find_in_log(call: Call, task: str, text: str, exact_case: bool = False) -> Item:
    """Which lines of the console hold a text."""
    reading.check_entity(call, task, is_model=False)
    return console.find_text(call, task, text, exact_case=exact_case)


@procedure("events.download_task_log")
def download_task_log(call: Call, task: str, line_type: str = "text", line_format: str = "{asctime} {worker} {level} {msg}") -> Raw:
    """The whole console as a text, or as one JSON object a line."""
    reading.check_entity(call, task, is_model=False)
    documents = reading.line_documents(task, list(reading.all_lines(call, task)))
    if line_type == "json":
        return Raw(b"".join(msgspec.json.encode(document) + b"\n" for document in documents), "application/json-lines")
    if line_type != "text":
        raise FieldInvalid(f"line_type: {line_type!r:.60} is none", hint="use text or json")
    template = string.Template(_as_template(line_format))
    lines = [template.safe_substitute(asctime=reading.iso(document["timestamp"]), **_texts(document)) for document in documents]
    return Raw("".join(f"{line}\n" for line in lines).encode(), "text/plain; charset=utf-8")


@procedure("events.delete_for_task", needs=WRITE)
def delete_for_task(call: Call, task: str, allow_locked: bool = False) -> Item:
    """Forget everything that a task reported."""
    call.check_project(reading.check_entity(call, task, is_model=False)["project"])
    return {"deleted": service.drop_events(call, task)}


@procedure("events.delete_for_model", needs=WRITE)
def delete_for_model(call: Call, model: str, allow_locked: bool = False) -> Item:
    """Forget everything that was reported of a model."""
    call.check_project(reading.check_entity(call, model, is_model=True)["project"])
    return {"deleted": service.drop_events(call, model)}


@procedure("events.clear_task_log", needs=WRITE)
def clear_task_log(call: Call, task: str, threshold_sec: int | None = None, allow_locked: bool = False) -> Item:
    """Forget the console of a task, or what is older than some seconds."""
    call.check_project(get_task(call, task, ["project"])["project"])
    before = None if threshold_sec is None else int((call.tx.time.timestamp() - min(threshold_sec, 2**40)) * 1_000)
    return {"deleted": call.tx.logs.drop([task], before=before)}


@procedure("events.clear_scroll")
def clear_scroll(call: Call, scroll_id: str) -> Item:
    """Nothing: readers carry their place themselves."""
    return {}


def _media(
    call: Call,
    kind: str,
    metrics: Items,
    iters: int,
    earlier: bool,
    refresh: bool,
    scroll_id: str | None,
    model_events: bool,
) -> Item:
    wanted: dict[str, dict[str, list[str]] | None] = {}
    for item in metrics:
        if not isinstance(item.get("task"), str):
            raise FieldInvalid("metrics: an item has no task", hint="give each item task, and metric and variants if you like")
        known = wanted.setdefault(item["task"], {} if item.get("metric") else None)
        if item.get("metric") and known is not None:
            known.setdefault(item["metric"], []).extend(item.get("variants") or [])
    _named(call, list(wanted), is_model=model_events)
    return reading.media_by_iteration(
        call, list(wanted.items()), kind=kind, iters=iters, earlier=earlier, refresh=refresh, scroll_id=scroll_id
    )


def _named(call: Call, ids: list[str], *, is_model: bool) -> dict[str, str]:
    """The names of tasks or models by their ids; raises for one that does not exist."""
    return {id: reading.check_entity(call, id, is_model=is_model)["name"] for id in dict.fromkeys(ids)}


def _check_kind(kind: str) -> None:
    if kind not in _KINDS:
        raise FieldInvalid(f"event_type: {kind!r:.60} is none", hint=f"use one of {', '.join(sorted(_KINDS - {''}))}")


def _first_event(found: Item) -> Item:
    events = found.pop("events")
    return found | {"event": events[0] if events else None}


def _next_sample(call: Call, task: str, scroll_id: str, *, earlier: bool) -> Item:
    state = load_scroll(scroll_id)
    if state.get("e") != task or not isinstance(state.get("m"), str):
        raise ScrollUnknown("the scroll id is one of another viewer", hint="begin again without one")
    return reading.sample(
        call,
        task,
        kind=str(state.get("k")),
        metric=state["m"],
        variant=str(state.get("v") or ""),
        iteration=state.get("i"),
        step=-1 if earlier else 1,
    )


def _as_template(line_format: str) -> str:
    """`{name}` as `${name}`, so that nothing but names can stand in it."""
    escaped = line_format.replace("$", "$$")
    for name in ("asctime", "worker", "level", "msg"):
        escaped = escaped.replace(f"{{{name}}}", f"${{{name}}}")
    return escaped


def _texts(document: Item) -> dict[str, str]:
    return {name: str(document[name]).removesuffix("\n") for name in ("worker", "level", "msg")}
