"""Calls about projects."""

from typing import Any

from msgspec import UNSET

from tilth.domain.project import Project
from tilth.server.routes.rpc import rpc
from tilth.server.services import projects as service
from tilth.server.stores.unit_of_work import Tx
from tilth.wire.services import projects as wire

__all__: list[str] = []


@rpc("projects.create", wire.CreateProject, writes=True)
def create(tx: Tx, request: wire.CreateProject) -> dict[str, Any]:
    return {"id": service.ensure_project(tx, request.name, description=request.description, tags=tuple(request.tags)).id}


@rpc("projects.get_by_id", wire.OneProject)
def get_by_id(tx: Tx, request: wire.OneProject) -> dict[str, Any]:
    return {"project": service.get_project(tx, request.project)}


@rpc("projects.get_all", wire.SearchProjects)
def get_all(tx: Tx, request: wire.SearchProjects) -> dict[str, list[Project]]:
    size = max(1, min(request.page_size, 1_000))
    offset = max(0, request.page) * size
    return {"projects": tx.projects.search(ids=request.id, name=request.name, hidden=request.search_hidden, limit=size, offset=offset)}


@rpc("projects.update", wire.UpdateProject, writes=True)
def update(tx: Tx, request: wire.UpdateProject) -> dict[str, Any]:
    given = {"name": request.name, "description": request.description, "tags": request.tags}
    details: dict[str, Any] = {name: value for name, value in given.items() if value is not UNSET}
    if "tags" in details:
        details["tags"] = tuple(details["tags"])
    return {"updated": 1, "project": service.update_project(tx, request.project, **details)}


@rpc("projects.move", wire.MoveProject, writes=True)
def move(tx: Tx, request: wire.MoveProject) -> dict[str, Any]:
    return {"moved": 1, "project": service.move_project(tx, request.project, request.new_location)}


@rpc("projects.delete", wire.OneProject, writes=True)
def delete(tx: Tx, request: wire.OneProject) -> dict[str, Any]:
    service.delete_project(tx, request.project)
    return {"deleted": 1}
