"""Calls about projects."""

from typing import Any

from tilth.base.errors import FieldInvalid
from tilth.domain.access import Permission, Role
from tilth.server.routes.naming import named
from tilth.server.routes.rpc import Fields, procedure
from tilth.server.services import project_reading as reading
from tilth.server.services import projects as service
from tilth.server.services.access import account_named
from tilth.server.services.context import Call

__all__: list[str] = []

READ, WRITE, ADMIN = Permission.READ, Permission.WRITE, Permission.ADMIN
Item = dict[str, Any]


@procedure("projects.create", needs=WRITE)
def create(
    call: Call,
    name: str,
    description: str = "",
    tags: list[str] = [],
    system_tags: list[str] = [],
    default_output_destination: str | None = None,
) -> Item:
    """Make a project, with all those above it; the one that there is if it exists already."""
    project = service.ensure_project(
        call.tx,
        name,
        description=description,
        tags=tuple(tags),
        system_tags=tuple(system_tags),
        author=call.actor.id,
        default_output_destination=default_output_destination,
    )
    call.check_project(project.id)
    return {"id": project.id}


@procedure("projects.get_by_id")
def get_by_id(call: Call, project: str) -> Item:
    """One project."""
    return {"project": reading.project_document(call, project)}


@procedure("projects.get_all")
def get_all(call: Call, fields: Fields) -> Item:
    """The projects that fit a query."""
    return reading.search_projects(call, fields).answer("projects")


@procedure("projects.get_all_ex")
def get_all_ex(
    call: Call,
    fields: Fields,
    include_stats: bool = False,
    include_dataset_stats: bool = False,
    stats_with_children: bool = True,
    check_own_contents: bool = False,
) -> Item:
    """The projects that fit a query, with what lies in them if that is wanted."""
    found = reading.search_projects(call, fields)
    if include_stats or include_dataset_stats or check_own_contents:
        reading.with_stats(call, found.documents, own_only=not stats_with_children, dataset_stats=include_dataset_stats)
    named(call, found.documents)
    return found.answer("projects")


@procedure("projects.update", needs=WRITE)
def update(
    call: Call,
    project: str,
    name: str = "",
    description: str | None = None,
    tags: list[str] | None = None,
    system_tags: list[str] | None = None,
    default_output_destination: str | None = None,
) -> Item:
    """Change what is said of a project; the name only within the same project above."""
    call.check_project(project)
    asked = {
        "description": description,
        "tags": None if tags is None else tuple(tags),
        "system_tags": None if system_tags is None else tuple(system_tags),
        "default_output_destination": default_output_destination,
    }
    details = {field: value for field, value in asked.items() if value is not None}
    changed = service.update_project(call.tx, project, **details, **({"name": name} if name else {}))
    given = {field: getattr(changed, field) for field in (*details, *(["name", "basename"] if name else []))}
    return {"updated": 1, "fields": given | {"last_update": changed.last_update}}


@procedure("projects.move", needs=WRITE)
def move(call: Call, project: str, new_location: str) -> Item:
    """Let a project lie in another one, or at the top."""
    call.check_project(project)
    service.move_project(call.tx, project, new_location)
    return {"moved": 1}


@procedure("projects.merge", needs=WRITE)
def merge(call: Call, project: str, destination_project: str) -> Item:
    """Let everything in a project lie in another one."""
    return reading.merge_projects(call, project, destination_project)


@procedure("projects.delete", needs=WRITE)
def delete(call: Call, project: str, force: bool = False, delete_contents: bool = False, delete_external_artifacts: bool = True) -> Item:
    """Delete a project."""
    return reading.delete_project_with(call, project, force=force, contents=delete_contents, files=delete_external_artifacts)


@procedure("projects.validate_delete")
def validate_delete(call: Call, project: str) -> Item:
    """What would be deleted with a project."""
    service.get_project(call.tx, project)
    return reading.counts(call, project)


@procedure("projects.get_task_tags")
def get_task_tags(call: Call, projects: list[str] = [], include_system: bool = False, filter: Item | None = None) -> Item:
    """The tags of tasks."""
    return reading.tags_of(call, "task", projects, include_system=include_system, wanted=filter)


@procedure("projects.get_model_tags")
def get_model_tags(call: Call, projects: list[str] = [], include_system: bool = False, filter: Item | None = None) -> Item:
    """The tags of models."""
    return reading.tags_of(call, "model", projects, include_system=include_system, wanted=filter)


@procedure("projects.get_project_tags")
def get_project_tags(call: Call, projects: list[str] = [], include_system: bool = False, filter: Item | None = None) -> Item:
    """The tags of projects."""
    return reading.tags_of(call, "project", projects, include_system=include_system, wanted=filter)


@procedure("projects.get_unique_metric_variants")
def get_unique_metric_variants(
    call: Call,
    project: str | None = None,
    include_subprojects: bool = True,
    model_metrics: bool = False,
    ids: list[str] = [],
) -> Item:
    """The metrics and variants that tasks or models of a project reported."""
    projects = _projects(call, [project] if project else [], below=include_subprojects)
    return {"metrics": call.tx.metric_names("model" if model_metrics else "task", projects, ids)}


@procedure("projects.get_hyper_parameters")
def get_hyper_parameters(call: Call, project: str, page: int = 0, page_size: int = 500, include_subprojects: bool = True) -> Item:
    """The names of hyperparameters that tasks of a project have."""
    found = call.tx.parameter_names(_projects(call, [project], below=include_subprojects))
    part = _part(found, page, page_size)
    return {"parameters": [{"section": section, "name": name} for section, name in part], **_rest(found, page, page_size)}


