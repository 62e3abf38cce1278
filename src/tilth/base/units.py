"""Numbers as people read them."""

import re

__all__ = ["bytes_of", "readable_bytes", "readable_duration"]

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(|B|[kKMGT]i?B)")
_FACTORS = {"": 0, "B": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def bytes_of(text: str) -> int:
    """The number that `text` means, such as `500 MB`, `1.5GB`, `4 GiB` or `0`; ValueError if it means none."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text} is no size")
    unit = found[2]
    factor: int = (1024 if "i" in unit else 1000) ** _FACTORS[unit[:1].upper()]
    return round(float(found[1]) * factor)


def readable_bytes(size: float) -> str:
    """`size` bytes with three significant digits at most: `17 B`, `4.2 MB`, `595 MB`; units are powers of a thousand."""
    if abs(size) < 1000:
        return f"{size:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if abs(size) < 999.5:
            return f"{size:.1f} {unit}" if abs(size) < 9.95 else f"{size:.0f} {unit}"
    return f"{size / 1000:.1f} PB"


def readable_duration(seconds: float) -> str:
    """`seconds` as `45 s`, `3 min 20 s` or `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
