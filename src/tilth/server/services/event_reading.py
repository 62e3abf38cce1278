"""What tasks and models reported, as charts, tables and viewers ask for it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from tilth.base.errors import FieldInvalid
from tilth.domain.access import Permission
from tilth.domain.event import EventKind, Line, Point
from tilth.server.services.context import Call
from tilth.server.services.models import get_model
from tilth.server.services.searching import load_scroll, save_scroll
from tilth.server.services.tasks import get_task
from tilth.server.stores.blocks import BLOCK, Columns, bands_of, reduce_points
from tilth.server.stores.scalars import Series

__all__ = [
    "CurveQuery",
    "all_lines",
    "check_entity",
    "curves",
    "events_page",
    "iso",
    "latest_media",
    "line_documents",
    "log_page",
    "media_by_iteration",
    "multi_curves",
    "names_of",
    "raw_scalars",
    "sample",
    "scalar_names",
    "single_values",
]

_KEYS = ("iter", "timestamp", "iso_time")
_MOST_SAMPLES = 100_000
_MOST_EVENTS = 10_000
_MOST_EXACT = 1_000_000
"""As many points are read for the bands of one answer; of longer curves the bands are made of the extremes kept of each block."""
_FARTHEST = 2**53

Names = Mapping[str, Sequence[str]] | None


def check_entity(call: Call, id: str, *, is_model: bool) -> dict[str, Any]:
    """The task or model that events belong to; raises if the caller may not see it."""
    found = get_model(call, id, ["name", "project"]) if is_model else get_task(call, id, ["name", "project"])
    call.check_project(found["project"], Permission.READ)
    return found


class CurveQuery(Struct, frozen=True):
    """How curves are asked for."""

    samples: int
    key: str
    """What their x is: `iter`, `timestamp` or `iso_time`."""
    bands: bool = False
    """Means of stretches with the extremes of each, in place of extremes alone."""
    between: Sequence[float] | None = None
    """The part of x that is wanted, in iterations or milliseconds: all of it, and the next point on each side."""


def curves(call: Call, entity: str, query: CurveQuery, names: Names) -> dict[str, dict[str, Any]]:
    """The scalars of one task or model by metric and variant, at most about `samples` points each, extremes kept."""
    _check_query(query)
    found: dict[str, dict[str, Any]] = {}
    wanted = _wanted(call.tx.scalars.series_of([entity]), names)
    for series in wanted:
        curve = _curve(call, series, query, exact=_MOST_EXACT // len(wanted))
        if curve["x"]:
            found.setdefault(series.metric, {})[series.variant] = {"name": series.variant} | curve
    return found


def multi_curves(call: Call, entities: Mapping[str, str], query: CurveQuery, names: Names) -> dict[str, dict[str, dict[str, Any]]]:
    """The same for several, whose names are given by their ids: by metric, variant and id."""
    _check_query(query)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    wanted = _wanted(call.tx.scalars.series_of(list(entities)), names)
    for series in wanted:
        curve = _curve(call, series, query, exact=_MOST_EXACT // len(wanted))
        if curve["x"]:
            found.setdefault(series.metric, {}).setdefault(series.variant, {})[series.entity] = {"name": entities[series.entity]} | curve
    return found


def raw_scalars(call: Call, entity: str, *, names: Names, key: str, limit: int, scroll_id: str | None, count_total: bool) -> dict[str, Any]:
    """Every point of some Series, in pages."""
    _check_key(key)
    wanted = _wanted(call.tx.scalars.series_of([entity]), names)
    page, scroll = _scalar_page(call, wanted, limit=min(max(limit, 1), _MOST_SAMPLES), scroll_id=scroll_id, descending=False)
    variants: dict[str, dict[str, list[Any]]] = {}
    column = "iter" if key == "iter" else "timestamp"
    for series, point in page:
        target = variants.setdefault(series.variant, {"y": [], column: []})
        target["y"].append(point.value)
        target[column].append(point.iter if key == "iter" else _time(point.timestamp, key))
    answer = {"variants": variants, "returned": len(page), "scroll_id": scroll}
    return answer | ({"total": sum(series.count for series in wanted)} if count_total else {})


def single_values(call: Call, entities: Mapping[str, str], names: Names) -> list[dict[str, Any]]:
    """The values that belong to no iteration, of several tasks or models."""
    found: dict[str, list[dict[str, Any]]] = {}
    for series, value, timestamp in call.tx.scalars.single_values(list(entities)):
        if _fits(series.metric, series.variant, names):
            item = {"metric": series.metric, "variant": series.variant, "value": value, "timestamp": timestamp}
            found.setdefault(series.entity, []).append(item)
    return [{"task": id, "task_name": entities[id], "values": values} for id, values in found.items()]


def scalar_names(call: Call, entity: str) -> dict[str, list[str]]:
    """The metrics of scalars and their variants."""
    found: dict[str, list[str]] = {}
    for series in call.tx.scalars.series_of([entity]):
        found.setdefault(series.metric, []).append(series.variant)
    return found


def names_of(call: Call, entities: Sequence[str], kind: str) -> list[tuple[str, str, str]]:
    """Entity, metric and variant of all events of a kind; of every kind but the console's if it is empty."""
    found: list[tuple[str, str, str]] = []
    if kind in ("", EventKind.SCALAR):
        found += [(series.entity, series.metric, series.variant) for series in call.tx.scalars.series_of(entities)]
    for other in (EventKind.PLOT, EventKind.IMAGE, EventKind.VECTOR):
        if kind in ("", other):
            found += call.tx.media.names(entities, other)
    return sorted(set(found))


