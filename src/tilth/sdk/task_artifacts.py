"""What a task keeps beside its reports: artifacts, and configurations that are files or dictionaries."""

import copy
import json
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING, Any

from tilth.base.errors import Denied, Invalid, Unavailable
from tilth.sdk.artifacts import Artifact, artifacts_of, is_link, link_document
from tilth.sdk.destinations import keep
from tilth.sdk.home import Home
from tilth.sdk.omega import become, is_omega, text_of
from tilth.sdk.packing import pack
from tilth.sdk.recording import warn

if TYPE_CHECKING:
    from tilth.sdk.tasks.configuration import Configuration
    from tilth.sdk.tasks.record import TaskRecord

__all__ = ["connect_configuration", "of", "parsed", "upload"]


def upload(task: "TaskRecord", name: str, given: Any, *, metadata: Mapping[str, Any] | None, delete: bool, **how: Any) -> bool:
    """Pack an object and keep it where the task's files go; False, and one line for a person, if that fails."""
    if is_link(given):
        link = link_document(name, given, timestamp=int(time.time()), preview=how.get("preview"), metadata=metadata)
        task._change("tasks.add_or_update_artifacts", task=task.id, force=True, artifacts=[link])
        return True
    try:
        with TemporaryDirectory(prefix="tilth-") as scratch:
            packed = pack(name, given, folder=Path(scratch), **how)
            return keep(task, packed, metadata=metadata, delete=packed.is_temporary or delete) is not None
    except (Unavailable, Denied) as error:
        warn(f"the artifact {name} is not kept: {error.message}")
        return False


def of(home: Home, document: Mapping[str, Any]) -> Mapping[str, Artifact]:
    """The artifacts of a task by name."""
    return artifacts_of(document, home)


def connect_configuration(task: "Configuration", given: Any, name: str, description: str | None, *, take_over: bool) -> Any:
    """Record a configuration; with `take_over`, return what stands in the task instead, in the same form."""
    is_file = isinstance(given, (str, Path))
    if take_over:
        text = task.get_configuration_object(name)
        if text is not None:
            return _written(text, name, given) if is_file else _like(given, text)
    if is_file:
        path = Path(given)
        if not path.is_file():
            raise Invalid(f"{path} is no file", hint="give a dictionary, a list, or the path of a file")
        task.set_configuration_object(
            name, path.read_text(encoding="utf-8", errors="replace"), description, path.suffix.lstrip(".") or "text"
        )
        return given
    if is_omega(given):
        task.set_configuration_object(name, text_of(given), description, "yaml")
        return given
    if not isinstance(given, (Mapping, Sequence)):
        raise Invalid(f"a {type(given).__name__} is no configuration", hint="give a dictionary, a list, or the path of a file")
    try:
        task.set_configuration_object(name, json.dumps(given, indent=2, default=str), description, "json")
    except (TypeError, ValueError) as error:
        raise Invalid(
            f"the configuration {name} can't be written as JSON: {error}", hint="use texts, numbers, lists, dictionaries"
        ) from error
    return given


def parsed(text: str) -> Any:
    """A configuration that was a dictionary or a list; the text, if it is neither."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _like(given: Any, text: str) -> Any:
    """What stands in a task as what a script gave: a configuration of OmegaConf keeps its types."""
    if not is_omega(given):
        return parsed(text)
    found = copy.deepcopy(given)
    become(found, text)
    return found


def _written(text: str, name: str, given: str | Path) -> Any:
    """The text as a file, which is there until this process ends."""
    folder = mkdtemp(prefix="tilth-")
    # Behind the processes that multiprocessing waits for at the end: they may be about to read it.
    import_module("multiprocessing.util").Finalize(None, rmtree, args=(folder,), kwargs={"ignore_errors": True}, exitpriority=-1)
    path = Path(folder) / (Path(given).name or name)
    path.write_text(text, encoding="utf-8")
    return path if isinstance(given, Path) else str(path)
