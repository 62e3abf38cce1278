"""The states of a task, and its end."""

import time
from collections.abc import Callable, Sequence

from tilth.base.errors import Invalid, StatusRefused, TilthError
from tilth.sdk import finishing
from tilth.sdk._current import running
from tilth.sdk.tasks.kinds import TaskStatusEnum
from tilth.sdk.tasks.record import TaskRecord

__all__ = ["States"]


class States(TaskRecord):
    """Changes of a task's state, and waiting for one."""

    def close(self) -> None:
        """End the recording of this process's task; it counts as completed. Nothing for any other task."""
        if running() is self:
            finishing.finish(self)

    def mark_started(self, force: bool = False) -> None:
        """Say that the task runs."""
        self._state("tasks.started", force=force)

    def mark_stopped(self, force: bool = False, status_message: str | None = None) -> None:
        """Say that the task was stopped."""
        self._state("tasks.stopped", force=force, status_message=status_message)

    def mark_stop_request(self, force: bool = False, status_message: str | None = None) -> None:
        """Ask whoever runs the task to stop."""
        self._state("tasks.stop", force=force, status_message=status_message)

    def mark_completed(self, ignore_errors: bool = True, status_message: str | None = None, force: bool = False) -> None:
        """Say that the task is completed. With `ignore_errors`, a refusal is told and not raised."""
        self._state_or_tell("tasks.completed", ignore_errors, force=force, status_message=status_message)

    def mark_failed(
        self, ignore_errors: bool = True, status_reason: str | None = None, status_message: str | None = None, force: bool = False
    ) -> None:
        """Say that the task failed. With `ignore_errors`, a refusal is told and not raised."""
        self._state_or_tell("tasks.failed", ignore_errors, force=force, status_reason=status_reason, status_message=status_message)

    def publish(self, ignore_errors: bool = True) -> None:
        """Make the task immutable. With `ignore_errors`, a refusal is told and not raised."""
        self._state_or_tell("tasks.publish", ignore_errors)

    def set_archived(self, archive: bool) -> None:
        """Put the task away, or fetch it back."""
        self._change("tasks.archive_many" if archive else "tasks.unarchive_many", ids=[self.id])

    def get_archived(self) -> bool:
        """Whether the task was put away."""
        return "archived" in (self._fresh().get("system_tags") or ())

    def reset(self, set_started_on_success: bool = False, force: bool = False) -> None:
        """Forget everything that the run made, and begin as a draft."""
        self._state("tasks.reset", force=force)
        if set_started_on_success:
            self._state("tasks.started", force=True)

    def delete(
        self,
        delete_artifacts_and_models: bool = True,
        skip_models_used_by_other_tasks: bool = True,
        raise_on_error: bool = False,
        callback: Callable[[str, str], bool] | None = None,
    ) -> bool:
        """Delete the task with what it made. The server deletes the files, so there is no `callback` for each; models in use stay."""
        if callback is not None or not skip_models_used_by_other_tasks:
            raise Invalid(
                "callback and skip_models_used_by_other_tasks=False: the server deletes what the task made, and keeps models in use",
                hint="leave them out",
            )
        try:
            self._kept().call(
                "tasks.delete", task=self.id, force=True, delete_output_models=delete_artifacts_and_models,
                delete_external_artifacts=delete_artifacts_and_models,
            )  # fmt: skip
        except TilthError:
            if raise_on_error:
                raise
            return False
        return True

    def wait_for_status(
        self,
        status: Sequence[TaskStatusEnum | str] = (TaskStatusEnum.completed, TaskStatusEnum.stopped, TaskStatusEnum.closed),
        raise_on_status: Sequence[TaskStatusEnum | str] | None = (TaskStatusEnum.failed,),
        check_interval_sec: float = 60.0,
    ) -> None:
        """Wait until the task is in one of the states; `StatusRefused` if it gets into one of `raise_on_status`."""
        while True:
            now = self.get_status()
            if now in [str(wanted) for wanted in status]:
                return
            if now in [str(unwanted) for unwanted in raise_on_status or ()]:
                raise StatusRefused(
                    f"task {self.id} is {now}: {self._data.get('status_message') or 'no reason is given'}", hint="see its console"
                )
            time.sleep(check_interval_sec)

    def register_abort_callback(self, callback_function: Callable[[], object] | None, callback_execution_timeout: float = 30.0) -> None:
        """Call a function when somebody stops the task that runs here; None takes that back. Ctrl-C is no such thing.

        It is called in a thread of its own. The process ends when it returned, and after so many seconds even if it did not.
        """
        if running() is not self or not finishing.is_owner():
            raise Invalid("this process does not run the task", hint="register the callback in the process that called Task.init")
        if callback_function is not None and not callback_execution_timeout > 0:
            raise Invalid(f"callback_execution_timeout is {callback_execution_timeout}", hint="use a number of seconds above 0")
        if self._watched.life is not None:  # nobody stops a run that is recorded offline
            self._watched.life.on_abort(callback_function, float(callback_execution_timeout))
