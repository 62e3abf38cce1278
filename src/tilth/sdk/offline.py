"""How a run that was recorded without a server gets to one: its outbox is packed, carried, and sent."""

import shutil
import zipfile
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from tilth.base.errors import Invalid
from tilth.base.ids import is_id, new_id
from tilth.client.outbox import CALLS, EVENTS, OutboxCall
from tilth.client.sending import Sender
from tilth.domain.event import SINGLE_VALUE
from tilth.sdk.carried import check_carried
from tilth.sdk.carried_addresses import ELSEWHERE, disarm_addresses
from tilth.sdk.home import Home
from tilth.sdk.recording import warn

__all__ = ["import_session", "rewrite"]

_LARGEST_BYTES = 1 << 40
_MARK = "_recording"
"""The runtime property of an imported task that says which recording made it."""


def import_session(home: Home, place: Path, previous: str | None, offset: int) -> str:
    """Send a run out of its folder, or out of a zip of it; returns the id of its task.

    With `previous` it goes on in that task. `offset` is added to each iteration.
    """
    if isinstance(offset, bool) or not isinstance(offset, int):
        raise Invalid(f"iteration_offset is {offset!r:.60}", hint="use a whole number")
    if previous is not None:
        home.api.call("tasks.get_by_id", task=previous)
    if not place.exists():
        raise Invalid(f"{place} does not exist", hint="give the folder of an offline run, or a zip of it")
    scratch = home.folder / "outbox" / f"import-{new_id()}"
    try:
        if place.is_dir():
            _copy(place, scratch)
        else:
            _unpack(place, scratch)
        task = _task_of(scratch, place)
        check_carried(home, scratch, task, place)
        foreign = disarm_addresses(home, scratch, task)
        if previous is None:
            _make(home, scratch, task, place)
        (scratch / "offline").unlink(missing_ok=True)
        if previous is not None or offset:
            rewrite(scratch, task, previous or task, offset)
            task = previous or task
        api, files = home.reporting
        Sender(scratch, api, files, warn=warn).send()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if foreign:
        warn(f"{len(foreign)} addresses of the run mean no files here, {foreign[0]:.200} among them: they are kept as {ELSEWHERE}...")
    return task


def _copy(place: Path, target: Path) -> None:
    try:
        shutil.copytree(place, target, symlinks=True)  # a link is refused later, and not followed now
    except OSError as error:
        raise Invalid(f"{place} can't be copied: {error}", hint="give the folder of an offline run, or a zip of it") from error


def _unpack(place: Path, target: Path) -> None:
    try:
        with zipfile.ZipFile(place) as archive:
            if sum(info.file_size for info in archive.infolist()) > _LARGEST_BYTES:
                raise Invalid(f"{place} is too large", hint="give the folder instead")
            archive.extractall(target)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        raise Invalid(f"{place} can't be unpacked: {error}", hint="give the folder of an offline run, or a zip of it") from error


def _make(home: Home, folder: Path, task: str, place: Path) -> None:
    """Make the task, unless this very recording made it before; one that is there without that is somebody's, and is left alone."""
    # Nobody who sees the task can know the names of the files that it was recorded in.
    mark = sha256(min(path.name for path in folder.glob(f"*{CALLS}")).encode()).hexdigest()
    found = home.api.call("tasks.get_all", id=[task], page=0, page_size=1, only_fields=["id", "runtime"])["tasks"]
    if found and (found[0].get("runtime") or {}).get(_MARK) != mark:
        raise Invalid(
            f"{place} claims to be task {task}, which is there already and was not imported from it; nothing of it was sent",
            hint="say previous_task_id if the run is to go on in that task",
        )
    if not found:
        fields = next(call.fields for call in _calls(folder) if call.call == "tasks.create" and call.fields.get("id") == task)
        home.api.call("tasks.create", **(fields | {"runtime": {**(fields.get("runtime") or {}), _MARK: mark}}))


def _task_of(folder: Path, place: Path) -> str:
    for call in _calls(folder):
        id = call.fields.get("id")
        if call.call == "tasks.create" and isinstance(id, str) and is_id(id):
            return id
    raise Invalid(f"{place} holds no run that was recorded offline", hint="give the folder that Task.get_offline_mode_folder() names")


def _calls(folder: Path) -> Iterator[OutboxCall]:
    for path in sorted(folder.glob(f"*{CALLS}")):
        if path.is_symlink() or not path.is_file():
            continue
        for line in path.read_bytes().split(b"\n"):
            try:
                yield msgspec.json.decode(line, type=OutboxCall)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue


def rewrite(folder: Path, task: str, other: str, offset: int) -> None:
    """Let what a run wrote down be said of another task, and of later iterations."""
    for path in (*folder.glob(f"*{EVENTS}"), *folder.glob(f"*{CALLS}")):
        written = [line for line in path.read_bytes().split(b"\n")[:-1] if line]  # the last one may be cut off
        change = _event if path.name.endswith(EVENTS) else _call
        changed = [change(msgspec.json.decode(line), task, other, offset) for line in written]
        path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in changed if one is not None))
        path.with_name(f"{path.name}.sent").unlink(missing_ok=True)  # it counts bytes; what was sent already is known there


def _event(event: dict[str, Any], task: str, other: str, offset: int) -> dict[str, Any]:
    if event.get("task") == task:
        event["task"] = other
    if isinstance(event.get("iter"), int) and event["iter"] != SINGLE_VALUE:
        event["iter"] += offset
    return event


def _call(call: dict[str, Any], task: str, other: str, offset: int) -> dict[str, Any] | None:
    fields: dict[str, Any] = call.get("fields") or {}
    if call.get("call") == "tasks.create" and fields.get("id") == task and other != task:
        return None
    if fields.get("task") == task:
        fields["task"] = other
    if isinstance(fields.get("ids"), list):
        fields["ids"] = [other if id == task else id for id in fields["ids"]]
    if call.get("call") == "tasks.started":
        fields["force"] = True
    if call.get("event"):
        call["event"] = _event(call["event"], task, other, offset)
    return call
