"""Calls about tasks."""

from typing import Any

from tilth.base.errors import FieldInvalid
from tilth.domain.access import Permission
from tilth.domain.task import TaskStatus
from tilth.server.routes.many import each
from tilth.server.routes.naming import named
from tilth.server.routes.rpc import Fields, Strings, procedure
from tilth.server.services import dataset_uses, pipelines
from tilth.server.services import task_parts as parts
from tilth.server.services import task_states as states
from tilth.server.services import tasks as service
from tilth.server.services.context import Call
from tilth.server.services.searching import listed

__all__: list[str] = []

READ, WRITE = Permission.READ, Permission.WRITE
Item = dict[str, Any]
Items = list[dict[str, Any]]


@procedure("tasks.get_by_id")
def get_by_id(call: Call, task: str) -> Item:
    """Everything about one task."""
    found = service.whole_task(call, task)
    call.check_project(found["project"], READ)
    return {"task": found}


@procedure("tasks.get_all")
def get_all(call: Call, fields: Fields) -> Item:
    """The tasks that fit a query."""
    return service.search_tasks(call, fields).answer("tasks")


@procedure("tasks.get_all_ex")
def get_all_ex(call: Call, fields: Fields) -> Item:
    """The tasks that fit a query, with the names of their projects, users and parents."""
    found = service.search_tasks(call, fields)
    named(call, found.documents)
    return found.answer("tasks")


@procedure("tasks.get_by_id_ex")
def get_by_id_ex(call: Call, fields: Fields) -> Item:
    """Tasks by their ids, with the names of what they point to."""
    return get_all_ex(call, fields=fields)


@procedure("tasks.get_types")
def get_types(call: Call, projects: list[str] = []) -> Item:
    """The types that tasks have, in some projects or in all."""
    where = [(f"task.project IN ({', '.join('?' for _ in projects)})", list(projects))] if projects else []
    return {"types": sorted(call.tx.documents.tasks.distinct("type", where))}


@procedure("tasks.create", needs=WRITE)
def create(call: Call, name: str, type: str, fields: Fields) -> Item:
    """Make a task."""
    return {"id": service.create_task(call, fields)}


@procedure("tasks.validate", needs=WRITE, writes=False)
def validate(call: Call, name: str, type: str, fields: Fields) -> Item:
    """Check what a task is to be made of."""
    if type not in service.TYPES:
        raise FieldInvalid(f"type: {type!r:.60} is no type of task", hint=f"use one of {', '.join(service.TYPES)}")
    return {}


@procedure("tasks.edit", needs=WRITE)
def edit(call: Call, task: str, fields: Fields, force: bool = False) -> Item:
    """Replace what a task is made of."""
    return service.edit_task(call, task, fields, force=force)


@procedure("tasks.update", needs=WRITE)
def update(call: Call, task: str, fields: Fields) -> Item:
    """Change what is said of a task."""
    return service.update_task(call, task, fields)


@procedure("tasks.update_batch", needs=WRITE)
def update_batch(call: Call, fields: Fields) -> Item:
    """Change what is said of several tasks."""
    tasks = fields.get("tasks")
    if not isinstance(tasks, list) or not all(isinstance(item, dict) and isinstance(item.get("task"), str) for item in tasks):
        raise FieldInvalid("tasks: a list of objects with a task in each is needed", hint="check the request")
    return {"updated": sum(service.update_task(call, item["task"], item)["updated"] for item in tasks)}


@procedure("tasks.update_tags", needs=WRITE)
def update_tags(call: Call, ids: list[str], add_tags: list[str] = [], remove_tags: list[str] = []) -> Item:
    """Add tags to tasks and take others away."""
    return {"updated": service.update_tags(call, ids, add_tags, remove_tags)}


@procedure("tasks.ping", needs=WRITE)
def ping(call: Call, task: str) -> Item:
    """Say that a task is alive."""
    service.ping_task(call, task)
    return {}


