"""What a Task is, and which of its states may follow which. Everything that is recorded is a Task, dataset versions too."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from tilth.base.errors import StatusRefused

__all__ = ["TRANSITIONS", "Task", "TaskStatus", "check_transition"]


class TaskStatus(StrEnum):
    """The states of a Task, by their names in ClearML's protocol."""

    CREATED = "created"
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    STOPPED = "stopped"
    CLOSED = "closed"
    FAILED = "failed"
    COMPLETED = "completed"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    UNKNOWN = "unknown"


_S = TaskStatus

TRANSITIONS: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    _S.CREATED: frozenset({_S.QUEUED, _S.IN_PROGRESS}),
    _S.QUEUED: frozenset({_S.CREATED, _S.IN_PROGRESS, _S.STOPPED}),
    _S.IN_PROGRESS: frozenset({_S.STOPPED, _S.FAILED, _S.CREATED, _S.COMPLETED}),
    _S.STOPPED: frozenset({_S.CLOSED, _S.CREATED, _S.FAILED, _S.QUEUED, _S.IN_PROGRESS, _S.PUBLISHED, _S.PUBLISHING, _S.COMPLETED}),
    _S.CLOSED: frozenset({_S.CREATED, _S.FAILED, _S.PUBLISHED, _S.PUBLISHING, _S.STOPPED}),
    _S.FAILED: frozenset({_S.CREATED, _S.STOPPED, _S.PUBLISHED, _S.QUEUED}),
    _S.COMPLETED: frozenset({_S.PUBLISHED, _S.IN_PROGRESS, _S.CREATED}),
    _S.PUBLISHING: frozenset({_S.PUBLISHED}),
    _S.PUBLISHED: frozenset(),
    _S.UNKNOWN: frozenset(),
}
"""What may follow each state without force. The same state again is always allowed."""


def check_transition(before: TaskStatus, after: TaskStatus, *, force: bool = False) -> None:
    """Raise `StatusRefused` unless a Task may go from `before` to `after`."""
    if not (force or before is after or after in TRANSITIONS[before]):
        raise StatusRefused(f"a task that is {before} can't become {after}", hint="reset or clone it, or use force")


class Task(Struct, frozen=True, kw_only=True):
    """A Task as the catalog keeps it."""

    id: str
    name: str
    type: str
    status: TaskStatus
    project: str | None
    """The project's id."""
    user: str
    comment: str
    tags: tuple[str, ...]
    system_tags: tuple[str, ...]
    parent: str | None
    created: str
    started: str | None
    completed: str | None
    published: str | None
    status_changed: str
    last_update: str
    status_message: str
    status_reason: str
    hyperparams: dict[str, Any]
    configuration: dict[str, Any]
    runtime: dict[str, Any]
    execution: dict[str, Any]
    script: dict[str, Any]
