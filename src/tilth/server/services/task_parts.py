"""What a task is made of: its parameters, configurations, artifacts and models, changed one by one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tilth.server.services.context import Call
from tilth.server.services.tasks import check_editable, get_task, get_tasks, stamp

__all__ = [
    "configuration_names",
    "configurations",
    "delete_artifacts",
    "delete_configuration",
    "delete_models",
    "delete_parameters",
    "edit_configuration",
    "edit_parameters",
    "edit_runtime",
    "flat_parameters",
    "put_artifacts",
    "put_model",
    "raise_iteration",
    "set_requirements",
]

Item = dict[str, Any]


def edit_parameters(call: Call, id: str, items: Sequence[Item], *, replace: str, force: bool) -> int:
    """Set hyperparameters. `replace` says what of the others goes: `none`, those of the same `section`, or `all`."""

    def change(before: dict[str, Any]) -> dict[str, Any]:
        sections = {item["section"] for item in items}
        kept = {
            name: dict(values) for name, values in before.items() if replace != "all" and not (replace == "section" and name in sections)
        }
        for item in items:
            kept.setdefault(item["section"], {})[item["name"]] = item
        return kept

    _change(call, id, "hyperparams", change, force=force)
    return 1


def delete_parameters(call: Call, id: str, keys: Sequence[Item], *, force: bool) -> int:
    """Remove hyperparameters by section and name, or whole sections."""

    def change(before: dict[str, Any]) -> dict[str, Any]:
        kept = {name: dict(values) for name, values in before.items()}
        for key in keys:
            if key.get("name"):
                kept.get(key["section"], {}).pop(key["name"], None)
            else:
                kept.pop(key["section"], None)
        return {name: values for name, values in kept.items() if values}

    _change(call, id, "hyperparams", change, force=force)
    return 1


def flat_parameters(call: Call, ids: Sequence[str]) -> list[Item]:
    """The hyperparameters of tasks as flat lists."""
    found = get_tasks(call, ids, ["hyperparams"])
    return [
        {"task": id, "hyperparams": [item for section in task["hyperparams"].values() for item in section.values()]}
        for id, task in found.items()
    ]


def edit_configuration(call: Call, id: str, items: Sequence[Item], *, replace: bool, force: bool) -> int:
    """Set configurations by their names."""
    named = {str(item.get("name") or ""): item for item in items}
    _change(call, id, "configuration", lambda before: named if replace else before | named, force=force)
    return 1


def delete_configuration(call: Call, id: str, names: Sequence[str], *, force: bool) -> int:
    """Remove configurations."""
    _change(call, id, "configuration", lambda before: {name: item for name, item in before.items() if name not in names}, force=force)
    return 1


def configurations(call: Call, ids: Sequence[str], names: Sequence[str] | None) -> list[Item]:
    """The configurations of tasks, or those by some names."""
    found = get_tasks(call, ids, ["configuration"])
    return [
        {"task": id, "configuration": [item for name, item in task["configuration"].items() if names is None or name in names]}
        for id, task in found.items()
    ]


def configuration_names(call: Call, ids: Sequence[str], *, skip_empty: bool) -> list[Item]:
    """The names of the configurations of tasks."""
    found = get_tasks(call, ids, ["configuration"])
    named = [{"task": id, "names": sorted(task["configuration"])} for id, task in found.items()]
    return [item for item in named if item["names"] or not skip_empty]


def put_artifacts(call: Call, id: str, artifacts: Sequence[Item], *, force: bool) -> int:
    """Add artifacts, in place of those with the same key and mode."""

    def change(before: dict[str, Any]) -> dict[str, Any]:
        known = {_artifact_key(item): item for item in before.get("artifacts") or ()}
        known |= {_artifact_key(item): {"mode": "output"} | item for item in artifacts}
        return before | {"artifacts": sorted(known.values(), key=lambda item: (item.get("key") or "", item.get("mode") or ""))}

    _change(call, id, "execution", change, force=force)
    return 1


def delete_artifacts(call: Call, id: str, keys: Sequence[Item], *, force: bool) -> int:
    """Remove artifacts by key and mode."""
    gone = {_artifact_key(key) for key in keys}

    def change(before: dict[str, Any]) -> dict[str, Any]:
        return before | {"artifacts": [item for item in before.get("artifacts") or () if _artifact_key(item) not in gone]}

    _change(call, id, "execution", change, force=force)
    return 1


def put_model(call: Call, id: str, *, name: str, model: str, type: str, iteration: int | None) -> int:
    """Add a model that a task takes or makes, in place of one by the same name."""

    def change(before: dict[str, Any]) -> dict[str, Any]:
        item = {"name": name, "model": model, "updated": call.now}
        kept = list(before.get(type) or ())
        place = next((place for place, known in enumerate(kept) if known.get("name") == name), None)
        if place is None:
            kept.append(item)
        else:
            kept[place] = item
        return before | {type: kept}

    _change(call, id, "models", change, force=True)
    if iteration is not None:
        raise_iteration(call, id, iteration)
    return 1


def delete_models(call: Call, id: str, models: Sequence[Item]) -> int:
    """Take models out of a task by name and type; the models themselves stay."""
    gone = {(item.get("type"), item.get("name")) for item in models}

    def change(before: dict[str, Any]) -> dict[str, Any]:
        return {type: [item for item in items or () if (type, item.get("name")) not in gone] for type, items in before.items()}

    _change(call, id, "models", change, force=True)
    return 1


def edit_runtime(call: Call, id: str, put: Mapping[str, Any], remove: Sequence[str], *, force: bool) -> int:
    """Set runtime properties and remove others."""
    _change(
        call, id, "runtime", lambda before: {name: value for name, value in (before | dict(put)).items() if name not in remove}, force=force
    )
    return 1


def set_requirements(call: Call, id: str, requirements: Any) -> dict[str, Any]:
    """Replace the packages that a task needs."""
    script = _change(call, id, "script", lambda before: before | {"requirements": requirements}, force=True)
    return {"updated": 1, "fields": {"script.requirements": script["requirements"]}}


def raise_iteration(call: Call, id: str, iteration: int) -> None:
    """Let a task's last iteration be at least this one."""
    task = get_task(call, id, ["last_iteration"])
    if iteration > (task["last_iteration"] or 0):
        call.tx.documents.tasks.change(id, {"last_iteration": iteration})


def _artifact_key(item: Mapping[str, Any]) -> tuple[str, str]:
    return str(item.get("key") or ""), str(item.get("mode") or "output")


def _change(call: Call, id: str, field: str, change: Callable[[dict[str, Any]], dict[str, Any]], *, force: bool) -> dict[str, Any]:
    """Give one field of a task another value; returns it."""
    task = get_task(call, id, ["status", "project", field])
    check_editable(call, task, force=force or task["status"] in ("created", "in_progress", "queued"))
    value = change(task[field] or {})
    call.tx.documents.tasks.change(id, {field: value} | stamp(call))
    call.tx.changed("task.updated", id, task["project"])
    return value
