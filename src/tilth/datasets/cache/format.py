"""Which release may use a cache folder: `format.json` in it says how the rest is to be understood.

A folder without one is of the format that there was before any was noted, the first. Whoever makes something there notes it; several who
do so at once agree, since the first one's note stays. Who may only read notes nothing.
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from tilth.base.atomic_io import write_all
from tilth.base.errors import Corrupt, FormatUnsupported
from tilth.base.ids import new_id
from tilth.datasets.cache.sharing import Sharing

__all__ = ["CACHE_FORMAT", "note_format", "require_format"]

CACHE_FORMAT = 1
_NAME = "format.json"
_MOST_BYTES = 4096
_known: set[str] = set()
"""Folders where this process has noted it, or found it."""


class Format(Struct, frozen=True):
    """What every format says of itself."""

    version: int


def require_format(root: Path) -> bool:
    """Whether a cache folder says what format it has; `FormatUnsupported` if that is one that this release does not know."""
    data = _read(f"{root}/{_NAME}")
    if data is None:
        return False
    try:
        version = msgspec.json.decode(data, type=Format).version
    except (msgspec.MsgspecError, RecursionError) as error:
        hint = f"remove {root}/{_NAME} if no other release of Tilth uses this cache, or set TILTH_CACHE to another folder"
        raise Corrupt(f"nobody can tell which format the cache {root} has ({error})", hint=hint) from error
    if version > CACHE_FORMAT:
        raise FormatUnsupported(
            f"the cache {root} has format {version}, and this release uses caches up to format {CACHE_FORMAT}",
            hint="install a newer release of Tilth, or set TILTH_CACHE to another folder",
        )
    return True


def note_format(root: Path, sharing: Sharing) -> None:
    """Let a cache folder that this process is about to write to say its format. One that can't be written to stays as it is."""
    name = os.fspath(root)
    if name in _known and os.path.exists(f"{name}/{_NAME}"):
        return
    if not require_format(root):
        with suppress(OSError):
            _write(f"{name}/{_NAME}", f"{name}/.{new_id()}", sharing)
        require_format(root)  # somebody else may have been faster, of another release
    _known.add(name)


def _write(path: str, temporary: str, sharing: Sharing) -> None:
    descriptor = sharing.open(temporary, os.O_WRONLY | os.O_EXCL)
    try:
        try:
            write_all(descriptor, [msgspec.json.encode(Format(CACHE_FORMAT)) + b"\n"])
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(temporary, path)  # never over what somebody else noted
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            os.rename(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _read(path: str) -> bytes | None:
    """What a note says; None if there is none, or it is not for this user, who then sees as little of all else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return os.read(descriptor, _MOST_BYTES)
    except OSError:
        return None
    finally:
        os.close(descriptor)
