"""How events are taken in: checked one by one, kept batch by batch, and summed up in the tasks that sent them."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tilth.base.errors import BatchEmpty, EventsRefused, FieldInvalid
from tilth.domain.event import MONITOR, SINGLE_VALUE, EventKind, Line, Point, ReportedEvent
from tilth.domain.task import TaskStatus
from tilth.server.services.context import Call

__all__ = ["add_events", "drop_events", "metric_names", "parse_batch"]

_DECODER = msgspec.json.Decoder(ReportedEvent)
_LARGEST = 2**62
_KINDS = (EventKind.SCALAR, EventKind.VECTOR, EventKind.IMAGE, EventKind.PLOT, EventKind.LOG)
_LEVELS = ("notset", "debug", "verbose", "info", "warn", "warning", "error", "fatal", "critical")

Errors = dict[str, int]


def parse_batch(body: bytes) -> tuple[list[ReportedEvent], Errors]:
    """The events of a batch, one JSON object a line, and what was wrong with the other lines."""
    try:
        return _DECODER.decode_lines(body), {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _parse_one_by_one(body)


def add_events(call: Call, events: Sequence[ReportedEvent], errors: Errors | None = None) -> dict[str, Any]:
    """Keep events; those that can't be kept are counted with the reason. Safe to repeat."""
    errors = dict(errors or {})
    if not events and not errors:
        raise BatchEmpty("the batch holds no events", hint="send at least one")
    batches: dict[tuple[str, bool], _Batch] = {}
    for event in events:
        reason = _taken(call, event, batches)
        if reason:
            errors[reason] = errors.get(reason, 0) + 1
    added = 0
    for (entity, is_model), batch in batches.items():
        reason = _check_entity(call, entity, is_model=is_model, allow_locked=batch.allow_locked)
        if reason:
            errors[reason] = errors.get(reason, 0) + batch.size
            continue
        _keep(call, entity, batch, is_model=is_model)
        added += batch.size
    if not added and errors:
        raise EventsRefused(f"no event was added: {'; '.join(list(errors)[:5])}", hint="check the events")
    return {"added": added, "errors": sum(errors.values()), "errors_info": errors}


class _Batch:
    """What one task or model reported at once."""

    def __init__(self) -> None:
        self.size = 0
        self.allow_locked = False
        self.scalars: dict[tuple[str, str], list[Point]] = {}
        self.labels: dict[tuple[str, str], str] = {}
        self.lines: list[Line] = []
        self.numbers: list[str] = []
        """Of the lines that have one: what tells them from others that say the same."""
        self.documents: list[dict[str, Any]] = []
        self.last_iteration: int | None = None


def _parse_one_by_one(body: bytes) -> tuple[list[ReportedEvent], Errors]:
    """The same for a batch in which something is wrong: Python's own reader also takes `NaN`."""
    found: list[ReportedEvent] = []
    errors: Errors = {}
    for line in body.split(b"\n"):
        if not line.strip():
            continue
        try:
            found.append(msgspec.convert(json.loads(line), ReportedEvent))
        except (ValueError, RecursionError) as error:
            said = f"Invalid event: {error}"[:200]
            errors[said] = errors.get(said, 0) + 1
    return found, errors


def _taken(call: Call, event: ReportedEvent, batches: dict[tuple[str, bool], _Batch]) -> str | None:
    """Put an event into its batch; the reason if it can't be kept."""
    kind = event.type.replace(" ", "_")
    is_model = bool(event.model_event or (event.model and not event.task))
    entity = event.task or event.model or ""
    if kind not in _KINDS:
        return f"Invalid event type {kind[:40]}"
    if not entity:
        return "Event has no task"
    timestamp = _whole(event.timestamp, call.tx.time.timestamp() * 1_000)
    iteration = _whole(event.iter, 0)
    if timestamp is None or iteration is None:
        return "Event has a number that is too large"
    batch = batches.get((entity, is_model))
    if batch is None:
        batch = batches[(entity, is_model)] = _Batch()
    metric, variant = event.metric or "", event.variant or ""
    if kind == EventKind.SCALAR:
        if event.value is None or not math.isfinite(event.value):
            return f"Value of {metric}/{variant} is not a finite number"[:200]
        batch.scalars.setdefault((metric, variant), []).append(Point(iteration, timestamp, event.value))
        if event.x_axis_label:
            batch.labels[(metric, variant)] = event.x_axis_label
    elif kind == EventKind.LOG:
        worker = event.worker or call.origin.worker
        level = (event.level or "info").lower()
        batch.numbers += [event.key] if event.key else []
        batch.lines.append(Line(timestamp, level if level in _LEVELS else "info", worker, (event.msg or "").replace("\x00", "")))
    else:
        batch.documents.append(_document(call, kind, entity, event, iteration, timestamp))
    batch.size += 1
    batch.allow_locked = batch.allow_locked or bool(event.allow_locked)
    counted = kind != EventKind.LOG and iteration != SINGLE_VALUE and not metric.startswith(MONITOR)
    if counted and (batch.last_iteration is None or iteration > batch.last_iteration):
        batch.last_iteration = iteration
    return None


