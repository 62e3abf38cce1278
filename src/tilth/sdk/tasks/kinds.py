"""What kinds of tasks there are, and in which states they are."""

from enum import StrEnum

__all__ = ["TaskStatusEnum", "TaskTypes"]


class TaskTypes(StrEnum):
    """What kind of work a task is."""

    training = "training"
    testing = "testing"
    inference = "inference"
    data_processing = "data_processing"
    application = "application"
    monitor = "monitor"
    controller = "controller"
    optimizer = "optimizer"
    service = "service"
    qc = "qc"
    custom = "custom"


class TaskStatusEnum(StrEnum):
    """The states of a task."""

    created = "created"
    queued = "queued"
    in_progress = "in_progress"
    stopped = "stopped"
    closed = "closed"
    failed = "failed"
    completed = "completed"
    publishing = "publishing"
    published = "published"
    unknown = "unknown"
