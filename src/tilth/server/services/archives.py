"""How a version of the repository looks to ClearML's clients: a task with a listing and zip archives, made when they are asked for."""

import re
from datetime import datetime
from typing import Any

import msgspec

from tilth.base.errors import TilthError
from tilth.domain.version import DatasetVersion
from tilth.server.services.context import Call
from tilth.wire.dataset_state import STATE, data_name

__all__ = ["VERSIONS", "parse_place", "show_archives"]

VERSIONS = ".versions"
"""The folder of the file server in which versions appear; nothing can be uploaded into it."""

_STRUCT = "Dataset Struct"
"""The configuration that holds the structure of a version."""

_PLACE = re.compile(rf"^{re.escape(VERSIONS)}/([0-9a-f]{{32}})/(?:state\.json|data_(\d{{1,6}})\.zip)$")


def show_archives(call: Call, task: dict[str, Any]) -> None:
    """Add to a task the artifacts of its version, if it is one that no client of ClearML's uploaded."""
    artifacts = task["execution"].get("artifacts") or []
    contents = call.services.get("contents")
    version = call.tx.versions.get(task["id"])
    if contents is None or version is None or version.root is None or any(item.get("key") == STATE for item in artifacts):
        return
    try:
        parts = contents.parts(task["id"])
    except TilthError:
        return  # it was deleted from the repository a moment ago
    base = f"{call.origin.files_urls[0] if call.origin.files_urls else ''}/{VERSIONS}/{task['id']}"
    changes = version.changes
    counts = (("files added", changes.added), ("files removed", changes.removed), ("files modified", changes.modified)) if changes else ()
    listing = {
        "key": STATE,
        "type": "dict",
        "mode": "output",
        "uri": f"{base}/state.json",
        "type_data": {"preview": f"{version.entries} files", "content_type": "application/json"},
        "display_data": [[name, str(total.files)] for name, total in counts],
    }
    archives = [
        {
            "key": data_name(place),
            "type": "custom",
            "mode": "output",
            "uri": f"{base}/data_{place:03d}.zip",
            "content_size": part.size_bytes,
            "type_data": {"preview": f"{part.files} files", "content_type": "application/zip"},
        }
        for place, part in enumerate(parts)
    ]
    task["execution"] = task["execution"] | {"artifacts": [*artifacts, listing, *archives]}
    task["configuration"] = task["configuration"] | {_STRUCT: _structure(task, version)}


def _structure(task: dict[str, Any], version: DatasetVersion) -> dict[str, str]:
    """How the version descends from others, as ClearML's client writes it down; its archives hold everything, so it stands alone."""
    node = {
        "job_id": version.id,
        "status": task["status"],
        "last_update": int(datetime.fromisoformat(task["last_update"]).timestamp()),
        "parents": [],
        "job_size": version.size_bytes,
        "name": version.name,
        "version": version.version,
    }
    return {"name": _STRUCT, "value": msgspec.json.encode({"0": node}).decode(), "type": "json", "description": ""}


def parse_place(path: str) -> tuple[str, int | None] | None:
    """The version and the archive that a path of the file server means; without an archive its listing; None for other paths."""
    match = _PLACE.match(path)
    if match is None:
        return None
    return match.group(1), int(match.group(2)) if match.group(2) is not None else None
