"""What may be done with dataset versions. A version is a Task in the hidden project of its dataset."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import Struct

from tilth.base.errors import (
    AlreadyExists,
    AmbiguousId,
    FieldInvalid,
    Invalid,
    NotFound,
    StatusRefused,
    VersionNameTaken,
    VersionNotFinal,
    VersionNotFound,
)
from tilth.base.ids import VersionId, is_id, looks_like_id_prefix, new_id
from tilth.domain.dataset import ChangeTotals
from tilth.domain.project import clean_name, dataset_project, is_hidden
from tilth.domain.task import Task, TaskStatus, check_transition
from tilth.domain.version import DatasetPage, DatasetVersion, LineageNode, Metadata, VersionStatus, next_number, number_key
from tilth.server.services.files import files_at
from tilth.server.services.projects import DATASET, drop_if_empty, ensure_project, set_name
from tilth.server.stores.unit_of_work import Tx
from tilth.server.stores.versions import DATASET_ORDERS, VersionFilter, VersionRow
from tilth.wire.own_files import name_in

__all__ = [
    "Said",
    "adopt_version",
    "archive_version",
    "create_version",
    "delete_version",
    "get_version",
    "lineage",
    "list_datasets",
    "move_dataset",
    "publish_version",
    "register_version",
    "remove_alias",
    "rename_dataset",
    "resolve_parts",
    "resolve_reference",
    "set_alias",
    "set_metadata",
    "update_version",
]

DEFAULT_PROJECT = "Datasets"
LATEST = "latest"

_LONGEST_NAME = 1_000
_MOST_SHOWN = 5
_MOST_COMPARED = 1_000
"""As many names are compared with one that does not exist; of each a person sees the answer at once."""
_BATCH = 10_000
"""As many ids are asked for in one statement; SQLite takes 32,766 values."""


class Said(Struct, frozen=True, kw_only=True):
    """What is said of a version beside what it is called."""

    tags: Sequence[str] = ()
    description: str = ""
    author: str = ""


def create_version(
    tx: Tx,
    *,
    name: str,
    id: str | None = None,
    project: str | None = None,
    number: str | None = None,
    parents: Sequence[str] = (),
    said: Said,
    storage: str = "",
    use_task: bool = False,
) -> DatasetVersion:
    """Begin a version and reserve its number; its parents have to be final. With `use_task`, the running task of this id becomes it."""
    if len(storage) > _LONGEST_NAME:
        raise Invalid("the address of the storage is too long", hint=f"use at most {_LONGEST_NAME} characters")
    name = _dataset_name(name)
    found = [get_version(tx, parent) for parent in dict.fromkeys(parents)]
    for parent in found:
        if parent.status is VersionStatus.UPLOADING:
            raise VersionNotFinal(f"parent {parent.id} ({parent.name} {parent.version}) is not final", hint="close it first")
    within = _place(project) if project else found[0].project if found else DEFAULT_PROJECT
    ensure_project(tx, within)
    dataset = ensure_project(tx, dataset_project(within, name), system_tags=(DATASET,))
    number = _number(number or "") or next_number(tx.versions.numbers(dataset.id))
    if tx.versions.has_number(dataset.id, number):
        raise VersionNameTaken(f"{within}/{name} has a version {number} already", hint="choose another number, or leave it out")
    version = VersionId(id or new_id())
    if not is_id(version):
        raise Invalid(f"{version[:60]!r} can't be the id of a version", hint="leave the id out, or use 32 digits of 0-9 and a-f")
    known = tx.tasks.get(version)
    if known and not use_task:
        raise AlreadyExists(f"task {version} exists already", hint="leave the id out")
    task = _task(tx, version, name, dataset.id, number)
    if use_task:
        tx.tasks.update(_turned(tx, known, task, said))
    else:
        tx.tasks.insert(msgspec.structs.replace(task, tags=tuple(dict.fromkeys(said.tags)), comment=said.description, user=said.author))
    tx.versions.insert(
        VersionRow(
            task=version,
            dataset=dataset.id,
            number=number,
            number_key=number_key(number),
            parents=tuple(p.id for p in found),
            storage=storage,
        )
    )
    tx.changed("version.created", version, dataset.id)
    return get_version(tx, version)


def get_version(tx: Tx, id: str) -> DatasetVersion:
    """The version with this id."""
    found = tx.versions.get(id)
    if found is None:
        raise VersionNotFound(f"version {id} does not exist", hint="`tilth data search` shows which do")
    return found


def resolve_reference(tx: Tx, reference: str) -> DatasetVersion:
    """What a person means: an id, the beginning of one, `project/name@version`, `project/name@alias` or `project/name`."""
    reference = reference.strip()
    if is_id(reference):
        return get_version(tx, reference)
    if looks_like_id_prefix(reference):
        matching = tx.versions.search(VersionFilter(id_prefix=reference), limit=_MOST_SHOWN + 1)
        if len(matching) == 1:
            return matching[0]
        if matching:
            shown = ", ".join(f"{v.id} ({v.name} {v.version})" for v in matching[:_MOST_SHOWN])
            raise AmbiguousId(f"{reference} begins the ids of several versions: {shown}", hint="give more of the id")
    path, _, number = reference.partition("@")
    project, _, name = path.rpartition("/")
    if not name:
        raise Invalid(f"{reference!r} names no dataset", hint="give an id, or project/name@version")
    try:
        return resolve_parts(tx, project=project or None, name=name, number=number or None, exact_project=True)
    except VersionNotFound:  # what is out of sight is still found by its name, if nothing else has it
        return resolve_parts(tx, project=project or None, name=name, number=number or None, exact_project=True, include_archived=True)


def resolve_parts(
    tx: Tx,
    *,
    project: str | None = None,
    name: str | None = None,
    number: str | None = None,
    tags: Sequence[str] = (),
    only_final: bool = False,
    only_published: bool = False,
    include_archived: bool = False,
    exact_project: bool = False,
) -> DatasetVersion:
    """The version with the highest number that fits; of the number, or with the alias, `number` if that is given."""
    within = clean_name(project) if project else None
    wanted = VersionFilter(
        project=within,
        recursive=not (exact_project or name),
        dataset=name,
        tags=tags,
        only_final=only_final,
        only_published=only_published,
        include_archived=include_archived,
    )
    if number is None or number == LATEST:
        found = tx.versions.search(
            msgspec.structs.replace(wanted, only_final=only_final or number == LATEST), limit=1, newest_number_first=True
        )
    else:
        found = tx.versions.search(msgspec.structs.replace(wanted, number=number), limit=1, newest_number_first=True)
        found = found or tx.versions.search(msgspec.structs.replace(wanted, alias=number), limit=1, newest_number_first=True)
    if not found:
        said = _said(within, name) + (f"@{number}" if number else "")
        if only_final or number == LATEST:
            _tell_of_draft(tx, msgspec.structs.replace(wanted, only_final=False, number=None if number == LATEST else number))
        known = tx.versions.search(wanted, limit=_MOST_SHOWN, newest_number_first=True) if number and name else []
        hint = f"there are {', '.join(version.version for version in known)}" if known else _near(tx, within, name)
        raise VersionNotFound(f"no version fits {said or 'the tags'}", hint=hint)
    return found[0]


def _tell_of_draft(tx: Tx, wanted: VersionFilter) -> None:
    for draft in tx.versions.search(wanted, limit=1, newest_number_first=True):
        raise VersionNotFound(
            f"version {draft.version} of {_said(draft.project, draft.name)} ({draft.id}) exists but is not final",
            hint="finalize it first, or ask for versions that are not final too",
        )


def list_datasets(tx: Tx, *, text: str, tags: Sequence[str], order: str, limit: int, offset: int, archived: bool = False) -> DatasetPage:
    """Datasets that fit, each with its newest version; with `archived`, those that have archived versions, each with the newest of them."""
    if order.removeprefix("-") not in DATASET_ORDERS:
        raise FieldInvalid(f"order: {order!r:.60} is none", hint=f"use one of {', '.join(DATASET_ORDERS)}, with or without a - before it")
    found, total = tx.versions.datasets(text, tags, order=order, limit=limit, offset=offset, archived=archived)
    return DatasetPage(tuple(found), total)


def register_version(tx: Tx, id: str, *, entries: int, size_bytes: int, root: str, changes: ChangeTotals, finished: str) -> DatasetVersion:
    """Note that a version was committed in the repository. Safe to repeat."""
    version = get_version(tx, id)
    if version.status is not VersionStatus.UPLOADING:
        return version
    task = _get_task(tx, id)
    runtime = {
        "version": version.version,
        "ds_file_count": entries,
        "ds_link_count": 0,
        "ds_total_size": size_bytes,
        "ds_change_add": changes.added.files + changes.moved.files,
        "ds_change_remove": changes.removed.files + changes.moved.files,
        "ds_change_modify": changes.modified.files,
        "ds_change_size": size_bytes - _size_before(tx, version, changes),
    }
    tx.tasks.update(_with_status(tx, task, TaskStatus.COMPLETED, completed=finished, runtime=task.runtime | runtime))
    tx.versions.finish(id, entries=entries, size_bytes=size_bytes, root=root, changes=changes)
    tx.changed("version.finished", id, task.project)
    return get_version(tx, id)


def adopt_version(
    tx: Tx, id: str, *, parents: Sequence[str], entries: int, size_bytes: int, root: str, changes: ChangeTotals
) -> DatasetVersion:
    """Take a task that ClearML's client made as a version into the catalog of versions. Safe to repeat."""
    task = _get_task(tx, id)
    project = tx.projects.get(task.project or "")
    if project is None or DATASET not in project.system_tags:
        raise Invalid(f"task {id} is no version of a dataset", hint="it has to lie in a dataset's project")
    if tx.versions.get(id) is None:
        said = str(task.runtime.get("version") or "")
        # ClearML's client may give two versions one number.
        number = said if said and not tx.versions.has_number(project.id, said) else f"{said or next_number(())}+{id[:8]}"
        tx.versions.insert(
            VersionRow(
                task=VersionId(id), dataset=project.id, number=number, number_key=number_key(number), parents=tuple(map(VersionId, parents))
            )
        )
        tx.versions.set_archived(id, archived="archived" in task.system_tags)
    tx.versions.finish(id, entries=entries, size_bytes=size_bytes, root=root, changes=changes)
    tx.changed("version.finished", id, task.project)
    return get_version(tx, id)


