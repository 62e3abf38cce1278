"""Values of cells of workbooks as texts."""

from datetime import datetime, time, timedelta
from typing import Any

from tilth.sdk.tables.rows import Cell

__all__ = ["text_of"]

_SECOND = timedelta(seconds=1)


def text_of(value: Any) -> Cell:
    """The value of a cell as a text: a whole number has no point, a date no time where it says none, and a duration hours only."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return _duration(value) if isinstance(value, timedelta) else str(value)


def _duration(value: timedelta) -> str:
    seconds, rest = divmod(abs(value), _SECOND)
    sign = "-" if value < timedelta() else ""
    part = f".{rest.microseconds:06}".rstrip("0") if rest else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{part}"
