"""Calls about pipelines, reports and serving, which web pages and long-running services make."""

from typing import Any

from tilth.base.errors import Conflict, FieldInvalid, TaskNotFound
from tilth.domain.access import Permission
from tilth.domain.event import EventKind
from tilth.domain.task import TaskStatus
from tilth.server.routes.many import each
from tilth.server.routes.naming import named
from tilth.server.routes.rpc import Fields, procedure
from tilth.server.services import event_reading as reading
from tilth.server.services import pipelines, serving
from tilth.server.services import task_states as states
from tilth.server.services import tasks as service
from tilth.server.services.context import Call
from tilth.server.services.events import metric_names
from tilth.server.services.projects import ensure_project, get_project

__all__: list[str] = []

READ, WRITE = Permission.READ, Permission.WRITE
Item = dict[str, Any]
Items = list[dict[str, Any]]
_REPORTS = ".reports"


@procedure("pipelines.find", since="2.34")
def find_pipelines(
    call: Call, text: str = "", archived: bool = False, order: str = "-created", page: int = 0, page_size: int = 100
) -> Item:
    """The pipelines that have runs, each with its last ones."""
    answer = pipelines.list_pipelines(call, text=text, archived=archived, order=order, page=page, size=page_size)
    named(call, [pipeline["last"] for pipeline in answer["pipelines"]])
    return answer


@procedure("pipelines.start_pipeline", needs=WRITE)
def start_pipeline(
    call: Call,
    task: str,
    queue: str | None = None,
    args: Items = [],
    verify_watched_queue: bool = False,
) -> Item:
    """Run a pipeline again, with other arguments."""
    id = pipelines.start_again(call, task, queue=queue, args=args)
    entry = call.tx.entries.of_task(id)
    watched = {"queue_watched": call.tx.is_watched(entry.queue)} if verify_watched_queue and entry else {}
    return {"pipeline": id, "enqueued": True} | watched


@procedure("pipelines.delete_runs", needs=WRITE)
def delete_runs(call: Call, ids: list[str], project: str) -> Item:
    """Delete runs of a pipeline with their steps."""
    get_project(call.tx, project)

    def one(id: str) -> Item:
        if service.get_task(call, id, ["project"])["project"] != project:
            raise TaskNotFound(f"task {id} does not lie in this pipeline", hint="check the ids")
        for step in pipelines.step_ids(call, id):
            states.delete_task(call, step, force=True)
        return states.delete_task(call, id, force=True) | {"urls": None}

    return each(ids, one)


@procedure("reports.create", needs=WRITE)
def create_report(
    call: Call,
    name: str,
    project: str | None = None,
    report: str = "",
    comment: str = "",
    tags: list[str] = [],
    report_assets: list[str] = [],
) -> Item:
    """Write a report about a project."""
    place = _report_project(call, project)
    fields = {"name": name, "type": "report", "project": place, "comment": comment, "tags": tags, "system_tags": ["reports"]}
    id = service.create_task(call, fields)
    call.tx.documents.tasks.change(id, {"report": report, "report_assets": report_assets})
    return {"id": id, "project_id": place}


@procedure("reports.update", needs=WRITE)
def update_report(call: Call, task: str, fields: Fields, unchanged_since: str | None = None) -> Item:
    """Write a report anew, if nobody has changed it since a time; a published one stays as it is."""
    found = _report(call, task)
    if found["status"] == TaskStatus.PUBLISHED:
        raise FieldInvalid("a published report can't be changed", hint="copy it")
    if unchanged_since is not None and found["last_change"] != unchanged_since:
        account = call.tx.accounts.get(found["last_changed_by"] or "")
        who = account.name if account else "somebody"
        raise Conflict(f"{who} has changed this report at {found['last_change']}", hint="read it again before you write")
    names = ("name", "tags", "comment", "report", "report_assets")
    values = {name: fields[name] for name in names if fields.get(name) is not None} | service.stamp(call)
    call.tx.documents.tasks.change(task, values)
    call.tx.changed("task.updated", task, found["project"])
    return {"updated": 1, "fields": values}


@procedure("reports.publish", needs=WRITE)
def publish_report(call: Call, task: str, comment: str = "") -> Item:
    """Publish a report."""
    _report(call, task)
    return states.publish_task(call, task, force=True, reason=comment, message="", publish_model=False)


@procedure("reports.archive", needs=WRITE)
def archive_report(call: Call, task: str, comment: str = "") -> Item:
    """Put a report out of sight."""
    _report(call, task)
    return {"archived": int(states.archive_task(call, task, archived=True, reason=comment, message=""))}


@procedure("reports.unarchive", needs=WRITE)
def unarchive_report(call: Call, task: str, comment: str = "") -> Item:
    """Bring a report back."""
    _report(call, task)
    return {"unarchived": int(states.archive_task(call, task, archived=False, reason=comment, message=""))}


@procedure("reports.move", needs=WRITE)
def move_report(call: Call, task: str, project: str | None = None, project_name: str | None = None) -> Item:
    """Let a report be about another project."""
    _report(call, task)
    above = service.target_project(call, project, project_name)
    place = _report_project(call, above)
    service.move_tasks(call, [task], place, None)
    return {"project_id": place}


@procedure("reports.delete", needs=WRITE)
def delete_report(call: Call, task: str, force: bool = False) -> Item:
    """Delete a report."""
    _report(call, task)
    return {"deleted": int(states.delete_task(call, task, force=force)["deleted"])}


