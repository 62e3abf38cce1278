"""Commands that show versions as folders of the system."""

import logging
import os
import signal
import sys
import threading
from typing import Annotated

from cyclopts import Parameter

from tilth._wiring import open_home
from tilth.base.logs import configure_logging
from tilth.cli.options import Json
from tilth.cli.output import Output, count, size
from tilth.sdk import lookup
from tilth.sdk.mounting import mounts
from tilth.sdk.mounting.fuse import require_fuse, serve
from tilth.sdk.mounting.tree import MountedVersion
from tilth.sdk.reading import reading_of

__all__: list[str] = []


def mount_command(
    version: str,
    folder: str,
    /,
    *,
    foreground: Annotated[bool, Parameter(help="Stay here until Ctrl-C, and say here what can't be read.")] = False,
    allow_other: Annotated[bool, Parameter(help="Let other users read it; /etc/fuse.conf has to allow that.")] = False,
    until_closed: Annotated[bool, Parameter(help="Unmount when standard input ends.", show=False)] = False,
    json: Json = False,
) -> None:
    """Show a version as a folder, read only, without downloading it: its files are read where they are stored, when they are read."""
    require_fuse()
    home = open_home()
    found = lookup.find(home, version)
    files = MountedVersion(reading_of(home, found))
    place = mounts.prepare(folder)
    if foreground:
        configure_logging(json=json, level=logging.WARNING)
        if until_closed:
            _end_with_input()
        elif sys.stderr.isatty():  # and not into the log of the one in the background
            Output(json=False).note(f"{found.project}/{found.name} {found.version} is mounted at {place}; Ctrl-C takes it away")
        serve(files, place, allow_other=allow_other)
        return
    started = mounts.begin(home, found, place, allow_other=allow_other)
    total = f"{count(found.entries, 'file')}, {size(found.size_bytes)}"
    lines = [f"{place}: {found.project}/{found.name} {found.version}, {total}", f"`tilth data unmount {folder}` takes it away"]
    Output(json=json).result({"id": found.id, "folder": place, "pid": started.pid, "log": started.log}, lines)


def unmount_command(
    folder: str,
    /,
    *,
    lazy: Annotated[bool, Parameter(help="Also while it is used: it goes when nobody does any more.")] = False,
    json: Json = False,
) -> None:
    """Take a mounted version away."""
    place = mounts.unmount(open_home(), folder, lazy=lazy)
    Output(json=json).result({"folder": place}, [f"{place} is unmounted"])


def _end_with_input() -> None:
    """Ask this process to end, and thereby to unmount, as soon as whoever started it closes its end, or is gone."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    threading.Thread(target=wait, name="tilth-mount-input", daemon=True).start()
