"""How the recording of a process begins: as a new task, as the last one anew, as one that goes on, or as the one that an agent runs."""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from tilth.base.errors import Denied, Invalid, TilthError, Unavailable
from tilth.base.ids import is_id, new_id
from tilth.domain.project import clean_name
from tilth.sdk import finishing, ranks, task_store
from tilth.sdk._current import begin_capture, current_home, set_running
from tilth.sdk.destinations import checked_destination
from tilth.sdk.given import checked_text
from tilth.sdk.home import Home
from tilth.sdk.offline_mode import is_offline, set_offline
from tilth.sdk.recording import Recording, task_folder, warn

if TYPE_CHECKING:
    from tilth.sdk.task import Task

__all__ = [
    "DEFAULT_PROJECT",
    "MASTER",
    "Beginning",
    "begin",
    "check_same",
    "checked_name",
    "given_document",
    "is_console_taken",
    "is_given",
    "is_offline",
    "is_remote",
    "set_offline",
    "simulate_remote",
    "web_page",
]

DEFAULT_PROJECT = "Examples"
_LONGEST_NAME = 1_000
_TASK_VARIABLES = ("TILTH_TASK_ID", "CLEARML_TASK_ID", "TRAINS_TASK_ID")
MASTER = "TILTH_MASTER"
"""In the environment of what a recorded process starts: the process, the task, whether it is offline, and what the script is called."""

_remote: list[bool] = []
_given: list[Mapping[str, Any]] = []


class Beginning(Struct, frozen=True, kw_only=True):
    """What was asked of `Task.init`."""

    project: str | None
    name: str | None
    kind: str
    tags: list[str]
    reuse: bool | str
    go_on: bool | str | int
    output_uri: str | None
    arguments: Any = True
    frameworks: Any = True
    resources: Any = True
    streams: Any = True
    deferred: bool = False
    """Whether nobody waits for a server: a new task is written down, and made there by and by."""
    joins: bool = False
    """Whether another process began the task, which says what code runs, and ends it."""
    is_rank: bool = False
    """Whether it joins as a rank beside the one that began the task, with the same script and the same arguments."""


def simulate_remote(id: str) -> None:
    """Let the run that begins next be that of a task, as if an agent ran it; what this process starts takes part in it."""
    os.environ[_TASK_VARIABLES[0]] = id


def is_given() -> bool:
    """Whether this process is to run a certain task: an agent's, or one that is simulated."""
    return any(os.environ.get(variable) for variable in _TASK_VARIABLES)


def _is_agents() -> bool:
    """Whether ClearML's agent started this process, and ends its task."""
    return is_given() and not os.environ.get(_TASK_VARIABLES[0])


def is_console_taken() -> bool:
    """Whether an agent records what this process prints, as ClearML's does."""
    return (os.environ.get("CLEARML_LOG_TASK_TO_BACKEND") or "1").lower() in ("0", "false")


def is_remote() -> bool:
    """Whether an agent runs this process, so that what stands in the task counts."""
    return bool(_remote)


def given_document() -> Mapping[str, Any] | None:
    """The task that an agent lets this process run, as it was when it was first asked for; None if there is none.

    A rank that the script of such a run starts runs it too: it has the script's name. What else it starts has a command line of its own.
    """
    id = _given_task()
    if id is None or (_master() is not None and os.environ[MASTER].split(":", 3)[3:] != [_called()]):
        return None
    if not (_given and _given[0]["id"] == id):
        _given[:] = [current_home().reporting[0].call("tasks.get_by_id", task=id)["task"]]
    return _given[0]


def _given_task() -> str | None:
    """The id of the task that an agent lets this process, or one that started it, run; None if it began one itself."""
    given = next((os.environ[variable] for variable in _TASK_VARIABLES if os.environ.get(variable)), None)
    return given if _master() in (None, given) else None


def _called() -> str:
    return os.path.basename(sys.argv[0]) if sys.argv else ""


