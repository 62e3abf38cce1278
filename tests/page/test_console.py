"""The console of a run: any of its lines, what is looked for in it, and what comes while one looks."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import DESK, Look
from tests.page.test_doing import CALL, call

TOTAL = 4_000


def write(page: Page, task: str, *messages: str, at: int) -> None:
    events = [{"type": "log", "task": task, "timestamp": at, "level": "INFO", "worker": "w", "msg": message} for message in messages]
    assert page.evaluate(CALL, ["events.add_batch", "\n".join(map(json.dumps, events))])["added"] == len(events)


@pytest.fixture
def task(look: Look) -> str:
    """A run that printed 4,000 lines, each 1,000th of them in green."""
    page = look.open("/queues")
    made: str = call(page, "tasks.create", name="long console", type="training")["id"]
    call(page, "tasks.started", task=made)
    for batch in range(4):
        lines = [f"step {batch * 1_000 + line} of many" for line in range(1, 1_000)]
        write(page, made, "\n".join(lines), f"\x1b[32mstep {batch * 1_000 + 1_000}\x1b[0m <b>done</b>\n", at=batch + 1)
    return made


def test_it_opens_at_its_end_and_goes_to_its_start(look: Look, task: str) -> None:
    page = look.open(f"/experiments/{task}?tab=console")
    log = page.get_by_role("log", name="Console")
    expect(log.get_by_text("step 4000", exact=True)).to_be_in_viewport()
    expect(page.get_by_text("4,000 lines")).to_be_visible()
    assert log.get_by_text("step 4000", exact=True).get_attribute("style")
    page.get_by_role("button", name="To the start").click()
    expect(log.get_by_text("step 1 of many")).to_be_in_viewport()
    expect(page.get_by_label("follow")).not_to_be_checked()
    page.wait_for_url("**line=1**")
    assert look.violations() == []
    page.get_by_role("button", name="To the end").click()
    expect(log.get_by_text("step 4000", exact=True)).to_be_in_viewport()
    assert log.locator(".log-line").count() < 200
    look.check()


def test_a_line_is_an_address(look: Look, task: str) -> None:
    page = look.open(f"/experiments/{task}?tab=console&line=1500")
    log = page.get_by_role("log", name="Console")
    expect(log.get_by_text("step 1500 of many")).to_be_in_viewport()
    log.evaluate("log => { log.scrollTop += 20000 }")
    expect(log.get_by_text("step 2510 of many")).to_be_in_viewport()
    page.wait_for_url("**line=2500**")
    look.check()


def test_a_text_is_found_in_all_lines(look: Look, task: str) -> None:
    page = look.open(f"/experiments/{task}?tab=console&line=900")
    log = page.get_by_role("log", name="Console")
    find = page.get_by_label("Find in all lines")
    find.fill("000 <B>DONE")
    expect(page.get_by_text("1 of 4 lines")).to_be_visible()
    expect(log.locator(".hit")).to_have_text("step 1000 <b>done</b>")
    expect(log.locator(".hit")).to_be_in_viewport()
    find.press("Enter")
    expect(log.locator(".hit")).to_have_text("step 2000 <b>done</b>")
    page.get_by_role("button", name="The match before").click()
    page.get_by_role("button", name="The match before").click()
    expect(log.locator(".hit")).to_have_text("step 4000 <b>done</b>")
    expect(page.get_by_text("4 of 4 lines")).to_be_visible()
    page.get_by_role("button", name="Case matters").click()
    expect(page.get_by_text("No line has it")).to_be_visible()
    find.press("Escape")
    expect(page.get_by_text("4,000 lines")).to_be_visible()
    assert look.violations() == []
    look.check()


def test_new_lines_come_while_the_end_is_followed(look: Look, task: str) -> None:
    page = look.open(f"/experiments/{task}?tab=console")
    log = page.get_by_role("log", name="Console")
    expect(log.get_by_text("step 4000", exact=True)).to_be_in_viewport()
    write(page, task, *(f"new {line}" for line in range(1, 701)), at=9)
    expect(log.get_by_text("new 700", exact=True)).to_be_in_viewport()
    page.get_by_role("button", name="To the start").click()
    expect(log.get_by_text("step 1 of many")).to_be_in_viewport()
    write(page, task, "the last one", at=10)
    expect(page.get_by_text("4,701 lines")).to_be_visible()
    expect(log.get_by_text("step 1 of many")).to_be_in_viewport()
    page.get_by_label("follow").check()
    expect(log.get_by_text("the last one")).to_be_in_viewport()
    look.check()


def test_it_is_saved_as_a_text(look: Look, task: str, tmp_path: Path) -> None:
    page = look.open(f"/experiments/{task}?tab=console")
    if page.viewport_size != DESK:
        page.set_viewport_size({"width": 360, "height": 740})
    with page.expect_download() as started:
        page.get_by_role("button", name="Save").click()
    assert started.value.suggested_filename == "long console.log"
    started.value.save_as(tmp_path / "log")
    text = (tmp_path / "log").read_text()
    assert text.count("of many") == TOTAL - 4
    assert text.index("step 1 of many") < text.index("step 3999 of many")
    look.check()
