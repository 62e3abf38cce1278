"""Folders for what is being worked on, in the cache: they go with the work, and what a process left that was killed goes with the next.

Such a folder is locked by its process, which the system ends with it. Nobody sees the locks of another machine; what one of those left is
removed after a day.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tilth.base.atomic_io import sweep, translated_os_errors
from tilth.datasets.cache.locks import let_go, locked_by_others
from tilth.sdk.home import Home

__all__ = ["scratch_in"]


@contextmanager
def scratch_in(home: Home) -> Iterator[Path]:
    """A folder for what is being worked on."""
    above = home.cache_folder / "tables"
    with translated_os_errors(above):
        home.cache.sharing.make(os.fspath(above))  # others of a shared cache work there as well
        sweep(above)
        _remove_abandoned(above)
        folder, descriptor = _locked_folder(above)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        let_go(descriptor)


def _locked_folder(above: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_prefix(), dir=above))
        with suppress(FileNotFoundError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            if locked_by_others(descriptor) is not True and folder.exists():
                return folder, descriptor
            os.close(descriptor)
        # Another process came between, which took it for abandoned and removes it.


def _remove_abandoned(above: Path) -> None:
    for folder in above.glob(f"{_prefix()}*"):
        with suppress(OSError):  # of another user, or removed meanwhile
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if locked_by_others(descriptor) is False:
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                let_go(descriptor)


def _prefix() -> str:
    """What the names of folders of this machine begin with."""
    return f"{socket.gethostname().replace('/', '_')[:64]}-"
