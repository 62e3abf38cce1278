"""What may be done with tasks beside changing their state: make, read, edit, copy, move."""

from collections.abc import Mapping, Sequence
from typing import Any

from tilth.base.errors import AlreadyExists, FieldInvalid, ProjectNotFound, StatusRefused, TaskNotFound
from tilth.base.ids import is_id, new_id
from tilth.domain.task import TaskStatus
from tilth.server.services.archives import show_archives
from tilth.server.services.context import Call
from tilth.server.services.projects import ensure_project
from tilth.server.services.searching import Found, attach_metrics, conditions, find, listed, with_company
from tilth.server.stores.documents import Document
from tilth.server.stores.query import SqlText, utc_text
from tilth.server.stores.rows import marks

__all__ = [
    "TYPES",
    "check_editable",
    "clone_task",
    "count_tasks",
    "create_task",
    "edit_task",
    "get_task",
    "get_tasks",
    "move_tasks",
    "named_parameters",
    "ping_task",
    "project_conditions",
    "search_tasks",
    "shown",
    "stamp",
    "target_project",
    "update_tags",
    "update_task",
    "whole_task",
]

TYPES = (
    *("training", "testing", "inference", "data_processing", "application", "monitor", "controller", "optimizer", "service", "qc"),
    *("custom", "report"),
)
"""The types that tasks may have."""

_PARTS = ("script", "execution", "models")
"""Fields of which an edit replaces those keys that it names."""
_WHOLE = ("hyperparams", "configuration", "runtime", "container", "input")
_EMPTY_MODELS: dict[str, list[Any]] = {"input": [], "output": []}
_PRIVATE = ("enqueue_status",)
_REPORT = ("report", "report_assets")


def create_task(call: Call, fields: Mapping[str, Any]) -> str:
    """Make a task and return its id. A client may choose the id, so that making it twice makes one; and name the project."""
    project = fields.get("project")
    _check_type(fields.get("type"))
    chosen = fields.get("id")
    if chosen is not None:
        _check_free(call, chosen)
    if project or fields.get("project_name"):
        project = target_project(call, project, fields.get("project_name"))
    call.check_project(project)
    document = {
        "id": chosen or new_id(),
        "status": TaskStatus.CREATED,
        "user": call.actor.id,
        "created": call.now,
        "status_changed": call.now,
        "status_message": "",
        "status_reason": "",
        "comment": "",
        **stamp(call),
        **_given(fields),
        "project": project,
        "models": _EMPTY_MODELS | (fields.get("models") or {}),
        "execution": {"artifacts": []} | (fields.get("execution") or {}),
    }
    call.tx.documents.tasks.insert(document)
    call.tx.changed("task.created", document["id"], project)
    return str(document["id"])


def _check_free(call: Call, id: Any) -> None:
    if not isinstance(id, str) or not is_id(id):
        raise FieldInvalid(f"id: {id!r:.60} is no id", hint="use 32 hexadecimal digits, or leave it out")
    if call.tx.documents.tasks.get(id, ["id"]) is not None:
        raise AlreadyExists(f"there is a task {id} already", hint="use another id")


def get_task(call: Call, id: str, fields: Sequence[str] | None = None) -> Document:
    """The task with this id, or what of it is asked for; `TaskNotFound` if there is none."""
    found = call.tx.documents.tasks.get(id, fields)
    if found is None:
        raise TaskNotFound(f"task {id:.100} does not exist", hint="check the id")
    return found


def get_tasks(call: Call, ids: Sequence[str], fields: Sequence[str] | None = None) -> dict[str, Document]:
    """The tasks with these ids, by id, in their order; `TaskNotFound` if one is missing."""
    found = call.tx.documents.tasks.get_many(list(dict.fromkeys(ids)), fields)
    for id in ids:
        if id not in found:
            raise TaskNotFound(f"task {id:.100} does not exist", hint="check the id")
    return {id: found[id] for id in ids}


def whole_task(call: Call, id: str) -> Document:
    """Everything about one task, as it is shown."""
    found = get_task(call, id)
    attach_metrics(call, call.tx.documents.tasks, [found])
    if "dataset" in found["system_tags"]:
        show_archives(call, found)
    return shown(found)


def shown(document: Document) -> Document:
    """A task without what only the server needs to know."""
    hidden = (*_PRIVATE, *(() if document.get("type") == "report" else _REPORT))
    for name in hidden:
        document.pop(name, None)
    return with_company(document)


def search_tasks(call: Call, fields: Mapping[str, Any], also: Sequence[SqlText] = ()) -> Found:
    """The tasks that a request asks for."""
    rest = dict(fields)
    within = project_conditions(call, "task", rest)
    found = find(call, call.tx.documents.tasks, rest, also=[*within, *also])
    for document in found.documents:
        for name in (*_PRIVATE, *(() if document.get("type", "report") == "report" else _REPORT)):
            document.pop(name, None)
    return found