def update_version(
    tx: Tx,
    id: str,
    *,
    description: str | None = None,
    tags: Sequence[str] | None = None,
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
) -> DatasetVersion:
    """Change what is said of a version, final or not: its description and its tags."""
    get_version(tx, id)
    task = _get_task(tx, id)
    kept = [tag for tag in (task.tags if tags is None else tags) if tag not in remove_tags]
    changed = msgspec.structs.replace(
        task,
        tags=tuple(dict.fromkeys([*kept, *add_tags])),
        comment=task.comment if description is None else description,
        last_update=tx.now,
    )
    tx.tasks.update(changed)
    tx.changed("version.updated", id, task.project)
    return get_version(tx, id)


def publish_version(tx: Tx, id: str) -> DatasetVersion:
    """Mark a final version as published."""
    version, task = get_version(tx, id), _get_task(tx, id)
    if version.status is VersionStatus.UPLOADING:
        raise StatusRefused(f"version {id} is not final and can't be published", hint="close it first")
    tx.tasks.update(_with_status(tx, task, TaskStatus.PUBLISHED, published=task.published or tx.now))
    tx.changed("version.published", id, task.project)
    return get_version(tx, id)


def archive_version(tx: Tx, id: str, *, archived: bool) -> DatasetVersion:
    """Put a final version out of sight, or back."""
    version, task = get_version(tx, id), _get_task(tx, id)
    if version.status is VersionStatus.UPLOADING:
        raise StatusRefused(f"version {id} is not final and can't be archived", hint="close or delete it")
    others = tuple(tag for tag in task.system_tags if tag != "archived")
    tx.tasks.update(msgspec.structs.replace(task, system_tags=(*others, "archived") if archived else others, last_update=tx.now))
    tx.versions.set_archived(id, archived=archived)
    tx.changed("version.archived" if archived else "version.unarchived", id, task.project)
    return get_version(tx, id)


