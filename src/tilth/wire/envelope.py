"""What every answer is wrapped in: `{"meta": {...}, "data": {...}}`, in success and in failure."""

from typing import Any

import msgspec
from msgspec import Struct

from tilth.base import errors
from tilth.base.errors import ErrorCode, Internal, TilthError

__all__ = ["Envelope", "ErrorData", "Meta", "failure", "raise_failure", "success"]


class ErrorData(Struct, frozen=True):
    """What a client needs to raise the same error again."""

    code: str
    hint: str | None = None


class Meta(Struct, frozen=True, kw_only=True):
    """How a call went: HTTP's status and ClearML's finer code."""

    result_code: int
    result_subcode: int = 0
    result_msg: str = "OK"
    error_data: ErrorData | None = None


class Envelope(Struct, frozen=True):
    """An answer whose data is not decoded yet."""

    meta: Meta
    data: msgspec.Raw = msgspec.Raw(b"{}")


_STATUS: tuple[tuple[type[TilthError], int], ...] = (
    (errors.NotFound, 400),
    (errors.AlreadyExists, 400),
    (errors.Conflict, 400),
    (errors.Invalid, 400),
    (errors.Denied, 403),
    (errors.Unavailable, 503),
    (errors.Corrupt, 500),
)

_SUBCODES = {
    ErrorCode.VERSION_NOT_FOUND: 101,
    ErrorCode.STATUS_REFUSED: 110,
    ErrorCode.NOT_FOUND: 401,
    ErrorCode.ALREADY_EXISTS: 801,
    ErrorCode.VERSION_NAME_TAKEN: 801,
    ErrorCode.INVALID: 12,
}


def success(data: Any) -> bytes:
    """The answer to a call that went well."""
    return msgspec.json.encode({"meta": Meta(result_code=200), "data": data})


def failure(error: TilthError) -> bytes:
    """The answer to a call that failed."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    meta = Meta(
        result_code=status,
        result_subcode=_SUBCODES.get(error.code, 0),
        result_msg=error.message,
        error_data=ErrorData(error.code, error.hint),
    )
    return msgspec.json.encode({"meta": meta, "data": {}})


def raise_failure(meta: Meta) -> None:
    """Raise what a failed call raised where it was served; nothing for one that went well."""
    if meta.result_code == 200:
        return
    data = meta.error_data or ErrorData(ErrorCode.INTERNAL)
    raise _CLASSES.get(data.code, Internal)(meta.result_msg, hint=data.hint)


_CLASSES: dict[str, type[TilthError]] = {
    kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TilthError) and kind is not TilthError
}
