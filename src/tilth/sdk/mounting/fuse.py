"""The calls of FUSE for one version, answered in this process until the folder is unmounted.

The bindings (`mfusepy`, extra `mount`) load the system's libfuse when they are imported, so that is done here and only when it is needed.
"""

import errno
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from tilth.base.errors import Invalid, TilthError, Unavailable
from tilth.sdk.mounting.tree import Attributes, MountedVersion

__all__ = ["require_fuse", "serve"]

_DEVICE = Path("/dev/fuse")
_KEPT_S = 24 * 3600
"""How long the kernel may believe what it was told: a final version never changes."""


class _Calls:
    """What `mfusepy` calls; paths begin with a slash."""

    use_ns = True

    def __init__(self, files: MountedVersion) -> None:
        self._files = files

    def getattr(self, path: str, fh: int | None = None) -> Attributes:
        return self._files.attributes(path[1:])

    def readdir_with_offset(self, path: str, offset: int, fh: int) -> Iterator[tuple[str, Attributes, int]]:
        return self._files.entries(path[1:], offset)

    def open(self, path: str, flags: int) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_APPEND):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        return self._files.open(path[1:])

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return self._files.read(fh, size, offset)

    def release(self, path: str, fh: int) -> int:
        self._files.close(fh)
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        return self._files.room()


def require_fuse() -> Any:
    """The bindings; an error that says what is missing, if this system can't mount."""
    try:
        bindings = import_module("mfusepy")
    except ImportError as error:
        raise Invalid("mounting needs the package mfusepy, which is not installed", hint="pip install 'tilth[mount]'") from error
    except (OSError, AttributeError) as error:
        hint = "install FUSE 3 of your system, such as Debian's package fuse3; on a Mac macFUSE"
        raise Invalid(f"mounting needs FUSE's library libfuse, which can't be loaded ({error})", hint=hint) from error
    if sys.platform == "linux":
        _require_device()
    return bindings


def serve(files: MountedVersion, folder: str, *, allow_other: bool = False) -> None:
    """Show the version in `folder`, until it is unmounted or this process is asked to end (SIGINT, SIGTERM)."""
    bindings = require_fuse()
    options = {
        "foreground": True,
        "ro": True,
        "default_permissions": True,  # the kernel keeps to the modes
        "kernel_cache": True,  # what was read once is read from the kernel's memory, also after the file was closed
        "use_ino": True,
        "fsname": f"tilth:{files.version.id}",
        "subtype": "tilth",
    } | {f"{kept}_timeout": _KEPT_S for kept in ("entry", "attr", "negative")}
    try:
        bindings.FUSE(_Calls(files), folder, **options, **({"allow_other": True} if allow_other else {}))
    except RuntimeError as error:  # what is wrong was printed by libfuse itself
        raise Unavailable(f"{folder} can't be mounted (FUSE says {error})", hint="see what FUSE printed before this") from error


def _require_device() -> None:
    try:
        os.close(os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        raise _without_device(error) from error


def _without_device(error: OSError) -> TilthError:
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        what, hint = (
            "there is none",
            "load the kernel's module with `modprobe fuse`; a container needs `--device /dev/fuse --cap-add SYS_ADMIN`",
        )
    else:
        what, hint = (
            str(error.strerror),
            "ask for the right to read and write it; a container needs `--device /dev/fuse --cap-add SYS_ADMIN`",
        )
    return Invalid(f"mounting needs the device {_DEVICE}: {what}", hint=hint)
