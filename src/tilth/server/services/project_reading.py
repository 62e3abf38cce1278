"""How projects are listed and summed up: what lies in them, in which states, with which names."""

from collections.abc import Mapping, Sequence
from typing import Any

from tilth.base.errors import ProjectInUse
from tilth.domain.access import Permission
from tilth.domain.project import DATASETS, Project
from tilth.server.services.context import Call
from tilth.server.services.models import delete_model
from tilth.server.services.projects import get_project, move_project
from tilth.server.services.searching import Found, find, listed, with_company
from tilth.server.services.task_states import delete_task
from tilth.server.stores.archived import ARCHIVED
from tilth.server.stores.documents import Document
from tilth.server.stores.patterns import portable
from tilth.server.stores.query import SqlText
from tilth.server.stores.rows import marks

__all__ = [
    "counts",
    "delete_project_with",
    "merge_projects",
    "project_document",
    "project_ids",
    "search_projects",
    "tags_of",
    "with_stats",
]

_CHILD_TAGS = {"pipeline": "pipeline", "report": "reports", "dataset": "dataset"}


def project_document(call: Call, id: str) -> Document:
    """A project as it is shown."""
    call.check_project(id, Permission.READ)
    project = get_project(call.tx, id)
    document = call.tx.documents.projects.get(id)
    assert document is not None
    return _shown(call, document, {project.name: id})


def search_projects(call: Call, fields: Mapping[str, Any]) -> Found:
    """The projects that a request asks for: those right below `parent`, or all below it; by ids also hidden ones."""
    rest = dict(fields)
    also = _place_conditions(call, rest)
    if not rest.get("search_hidden") and not rest.get("id"):
        also.append(("project.hidden = 0", []))
    only = listed(rest.get("only_fields"))
    if "basename" in only or "path" in only:
        rest["only_fields"] = [*only, "name", "parent"]
    found = find(call, call.tx.documents.projects, rest, also=also, default_order=("name",))
    for document in found.documents:
        if "name" in document and (not only or "basename" in only):
            document["basename"] = document["name"].rpartition("/")[2]
    return found


def with_stats(call: Call, projects: Sequence[Document], *, own_only: bool = False, dataset_stats: bool = False) -> None:
    """Add to projects what lies in them and below them."""
    for project in projects:
        if "name" not in project:
            continue
        everything = call.tx.projects.below(project["name"])
        below = _in_sight(everything)
        ids = [project["id"], *(() if own_only else (found.id for found in below))]
        away = [] if own_only else list({found.id for found in everything} - set(ids))
        project["stats"] = {
            "active": _state(call, [_in(ids, "task"), *_untagged("task", ARCHIVED)]),
            "archived": _state(call, [_archived(ids, away)]),
        }
        visible = [found for found in below if "hidden" not in found.system_tags]
        project["sub_projects"] = [{"id": found.id, "name": found.name} for found in visible]
        own = [project["id"]]
        project["own_tasks"] = call.tx.documents.tasks.count([_in(own, "task"), *_untagged("task", ARCHIVED)])
        project["own_models"] = call.tx.documents.models.count([_in(own, "model"), *_untagged("model", ARCHIVED)])
        datasets = [found for found in below if "dataset" in found.system_tags]
        project["stats"]["datasets"] = {"count": len(datasets)}
        project["own_datasets"] = sum(1 for found in datasets if found.name.rpartition(f"/{DATASETS}/")[0] == project["name"])
        project["hidden"] = "hidden" in (project.get("system_tags") or ())
        if dataset_stats:
            project["dataset_stats"] = _dataset_stats(call, project["id"])


def project_ids(call: Call, ids: Sequence[str]) -> list[str]:
    """Projects and all below them."""
    found: dict[str, None] = {}
    for project in call.tx.documents.projects.get_many(list(ids), ["name"]).values():
        found[project["id"]] = None
        found.update(dict.fromkeys(below.id for below in call.tx.projects.below(project["name"])))
    return list(found)


def tags_of(
    call: Call, table: str, projects: Sequence[str], *, include_system: bool, wanted: Mapping[str, Any] | None
) -> dict[str, list[str]]:
    """The tags that documents of one kind have."""
    documents = getattr(call.tx.documents, f"{table}s")
    where: list[SqlText] = [_in(project_ids(call, projects), table)] if projects and table != "project" else []
    where += [(f"instr({table}.system_tags, ?) > 0", [f'"{tag}"']) for tag in listed((wanted or {}).get("system_tags"))]
    tags = {tag for found in documents.distinct("tags", where) for tag in found or ()}
    answer = {"tags": sorted(tags)}
    if include_system:
        answer["system_tags"] = sorted({tag for found in documents.distinct("system_tags", where) for tag in found or ()})
    return answer


