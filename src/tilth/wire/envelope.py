"""What every answer is wrapped in: `{"meta": {...}, "data": {...}}`, in success and in failure."""

from typing import Any

import msgspec
from msgspec import Struct

from tilth.base import errors
from tilth.base.errors import ErrorCode, Internal, TilthError
from tilth.base.ids import new_id

__all__ = ["NO_ENDPOINT", "Endpoint", "Envelope", "ErrorData", "Meta", "failure", "raise_failure", "status_of", "subcode_of", "success"]


class ErrorData(Struct, frozen=True, omit_defaults=True):
    """What a client needs to raise the same error again."""

    code: str | None = None
    hint: str | None = None


class Endpoint(Struct, frozen=True, kw_only=True):
    """Which call was answered, and in which version of the protocol it was asked for."""

    name: str = ""
    requested_version: str = "2.34"
    actual_version: str = "2.34"


NO_ENDPOINT = Endpoint()


class Meta(Struct, frozen=True, kw_only=True):
    """How a call went: HTTP's status and ClearML's finer code."""

    id: str = ""
    trx: str = ""
    endpoint: Endpoint = NO_ENDPOINT
    result_code: int
    result_subcode: int = 0
    result_msg: str = "OK"
    error_stack: str | None = None
    error_data: ErrorData = ErrorData()


class Envelope(Struct, frozen=True):
    """An answer whose data is not decoded yet."""

    meta: Meta
    data: msgspec.Raw = msgspec.Raw(b"{}")


_STATUS: tuple[tuple[type[TilthError], int], ...] = (
    (errors.CallUnknown, 404),
    (errors.Unauthenticated, 401),
    (errors.CredentialsWrong, 401),
    (errors.TokenInvalid, 401),
    (errors.TooManyRequests, 429),
    (errors.TooLarge, 413),
    (errors.ObjectNotFound, 404),
    (errors.StoreMissing, 503),  # the server's own store: whoever asked has done nothing wrong
    (errors.StoreRefused, 503),
    (errors.NotFound, 400),
    (errors.AlreadyExists, 400),
    (errors.Conflict, 400),
    (errors.Invalid, 400),
    (errors.Denied, 403),
    (errors.Unavailable, 503),
    (errors.Corrupt, 500),
)

_SUBCODES = {
    ErrorCode.FIELD_MISSING: 11,
    ErrorCode.INVALID: 12,
    ErrorCode.BATCH_EMPTY: 17,
    ErrorCode.FIELD_INVALID: 20,
    ErrorCode.PATTERN_INVALID: 21,
    ErrorCode.KEY_NOT_FOUND: 75,
    ErrorCode.TASK_NOT_FOUND: 101,
    ErrorCode.VERSION_NOT_FOUND: 101,
    ErrorCode.STATUS_REFUSED: 110,
    ErrorCode.TASK_IN_USE: 123,
    ErrorCode.EVENTS_REFUSED: 131,
    ErrorCode.MODEL_NOT_FOUND: 201,
    ErrorCode.MODEL_PUBLISHED: 203,
    ErrorCode.MODEL_IN_USE: 205,
    ErrorCode.USER_NOT_FOUND: 301,
    ErrorCode.PROJECT_NOT_FOUND: 401,
    ErrorCode.PROJECT_IN_USE: 402,
    ErrorCode.QUEUE_NOT_FOUND: 701,
    ErrorCode.QUEUE_NOT_EMPTY: 702,
    ErrorCode.NOT_QUEUED: 703,
    ErrorCode.ALREADY_QUEUED: 706,
    ErrorCode.NO_DEFAULT_QUEUE: 707,
    ErrorCode.ALREADY_EXISTS: 801,
    ErrorCode.VERSION_NAME_TAKEN: 801,
    ErrorCode.WORKER_NOT_FOUND: 1004,
    ErrorCode.SCROLL_UNKNOWN: 1104,
    ErrorCode.UNAUTHENTICATED: 20,
    ErrorCode.CREDENTIALS_WRONG: 22,
    ErrorCode.TOKEN_INVALID: 30,
    ErrorCode.FORBIDDEN: 20,
}


def success(data: Any, endpoint: Endpoint = NO_ENDPOINT) -> bytes:
    """The answer to a call that went well."""
    id = new_id()
    return msgspec.json.encode({"meta": Meta(id=id, trx=id, endpoint=endpoint, result_code=200), "data": data})


def failure(error: TilthError, endpoint: Endpoint = NO_ENDPOINT) -> bytes:
    """The answer to a call that failed."""
    id = new_id()
    meta = Meta(
        id=id,
        trx=id,
        endpoint=endpoint,
        result_code=status_of(error),
        result_subcode=subcode_of(error),
        result_msg=error.message,
        error_data=ErrorData(error.code, error.hint),
    )
    return msgspec.json.encode({"meta": meta, "data": {}})


def status_of(error: TilthError) -> int:
    """HTTP's status for an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def subcode_of(error: TilthError) -> int:
    """ClearML's finer code for an error; 0 if it has none."""
    return _SUBCODES.get(error.code, 0)


def raise_failure(meta: Meta) -> None:
    """Raise what a failed call raised where it was served; nothing for one that went well."""
    if meta.result_code == 200:
        return
    data = meta.error_data
    raise _CLASSES.get(data.code or ErrorCode.INTERNAL, Internal)(meta.result_msg, hint=data.hint)


_CLASSES: dict[str, type[TilthError]] = {
    kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TilthError) and kind is not TilthError
}
