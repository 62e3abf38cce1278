"""What others named, drew and uploaded is shown, and never runs."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, expect

from tests.page.conftest import Look, Site, seen, until

TRICK = "document.documentElement.dataset.ran='yes';alert('ran')"
PAGE = f"<!doctype html><title>still</title><p>of a report</p><img src=x onerror=\"{TRICK}\"><script>{TRICK};document.title='ran'</script>"
DRAWING = f"""<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="{TRICK}"><rect width="40" height="40" fill="teal"/>
<script>{TRICK}</script><foreignObject><img xmlns="http://www.w3.org/1999/xhtml" src="x" onerror="{TRICK}"/></foreignObject></svg>"""
REACH = """async () => {
  const tried = {};
  for (const [name, look] of Object.entries({
    cookie: () => document.cookie, kept: () => localStorage.length, parent: () => window.opener && window.opener.document.title,
  })) try { tried[name] = String(look()) } catch (error) { tried[name] = "refused" }
  tried.origin = self.origin;
  const asked = fetch("/api/users.get_current_user", { method: "POST", credentials: "include", body: "{}" });
  tried.call = await asked.then(answer => String(answer.status), () => "refused");
  return tried;
}"""
NAME = "<img src=x onerror=alert('ran')>"


class Watch:
    """Whether anything that should not run did."""

    def __init__(self, context: BrowserContext) -> None:
        self.ran: list[str] = []
        self._context = context
        context.on("dialog", self._note)

    def end(self) -> None:
        """Leave dialogs to whoever watches next: one is answered once."""
        self._context.remove_listener("dialog", self._note)

    def _note(self, dialog: Dialog) -> None:
        self.ran.append(dialog.message)
        dialog.dismiss()

    def check(self, page: Page) -> None:
        assert page.evaluate("document.documentElement.dataset.ran ?? null") is None
        assert self.ran == []


@pytest.fixture
def watch(look: Look) -> Iterator[Watch]:
    watch = Watch(look.page.context)
    yield watch
    watch.end()


def kept(site: Site, name: str, content: str, kind: str) -> str:
    """The address of an uploaded file."""
    path = f"hostile/{uuid.uuid4().hex}/{name}"
    answer = site.server.request("PUT", f"/files/{path}", body=content.encode(), headers={"content-type": kind})
    assert answer.status == 200, answer.data
    return f"{site.server.web}/files/{path}"


def started(site: Site, name: str) -> str:
    task: str = site.server.call("tasks.create", name=name, type="training")["id"]
    site.server.call("tasks.started", task=task)
    return task


def sample(site: Site, task: str, variant: str, url: str) -> None:
    event = {"type": "training_debug_image", "task": task, "metric": "shown", "variant": variant, "iter": 1, "url": url}
    assert site.server.call("events.add", **event)["added"] == 1


def test_the_tricks_work_where_nothing_holds_them(look: Look, watch: Watch) -> None:
    """Without this the other tests could pass because their tricks are none."""
    for most, content in enumerate((PAGE, f"<body>{DRAWING}"), 1):
        page = look.page.context.new_page()
        page.set_content(content)
        until(page, "document.documentElement.dataset.ran === 'yes'")
        for _ in range(100):  # what a dialog says comes by and by
            if len(watch.ran) >= most:
                break
            page.wait_for_timeout(100)
        assert len(watch.ran) >= most
        page.close()


def test_hostile_artifacts_and_samples_do_not_run_in_the_page(look: Look, watch: Watch) -> None:
    site = look.site
    task = started(site, "with hostile files")
    files = {
        "report.html": kept(site, "report.html", PAGE, "text/html"),
        "drawing.svg": kept(site, "drawing.svg", DRAWING, "image/svg+xml"),
    }
    artifacts: list[dict[str, Any]] = [
        {"key": f"{NAME} {name}", "type": "custom", "mode": "output", "uri": uri, "type_data": {"preview": PAGE}}
        for name, uri in files.items()
    ]
    site.server.call("tasks.add_or_update_artifacts", task=task, artifacts=artifacts)
    for name, uri in files.items():
        sample(site, task, f"{NAME} {name}", uri)
    page = look.open(f"/experiments/{task}?tab=artifacts")
    seen(look, "of a report")
    image = page.get_by_role("img", name="drawing.svg")
    image.scroll_into_view_if_needed()
    until(page, "[...document.images].every(image => image.complete && image.naturalWidth)")
    watch.check(page)
    assert look.violations() == []
    look.open(f"/experiments/{task}?tab=samples")
    page.get_by_role("link", name="Open the html apart").wait_for()
    until(page, "document.images.length && [...document.images].every(image => image.complete && image.naturalWidth)")
    watch.check(page)
    assert look.violations() == []
    look.check()


@pytest.mark.parametrize(("name", "kind", "content"), [("report.html", "text/html", PAGE), ("drawing.svg", "image/svg+xml", DRAWING)])
def test_what_is_opened_apart_reaches_nothing(look: Look, name: str, kind: str, content: str) -> None:
    page = look.page
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.goto(kept(look.site, name, content, kind))
    page.wait_for_load_state()
    tried = page.evaluate(REACH)
    assert tried == {"cookie": "refused", "kept": "refused", "parent": "null", "origin": "null", "call": "refused"}
    if kind == "image/svg+xml":  # a drawing needs no scripts: none runs
        assert page.evaluate("document.documentElement.dataset.ran ?? null") is None
    page.goto(f"{look.site.server.web}/settings")
    page.get_by_role("heading", name="Settings").wait_for()
    tried = page.evaluate(REACH)
    assert (tried["origin"], tried["call"]) == (look.site.server.web, "403")  # reached, and refused only as the page's header is not there


def test_files_of_datasets_do_not_run(look: Look, watch: Watch) -> None:
    page = look.open(f"/datasets/{look.site.versions[0]}?tab=contents&folder=notes")
    seen(look, "<img src=x onerror=alert(1)>.txt")
    watch.check(page)


def test_hostile_plots_do_not_run(look: Look, watch: Watch) -> None:
    site = look.site
    task = started(site, "with hostile plots")
    link = "<a href=\"javascript:alert('ran')\">press</a>"
    layout = {
        "title": {"text": NAME},
        "xaxis": {"title": {"text": link}},
        "annotations": [{"text": NAME, "x": 1, "y": 1, "showarrow": False}],
    }
    drawn = {"data": [{"type": "scatter", "x": [1, 2], "y": [1, 2], "name": NAME, "text": [NAME, link]}], "layout": layout}
    table = {"data": [{"type": "table", "header": {"values": [NAME]}, "cells": {"values": [[NAME, link]]}}], "layout": {}}
    for variant, figure in (("drawn", drawn), ("table", table), ("none", "no figure"), ("empty", {})):
        text = figure if isinstance(figure, str) else json.dumps(figure)
        event = {"type": "plot", "task": task, "metric": NAME, "variant": variant, "iter": 1, "plot_str": text}
        assert site.server.call("events.add", **event)["added"] == 1
    page = look.open(f"/experiments/{task}?tab=plots")
    page.locator(".main-svg").first.wait_for()
    seen(look, "This figure can't be drawn")
    assert page.locator("a[*|href^='javascript:']").count() == 0
    watch.check(page)


def test_names_are_text_in_every_list(look: Look, watch: Watch) -> None:
    call = look.site.server.call
    word = uuid.uuid4().hex[:8]
    name = f"{NAME} {word}"
    project = call("projects.create", name=name, description=PAGE, tags=[NAME])["id"]
    hyperparams = {NAME: {NAME: {"section": NAME, "name": NAME, "value": PAGE}}}
    task = call("tasks.create", name=name, type="training", project=project, tags=[NAME], comment=PAGE, hyperparams=hyperparams)["id"]
    call("tasks.edit_configuration", task=task, configuration=[{"name": NAME, "value": PAGE}])
    model = call(
        "models.create", name=name, uri="http://127.0.0.1:1/none.bin", framework=NAME, tags=[NAME], labels={NAME: 1}, project=project
    )["id"]
    call("models.add_or_update_metadata", model=model, metadata=[{"key": NAME, "type": "str", "value": PAGE}])
    queue = call("queues.create", name=name)["id"]
    call("tasks.enqueue", task=task, queue=queue)
    call("workers.register", worker=name, queues=[queue])
    call("auth.create_credentials", label=name[:60])
    page = look.page
    for path, text in {
        f"/projects?q={word}": name,
        f"/projects?at={name}": PAGE,
        f"/experiments?q={word}&columns=hyperparams.{NAME}.{NAME}": name,
        f"/experiments/{task}?tab=configuration": NAME,
        f"/experiments/{task}?tab=info": name,
        f"/models?q={word}": name,
        f"/models/{model}": PAGE,
        "/queues": name,
        "/settings": NAME,
    }.items():
        look.open(path)
        seen(look, text)
        watch.check(page)
    look.open("/")
    page.get_by_role("heading", name="Home").wait_for()
    page.keyboard.press("/")
    page.get_by_role("combobox").fill(word)
    page.get_by_role("option", name=name).first.wait_for()
    watch.check(page)
    look.check()
    call("workers.unregister", worker=name)
    call("tasks.dequeue", task=task)
    call("queues.delete", queue=queue)


TABS = ("scalars", "plots", "samples", "console", "configuration", "artifacts", "execution", "info")


def test_a_task_without_any_data_has_every_tab(look: Look) -> None:
    site = look.site
    task = site.server.call("tasks.create", name="without anything", type="training")["id"]
    page = look.open(f"/experiments/{task}")
    page.get_by_role("heading", name="without anything").wait_for()
    for tab in TABS:
        look.open(f"/experiments/{task}?tab={tab}")
        panel = page.get_by_role("tabpanel")
        expect(panel).to_contain_text(" ")
        assert panel.get_by_role("alert").count() == 0, tab
        assert look.violations() == [], tab
    look.open(f"/compare?ids={task},{site.tasks[0]}")
    page.get_by_role("heading", name="Compare 2 runs").wait_for()
    look.check()


def test_broken_images_say_so(look: Look) -> None:
    site = look.site
    task = started(site, "with broken images")
    sample(site, task, "torn", kept(site, "torn.png", "no picture", "image/png"))
    sample(site, task, "elsewhere", "file:///only/there.png")
    page = look.open(f"/experiments/{task}?tab=samples")
    seen(look, "It can't be shown", "It lies where this page can't read")
    assert page.locator("figure img").count() == 0
    assert look.violations() == []
    look.check()
