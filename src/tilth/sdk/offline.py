"""How a run that was recorded without a server gets to one: its outbox is packed, carried, and sent."""

import shutil
import zipfile
from pathlib import Path

import msgspec

from tilth.base.errors import Invalid
from tilth.base.ids import is_id, new_id
from tilth.client.outbox import CALLS, OutboxCall
from tilth.client.sending import Sender
from tilth.sdk.home import Home
from tilth.sdk.recording import warn

__all__ = ["import_session"]

_LARGEST_BYTES = 1 << 40


def import_session(home: Home, place: Path, previous: str | None, offset: int) -> str:
    """Send a run out of its folder, or out of a zip of it; returns the id of its task."""
    if previous is not None or offset:
        raise Invalid("previous_task_id and iteration_offset: a run that was recorded offline is a task of its own", hint="leave them out")
    if not place.exists():
        raise Invalid(f"{place} does not exist", hint="give the folder of an offline run, or a zip of it")
    scratch = home.folder / "outbox" / f"import-{new_id()}"
    try:
        if place.is_dir():
            shutil.copytree(place, scratch)
        else:
            _unpack(place, scratch)
        (scratch / "offline").unlink(missing_ok=True)
        task = _task_of(scratch, place)
        api, files = home.reporting
        Sender(scratch, api, files, warn=warn).send()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return task


def _unpack(place: Path, target: Path) -> None:
    try:
        with zipfile.ZipFile(place) as archive:
            if sum(info.file_size for info in archive.infolist()) > _LARGEST_BYTES:
                raise Invalid(f"{place} is too large", hint="give the folder instead")
            archive.extractall(target)
    except (zipfile.BadZipFile, OSError) as error:
        raise Invalid(f"{place} can't be unpacked: {error}", hint="give the folder of an offline run, or a zip of it") from error


def _task_of(folder: Path, place: Path) -> str:
    for path in sorted(folder.glob(f"*{CALLS}")):
        for line in path.read_bytes().splitlines():
            try:
                call = msgspec.json.decode(line, type=OutboxCall)
            except msgspec.MsgspecError:
                continue
            id = call.fields.get("id")
            if call.call == "tasks.create" and isinstance(id, str) and is_id(id):
                return id
    raise Invalid(f"{place} holds no run that was recorded offline", hint="give the folder that Task.get_offline_mode_folder() names")
