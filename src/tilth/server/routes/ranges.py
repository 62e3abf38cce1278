"""Which bytes a `Range` header asks for."""

import re

__all__ = ["parse_range"]

_RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """The first byte and the last but one that are asked for; None if there are no such bytes. Several ranges mean all."""
    match = _RANGE.match(header.strip())
    if match is None or match.groups() == ("", ""):
        return 0, size
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    return (start, stop) if start < stop else None