@procedure("reports.get_all_ex")
def get_reports(call: Call, fields: Fields) -> Item:
    """The reports that fit a query."""
    asked = fields | {"type": ["report"], "search_hidden": True}
    found = service.search_tasks(call, asked)
    named(call, found.documents)
    return found.answer("tasks") | {"total": service.count_tasks(call, asked)}


@procedure("reports.get_tags")
def get_report_tags(call: Call) -> Item:
    """The tags of reports."""
    found = call.tx.documents.tasks.distinct("tags", [("task.type = 'report'", [])])
    return {"tags": sorted({tag for tags in found for tag in tags or ()})}


@procedure("reports.get_task_data")
def get_task_data(
    call: Call,
    fields: Fields,
    plots: Item | None = None,
    debug_images: Item | None = None,
    scalar_metrics_iter_histogram: Item | None = None,
    single_value_metrics: Item | None = None,
    model_events: bool = False,
) -> Item:
    """Tasks that fit a query, with what of their events a report shows."""
    asked = ("plots", "debug_images", "scalar_metrics_iter_histogram", "single_value_metrics", "model_events")
    query = {name: value for name, value in fields.items() if name not in asked}
    found = service.search_tasks(call, query | {"page_size": fields.get("size") or 100, "search_hidden": True})
    entities = {task["id"]: str(task.get("name") or "") for task in found.documents}
    answer: Item = {"tasks": found.documents}
    if plots is not None:
        answer["plots"] = _report_plots(call, entities, plots)
    if debug_images is not None:
        names = metric_names(debug_images.get("metrics"))
        wanted = [(id, names) for id in entities]
        images = reading.media_by_iteration(
            call, wanted, kind=EventKind.IMAGE, iters=int(debug_images.get("iters") or 1), earlier=True, refresh=True, scroll_id=None
        )
        answer["debug_images"] = images["metrics"]
    if scalar_metrics_iter_histogram is not None:
        wanted_scalars = scalar_metrics_iter_histogram
        curve_query = reading.CurveQuery(int(wanted_scalars.get("samples") or 2_000), str(wanted_scalars.get("key") or "iter"))
        names = metric_names(wanted_scalars.get("metrics"))
        answer["scalar_metrics_iter_histogram"] = reading.multi_curves(call, entities, curve_query, names)
    if single_value_metrics is not None:
        answer["single_value_metrics"] = reading.single_values(call, entities, metric_names(single_value_metrics.get("metrics")))
    return answer


@procedure("serving.register_container", needs=WRITE, since="2.31")
def register_container(call: Call, container_id: str, endpoint_name: str, model_name: str, fields: Fields, timeout: int = 600) -> Item:
    """A serving container begins."""
    serving.register(call, container_id, fields, timeout_s=timeout)
    return {}


@procedure("serving.container_status_report", needs=WRITE, since="2.31")
def container_status_report(call: Call, container_id: str, endpoint_name: str, model_name: str, fields: Fields) -> Item:
    """A serving container is alive, and says how much it does."""
    serving.report(call, container_id, fields)
    return {}


@procedure("serving.unregister_container", needs=WRITE, since="2.31")
def unregister_container(call: Call, container_id: str) -> Item:
    """A serving container ends."""
    serving.unregister(call, container_id)
    return {}


@procedure("serving.get_endpoints", since="2.31")
def get_endpoints(call: Call) -> Item:
    """What is served, and how much it is used."""
    return {"endpoints": serving.endpoints(call)}


@procedure("serving.get_loading_instances", since="2.31")
def get_loading_instances(call: Call) -> Item:
    """The containers that have not said yet that they serve."""
    return {"instances": serving.loading(call)}


@procedure("serving.get_endpoint_details", since="2.31")
def get_endpoint_details(call: Call, endpoint_url: str) -> Item:
    """The containers behind one address."""
    return serving.details(call, endpoint_url)


@procedure("serving.get_endpoint_metrics_history", since="2.31")
def get_endpoint_metrics_history(
    call: Call,
    endpoint_url: str,
    from_date: float,
    to_date: float,
    interval: int,
    metric_type: str = "requests",
    instance_charts: bool = True,
) -> Item:
    """What the containers behind one address reported, over time."""
    return serving.history(
        call,
        endpoint_url,
        start_s=int(max(0.0, min(from_date, 2.0**40))),
        stop_s=int(max(0.0, min(to_date, 2.0**40))),
        interval_s=interval,
        metric=metric_type,
        by_instance=instance_charts,
    )


def _report(call: Call, id: str) -> Item:
    found = service.get_task(call, id, ["type", "status", "project", "last_change", "last_changed_by"])
    call.check_project(found["project"])
    if found["type"] != "report":
        raise TaskNotFound(f"task {id:.100} is no report", hint="check the id")
    return found


def _report_project(call: Call, project: str | None) -> str:
    name = get_project(call.tx, project).name if project else ""
    if name == _REPORTS or name.endswith(f"/{_REPORTS}"):
        return str(project)
    return ensure_project(call.tx, f"{name}/{_REPORTS}" if name else _REPORTS, system_tags=("reports",), author=call.actor.id).id


def _report_plots(call: Call, entities: dict[str, str], wanted: Item) -> Item:
    found: Item = {}
    for id, name in entities.items():
        iters = int(wanted.get("iters") or 1)
        for event in reading.latest_media(call, id, kind=EventKind.PLOT, iters=iters, names=metric_names(wanted.get("metrics"))):
            by_task = found.setdefault(event["metric"], {}).setdefault(event["variant"], {})
            by_task.setdefault(id, {})[str(event["iter"])] = {"name": name, "plots": [event]}
    return found
