"""Every page shows what is there, on a desk and on a phone, without a complaint of the browser and without a barrier."""

import gzip
import re

import pytest
from playwright.sync_api import Browser, expect

from tests.page.conftest import PATIENCE_MS, Look, Site, new_context, seen, until
from tilth.server.routes import http_page

PAGES = {
    "home": ("/", "Last changed"),
    "experiments": ("/experiments?q=net&columns=loss/val", "net 4"),
    "scalars": ("/experiments/{task}", "loss"),
    "plots": ("/experiments/{task}?tab=plots", "confusion"),
    "samples": ("/experiments/{task}?tab=samples", "first"),
    "console": ("/experiments/{task}?tab=console", "of five"),
    "configuration": ("/experiments/{task}?tab=configuration", "net/depth"),
    "artifacts": ("/experiments/{task}?tab=artifacts", "scores"),
    "execution": ("/experiments/{task}?tab=execution", "seed.py"),
    "compare scalars": ("/compare?ids={all}", "loss / val"),
    "compare groups": ("/compare?ids={all}&group=General/net/depth&smooth=0.5", "depth = 3"),
    "compare table": ("/compare?ids={all}&tab=table", "General/lr"),
    "compare scatter": ("/compare?ids={all}&tab=scatter", "Across"),
    "compare parallel": ("/compare?ids={all}&tab=parallel", "Drag along an axis"),
    "compare plots": ("/compare?ids={all}&tab=plots", "confusion"),
    "compare samples": ("/compare?ids={all}&tab=samples", "first"),
    "info": ("/experiments/{task}?tab=info", "Last step"),
    "projects": ("/projects", "Team"),
    "projects as a list": ("/projects?view=list", "Team"),
    "project": ("/projects?at=Team/Pets", "Changed last"),
    "models": ("/models?q=cats", "cats"),
    "workers": ("/queues?tab=workers", "orker"),
    "model": ("/models/{model}", "layers"),
    "queues": ("/queues", "waiting"),
    "settings": ("/settings", "Keys for scripts"),
    "datasets": ("/datasets?q=pets", "pets"),
    "version": ("/datasets/{version}", "1.0.1"),
    "new dataset": ("/datasets/new", "Drag a folder here"),
    "contents": ("/datasets/{version}?tab=contents", "labels.csv"),
    "a table": ("/datasets/{version}?tab=contents&file=labels.csv", "number"),
    "a link": ("/datasets/{linked}?tab=contents&folder=far&file=far/away.txt", "this server does not fetch it"),
    "pipelines": ("/pipelines", "archived"),
    "reports": ("/reports", "archived"),
    "pictures": ("/datasets/{version}?tab=contents&folder=pictures/cat&view=grid", "tom.png"),
    "changes": ("/datasets/{version}?tab=changes", "labels.csv"),
    "a change": ("/datasets/{version}?tab=changes&file=labels.csv", "kit"),
    "a version's samples": ("/datasets/{version}?tab=samples", "by type"),
    "version's uses": ("/datasets/{version}?tab=used", "net of pets"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole(look: Look, name: str) -> None:
    visit(look, name)
    assert look.violations(outline=True) == []
    look.check()


def visit(look: Look, name: str) -> None:
    """Open one of the pages, and wait until it shows what it is about."""
    path, text = PAGES[name]
    site = look.site
    all_of_them = ",".join(site.tasks)
    look.open(path.format(task=site.tasks[-1], model=site.model, version=site.versions[-1], linked=site.linked, all=all_of_them))
    seen(look, text)
    if name.endswith("plots"):
        # Plotly draws five figures without a graphics card: on a machine that does much else, that takes a minute.
        look.page.locator(".main-svg").first.wait_for(timeout=3 * PATIENCE_MS)
        look.page.locator(".modebar-btn[data-title^=Download]").first.wait_for(state="attached", timeout=3 * PATIENCE_MS)
        assert look.page.locator(".modebar-btn[data-title^=Share]").count() == 0  # it would send the chart to another host
    look.page.wait_for_timeout(300)


def test_names_are_text_and_never_code(look: Look) -> None:
    look.page.on("dialog", lambda dialog: look.said.append(f"a dialog: {dialog.message}"))
    look.open(f"/experiments/{look.site.hostile}")
    seen(look, "<script>alert('name')</script>", "<img src=x onerror=alert(1)>")
    look.open("/experiments?q=alert(%27name%27)")
    seen(look, "<script>alert('name')</script>")
    look.check()


def test_a_state_is_in_its_address(look: Look) -> None:
    page = look.open("/experiments")
    page.get_by_label("Find by name or id").wait_for()
    page.get_by_label("Find by name or id").fill("net 3")
    page.get_by_role("row", name="net 3").wait_for()
    page.wait_for_url("**/experiments?q=net**3")
    page.reload()
    page.get_by_role("row", name="net 3").wait_for()
    assert page.get_by_role("row", name="net 4").count() == 0


def test_a_key_is_made_shown_once_and_revoked(look: Look) -> None:
    page = look.open("/settings")
    page.get_by_label("What it is for").fill("a machine of the test")
    page.get_by_role("button", name="Make a key").click()
    page.get_by_text("secret_key", exact=False).wait_for()
    page.get_by_role("button", name="Revoke a machine of the test").first.click()
    page.get_by_role("button", name="Really revoke").click()
    page.get_by_text("a machine of the test").wait_for(state="detached")
    look.check()


def test_a_project_is_made_described_and_deleted(look: Look) -> None:
    page = look.open("/projects")
    page.get_by_role("button", name="New project").click()
    page.get_by_role("textbox", name="Name").fill("Other/Deep")
    page.get_by_label("Description, in Markdown").fill("A **bold** plan <b>not bold</b>")
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("link", name="Other").click()
    look.open("/projects?at=Other/Deep")
    assert page.locator(".prose strong").inner_text() == "bold"
    seen(look, "<b>not bold</b>")
    page.get_by_role("button", name="What can be done with Other/Deep").click()
    page.get_by_role("menuitem", name="Delete…").click()
    seen(look, "0 runs")
    page.get_by_role("button", name="Delete all of it").click()
    page.wait_for_url("**/projects?at=Other")
    look.check()


def test_search_goes_anywhere_by_the_keyboard(look: Look) -> None:
    page = look.open("/")
    seen(look, "Last changed")
    page.keyboard.press("/")
    page.get_by_role("combobox").wait_for()
    page.keyboard.type(look.site.tasks[0][:12])
    page.get_by_role("option", name="net 0").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/experiments/{look.site.tasks[0]}")
    look.check()


def test_whoever_is_not_signed_in_is_asked_and_lands_where_they_wanted(browser: Browser, site: Site) -> None:
    context = new_context(browser)
    page = context.new_page()
    page.goto(f"{site.server.web}/experiments")
    page.get_by_role("heading", name="Sign in to Tilth").wait_for()
    page.get_by_label("Name").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("status").get_by_text("name", exact=False).wait_for()
    assert page.url.endswith("/experiments")
    context.close()


@pytest.mark.parametrize(
    ("printed", "seen_at"),
    [
        ("/projects/*/experiments/{task}/output/log", "/experiments/{task}?tab=console"),
        ("/projects/x/tasks/{task}", "/experiments/{task}"),
        ("/projects/x/models/{model}/general", "/models/{model}"),
        ("/datasets/simple/x/experiments/{version}", "/datasets/{version}"),
    ],
)
def test_addresses_that_clients_print_lead_there(look: Look, printed: str, seen_at: str) -> None:
    ids = {"task": look.site.tasks[0], "model": look.site.model, "version": look.site.versions[0]}
    page = look.open(printed.format(**ids))
    page.wait_for_url(f"**{seen_at.format(**ids)}")
    page.locator("main h1").wait_for()
    look.check()


LISTS = {
    "datasets": ("/datasets?q=pets", "pets"),
    "experiments": ("/experiments?q=net", "net 4"),
    "models": ("/models?q=cats", "cats"),
    "projects": ("/projects?view=list", "Team"),
    "contents": ("/datasets/{version}?tab=contents", "labels.csv"),
    "changes": ("/datasets/{version}?tab=changes", "labels.csv"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_of_cards_where_there_is_no_room_for_columns(phone: Look, name: str) -> None:
    path, text = LISTS[name]
    phone.open(path.format(version=phone.site.versions[1]))
    listed = phone.page.get_by_role("grid")
    listed.get_by_text(text, exact=True).first.wait_for()
    expect(listed.get_by_role("columnheader")).to_have_count(0)
    until(phone.page, "(one => one.scrollWidth <= one.clientWidth)(document.querySelector('[role=grid]'))")
    phone.check()


def test_files_of_the_page_come_compressed_to_whoever_understands_that(site: Site) -> None:
    start = site.server.request("GET", "/", token=None).data.decode()
    (path,) = re.findall(r'src="\./(assets/[^"]+\.js)"', start)
    plain = site.server.request("GET", f"/{path}", headers={"accept-encoding": "identity"})
    packed = site.server.request("GET", f"/{path}", headers={"accept-encoding": "gzip"}, decode_content=False)
    assert gzip.decompress(packed.data) == plain.data
    assert [one.headers.get("content-encoding") for one in (plain, packed)] == [None, "gzip"]
    assert [one.headers["vary"] for one in (plain, packed)] == ["accept-encoding"] * 2


def test_the_page_that_is_served_is_the_built_one() -> None:
    assert "static" in str(http_page._root())