def begin(kind: "type[Task]", home: Home, asked: Beginning) -> "Task":
    """Record this process from now on."""
    project, name = checked_project(asked.project or DEFAULT_PROJECT), checked_name(asked.name or _script_name())
    joined, given = _master(), _given_task()
    word = ranks.first_has_begun(home.folder) if joined is None else None
    if word is not None:
        os.environ[MASTER] = word
        joined = _master()
    if joined is not None:
        return _join(kind, home, joined, structs.replace(asked, joins=True, is_rank=word is not None))
    asked = structs.replace(asked, output_uri=checked_destination(home, asked.output_uri) if asked.output_uri else None)
    try:
        if given:
            task = _attach(kind, home, given)
            _remote[:] = [True]
        elif is_offline():
            task = _new(kind, home, asked, project, name, offline=True)
        elif asked.deferred and not asked.go_on and not isinstance(asked.reuse, str):
            task = _new(kind, home, asked, project, name, deferred=True)
        else:
            task = _taken_up(kind, home, asked, project, name) or _new(kind, home, asked, project, name)
    except (Unavailable, Denied) as error:
        if given or asked.go_on or isinstance(asked.reuse, str):
            raise
        warn(f"{error}. The run goes on; it is recorded in {home.folder} and sent when the server answers")
        task = _new(kind, home, asked, project, name, deferred=True)
    _say_destination(task, asked, is_given=bool(given))
    task._arguments_wanted = asked.arguments
    task._begun_as = (asked.project, asked.name)
    set_running(task)
    os.environ[MASTER] = f"{os.getpid()}:{task.id}:{int(is_offline())}:{_called()}"
    ranks.say_begun(home.folder, os.environ[MASTER])
    if not is_offline() and not given:
        task_store.remember_last(home, project, name, asked.kind, task.id)
    if home.announce and not given:  # before anything is recorded; an agent says it itself
        _announce(home, task.id)
    finishing.watch(begin_capture(task, asked), is_agents=_is_agents())
    return task


def _say_destination(task: "Task", asked: Beginning, *, is_given: bool) -> None:
    """Let files go where the script says; in a run that an agent started, what stands in the task counts."""
    if asked.output_uri and task.output_uri != asked.output_uri and not (is_given and task.output_uri):
        task._set_destination(asked.output_uri)


def check_same(running: "Task", project: str | None, name: str | None) -> None:
    """Refuse names that are not those of the task that this process began; what joined it, and an agent's run, takes any."""
    if not finishing.is_owner() or is_given():
        return
    begun_project, begun_name = running._begun_as
    other = (
        project is not None and checked_project(project) not in (checked_project(begun_project or DEFAULT_PROJECT), running._project_name)
    ) or (name is not None and checked_name(name) not in (begun_name, running.name))
    if other:
        raise Invalid(
            f"{running._project_name}/{running.name} runs here, and {project or running._project_name}/{name or running.name} was to begin",
            hint="call task.close() first, or Task.current_task() for the one that runs",
        )


def checked_name(name: str) -> str:
    """A task's name; `Invalid` if it can't be one."""
    checked_text(name, "the name")
    clean = name.strip()
    if not clean or len(clean) > _LONGEST_NAME or "\x00" in name:
        why = "it is empty" if not clean else "it holds a zero byte" if "\x00" in name else f"it has {len(clean)} characters"
        raise Invalid(f"{name!r:.60} can't be the name of a task: {why}", hint=f"use 1 to {_LONGEST_NAME} characters")
    return clean


def checked_project(name: str) -> str:
    """A project's name; `Invalid` if it can't be one."""
    if any(ord(letter) < 32 for letter in name):
        hint = "use names joined by slashes, such as Team/Pets"
        raise Invalid(f"{name!r:.60} can't be the name of a project: it holds a control character", hint=hint)
    return clean_name(name)


def _script_name() -> str:
    script = Path(sys.argv[0] if sys.argv and sys.argv[0] not in ("-c", "-m", "") else "interactive")
    return script.stem or "interactive"


def _master() -> str | None:
    """The task of the process that started this one, if it is recorded."""
    process, task, offline, *_ = [*os.environ.get(MASTER, "").split(":"), "", "", ""]
    if not process.isdecimal() or not is_id(task) or int(process) == os.getpid():
        return None
    if offline == "1":
        set_offline(True)
    return task


def _join(kind: "type[Task]", home: Home, id: str, asked: Beginning) -> "Task":
    """Record into the task of the process that started this one; that one ends it. Of an agent's run, it is an agent's as well."""
    if _given_task() == id:
        _remote[:] = [True]
    folder = home.folder / "outbox" / id
    known = _noted(folder)
    document = known or home.reporting[0].call("tasks.get_by_id", task=id)["task"]
    project = (known or {}).get("project_name") or task_store.project_name(home.api, document.get("project"))
    recording = Recording(home, id, folder=task_folder(project, document["name"], id), offline=is_offline())
    task = kind(home, document, project=project, recording=recording)
    set_running(task)
    finishing.join(begin_capture(task, asked), is_rank=asked.is_rank)
    return task


