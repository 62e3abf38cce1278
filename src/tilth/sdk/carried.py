"""What a recording that was carried here may ask for: only what a run writes down, and only of the run itself and of the models it makes.

Whoever imports a recording does it with a token and files of their own, and it may come from anybody.
"""

import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from tilth.base.errors import Invalid
from tilth.base.ids import is_id
from tilth.client.outbox import CALLS, EVENTS, PLACES, OutboxCall
from tilth.sdk.home import Home

__all__ = ["check_carried"]

_OF_TASK = frozenset(
    f"tasks.{name}"
    for name in (
        "started", "completed", "failed", "stopped", "edit", "edit_runtime", "edit_configuration", "edit_hyper_params",
        "delete_hyper_params", "set_requirements", "add_dataset", "add_or_update_artifacts", "add_or_update_model",
    )
)  # fmt: skip
_OF_TASKS = frozenset(f"tasks.{name}" for name in ("update_tags", "move", "archive_many", "unarchive_many"))
_OF_MODEL = frozenset(f"models.{name}" for name in ("edit", "set_ready", "add_or_update_metadata"))
_OF_MODELS = frozenset(f"models.{name}" for name in ("archive_many", "unarchive_many"))
_MARK = struct.Struct("<QQ")
_HINT = "import only what comes from somebody you trust, as Task.get_offline_mode_folder() names it"


class _Event(msgspec.Struct):
    task: str


def check_carried(home: Home, folder: Path, task: str, place: Path) -> None:
    """Raise `Invalid` if the recording of `task` in `folder` asks for anything that a run does not, and leave out what can't be read."""
    rules = _Rules(task, place)
    rules.check_files(folder)
    for path in sorted(folder.glob(f"*{CALLS}")):
        _keep_readable(path, OutboxCall)
        for line in _lines(path):
            rules.learn(msgspec.json.decode(line, type=OutboxCall))
    for path in sorted(folder.glob(f"*{CALLS}")):
        for line in _lines(path):
            rules.check_call(msgspec.json.decode(line, type=OutboxCall))
    for path in sorted(folder.glob(f"*{EVENTS}")):
        _keep_readable(path, _Event)
        for line in _lines(path):
            rules.check_event(msgspec.json.decode(line, type=_Event).task)
    rules.check_models(home)


class _Rules:
    """What one recording may ask for."""

    def __init__(self, task: str, place: Path) -> None:
        self._task = task
        self._place = place
        self._models: set[str] = set()

    def learn(self, call: OutboxCall) -> None:
        """Take note of a model that the run makes."""
        if call.call == "models.create" and isinstance(id := call.fields.get("id"), str) and is_id(id):
            self._models.add(id)

    def check_files(self, folder: Path) -> None:
        """Files and folders only, no links to what lies elsewhere."""
        for found in folder.rglob("*"):
            if found.name.endswith(PLACES):
                self._refuse("wants to put files elsewhere than among the server's")
            is_ours = not found.is_symlink() and (found.is_file() or (found.is_dir() and not found.name.endswith((CALLS, EVENTS))))
            if not is_ours:
                self._refuse(f"holds {str(found.relative_to(folder))!r:.100}, which is no plain file")

    def check_call(self, call: OutboxCall) -> None:
        """A call, the upload before it, and the event with it."""
        if call.upload is not None:
            parts = call.upload.name.split("/")
            if call.upload.address:
                self._refuse(f"wants to put a file to {call.upload.address!r:.200}")
            if not is_id(call.upload.path):
                self._refuse(f"wants to upload {call.upload.path!r:.100}, which lies elsewhere")
            if not any(part.endswith(f".{self._task}") for part in parts[:-1]) or any(part in ("", ".", "..") for part in parts):
                self._refuse(f"wants to upload a file as {call.upload.name!r:.200}, which is none of its own")
        if call.event is not None:
            self.check_event(call.event.get("task"))
        if call.call and not self._is_its_own(call.call, call.fields):
            self._refuse(f"wants to make the call {call.call!r:.60}, which a run makes only of itself and its models, if at all")

    def check_event(self, entity: Any) -> None:
        """Events are of the run, or of a model that it makes."""
        if entity != self._task and entity not in self._models:
            self._refuse(f"wants to report for {entity!r:.60}, which is neither its task nor a model that it makes")

    def check_models(self, home: Home) -> None:
        """Models that are there already were made by this run, when it was imported before."""
        wanted = sorted(self._models)
        for at in range(0, len(wanted), 500):
            found = home.api.call("models.get_all", id=wanted[at : at + 500], page=0, page_size=500, only_fields=["id", "task"])["models"]
            for model in found:
                if model.get("task") != self._task:
                    self._refuse(f"wants to change the model {model['id']}, which another run made")

    def _is_its_own(self, name: str, fields: Mapping[str, Any]) -> bool:
        if name == "tasks.create":
            return bool(fields.get("id") == self._task)
        if name == "models.create":
            return fields.get("id") in self._models and fields.get("task") == self._task
        if name == "events.add":
            return fields.get("task") == self._task or fields.get("task") in self._models
        if name in _OF_TASK:
            return bool(fields.get("task") == self._task)
        if name in _OF_MODEL:
            return fields.get("model") in self._models and fields.get("task", self._task) == self._task
        ids = fields.get("ids")
        if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
            return False
        return (name in _OF_TASKS and set(ids) == {self._task}) or (name in _OF_MODELS and set(ids) <= self._models)

    def _refuse(self, what: str) -> NoReturn:
        raise Invalid(f"{self._place} {what}; nothing of it was sent", hint=_HINT)


def _lines(path: Path) -> Iterator[bytes]:
    """Whole lines; the last one of a process that was killed may be cut off, and is never sent."""
    with path.open("rb") as file:
        yield from (line for line in file if line.endswith(b"\n") and line != b"\n")


def _keep_readable(path: Path, kind: type[msgspec.Struct]) -> None:
    """Leave out lines that can't be read, and a mark that does not stand between two lines."""
    mark = path.with_name(f"{path.name}.sent")
    if not all(_can_be_read(line, kind) for line in _lines(path)):
        kept = path.with_name(f".{path.name}.kept")
        with kept.open("wb") as file:
            file.writelines(line for line in _lines(path) if _can_be_read(line, kind))
        kept.replace(path)
        mark.unlink(missing_ok=True)
    elif mark.exists() and not _stands_between_lines(path, mark):
        mark.unlink()


def _can_be_read(line: bytes, kind: type[msgspec.Struct]) -> bool:
    try:
        msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True


def _stands_between_lines(path: Path, mark: Path) -> bool:
    try:
        places = _MARK.unpack(mark.read_bytes())
    except struct.error:
        return False
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for place in places:
            if place > size or (place and (file.seek(place - 1), file.read(1))[1] != b"\n"):
                return False
    return bool(places[0] <= places[1])
