"""`Task`: one recorded run, by the names that ClearML's users know. A thin face over the modules beside it."""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from tilth.base.errors import Invalid, StatusRefused, TaskNotFound, TilthError
from tilth.base.ids import is_id
from tilth.sdk import arguments, beginning, connecting, finishing, offline, parameters, task_artifacts, task_store
from tilth.sdk._current import current_home, running
from tilth.sdk.artifacts import Artifact
from tilth.sdk.beginning import Beginning
from tilth.sdk.home import Home
from tilth.sdk.logger import Logger
from tilth.sdk.models import ModelList, models_of
from tilth.sdk.recording import Recording, task_folder, warn

__all__ = ["Task", "TaskStatusEnum", "TaskTypes"]

PROPERTIES = "properties"


class TaskTypes(StrEnum):
    """What kind of work a task is."""

    training = "training"
    testing = "testing"
    inference = "inference"
    data_processing = "data_processing"
    application = "application"
    monitor = "monitor"
    controller = "controller"
    optimizer = "optimizer"
    service = "service"
    qc = "qc"
    custom = "custom"


class TaskStatusEnum(StrEnum):
    """The states of a task."""

    created = "created"
    queued = "queued"
    in_progress = "in_progress"
    stopped = "stopped"
    closed = "closed"
    failed = "failed"
    completed = "completed"
    publishing = "publishing"
    published = "published"
    unknown = "unknown"