@procedure("tasks.clone", needs=WRITE)
def clone(call: Call, task: str, fields: Fields, new_project_name: str = "") -> Item:
    """Copy a task without what its run made."""
    if not new_project_name:
        return {"id": service.clone_task(call, task, fields)}
    project = service.target_project(call, None, new_project_name)
    id = service.clone_task(call, task, fields | {"new_task_project": project})
    return {"id": id, "new_project": {"id": project, "name": new_project_name}}


@procedure("tasks.move", needs=WRITE)
def move(call: Call, ids: list[str], project: str = "", project_name: str = "") -> Item:
    """Let tasks lie in another project."""
    return {"project_id": service.move_tasks(call, ids, project or None, project_name or None)}


@procedure("tasks.started", needs=WRITE)
def started(call: Call, task: str, force: bool = False, status_reason: str = "", status_message: str = "") -> Item:
    """A task runs."""
    return states.start_task(call, task, force=force, reason=status_reason, message=status_message)


def _finish(call: Call, id: str, status: TaskStatus, *, force: bool, reason: str, message: str) -> Item:
    task = service.get_task(call, id, states.STATE)
    call.tx.entries.remove(id)
    return states.set_status(call, task, status, force=force, reason=reason, message=message, completed=call.now)


@procedure("tasks.stopped", needs=WRITE)
def stopped(call: Call, task: str, force: bool = False, status_reason: str = "", status_message: str = "") -> Item:
    """A task was stopped."""
    return _finish(call, task, TaskStatus.STOPPED, force=force, reason=status_reason, message=status_message)


@procedure("tasks.failed", needs=WRITE)
def failed(call: Call, task: str, force: bool = False, status_reason: str = "", status_message: str = "") -> Item:
    """A task failed."""
    return _finish(call, task, TaskStatus.FAILED, force=force, reason=status_reason, message=status_message)


@procedure("tasks.close", needs=WRITE)
def close(call: Call, task: str, force: bool = False, status_reason: str = "", status_message: str = "") -> Item:
    """A task is closed."""
    return _finish(call, task, TaskStatus.CLOSED, force=force, reason=status_reason, message=status_message)


@procedure("tasks.completed", needs=WRITE)
def completed(call: Call, task: str, force: bool = False, status_reason: str = "", status_message: str = "", publish: bool = False) -> Item:
    """A task came to its end."""
    answer = _finish(call, task, TaskStatus.COMPLETED, force=force, reason=status_reason, message=status_message)
    if publish:
        answer = states.publish_task(call, task, force=force, reason=status_reason, message=status_message)
    return answer | {"published": int(publish)}


@procedure("tasks.stop", needs=WRITE)
def stop(call: Call, task: str, force: bool = False, status_reason: str = "", status_message: str = "") -> Item:
    """Stop a task, or ask whoever runs it to stop it."""
    return states.stop_task(call, task, force=force, reason=status_reason, message=status_message)


@procedure("tasks.publish", needs=WRITE)
def publish(
    call: Call, task: str, force: bool = False, status_reason: str = "", status_message: str = "", publish_model: bool = True
) -> Item:
    """Publish a task and its models."""
    return states.publish_task(call, task, force=force, reason=status_reason, message=status_message, publish_model=publish_model)


@procedure("tasks.enqueue", needs=WRITE)
def enqueue(
    call: Call,
    task: str,
    queue: str = "",
    queue_name: str = "",
    status_reason: str = "",
    status_message: str = "",
    verify_watched_queue: bool = False,
    update_execution_queue: bool = True,
) -> Item:
    """Put a task at the end of a queue."""
    answer = states.enqueue_task(
        call,
        task,
        queue=queue or None,
        queue_name=queue_name or None,
        reason=status_reason,
        message=status_message,
        update_execution=update_execution_queue,
    )
    return answer | ({"queue_watched": _watched(call, task)} if verify_watched_queue else {})


