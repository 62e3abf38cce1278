"""What can go wrong, grouped by what the caller does next.

    TilthError
    ├── NotFound       name something that exists
    ├── AlreadyExists  choose another name
    ├── Conflict       somebody else was faster: read again and retry
    ├── Invalid        fix the input
    ├── Denied         ask for permission
    ├── Unavailable    wait and try again
    ├── Corrupt        stop: stored bytes are not what was written
    └── Internal       a bug of ours

Each error carries a stable `code`, a message that says what and which, and a `hint` that says what to do now. The hint
is a sentence without its full stop; `str(error)` joins the two.
"""

from enum import StrEnum
from typing import ClassVar

__all__ = [
    "AlreadyExists",
    "AlreadyQueued",
    "AmbiguousId",
    "BatchEmpty",
    "CallUnknown",
    "Conflict",
    "Corrupt",
    "CredentialsWrong",
    "Denied",
    "DiskFull",
    "DraftBusy",
    "ErrorCode",
    "EventsRefused",
    "FieldInvalid",
    "FieldMissing",
    "Forbidden",
    "FormatUnsupported",
    "HomeReadOnly",
    "Internal",
    "Invalid",
    "KeyNotFound",
    "ModelInUse",
    "ModelNotFound",
    "ModelPublished",
    "NoDefaultQueue",
    "NotFound",
    "NotQueued",
    "ObjectNotFound",
    "PathCollision",
    "PathInvalid",
    "PathNotFound",
    "PatternInvalid",
    "PlanRefused",
    "ProjectInUse",
    "ProjectNotFound",
    "QueueNotEmpty",
    "QueueNotFound",
    "ScrollUnknown",
    "SessionFenced",
    "SourceChanged",
    "SourceUnreadable",
    "StatusRefused",
    "StoreMissing",
    "StoreRefused",
    "TableMalformed",
    "TaskInUse",
    "TaskNotFound",
    "TilthError",
    "TokenInvalid",
    "TooLarge",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "UserNotFound",
    "VersionDeleted",
    "VersionFinal",
    "VersionNameTaken",
    "VersionNotFinal",
    "VersionNotFound",
    "WorkerNotFound",
]


class ErrorCode(StrEnum):
    """Stable names of errors, for scripts and the wire. Append only: a code is never renamed or reused."""

    NOT_FOUND = "not_found"
    ALREADY_EXISTS = "already_exists"
    CONFLICT = "conflict"
    INVALID = "invalid"
    DENIED = "denied"
    UNAVAILABLE = "unavailable"
    CORRUPT = "corrupt"
    INTERNAL = "internal"
    OBJECT_NOT_FOUND = "object_not_found"
    VERSION_NOT_FOUND = "version_not_found"
    VERSION_DELETED = "version_deleted"
    VERSION_FINAL = "version_final"
    VERSION_NOT_FINAL = "version_not_final"
    VERSION_NAME_TAKEN = "version_name_taken"
    SESSION_FENCED = "session_fenced"
    DRAFT_BUSY = "draft_busy"
    AMBIGUOUS_ID = "ambiguous_id"
    PATH_INVALID = "path_invalid"
    PATH_NOT_FOUND = "path_not_found"
    PATH_COLLISION = "path_collision"
    SOURCE_CHANGED = "source_changed"
    SOURCE_UNREADABLE = "source_unreadable"
    DISK_FULL = "disk_full"
    HOME_READ_ONLY = "home_read_only"
    FORMAT_UNSUPPORTED = "format_unsupported"
    STATUS_REFUSED = "status_refused"
    PLAN_REFUSED = "plan_refused"
    CALL_UNKNOWN = "call_unknown"
    FIELD_MISSING = "field_missing"
    FIELD_INVALID = "field_invalid"
    PATTERN_INVALID = "pattern_invalid"
    SCROLL_UNKNOWN = "scroll_unknown"
    BATCH_EMPTY = "batch_empty"
    EVENTS_REFUSED = "events_refused"
    UNAUTHENTICATED = "unauthenticated"
    CREDENTIALS_WRONG = "credentials_wrong"
    TOKEN_INVALID = "token_invalid"  # noqa: S105 - no password
    FORBIDDEN = "forbidden"
    TOO_MANY_REQUESTS = "too_many_requests"
    TOO_LARGE = "too_large"
    TASK_NOT_FOUND = "task_not_found"
    TASK_IN_USE = "task_in_use"
    MODEL_NOT_FOUND = "model_not_found"
    MODEL_IN_USE = "model_in_use"
    MODEL_PUBLISHED = "model_published"
    PROJECT_NOT_FOUND = "project_not_found"
    PROJECT_IN_USE = "project_in_use"
    QUEUE_NOT_FOUND = "queue_not_found"
    QUEUE_NOT_EMPTY = "queue_not_empty"
    NOT_QUEUED = "not_queued"
    ALREADY_QUEUED = "already_queued"
    NO_DEFAULT_QUEUE = "no_default_queue"
    USER_NOT_FOUND = "user_not_found"
    KEY_NOT_FOUND = "key_not_found"
    WORKER_NOT_FOUND = "worker_not_found"
    STORE_MISSING = "store_missing"
    STORE_REFUSED = "store_refused"
    TABLE_MALFORMED = "table_malformed"


class TilthError(Exception):
    """The root of every error that Tilth raises on purpose."""

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class NotFound(TilthError):
    code = ErrorCode.NOT_FOUND
    exit_status = 3


