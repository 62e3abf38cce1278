"""What a task is called, where it lies, and what was noted about it."""

from collections.abc import Sequence

from tilth.sdk import beginning, finishing
from tilth.sdk._current import running
from tilth.sdk.attributed import Attributed
from tilth.sdk.destinations import checked_destination
from tilth.sdk.task_store import as_tags
from tilth.sdk.tasks.record import TaskRecord

__all__ = ["Identity"]


class Identity(TaskRecord):
    """Name, project, tags and the like of a task."""

    @property
    def name(self) -> str:
        """The task's name."""
        return str(self._data["name"])

    @name.setter
    def name(self, name: str) -> None:
        self.rename(name)

    @property
    def task_type(self) -> str:
        """One of `TaskTypes`."""
        return str(self._data["type"])

    @property
    def project(self) -> str | None:
        """The id of its project."""
        found: str | None = self._fresh().get("project")
        return found

    @property
    def status(self) -> str:
        """The state that was read last; `get_status` asks again."""
        return str(self._data.get("status") or "created")

    @property
    def comment(self) -> str:
        """The description."""
        return str(self._data.get("comment") or "")

    @comment.setter
    def comment(self, comment: str) -> None:
        self._edit(comment=comment)

    @property
    def parent(self) -> str | None:
        """The id of the task it was made from."""
        found: str | None = self._data.get("parent")
        return found

    @property
    def task_id(self) -> str:
        """The same as `id`."""
        return self.id

    @property
    def last_worker(self) -> str | None:
        """The worker that ran the task last, such as `host:0`; None if no agent did."""
        found: str | None = self._fresh().get("last_worker")
        return found

    @property
    def data(self) -> Attributed:
        """Everything that is known of the task, as the protocol has it: `task.data["status"]`, or `task.data.status`."""
        return Attributed(self._data)

    @property
    def output_uri(self) -> str | None:
        """Where models and artifacts go that this task makes; None: to the server's files."""
        return (self._data.get("output") or {}).get("destination") or None

    @output_uri.setter
    def output_uri(self, uri: str | bool | None) -> None:
        self._set_destination(checked_destination(self._home, uri) if uri and uri is not True else "")

    def _set_destination(self, uri: str) -> None:
        self._document["output"] = (self._data.get("output") or {}) | {"destination": uri}
        self._change("tasks.edit", task=self.id, force=True, output_dest=uri)

    def get_tags(self) -> list[str]:
        """The task's tags."""
        return list(self._data.get("tags") or ())

    @property
    def tags(self) -> list[str]:
        """The task's tags."""
        return self.get_tags()

    def set_tags(self, tags: Sequence[str] | str) -> None:
        """Set all tags at once."""
        self._edit(tags=as_tags(tags))

    def add_tags(self, tags: Sequence[str] | str) -> None:
        """Add tags; those that it has already stay."""
        added = as_tags(tags)
        self._document["tags"] = list(dict.fromkeys([*self.get_tags(), *added]))
        self._change("tasks.update_tags", ids=[self.id], add_tags=added)

    def remove_tags(self, tags: Sequence[str] | str) -> None:
        """Take tags away; those that it does not have are passed over."""
        removed = as_tags(tags)
        self._document["tags"] = [tag for tag in self.get_tags() if tag not in removed]
        self._change("tasks.update_tags", ids=[self.id], remove_tags=removed)

    def rename(self, new_name: str) -> bool:
        """Give the task another name."""
        self._edit(name=beginning.checked_name(new_name))
        return True

    def set_name(self, name: str) -> None:
        """Give the task another name."""
        self.rename(name)

    def set_comment(self, comment: str) -> None:
        """Set the description."""
        self.comment = comment

    def move_to_project(
        self, new_project_id: str | None = None, new_project_name: str | None = None, system_tags: Sequence[str] | None = None
    ) -> bool:
        """Let the task lie in another project, which is made if it is missing."""
        self._change("tasks.move", ids=[self.id], project=new_project_id, project_name=new_project_name)
        self._project_name = new_project_name
        if system_tags is not None:
            self._edit(system_tags=list(system_tags))
        return True

    def is_current_task(self) -> bool:
        """Whether this process records this task."""
        return running() is self

    def is_main_task(self) -> bool:
        """Whether this process began the task."""
        return self._is_live and finishing.is_owner()

    def reload(self) -> None:
        """Read everything about the task again."""
        self._fresh()

    def get_output_log_web_page(self) -> str:
        """The address of the task's page; empty without a server."""
        return beginning.web_page(self._home, self.id)

    def get_system_tags(self) -> list[str]:
        """The tags that say what the system does with the task, such as `archived`."""
        return list(self._fresh().get("system_tags") or ())

    def set_system_tags(self, tags: Sequence[str]) -> None:
        """Set all of these at once."""
        self._edit(system_tags=list(dict.fromkeys(tags)))

    def set_parent(self, parent: "str | TaskRecord | None") -> None:
        """Say which task this one was made from."""
        self._edit(parent=parent.id if isinstance(parent, TaskRecord) else parent or "")

    def set_project(self, project_id: str | None = None, project_name: str | None = None) -> bool:
        """Let the task lie in another project, which is made if it is missing."""
        return self.move_to_project(new_project_id=project_id, new_project_name=project_name)

    def set_task_type(self, task_type: str) -> None:
        """Say what kind of work the task is: one of `TaskTypes`."""
        self._edit(type=str(task_type))

    @classmethod
    def running_locally(cls) -> bool:
        """Whether no agent runs this process."""
        return not beginning.is_remote()
