"""What may be done with models."""

from collections.abc import Mapping, Sequence
from typing import Any

from tilth.base.errors import AlreadyExists, FieldInvalid, ModelInUse, ModelNotFound, ModelPublished
from tilth.base.ids import is_id, new_id
from tilth.server.services.cleaning import schedule_cleaning
from tilth.server.services.context import Call
from tilth.server.services.searching import Found, attach_metrics, find, with_company
from tilth.server.services.task_parts import put_model, raise_iteration
from tilth.server.services.task_states import publish_task
from tilth.server.services.tasks import get_task, project_conditions, target_project
from tilth.server.stores.documents import Document
from tilth.server.stores.query import SqlText, utc_text

__all__ = [
    "archive_model",
    "create_model",
    "delete_model",
    "edit_metadata",
    "edit_model",
    "get_model",
    "move_models",
    "publish_model",
    "search_models",
    "update_for_task",
    "update_model_tags",
    "whole_model",
]

_FIELDS = (
    "uri",
    "name",
    "comment",
    "tags",
    "system_tags",
    "framework",
    "design",
    "labels",
    "ready",
    "project",
    "parent",
    "task",
    "ui_cache",
)


def create_model(call: Call, fields: Mapping[str, Any]) -> str:
    """Make a model and return its id. A client may choose the id, so that making it twice makes one; and name the project."""
    chosen = fields.get("id")
    if chosen is not None:
        _check_free(call, chosen)
    project = fields.get("project")
    if not project and fields.get("project_name"):
        project = target_project(call, None, fields["project_name"])
    if not project and fields.get("task"):
        found = call.tx.documents.tasks.get(fields["task"], ["project"])
        project = found["project"] if found else None
    if project:
        target_project(call, project, None)
    call.check_project(project)
    document = {"comment": "", "ready": True} | _given(fields)
    document |= {"id": chosen or new_id(), "project": project, "user": call.actor.id, "created": call.now} | _now(call)
    call.tx.documents.models.insert(document)
    call.tx.changed("model.created", str(document["id"]), project)
    return str(document["id"])


def _check_free(call: Call, id: Any) -> None:
    if not isinstance(id, str) or not is_id(id):
        raise FieldInvalid(f"id: {id!r:.60} is no id", hint="use 32 hexadecimal digits, or leave it out")
    if call.tx.documents.models.get(id, ["id"]) is not None:
        raise AlreadyExists(f"there is a model {id} already", hint="use another id")


def get_model(call: Call, id: str, fields: Sequence[str] | None = None) -> Document:
    """The model with this id; `ModelNotFound` if there is none."""
    found = call.tx.documents.models.get(id, fields)
    if found is None:
        raise ModelNotFound(f"model {id:.100} does not exist", hint="check the id")
    return found


def whole_model(call: Call, id: str) -> Document:
    """Everything about one model, as it is shown."""
    found = get_model(call, id)
    attach_metrics(call, call.tx.documents.models, [found])
    return with_company(found)


def search_models(call: Call, fields: Mapping[str, Any], also: Sequence[SqlText] = ()) -> Found:
    """The models that a request asks for."""
    rest = dict(fields)
    return find(call, call.tx.documents.models, rest, also=[*project_conditions(call, "model", rest), *also])


