"""Calls about models."""

from typing import Any

from tilth.domain.access import Permission
from tilth.server.routes.many import each
from tilth.server.routes.naming import named
from tilth.server.routes.rpc import Fields, procedure
from tilth.server.services import models as service
from tilth.server.services.context import Call

__all__: list[str] = []

WRITE = Permission.WRITE
Item = dict[str, Any]
Items = list[dict[str, Any]]


@procedure("models.get_by_id")
def get_by_id(call: Call, model: str) -> Item:
    """Everything about one model."""
    found = service.whole_model(call, model)
    call.check_project(found["project"], Permission.READ)
    return {"model": found}


@procedure("models.get_by_task_id")
def get_by_task_id(call: Call, task: str) -> Item:
    """The last model that a task made."""
    found = call.tx.documents.models.search_ids("task", [task])
    models = sorted((service.whole_model(call, id) for id in found), key=lambda model: model["created"])
    return {"model": models[-1] if models else None}


@procedure("models.get_all")
def get_all(call: Call, fields: Fields) -> Item:
    """The models that fit a query."""
    return service.search_models(call, fields).answer("models")


@procedure("models.get_all_ex")
def get_all_ex(call: Call, fields: Fields) -> Item:
    """The models that fit a query, with the names of what they point to."""
    found = service.search_models(call, fields)
    named(call, found.documents)
    return found.answer("models")


@procedure("models.get_by_id_ex")
def get_by_id_ex(call: Call, fields: Fields) -> Item:
    """Models by their ids, with the names of what they point to."""
    return get_all_ex(call, fields=fields)


@procedure("models.get_frameworks")
def get_frameworks(call: Call, projects: list[str] = []) -> Item:
    """The frameworks that models were made with."""
    where = [(f"model.project IN ({', '.join('?' for _ in projects)})", list(projects))] if projects else []
    return {"frameworks": sorted(found for found in call.tx.documents.models.distinct("framework", where) if found)}


@procedure("models.create", needs=WRITE)
def create(call: Call, uri: str, name: str, fields: Fields) -> Item:
    """Make a model."""
    return {"id": service.create_model(call, fields), "created": True}


@procedure("models.edit", needs=WRITE)
def edit(call: Call, model: str, fields: Fields, iteration: int | None = None) -> Item:
    """Replace what a model is made of."""
    return service.edit_model(call, model, fields)


@procedure("models.update", needs=WRITE)
def update(call: Call, model: str, fields: Fields, iteration: int | None = None) -> Item:
    """Change what is said of a model."""
    return service.edit_model(call, model, fields)


@procedure("models.update_for_task", needs=WRITE)
def update_for_task(
    call: Call, task: str, fields: Fields, uri: str | None = None, override_model_id: str | None = None, iteration: int | None = None
) -> Item:
    """Make or change the model that a task puts out."""
    return service.update_for_task(call, fields)


@procedure("models.update_tags", needs=WRITE)
def update_tags(call: Call, ids: list[str], add_tags: list[str] = [], remove_tags: list[str] = []) -> Item:
    """Add tags to models and take others away."""
    return {"updated": service.update_model_tags(call, ids, add_tags, remove_tags)}


@procedure("models.set_ready", needs=WRITE)
def set_ready(call: Call, model: str, publish_task: bool = False, force_publish_task: bool = False) -> Item:
    """Publish a model."""
    return service.publish_model(call, model, publish_task_too=publish_task, force_task=force_publish_task)


@procedure("models.publish_many", needs=WRITE)
def publish_many(call: Call, ids: list[str], publish_tasks: bool = False, force_publish_task: bool = False) -> Item:
    """Publish models, each that can be."""

    def one(id: str) -> Item:
        return service.publish_model(call, id, publish_task_too=publish_tasks, force_task=force_publish_task) | {"updated": True}

    return each(ids, one)


@procedure("models.delete", needs=WRITE)
def delete(call: Call, model: str, force: bool = False) -> Item:
    """Delete a model; one that is published, or that tasks take, only by force."""
    return service.delete_model(call, model, force=force)


@procedure("models.delete_many", needs=WRITE)
def delete_many(call: Call, ids: list[str], force: bool = False) -> Item:
    """Delete models, each that can be; those that are published or taken only by force."""
    return each(ids, lambda id: service.delete_model(call, id, force=force))


@procedure("models.archive_many", needs=WRITE)
def archive_many(call: Call, ids: list[str]) -> Item:
    """Put models out of sight, each that can be."""
    return each(ids, lambda id: {"archived": service.archive_model(call, id, archived=True)})


@procedure("models.unarchive_many", needs=WRITE)
def unarchive_many(call: Call, ids: list[str]) -> Item:
    """Bring archived models back, each that can be."""
    return each(ids, lambda id: {"unarchived": service.archive_model(call, id, archived=False)})


@procedure("models.move", needs=WRITE)
def move(call: Call, ids: list[str], project: str = "", project_name: str = "") -> Item:
    """Let models lie in another project."""
    return {"project_id": service.move_models(call, ids, project or None, project_name or None)}


@procedure("models.add_or_update_metadata", needs=WRITE)
def add_or_update_metadata(call: Call, model: str, metadata: Items, replace_metadata: bool = False) -> Item:
    """Set metadata of a model."""
    return {"updated": service.edit_metadata(call, model, put=metadata, replace=replace_metadata)}


@procedure("models.delete_metadata", needs=WRITE)
def delete_metadata(call: Call, model: str, keys: list[str]) -> Item:
    """Remove metadata of a model."""
    return {"updated": service.edit_metadata(call, model, remove=keys)}


@procedure("models.make_public", needs=WRITE, writes=False)
def make_public(call: Call, ids: list[str] = []) -> Item:
    """Nothing: everybody on this server belongs to the one company."""
    return {"updated": 0}


@procedure("models.make_private", needs=WRITE, writes=False)
def make_private(call: Call, ids: list[str] = []) -> Item:
    """Nothing: everybody on this server belongs to the one company."""
    return {"updated": 0}
