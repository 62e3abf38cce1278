"""What is done after calls were answered: each kind of job, and what is looked after regularly. All of it may be done twice."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from tilth.domain.access import OWNER
from tilth.domain.task import TaskStatus
from tilth.server.services.context import Call, Origin
from tilth.server.services.files import delete_unchanged
from tilth.server.services.task_states import STATE, set_status
from tilth.server.stores.query import Query
from tilth.server.stores.unit_of_work import Tx

__all__ = ["JOBS", "SILENT_S", "look_after", "objects_to_delete", "stop_silent_tasks"]

SILENT_S = 7_200
"""A task that runs and has said nothing for as many seconds is taken for dead."""

_KEEP_CHANGES = timedelta(days=7)
_KEEP_SAMPLES = timedelta(days=30)


def stop_silent_tasks(tx: Tx, *, after_s: float = SILENT_S) -> list[str]:
    """Stop tasks that run and give no sign of life any more; returns their ids."""
    edge = (tx.time - timedelta(seconds=after_s)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    conditions: list[tuple[str, list[Any]]] = [("task.status = ?", [TaskStatus.IN_PROGRESS]), ("task.last_update < ?", [edge])]
    # Versions of datasets are looked after by those who upload them: a session may be resumed for a week.
    conditions.append(("NOT EXISTS (SELECT 1 FROM version WHERE version.task = task.id)", []))
    call = Call(tx=tx, actor=OWNER, origin=Origin(), services={})
    silent = tx.documents.tasks.search(Query(where=tuple(conditions), limit=1_000), STATE)
    for task in silent:
        set_status(call, task, TaskStatus.STOPPED, force=True, reason="Forced stop (non-responsive)", completed=tx.now)
    return [task["id"] for task in silent]


def look_after(tx: Tx) -> None:
    """What is done every now and then: stop silent tasks, and forget what nobody needs any more."""
    stop_silent_tasks(tx)
    tx.forget_changes((tx.time - _KEEP_CHANGES).isoformat(timespec="microseconds").replace("+00:00", "Z"))
    tx.samples.forget(int((tx.time - _KEEP_SAMPLES).timestamp()))
    tx.accounts.forget_tokens(int(tx.time.timestamp()))


def objects_to_delete(tx: Tx, keys: Sequence[str]) -> list[str]:
    """Those of `keys` that no file is held by."""
    return [key for key in keys if key not in tx.files.known_keys(keys)]


def _drop_events(tx: Tx, payload: dict[str, Any]) -> None:
    entities = payload["entities"]
    tx.scalars.drop(entities)
    tx.logs.drop(entities)
    tx.media.drop(entities)


def _drop_files(tx: Tx, payload: dict[str, Any]) -> None:
    delete_unchanged(tx, [(path, key) for path, key in payload["files"]])


JOBS: dict[str, Callable[[Tx, dict[str, Any]], None]] = {"drop_events": _drop_events, "drop_files": _drop_files}
"""Jobs that are done within the database; `drop_objects` is done by whoever holds the store."""