def events_page(call: Call, entity: str, *, kind: str, names: Names, limit: int, scroll_id: str | None, descending: bool) -> dict[str, Any]:
    """Events of a kind in the order of iterations, page by page; the last page is empty."""
    size = min(max(limit, 1), _MOST_EVENTS)
    if kind == EventKind.SCALAR:
        wanted = _wanted(call.tx.scalars.series_of([entity]), names)
        page, scroll = _scalar_page(call, wanted, limit=size, scroll_id=scroll_id, descending=descending)
        events = [_scalar_document(series, point) for series, point in page]
        return {"events": events, "returned": len(events), "total": sum(series.count for series in wanted), "scroll_id": scroll}
    offset = int(load_scroll(scroll_id).get("o", 0)) if scroll_id else 0
    if kind == EventKind.LOG:
        total = call.tx.logs.count(entity)
        events = line_documents(entity, call.tx.logs.page(entity, offset=offset, limit=size))
    else:
        total = call.tx.media.count(entity, kind, names)
        events = call.tx.media.page(entity, kind, offset=offset, limit=size, descending=descending, names=names)
    return {"events": events, "returned": len(events), "total": total, "scroll_id": save_scroll({"o": offset + len(events)})}


def latest_media(call: Call, entity: str, *, kind: str, iters: int, names: Names) -> list[dict[str, Any]]:
    """The events of the last iterations of each metric and variant."""
    return call.tx.media.latest(entity, kind, per_series=max(1, iters), names=names)


def media_by_iteration(
    call: Call, wanted: Sequence[tuple[str, Names]], *, kind: str, iters: int, earlier: bool, refresh: bool, scroll_id: str | None
) -> dict[str, Any]:
    """Events by task and iteration, the newest first; going on from `scroll_id` until there are no more."""
    state: dict[str, Any] = load_scroll(scroll_id) if scroll_id and not refresh else {}
    answer = []
    for entity, names in wanted:
        place = state.get(entity)
        before, after = (place["low"], None) if place and earlier else (None, place["high"] if place else None)
        found = call.tx.media.iterations(entity, kind, limit=max(1, min(iters, 1_000)), before=before, after=after, names=names)
        if found:
            low, high = min(found), max(found)
            state[entity] = {"low": low, "high": high}
        events: dict[int, list[dict[str, Any]]] = {}
        for event in call.tx.media.at(entity, kind, found, names):
            events.setdefault(event["iter"], []).append(event)
        ordered = sorted(events, reverse=True)
        answer.append({"task": entity, "iterations": [{"iter": iter, "events": events[iter]} for iter in ordered]})
    return {"scroll_id": save_scroll(state), "metrics": answer}


def sample(
    call: Call, entity: str, *, kind: str, metric: str, variant: str, iteration: int | None, step: int = 0, over_all: bool = False
) -> dict[str, Any]:
    """One event for a viewer: at an iteration or the newest; `step` -1 or 1 goes to the one before or after it."""
    names: Names = {metric: [variant]} if variant else {metric: []}
    wanted = None if over_all else names
    low, high = call.tx.media.edges(entity, kind, metric, variant)
    if step and iteration is not None:
        place = {"before": iteration} if step < 0 else {"after": iteration}
        found = call.tx.media.iterations(entity, kind, limit=1, names=wanted, **place)
    elif iteration is not None:
        found = [iteration]
    else:
        found = call.tx.media.iterations(entity, kind, limit=1, names=wanted)
    events = call.tx.media.at(entity, kind, found, wanted)
    state = {"e": entity, "k": kind, "m": metric, "v": variant, "i": found[0] if found else iteration, "a": over_all}
    return {"scroll_id": save_scroll(state), "events": events, "min_iteration": low, "max_iteration": high}


def log_page(call: Call, entity: str, *, limit: int, earlier: bool, timestamp: int | None, order: str | None) -> dict[str, Any]:
    """Lines of the console before or after a time; all of the millisecond at the page's edge are on it."""
    size = min(max(limit, 1), _MOST_EVENTS)
    lines = call.tx.logs.earlier(entity, timestamp, size) if earlier else call.tx.logs.later(entity, timestamp, size)
    newest_first = earlier if order is None else order == "desc"
    events = line_documents(entity, lines[::-1] if newest_first else lines)
    return {"events": events, "returned": len(events), "total": call.tx.logs.count(entity)}