def counts(call: Call, id: str) -> dict[str, int]:
    """What would be deleted with a project."""
    ids = project_ids(call, [id])
    tasks, models = call.tx.documents.tasks, call.tx.documents.models

    def tagged(tag: str) -> list[SqlText]:
        return [("instr(task.system_tags, ?) > 0", [f'"{tag}"'])]

    def of_type(*types: str) -> list[SqlText]:
        return [(f"task.type IN ({marks(types)})", list(types))]

    plain = [_in(ids, "task"), ("task.type <> 'report'", []), *_untagged("task", "pipeline"), *_untagged("task", "dataset")]
    active = _untagged("task", ARCHIVED)
    return {
        "tasks": tasks.count(plain),
        "non_archived_tasks": tasks.count([*plain, *active]),
        "models": models.count([_in(ids, "model")]),
        "non_archived_models": models.count([_in(ids, "model"), *_untagged("model", ARCHIVED)]),
        "reports": tasks.count([_in(ids, "task"), *of_type("report")]),
        "non_archived_reports": tasks.count([_in(ids, "task"), *of_type("report"), *active]),
        "pipelines": tasks.count([_in(ids, "task"), *tagged("pipeline")]),
        "datasets": tasks.count([_in(ids, "task"), *tagged("dataset")]),
    }


def delete_project_with(call: Call, id: str, *, force: bool, contents: bool, files: bool) -> dict[str, Any]:
    """Delete a project and those below it: with what lies in them, or so that it lies in no project afterwards."""
    project = get_project(call.tx, id)
    call.check_project(id)
    held = counts(call, id)
    for name, said in (
        ("non_archived_tasks", "tasks"),
        ("non_archived_models", "models"),
        ("datasets", "datasets"),
        ("pipelines", "pipelines"),
    ):
        if held[name] and not force:
            raise ProjectInUse(f"project {project.name} has {held[name]} {said}", hint="archive or move them first, or use force")
    ids = project_ids(call, [id])
    tasks, models = call.tx.documents.tasks.search_ids("project", ids), call.tx.documents.models.search_ids("project", ids)
    if held["datasets"]:
        raise ProjectInUse(f"project {project.name} has {held['datasets']} versions of datasets", hint="delete or move the datasets first")
    urls: dict[str, list[str]] = {"model_urls": [], "event_urls": [], "artifact_urls": []}
    if contents:
        for task in tasks:
            deleted = delete_task(call, task, force=True, files=files)
            for name, found in deleted["urls"].items():
                urls[name] += found
        for model in models:
            if call.tx.documents.models.get(model, ["id"]):
                delete_model(call, model, force=True)
    call.tx.documents.projects.delete([id])
    call.tx.changed("project.deleted", id, project.parent)
    call.note("project.deleted", id)
    return {
        "deleted": len(ids),
        "disassociated_tasks": 0 if contents else len(tasks),
        "deleted_tasks": len(tasks) if contents else 0,
        "deleted_models": len(models) if contents else 0,
        "urls": urls,
    }


def merge_projects(call: Call, id: str, destination: str) -> dict[str, int]:
    """Let everything in a project lie in another one, and delete it."""
    source, target = get_project(call.tx, id), get_project(call.tx, destination)
    call.check_project(id)
    call.check_project(destination)
    if f"{target.name}/".startswith(f"{source.name}/"):
        raise ProjectInUse(f"{source.name} can't be merged into {target.name}", hint="choose a project that does not lie in it")
    moved = 0
    for documents in (call.tx.documents.tasks, call.tx.documents.models):
        for found in documents.search_ids("project", [id]):
            documents.change(found, {"project": destination, "last_update": call.now})
            moved += 1
    children = call.tx.documents.projects.search_ids("parent", [id])
    for child in children:
        move_project(call.tx, child, target.name)
    call.tx.documents.projects.delete([id])
    call.tx.changed("project.deleted", id, source.parent)
    return {"moved_entities": moved, "moved_projects": len(children)}


