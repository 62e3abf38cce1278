"""`Task`: one recorded run, by the names that ClearML's users know. Its parts are in `tilth.sdk.tasks`."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tilth.base.errors import Invalid
from tilth.sdk import beginning, finishing, offline
from tilth.sdk._current import current_home, look_at_code, running, take_credentials
from tilth.sdk.beginning import Beginning
from tilth.sdk.describing import CodeAsked, container, described
from tilth.sdk.given import checked_text
from tilth.sdk.task_store import as_tags
from tilth.sdk.tasks.code import Code
from tilth.sdk.tasks.configuration import Configuration
from tilth.sdk.tasks.endpoints import Endpoints
from tilth.sdk.tasks.kinds import TaskStatusEnum, TaskTypes
from tilth.sdk.tasks.results import Results
from tilth.sdk.tasks.spreading import Spreading

__all__ = ["Task", "TaskStatusEnum", "TaskTypes"]


class Task(Spreading, Endpoints, Configuration, Results, Code):
    """One recorded run.

    `Task.init` begins recording the script that calls it. `Task.get_task` finds others. What is said of the running task is written down at
    once and sent by and by, so that no call waits for a server; any other task is changed directly, and a refusal is raised.
    """

    @classmethod
    def init(
        cls,
        project_name: str | None = None,
        task_name: str | None = None,
        task_type: TaskTypes | str = TaskTypes.training,
        tags: Sequence[str] | None = None,
        reuse_last_task_id: bool | str = True,
        continue_last_task: bool | str | int = False,
        output_uri: str | bool | None = None,
        auto_connect_arg_parser: bool | Mapping[str, bool] = True,
        auto_connect_frameworks: bool | Mapping[str, Any] = True,
        auto_resource_monitoring: bool | Mapping[str, Any] = True,
        auto_connect_streams: bool | Mapping[str, bool] = True,
        deferred_init: bool = False,
    ) -> "Task":
        """Begin to record this process, and everything that it starts.

        Called again, it returns the task that is being recorded; `Invalid` if another name or project is given.
        Without a name the script's is taken; without a project, `Examples`.
        Models and artifacts go to `output_uri`, a folder or the address of a bucket, which is refused here if it can't be written;
        without it, and with True, to the server's files.
        A server that does not answer does not stop the run: it is recorded in the home and sent later.
        With `deferred_init` nobody waits for a server at all: a new task is written down, and made there while the run goes on; what is
        read of the task waits for that. A task that is to go on, or to be used again by its id, has to be asked for.
        """
        already = running()
        if already is not None:
            found: Task = already
            beginning.check_same(found, project_name, task_name)
            return found
        asked = Beginning(
            project=None if project_name is None else checked_text(project_name, "project_name"),
            name=None if task_name is None else checked_text(task_name, "task_name"),
            kind=str(task_type),
            tags=as_tags(tags),
            reuse=reuse_last_task_id,
            go_on=continue_last_task,
            output_uri=None if isinstance(output_uri, bool) or not output_uri else output_uri,
            arguments=_switch(auto_connect_arg_parser, "auto_connect_arg_parser"),
            frameworks=_switch(auto_connect_frameworks, "auto_connect_frameworks"),
            resources=_switch(auto_resource_monitoring, "auto_resource_monitoring"),
            streams=_switch(auto_connect_streams, "auto_connect_streams"),
            deferred=deferred_init,
        )
        return beginning.begin(cls, current_home(), asked)

    @classmethod
    def current_task(cls) -> "Task | None":
        """The task that this process records."""
        found: Task | None = running()
        return found

    @classmethod
    def create(
        cls,
        project_name: str | None = None,
        task_name: str | None = None,
        task_type: TaskTypes | str | None = None,
        repo: str | None = None,
        branch: str | None = None,
        commit: str | None = None,
        script: str | None = None,
        working_directory: str | None = None,
        packages: bool | Sequence[str] | None = None,
        requirements_file: str | Path | None = None,
        docker: str | None = None,
        docker_args: str | None = None,
        docker_bash_setup_script: str | None = None,
        argparse_args: Sequence[tuple[str, str]] | None = None,
        base_task_id: str | None = None,
        add_task_init_call: bool = True,
        force_single_script_file: bool = False,
        binary: str | None = None,
        module: str | None = None,
        detect_repository: bool = True,
    ) -> "Task":
        """Make a task for an agent to run, without running anything.

        Its code lies in a repository, which is looked for around a script of this machine (`detect_repository`), or is the script's text.
        `packages` are requirements; without any they are those of what a script of this machine imports. With `add_task_init_call`
        code that does not call `Task.init` is given the lines that do.
        """
        home = current_home()
        for said, argument in ((project_name, "project_name"), (task_name, "task_name")):
            if said is not None:
                checked_text(said, argument)
        asked = CodeAsked(
            repo=repo,
            branch=branch,
            commit=commit,
            script=script,
            working_directory=working_directory,
            packages=packages,
            requirements_file=requirements_file,
            binary=binary,
            module=module,
            single_file=force_single_script_file,
            add_init=add_task_init_call,
            detect_repository=detect_repository,
        )
        code = described(asked, partial(look_at_code, untracked=home.record_untracked, home=home.folder))
        fields: dict[str, Any] = {"script": code} if code else {}
        if argparse_args:
            given = {name: {"section": "Args", "name": name, "value": str(value)} for name, value in argparse_args}
            fields["hyperparams"] = {"Args": given}
        if docker or docker_args or docker_bash_setup_script:
            fields["container"] = container(docker, docker_args, docker_bash_setup_script)
        if base_task_id:
            id = home.api.call("tasks.clone", task=base_task_id, new_task_name=task_name, new_project_name=project_name)["id"]
            if fields:
                home.api.call("tasks.edit", task=id, force=True, **fields)
        else:
            name = task_name or (Path(script).stem if script else "task")
            kind = str(task_type or TaskTypes.training)
            id = home.api.call("tasks.create", name=name, type=kind, project_name=project_name or beginning.DEFAULT_PROJECT, **fields)["id"]
        return cls._loaded(home, id)

    @classmethod
    def set_credentials(
        cls,
        api_host: str | None = None,
        web_host: str | None = None,
        files_host: str | None = None,
        key: str | None = None,
        secret: str | None = None,
        store_conf_file: bool = False,
    ) -> None:
        """Say which server this process, and what it starts, works with, and the key that the server knows you by.

        Addresses in the environment stand over those that are given here. Nothing changes where an agent runs the task. With
        `store_conf_file` it is written to `tilth.toml` in the home too, unless that names a server already.
        """
        if running() is not None:
            raise Invalid("a task is running", hint="call Task.set_credentials before Task.init")
        if beginning.is_given():
            return
        said = {"server": api_host, "web_server": web_host, "files_server": files_host, "access_key": key, "secret_key": secret}
        take_credentials({name: value for name, value in said.items() if value}, store=store_conf_file)

    @classmethod
    def debug_simulate_remote_task(cls, task_id: str, reset_task: bool = False) -> None:
        """Let `Task.init` begin a task that is there already, as if an agent ran it: what stands in the task counts, not the code."""
        if beginning.is_given():
            return
        if running() is not None:
            raise Invalid("a task is running", hint="call Task.debug_simulate_remote_task before Task.init")
        task = cls._loaded(current_home(), task_id)
        if reset_task:
            task.reset(force=True)
        beginning.simulate_remote(task_id)

    @classmethod
    def set_offline(cls, offline_mode: bool = False) -> None:
        """Record the runs that begin from now on in the home alone, until they are imported."""
        if running() is not None and offline_mode != beginning.is_offline():
            raise Invalid("a task is running", hint="call Task.set_offline before Task.init")
        beginning.set_offline(offline_mode)

    @classmethod
    def is_offline(cls) -> bool:
        """Whether runs are recorded in the home alone."""
        return beginning.is_offline()

    @classmethod
    def import_offline_session(
        cls, session_folder_zip: str | Path, previous_task_id: str | None = None, iteration_offset: int = 0
    ) -> str | None:
        """Send a run that was recorded offline; returns the id of its task. Doing it twice makes one task.

        With `previous_task_id` the run goes on in that task instead, and `iteration_offset` is added to each of its iterations.
        """
        return offline.import_session(current_home(), Path(session_folder_zip), previous_task_id, iteration_offset)

    def get_offline_mode_folder(self) -> Path | None:
        """Where an offline run is written down; None if it is not offline."""
        return self._recording.outbox.folder if self._recording is not None and beginning.is_offline() else None

    def execute_remotely(self, queue_name: str | None = None, clone: bool = False, exit_process: bool = True) -> "Task | None":
        """Let an agent run this script from its beginning, and end here. Nothing when an agent runs it already."""
        return finishing.hand_over(self, queue_name, clone=clone, exit_process=exit_process, is_given=beginning.is_given())


# The names by which scripts of ClearML's users know them; set here, because inside the class they would hide the types.
Task.TaskTypes = TaskTypes  # type: ignore[attr-defined]
Task.TaskStatusEnum = TaskStatusEnum  # type: ignore[attr-defined]


def _switch(value: Any, argument: str) -> Any:
    """True, False, or what a dictionary says of each part."""
    if value is None:
        return True
    if not isinstance(value, (bool, Mapping)):
        raise Invalid(f"{argument} is {value!r:.60}", hint="give True, False, or a dictionary such as {'name': False}")
    return value
