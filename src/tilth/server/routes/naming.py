"""How documents are shown to people: with names beside the ids that they hold."""

from collections.abc import Sequence
from typing import Any

from tilth.domain.access import COMPANY
from tilth.server.services.context import Call

__all__ = ["named"]

Document = dict[str, Any]


def named(call: Call, documents: Sequence[Document]) -> None:
    """Put an object with id and name in the place of each id of a project, user, parent, task or model."""
    projects = _ids(documents, "project")
    names = call.tx.documents.projects.get_many(projects, ["name", "basename"])
    tasks = call.tx.documents.tasks.get_many([*_ids(documents, "parent"), *_ids(documents, "task")], ["name", "project", "status"])
    users = {id: account.name for id in _ids(documents, "user") if (account := call.tx.accounts.get(id))}
    for document in documents:
        _put(document, "project", {id: {"id": id, "name": found["name"]} for id, found in names.items()})
        _put(document, "user", {id: {"id": id, "name": users.get(id, id)} for id in _ids([document], "user")})
        for field in ("parent", "task"):
            _put(document, field, {id: {"id": id, "name": found["name"], "status": found["status"]} for id, found in tasks.items()})
        if "company" in document:
            document["company"] = {"id": COMPANY, "name": "Tilth"}


def _ids(documents: Sequence[Document], field: str) -> list[str]:
    found = (document.get(field) for document in documents)
    return list(dict.fromkeys(id for id in found if isinstance(id, str) and id))


def _put(document: Document, field: str, known: dict[str, Document]) -> None:
    id = document.get(field)
    if isinstance(id, str) and id:
        document[field] = known.get(id) or {"id": id}