def _document(call: Call, kind: str, entity: str, event: ReportedEvent, iteration: int, timestamp: int) -> dict[str, Any]:
    document: dict[str, Any] = {
        "type": kind,
        "task": entity,
        "metric": event.metric or "",
        "variant": event.variant or "",
        "iter": iteration,
        "timestamp": timestamp,
        "worker": event.worker or call.origin.worker,
    }
    if kind == EventKind.IMAGE:
        return document | {"key": event.key or "", "url": event.url or ""}
    if kind == EventKind.VECTOR:
        return document | {"values": event.values or []}
    document["plot_str"] = event.plot_str or ""
    if not event.skip_validation:
        plot = _plot(document["plot_str"])
        document["valid_plot"] = plot is not None
        sources = [image.get("source") for image in _images(plot)]
        if any(sources):
            document["source_urls"] = [source for source in sources if isinstance(source, str)]
            document["url"] = document["source_urls"][0] if document["source_urls"] else None
    return document


def _images(plot: Any) -> Iterator[Mapping[str, Any]]:
    layout = plot.get("layout") if isinstance(plot, Mapping) else None
    images = layout.get("images") if isinstance(layout, Mapping) else None
    yield from (image for image in images if isinstance(image, Mapping)) if isinstance(images, list) else ()


def _plot(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _whole(value: float | None, default: float) -> int | None:
    """A number without its fraction; None if it is no number that a database can keep."""
    given = default if value is None else value
    return int(given) if math.isfinite(given) and abs(given) < _LARGEST else None


def _check_entity(call: Call, entity: str, *, is_model: bool, allow_locked: bool) -> str | None:
    """The reason if a task or model can't take events."""
    if is_model:
        model = call.tx.documents.models.get(entity, ["project", "ready"])
        if model is None:
            return f"Invalid model id {entity[:40]}"
        call.check_project(model["project"])
        return None
    task = call.tx.documents.tasks.get(entity, ["status", "project"])
    if task is None:
        return f"Invalid task id {entity[:40]}"
    call.check_project(task["project"])
    if task["status"] in (TaskStatus.PUBLISHED, TaskStatus.PUBLISHING) and not allow_locked:
        return f"Task {entity} is published"
    return None


def _keep(call: Call, entity: str, batch: _Batch, *, is_model: bool) -> None:
    if batch.scalars:
        call.tx.scalars.append(entity, batch.scalars, batch.labels)
    if batch.lines:
        call.tx.logs.append(entity, batch.lines, "\n".join(batch.numbers))
    if batch.documents:
        call.tx.media.append(entity, batch.documents)
    documents = call.tx.documents.models if is_model else call.tx.documents.tasks
    values: dict[str, Any] = {"last_update": call.now}
    if batch.scalars or batch.documents:
        values["last_change"] = call.now
    if batch.last_iteration is not None:
        before = documents.get(entity, ["last_iteration"])
        if before and batch.last_iteration > (before["last_iteration"] or 0):
            values["last_iteration"] = batch.last_iteration
    documents.change(entity, values)
    call.tx.changed("model.events" if is_model else "task.events", entity)


def metric_names(metrics: Any) -> dict[str, list[str]] | None:
    """The metrics and variants that a request names; None if it names none."""
    if not metrics:
        return None
    found: dict[str, list[str]] = {}
    for item in metrics:
        if not isinstance(item, Mapping) or not isinstance(item.get("metric"), str):
            raise FieldInvalid("metrics: each needs a metric, and may have variants", hint="check the request")
        found.setdefault(item["metric"], []).extend(item.get("variants") or [])
    return found


def drop_events(call: Call, entity: str) -> bool:
    """Forget everything that one task or model reported; False if there was nothing."""
    lines = call.tx.logs.drop([entity])
    documents = call.tx.media.drop([entity])
    series = bool(call.tx.scalars.series_of([entity]))
    call.tx.scalars.drop([entity])
    return bool(lines or documents or series)