def delete_version(tx: Tx, id: str) -> list[VersionId]:
    """Forget a version; with the last one its dataset goes too. Returns its children, which keep all that they hold."""
    get_version(tx, id)
    task = _get_task(tx, id)
    children = tx.versions.children([id])
    _clean_reports(tx, id)
    tx.tasks.delete(id)
    tx.changed("version.deleted", id, task.project)
    if task.project:
        drop_if_empty(tx, task.project)
    return children


def _clean_reports(tx: Tx, id: VersionId | str) -> None:
    """Let what a version reported be deleted, and those of the files in it that lie in the version's own folder."""
    names = [name_in(url, ()) or "" for url in tx.media.urls([id])]
    files = [(file.path, file.key) for name in names if f".{id}/" in name for file in files_at(tx, name)]
    tx.jobs.add("drop_events", {"entities": [id]}, tx.now)
    for start in range(0, len(files), _BATCH):
        tx.jobs.add("drop_files", {"files": files[start : start + _BATCH]}, tx.now)


def rename_dataset(tx: Tx, project: str, name: str, new_name: str) -> None:
    """Give a dataset another name; ids, versions and lineage stay."""
    _relocate(tx, project, name, project, _dataset_name(new_name))


def move_dataset(tx: Tx, project: str, name: str, new_project: str) -> None:
    """Let a dataset lie in another project, which is made if it is missing."""
    new_project = _place(new_project)
    ensure_project(tx, new_project)
    _relocate(tx, project, name, new_project, name)


