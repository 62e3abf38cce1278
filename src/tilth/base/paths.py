"""What a path in a version may look like, so that every system that holds files could restore it where it belongs.

A path is relative, `/`-separated, and goes down only. Names are kept as they are; what only some systems can't restore is
told (`portability_problems`), not refused.
"""

import re
from collections.abc import Sequence

from tilth.base.errors import PathInvalid

__all__ = ["check_path", "normalise_prefix", "portability_problems"]

LONGEST_NAME_BYTES = 255
LONGEST_PATH_BYTES = 4096

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_SUSPICIOUS = re.compile(r'[<>:"|?*\\\x01-\x1f]|[. ](?:/|$)|(?:^|/)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:[./]|$)', re.IGNORECASE)
_NOT_EVERYWHERE = re.compile(r'[<>:"|?*\\\x01-\x1f]')


def check_path(path: str) -> None:
    """Raise `PathInvalid`, naming what is wrong, unless `path` may stand in a version."""
    reason = _reason(path)
    if reason:
        shown = path if len(path) <= 80 else f"{path[:60]}… ({len(path)} characters)"
        raise PathInvalid(f"{shown!r} can't be a path in a dataset: {reason}", hint="use a relative path that every system can restore")


def normalise_prefix(text: str) -> str:
    """`text` as a person writes a folder (`./a/b/`, `a//b`, `.`), as it begins paths: `a/b`, or nothing for the top."""
    prefix = "/".join(part for part in text.split("/") if part not in ("", "."))
    if prefix:
        check_path(prefix)
    return prefix


def portability_problems(names: Sequence[str]) -> list[str]:
    """A sentence for each of `names` that some system could not restore."""
    if not _SUSPICIOUS.search("/".join(names)):
        return []
    return [problem for name in names if (problem := _portability_problem(name))]


def _portability_problem(name: str) -> str | None:
    """Why some system could not restore a file called `name`, or None if every one can."""
    if _RESERVED.fullmatch(name):
        return f"{name} is a reserved name on Windows"
    if name.endswith((".", " ")):
        return f"{name!r} ends with {'a dot' if name.endswith('.') else 'a space'}, which Windows drops"
    if found := _NOT_EVERYWHERE.search(name):
        return f"{name!r} holds {found[0]!r}, which Windows does not allow"
    return None


def _reason(path: str) -> str | None:
    if not path:
        return "it is empty"
    if "\0" in path:
        return "it holds a NUL character"
    if path.startswith("/"):
        return "it is absolute"
    parts = path.split("/")
    if ".." in parts:
        return "it goes up with '..'"
    if "" in parts or "." in parts:
        return "it has an empty or '.' component"
    try:
        sizes = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:
        return "it is not valid UTF-8"
    if max(sizes) > LONGEST_NAME_BYTES:
        return f"one of its names is longer than {LONGEST_NAME_BYTES} bytes"
    if sum(sizes) + len(sizes) - 1 > LONGEST_PATH_BYTES:
        return f"it is longer than {LONGEST_PATH_BYTES} bytes"
    return None
