"""Numbers as people read them."""

__all__ = ["readable_bytes", "readable_duration"]


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
