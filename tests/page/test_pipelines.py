"""Pipelines on the page: which there are, their runs, and the steps of a run with what each of them did."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Look, Site, seen

SHAPE = {
    "load": [],
    "<b>check</b>": ["load"],
    "train": ["<b>check</b>"],
    "late": ["train"],
    "left": ["train"],
}
"""Steps, and what comes before each."""


@dataclass
class Pipe:
    """A pipeline of a test."""

    name: str
    project: str
    run: str
    steps: dict[str, str]


def pipeline(site: Site, status: str = "in_progress", name: str = "") -> Pipe:
    """A pipeline as the official controller writes it: one run, of whose steps some are done."""
    call = site.server.call
    name = name or f"p{uuid.uuid4().hex[:10]}"
    project = call("projects.create", name=f"Team/.pipelines/{name}", system_tags=["hidden", "pipeline"])["id"]
    args = {"Args": {"epochs": {"section": "Args", "name": "epochs", "value": "3", "type": "int", "description": "How often"}}}
    run = call("tasks.create", name=name, type="controller", project=project, system_tags=["pipeline"], hyperparams=args)["id"]
    call("tasks.edit", task=run, force=True, runtime={"version": "1.0.0"})
    call("tasks.started", task=run)
    steps = {}
    for step, rate in (("load", "1"), ("<b>check</b>", "2"), ("train", "3")):
        given = {"General": {"rate": {"section": "General", "name": "rate", "value": rate}}}
        steps[step] = call("tasks.create", name=step, type="training", project=project, parent=run, hyperparams=given)["id"]
        call("tasks.started", task=steps[step])
    call("events.add", type="log", task=steps["load"], msg="loaded <i>all</i> of it\n", timestamp=1_700_000_000_000)
    call("events.add", type="training_stats_scalar", task=steps["load"], metric="files", variant="read", iter=1, value=42)
    call("tasks.completed", task=steps["load"])
    call("tasks.failed", task=steps["<b>check</b>"], status_message="no <b>dogs</b>")
    write_graph(site, run, steps)
    if status == "failed":
        call("tasks.failed", task=run, status_reason="Pipeline step failed")
    return Pipe(name, project, run, steps)


def write_graph(site: Site, run: str, steps: dict[str, str], **said: dict[str, Any]) -> None:
    """What a controller keeps of its steps."""
    known = {"left": {"status": "skipped"}, "train": {"status": "running"}} | said
    graph = {
        step: {"parents": parents, "parameters": {"General/rate": "${pipeline.epochs}"}, "executed": None, "job_id": steps.get(step)}
        | {"status": "pending", "job_started": None, "job_ended": None, "queue": "default"}
        | known.get(step, {})
        for step, parents in SHAPE.items()
    }
    item = {"name": "Pipeline", "type": "dictionary", "value": json.dumps(graph), "description": "pipeline state: 0"}
    site.server.call("tasks.edit", task=run, force=True, configuration={"Pipeline": item})


@pytest.fixture
def pipe(site: Site) -> Pipe:
    return pipeline(site)


def test_pipelines_are_found_and_opened(look: Look, pipe: Pipe) -> None:
    page = look.open(f"/pipelines?q={pipe.name}")
    row = page.get_by_role("row", name=pipe.name)
    expect(row).to_contain_text("running")
    expect(page.get_by_role("status").get_by_text("1 pipeline")).to_be_visible()
    assert look.violations() == []
    look.check()
    row.click()
    page.wait_for_url(f"**/pipelines/{pipe.project}")
    run = page.get_by_role("grid", name="Runs", exact=True).get_by_role("row", name=pipe.name)  # not of the list before
    expect(run).to_contain_text("1.0.0")
    assert look.violations() == []
    run.click()
    page.wait_for_url(f"**/pipelines/{pipe.project}/experiments/{pipe.run}")
    seen(look, "5 steps", "1 completed, 1 failed, 1 running, 1 skipped, 1 waiting")
    look.check()


@pytest.mark.parametrize(
    ("asked", "heading"),
    [
        ("", "The controller"),
        ("?view=list", "The controller"),
        ("?step=load&part=console", "load"),
        ("?step=late", "late"),
        ("?step=train&part=metrics", "train"),
    ],
)
def test_a_run_is_whole(look: Look, pipe: Pipe, asked: str, heading: str) -> None:
    page = look.open(f"/pipelines/{pipe.project}/experiments/{pipe.run}{asked}")
    step = page.get_by_role("main").get_by_role("link", name="<b>check</b>").first
    step.wait_for()
    page.get_by_role("heading", name=heading, exact=True).wait_for()
    page.wait_for_timeout(300)
    assert look.violations() == []
    look.check()


def test_a_step_says_what_it_did(look: Look, pipe: Pipe) -> None:
    page = look.open(f"/pipelines/{pipe.project}/experiments/{pipe.run}")
    page.get_by_role("link", name="load").first.click()
    page.get_by_role("heading", name="load", exact=True).wait_for()
    page.get_by_role("row", name="General/rate 1").wait_for()
    page.get_by_role("row", name="General/rate ${pipeline.epochs}").wait_for()
    page.get_by_role("tab", name="Console").click()
    seen(look, "loaded <i>all</i> of it")
    page.get_by_role("tab", name="Metrics").click()
    page.get_by_role("row", name="files / read 42").wait_for()
    page.reload()
    page.get_by_role("row", name="files / read 42").wait_for()
    page.get_by_role("link", name="<b>check</b>").first.click()
    page.get_by_role("tab", name="About").click()
    seen(look, "no <b>dogs</b>")
    page.get_by_role("link", name="Open the run").click()
    page.wait_for_url(f"**/experiments/{pipe.steps['<b>check</b>']}")
    look.check()


def test_steps_go_on_while_they_are_looked_at(look: Look, pipe: Pipe) -> None:
    page = look.open(f"/pipelines/{pipe.project}/experiments/{pipe.run}")
    seen(look, "1 completed, 1 failed, 1 running, 1 skipped, 1 waiting")
    look.site.server.call("tasks.completed", task=pipe.steps["train"])
    page.get_by_text("2 completed, 1 failed, 1 skipped, 1 waiting").wait_for()
    look.site.server.call("tasks.failed", task=pipe.run, status_reason="a step <i>failed</i>")
    page.get_by_text("2 completed, 1 failed, 1 skipped, 1 not run").wait_for()
    seen(look, "a step <i>failed</i>")
    look.check()


def test_a_run_is_aborted_with_its_steps(look: Look, pipe: Pipe) -> None:
    page = look.open(f"/pipelines/{pipe.project}/experiments/{pipe.run}")
    page.get_by_role("button", name="Abort").click()
    page.get_by_text("2 runs stopped, or asked to stop.").wait_for()
    expect(page.get_by_role("button", name="Abort")).to_have_count(0)
    tasks = look.site.server.call("tasks.get_all", id=[pipe.run, *pipe.steps.values()], only_fields=["status"])["tasks"]
    assert sorted(task["status"] for task in tasks) == ["completed", "failed", "stopped", "stopped"]
    look.check()


def test_a_new_run_is_started_with_other_arguments(look: Look) -> None:
    pipe = pipeline(look.site, "failed")
    call = look.site.server.call
    queue = call("queues.create", name=f"q{uuid.uuid4().hex[:8]}")
    name = next(one["name"] for one in call("queues.get_all")["queues"] if one["id"] == queue["id"])
    page = look.open(f"/pipelines/{pipe.project}")
    page.get_by_role("button", name="New run").click()
    dialog = page.get_by_role("dialog", name="Start a new run")
    dialog.get_by_label("epochs").fill("7")
    dialog.get_by_label("Queue of the controller").select_option(label=name)
    assert look.violations() == []
    dialog.get_by_role("button", name="Start").click()
    page.get_by_text(f"The run waits in {name}, which no agent listens to now.").wait_for()
    page.get_by_text("5 waiting").wait_for()
    runs = call("tasks.get_all", project=[pipe.project], type=["controller"], search_hidden=True, order_by=["-created"])["tasks"]
    assert [run["status"] for run in runs] == ["queued", "failed"]
    assert (runs[0]["hyperparams"]["Args"]["epochs"]["value"], runs[0]["execution"]["queue"]) == ("7", queue["id"])
    assert page.url.endswith(f"/experiments/{runs[0]['id']}")
    look.check()


def test_a_run_is_put_away_and_deleted_with_its_steps(look: Look) -> None:
    pipe = pipeline(look.site, "failed")
    page = look.open(f"/pipelines/{pipe.project}/experiments/{pipe.run}")
    page.get_by_role("button", name="More to do").click()
    page.get_by_role("menuitem", name="Archive").click()
    page.get_by_text("1 run archived.").wait_for()
    look.open(f"/pipelines?q={pipe.name}")
    seen(look, "None fits what is asked for.")
    page.get_by_label("archived").check()
    page.get_by_role("row", name=pipe.name).click()
    page.wait_for_url(f"**/pipelines/{pipe.project}?archived=1")
    page.get_by_role("grid", name="Runs", exact=True).get_by_role("row", name=pipe.name).click()
    page.wait_for_url(f"**/experiments/{pipe.run}")
    page.get_by_role("button", name="More to do").click()
    page.get_by_role("menuitem", name="Delete…").click()
    page.get_by_role("button", name="Delete it with its steps").click()
    page.get_by_text("1 run deleted.").wait_for()
    left = look.site.server.call("tasks.get_all", id=[pipe.run, *pipe.steps.values()], only_fields=["id"])["tasks"]
    assert left == []


def test_a_graph_that_can_not_be_read_is_told(look: Look, pipe: Pipe) -> None:
    look.site.server.call("tasks.edit", task=pipe.run, force=True, configuration={"Pipeline": {"name": "Pipeline", "value": "{ no json"}})
    page = look.open(f"/pipelines/{pipe.project}/experiments/{pipe.run}")
    seen(look, "can't be read", "3 steps")
    page.get_by_role("link", name="train").wait_for()
    look.check()


def test_what_is_not_there_is_said(look: Look) -> None:
    look.open(f"/pipelines/{'0' * 32}")
    seen(look, "There is no such pipeline")
    look.open(f"/pipelines/{'0' * 32}/experiments/{'0' * 32}")
    seen(look, "There is no such run")
    look.check()
