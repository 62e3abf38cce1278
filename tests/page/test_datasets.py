"""Datasets and their versions, on a desk and on a phone: found, followed, described, looked into."""

from tests.page.conftest import Look, seen


def test_a_dataset_is_found_and_its_first_version_is_reached_by_its_descent(look: Look) -> None:
    page = look.open("/datasets")
    page.get_by_label("Find by name or project").fill("team/pets/pet")
    page.get_by_role("row", name="pets 1.0.1").click()
    page.get_by_role("heading", name="pets 1.0.1").wait_for()
    page.locator(f"a[href$='{look.site.versions[0]}']").click()
    seen(look, "<b>Pets</b> of the team")
    look.check()


def test_a_version_is_described(look: Look) -> None:
    page = look.open(f"/datasets/{look.site.versions[1]}")
    said = f"Pets seen at {look.page.viewport_size}"
    page.get_by_role("button", name="Edit the description").click()
    page.get_by_role("textbox", name="Description").fill(said)
    page.get_by_role("button", name="Save").click()
    page.get_by_text(said).wait_for()
    page.reload()
    page.get_by_text(said).wait_for()
    look.check()


def test_tags_come_and_go(look: Look) -> None:
    page = look.open(f"/datasets/{look.site.versions[1]}")
    page.get_by_label("A new tag").fill("<i>odd")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove the tag <i>odd").click()
    page.get_by_role("button", name="Remove the tag <i>odd").wait_for(state="detached")
    look.check()


def test_a_version_that_is_not_there_says_so(look: Look) -> None:
    page = look.open(f"/datasets/{'0' * 32}")
    page.get_by_role("alert").get_by_text("does not exist").wait_for()
