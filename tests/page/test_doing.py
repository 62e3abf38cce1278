"""Runs are changed from the page: one, or many that were chosen."""

import json
import uuid

from playwright.sync_api import Page, expect

from tests.page.conftest import Look

CALL = """async ([name, body]) => {
  const headers = { "content-type": "application/json", "x-tilth-csrf": "1" };
  const answer = await fetch(`/api/${name}`, { method: "POST", headers, body });
  return (await answer.json()).data;
}"""


def call(page: Page, called: str, /, **body: object) -> dict:  # type: ignore[type-arg]
    found: dict = page.evaluate(CALL, [called, json.dumps(body)])  # type: ignore[type-arg]
    return found


def drafts(look: Look, count: int) -> tuple[str, list[str]]:
    """New drafts that one word of their names finds."""
    page = look.open("/")
    word = f"w{uuid.uuid4().hex[:10]}"
    hyperparams = {"Args": {"lr": {"section": "Args", "name": "lr", "value": "0.1"}}}
    made = [call(page, "tasks.create", name=f"{word} {at}", type="training", hyperparams=hyperparams)["id"] for at in range(count)]
    return word, made


def act(page: Page, what: str) -> None:
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name=what).click()


def test_archiving_is_taken_back(look: Look) -> None:
    look.page.clock.install()
    word, ids = drafts(look, 2)
    page = look.open(f"/experiments?q={word}")
    for at in range(2):
        page.get_by_role("row", name=f"{word} {at}").get_by_role("checkbox").click()
    act(page, "Archive")
    page.get_by_text("2 runs archived.").hover()
    expect(page.get_by_role("row", name=word)).to_have_count(0)
    page.clock.fast_forward(20_000)  # what is pointed at stays
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row", name=word)).to_have_count(2)
    assert all("archived" not in call(page, "tasks.get_by_id", task=id)["task"]["system_tags"] for id in ids)
    look.check()


def test_tags_of_many_are_changed(look: Look) -> None:
    word, ids = drafts(look, 2)
    page = look.open(f"/experiments?q={word}")
    for at in range(2):
        page.get_by_role("row", name=f"{word} {at}").get_by_role("checkbox").click()
    act(page, "Tags…")
    page.get_by_role("combobox", name="Add", exact=True).fill("good, odd")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_text("The tags of 2 runs are changed.").wait_for()
    assert [call(page, "tasks.get_by_id", task=id)["task"]["tags"] for id in ids] == [["good", "odd"]] * 2
    look.check()


def test_deleting_says_what_goes_along_and_then_it_is_gone(look: Look) -> None:
    _, ids = drafts(look, 1)
    page = look.open(f"/experiments/{ids[0]}")
    act(page, "Delete…")
    dialog = page.get_by_role("dialog", name="Delete 1 run?")
    dialog.get_by_text("0 artifacts with their files").wait_for()
    assert look.violations() == []
    dialog.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url("**/experiments**")
    page.get_by_text("1 run deleted.").wait_for()
    assert call(page, "tasks.get_all_ex", id=ids)["tasks"] == []


def test_what_can_not_be_done_says_why(look: Look) -> None:
    page = look.open(f"/experiments/{look.site.tasks[0]}")
    queue = f"q{uuid.uuid4().hex[:8]}"
    call(page, "queues.create", name=queue)
    act(page, "Enqueue…")
    page.get_by_label("Queue", exact=True).select_option(label=queue)
    page.get_by_role("dialog").get_by_role("button", name="Enqueue").click()
    page.get_by_text("1 run not:").wait_for()
    assert call(page, "tasks.get_by_id", task=look.site.tasks[0])["task"]["status"] == "completed"


def test_a_draft_waits_in_a_queue(look: Look) -> None:
    _, ids = drafts(look, 1)
    page = look.open(f"/experiments/{ids[0]}")
    queue = f"q{uuid.uuid4().hex[:8]}"
    call(page, "queues.create", name=queue)
    act(page, "Enqueue…")
    page.get_by_label("Queue", exact=True).select_option(label=queue)
    page.get_by_role("dialog").get_by_role("button", name="Enqueue").click()
    page.get_by_text("1 run enqueued.").wait_for()
    page.locator(".head-facts").get_by_text("queued").wait_for()
    look.check()


def test_a_draft_is_named_and_its_parameters_are_changed(look: Look) -> None:
    word, ids = drafts(look, 1)
    page = look.open(f"/experiments/{ids[0]}?tab=configuration")
    page.get_by_role("button", name="Edit name, tags and comment").click()
    page.get_by_label("Name", exact=True).fill(f"{word} <b>new</b>")
    page.get_by_role("textbox", name="Comment").fill("of <i>two</i> lines\nand more")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_role("heading", name=f"{word} <b>new</b>").wait_for()
    page.get_by_role("button", name="Edit Args").click()
    page.get_by_label("Value of lr").fill("0.5")
    page.get_by_role("button", name="Add").click()
    page.get_by_label("Name of parameter 2").fill("depth")
    page.get_by_label("Value of depth").fill("3")
    assert look.violations() == []
    page.get_by_role("button", name="Save").click()
    page.get_by_role("row", name="depth 3").wait_for()
    task = call(page, "tasks.get_by_id", task=ids[0])["task"]
    assert {name: item["value"] for name, item in task["hyperparams"]["Args"].items()} == {"lr": "0.5", "depth": "3"}
    assert task["comment"] == "of <i>two</i> lines\nand more"
    look.check()


def test_parameters_of_a_run_that_ran_stay(look: Look) -> None:
    page = look.open(f"/experiments/{look.site.tasks[0]}?tab=configuration")
    page.get_by_text("net/depth").wait_for()
    assert page.get_by_role("button", name="Edit General").count() == 0
