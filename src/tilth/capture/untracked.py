"""Files that no commit holds, as a patch that makes them again.

Git makes such a patch as well, but in one process for each file. Nothing of the repository is executed here either.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

__all__ = ["LeftOut", "patch_of_new_files", "said_of"]

LARGEST_FILE = 500_000
_NAMED = 5
_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


class LeftOut(Struct, frozen=True):
    """A file that the patch does not make, and why."""

    path: str
    reason: str


def patch_of_new_files(top: Path, paths: Iterable[str], *, most_bytes: int) -> tuple[bytes, list[LeftOut]]:
    """What `git apply` makes the files below `top` with, in at most `most_bytes`, and what is left out: binary and large files."""
    parts: list[bytes] = []
    left_out: list[LeftOut] = []
    room = most_bytes
    for path in paths:
        found = _patch(top, path)
        if isinstance(found, bytes) and len(found) > room:
            found = "no room for it"
        if isinstance(found, str):
            left_out.append(LeftOut(path, found))
        else:
            parts.append(found)
            room -= len(found)
    return b"".join(parts), left_out


def said_of(left_out: list[LeftOut]) -> str:
    """One line that names what is left out."""
    named = ", ".join(f"{_printable(one.path)} ({one.reason})" for one in left_out[:_NAMED])
    more = f", and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
    return f"untracked files that are not recorded with the uncommitted changes: {named}{more}"


def _printable(path: str) -> str:
    """A path without characters that a terminal would obey."""
    return path.encode(errors="surrogateescape").decode(errors="replace").translate(dict.fromkeys((*range(32), 127), "?"))


def _patch(top: Path, path: str) -> bytes | str:
    """The part of a patch that makes one file, or why there is none."""
    if path.endswith("/"):
        return "a repository of its own"
    try:
        found = os.lstat(top / path)
        if stat.S_ISLNK(found.st_mode):
            data, mode = os.fsencode(os.readlink(top / path)), "120000"
        elif not stat.S_ISREG(found.st_mode):
            return "no regular file"
        elif found.st_size > LARGEST_FILE:
            return f"{found.st_size:,} bytes, and {LARGEST_FILE:,} is the most"
        else:
            data, mode = (top / path).read_bytes(), "100755" if found.st_mode & 0o111 else "100644"
    except OSError as error:
        return error.strerror or "can't be read"
    return _new_file(path, mode, data) if _is_text(data) else "binary"


def _is_text(data: bytes) -> bool:
    # The patch is kept as text: what is no UTF-8 would not come back.
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def _new_file(path: str, mode: str, data: bytes) -> bytes:
    old, new = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    head = f"diff --git {old} {new}\nnew file mode {mode}\n".encode()
    if not data:
        return head
    lines = data.split(b"\n")
    ends = not lines[-1]
    lines = lines[:-1] if ends else lines
    # A tab ends a name with a space in it, as git writes it.
    end = "\t" if " " in path and not new.startswith('"') else ""
    span = f"1,{len(lines)}" if len(lines) > 1 else "1"
    head += f"--- /dev/null\n+++ {new}{end}\n@@ -0,0 +{span} @@\n".encode()
    return head + b"".join(b"+" + line + b"\n" for line in lines) + (b"" if ends else b"\\ No newline at end of file\n")


def _quoted(name: str) -> str:
    """A name as git writes it in a patch: with escapes if it has any bytes beside plain ones."""
    data = os.fsencode(name)
    if all(32 <= code < 127 and code not in _ESCAPES for code in data):
        return name
    return '"' + "".join(_ESCAPES.get(code) or (chr(code) if 32 <= code < 127 else f"\\{code:03o}") for code in data) + '"'
