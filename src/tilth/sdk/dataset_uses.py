"""Which dataset versions a run uses: recorded by itself when it gets one, changed by whoever runs it again, read back from both ends."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from tilth.base.errors import AlreadyExists, Invalid, NotFound
from tilth.domain.version import DatasetVersion
from tilth.sdk import beginning, parameters
from tilth.sdk.home import Home
from tilth.sdk.recording import warn
from tilth.wire.dataset_uses import ALIASES, USED, DatasetUse, full_name_key, number_key, uses_in

if TYPE_CHECKING:
    from tilth.sdk.task import Task

__all__ = ["datasets_of", "overriding", "record_use", "turning", "users_of", "users_told", "warn_of_users"]

_LONGEST_ALIAS = 500
_MOST_LOOKED_UP = 1_000


def overriding(task: "Task", alias: str | None, *, silent: bool) -> str | None:
    """What somebody set in a task that an agent runs, in place of the version that the code names; None if nobody did."""
    if not alias:
        if not silent:
            warn("Dataset.get(overridable=True) has no alias, so nobody can name another version; give it one")
        return None
    if not beginning.is_remote():
        return None
    said = task.get_parameter(f"{ALIASES}/{alias}")
    return str(said) if said else None


def turning(task: "Task | None") -> "Task":
    """The running task, which a version is to be made of; raises if there is none, or it is not where the version is to be."""
    if task is None:
        raise Invalid("no task is running, so the dataset can't be kept in it", hint="call Task.init first, or leave use_current_task out")
    if beginning.is_offline() or not task.flush():
        raise Invalid(f"task {task.id} is recorded offline, so the dataset can't be kept in it", hint="leave use_current_task out")
    try:
        known: DatasetVersion | None = task._home.api.versions.get(task.id)
    except NotFound:
        known = None
    if known is not None:
        what = f"{known.project}/{known.name} {known.version}"
        raise AlreadyExists(f"task {task.id} is a version already, {what}", hint="leave use_current_task out for the next one")
    return task


def record_use(task: "Task", version: DatasetVersion, alias: str | None, *, silent: bool) -> None:
    """Note in the running task that it uses a version. Costs no call that waits, and nothing if it is noted already."""
    if alias is not None and (not alias.strip() or len(alias) > _LONGEST_ALIAS):
        raise Invalid(f"{alias!r:.60} can't be an alias", hint=f"use 1 to {_LONGEST_ALIAS} characters, such as training-data")
    document = task._document
    runtime = document.get("runtime") or {}
    aliases = (document.get("hyperparams") or {}).get(ALIASES) or {}
    before = (aliases.get(alias) or {}).get("value") if alias else None
    if version.id in (runtime.get(USED) or ()) and (not alias or before == version.id):
        return
    if before and before != version.id and not silent and not beginning.is_remote():
        warn(f"alias {alias} meant version {before} in this run, and means {version.id} now; use another alias to record both")
    used = list(dict.fromkeys([*(runtime.get(USED) or ()), version.id]))
    full_name = f"{version.project}/{version.name}@{version.version}"
    names = {number_key(version.name, version.version): version.id, full_name_key(version.id): full_name}
    document["runtime"] = {**runtime, USED: used, **names}
    if alias:
        section = {**aliases, alias: parameters.parameter(ALIASES, alias, version.id)}
        document["hyperparams"] = {**(document.get("hyperparams") or {}), ALIASES: section}
    task._change(
        "tasks.add_dataset", task=task.id, dataset=version.id, alias=alias,
        project=version.project, name=version.name, version=version.version,
    )  # fmt: skip


def datasets_of(home: Home, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The versions that a task used, with what the catalog knows of those that the task has no names for."""
    uses = uses_in(document)
    unnamed = [use.id for use in uses if not use.project][:_MOST_LOOKED_UP]
    page = home.api.versions.search(ids=unnamed, only_final=False, page_size=_MOST_LOOKED_UP) if unnamed else None
    known = {str(version.id): version for version in (page.versions if page else ())}
    return [msgspec.to_builtins(_named(use, known.get(use.id))) | {"aliases": list(use.aliases)} for use in uses]


def users_of(home: Home, version: DatasetVersion) -> dict[str, list[dict[str, Any]]]:
    """The tasks that used a version, and the models that they made, newest first."""
    found: dict[str, list[dict[str, Any]]] = home.api.call("tasks.using_dataset", dataset=version.id)
    return found


def users_told(home: Home, version: DatasetVersion) -> str | None:
    """What a person should know who deletes a version: how much was made with it; None if nothing was."""
    users = users_of(home, version)
    tasks, models = len(users["tasks"]), len(users["models"])
    if not tasks:
        return None
    made = f" and {models:,} model{'s' * (models != 1)} made by them" if models else ""
    return (
        f"{version.project}/{version.name} {version.version} was used by {tasks:,} task{'s' * (tasks != 1)}{made}, which can't get it again"
    )


def warn_of_users(home: Home, version: DatasetVersion) -> None:
    """Tell whoever deletes a version what was made with it."""
    said = users_told(home, version)
    if said:
        warn(said)


def _named(use: DatasetUse, version: DatasetVersion | None) -> DatasetUse:
    if version is None:
        return use
    return msgspec.structs.replace(use, project=version.project, name=use.name or version.name, version=use.version or version.version)
