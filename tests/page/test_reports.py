"""Reports on the page: written with a preview, by several people, with what runs reported shown as it is now."""

import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.page.conftest import PATIENCE_MS, Look, seen, until

PASTE = """async ([selector, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const moved = new DataTransfer();
  moved.items.add(new File([bytes], "a picture.png", { type: "image/png" }));
  document.querySelector(selector).dispatchEvent(new ClipboardEvent("paste", { clipboardData: moved, bubbles: true, cancelable: true }));
}"""
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WORDS = """# Of <b>nets</b>

<script>alert("text")</script> <img src="x" onerror="alert(1)">

[away](https://example.org/x) [code](javascript:alert(1)) ![there](https://example.org/x.png)

| run | what |
| --- | ---: |
| one | 1 |

- [x] done
- [ ] to do
"""


def block(show: str, *lines: str) -> str:
    return "\n".join(["```tilth", f"show: {show}", *lines, "```"])


def report(look: Look, text: str, **more: Any) -> tuple[str, str]:
    """A new report and its name."""
    name = f"r{uuid.uuid4().hex[:10]}"
    return look.site.server.call("reports.create", name=name, report=text, **more)["id"], name


def text_of(look: Look, id: str) -> str:
    return str(look.site.server.call("reports.get_all_ex", id=[id])["tasks"][0]["report"])