def set_alias(tx: Tx, id: str, alias: str) -> None:
    """Let `alias` mean this version in its dataset, whatever it meant before."""
    alias = alias.strip()
    if not alias or alias == LATEST or "@" in alias or "/" in alias:
        raise Invalid(f"{alias!r} can't be an alias", hint="use a word without / and @; `latest` is the newest version by itself")
    task = _get_task(tx, get_version(tx, id).id)
    tx.versions.set_alias(task.project or "", alias, id)
    tx.changed("version.updated", id, task.project)


def remove_alias(tx: Tx, id: str, alias: str) -> None:
    """Let `alias` mean nothing any more; `NotFound` if it did not mean this version."""
    if not tx.versions.remove_alias(id, alias):
        raise NotFound(f"{alias} is no alias of version {id}", hint="`tilth data stats` shows what is")
    tx.changed("version.updated", id)


def set_metadata(tx: Tx, id: str, metadata: Metadata) -> None:
    """Attach metadata to a version, in place of what had the name."""
    get_version(tx, id)
    if not metadata.name or metadata.name.startswith("data_"):
        raise Invalid(f"{metadata.name!r} can't be the name of metadata", hint="choose a name that does not begin with data_")
    tx.versions.set_metadata(id, metadata)
    tx.changed("version.updated", id)


def lineage(
    tx: Tx, *, id: str | None = None, project: str | None = None, name: str | None = None, whole: bool = False
) -> list[LineageNode]:
    """A version, or all versions of a dataset, and everything they descend from; deleted ones by their id alone."""
    if id and whole:
        found = get_version(tx, id)
        id, project, name = None, found.project, found.name
    if id:
        starts = [get_version(tx, id)]
    else:
        within = clean_name(project) if project else None
        starts = tx.versions.search(VersionFilter(project=within, recursive=False, dataset=name), limit=10_000)
        if not starts:
            raise VersionNotFound(f"no version fits {_said(within, name)}", hint=_near(tx, within, name))
    parents = tx.versions.ancestry([version.id for version in starts])
    known = {
        version.id: version for ids in _batches(list(parents)) for version in tx.versions.search(VersionFilter(ids=ids), limit=len(ids))
    }
    return [_node(known[version], line) if version in known else LineageNode(id=version, deleted=True) for version, line in parents.items()]


def _node(version: DatasetVersion, parents: tuple[VersionId, ...]) -> LineageNode:
    return LineageNode(
        id=version.id,
        project=version.project,
        name=version.name,
        version=version.version,
        status=version.status,
        parents=parents,
        created=version.created,
    )


def _relocate(tx: Tx, project: str, name: str, new_project: str, new_name: str) -> None:
    found = tx.projects.by_name(dataset_project(clean_name(project), name))
    if found is None:
        raise NotFound(f"dataset {project}/{name} does not exist", hint=_near(tx, clean_name(project), name))
    target = dataset_project(clean_name(new_project), new_name)
    if tx.projects.by_name(target) and target != found.name:
        raise AlreadyExists(f"dataset {new_project}/{new_name} exists already", hint="choose another name")
    set_name(tx, found, target)
    if found.parent:
        drop_if_empty(tx, found.parent)


