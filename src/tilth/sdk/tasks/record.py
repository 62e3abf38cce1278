"""One task as it is known here: its document, and how what is said of it gets to where tasks are kept."""

from collections.abc import Mapping
from typing import Any, Self

from tilth.base.errors import TaskNotFound, TilthError, Unavailable
from tilth.base.ids import is_id
from tilth.client.api import Api
from tilth.sdk import finishing, task_store
from tilth.sdk._current import Watched
from tilth.sdk.home import Home
from tilth.sdk.logger import Logger
from tilth.sdk.recording import Recording, task_folder, warn
from tilth.sdk.watched_tables import WatchedTables

__all__ = ["TaskRecord"]

_CODE_PATIENCE_S = 60.0
_ENDS = frozenset({"tasks.completed", "tasks.failed", "tasks.stopped", "tasks.publish"})


class TaskRecord:
    """What every part of `Task` stands on. Its underscored methods are for these parts and the modules of the SDK."""

    def __init__(self, home: Home, document: dict[str, Any], *, project: str | None = None, recording: Recording | None = None) -> None:
        self._home = home
        self._document = document
        self._project_name = project
        self._recording = recording
        self._is_live = recording is not None
        self._logger: Logger | None = None
        self._arguments_wanted: bool | Mapping[str, bool] = True
        self._begun_as: tuple[str | None, str | None] = (None, None)
        """The project and the name that the script gave when it began the task."""
        self._version_is_open: bool | None = None
        """Whether the version that the task became is still being made; None if it became none."""
        self._watched = Watched()
        self._tables: WatchedTables | None = None
        self._router: Any = None
        self._functions: set[str] = set()
        self.id: str = document["id"]

    @classmethod
    def _loaded(cls, home: Home, id: str) -> Self:
        if not is_id(id):
            raise TaskNotFound(f"{id!r:.100} is no id of a task", hint="an id has 32 hexadecimal digits")
        return cls(home, home.api.call("tasks.get_by_id", task=id)["task"])

    @property
    def _data(self) -> dict[str, Any]:
        return self._document

    def _kept(self) -> Api:
        """Who keeps the task; `Unavailable` while it is recorded offline, and nobody does."""
        if self._recording is not None and self._recording.is_offline:
            hint = "Task.import_offline_session brings it to a server"
            raise Unavailable(f"task {self.id} is recorded offline, so nobody can be asked about it yet", hint=hint)
        return self._home.api

    def _fresh(self) -> dict[str, Any]:
        """Read the task again, after everything that was said of it here has arrived; what is known, if nobody answers."""
        if self._recording is not None and not self._recording.flush(5.0):
            return self._document
        self._document = self._home.api.call("tasks.get_by_id", task=self.id)["task"]
        return self._document

    def _recorded(self) -> Recording:
        if self._recording is None:
            folder = task_folder(self.get_project_name(), str(self._data["name"]), self.id)
            self._recording = Recording(self._home, self.id, folder=folder)
            finishing.flush_at_exit(self._recording)
        return self._recording

    def _tell_code(self) -> None:
        """Wait until it is written down which code and packages this process runs, so that a copy of the task has them."""
        if self._watched.code is not None:
            self._watched.code.tell(_CODE_PATIENCE_S)

    def _set_runtime(self, properties: Mapping[str, Any]) -> None:
        self._document["runtime"] = (self._data.get("runtime") or {}) | dict(properties)
        self._change("tasks.edit_runtime", task=self.id, force=True, add_or_update=dict(properties))

    def _change(self, call: str, /, **fields: Any) -> None:
        """Make a call that changes the task: written down for the task that is recorded here, made at once for any other."""
        if self._is_live and self._recording is not None:
            self._recording.call(call, **fields)
        else:
            self._home.api.call(call, **fields)

    def _state(self, call: str, /, **fields: Any) -> None:
        self.flush(wait_for_uploads=True)
        finishing.expect_own_end(self, is_ended=call in _ENDS)
        try:
            answer = self._kept().call(call, task=self.id, **fields)
        except TilthError:
            finishing.expect_own_end(self, is_ended=False)
            raise
        self._document |= answer.get("fields") or {}

    def _state_or_tell(self, call: str, tell: bool, /, **fields: Any) -> None:
        try:
            self._state(call, **fields)
        except TilthError as error:
            if not tell:
                raise
            warn(str(error))

    def _edit(self, **fields: Any) -> None:
        self._document |= fields
        self._change("tasks.edit", task=self.id, force=True, **fields)

    def _edit_part(self, part: str, values: Mapping[str, Any]) -> None:
        self._document[part] = {**(self._data.get(part) or {}), **values}
        self._change("tasks.edit", task=self.id, force=True, **{part: dict(values)})

    def get_project_name(self) -> str | None:
        """The full name of its project."""
        if self._project_name is None:
            self._project_name = task_store.project_name(self._home.api, self._fresh().get("project"))
        return self._project_name

    def get_status(self) -> str:
        """The state that the task is in now."""
        return str(self._fresh()["status"])

    def flush(self, wait_for_uploads: bool = False) -> bool:
        """Wait until what was reported is where it is kept; False if no server answers now."""
        if self._recording is None:
            return True
        timeout_s = None if wait_for_uploads else 30.0
        if self._tables is not None:
            arrived = self._recording.flush(timeout_s)  # a table whose last copy waits is not kept again
            self._tables.look()
            if not arrived:
                return False
        return self._recording.flush(timeout_s)
