"""How a task is found, made, taken up again and read: calls that answer at once."""

import json
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tilth.base.atomic_io import replace_durably
from tilth.base.errors import Invalid, QueueNotFound, TilthError
from tilth.client.api import Api
from tilth.sdk.given import checked_text
from tilth.sdk.home import Home

__all__ = [
    "as_tags",
    "auto_comment",
    "escaped",
    "find_one",
    "forget_last",
    "last_task",
    "project_name",
    "query",
    "queue_id",
    "remember_last",
    "reusable",
]

_REUSE_S = 72 * 3600
_PAGE = 500
_SHOWN = 20


def project_name(api: Api, id: str | None) -> str | None:
    """The full name of a project."""
    if not id:
        return None
    found: str = api.call("projects.get_by_id", project=id)["project"]["name"]
    return found


def query(
    api: Api,
    *,
    ids: Sequence[str] | None = None,
    project: str | Sequence[str] | None = None,
    name: str | None = None,
    tags: Sequence[str] | None = None,
    archived: bool = True,
    more: Mapping[str, Any] | None = None,
    only: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """The tasks that fit all that is given: `name` is a regular expression, `more` are fields of `tasks.get_all`."""
    fields: dict[str, Any] = {"order_by": ["-last_update"], "search_hidden": bool(ids), **(more or {})}
    if ids:
        fields["id"] = list(ids)
    if project:
        names = list(project) if isinstance(project, (list, tuple)) else [project]
        found = [_project_id(api, checked_text(given, "project_name")) for given in names]
        fields["project"] = [id for id in found if id] or ["-"]
    if name:
        fields["name"] = checked_text(name, "task_name")
    if tags:
        fields["tags"] = as_tags(tags)
    if not archived:
        fields["system_tags"] = [*(fields.get("system_tags") or ["__$all"]), "__$not", "archived"]
    if only is not None:
        fields["only_fields"] = list(only)
    tasks: list[dict[str, Any]] = []
    while True:
        page: list[dict[str, Any]] = api.call("tasks.get_all", page=len(tasks) // _PAGE, page_size=_PAGE, **fields)["tasks"]
        tasks += page
        if len(page) < _PAGE or "page" in (more or {}):
            return tasks


def find_one(api: Api, *, project: str | None, name: str | None, tags: Sequence[str] | None, more: Mapping[str, Any] | None) -> str | None:
    """The id of the task that fits, the one changed last if there are several; None if there is none."""
    exact = rf"^{escaped(checked_text(name, 'task_name'))}$" if name else None
    found = query(api, project=project, name=exact, tags=tags, more=more, only=["id"])
    return found[0]["id"] if found else None


def _project_id(api: Api, name: str) -> str | None:
    found = api.call("projects.get_all", name=rf"^{escaped(name.strip('/'))}$", search_hidden=True, only_fields=["id"])["projects"]
    return found[0]["id"] if found else None


def escaped(text: str) -> str:
    """A text as a regular expression that means just it."""
    return "".join(f"\\{letter}" if letter in r"\.^$*+?{}[]()|-" else letter for letter in text)


# --- taking up the last task again ------------------------------------------------------------------------------------


def last_task(home: Home, project: str, name: str, kind: str) -> str | None:
    """The id of the task that was last begun here under this name, if that is not long ago."""
    found = _remembered(home).get(_key(home, project, name, kind))
    return str(found["id"]) if found and time.time() - float(found["time"]) < _REUSE_S else None


def remember_last(home: Home, project: str, name: str, kind: str, id: str) -> None:
    """Note which task was begun."""
    known = _remembered(home)
    known[_key(home, project, name, kind)] = {"id": id, "time": time.time()}
    newest = dict(sorted(known.items(), key=lambda item: float(item[1]["time"]))[-500:])
    _write(home, newest)


def forget_last(home: Home, project: str, name: str, kind: str) -> None:
    """The next run is a new task."""
    known = _remembered(home)
    if known.pop(_key(home, project, name, kind), None):
        _write(home, known)


def reusable(task: Mapping[str, Any]) -> bool:
    """Whether a task may be begun anew: nothing came of it that anybody could miss."""
    outputs = [artifact for artifact in task["execution"].get("artifacts") or () if artifact.get("mode", "output") == "output"]
    kept = task["status"] in ("published", "publishing", "closed", "completed_published") or "archived" in task["system_tags"]
    return not (kept or outputs or task["models"].get("output") or "development" not in task["system_tags"])


def _key(home: Home, *parts: str) -> str:
    return json.dumps([*(home.files_urls[:1] or ("",)), *parts])


def _place(home: Home) -> Path:
    return home.folder / "last-tasks.json"


def _remembered(home: Home) -> dict[str, dict[str, Any]]:
    try:
        known = json.loads(_place(home).read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(home: Home, known: Mapping[str, Any]) -> None:
    try:
        home.folder.mkdir(parents=True, exist_ok=True)
        replace_durably(_place(home), [json.dumps(known).encode()], scratch=home.folder / "tmp")
    except (TilthError, OSError):
        pass  # it is only a convenience


def as_tags(tags: Sequence[str] | None) -> list[str]:
    """Tags as a list; a text is one tag. `Invalid` if one of them is no text."""
    given = [tags] if isinstance(tags, str) or not isinstance(tags, Iterable | None) else list(tags or ())
    for tag in given:
        if not isinstance(tag, str):
            raise Invalid(f"{tag!r:.60} is no tag", hint="use texts")
    return list(dict.fromkeys(given))


def auto_comment(author: str) -> str:
    """What is said of a task that nobody described."""
    return f"Auto-generated at {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC by {author}@{socket.gethostname()}"


def queue_id(api: Api, name: str) -> str:
    """The id of the queue with a name."""
    found = api.call("queues.get_all", name=rf"^{escaped(name)}$", search_hidden=True, only_fields=["id", "name"])["queues"]
    ids = [queue["id"] for queue in found if queue["name"] == name]
    if not ids:
        known = api.call("queues.get_all", page=0, page_size=_SHOWN, order_by=["name"], only_fields=["name"])["queues"]
        there_are = ", ".join(repr(queue["name"])[:100] for queue in known)
        raise QueueNotFound(
            f"there is no queue {name!r:.100}", hint=f"use one of those there are: {there_are}" if known else "make one first"
        )
    return str(ids[0])