def count_tasks(call: Call, fields: Mapping[str, Any]) -> int:
    """How many tasks a request asks for, on all its pages."""
    rest = dict(fields)
    within = project_conditions(call, "task", rest)
    return call.tx.documents.tasks.count([*conditions(call, call.tx.documents.tasks, rest), *within])


def project_conditions(call: Call, table: str, fields: dict[str, Any]) -> list[SqlText]:
    """Take the projects out of a request that means those below them too."""
    found: list[SqlText] = []
    if fields.get("include_subprojects") and fields.get("project"):
        names = [project["name"] for project in call.tx.documents.projects.get_many(listed(fields.pop("project")), ["name"]).values()]
        found.append(_below(table, names))
    return found


def edit_task(call: Call, id: str, fields: Mapping[str, Any], *, force: bool) -> dict[str, Any]:
    """Replace what is given: parts of the script, the execution and the models key by key, everything else as a whole."""
    before = get_task(
        call, id, ["status", "project", "type", *[name for name in (*_PARTS, "output") if name in fields or "output_dest" in fields]]
    )
    check_editable(call, before, force=force)
    if fields.get("type") is not None:
        _check_type(fields["type"])
    values = _given(fields)
    for name in _PARTS:
        if isinstance(fields.get(name), Mapping):
            values[name] = before[name] | {key: value for key, value in fields[name].items() if value is not None}
    if fields.get("output_dest") is not None:
        values["output"] = before["output"] | {"destination": fields["output_dest"]}
    if values.get("project"):
        _get_project(call, values["project"])
        call.check_project(values["project"])
    return _change(call, before, values)