def _dataset_name(text: str) -> str:
    name = text.strip()
    if not name or "/" in name or "@" in name or len(name) > _LONGEST_NAME:
        raise Invalid(f"{text[:60]!r} can't be the name of a dataset", hint="use 1 to 1,000 characters without / and @")
    return name


def _place(text: str) -> str:
    project = clean_name(text)
    if is_hidden(project):
        raise Invalid(f"a dataset can't lie in the hidden project {project}", hint="choose another project")
    return project


def _number(text: str) -> str:
    number = text.strip()
    if number == LATEST or len(number) > _LONGEST_NAME:
        raise Invalid(
            f"{number[:60]!r} can't be the number of a version", hint="use something like 1.2.3; `latest` is the newest by itself"
        )
    return number


def _said(project: str | None, name: str | None) -> str:
    return "/".join(part for part in (project, name) if part)


def _near(tx: Tx, project: str | None, name: str | None) -> str:
    names = tx.versions.names(project, limit=_MOST_COMPARED) or tx.versions.names(None, limit=_MOST_COMPARED)
    paths = [f"{within}/{dataset}" for within, dataset in names]
    by_name = {dataset.lower(): path for path, (_, dataset) in zip(paths, names, strict=True)}
    by_path = {path.lower(): path for path in paths}
    close = [by_name[text] for text in get_close_matches((name or "").lower(), by_name)]
    found = close or [by_path[text] for text in get_close_matches(_said(project, name).lower(), by_path)]
    return f"similar names: {', '.join(found)}" if found else "`tilth data search` shows which versions there are"


def _batches(ids: list[VersionId]) -> list[list[VersionId]]:
    return [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]


def _get_task(tx: Tx, id: str) -> Task:
    task = tx.tasks.get(id)
    if task is None:
        raise VersionNotFound(f"version {id} does not exist")
    return task


def _size_before(tx: Tx, version: DatasetVersion, changes: ChangeTotals) -> int:
    """How many bytes the parents have together; of several, which may have files in common, modified files count as they are now."""
    if len(version.parents) == 1 and (parent := tx.versions.get(version.parents[0])):
        return parent.size_bytes
    return sum(total.size_bytes for total in (changes.unchanged, changes.moved, changes.removed, changes.modified))


def _with_status(tx: Tx, task: Task, status: TaskStatus, **details: Any) -> Task:
    check_transition(task.status, status)
    return msgspec.structs.replace(task, status=status, status_changed=tx.now, last_update=tx.now, **details)


def _turned(tx: Tx, known: Task | None, made: Task, said: Said) -> Task:
    """A task that runs as the version that it is from now on; what it recorded of its run stays."""
    if known is None or known.status is not TaskStatus.IN_PROGRESS:
        state = f"is {known.status}" if known else "does not exist"
        raise StatusRefused(f"task {made.id} {state}, so it can't become a version", hint="begin it with Task.init, or leave the task out")
    if tx.versions.get(known.id):
        raise AlreadyExists(f"task {known.id} is a version already", hint="a task can become one version; leave the task out for the next")
    properties = known.hyperparams.get("properties") or {}
    return msgspec.structs.replace(
        known,
        name=made.name,
        type=made.type,
        project=made.project,
        comment=said.description or known.comment,
        tags=tuple(dict.fromkeys([*known.tags, *said.tags])),
        system_tags=tuple(dict.fromkeys([*(tag for tag in known.system_tags if tag != "development"), *made.system_tags])),
        hyperparams=known.hyperparams | {"properties": properties | made.hyperparams["properties"]},
        runtime=known.runtime | made.runtime,
        last_update=tx.now,
    )


def _task(tx: Tx, id: str, name: str, project: str, number: str) -> Task:
    version = {"section": "properties", "name": "version", "value": number, "type": "str", "description": ""}
    return Task(
        id=id,
        name=name,
        type="data_processing",
        status=TaskStatus.IN_PROGRESS,
        project=project,
        user="",
        comment="",
        tags=(),
        system_tags=("dataset",),
        parent=None,
        created=tx.now,
        started=tx.now,
        completed=None,
        published=None,
        status_changed=tx.now,
        last_update=tx.now,
        status_message="",
        status_reason="",
        hyperparams={"properties": {"version": version}},
        configuration={},
        runtime={"version": number, "orig_dataset_name": name, "orig_dataset_id": id},
        execution={},
        script={"entry_point": "register_dataset.py", "working_dir": "."},
    )