def test_a_report_is_begun_found_and_opened(look: Look) -> None:
    name = f"r{uuid.uuid4().hex[:10]}"
    page = look.open("/reports")
    page.get_by_role("button", name="New report").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Project", exact=True).last.fill("Team/Pets")
    assert look.violations() == []
    page.get_by_role("button", name="Begin it").click()
    area = page.get_by_label("Text of the report, in Markdown")
    area.fill(f"# Of pets\n\nword{name}")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    area.press("Control+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("heading", name="Of pets").wait_for()
    assert look.violations() == []
    look.open(f"/reports?q=word{name}")
    row = page.get_by_role("row", name=name)
    expect(row).to_contain_text("Team/Pets")
    assert look.violations() == []
    row.click()
    page.get_by_role("heading", name="Of pets").wait_for()
    look.check()
    look.open(f"/experiments?q={name}")
    expect(page.get_by_role("status").filter(has_text="0 runs")).to_be_visible()


def test_what_runs_reported_is_shown_in_a_report(look: Look) -> None:
    one, two = look.site.tasks[:2]
    widget = f'<iframe src="https://app.clear.ml/widgets/?type=plot&amp;objectType=task&amp;objects={one}&amp;metrics=confusion"></iframe>'
    blocks = [
        block("scalars", f"run: {one}", f"run: {two}", "metric: loss", "variant: train", "title: Both of them"),
        block("values", f"run: {one}"),
        widget,
        block("samples", f"run: {one}", "metric: samples"),
        block("table", "project: Team/Pets", "tag: small", "last: 4", "column: General/lr"),
        block("scalars", f"run: {'0' * 32}", "metric: loss"),
        block("pie", f"run: {one}"),
        '<iframe src="https://example.org/page"></iframe>',
    ]
    id, _ = report(look, "\n\n".join(blocks))
    page = look.open(f"/reports/{id}")
    page.get_by_role("heading", name="Both of them").wait_for()
    page.get_by_role("button", name="net 0").first.wait_for()
    for at, words in enumerate(("2 runs", "accuracy", "step 99", "first", "General/lr", "These runs can't be found")):
        embed = page.locator(".embed").nth(at)
        embed.scroll_into_view_if_needed()
        embed.get_by_text(words).first.wait_for()
    seen(look, "“show: pie” is none of")
    page.locator(".main-svg").first.wait_for(timeout=3 * PATIENCE_MS)  # Plotly draws without a graphics card
    expect(page.get_by_role("img", name="samples / first")).to_be_visible()
    page.locator(".runs-table").scroll_into_view_if_needed()
    expect(page.get_by_role("columnheader", name="General/lr")).to_be_visible()
    expect(page.locator(".runs-table tbody tr")).to_have_count(4)
    expect(page.get_by_role("link", name="https://example.org/page")).to_have_attribute("rel", "noreferrer")
    assert page.locator("iframe").count() == 0
    assert look.violations() == []
    look.check()


def test_markup_in_a_report_is_text(look: Look) -> None:
    look.page.on("dialog", lambda dialog: look.said.append(f"a dialog: {dialog.message}"))
    id, _ = report(look, WORDS)
    page = look.open(f"/reports/{id}")
    seen(look, '<script>alert("text")</script>', "there (it lies on another server)")
    assert page.locator(".report-text img").count() == 0
    assert page.locator(".report-text a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))") == ["https://example.org/x"]
    expect(page.get_by_role("checkbox", name="to do")).to_be_disabled()
    assert look.violations() == []
    look.check()


def test_two_who_write_at_once_are_told(look: Look) -> None:
    id, _ = report(look, "before")
    page = look.open(f"/reports/{id}?edit=1")
    area = page.get_by_label("Text of the report, in Markdown")
    expect(area).to_have_value("before")
    look.site.server.call("reports.update", task=id, report="theirs at first")
    expect(area).to_have_value("theirs at first")
    area.fill("mine")
    look.site.server.call("reports.update", task=id, report="theirs <b>again</b>")
    page.get_by_text("Somebody else has saved this report while you were writing.").wait_for()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    area.press("Control+s")
    assert (area.input_value(), text_of(look, id)) == ("mine", "theirs <b>again</b>")
    page.get_by_text("Their text").click()
    page.get_by_text("theirs <b>again</b>").wait_for()
    assert look.violations() == []
    page.get_by_role("button", name="Keep mine").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert text_of(look, id) == "mine"
    look.check()


def test_tags_that_others_give_do_not_stand_in_the_way_of_who_writes(look: Look) -> None:
    id, _ = report(look, "before")
    page = look.open(f"/reports/{id}?edit=1")
    area = page.get_by_label("Text of the report, in Markdown")
    area.fill("mine")
    look.site.server.call("reports.update", task=id, tags=["weekly"])
    page.locator(".head-facts").get_by_text("weekly").wait_for()
    page.get_by_role("button", name="Save and close").click()
    page.locator(".report-text").get_by_text("mine").wait_for()
    assert text_of(look, id) == "mine"
    look.check()


def test_tags_that_are_not_known_yet_do_not_either(look: Look) -> None:
    id, _ = report(look, "before")
    look.page.route("**/live*", lambda _: None)  # nothing is heard of what others do
    page = look.open(f"/reports/{id}?edit=1")
    page.get_by_label("Text of the report, in Markdown").fill("mine")
    look.site.server.call("reports.update", task=id, tags=["weekly"])
    page.get_by_role("button", name="Save and close").click()
    page.locator(".report-text").get_by_text("mine").wait_for()
    page.locator(".head-facts").get_by_text("weekly").wait_for()
    assert text_of(look, id) == "mine"
    assert [line for line in look.said if "status of 400" not in line] == []  # its first try was refused


def test_what_is_not_saved_is_warned_of_and_is_there_again(look: Look) -> None:
    id, _ = report(look, "before")
    page = look.open(f"/reports/{id}?edit=1")
    page.get_by_label("Text of the report, in Markdown").fill("not saved")
    page.get_by_role("link", name="Reports").last.click()
    dialog = page.get_by_role("dialog", name="Leave without saving?")
    assert look.violations() == []
    dialog.get_by_role("button", name="Stay").click()
    expect(page.get_by_label("Text of the report, in Markdown")).to_have_value("not saved")
    page.get_by_role("link", name="Reports").last.click()
    dialog.get_by_role("button", name="Leave").click()
    page.wait_for_url("**/reports")
    look.open(f"/reports/{id}?edit=1")
    expect(page.get_by_label("Text of the report, in Markdown")).to_have_value("not saved")
    assert text_of(look, id) == "before"
    look.check()


def test_a_picture_is_pasted_and_shown(look: Look) -> None:
    id, _ = report(look, "")
    page = look.open(f"/reports/{id}?edit=1")
    area = page.get_by_label("Text of the report, in Markdown")
    area.wait_for()
    page.evaluate(PASTE, ["textarea", DOT])
    expect(area).to_have_value(re.compile(rf"^!\[a picture\]\({look.site.server.web}/files/reports/report\.{id}/[-\w]+\.png\)"))
    page.get_by_role("button", name="Save and close").click()
    picture = page.get_by_role("img", name="a picture")
    picture.wait_for()
    until(page, "document.querySelector('.report-text img')?.naturalWidth === 1")
    kept = look.site.server.call("reports.get_all_ex", id=[id])["tasks"][0]
    assert [address in kept["report"] for address in kept["report_assets"]] == [True]
    look.check()


def test_a_chart_is_added_to_a_report(look: Look) -> None:
    id, name = report(look, "before")
    page = look.open(f"/experiments/{look.site.tasks[0]}?smooth=0.5")
    page.get_by_role("button", name="Add loss to a report").click()
    page.get_by_label("Find a report").fill(name)
    page.get_by_role("radio", name=name).check()
    assert look.violations() == []
    page.get_by_role("button", name="Add it at the end").click()
    page.get_by_text(f"Added to {name}.").wait_for()
    lines = f"run: {look.site.tasks[0]}", "metric: loss", "smooth: 0.5"
    assert text_of(look, id) == f"before\n\n{block('scalars', *lines)}\n"
    look.check()


def test_nothing_is_added_to_a_report_of_an_older_list(look: Look) -> None:
    id, name = report(look, "wanted")
    other, other_name = report(look, "not wanted")
    page = look.open(f"/experiments/{look.site.tasks[0]}")
    page.get_by_role("button", name="Add loss to a report").click()
    expect(page.get_by_role("radio", name=other_name)).to_be_visible()
    held: list[Route] = []

    def hold(route: Route) -> None:
        if name in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/reports.get_all_ex", hold)
    find = page.get_by_label("Find a report")
    with page.expect_request("**/api/reports.get_all_ex"):
        find.fill(name)
        find.press("Enter")
    find.press("Enter")  # the list of before is still seen
    expect(page.get_by_role("button", name="Add it at the end")).to_be_disabled()
    for route in held:
        route.continue_()
    expect(page.get_by_role("radio", name=name)).to_be_checked()
    page.get_by_role("button", name="Add it at the end").click()
    page.get_by_text(f"Added to {name}.").wait_for()
    assert (text_of(look, other), text_of(look, id)[:6]) == ("not wanted", "wanted")
    look.check()


def test_compared_runs_are_added_to_a_new_report(look: Look) -> None:
    ids = look.site.tasks[:2]
    name = f"r{uuid.uuid4().hex[:10]}"
    page = look.open(f"/compare?ids={','.join(ids)}")
    page.get_by_role("button", name="Add a table of these runs to a report").click()
    page.get_by_role("button", name="A new report").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Begin it").click()
    expect(page.get_by_label("Text of the report, in Markdown")).to_have_value(block("table", *(f"run: {id}" for id in ids)) + "\n")
    look.check()


def test_a_report_is_named_moved_published_archived_and_deleted(look: Look) -> None:
    id, name = report(look, "to stay")
    page = look.open(f"/reports/{id}")

    def more(what: str) -> None:
        page.get_by_role("button", name="More to do").click()
        page.get_by_role("menuitem", name=what).click()

    more("Name and tags…")
    page.get_by_label("Name", exact=True).fill(f"{name} <b>new</b>")
    page.get_by_label("Tags", exact=True).fill("weekly, <i>odd</i>")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_role("heading", name=f"{name} <b>new</b>").wait_for()
    seen(look, "<i>odd</i>")
    more("Move…")
    page.get_by_label("Project", exact=True).fill("Team/Moved")
    page.get_by_role("dialog").get_by_role("button", name="Move").click()
    page.get_by_text("about Team/Moved").wait_for()
    with page.expect_download() as kept:
        page.get_by_role("button", name="Download as Markdown").click()
    assert kept.value.path().read_text() == "to stay"
    more("Publish…")
    page.get_by_role("button", name="Publish it").click()
    page.locator(".head-facts").get_by_text("published").wait_for()
    expect(page.get_by_role("button", name="Write")).to_have_count(0)
    more("Archive")
    page.get_by_text("The report is archived.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Taken back.").wait_for()
    more("Delete…")
    page.get_by_role("button", name="Delete it").click()
    page.wait_for_url("**/reports")
    assert look.site.server.call("reports.get_all_ex", id=[id])["tasks"] == []
    look.check()


@pytest.mark.parametrize("pane", ["", "&pane=preview"])
def test_a_report_that_is_written_is_whole(look: Look, pane: str) -> None:
    id, _ = report(look, WORDS + block("values", f"run: {look.site.tasks[0]}"))
    page = look.open(f"/reports/{id}?edit=1{pane}")
    page.get_by_role("status").get_by_text("Saved").wait_for()
    page.wait_for_timeout(500)
    assert look.violations() == []
    look.check()


def test_a_report_that_is_not_there_is_said(look: Look) -> None:
    look.open(f"/reports/{'0' * 32}")
    seen(look, "There is no such report")
    look.check()
