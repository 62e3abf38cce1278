"""What accounts with roles in single projects may see and change: checked for every call, by what the call names.

Lists leave out by themselves what lies in closed projects (`Tx.hide`). What is named outright is refused here, wherever in a
request it stands, so that no call has to think of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from tilth.base.errors import Forbidden
from tilth.base.ids import is_id
from tilth.domain.access import Actor, Permission, Role
from tilth.domain.project import clean_name, dataset_project
from tilth.server.services.context import Call, Origin
from tilth.server.stores.unit_of_work import Tx

__all__ = ["check_file", "check_request", "check_version", "entered", "may"]

_TASK_IN_PATH = re.compile(r"\.([0-9a-f]{32})(?:/|$)")
_DEEPEST = 60


def entered(tx: Tx, actor: Actor, origin: Origin, services: Mapping[str, Any]) -> Call:
    """A call of `actor`, in whose transaction lists leave out what is closed to it."""
    if actor.limited:
        tx.hide(actor.id)
    return Call(tx=tx, actor=actor, origin=origin, services=services)


def check_request(call: Call, name: str, request: Any, needed: Permission) -> None:
    """Raise `Forbidden` if a request names what lies in a closed project, or would change a dataset where the caller may not."""
    if not _has_roles(call.actor):
        return
    said = request[1] if isinstance(request, tuple) else msgspec.to_builtins(request) if isinstance(request, Struct) else {}
    if call.actor.limited:
        for project in call.tx.projects_of([text for text in _texts(said, _DEEPEST) if is_id(text)]):
            call.check_project(project, Permission.READ)
    if needed is Permission.WRITE and name.startswith(("versions.", "contents.")):
        _check_dataset(call, said)


def check_version(tx: Tx, actor: Actor, id: str, needed: Permission) -> None:
    """Raise `Forbidden` unless `actor` may do with a version what is `needed`."""
    if _has_roles(actor):
        _check_ids(entered(tx, actor, Origin(), {}), [id], needed)


def check_file(tx: Tx, actor: Actor, path: str, needed: Permission) -> None:
    """Raise `Forbidden` unless `actor` may do with a file what is `needed`: the task that its path names decides, or else the project."""
    if not _has_roles(actor):
        return
    call = Call(tx=tx, actor=actor, origin=Origin(), services={})
    projects = tx.projects_of(_TASK_IN_PATH.findall(path))
    for project in projects:
        call.check_project(project, needed)
    if not projects:
        call.check_project(_nearest(tx, path), needed)


def may(call: Call, path: str, needed: Permission = Permission.READ) -> bool:
    """Whether the caller may do with a file what is `needed`."""
    try:
        check_file(call.tx, call.actor, path, needed)
    except Forbidden:
        return False
    return True


def _check_dataset(call: Call, said: Mapping[str, Any]) -> None:
    """Check the places that a change of a dataset touches."""
    touched = [id for id in (said.get("id"), said.get("version")) if isinstance(id, str) and call.tx.projects_of([id])]
    _check_ids(call, touched, Permission.WRITE)
    places = [said[name] for name in ("project", "new_project") if said.get(name)]
    for place in places:
        within = dataset_project(clean_name(place), said["name"]) if isinstance(said.get("name"), str) else place
        call.check_project(_nearest(call.tx, within), Permission.WRITE)
    if not places and not touched:
        parents: Sequence[str] = said.get("parents") or ()
        _check_ids(call, parents[:1], Permission.WRITE)
        if not parents:
            call.check_project(None, Permission.WRITE)


def _check_ids(call: Call, ids: Sequence[str], needed: Permission) -> None:
    for project in call.tx.projects_of(ids):
        call.check_project(project, needed)


def _nearest(tx: Tx, path: str) -> str | None:
    """The id of the project that a path, or the name of one, lies in."""
    parts = [part for part in path.split("/") if part not in ("", ".")][:_DEEPEST]
    for end in range(len(parts), 0, -1):
        found = tx.projects.by_name("/".join(parts[:end]))
        if found:
            return found.id
    return None


def _has_roles(actor: Actor) -> bool:
    return actor.limited or actor.reach is not Role.NONE


def _texts(said: Any, depth: int) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif depth and isinstance(said, Mapping):
        for name, value in said.items():
            yield str(name)
            yield from _texts(value, depth - 1)
    elif depth and isinstance(said, (list, tuple)):
        for value in said:
            yield from _texts(value, depth - 1)
