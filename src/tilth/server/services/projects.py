"""What may be done with projects."""

from typing import Any

import msgspec

from tilth.base.errors import AlreadyExists, Invalid, ProjectNotFound
from tilth.base.ids import new_id
from tilth.domain.project import Project, clean_name, is_hidden, parent_name, split_dataset_project
from tilth.server.stores.unit_of_work import Tx

__all__ = [
    "DATASET",
    "delete_project",
    "drop_if_empty",
    "ensure_project",
    "find_project",
    "get_project",
    "move_project",
    "set_name",
    "update_project",
]

DATASET = "dataset"
"""The system tag of a dataset's hidden project."""


def ensure_project(tx: Tx, name: str, *, system_tags: tuple[str, ...] = (), **details: Any) -> Project:
    """The project called `name`; made, with all those above it, if there is none."""
    name = clean_name(name)
    found = tx.projects.by_name(name)
    if found:
        return found
    missing, parent = [name], None
    while (above := parent_name(missing[-1])) and not (parent := tx.projects.by_name(above)):
        missing.append(above)
    for wanted in reversed(missing[1:]):
        parent = _insert(tx, wanted, parent)
    return _insert(tx, name, parent, system_tags=system_tags, **details)


def get_project(tx: Tx, id: str) -> Project:
    """The project with this id."""
    found = tx.projects.get(id)
    if found is None:
        raise ProjectNotFound(f"project {id} does not exist")
    return found


def find_project(tx: Tx, name: str) -> Project:
    """The project with this name."""
    found = tx.projects.by_name(clean_name(name))
    if found is None:
        raise ProjectNotFound(f"project {name} does not exist", hint="check the spelling, or search with `tilth data search`")
    return found


def update_project(tx: Tx, id: str, **details: Any) -> Project:
    """Change what is given of a project's name, description and tags; the name only within the same project above."""
    project = get_project(tx, id)
    name = details.pop("name", None)
    if name is not None and parent_name(clean_name(name)) != parent_name(project.name):
        raise Invalid(f"{name} lies elsewhere than {project.name}", hint="move the project instead")
    tx.projects.update(msgspec.structs.replace(project, last_update=tx.now, **details))
    tx.changed("project.updated", id, project.parent)
    return set_name(tx, get_project(tx, id), clean_name(name)) if name is not None else get_project(tx, id)


def move_project(tx: Tx, id: str, location: str) -> Project:
    """Let a project, with all that lies in it, lie in another one, which is made if it is missing; at the top if that is empty."""
    project = get_project(tx, id)
    target = f"{clean_name(location)}/{project.basename}" if location.strip("/ ") else project.basename
    if f"{target}/".startswith(f"{project.name}/") and target != project.name:
        raise Invalid(f"{project.name} can't be moved into itself", hint="choose another place")
    return set_name(tx, project, target)


def set_name(tx: Tx, project: Project, name: str) -> Project:
    """Give a project another whole name, and those below it theirs."""
    if name == project.name:
        return project
    if DATASET in project.system_tags and not split_dataset_project(name)[0]:
        raise Invalid(f"{project.name} is a dataset and can't become {name}", hint="move it with `versions.move`")
    if tx.projects.by_name(name):
        raise AlreadyExists(f"{name} exists already", hint="choose another name")
    above = parent_name(name)
    parent = ensure_project(tx, above) if above else None
    below = tx.projects.below(project.name)
    renamed = _renamed(tx, project, name, parent=parent.id if parent else None)
    for child in below:
        _renamed(tx, child, name + child.name[len(project.name) :], parent=child.parent)
    tx.changed("project.renamed", project.id, renamed.parent)
    return renamed


def delete_project(tx: Tx, id: str) -> None:
    """Delete an empty project."""
    project = get_project(tx, id)
    if tx.projects.is_used(id):
        raise Invalid(f"project {project.name} is not empty", hint="delete or move what lies in it first")
    _delete(tx, project)


def drop_if_empty(tx: Tx, id: str) -> None:
    """Delete a hidden project that nothing lies in any more, and so on upwards; people did not make them and can't see them."""
    project = tx.projects.get(id)
    while project and is_hidden(project.name) and not tx.projects.is_used(project.id):
        _delete(tx, project)
        project = tx.projects.get(project.parent) if project.parent else None


def _insert(tx: Tx, name: str, parent: Project | None, *, system_tags: tuple[str, ...] = (), **details: Any) -> Project:
    project = Project(
        id=new_id(),
        name=name,
        parent=parent.id if parent else None,
        system_tags=_system_tags(name, system_tags),
        created=tx.now,
        last_update=tx.now,
        **details,
    )
    tx.projects.insert(project)
    tx.changed("project.created", project.id, project.parent)
    return project


def _renamed(tx: Tx, project: Project, name: str, *, parent: str | None) -> Project:
    tags = _system_tags(name, project.system_tags)
    renamed = msgspec.structs.replace(project, name=name, parent=parent, system_tags=tags, last_update=tx.now)
    tx.projects.update(renamed)
    if DATASET in tags and renamed.basename != project.basename:
        tx.tasks.rename_in(project.id, renamed.basename, tx.now)
    return renamed


def _system_tags(name: str, tags: tuple[str, ...]) -> tuple[str, ...]:
    return (*(("hidden",) if is_hidden(name) else ()), *(tag for tag in tags if tag != "hidden"))


def _delete(tx: Tx, project: Project) -> None:
    tx.projects.delete(project.id)
    tx.changed("project.deleted", project.id, project.parent)
