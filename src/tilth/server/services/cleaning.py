"""How what a deleted task or model owned is really deleted: by jobs, which a restart does not lose."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tilth.domain.access import Permission
from tilth.server.services.context import Call
from tilth.server.services.files import files_at
from tilth.server.services.scope import may
from tilth.server.stores.documents import Document
from tilth.wire.own_files import name_in

__all__ = ["schedule_adoption", "schedule_cleaning", "stored_path", "task_urls"]

_GRACE = timedelta(minutes=10)
"""ClearML's clients delete the files of a task themselves afterwards, and complain if they are gone already."""
_BATCH = 1_000


def task_urls(call: Call, task: Document) -> dict[str, list[str]]:
    """The addresses of the files that a task made, beside those of its models, of which some may stay."""
    artifacts = [artifact.get("uri") for artifact in task["execution"].get("artifacts") or () if artifact.get("mode", "output") == "output"]
    artifacts += task.get("report_assets") or ()
    return {"artifact_urls": [uri for uri in artifacts if uri], "event_urls": call.tx.media.urls([task["id"]])}


def schedule_cleaning(call: Call, *, entities: Sequence[str] = (), urls: Sequence[str] = ()) -> None:
    """Let events of entities, and those of the files that lie on this server, be deleted."""
    if entities:
        call.tx.jobs.add("drop_events", {"entities": list(entities)}, call.now)
    stored = [path for url in urls if (path := stored_path(url, call.origin.files_urls)) is not None]
    # An artifact may say that it lies anywhere: a file is only deleted by who could have deleted it by itself.
    paths = [path for path in stored if _may_delete(call, path)]
    later = call.tx.time + (_GRACE if call.origin.client else timedelta())
    # By then something else may lie there under the same name: the object that is meant is named, too.
    files = [(file.path, file.key) for path in paths for file in files_at(call.tx, path)]
    for start in range(0, len(files), _BATCH):
        payload: dict[str, Any] = {"files": files[start : start + _BATCH]}
        call.tx.jobs.add("drop_files", payload, later.isoformat(timespec="microseconds").replace("+00:00", "Z"))


def _may_delete(call: Call, path: str) -> bool:
    """Whether the caller may delete a file, or a folder with all that lies in it."""
    return all(may(call, found, Permission.WRITE) for found in (path, *(file.path for file in call.tx.files.below(path))))


def schedule_adoption(call: Call, id: str) -> None:
    """Let a version of a dataset that ClearML's client finished on this server be taken into the repository."""
    if call.tx.versions.get(id) is None:
        call.tx.jobs.add("adopt_version", {"task": id, "files_urls": list(call.origin.files_urls)}, call.now)


def stored_path(url: str, files_urls: Sequence[str]) -> str | None:
    """The name of the file that an address means, if it lies on this server, which has one of `files_urls`."""
    found = name_in(url, files_urls)
    return found.strip("/") or None if found is not None else None