def _shown(call: Call, document: Document, known: Mapping[str, str]) -> Document:
    parts = document["name"].split("/")
    names = ["/".join(parts[: place + 1]) for place in range(len(parts) - 1)]
    above = {found.name: found.id for name in names if (found := call.tx.projects.by_name(name))} | dict(known)
    document |= {"basename": parts[-1], "path": [above[name] for name in names if name in above]}
    return with_company(document)


def _place_conditions(call: Call, fields: dict[str, Any]) -> list[SqlText]:
    """Take out of a request what it says of the places of projects."""
    parents = listed(fields.pop("parent", None))
    shallow = bool(fields.pop("shallow_search", False))
    basename = fields.pop("basename", None)
    kind = fields.pop("children_type", None)
    also: list[SqlText] = [_below_parents(call, parents, shallow=shallow)] if parents else []
    if basename is not None:
        also.append(("fits(?, project.name)", [portable(rf"(^|/){str(basename).removeprefix('^')}", call.tx.dialect)]))
    if isinstance(kind, str) and kind in _CHILD_TAGS:
        also.append(_having_children(_CHILD_TAGS[kind]))
        fields["search_hidden"] = True
    elif shallow and not parents and not fields.get("id") and not fields.get("name"):
        also.append(("project.parent IS NULL", []))
    return also


def _below_parents(call: Call, parents: Sequence[Any], *, shallow: bool) -> SqlText:
    if shallow:
        return f"project.parent IN ({marks(parents)})", [str(parent) for parent in parents]
    names = [found["name"] for found in call.tx.documents.projects.get_many([str(parent) for parent in parents], ["name"]).values()]
    if not names:
        return "(1 = 0)", []
    return (
        "(" + " OR ".join("(project.name >= ? AND project.name < ?)" for _ in names) + ")",
        [value for name in names for value in (f"{name}/", f"{name}0")],
    )


def _having_children(tag: str) -> SqlText:
    """The condition that a project lies above, or is, one that holds things of a kind."""
    text = (
        "(instr(project.system_tags, ?) > 0 OR EXISTS (SELECT 1 FROM project AS below WHERE below.name >= project.name || '/'"
        " AND below.name < project.name || '0' AND instr(below.system_tags, ?) > 0))"
    )
    return text, [f'"{tag}"', f'"{tag}"']


def _in(ids: Sequence[str], table: str) -> SqlText:
    return (f"{table}.project IN ({marks(ids)})", list(ids)) if ids else ("(1 = 0)", [])


def _untagged(table: str, tag: str) -> list[SqlText]:
    return [(f"instr({table}.system_tags, ?) = 0", [f'"{tag}"'])]


def _tagged(table: str, tag: str) -> SqlText:
    return f"instr({table}.system_tags, ?) > 0", [f'"{tag}"']


def _archived(ids: Sequence[str], away: Sequence[str]) -> SqlText:
    """The condition that a task is archived, or lies in a project that is."""
    (lies, place), (tagged, tag), (gone, places) = _in(ids, "task"), _tagged("task", ARCHIVED), _in(away, "task")
    return f"(({lies} AND {tagged}) OR {gone})", [*place, *tag, *places]


def _in_sight(below: Sequence[Project]) -> list[Project]:
    """Of the projects below one, those that are not archived, and do not lie below one that is: as they are seen from there."""
    away = tuple(f"{found.name}/" for found in below if ARCHIVED in found.system_tags)
    return [found for found in below if not f"{found.name}/".startswith(away)]


def _state(call: Call, wanted: Sequence[SqlText]) -> dict[str, Any]:
    where = [*wanted, ("task.type <> 'report'", []), *_untagged("task", "dataset")]
    states = call.tx.documents.tasks.grouped("status", where)
    known = ("queued", "completed", "in_progress", "unknown", "created", "failed", "publishing", "closed", "stopped", "published")
    total, last = call.tx.task_totals(where)
    return {
        "total_tasks": sum(states.values()),
        "total_runtime": total,
        "last_task_run": last,
        "completed_tasks_24h": call.tx.completed_since(where),
        "status_count": {name: states.get(name, 0) for name in known},
    }


def _dataset_stats(call: Call, id: str) -> dict[str, int]:
    from_tasks = call.tx.documents.tasks.search_ids("project", [id])
    found = call.tx.documents.tasks.get_many(from_tasks[-500:], ["runtime", "last_update"])
    newest = max(found.values(), key=lambda task: task["last_update"], default=None)
    runtime = newest["runtime"] if newest else {}
    return {"file_count": int(runtime.get("ds_file_count") or 0), "total_size": int(runtime.get("ds_total_size") or 0)}