@procedure("projects.get_hyperparam_values")
def get_hyperparam_values(
    call: Call,
    section: str,
    name: str,
    projects: list[str] = [],
    include_subprojects: bool = True,
    page: int = 0,
    page_size: int = 500,
    pattern: str | None = None,
) -> Item:
    """The values that a hyperparameter has."""
    found = call.tx.parameter_values(_projects(call, projects, below=include_subprojects), section, name)
    kept = [value for value in found if pattern is None or pattern.lower() in value.lower()]
    return {"total": len(kept), "values": _part(kept, page, page_size)}


@procedure("projects.get_model_metadata_keys")
def get_model_metadata_keys(call: Call, project: str, include_subprojects: bool = True, page: int = 0, page_size: int = 500) -> Item:
    """The keys of metadata that models of a project have."""
    found = sorted({key for metadata in _metadata(call, [project], below=include_subprojects) for key in metadata})
    return {"keys": _part(found, page, page_size), **_rest(found, page, page_size)}


@procedure("projects.get_model_metadata_values")
def get_model_metadata_values(
    call: Call,
    key: str,
    projects: list[str] = [],
    include_subprojects: bool = True,
    page: int = 0,
    page_size: int = 500,
) -> Item:
    """The values that a key of metadata has in models."""
    held = _metadata(call, projects, below=include_subprojects)
    found = sorted({str(metadata[key].get("value")) for metadata in held if isinstance(metadata.get(key), dict)})
    return {"total": len(found), "values": _part(found, page, page_size)}


@procedure("projects.get_task_parents")
def get_task_parents(
    call: Call,
    projects: list[str] = [],
    include_subprojects: bool = True,
    tasks_state: str = "active",
    task_name: str | None = None,
) -> Item:
    """The parents that tasks have."""
    ids = _projects(call, projects, below=include_subprojects)
    where = [_in("task", ids), (f"instr(task.system_tags, ?) {'=' if tasks_state == 'active' else '>'} 0", ['"archived"'])]
    found = call.tx.documents.tasks.get_many([id for id in call.tx.documents.tasks.distinct("parent", where) if id], ["name", "project"])
    shown = [task for task in found.values() if task_name is None or task_name.lower() in task["name"].lower()]
    named(call, shown)
    return {"parents": sorted(shown, key=lambda task: str(task["name"]))}


@procedure("projects.get_user_names")
def get_user_names(call: Call, projects: list[str] = [], include_subprojects: bool = True, entity: str = "task") -> Item:
    """Who made tasks or models."""
    documents = call.tx.documents.models if entity == "model" else call.tx.documents.tasks
    where = [_in(documents.table.name, _projects(call, projects, below=include_subprojects))]
    shown = [{"id": id, "name": account.name if (account := call.tx.accounts.get(id)) else id} for id in documents.distinct("user", where)]
    return {"users": sorted(shown, key=lambda user: str(user["name"]))}


@procedure("projects.make_public", needs=WRITE, writes=False)
def make_public(call: Call, ids: list[str] = []) -> Item:
    """Nothing: everybody on this server belongs to the one company."""
    return {"updated": 0}


@procedure("projects.make_private", needs=WRITE, writes=False)
def make_private(call: Call, ids: list[str] = []) -> Item:
    """Nothing: everybody on this server belongs to the one company."""
    return {"updated": 0}


@procedure("projects.get_roles", needs=ADMIN, writes=False, since="2.34")
def get_roles(call: Call, project: str) -> Item:
    """The roles that accounts have in a project itself."""
    service.get_project(call.tx, project)
    return {"roles": [{"user": account, "role": role} for account, role in call.tx.accounts.project_roles(project)]}


@procedure("projects.set_role", needs=ADMIN, since="2.34")
def set_role(call: Call, project: str, user: str, role: str | None = None) -> Item:
    """Give an account a role in a project and below it: none, viewer, member or admin; without one, what holds above it."""
    service.get_project(call.tx, project)
    if role is not None and role not in set(Role):
        raise FieldInvalid(f"role: {role!r:.60} is none", hint=f"use one of {', '.join(Role)}")
    account = account_named(call.tx, user)
    call.tx.accounts.set_project_role(project, account.id, Role(role) if role else None)
    call.note(f"project.role.{role or 'removed'}", f"{project} {account.name}")
    return {"updated": 1}


def _projects(call: Call, ids: list[str], *, below: bool) -> list[str]:
    """The ids of projects, and of those below them; none if all are meant."""
    for id in ids:
        service.get_project(call.tx, id)
    return reading.project_ids(call, ids) if below and ids else ids


def _in(table: str, ids: list[str]) -> tuple[str, list[Any]]:
    return (f"{table}.project IN ({', '.join('?' for _ in ids)})", list(ids)) if ids else ("", [])


def _metadata(call: Call, projects: list[str], *, below: bool) -> list[Item]:
    where = [_in("model", _projects(call, projects, below=below))]
    return [found or {} for found in call.tx.documents.models.distinct("metadata", where)]


def _part(found: list[Any], page: int, size: int) -> list[Any]:
    size, page = max(1, min(size, 10_000)), max(0, page)
    return found[page * size : (page + 1) * size]


def _rest(found: list[Any], page: int, size: int) -> dict[str, int]:
    size, page = max(1, min(size, 10_000)), max(0, page)
    return {"total": len(found), "remaining": max(0, len(found) - (page + 1) * size)}
