"""The page without a mouse: the palette, keys, tables, dialogs."""

import re
import uuid
from contextlib import suppress

from playwright.sync_api import TimeoutError as TooLate
from playwright.sync_api import expect

from tests.page.conftest import PATIENCE_MS, Look, seen
from tests.page.test_doing import drafts


def test_the_palette_goes_and_does(look: Look) -> None:
    page = look.open("/")
    page.get_by_role("heading", name="Home").wait_for()
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Search everything")
    palette.get_by_role("option", name="New dataset").wait_for()
    assert look.violations() == []
    page.get_by_role("combobox").fill("go to que")
    expect(palette.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/queues")
    page.get_by_role("heading", name="Queues and workers").wait_for()
    page.keyboard.press("/")
    page.get_by_role("combobox").fill("dark th")
    palette.get_by_role("option", name="Dark theme").wait_for()
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("/")
    page.get_by_role("combobox").fill("theme of")
    palette.get_by_role("option", name="Theme of the system").wait_for()
    page.keyboard.press("Enter")
    expect(page.locator("html[data-theme]")).to_have_count(0)
    page.keyboard.press("/")
    page.get_by_role("combobox").fill("new queue")  # what the page in view can do
    palette.get_by_role("option", name="New queue").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="New queue").wait_for()
    page.keyboard.press("Escape")
    look.check()


def test_the_palette_finds_of_every_kind_and_remembers(look: Look) -> None:
    call = look.site.server.call
    word = f"w{uuid.uuid4().hex[:10]}"
    project = call("projects.create", name=f"{word} project", description="")["id"]
    task = call("tasks.create", name=f"{word} run", type="training", project=project)["id"]
    call("models.create", name=f"{word} model", uri="file:///none")
    queue = call("queues.create", name=f"{word} queue")["id"]
    page = look.open("/")
    page.get_by_role("heading", name="Home").wait_for()
    page.keyboard.press("/")
    box = page.get_by_role("combobox")
    box.fill(word)
    for kind in ("run", "project", "model", "queue"):
        page.get_by_role("option").get_by_text(f"{word} {kind}", exact=True).first.wait_for()
    box.fill(look.site.versions[-1])
    page.get_by_role("option", name="pets 1.0.1").wait_for()
    box.fill("pets")
    page.get_by_role("group", name="Datasets").get_by_role("option", name="pets").first.wait_for()
    box.fill(task)
    page.get_by_role("option", name=f"{word} run").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/experiments/{task}")
    expect(page).to_have_title(f"{word} run · Tilth")
    page.keyboard.press("/")
    page.get_by_role("group", name="Seen lately").get_by_role("option", name=f"{word} run").wait_for()
    box.fill("copy the id")
    page.get_by_role("option", name="Copy the id").wait_for()
    look.check()
    call("queues.delete", queue=queue)


TYPE_AND_ENTER = """async (box, text) => {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, text);
  box.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise(requestAnimationFrame);
  box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
}"""


def test_enter_pressed_at_once_means_what_was_typed(look: Look) -> None:
    """And not what a shorter text found, though that is still in view."""
    call = look.site.server.call
    word = f"w{uuid.uuid4().hex[:10]}"
    project = call("projects.create", name=f"{word} project", description="")["id"]
    meant, newer = (call("tasks.create", name=f"{word} {name}", type="training", project=project)["id"] for name in ("meant", "newer"))
    call("tasks.edit", task=newer, comment="changed last")
    page = look.open("/")
    page.get_by_role("heading", name="Home").wait_for()
    page.keyboard.press("/")
    box = page.get_by_role("combobox")
    box.fill(word)
    page.get_by_role("option", name=f"{word} meant").wait_for()
    expect(page.get_by_role("option").first).to_contain_text(f"{word} newer")
    box.evaluate(TYPE_AND_ENTER, f"{word} meant")
    page.wait_for_url(f"**/experiments/{meant}")
    page.keyboard.press("/")
    box.evaluate(TYPE_AND_ENTER, f"{word} nobody")
    seen(look, f"Nothing is called “{word} nobody”.")
    expect(box).to_be_visible()
    look.check()


def test_runs_are_chosen_and_compared_with_keys_alone(look: Look) -> None:
    word, ids = drafts(look, 3)
    page = look.open(f"/experiments?q={word}&order=name")
    page.get_by_role("row", name=f"{word} 2").wait_for()
    page.locator("body").press("j")
    rows = page.get_by_role("row", name=word)
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("x")
    seen(look, "2 chosen")
    page.keyboard.press("/")
    page.get_by_role("dialog").get_by_role("combobox").fill("compare the 2")
    page.get_by_role("option", name="Compare the 2 chosen runs").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Compare 2 runs").wait_for()
    assert set(re.split(r",|%2C", page.url.split("ids=")[1].split("&")[0])) == set(ids[:2])
    page.go_back()
    rows.nth(2).wait_for()
    page.locator("body").press("j")
    page.keyboard.press("End")
    expect(rows.nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/experiments/{ids[2]}")
    look.check()


def test_keys_lead_to_places_and_say_what_they_are(look: Look) -> None:
    page = look.open("/")
    page.get_by_role("heading", name="Home").wait_for()
    for key, heading in {"m": "Models", "d": "Datasets", "e": "Experiments", "p": "Projects", "s": "Settings"}.items():
        title = page.get_by_role("heading", name=heading, exact=True)
        for _ in range(20):  # who is held up between the two keys presses them again
            page.keyboard.press("g")
            page.keyboard.press(key)
            with suppress(TooLate):
                title.wait_for(timeout=PATIENCE_MS / 20)
                break
        expect(title).to_be_visible()
        expect(page).to_have_title(f"{heading} · Tilth")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    assert look.violations() == []
    page.keyboard.press("g")  # nothing below what stands in front listens
    page.keyboard.press("m")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile("/settings$"))
    page.get_by_label("What it is for").focus()
    page.keyboard.type("g m ? /")
    expect(page.get_by_label("What it is for")).to_have_value("g m ? /")
    look.check()


def test_the_focus_goes_back_to_where_it_was(look: Look) -> None:
    page = look.open("/projects")
    button = page.get_by_role("button", name="New project")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="New project").wait_for()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    _, (id,) = drafts(look, 1)
    look.open(f"/experiments/{id}")
    actions = page.get_by_role("button", name="Actions")
    actions.focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Tags…").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Tags of 1 run").wait_for()
    page.keyboard.press("Escape")
    expect(actions).to_be_focused()
    look.check()


def test_the_page_is_reached_past_the_places(look: Look) -> None:
    page = look.open("/settings")
    page.get_by_role("heading", name="Settings", exact=True).wait_for()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the page")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    expect(page).to_have_url(re.compile("/settings"))
