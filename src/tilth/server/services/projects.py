"""What may be done with projects."""

from typing import Any

import msgspec

from tilth.base.errors import AlreadyExists, Invalid, NotFound
from tilth.base.ids import new_id
from tilth.domain.project import Project, clean_name, is_hidden, parent_name
from tilth.server.stores.unit_of_work import Tx

__all__ = ["delete_project", "ensure_project", "find_project", "get_project", "move_project", "set_name", "update_project"]


def ensure_project(tx: Tx, name: str, *, system_tags: tuple[str, ...] = (), **details: Any) -> Project:
    """The project called `name`; made, with all those above it, if there is none."""
    name = clean_name(name)
    found = tx.projects.by_name(name)
    if found:
        return found
    above = parent_name(name)
    parent = ensure_project(tx, above) if above else None
    hidden = is_hidden(name)
    project = Project(
        id=new_id(),
        name=name,
        parent=parent.id if parent else None,
        system_tags=(*(("hidden",) if hidden else ()), *system_tags),
        created=tx.now,
        last_update=tx.now,
        **details,
    )
    tx.projects.insert(project, hidden=hidden)
    tx.changed("project.created", project.id, project.parent)
    return project


def get_project(tx: Tx, id: str) -> Project:
    """The project with this id."""
    found = tx.projects.get(id)
    if found is None:
        raise NotFound(f"project {id} does not exist")
    return found


def find_project(tx: Tx, name: str) -> Project:
    """The project with this name."""
    found = tx.projects.by_name(clean_name(name))
    if found is None:
        raise NotFound(f"project {name} does not exist", hint="check the spelling, or search with `tilth data search`")
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
    if tx.projects.by_name(name):
        raise AlreadyExists(f"{name} exists already", hint="choose another name")
    above = parent_name(name)
    parent = ensure_project(tx, above) if above else None
    below = tx.projects.below(project.name)
    renamed = msgspec.structs.replace(project, name=name, parent=parent.id if parent else None, last_update=tx.now)
    tx.projects.update(renamed)
    for child in below:
        tx.projects.update(msgspec.structs.replace(child, name=name + child.name[len(project.name) :], last_update=tx.now))
    tx.changed("project.renamed", project.id, renamed.parent)
    return renamed


def delete_project(tx: Tx, id: str) -> None:
    """Delete an empty project."""
    project = get_project(tx, id)
    if tx.projects.is_used(id):
        raise Invalid(f"project {project.name} is not empty", hint="delete or move what lies in it first")
    tx.projects.delete(id)
    tx.changed("project.deleted", id, project.parent)