class Task:
    """One recorded run.

    `Task.init` begins recording the script that calls it. `Task.get_task` finds others. What is said of the running task is written down at
    once and sent by and by, so that no call waits for a server; any other task is changed directly, and a refusal is raised.
    """

    def __init__(self, home: Home, document: dict[str, Any], *, project: str | None = None, recording: Recording | None = None) -> None:
        self._home = home
        self._document = document
        self._project_name = project
        self._recording = recording
        self._is_live = recording is not None
        self._logger: Logger | None = None
        self._arguments_wanted: bool | Mapping[str, bool] = True
        self.id: str = document["id"]

    # --- beginning and finding --------------------------------------------------------------------------------------

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

        Called again, it returns the task that is being recorded. Without a name the script's is taken; without a project, `Examples`.
        A server that does not answer does not stop the run: it is recorded in the home and sent later. `deferred_init` changes nothing.
        """
        already = running()
        if already is not None:
            found: Task = already
            return found
        asked = Beginning(
            project=project_name,
            name=task_name,
            kind=str(task_type),
            tags=list(tags or ()),
            reuse=reuse_last_task_id,
            go_on=continue_last_task,
            output_uri=output_uri if isinstance(output_uri, str) else None,
            arguments=auto_connect_arg_parser,
            frameworks=auto_connect_frameworks,
            resources=auto_resource_monitoring,
            streams=auto_connect_streams,
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
        """Make a task for an agent to run, without running anything. Code comes from a repository, or from one local script file.

        `add_task_init_call` and `detect_repository` change nothing: the code is taken as it is given, and no repository is looked for.
        """
        home = current_home()
        fields = beginning.described(
            repo=repo,
            branch=branch,
            commit=commit,
            script=script,
            working_directory=working_directory,
            packages=packages,
            requirements_file=requirements_file,
            docker=docker,
            docker_args=docker_args,
            docker_bash_setup_script=docker_bash_setup_script,
            arguments=argparse_args,
            binary=binary,
            module=module,
            single_file=force_single_script_file,
        )
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
    def get_task(
        cls,
        task_id: str | None = None,
        project_name: str | None = None,
        task_name: str | None = None,
        tags: Sequence[str] | None = None,
        allow_archived: bool = True,
        task_filter: Mapping[str, Any] | None = None,
    ) -> "Task":
        """The task with this id, or the one that fits the rest and was changed last; `TaskNotFound` if there is none."""
        home = current_home()
        if task_id:
            live = running()
            if live is not None and live.id == task_id:
                found: Task = live
                return found
            return cls._loaded(home, task_id)
        more = dict(task_filter or {})
        if not allow_archived:
            more["system_tags"] = [*(more.get("system_tags") or ["__$all"]), "__$not", "archived"]
        id = task_store.find_one(home.api, project=project_name, name=task_name, tags=tags, more=more)
        if id is None:
            raise TaskNotFound(f"there is no task {task_name or ''!r} in project {project_name or 'any'!r}", hint="check names and tags")
        return cls._loaded(home, id)

    @classmethod
    def get_tasks(
        cls,
        task_ids: Sequence[str] | None = None,
        project_name: str | Sequence[str] | None = None,
        task_name: str | None = None,
        tags: Sequence[str] | None = None,
        allow_archived: bool = True,
        task_filter: Mapping[str, Any] | None = None,
    ) -> "list[Task]":
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
        source_task: "Task | str | None" = None,
        name: str | None = None,
        comment: str | None = None,
        parent: str | None = None,
        project: str | None = None,
    ) -> "Task":
        """A draft with the code, parameters and configuration of another task, and none of its results. `project` is an id."""
        home = current_home()
        source = source_task if source_task is not None else running()
        if source is None:
            raise Invalid("no task is given, and none is running", hint="give source_task")
        id = source if isinstance(source, str) else source.id
        if not isinstance(source, str):
            source.flush()
        made = home.api.call(
            "tasks.clone", task=id, new_task_name=name, new_task_comment=comment, new_task_parent=parent, new_task_project=project
        )
        return cls._loaded(home, made["id"])

    @classmethod
    def enqueue(cls, task: "Task | str", queue_name: str | None = None, queue_id: str | None = None, force: bool = False) -> Any:
        """Let an agent that listens to a queue run a task."""
        id = task if isinstance(task, str) else task.id
        home = current_home()
        if force:
            home.api.call("tasks.reset", task=id, force=True)
        return home.api.call("tasks.enqueue", task=id, queue=queue_id, queue_name=None if queue_id else queue_name)

    @classmethod
    def dequeue(cls, task: "Task | str") -> Any:
        """Take a task out of its queue."""
        return current_home().api.call("tasks.dequeue", task=task if isinstance(task, str) else task.id)

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
        """Send a run that was recorded offline; returns the id of its task. Doing it twice makes one task."""
        return offline.import_session(current_home(), Path(session_folder_zip), previous_task_id, iteration_offset)

    def get_offline_mode_folder(self) -> Path | None:
        """Where an offline run is written down; None if it is not offline."""
        return self._recording.outbox.folder if self._recording is not None and beginning.is_offline() else None

    # --- what it is -------------------------------------------------------------------------------------------------

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
    def data(self) -> Mapping[str, Any]:
        """Everything that is known of the task, as the protocol has it."""
        return self._data

    @property
    def output_uri(self) -> str | None:
        """Where models go that this task makes."""
        found: str | None = (self._data.get("output") or {}).get("destination")
        return found

    @output_uri.setter
    def output_uri(self, uri: str | None) -> None:
        self._document["output"] = (self._data.get("output") or {}) | {"destination": uri}
        self._change("tasks.edit", task=self.id, force=True, output_dest=uri)

    def get_project_name(self) -> str | None:
        """The full name of its project."""
        if self._project_name is None:
            self._project_name = task_store.project_name(self._home.api, self._fresh().get("project"))
        return self._project_name

    def get_status(self) -> str:
        """The state that the task is in now."""
        return str(self._fresh()["status"])

    def get_tags(self) -> list[str]:
        """The task's tags."""
        return list(self._data.get("tags") or ())

    @property
    def tags(self) -> list[str]:
        """The task's tags."""
        return self.get_tags()

    def set_tags(self, tags: Sequence[str]) -> None:
        """Set all tags at once."""
        self._edit(tags=list(dict.fromkeys(tags)))

    def add_tags(self, tags: Sequence[str] | str) -> None:
        """Add tags; those that it has already stay."""
        added = [tags] if isinstance(tags, str) else list(tags)
        self._document["tags"] = list(dict.fromkeys([*self.get_tags(), *added]))
        self._change("tasks.update_tags", ids=[self.id], add_tags=added)

    def remove_tags(self, tags: Sequence[str] | str) -> None:
        """Take tags away; those that it does not have are passed over."""
        removed = [tags] if isinstance(tags, str) else list(tags)
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

    # --- parameters and configuration -------------------------------------------------------------------------------

    def connect(self, mutable: Any, name: str | None = None, ignore_remote_overrides: bool = False) -> Any:
        """Record the values of a dictionary, a dataclass, a model or any object as parameters in section `name` (`General`).

        When an agent runs the task, the values that somebody changed there are set in the object first. Returns the object.
        """
        section = name or "General"
        if beginning.is_remote() and not ignore_remote_overrides:
            known = (self._data.get("hyperparams") or {}).get(section) or {}
            if known:
                return connecting.write_object(mutable, {key: item.get("value") or "" for key, item in known.items()})
        values = connecting.read_object(mutable)
        self._put_parameters([parameters.parameter(section, key, value) for key, value in values.items()])
        return mutable

    def connect_arguments(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace) -> None:
        """Record what a script was called with; called by itself when `argparse` parses. An agent's values are set in the namespace."""
        wanted = self._arguments_wanted
        if wanted is False:
            return
        if beginning.is_remote():
            known = (self._data.get("hyperparams") or {}).get("Args") or {}
            said = {name: item.get("value") or "" for name, item in known.items()}
            for name, value in arguments.overrides(parser, namespace, said).items():
                setattr(namespace, name, value)
        found = arguments.arguments_of(parser, namespace, wanted=wanted)
        self._put_parameters(
            [parameters.parameter("Args", one.name, one.text, kind=one.type, description=one.description) for one in found]
        )

    def connect_configuration(
        self,
        configuration: Mapping[str, Any] | Sequence[Any] | str | Path,
        name: str | None = None,
        description: str | None = None,
        ignore_remote_overrides: bool = False,
    ) -> Any:
        """Record a configuration: a dictionary or list, or a file. Run by an agent, it returns what stands in the task instead."""
        return task_artifacts.connect_configuration(
            self, configuration, name or "General", description, take_over=beginning.is_remote() and not ignore_remote_overrides
        )

    def get_parameters(self, *, cast: bool = False) -> dict[str, Any]:
        """Every parameter as `section/name`: text, or with `cast` what it was."""
        known = self._data.get("hyperparams") or {}
        if not cast:
            return dict(parameters.flat(known))
        return {f"{section}/{key}": parameters.typed(item) for section, items in known.items() for key, item in items.items()}

    def get_parameters_as_dict(self, cast: bool = False) -> dict[str, Any]:
        """The same with a dictionary for each section and for each slash in a name."""
        return parameters.nested(self.get_parameters(cast=cast))

    def get_parameter(self, name: str, default: Any = None, cast: bool = False) -> Any:
        """One parameter, by `section/name`."""
        return self.get_parameters(cast=cast).get(name, default)

    def set_parameters(self, *args: Mapping[str, Any], **kwargs: Any) -> None:
        """Replace every parameter by these, given as `section/name`: value."""
        values = {name: value for given in (*args, kwargs) for name, value in given.items()}
        self._put_parameters([parameters.parameter(*found) for found in parameters.grouped(values)], replace="all")

    def update_parameters(self, *args: Mapping[str, Any], **kwargs: Any) -> None:
        """Set some parameters and keep the others."""
        values = {name: value for given in (*args, kwargs) for name, value in given.items()}
        self._put_parameters([parameters.parameter(*found) for found in parameters.grouped(values)])

    def set_parameter(self, name: str, value: Any, description: str | None = None) -> None:
        """Set one parameter, by `section/name`."""
        section, key, _ = next(parameters.grouped({name: value}))
        self._put_parameters([parameters.parameter(section, key, value, description=description)])

    def set_parameters_as_dict(self, dictionary: Mapping[str, Any]) -> None:
        """Replace every parameter by what stands in a dictionary of sections."""
        self.set_parameters(dict(parameters.flatten(dictionary)))

    def delete_parameter(self, name: str) -> bool:
        """Remove one parameter, by `section/name`; False if there is none."""
        section, key, _ = next(parameters.grouped({name: None}))
        items = (self._data.get("hyperparams") or {}).get(section) or {}
        if key not in items:
            return False
        del items[key]
        self._change("tasks.delete_hyper_params", task=self.id, force=True, hyperparams=[{"section": section, "name": key}])
        return True

    def get_user_properties(self, value_only: bool = False) -> dict[str, Any]:
        """What `set_user_properties` set: by name, whole, or the value alone."""
        known = (self._data.get("hyperparams") or {}).get(PROPERTIES) or {}
        return {name: item.get("value") for name, item in known.items()} if value_only else dict(known)

    def set_user_properties(self, *iterables: Mapping[str, Any] | Iterable[Mapping[str, Any]], **properties: Any) -> bool:
        """Set properties that may be changed at any time, also after the run: `name=value`, or dictionaries with name and value."""
        items: list[Mapping[str, Any]] = []
        for given in iterables:
            found = [{"name": name, **_property(value)} for name, value in given.items()] if isinstance(given, Mapping) else list(given)
            items += found
        items += [{"name": name, **_property(value)} for name, value in properties.items()]
        self._put_parameters([_property_parameter(item) for item in items])
        return True

    def delete_user_properties(self, *iterables: Iterable[tuple[str, str] | str]) -> bool:
        """Remove properties by name."""
        groups = [[given] if isinstance(given, str) else given for given in iterables]
        names = [found if isinstance(found, str) else found[-1] for group in groups for found in group]
        for name in names:
            self.delete_parameter(f"{PROPERTIES}/{name}")
        return True

    def get_configuration_object(self, name: str) -> str | None:
        """The text of a configuration."""
        found: str | None = ((self._data.get("configuration") or {}).get(name) or {}).get("value")
        return found

    def get_configuration_object_as_dict(self, name: str) -> Any:
        """A configuration that was a dictionary or list."""
        text = self.get_configuration_object(name)
        return None if text is None else task_artifacts.parsed(text)

    def set_configuration_object(
        self, name: str, config_text: str | None = None, description: str | None = None, config_type: str | None = None,
        config_dict: Mapping[str, Any] | Sequence[Any] | None = None,
    ) -> None:  # fmt: skip
        """Set a configuration, as a text or as a dictionary."""
        text = json.dumps(config_dict, indent=2) if config_dict is not None else config_text or ""
        item = {"name": name, "value": text, "type": config_type or ("json" if config_dict is not None else "text")}
        item |= {"description": description} if description else {}
        self._document["configuration"] = (self._data.get("configuration") or {}) | {name: item}
        self._change("tasks.edit_configuration", task=self.id, force=True, configuration=[item])

    # --- reports and artifacts --------------------------------------------------------------------------------------

    def get_logger(self) -> Logger:
        """What metrics, plots, images and texts of this task are reported through."""
        if self._logger is None:
            self._logger = Logger(self._recorded())
        return self._logger

    @property
    def logger(self) -> Logger:
        """The same as `get_logger()`."""
        return self.get_logger()

    def upload_artifact(
        self,
        name: str,
        artifact_object: Any,
        metadata: Mapping[str, Any] | None = None,
        delete_after_upload: bool = False,
        auto_pickle: bool | None = None,
        preview: Any = None,
        wait_on_upload: bool = False,
        extension_name: str | None = None,
        serialization_function: Callable[[Any], bytes | bytearray] | None = None,
        retries: int = 0,
        sort_keys: bool = True,
    ) -> bool:
        """Keep an object or a file with the task, under a name; a later one of that name replaces it.

        Returns when it is written down, or with `wait_on_upload` when it is where it is kept. `Invalid` if it can't be written. `retries`
        changes nothing: an upload is tried until it arrives.
        """
        task_artifacts.upload(
            self,
            name,
            artifact_object,
            metadata=metadata,
            delete=delete_after_upload,
            auto_pickle=auto_pickle,
            preview=preview,
            extension_name=extension_name,
            serialization_function=serialization_function,
            sort_keys=sort_keys,
        )
        return self.flush(wait_for_uploads=True) if wait_on_upload else True

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """The task's artifacts by name."""
        return task_artifacts.of(self._home, self._fresh())

    @property
    def models(self) -> Mapping[str, ModelList]:
        """The models that the task takes, `input`, and makes, `output`: lists in the order in which they came, and by name."""
        return models_of(self._fresh())

    def get_models(self) -> Mapping[str, ModelList]:
        """The same."""
        return self.models

    def get_reported_scalars(self, max_samples: int = 0, x_axis: str = "iter") -> dict[str, Any]:
        """Every curve: `{title: {series: {"x": [...], "y": [...]}}}`, thinned to `max_samples` points if that is given."""
        self.flush()
        found: dict[str, Any] = self._home.api.call(
            "events.scalar_metrics_iter_histogram", task=self.id, key=x_axis, samples=max_samples or 6_000
        )
        return found

    def get_last_scalar_metrics(self) -> dict[str, dict[str, dict[str, float]]]:
        """Of every curve its last, smallest and largest value: `{title: {series: {"last", "min", "max"}}}`."""
        found: dict[str, dict[str, dict[str, float]]] = {}
        for variants in (self._fresh().get("last_metrics") or {}).values():
            for item in variants.values():
                values = {"last": item["value"], "min": item["min_value"], "max": item["max_value"]}
                found.setdefault(item["metric"], {})[item["variant"]] = values
        return found

    def get_reported_single_values(self) -> dict[str, float]:
        """What `report_single_value` reported."""
        self.flush()
        tasks = self._home.api.call("events.get_task_single_value_metrics", tasks=[self.id])["tasks"]
        return {item["variant"]: item["value"] for task in tasks for item in task["values"]}

    def get_reported_single_value(self, name: str) -> float | None:
        """One of them; None if it was not reported."""
        return self.get_reported_single_values().get(name)

    def get_reported_console_output(self, number_of_reports: int = 1) -> list[str]:
        """The last batches of the console."""
        self.flush()
        found = self._home.api.call("events.get_task_log", task=self.id, batch_size=number_of_reports, order="asc", navigate_earlier=True)
        return [event["msg"] for event in found["events"]]

    def get_reported_plots(self, max_iterations: int | None = None) -> list[dict[str, Any]]:
        """The plots, as events whose `plot_str` is Plotly's JSON."""
        self.flush()
        found: list[dict[str, Any]] = self._home.api.call("events.get_task_plots", task=self.id, iters=max_iterations or 1, no_scroll=True)[
            "plots"
        ]
        return found

    def get_last_iteration(self) -> int:
        """The largest iteration that was reported."""
        if self._is_live and self._recording is not None and self._recording.reporter.last_iteration:
            return self._recording.reporter.last_iteration
        return int(self._fresh().get("last_iteration") or 0)

    def set_initial_iteration(self, offset: int = 0) -> int:
        """Add `offset` to every iteration that is reported from now on."""
        self._recorded().reporter.offset = offset
        return offset

    def get_initial_iteration(self) -> int:
        """What is added to every iteration."""
        return self._recorded().reporter.offset

    def set_progress(self, progress: int) -> None:
        """Say how far the work is, in per cent."""
        if not 0 <= progress <= 100:
            raise Invalid(f"progress is {progress}, which is no percentage", hint="use a number from 0 to 100")
        self._document["runtime"] = (self._data.get("runtime") or {}) | {"progress": str(progress)}
        self._change("tasks.edit_runtime", task=self.id, force=True, add_or_update={"progress": str(progress)})

    def get_progress(self) -> int | None:
        """How far the work is, in per cent."""
        found = (self._data.get("runtime") or {}).get("progress")
        return None if found is None else int(found)

    def flush(self, wait_for_uploads: bool = False) -> bool:
        """Wait until what was reported is where it is kept; False if no server answers now."""
        return self._recording is None or self._recording.flush(None if wait_for_uploads else 30.0)

    # --- states -----------------------------------------------------------------------------------------------------

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
            self._home.api.call(
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

    # --- code -------------------------------------------------------------------------------------------------------

    def get_script(self) -> Mapping[str, Any]:
        """Which code the task runs."""
        return dict(self._data.get("script") or {})

    def set_script(
        self,
        repository: str | None = None,
        branch: str | None = None,
        commit: str | None = None,
        diff: str | None = None,
        working_dir: str | None = None,
        entry_point: str | None = None,
        binary: str | None = None,
    ) -> None:
        """Say which code the task runs; what is not given stays."""
        given = {"repository": repository, "branch": branch, "version_num": commit, "diff": diff, "working_dir": working_dir}
        given |= {"entry_point": entry_point, "binary": binary}
        self._edit_part("script", {name: value for name, value in given.items() if value is not None})

    def set_repo(self, repo: str | None = None, branch: str | None = None, commit: str | None = None) -> None:
        """Say in which repository the code lies."""
        self.set_script(repository=repo, branch=branch, commit=commit)

    def set_packages(self, packages: str | Path | Sequence[str]) -> None:
        """Say which packages an agent installs: requirements, or a file of them."""
        self._edit_part("script", {"requirements": {"pip": beginning.requirements_text(packages)}})

    def get_requirements(self) -> Mapping[str, Any]:
        """Which packages were recorded, or set."""
        return dict((self._fresh().get("script") or {}).get("requirements") or {})

    def set_base_docker(
        self,
        docker_cmd: str | None = None,
        docker_image: str | None = None,
        docker_arguments: str | Sequence[str] | None = None,
        docker_setup_bash_script: str | Sequence[str] | None = None,
    ) -> None:
        """Say in which image an agent runs the task."""
        self._edit(container=beginning.container(docker_image or docker_cmd, docker_arguments, docker_setup_bash_script))

    def execute_remotely(self, queue_name: str | None = None, clone: bool = False, exit_process: bool = True) -> "Task | None":
        """Let an agent run this script from its beginning, and end here. Nothing when an agent runs it already."""
        return finishing.hand_over(self, queue_name, clone=clone, exit_process=exit_process)

    def export_task(self) -> dict[str, Any]:
        """Everything about the task, for `import_task`."""
        return json.loads(json.dumps(dict(self._fresh()), default=str))  # type: ignore[no-any-return]

    @classmethod
    def import_task(cls, task_data: Mapping[str, Any], target_task: "Task | str | None" = None, update: bool = False) -> "Task":
        """A new draft out of what `export_task` gave, or with `update` that written into another task."""
        return cls._loaded(current_home(), beginning.import_document(current_home(), task_data, target_task, update=update))

    # --- what the modules beside this one use -----------------------------------------------------------------------

    @classmethod
    def _loaded(cls, home: Home, id: str) -> "Task":
        if not is_id(id):
            raise TaskNotFound(f"{id!r:.100} is no id of a task", hint="an id has 32 hexadecimal digits")
        return cls(home, home.api.call("tasks.get_by_id", task=id)["task"])

    @property
    def _data(self) -> dict[str, Any]:
        return self._document

    def _fresh(self) -> dict[str, Any]:
        """Read the task again, after everything that was said of it here has arrived; what is known, if nobody answers."""
        if self._recording is not None and not self._recording.flush(5.0):
            return self._document
        self._document = self._home.api.call("tasks.get_by_id", task=self.id)["task"]
        return self._document

    def _recorded(self) -> Recording:
        if self._recording is None:
            folder = task_folder(self.get_project_name(), self.name, self.id)
            self._recording = Recording(self._home, self.id, folder=folder)
            finishing.flush_at_exit(self._recording)
        return self._recording

    def _change(self, call: str, /, **fields: Any) -> None:
        """Make a call that changes the task: written down for the task that is recorded here, made at once for any other."""
        if self._is_live and self._recording is not None:
            self._recording.call(call, **fields)
        else:
            self._home.api.call(call, **fields)

    def _state(self, call: str, /, **fields: Any) -> None:
        self.flush(wait_for_uploads=True)
        answer = self._home.api.call(call, task=self.id, **fields)
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

    def _put_parameters(self, items: Sequence[dict[str, Any]], replace: str = "none") -> None:
        known = {} if replace == "all" else {name: dict(section) for name, section in (self._data.get("hyperparams") or {}).items()}
        for item in items:
            known.setdefault(item["section"], {})[item["name"]] = item
        self._document["hyperparams"] = known
        if items or replace == "all":
            self._change("tasks.edit_hyper_params", task=self.id, force=True, hyperparams=list(items), replace_hyperparams=replace)


def _property(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {"value": value}


def _property_parameter(item: Mapping[str, Any]) -> dict[str, Any]:
    kind, description = item.get("type"), item.get("description")
    return parameters.parameter(PROPERTIES, str(item["name"]), item.get("value"), kind=kind, description=description)


# The names by which scripts of ClearML's users know them; set here, because inside the class they would hide the types.
Task.TaskTypes = TaskTypes  # type: ignore[attr-defined]
Task.TaskStatusEnum = TaskStatusEnum  # type: ignore[attr-defined]
