"""Calls about the server itself, and across all projects."""

from typing import Any

import msgspec

from tilth import __version__
from tilth.base.errors import CallUnknown, FieldInvalid
from tilth.domain.access import COMPANY, Permission
from tilth.server.routes.rpc import REGISTRY, Fields, Raw, procedure
from tilth.server.services import searching
from tilth.server.services.access import API_VERSION
from tilth.server.services.context import Call
from tilth.server.services.models import search_models
from tilth.server.services.project_reading import search_projects, tags_of
from tilth.server.services.tasks import search_tasks
from tilth.server.stores.query import utc_text

__all__: list[str] = []

NONE, READ, ADMIN = Permission.NONE, Permission.READ, Permission.ADMIN
Item = dict[str, Any]


@procedure("server.info", needs=READ)
def info(call: Call) -> Item:
    """What this server is."""
    uid = call.tx.setting("uid") or ""
    return {"version": __version__, "build": "tilth", "commit": "", "api_version": API_VERSION, "uid": uid}


@procedure("server.endpoints", needs=READ)
def endpoints(call: Call) -> Item:
    """Which calls there are."""
    return {"endpoints": [{"name": name, "min_version": found.since, "summary": found.summary} for name, found in sorted(REGISTRY.items())]}


@procedure("server.report_stats_option", needs=READ)
def report_stats_option(call: Call, enabled: bool | None = None) -> Item:
    """Whether statistics are sent to somebody: never."""
    return {"supported": False, "enabled": False}


@procedure("server.get_stats", needs=ADMIN, writes=False)
def get_stats(call: Call) -> Item:
    """How much there is on this server."""
    documents = call.tx.documents
    found = {name: getattr(documents, name).count([]) for name in ("tasks", "projects", "models", "queues", "workers")}
    storage = {
        name: {"count": count, "size_bytes": size}
        for name, (count, size) in (("files", call.tx.files.total()), ("versions", call.tx.versions.total()))
    }
    return {"server": info(call), "counts": found, "storage": storage | {"place": call.services.get("place", "")}}


@procedure("server.audit_log", needs=ADMIN, writes=False, since="2.34")
def audit_log(call: Call, before: int | None = None, limit: int = 100) -> Item:
    """Who changed what, the newest first."""
    return {"entries": call.tx.audit_log(before=before, limit=max(1, min(limit, 1_000)))}


@procedure("debug.ping", needs=NONE)
def ping(call: Call) -> Item:
    """Whether the server answers."""
    return {"msg": "pong"}


@procedure("async.result", needs=READ)
def async_result(call: Call, id: str = "") -> Item:
    """Refused: every call is answered when it is done."""
    raise CallUnknown("no call is answered later", hint="the answer to the call itself is the result")


@procedure("organization.get_tags", needs=READ)
def get_tags(call: Call, include_system: bool = False, filter: Item | None = None) -> Item:
    """The tags of tasks, models and projects."""
    found = [tags_of(call, table, [], include_system=include_system, wanted=filter) for table in ("task", "model", "project")]
    return {
        name: sorted({tag for part in found for tag in part.get(name, ())})
        for name in ("tags", *(["system_tags"] if include_system else []))
    }


@procedure("organization.get_user_companies", needs=READ)
def get_user_companies(call: Call) -> Item:
    """The one company that there is."""
    return {"companies": [{"id": COMPANY, "name": "Tilth", "allocated": len(call.tx.accounts.all()), "owners": []}]}


@procedure("organization.get_entities_count", needs=READ)
def get_entities_count(call: Call, fields: Fields) -> Item:
    """How many documents fit each of several queries."""
    answer: Item = {}
    errors: Item = {}
    for name, (kind, also) in _COUNTED.items():
        wanted = fields.get(name)
        if not isinstance(wanted, dict):
            continue
        request = {"search_hidden": fields.get("search_hidden", False)} | wanted | also
        if "filters" in also and isinstance(wanted.get("filters"), dict):
            request["filters"] = wanted["filters"] | also["filters"]
        try:
            answer[name] = _count(call, kind, request)
        except FieldInvalid as error:
            errors[name] = error.message
    return answer | ({"errors": errors} if errors else {})


@procedure("organization.prepare_download_for_get_all", needs=READ)
def prepare_download(call: Call, entity_type: str, field_mappings: list[Item], fields: Fields) -> Item:
    """Say what is to be in a table; the answer names it for the download."""
    if entity_type not in ("task", "model"):
        raise FieldInvalid(f"entity_type: {entity_type!r:.60} is none", hint="use task or model")
    return {"prepare_id": searching.save_scroll({"entity": entity_type, "columns": field_mappings, "query": _query_of(fields)})}


