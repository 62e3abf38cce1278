"""Projects and models are kept in order from the page; settings say where things lie."""

import uuid

from playwright.sync_api import expect

from tests.page.conftest import Look, seen


def test_a_project_says_what_is_in_it_and_is_archived_and_moved(look: Look) -> None:
    call = look.site.server.call
    word = f"p{uuid.uuid4().hex[:8]}"
    top = call("projects.create", name=word, description="")["id"]
    below = call("projects.create", name=f"{word}/below", description="")["id"]
    call("tasks.create", name=f"{word} of top", type="training", project=top)
    call("tasks.create", name=f"{word} of below", type="training", project=below)
    call("models.create", name=f"{word} model", uri="file:///none", project=below)
    page = look.open(f"/projects?at={word}")
    page.get_by_role("link", name="2 Runs 1 of its own").wait_for()
    page.get_by_role("link", name="1 Models 0 of its own").wait_for()
    page.get_by_role("link", name=f"{word} of below").wait_for()
    page.get_by_role("button", name="As a list").click()
    page.get_by_role("row", name="below").wait_for()
    assert look.violations() == []
    page.get_by_role("button", name=f"What can be done with {word}").click()
    page.get_by_role("menuitem", name="Archive").click()
    page.get_by_text(f"{word} is archived: it and what lies in it are not listed").wait_for()
    page.get_by_role("link", name=f"{word} of below").wait_for()  # from inside everything is seen
    lists = {"projects": ("No such project", "below"), "experiments": ("No runs", "of below"), "models": ("No models", "model")}
    for place, (none, name) in lists.items():
        look.open(f"/{place}?q={word}")
        page.get_by_role("heading", name=none).wait_for()
        page.get_by_label("archived").check()
        seen(look, f"{word}/{name}" if place == "projects" else f"{word} {name}")
    look.open(f"/projects?at={word}/below")
    page.get_by_text("in an archived project").wait_for()
    page.get_by_role("link", name="1 Models").click()
    page.get_by_text(f"{word} model").first.wait_for()
    page.keyboard.press("/")
    palette = page.get_by_role("dialog", name="Search everything")  # the page behind it may have boxes of its own
    palette.get_by_role("combobox").fill(word)
    palette.get_by_text(f"Nothing is called “{word}”.").wait_for()
    page.keyboard.press("Escape")
    look.open("/projects?archived=1")
    page.get_by_role("link").filter(has=page.get_by_role("heading", name=word, exact=True)).click()
    page.get_by_role("button", name=f"What can be done with {word}").click()
    page.get_by_role("menuitem", name="Bring back").click()
    page.get_by_text(f"{word} and what lies in it are listed again.").wait_for()
    look.open(f"/experiments?q={word}")
    seen(look, f"{word} of below")
    look.open(f"/projects?at={word}/below")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Lies in").fill(f"{word}/other")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/projects?at={word}%2Fother%2Fbelow")
    seen(look, f"{word} of below")
    look.check()


def test_a_model_leads_to_its_run_and_is_edited_published_and_deleted(look: Look) -> None:
    call = look.site.server.call
    word = f"m{uuid.uuid4().hex[:8]}"
    task = call("tasks.create", name=f"{word} run", type="training")["id"]
    version = look.site.versions[-1]
    call("tasks.add_dataset", task=task, dataset=version, project="Team/Pets", name="pets", version="1.0.1")
    model = call("models.create", name=f"{word} model", uri="file:///none", task=task, ready=False)["id"]
    page = look.open(f"/models/{model}")
    page.get_by_role("link", name="pets 1.0.1").wait_for()
    page.get_by_role("link", name=f"{word} run draft").wait_for()
    page.get_by_role("button", name="Edit name, tags and comment").click()
    page.get_by_role("textbox", name="Tags").fill("best, <b>bold</b>")
    page.get_by_role("textbox", name="Comment").fill("a <i>long</i> story")
    page.get_by_role("button", name="Save").click()
    seen(look, "<b>bold</b>", "a <i>long</i> story")
    assert look.violations() == []
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Publish…").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    page.locator(".head-facts").get_by_text("published").wait_for()
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Archive").click()
    page.locator(".head-facts").get_by_text("archived").wait_for()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".head-facts").get_by_text("archived")).to_have_count(0)
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/models")
    assert call("models.get_all_ex", id=[model])["models"] == []
    look.check()


def test_the_settings_say_where_things_lie(look: Look) -> None:
    page = look.open("/settings")
    page.get_by_text(str(look.site.server.home / "store")).wait_for()
    seen(look, "Files of runs", "Versions of datasets", "openapi.json")
    look.check()
