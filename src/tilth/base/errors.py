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
    "AmbiguousId",
    "Conflict",
    "Corrupt",
    "Denied",
    "DiskFull",
    "DraftBusy",
    "ErrorCode",
    "FormatUnsupported",
    "HomeReadOnly",
    "Internal",
    "Invalid",
    "NotFound",
    "ObjectNotFound",
    "PathCollision",
    "PathInvalid",
    "PathNotFound",
    "PlanRefused",
    "SessionFenced",
    "SourceChanged",
    "SourceUnreadable",
    "StatusRefused",
    "TilthError",
    "Unavailable",
    "VersionDeleted",
    "VersionFinal",
    "VersionNameTaken",
    "VersionNotFinal",
    "VersionNotFound",
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