@procedure("organization.download_for_get_all", needs=READ)
def download(call: Call, prepare_id: str) -> Raw:
    """The table that was asked for before, as CSV."""
    wanted = searching.load_scroll(prepare_id)
    search = search_models if wanted.get("entity") == "model" else search_tasks
    columns = wanted.get("columns") or []
    found = search(call, {"page_size": 10_000} | (wanted.get("query") or {})).documents
    lines = [[str(column.get("name") or column.get("field") or "") for column in columns]]
    lines += [[_cell(document, str(column.get("field") or "")) for column in columns] for document in found]
    return Raw("".join(",".join(map(_quoted, line)) + "\r\n" for line in lines).encode(), "text/csv; charset=utf-8")


@procedure("organization.get_project_usages", needs=READ)
def get_project_usages(call: Call, projects: list[str], from_date: str, to_date: str, fields: Fields) -> Item:
    """For how many seconds the tasks of projects ran, by project, user and queue."""
    since, until = utc_text(from_date), utc_text(to_date)
    request = {"project": projects, "started": [f">={since}", f"<={until}"], "page_size": 10_000, "search_hidden": True}
    tasks = search_tasks(call, request | {"only_fields": ["project", "user", "execution.queue", "active_duration"]}).documents
    answer: Item = {}
    for name, key in (("projects", "project"), ("users", "user"), ("queues", "execution")):
        found: dict[str, int] = {}
        for task in tasks:
            value = task.get(key)
            id = value.get("queue") if isinstance(value, dict) else value
            if id:
                found[id] = found.get(id, 0) + int(task.get("active_duration") or 0)
        answer[name] = {"total": sum(found.values()), "usages": [{"id": id, "duration": seconds} for id, seconds in found.items()]}
    return answer


@procedure("storage.get_settings", needs=ADMIN, writes=False)
def get_storage_settings(call: Call) -> Item:
    """The accounts of object stores that this server deletes files with; secrets are not shown."""
    found = _storage(call)
    shown = {name: _masked(value) for name, value in found.items()}
    return shown | {"last_update": call.tx.setting("storage.updated")}


@procedure("storage.set_settings", needs=ADMIN)
def set_storage_settings(call: Call, aws: Item | None = None, google: Item | None = None, azure: Item | None = None) -> Item:
    """Set the accounts of object stores."""
    given = {name: value for name, value in (("aws", aws), ("google", google), ("azure", azure)) if value is not None}
    _save_storage(call, _storage(call) | given)
    return {"updated": int(bool(given))}


@procedure("storage.reset_settings", needs=ADMIN)
def reset_storage_settings(call: Call, keys: list[str] = []) -> Item:
    """Forget the accounts of object stores."""
    before = _storage(call)
    _save_storage(call, {name: value for name, value in before.items() if keys and name not in keys})
    return {"updated": int(bool(before))}


_TAGGED: dict[str, Item] = {
    tag: {"filters": {"system_tags": {"all": {"include": [tag]}}}, "search_hidden": True} for tag in ("pipeline", "dataset")
}
"""What is asked beside the system tags that a request speaks of, which it may leave archived things out with."""
_COUNTED: dict[str, tuple[str, Item]] = {
    "projects": ("project", {}),
    "tasks": ("task", {}),
    "models": ("model", {}),
    "pipelines": ("project", {"children_type": "pipeline"}),
    "pipeline_runs": ("task", _TAGGED["pipeline"]),
    "datasets": ("project", _TAGGED["dataset"]),
    "dataset_versions": ("task", _TAGGED["dataset"]),
    "reports": ("task", {"type": ["report"], "search_hidden": True}),
}


def _count(call: Call, kind: str, request: Item) -> int:
    if kind == "project":
        return len(search_projects(call, request | {"page_size": 10_000, "only_fields": ["id"]}).documents)
    documents = call.tx.documents.models if kind == "model" else call.tx.documents.tasks
    return documents.count(searching.conditions(call, documents, request))


def _query_of(fields: Fields) -> Item:
    return {name: value for name, value in fields.items() if name not in ("entity_type", "field_mappings", "only_fields")}


def _cell(document: Item, path: str) -> str:
    value: Any = document
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _quoted(text: str) -> str:
    """A cell of CSV; what a spreadsheet would run as a formula is kept a text."""
    text = f"'{text}" if text[:1] in ("=", "+", "-", "@") and not _is_number(text) else text
    escaped = text.replace('"', '""')
    return f'"{escaped}"' if any(mark in text for mark in ',"\r\n') else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _storage(call: Call) -> Item:
    found = call.tx.setting("storage")
    return msgspec.json.decode(found, type=dict[str, Any]) if found else {}


def _save_storage(call: Call, settings: Item) -> None:
    call.tx.set_setting("storage", msgspec.json.encode(settings).decode())
    call.tx.set_setting("storage.updated", call.now)
    call.note("storage.changed", ", ".join(settings))


def _masked(value: Any) -> Any:
    secret = ("secret", "key", "credentials_json", "token", "account_key")
    if isinstance(value, dict):
        return {name: "***" if name in secret and found else _masked(found) for name, found in value.items()}
    return [_masked(found) for found in value] if isinstance(value, list) else value