@procedure("tasks.dequeue", needs=WRITE)
def dequeue(call: Call, task: str, status_reason: str = "", status_message: str = "", new_status: str = "") -> Item:
    """Take a task out of its queue."""
    return states.dequeue_task(call, task, reason=status_reason, message=status_message, new_status=new_status or None)


@procedure("tasks.reset", needs=WRITE)
def reset(
    call: Call,
    task: str,
    force: bool = False,
    clear_all: bool = False,
    delete_output_models: bool = True,
    delete_external_artifacts: bool = True,
    return_file_urls: bool = False,
) -> Item:
    """Make a task as it was before it ran."""
    answer = states.reset_task(
        call, task, force=force, clear_all=clear_all, delete_models=delete_output_models, files=delete_external_artifacts
    )
    return answer if return_file_urls else answer | {"urls": None}


@procedure("tasks.delete", needs=WRITE)
def delete(
    call: Call,
    task: str,
    force: bool = False,
    delete_output_models: bool = True,
    delete_external_artifacts: bool = True,
    return_file_urls: bool = False,
    include_pipeline_steps: bool = False,
) -> Item:
    """Delete a task and what it owned."""
    if include_pipeline_steps:
        for step in pipelines.step_ids(call, task):
            states.delete_task(call, step, force=force, delete_models=delete_output_models, files=delete_external_artifacts)
    answer = states.delete_task(call, task, force=force, delete_models=delete_output_models, files=delete_external_artifacts)
    return answer if return_file_urls else answer | {"urls": None}


@procedure("tasks.archive", needs=WRITE)
def archive(call: Call, tasks: list[str], status_reason: str = "", status_message: str = "") -> Item:
    """Put tasks out of sight."""
    done = [states.archive_task(call, task, archived=True, reason=status_reason, message=status_message) for task in tasks]
    return {"archived": sum(done)}


@procedure("tasks.archive_many", needs=WRITE)
def archive_many(call: Call, ids: list[str], status_reason: str = "", status_message: str = "") -> Item:
    """Put tasks out of sight, each that can be."""
    return each(ids, lambda id: {"archived": states.archive_task(call, id, archived=True, reason=status_reason, message=status_message)})


@procedure("tasks.unarchive_many", needs=WRITE)
def unarchive_many(call: Call, ids: list[str], status_reason: str = "", status_message: str = "") -> Item:
    """Bring archived tasks back, each that can be."""
    return each(ids, lambda id: {"unarchived": states.archive_task(call, id, archived=False, reason=status_reason, message=status_message)})


@procedure("tasks.stop_many", needs=WRITE)
def stop_many(call: Call, ids: list[str], force: bool = False, status_reason: str = "", status_message: str = "") -> Item:
    """Stop tasks, each that can be."""
    return each(ids, lambda id: states.stop_task(call, id, force=force, reason=status_reason, message=status_message))


@procedure("tasks.publish_many", needs=WRITE)
def publish_many(
    call: Call, ids: list[str], force: bool = False, status_reason: str = "", status_message: str = "", publish_model: bool = True
) -> Item:
    """Publish tasks, each that can be."""
    return each(
        ids,
        lambda id: states.publish_task(call, id, force=force, reason=status_reason, message=status_message, publish_model=publish_model),
    )


@procedure("tasks.enqueue_many", needs=WRITE)
def enqueue_many(
    call: Call,
    ids: list[str],
    queue: str = "",
    queue_name: str = "",
    status_reason: str = "",
    status_message: str = "",
    verify_watched_queue: bool = False,
) -> Item:
    """Put tasks at the end of a queue, each that can be."""

    def put(id: str) -> Item:
        answer = states.enqueue_task(
            call, id, queue=queue or None, queue_name=queue_name or None, reason=status_reason, message=status_message
        )
        return answer | {"queued": True}

    answer = each(ids, put)
    watched = any(_watched(call, item["id"]) for item in answer["succeeded"][:1])
    return answer | ({"queue_watched": watched} if verify_watched_queue else {})