class AlreadyExists(TilthError):
    code = ErrorCode.ALREADY_EXISTS
    exit_status = 4


class Conflict(TilthError):
    code = ErrorCode.CONFLICT
    exit_status = 5


class Invalid(TilthError):
    code = ErrorCode.INVALID
    exit_status = 2


class Denied(TilthError):
    code = ErrorCode.DENIED
    exit_status = 6


class Unavailable(TilthError):
    code = ErrorCode.UNAVAILABLE
    exit_status = 7


class Corrupt(TilthError):
    code = ErrorCode.CORRUPT
    exit_status = 8


class Internal(TilthError):
    code = ErrorCode.INTERNAL
    exit_status = 1


class ObjectNotFound(NotFound):
    code = ErrorCode.OBJECT_NOT_FOUND


class VersionNotFound(NotFound):
    code = ErrorCode.VERSION_NOT_FOUND


class VersionDeleted(NotFound):
    code = ErrorCode.VERSION_DELETED


class VersionFinal(Conflict):
    code = ErrorCode.VERSION_FINAL


class VersionNotFinal(Conflict):
    code = ErrorCode.VERSION_NOT_FINAL


class VersionNameTaken(AlreadyExists):
    code = ErrorCode.VERSION_NAME_TAKEN


class SessionFenced(Conflict):
    code = ErrorCode.SESSION_FENCED


class DraftBusy(Conflict):
    code = ErrorCode.DRAFT_BUSY


class AmbiguousId(Invalid):
    code = ErrorCode.AMBIGUOUS_ID


class PathInvalid(Invalid):
    code = ErrorCode.PATH_INVALID


class PathNotFound(NotFound):
    code = ErrorCode.PATH_NOT_FOUND


class PathCollision(Invalid):
    code = ErrorCode.PATH_COLLISION


class SourceChanged(Conflict):
    code = ErrorCode.SOURCE_CHANGED


class SourceUnreadable(Invalid):
    code = ErrorCode.SOURCE_UNREADABLE


class DiskFull(Unavailable):
    code = ErrorCode.DISK_FULL


class HomeReadOnly(Denied):
    code = ErrorCode.HOME_READ_ONLY


class FormatUnsupported(Invalid):
    code = ErrorCode.FORMAT_UNSUPPORTED


class StatusRefused(Conflict):
    code = ErrorCode.STATUS_REFUSED


class PlanRefused(Denied):
    code = ErrorCode.PLAN_REFUSED


class CallUnknown(NotFound):
    code = ErrorCode.CALL_UNKNOWN


class FieldMissing(Invalid):
    code = ErrorCode.FIELD_MISSING


class FieldInvalid(Invalid):
    code = ErrorCode.FIELD_INVALID


class PatternInvalid(Invalid):
    code = ErrorCode.PATTERN_INVALID


class ScrollUnknown(Invalid):
    code = ErrorCode.SCROLL_UNKNOWN


class BatchEmpty(Invalid):
    code = ErrorCode.BATCH_EMPTY


class EventsRefused(Invalid):
    code = ErrorCode.EVENTS_REFUSED


class Unauthenticated(Denied):
    code = ErrorCode.UNAUTHENTICATED


class CredentialsWrong(Denied):
    code = ErrorCode.CREDENTIALS_WRONG


class TokenInvalid(Denied):
    code = ErrorCode.TOKEN_INVALID


class Forbidden(Denied):
    code = ErrorCode.FORBIDDEN


class TooManyRequests(Unavailable):
    code = ErrorCode.TOO_MANY_REQUESTS


class TooLarge(Invalid):
    code = ErrorCode.TOO_LARGE


class TaskNotFound(NotFound):
    code = ErrorCode.TASK_NOT_FOUND


class TaskInUse(Conflict):
    code = ErrorCode.TASK_IN_USE


class ModelNotFound(NotFound):
    code = ErrorCode.MODEL_NOT_FOUND


class ModelInUse(Conflict):
    code = ErrorCode.MODEL_IN_USE


class ModelPublished(Conflict):
    code = ErrorCode.MODEL_PUBLISHED


class ProjectNotFound(NotFound):
    code = ErrorCode.PROJECT_NOT_FOUND


class ProjectInUse(Conflict):
    code = ErrorCode.PROJECT_IN_USE


class QueueNotFound(NotFound):
    code = ErrorCode.QUEUE_NOT_FOUND


class QueueNotEmpty(Conflict):
    code = ErrorCode.QUEUE_NOT_EMPTY


class NotQueued(Conflict):
    code = ErrorCode.NOT_QUEUED


class AlreadyQueued(Conflict):
    code = ErrorCode.ALREADY_QUEUED


class NoDefaultQueue(NotFound):
    code = ErrorCode.NO_DEFAULT_QUEUE


class UserNotFound(NotFound):
    code = ErrorCode.USER_NOT_FOUND


class KeyNotFound(NotFound):
    code = ErrorCode.KEY_NOT_FOUND


class WorkerNotFound(NotFound):
    code = ErrorCode.WORKER_NOT_FOUND


class StoreMissing(Invalid):
    code = ErrorCode.STORE_MISSING


class StoreRefused(Denied):
    code = ErrorCode.STORE_REFUSED


class TableMalformed(Invalid):
    code = ErrorCode.TABLE_MALFORMED