def _attach(kind: "type[Task]", home: Home, id: str) -> "Task":
    api = home.reporting[0]
    api.call("tasks.started", task=id, force=True)
    document = api.call("tasks.get_by_id", task=id)["task"]
    project = task_store.project_name(api, document.get("project"))
    return kind(home, document, project=project, recording=Recording(home, id, folder=task_folder(project, document["name"], id)))


def _taken_up(kind: "type[Task]", home: Home, asked: Beginning, project: str, name: str) -> "Task | None":
    """The task that goes on, or is begun anew; None if a new one is needed."""
    api = home.reporting[0]
    goes_on = asked.go_on is not False and asked.go_on is not None
    wanted = next((said for said in (asked.go_on, asked.reuse) if isinstance(said, str)), None)
    id = wanted or (task_store.last_task(home, project, name, asked.kind) if goes_on or asked.reuse else None)
    if goes_on and id is None:
        id = task_store.find_one(api, project=project, name=name, tags=None, more={"type": [asked.kind]})
    if id is None:
        return None
    try:
        document = api.call("tasks.get_by_id", task=id)["task"]
    except (Unavailable, Denied):
        raise
    except TilthError:
        if wanted:
            raise
        return None
    if goes_on:
        return _go_on(kind, home, document, offset=asked.go_on)
    if not wanted and not task_store.reusable(document):
        return None
    api.call("tasks.reset", task=id, force=bool(wanted), delete_external_artifacts=True)
    anew = {"tags": asked.tags, "hyperparams": {}, "configuration": {}, "output_dest": asked.output_uri or ""}
    api.call("tasks.edit", task=id, force=True, comment=task_store.auto_comment(home.user), **anew)
    return _attach(kind, home, id)


def _go_on(kind: "type[Task]", home: Home, document: Mapping[str, Any], *, offset: bool | str | int) -> "Task":
    task = _attach(kind, home, document["id"])
    start = offset if isinstance(offset, int) and not isinstance(offset, bool) else (document.get("last_iteration") or -1) + 1
    task.set_initial_iteration(start)
    return task


def _new(
    kind: "type[Task]", home: Home, asked: Beginning, project: str, name: str, *, offline: bool = False, deferred: bool = False
) -> "Task":
    id = new_id()
    fields: dict[str, Any] = {"id": id, "name": name, "type": asked.kind, "project_name": project, "tags": asked.tags}
    fields |= {"system_tags": ["development"], "comment": task_store.auto_comment(home.user)}
    recording = Recording(home, id, folder=task_folder(project, name, id), offline=offline)
    document = fields | {"status": "in_progress", "script": {}, "execution": {"artifacts": []}, "hyperparams": {}, "configuration": {}}
    document |= {"runtime": {}, "models": {"input": [], "output": []}, "container": {}, "last_iteration": 0}
    if asked.output_uri:
        fields |= {"output_dest": asked.output_uri}
        document |= {"output": {"destination": asked.output_uri}}
    if offline or deferred:
        recording.call("tasks.create", first=True, **fields)
        recording.call("tasks.started", first=True, task=id)
    else:
        api = home.reporting[0]
        api.call("tasks.create", **fields)
        api.call("tasks.started", task=id)
    _note(recording.outbox.folder, document, offline=offline)
    return kind(home, document, project=project, recording=recording)


def _note(folder: Path, document: Mapping[str, Any], *, offline: bool) -> None:
    """Leave word of the task for the processes that this one starts."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "task.json").write_text(json.dumps(document))
        if offline:
            (folder / "offline").touch()
    except OSError as error:
        warn(f"what is reported is lost until this is mended: {folder} can't be written ({error.strerror})")


def _noted(folder: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((folder / "task.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found


def _announce(home: Home, id: str) -> None:
    place = "" if is_offline() else web_page(home, id)
    where = f": {place}" if place else f" is recorded in {home.folder}"
    if sys.stderr is not None:
        with suppress(OSError, ValueError):  # nobody may read it
            print(f"tilth: task {id}{where}", file=sys.stderr, flush=True)


def web_page(home: Home, id: str) -> str:
    """The address of a task's page; empty without a server."""
    return f"{home.web_url.rstrip('/')}/experiments/{id}" if home.web_url else ""