@procedure("tasks.dequeue_many", needs=WRITE)
def dequeue_many(call: Call, ids: list[str], status_reason: str = "", status_message: str = "", new_status: str = "") -> Item:
    """Take tasks out of their queues, each that can be."""

    def take(id: str) -> Item:
        answer = states.dequeue_task(call, id, reason=status_reason, message=status_message, new_status=new_status or None)
        return answer | {"dequeued": bool(answer["dequeued"])}

    return each(ids, take)


@procedure("tasks.reset_many", needs=WRITE)
def reset_many(
    call: Call,
    ids: list[str],
    force: bool = False,
    clear_all: bool = False,
    delete_output_models: bool = True,
    delete_external_artifacts: bool = True,
    return_file_urls: bool = False,
) -> Item:
    """Make tasks as they were before they ran, each that can be."""

    def one(id: str) -> Item:
        answer = states.reset_task(
            call, id, force=force, clear_all=clear_all, delete_models=delete_output_models, files=delete_external_artifacts
        )
        answer["dequeued"] = bool(answer["dequeued"]["removed"])
        return answer if return_file_urls else answer | {"urls": None}

    return each(ids, one)


@procedure("tasks.delete_many", needs=WRITE)
def delete_many(
    call: Call,
    ids: list[str],
    force: bool = False,
    delete_output_models: bool = True,
    delete_external_artifacts: bool = True,
    return_file_urls: bool = False,
) -> Item:
    """Delete tasks and what they owned, each that can be."""

    def one(id: str) -> Item:
        answer = states.delete_task(call, id, force=force, delete_models=delete_output_models, files=delete_external_artifacts)
        return answer if return_file_urls else answer | {"urls": None}

    return each(ids, one)


@procedure("tasks.set_requirements", needs=WRITE)
def set_requirements(call: Call, task: str, requirements: Any) -> Item:
    """Replace the packages that a task needs."""
    return parts.set_requirements(call, task, requirements)


@procedure("tasks.get_hyper_params")
def get_hyper_params(call: Call, tasks: list[str]) -> Item:
    """The hyperparameters of tasks as flat lists."""
    return {"params": parts.flat_parameters(call, tasks)}


@procedure("tasks.edit_hyper_params", needs=WRITE)
def edit_hyper_params(call: Call, task: str, hyperparams: Items, replace_hyperparams: str = "none", force: bool = False) -> Item:
    """Set hyperparameters."""
    if replace_hyperparams not in ("none", "section", "all"):
        raise FieldInvalid(f"replace_hyperparams: {replace_hyperparams!r:.60} is none", hint="use none, section or all")
    _check_named(hyperparams, "hyperparams", "section", "name")
    return {"updated": parts.edit_parameters(call, task, hyperparams, replace=replace_hyperparams, force=force)}


@procedure("tasks.delete_hyper_params", needs=WRITE)
def delete_hyper_params(call: Call, task: str, hyperparams: Items, force: bool = False) -> Item:
    """Remove hyperparameters."""
    _check_named(hyperparams, "hyperparams", "section")
    return {"deleted": parts.delete_parameters(call, task, hyperparams, force=force)}


@procedure("tasks.get_configurations")
def get_configurations(call: Call, tasks: list[str], names: list[str] | None = None) -> Item:
    """The configurations of tasks."""
    return {"configurations": parts.configurations(call, tasks, names)}


@procedure("tasks.get_configuration_names")
def get_configuration_names(call: Call, tasks: list[str], skip_empty: bool = True) -> Item:
    """The names of the configurations of tasks."""
    return {"configurations": parts.configuration_names(call, tasks, skip_empty=skip_empty)}


@procedure("tasks.edit_configuration", needs=WRITE)
def edit_configuration(call: Call, task: str, configuration: Items, replace_configuration: bool = False, force: bool = False) -> Item:
    """Set configurations."""
    _check_named(configuration, "configuration", "name")
    return {"updated": parts.edit_configuration(call, task, configuration, replace=replace_configuration, force=force)}