def update_task(call: Call, id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Change names, tags, comment and project of a task in any state."""
    before = get_task(call, id, ["status", "project", "output"])
    call.check_project(before["project"])
    values = {name: fields[name] for name in ("name", "tags", "system_tags", "comment", "project") if fields.get(name) is not None}
    if fields.get("created") is not None:
        values["created"] = utc_text(fields["created"])
    if fields.get("output__error") is not None:
        values["output"] = before["output"] | {"error": fields["output__error"]}
    if values.get("project"):
        _get_project(call, values["project"])
        call.check_project(values["project"])
    return _change(call, before, values)


def update_tags(call: Call, ids: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> int:
    """Add tags to tasks and take others away."""
    for task in get_tasks(call, ids, ["tags", "project"]).values():
        call.check_project(task["project"])
        tags = [tag for tag in dict.fromkeys([*task["tags"], *add]) if tag not in remove]
        _change(call, task, {"tags": tags})
    return len(set(ids))


def ping_task(call: Call, id: str) -> None:
    """Note that a task is alive; nothing if there is no such task."""
    found = call.tx.documents.tasks.get(id, ["project"])
    if found:
        call.check_project(found["project"])
        call.tx.documents.tasks.change(id, {"last_update": call.now})


def move_tasks(call: Call, ids: Sequence[str], project: str | None, project_name: str | None) -> str:
    """Let tasks lie in another project, which is made if it is named and missing; returns its id."""
    target = target_project(call, project, project_name)
    for task in get_tasks(call, ids, ["project"]).values():
        call.check_project(task["project"])
        _change(call, task, {"project": target})
    return target


def target_project(call: Call, project: str | None, project_name: str | None) -> str:
    """The id of a project that is given by id or by name; made if it is named and missing."""
    target = project or (ensure_project(call.tx, project_name, author=call.actor.id).id if project_name else None)
    if not target:
        raise FieldInvalid("neither project nor project_name is given", hint="give one of them")
    if project:
        _get_project(call, project)
    call.check_project(target)
    return target


def clone_task(call: Call, id: str, fields: Mapping[str, Any]) -> str:
    """Copy a task without what its run made; returns the id of the copy."""
    source = get_task(call, id)
    project = fields.get("new_task_project") or source["project"]
    if project:
        _get_project(call, project)
    call.check_project(project)
    execution = {name: value for name, value in source["execution"].items() if name not in ("queue", "artifacts")}
    execution["artifacts"] = [artifact for artifact in source["execution"].get("artifacts") or () if artifact.get("mode") == "input"]
    overrides = fields.get("execution_overrides") or {}
    copied = ("type", "comment", "tags", "script", "hyperparams", "configuration", "container", "output", "input")
    document = {name: source[name] for name in copied} | {
        "id": new_id(),
        "name": fields.get("new_task_name") or source["name"],
        "status": TaskStatus.CREATED,
        "user": call.actor.id,
        "created": call.now,
        "status_changed": call.now,
        "status_message": "",
        "status_reason": "",
        "project": project,
        "parent": fields.get("new_task_parent") or source["parent"] or id,
        "execution": execution | {name: value for name, value in overrides.items() if value is not None},
        "models": {"input": source["models"].get("input") or [], "output": []},
        "output": {name: value for name, value in source["output"].items() if name == "destination"},
        "system_tags": [tag for tag in source["system_tags"] if tag not in ("development", "archived")],
        **stamp(call),
    }
    for name in ("comment", "tags", "system_tags", "hyperparams", "configuration", "container"):
        if fields.get(f"new_task_{name}") is not None:
            document[name] = fields[f"new_task_{name}"]
    if fields.get("new_task_input_models") is not None:
        document["models"]["input"] = fields["new_task_input_models"]
    document["hyperparams"] = named_parameters(document["hyperparams"])
    call.tx.documents.tasks.insert(document)
    call.tx.changed("task.created", document["id"], project)
    return str(document["id"])


def check_editable(call: Call, task: Document, *, force: bool) -> None:
    """Raise unless the caller may change what a task is made of."""
    call.check_project(task["project"])
    if task["status"] != TaskStatus.CREATED and not force:
        raise StatusRefused(f"a task that is {task['status']} can't be edited", hint="reset or clone it, or use force")


def stamp(call: Call) -> dict[str, Any]:
    """The fields that say that a document was changed now, by the caller."""
    return {"last_update": call.now, "last_change": call.now, "last_changed_by": call.actor.id}


def named_parameters(sections: Mapping[str, Any]) -> dict[str, Any]:
    """Hyperparameters with their sections and names in them, as texts."""
    return {
        section: {
            name: {**item, "section": item.get("section") or section, "name": item.get("name") or name}
            if isinstance(item, Mapping)
            else item
            for name, item in items.items()
        }
        for section, items in sections.items()
        if isinstance(items, Mapping)
    }


def _change(call: Call, before: Document, values: dict[str, Any]) -> dict[str, Any]:
    if not values:
        return {"updated": 0, "fields": {}}
    changed = values | stamp(call)
    call.tx.documents.tasks.change(before["id"], changed)
    call.tx.changed("task.updated", before["id"], changed.get("project", before.get("project")))
    return {"updated": 1, "fields": changed}


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The plain and the whole fields of a request, as a task keeps them."""
    _check_parts(fields)
    names = ("name", "type", "comment", "parent", "project", "tags", "system_tags", *_WHOLE)
    values = {name: fields[name] for name in names if fields.get(name) is not None}
    if "hyperparams" in values:
        values["hyperparams"] = named_parameters(values["hyperparams"])
    if "configuration" in values:
        values["configuration"] = {
            name: {**item, "name": item.get("name") or name} for name, item in values["configuration"].items() if isinstance(item, Mapping)
        }
    if fields.get("output_dest") is not None:
        values["output"] = {"destination": fields["output_dest"]}
    if isinstance(fields.get("script"), Mapping):
        values["script"] = {key: value for key, value in fields["script"].items() if value is not None}
    return values


def _check_parts(fields: Mapping[str, Any]) -> None:
    """Raise `FieldInvalid` unless what a task is made of has the form that everybody counts on."""
    for name in (*_PARTS, *_WHOLE):
        if fields.get(name) is not None and not isinstance(fields[name], Mapping):
            raise FieldInvalid(f"{name}: an object is needed, not {fields[name]!r:.60}", hint="check the request")
    lists = [("models", kind) for kind in ("input", "output")] + [("execution", "artifacts")]
    for name, part in lists:
        found = (fields.get(name) or {}).get(part)
        if found is not None and not (isinstance(found, list) and all(isinstance(item, Mapping) for item in found)):
            raise FieldInvalid(f"{name}.{part}: a list of objects is needed", hint="check the request")
    for name, depth in (("hyperparams", 2), ("configuration", 1)):
        items: list[Any] = list((fields.get(name) or {}).values())
        for _ in range(depth - 1):
            items = [inner for item in items for inner in (item.values() if isinstance(item, Mapping) else [None])]
        if not all(isinstance(item, Mapping) for item in items):
            raise FieldInvalid(f"{name}: each item has to be an object", hint="give each a value")


def _below(table: str, names: Sequence[str]) -> SqlText:
    """The condition that a document lies in one of the projects by these names, or below one."""
    if not names:
        return "(1 = 0)", []
    pieces = " OR ".join("(name >= ? AND name < ?)" for _ in names)
    values = [value for name in names for value in (f"{name}/", f"{name}0")]
    return f"({table}.project IN (SELECT id FROM project WHERE name IN ({marks(names)}) OR {pieces}))", [*names, *values]


def _check_type(type: Any) -> None:
    if type not in TYPES:
        raise FieldInvalid(f"type: {type!r:.60} is no type of task", hint=f"use one of {', '.join(TYPES)}")


def _get_project(call: Call, id: str) -> None:
    if call.tx.documents.projects.get(id, ["id"]) is None:
        raise ProjectNotFound(f"project {id:.100} does not exist", hint="check the id")
