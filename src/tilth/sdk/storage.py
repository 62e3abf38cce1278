"""Where versions keep their bytes."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tilth.base.errors import Invalid
from tilth.sdk.home import Home

__all__ = ["require_own_storage", "storage_of"]


def storage_of(home: Home) -> str:
    """The URL of the home's own store."""
    return (home.folder / "store").absolute().as_uri()


def require_own_storage(home: Home, storage: str | None) -> None:
    """Refuse any storage but the home's own, which is the only one that versions can be kept in for now."""
    if not storage:
        return
    parts = urlsplit(storage)
    path = unquote(parts.path) if parts.scheme == "file" else storage
    own = home.folder / "store"
    if parts.scheme not in ("", "file") or os.path.abspath(path) != os.fspath(Path(own).absolute()):
        raise Invalid(
            f"{storage} can't keep versions: this release keeps them in {own} only", hint="leave the storage out, or set TILTH_HOME"
        )
