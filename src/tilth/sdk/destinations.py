"""Where the files of a task go: among the server's own, or to the destination that was named for it."""

import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tilth.base.errors import Denied, Invalid, TilthError, Unavailable
from tilth.base.ids import new_id
from tilth.sdk.home import Home
from tilth.sdk.packing import Packed
from tilth.sdk.places import BucketPlace, LocalPlace, OwnPlace, Place, place_of
from tilth.sdk.recording import Recording, warn
from tilth.wire.own_files import address_of

if TYPE_CHECKING:
    from tilth.sdk.tasks.record import TaskRecord

__all__ = ["can_wait", "checked_destination", "keep", "named_place"]


def checked_destination(home: Home, address: Any) -> str:
    """The address as a task keeps it, after a file was put there and taken away again; `Invalid` or `Denied` if that is refused.

    A bucket that does not answer now is told, and may answer later. A path is made absolute, wherever the process goes afterwards.
    """
    if not isinstance(address, (str, Path)):
        raise Invalid(f"output_uri is {address!r:.60}", hint="give a folder, the address of a bucket, or True for the server's files")
    place = place_of(home, address)
    if isinstance(place, OwnPlace):
        return str(address)
    try:
        _try_out(place)
    except (Unavailable, Denied) as error:
        if isinstance(place, LocalPlace):
            raise Invalid(f"files can't go to {place.file}: {error.message}", hint="name a folder that can be written") from error
        if isinstance(error, Denied):
            raise
        warn(f"{error}. The run goes on; what it can't put to {address} is told")
    return str(place.file) if isinstance(place, LocalPlace) and "://" not in str(address) else str(address)


def named_place(home: Home, address: str | None) -> Place | None:
    """The place that was named for a task's files; None if they go among the server's own, below the task's folder."""
    place = place_of(home, address) if address else None
    return None if isinstance(place, OwnPlace) and not place.path else place


def can_wait(recording: Recording, place: Place) -> bool:
    """Whether what goes to a place is written down and sent by and by; what is recorded offline is carried without it."""
    return isinstance(place, (BucketPlace, OwnPlace)) and not recording.is_offline


def keep(task: "TaskRecord", packed: Packed, *, metadata: Mapping[str, Any] | None, delete: bool) -> Path | None:
    """Keep a file as an artifact of a task: put into the folder that its files go to, or written down to be uploaded.

    Returns the copy that waits for its upload, or the file itself when it is where it is kept; None if there is no room for a copy.
    """
    recording = task._recorded()
    folder = recording.reporter.folder
    place = named_place(task._home, (task._data.get("output") or {}).get("destination"))
    target = None if place is None else place.at(folder).at(packed.place)
    address = address_of(f"{folder}/{packed.place}") if target is None else target.address
    artifact = packed.document(address, timestamp=int(time.time()), metadata=metadata)
    fields = {"task": task.id, "force": True, "artifacts": [artifact]}
    if target is None or can_wait(recording, target):
        to = "" if target is None else target.address
        call = "tasks.add_or_update_artifacts"
        return recording.upload(packed.path, name=packed.place, delete=delete, call=call, fields=fields, address=to)
    target.put(packed.path)
    task._change("tasks.add_or_update_artifacts", **fields)
    if delete:
        packed.path.unlink(missing_ok=True)
    return packed.path


def _try_out(place: Place) -> None:
    target = place.at(f".tilth-{new_id()}")
    with TemporaryDirectory(prefix="tilth-") as scratch:
        file = Path(scratch) / "empty"
        file.touch()
        target.put(file)
    try:
        target.delete()
    except TilthError as error:  # some may write and not delete
        warn(f"{target.address} was written to try it, and can't be deleted: {error.message}")