def edit_model(call: Call, id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Replace what is given; `iteration` is one of the task that made the model."""
    model = get_model(call, id, ["project", "task"])
    call.check_project(model["project"])
    values = _given(fields)
    if values.get("project"):
        target_project(call, values["project"], None)
    if fields.get("created") is not None:
        values["created"] = utc_text(fields["created"])
    task = values.get("task") or model["task"]
    if fields.get("iteration") is not None and task and call.tx.documents.tasks.get(task, ["id"]):
        raise_iteration(call, task, fields["iteration"])
    values |= _now(call)
    call.tx.documents.models.change(id, values)
    call.tx.changed("model.updated", id, values.get("project", model["project"]))
    return {"updated": 1, "fields": values}


def update_for_task(call: Call, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Make or change the model that a task puts out."""
    task = get_task(call, fields["task"], ["project", "name", "models"])
    override = fields.get("override_model_id")
    if not override and not fields.get("uri"):
        raise FieldInvalid("neither uri nor override_model_id is given", hint="give one of them")
    known = override or next(
        (
            id
            for id in call.tx.documents.models.search_ids("task", [task["id"]])
            if get_model(call, id, ["uri"])["uri"] == fields.get("uri")
        ),
        None,
    )
    given = {name: fields[name] for name in ("uri", "name", "comment", "tags", "system_tags") if fields.get(name) is not None}
    if known:
        answer = edit_model(call, known, given | {"iteration": fields.get("iteration")}) | {"id": known, "created": False}
    else:
        details = {"name": task["name"], "project": task["project"], "task": task["id"], "ready": False} | given
        answer = {"id": create_model(call, details), "created": True, "updated": 0, "fields": {}}
    name = get_model(call, answer["id"], ["name"])["name"]
    put_model(call, task["id"], name=name, model=answer["id"], type="output", iteration=fields.get("iteration"))
    return answer


def publish_model(call: Call, id: str, *, publish_task_too: bool, force_task: bool) -> dict[str, Any]:
    """Mark a model as ready, and its task as published if that is wanted."""
    model = get_model(call, id, ["project", "task", "ready"])
    call.check_project(model["project"])
    call.tx.documents.models.change(id, {"ready": True} | _now(call))
    call.tx.changed("model.published", id, model["project"])
    answer: dict[str, Any] = {"updated": 1}
    if publish_task_too and model["task"] and call.tx.documents.tasks.get(model["task"], ["id"]):
        data = publish_task(call, model["task"], force=force_task, reason="", message="", publish_model=False)
        answer["published_task"] = {"id": model["task"], "data": data}
    return answer


def delete_model(call: Call, id: str, *, force: bool) -> dict[str, Any]:
    """Delete a model; one that is published, or that tasks take, only by force. Its file stays: the caller is told where it lies."""
    model = get_model(call, id, ["project", "uri", "ready", "task"])
    call.check_project(model["project"])
    if model["ready"] and not force:
        raise ModelPublished(f"model {id} is published", hint="use force if you mean it")
    users = [task for task in call.tx.uses_of_model(id) if task != model["task"]]
    if users and not force:
        raise ModelInUse(f"model {id} is used by {len(users)} tasks, {users[0]} among them", hint="use force if you mean it")
    call.tx.documents.models.delete([id])
    schedule_cleaning(call, entities=[id])
    call.tx.changed("model.deleted", id, model["project"])
    call.note("model.deleted", id)
    return {"deleted": True, "url": model["uri"]}


def archive_model(call: Call, id: str, *, archived: bool) -> bool:
    """Put a model out of sight, or back; False if it was there already."""
    model = get_model(call, id, ["project", "system_tags"])
    call.check_project(model["project"])
    tags = [tag for tag in model["system_tags"] if tag != "archived"] + (["archived"] if archived else [])
    if set(tags) == set(model["system_tags"]):
        return False
    call.tx.documents.models.change(id, {"system_tags": tags} | _now(call))
    call.tx.changed("model.archived" if archived else "model.unarchived", id, model["project"])
    return True


def edit_metadata(call: Call, id: str, *, put: Sequence[Mapping[str, Any]] = (), remove: Sequence[str] = (), replace: bool = False) -> int:
    """Set metadata of a model by keys, and remove others."""
    model = get_model(call, id, ["metadata", "project"])
    call.check_project(model["project"])
    after = ({} if replace else model["metadata"]) | {str(item.get("key") or ""): dict(item) for item in put}
    call.tx.documents.models.change(id, {"metadata": {key: value for key, value in after.items() if key not in remove}} | _now(call))
    call.tx.changed("model.updated", id, model["project"])
    return 1


def update_model_tags(call: Call, ids: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> int:
    """Add tags to models and take others away."""
    for id in dict.fromkeys(ids):
        before = get_model(call, id, ["tags"])["tags"]
        edit_model(call, id, {"tags": [tag for tag in dict.fromkeys([*before, *add]) if tag not in remove]})
    return len(set(ids))


def move_models(call: Call, ids: Sequence[str], project: str | None, project_name: str | None) -> str:
    """Let models lie in another project; returns its id."""
    target = target_project(call, project, project_name)
    for id in ids:
        edit_model(call, id, {"project": target})
    return target


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in _FIELDS if fields.get(name) is not None}


def _now(call: Call) -> dict[str, str]:
    return {"last_update": call.now, "last_change": call.now}
