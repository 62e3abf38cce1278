"""What serving containers say of themselves."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tilth.base.errors import FieldInvalid, NotFound
from tilth.server.services.context import Call
from tilth.server.stores.serving import Container

__all__ = ["details", "endpoints", "history", "loading", "register", "report", "unregister"]

_MACHINE = {
    "cpu_util": "cpu_usage",
    "gpu_util": "gpu_usage",
    "ram_free": "memory_free",
    "ram_used": "memory_used",
    "gpu_ram_free": "gpu_memory_free",
    "gpu_ram_used": "gpu_memory_used",
    "network_rx": "network_rx",
    "network_tx": "network_tx",
}
_COUNTS = ("requests", "requests_min", "latency_ms")
_OTHERS = ("cpu_count", "gpu_count", "ram_total", "gpu_ram_total")
_MOST_STEPS = 5_000


def register(call: Call, id: str, fields: Mapping[str, Any], *, timeout_s: int) -> None:
    """A container begins; one of the same name that was there before is forgotten."""
    data = {name: value for name, value in fields.items() if name not in ("timeout", "method")}
    call.tx.containers.put(Container(id=id, data=data, registered=call.now, last_update=call.now, expires=_later(call, timeout_s)))
    call.tx.changed("serving.registered", id)


def report(call: Call, id: str, fields: Mapping[str, Any]) -> None:
    """A container is alive; one that did not register is taken in."""
    known = call.tx.containers.get(id)
    data = (known.data if known else {}) | {name: value for name, value in fields.items() if name != "method"} | {"reported": True}
    timeout = int(data.get("timeout") or 600)
    registered = known.registered if known else call.now
    call.tx.containers.put(Container(id=id, data=data, registered=registered, last_update=call.now, expires=_later(call, timeout)))
    numbers = {
        name: fields.get(source)
        for name, source in (("requests", "requests_num"), ("requests_min", "requests_min"), ("latency_ms", "latency_ms"))
    }
    call.tx.samples.add(f"serving:{id}", int(call.tx.time.timestamp()), None, numbers | dict(fields.get("machine_stats") or {}))


def unregister(call: Call, id: str) -> None:
    """A container ends; nothing if there is none by this name."""
    if call.tx.containers.remove(id):
        call.tx.changed("serving.unregistered", id)


def endpoints(call: Call) -> list[dict[str, Any]]:
    """What is served, by address, name and model."""
    grouped: dict[tuple[str, str, str], list[Container]] = {}
    for container in _alive(call):
        if container.data.get("reported"):
            names = ("endpoint_name", "model_name", "endpoint_url")
            key = tuple(str(container.data.get(name) or "") for name in names)
            grouped.setdefault(key, []).append(container)  # type: ignore[arg-type]
    return [
        {
            "endpoint": endpoint,
            "model": model,
            "url": url,
            "instances": len(group),
            "uptime_sec": max(_number(container, "uptime_sec") for container in group),
            "requests": sum(_number(container, "requests_num") for container in group),
            "requests_min": sum(_number(container, "requests_min") for container in group),
            "latency_ms": round(sum(_number(container, "latency_ms") for container in group) / len(group)),
            "last_update": max(container.last_update for container in group),
        }
        for (endpoint, model, url), group in grouped.items()
    ]


def loading(call: Call) -> list[dict[str, Any]]:
    """The containers that registered and have not reported yet."""
    return [_shown(container) for container in _alive(call) if not container.data.get("reported")]


def details(call: Call, url: str) -> dict[str, Any]:
    """The containers behind one address."""
    group = _behind(call, url)
    first = group[0].data
    said = {name: first.get(name) for name in ("model_source", "model_version", "preprocess_artifact", "input_type", "input_size")}
    return said | {
        "endpoint": first.get("endpoint_name"),
        "model": first.get("model_name"),
        "url": url,
        "uptime_sec": max(_number(container, "uptime_sec") for container in group),
        "last_update": max(container.last_update for container in group),
        "instances": [_shown(container) for container in group],
    }


def history(call: Call, url: str, *, start_s: int, stop_s: int, interval_s: int, metric: str, by_instance: bool) -> dict[str, Any]:
    """What the containers behind one address reported, in steps of time."""
    if metric not in (*_COUNTS, *_MACHINE, *_OTHERS):
        raise FieldInvalid(f"metric_type: {metric!r:.60} is none", hint=f"use one of {', '.join((*_COUNTS, *_MACHINE, *_OTHERS))}")
    step = max(1, interval_s, (stop_s - start_s) // _MOST_STEPS)
    names = [f"serving:{container.id}" for container in _behind(call, url)]
    found: dict[str, dict[int, list[float]]] = {}
    for name, at, _, data in call.tx.samples.between(names, start_s, stop_s):
        value = data.get(_MACHINE.get(metric, metric))
        numbers = [float(part) for part in (value if isinstance(value, list) else [value]) if isinstance(part, (int, float))]
        if numbers:
            found.setdefault(name.removeprefix("serving:"), {}).setdefault(at - at % step, []).append(sum(numbers) / len(numbers))
    charts = {id: {at: sum(values) / len(values) for at, values in steps.items()} for id, steps in found.items()}
    dates = sorted({at for steps in charts.values() for at in steps})
    total = [sum(steps.get(at, 0.0) for steps in charts.values()) for at in dates]
    shown = {id: {"title": id, "dates": list(steps), "values": list(steps.values())} for id, steps in charts.items()}
    return {
        "computed_interval": step,
        "total": {"title": metric, "dates": dates, "values": total, "description": None},
        "instances": shown if by_instance else {},
    }


def _alive(call: Call) -> list[Container]:
    return call.tx.containers.alive(call.now)


def _behind(call: Call, url: str) -> list[Container]:
    found = [container for container in _alive(call) if container.data.get("endpoint_url") == url]
    if not found:
        raise NotFound(f"nothing is served at {url:.200}", hint="see serving.get_endpoints for what is")
    return found


def _shown(container: Container) -> dict[str, Any]:
    data = container.data
    return {
        "id": container.id,
        "endpoint": data.get("endpoint_name"),
        "model": data.get("model_name"),
        "url": data.get("endpoint_url"),
        "uptime_sec": _number(container, "uptime_sec"),
        "requests": _number(container, "requests_num"),
        "requests_min": _number(container, "requests_min"),
        "latency_ms": _number(container, "latency_ms"),
        "last_update": container.last_update,
        "age_sec": 0,
        "reference": data.get("reference") or [],
    }


def _number(container: Container, name: str) -> float:
    value = container.data.get(name)
    return value if isinstance(value, (int, float)) else 0


def _later(call: Call, seconds: int) -> str:
    return (call.tx.time + timedelta(seconds=min(max(seconds, 1), 10**9))).isoformat(timespec="microseconds").replace("+00:00", "Z")