def line_documents(entity: str, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Lines of the console as events."""
    return [
        {"type": EventKind.LOG, "task": entity, "timestamp": line.timestamp, "level": line.level, "worker": line.worker, "msg": line.msg}
        for line in lines
    ]


def _scalar_page(
    call: Call, series: Sequence[Series], *, limit: int, scroll_id: str | None, descending: bool
) -> tuple[list[tuple[Series, Point]], str]:
    """The next points of several Series, one after the other, and where to go on."""
    state = load_scroll(scroll_id) if scroll_id else {"s": 0, "i": None}
    place, after = int(state.get("s") or 0), state.get("i")
    page: list[tuple[Series, Point]] = []
    while place < len(series) and len(page) < limit:
        found = call.tx.scalars.points(series[place], after=after, limit=limit - len(page), descending=descending)
        page += [(series[place], point) for point in found]
        if len(page) < limit:
            place, after = place + 1, None
        else:
            after = found[-1].iter
    return page, save_scroll({"s": place, "i": after})


def _scalar_document(series: Series, point: Point) -> dict[str, Any]:
    return {
        "type": EventKind.SCALAR,
        "task": series.entity,
        "metric": series.metric,
        "variant": series.variant,
        "iter": point.iter,
        "timestamp": point.timestamp,
        "value": point.value,
    }


def _wanted(series: Sequence[Series], names: Names) -> list[Series]:
    return [found for found in series if _fits(found.metric, found.variant, names)]


def _fits(metric: str, variant: str, names: Names) -> bool:
    return names is None or (metric in names and (not names[metric] or variant in names[metric]))


def _curve(call: Call, series: Series, query: CurveQuery, *, exact: int) -> dict[str, Any]:
    most = min(max(query.samples, 1), _MOST_SAMPLES)
    if query.between is None and not query.bands:
        columns = call.tx.scalars.curve(series, most)
        return {"x": _x(columns, query.key), "y": list(columns.values)}
    if query.between is None and series.count > max(exact, most * BLOCK // 2):
        return _outlined(call, series, query, most)
    points = _points_between(call, series, query)
    count = len(points.iters)
    if not query.bands:
        points = reduce_points(points, most)
        return {"x": _x(points, query.key), "y": list(points.values), "points": count}
    bands = bands_of(points, most)
    curve = {"x": _x(Columns(*bands[:3]), query.key), "y": list(bands.values), "points": count}
    return curve if len(bands.iters) == count else curve | {"y_min": list(bands.lows), "y_max": list(bands.highs)}


def _outlined(call: Call, series: Series, query: CurveQuery, most: int) -> dict[str, Any]:
    """A curve with a band that is too long to be read: its extremes are exact, and its middle is the mean of them."""
    points = call.tx.scalars.curve(series, min(4 * most, 2 * (series.count // BLOCK)))
    bands = bands_of(points, max(len(points.iters) // 3, 2))
    curve = {"x": _x(Columns(*bands[:3]), query.key), "y": list(bands.values), "points": series.count}
    return curve | {"y_min": list(bands.lows), "y_max": list(bands.highs)}


def _points_between(call: Call, series: Series, query: CurveQuery) -> Columns:
    """The points of a part of x, and the next one on each side: a line that leaves the part is seen to leave it."""
    if query.between is None:
        return call.tx.scalars.between(series, None, None)
    low, high = query.between
    is_iter = query.key == "iter"
    points = call.tx.scalars.between(series, *((math.floor(low), math.ceil(high)) if is_iter else (None, None)))
    along = points.iters if is_iter else points.timestamps
    inside = [at for at, x in enumerate(along) if low <= x <= high]
    after = next((at for at, x in enumerate(along) if x > high), len(along))
    first, last = (inside[0], inside[-1]) if inside else (after, after - 1)
    part = slice(max(0, first - 1), last + 2)
    return Columns(points.iters[part], points.timestamps[part], points.values[part])


def _x(columns: Columns, key: str) -> list[Any]:
    if key == "iter":
        return list(columns.iters)
    return [_time(timestamp, key) for timestamp in columns.timestamps]


def _time(timestamp: int, key: str) -> Any:
    return iso(timestamp) if key == "iso_time" else timestamp


def iso(timestamp: int) -> str:
    """A timestamp in milliseconds as a text."""
    return datetime.fromtimestamp(timestamp / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _check_query(query: CurveQuery) -> None:
    _check_key(query.key)
    if query.between is not None:
        low, high = query.between if len(query.between) == 2 else (1, 0)
        if not -_FARTHEST <= low <= high <= _FARTHEST:
            raise FieldInvalid(f"between: {list(query.between)!r:.60} is no part of x", hint="give two numbers, the smaller first")


def _check_key(key: str) -> None:
    if key not in _KEYS:
        raise FieldInvalid(f"key: {key!r:.60} is none", hint="use iter, timestamp or iso_time")


def all_lines(call: Call, entity: str) -> Iterator[Line]:
    """Every line of the console, oldest first."""
    yield from call.tx.logs.later(entity, None, 10**9)
