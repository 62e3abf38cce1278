"""Which dataset versions tasks used, and which tasks and models used a version.

ClearML's client keeps in a task's runtime a list of ids, `datasets`, and a key with name and number for each. What is noted here
has the same, and a key that names the project besides, so that either client's tasks are read by both.
"""

from typing import Any

from msgspec import Struct

from tilth.domain.version import DatasetVersion
from tilth.server.services.context import Call
from tilth.server.services.task_parts import edit_parameters
from tilth.server.services.tasks import check_editable, get_task, stamp
from tilth.server.stores.documents import Document
from tilth.server.stores.query import Order, Query, SqlText
from tilth.wire.dataset_uses import ALIASES, NAMES, USED, full_name_key, number_key

__all__ = ["note_use", "users_of"]

_MOST = 1_000
_BATCH = 500
_NEWEST = (Order("created", descending=True),)


class _Named(Struct, frozen=True):
    project: str
    name: str
    version: str


def note_use(call: Call, task: str, id: str, *, alias: str | None, project: str, name: str, version: str) -> None:
    """Note that a task uses a version, which may have been deleted since. Safe to repeat, from several processes of the task at once."""
    found = get_task(call, task, ["status", "project", "runtime"])
    check_editable(call, found, force=True)
    known: DatasetVersion | _Named = call.tx.versions.get(id) or _Named(project, name, version)
    runtime = found["runtime"] or {}
    used = list(dict.fromkeys([*(runtime.get(USED) or ()), id]))
    noted = {USED: used, number_key(known.name, known.version): id, full_name_key(id): f"{known.project}/{known.name}@{known.version}"}
    call.tx.documents.tasks.change(task, {"runtime": runtime | noted} | stamp(call))
    call.tx.changed("task.updated", task, found["project"])
    if alias:
        item = {"section": ALIASES, "name": alias, "value": id, "type": "str", "description": ""}
        edit_parameters(call, task, [item], replace="none", force=True)


def users_of(call: Call, id: str) -> dict[str, Any]:
    """The tasks that used a version, and the models that they made, newest first; those that the caller may see."""
    quoted = f'"{id}"'
    where: list[SqlText] = [("instr(task.runtime, ?) > 0", [f'"{USED}"']), ("instr(task.runtime, ?) > 0", [quoted])]
    fields = ["id", "name", "type", "status", "project", "created", "runtime", "hyperparams"]
    found = call.tx.documents.tasks.search(Query(where=tuple(where), order=_NEWEST, limit=_MOST), fields)
    tasks = [task for task in found if id in (task["runtime"].get(USED) or ())]
    models: list[Document] = []
    for start in range(0, len(tasks), _BATCH):
        makers = [task["id"] for task in tasks[start : start + _BATCH]]
        made: list[SqlText] = [(f"model.task IN ({', '.join('?' for _ in makers)})", makers)]
        models += call.tx.documents.models.search(
            Query(where=tuple(made), order=_NEWEST, limit=_MOST), ["id", "name", "task", "project", "framework", "ready", "created"]
        )
    names = _project_names(call, [*tasks, *models])
    return {
        "tasks": [_task(task, id, names) for task in tasks],
        "models": [model | {"project": names.get(model["project"] or "", "")} for model in models[:_MOST]],
    }


def _task(task: Document, id: str, projects: dict[str, str]) -> dict[str, Any]:
    said = (task["hyperparams"] or {}).get(ALIASES) or {}
    aliases = [name for name, item in said.items() if isinstance(item, dict) and item.get("value") == id]
    full_name = str(task["runtime"].get(f"{NAMES}{id}") or "")
    shown = {name: task[name] for name in ("id", "name", "type", "status", "created")}
    return shown | {"project": projects.get(task["project"] or "", ""), "aliases": aliases, "dataset": full_name}


def _project_names(call: Call, documents: list[Document]) -> dict[str, str]:
    ids = list(dict.fromkeys(document["project"] for document in documents if document["project"]))
    found: dict[str, str] = {}
    for start in range(0, len(ids), _BATCH):
        some = call.tx.documents.projects.get_many(ids[start : start + _BATCH], ["name"])
        found |= {id: project["name"] for id, project in some.items()}
    return found
