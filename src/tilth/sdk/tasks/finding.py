"""How tasks are found, copied and put into queues."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

from tilth.base.errors import Invalid, TaskNotFound
from tilth.sdk import describing, task_store
from tilth.sdk._current import current_home, running
from tilth.sdk.given import checked_text
from tilth.sdk.tasks.record import TaskRecord

__all__ = ["Finding"]


class Finding(TaskRecord):
    """Tasks by id, name, project and tags; copies of them; queues."""

    @classmethod
    def get_task(
        cls,
        task_id: str | None = None,
        project_name: str | None = None,
        task_name: str | None = None,
        tags: Sequence[str] | None = None,
        allow_archived: bool = True,
        task_filter: Mapping[str, Any] | None = None,
    ) -> Self:
        """The task with this id, or the one that fits the rest and was changed last; `TaskNotFound` if there is none."""
        home = current_home()
        if task_id:
            live = running()
            if live is not None and live.id == task_id:
                found: Self = live
                return found
            return cls._loaded(home, checked_text(task_id, "task_id"))
        more = dict(task_filter or {})
        if not allow_archived:
            more["system_tags"] = [*(more.get("system_tags") or ["__$all"]), "__$not", "archived"]
        id = task_store.find_one(home.api, project=project_name, name=task_name, tags=tags, more=more)
        if id is None:
            raise TaskNotFound(f"there is no task {task_name or ''!r} in project {project_name or 'any'!r}", hint="check names and tags")
        return cls._loaded(home, id)

    @classmethod
    def get_by_name(cls, task_name: str) -> Self:
        """The task of that name that was changed last, in any project. `get_task` says more exactly which."""
        return cls.get_task(task_name=task_name)

    @classmethod
    def get_tasks(
        cls,
        task_ids: Sequence[str] | None = None,
        project_name: str | Sequence[str] | None = None,
        task_name: str | None = None,
        tags: Sequence[str] | None = None,
        allow_archived: bool = True,
        task_filter: Mapping[str, Any] | None = None,
    ) -> list[Self]:
        """Every task that fits, the one changed last first. `task_name` is a regular expression."""
        home = current_home()
        found = task_store.query(
            home.api, ids=task_ids, project=project_name, name=task_name, tags=tags, archived=allow_archived, more=task_filter
        )
        return [cls(home, document) for document in found]

    @classmethod
    def query_tasks(
        cls,
        project_name: str | Sequence[str] | None = None,
        task_name: str | None = None,
        tags: Sequence[str] | None = None,
        additional_return_fields: Sequence[str] | None = None,
        task_filter: Mapping[str, Any] | None = None,
    ) -> list[Any]:
        """The ids of every task that fits; with `additional_return_fields`, a dictionary with those and the id for each."""
        only = ["id", *(additional_return_fields or ())]
        found = task_store.query(current_home().api, project=project_name, name=task_name, tags=tags, more=task_filter, only=only)
        return found if additional_return_fields else [document["id"] for document in found]

    @classmethod
    def clone(
        cls,
        source_task: "TaskRecord | str | None" = None,
        name: str | None = None,
        comment: str | None = None,
        parent: str | None = None,
        project: str | None = None,
    ) -> Self:
        """A draft with the code, parameters and configuration of another task, and none of its results. `project` is an id."""
        home = current_home()
        source = source_task if source_task is not None else running()
        if source is None:
            raise Invalid("no task is given, and none is running", hint="give source_task")
        if not isinstance(source, (str, TaskRecord)):
            raise Invalid(f"source_task is {source!r:.60}, which is neither a task nor an id", hint="give what Task.get_task returns")
        id = source if isinstance(source, str) else source.id
        if name is not None:
            checked_text(name, "name")
        if not isinstance(source, str):
            source._kept()
            source._tell_code()
            source.flush(wait_for_uploads=True)
        made = home.api.call(
            "tasks.clone", task=id, new_task_name=name, new_task_comment=comment, new_task_parent=parent, new_task_project=project
        )
        return cls._loaded(home, made["id"])

    @classmethod
    def enqueue(cls, task: "TaskRecord | str", queue_name: str | None = None, queue_id: str | None = None, force: bool = False) -> Any:
        """Let an agent that listens to a queue run a task; without a queue, that of the default one."""
        id = task if isinstance(task, str) else task.id
        home = current_home()
        queue = queue_id or (task_store.queue_id(home.api, queue_name) if queue_name else None)
        if force:
            home.api.call("tasks.reset", task=id, force=True)
        return home.api.call("tasks.enqueue", task=id, queue=queue)

    @classmethod
    def dequeue(cls, task: "TaskRecord | str") -> Any:
        """Take a task out of its queue."""
        return current_home().api.call("tasks.dequeue", task=task if isinstance(task, str) else task.id)

    @classmethod
    def get_num_enqueued_tasks(cls, queue_name: str | None = None, queue_id: str | None = None) -> int:
        """How many tasks wait in a queue, which is given by its name or by its id."""
        if (queue_name is None) == (queue_id is None):
            raise Invalid("a queue is given by its name or by its id", hint="give queue_name or queue_id")
        api = current_home().api
        return int(api.call("queues.get_num_entries", queue=queue_id or task_store.queue_id(api, str(queue_name)))["num"])

    def get_executed_queue(self, return_name: bool = False) -> str | None:
        """The queue that the task was put into last: its id, or its name. None if it was in none."""
        id: str | None = (self._fresh().get("execution") or {}).get("queue")
        if not id or not return_name:
            return id
        return str(self._home.api.call("queues.get_by_id", queue=id)["queue"]["name"])

    def export_task(self) -> dict[str, Any]:
        """Everything about the task, for `import_task`."""
        self._tell_code()
        return json.loads(json.dumps(dict(self._fresh()), default=str))  # type: ignore[no-any-return]

    @classmethod
    def import_task(cls, task_data: Mapping[str, Any], target_task: "TaskRecord | str | None" = None, update: bool = False) -> Self:
        """A new draft out of what `export_task` gave, or with `update` that written into another task."""
        return cls._loaded(current_home(), describing.import_document(current_home(), task_data, target_task, update=update))

    def update_task(self, task_data: Mapping[str, Any]) -> bool:
        """Write what `export_task` gave of a task, or parts of that, into this one."""
        self._kept()
        self.flush(wait_for_uploads=True)
        describing.import_document(self._home, task_data, self.id, update=True)
        self._fresh()
        return True