@procedure("tasks.delete_configuration", needs=WRITE)
def delete_configuration(call: Call, task: str, configuration: list[str], force: bool = False) -> Item:
    """Remove configurations."""
    return {"deleted": parts.delete_configuration(call, task, configuration, force=force)}


@procedure("tasks.edit_runtime", needs=WRITE)
def edit_runtime(call: Call, task: str, add_or_update: Item = {}, remove: list[str] = [], force: bool = False) -> Item:
    """Set runtime properties and remove others."""
    return {"updated": parts.edit_runtime(call, task, add_or_update, remove, force=force)}


@procedure("tasks.add_dataset", needs=WRITE)
def add_dataset(
    call: Call, task: str, dataset: str, alias: str | None = None, project: str = "", name: str = "", version: str = ""
) -> Item:
    """Note that a task uses a dataset version; its names are given in case that it is gone by now."""
    dataset_uses.note_use(call, task, dataset, alias=alias, project=project, name=name, version=version)
    return {"updated": 1}


@procedure("tasks.using_dataset")
def using_dataset(call: Call, dataset: str) -> Item:
    """The tasks that used a dataset version, and the models that they made."""
    return dataset_uses.users_of(call, dataset)


@procedure("tasks.add_or_update_artifacts", needs=WRITE)
def add_or_update_artifacts(call: Call, task: str, artifacts: Items, force: bool = False) -> Item:
    """Add artifacts, in place of those with the same key and mode."""
    return {"updated": parts.put_artifacts(call, task, artifacts, force=force)}


@procedure("tasks.delete_artifacts", needs=WRITE)
def delete_artifacts(call: Call, task: str, artifacts: Items, force: bool = False) -> Item:
    """Remove artifacts."""
    return {"deleted": parts.delete_artifacts(call, task, artifacts, force=force)}


@procedure("tasks.add_or_update_model", needs=WRITE)
def add_or_update_model(call: Call, task: str, name: str, model: str, type: str, iteration: int | None = None) -> Item:
    """Add a model that a task takes or makes."""
    _check_model_type(type)
    return {"updated": parts.put_model(call, task, name=name, model=model, type=type, iteration=iteration)}


@procedure("tasks.delete_models", needs=WRITE)
def delete_models(call: Call, task: str, models: Items) -> Item:
    """Take models out of a task."""
    return {"updated": parts.delete_models(call, task, models)}


@procedure("tasks.make_public", needs=WRITE, writes=False)
def make_public(call: Call, ids: Strings = []) -> Item:
    """Nothing: everybody on this server belongs to the one company."""
    return {"updated": 0 * len(listed(ids))}


@procedure("tasks.make_private", needs=WRITE, writes=False)
def make_private(call: Call, ids: Strings = []) -> Item:
    """Nothing: everybody on this server belongs to the one company."""
    return {"updated": 0 * len(listed(ids))}


@procedure("tasks.share", needs=WRITE, writes=False)
def share(call: Call, tasks: list[str] = [], share: bool = True) -> Item:
    """Refused: who may see a task is said by roles in its project."""
    raise FieldInvalid("tasks can't be shared one by one", hint="give people a role in the project instead")


def _watched(call: Call, task: str) -> bool:
    """Whether a worker looks into the queue that a task waits in."""
    entry = call.tx.entries.of_task(task)
    if entry is None:
        return False
    return call.tx.is_watched(entry.queue)


def _check_named(items: Items, field: str, *names: str) -> None:
    for item in items:
        for name in names:
            if not isinstance(item.get(name), str):
                raise FieldInvalid(f"{field}: an item has no {name}", hint=f"give each item {' and '.join(names)}")


def _check_model_type(type: str) -> None:
    if type not in ("input", "output"):
        raise FieldInvalid(f"type: {type!r:.60} is none", hint="use input or output")
