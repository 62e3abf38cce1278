"""Versions are published, put out of sight and brought back, renamed, moved and deleted on their pages."""

import re
import uuid

import pytest

from tests.page.conftest import Look


@pytest.fixture
def made(look: Look) -> tuple[str, list[str]]:
    """The name of a dataset of one's own, and its two versions."""
    name = f"kept {uuid.uuid4().hex[:8]}"
    ids: list[str] = []
    for number in range(2):
        id = str(look.site.server.call("contents.begin", name=name, project="Team/Kept", parents=ids[-1:])["version"]["id"])
        fields = {f"{number}.txt": ("file", f"text {number}".encode())}
        assert look.site.server.request("POST", f"/contents/{id}", fields=fields).status == 200
        look.site.server.call("contents.finish", version=id)
        ids.append(id)
    return name, ids


def _choose(look: Look, action: str) -> None:
    look.page.get_by_role("button", name="Actions").click()
    look.page.get_by_role("menuitem", name=action).click()


def test_a_version_is_archived_and_brought_back(look: Look, made: tuple[str, list[str]]) -> None:
    name, ids = made
    page = look.open(f"/datasets/{ids[1]}")
    _choose(look, "Archive")
    page.get_by_text(f"{name} 1.0.1 is archived.").hover()  # it stays while it is pointed at
    page.get_by_role("banner").or_(page.locator("header.page-head")).get_by_text("archived").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.locator("header.page-head").get_by_text("final").wait_for()
    assert look.site.server.call("versions.get", id=ids[1])["status"] == "final"
    look.check()


def test_archived_datasets_are_listed_apart(look: Look, made: tuple[str, list[str]]) -> None:
    name, ids = made
    look.site.server.call("versions.archive", id=ids[0])
    page = look.open("/datasets")
    page.get_by_label("Find by name, project, tag, author or id").fill(ids[0][:12])
    page.get_by_role("row", name=f"{name}").get_by_text("1.0.1").wait_for()
    page.get_by_role("checkbox", name="Archived").check()
    page.get_by_role("row", name=f"{name}").get_by_text("1.0.0").wait_for()
    look.check()
    assert look.violations() == []


def test_a_version_is_published(look: Look, made: tuple[str, list[str]]) -> None:
    page = look.open(f"/datasets/{made[1][1]}")
    _choose(look, "Publish")
    assert look.violations() == []
    page.get_by_role("button", name="Publish").click()
    page.locator("header.page-head").get_by_text("published").wait_for()
    look.check()


def test_a_dataset_is_renamed_and_moved(look: Look, made: tuple[str, list[str]]) -> None:
    name, ids = made
    page = look.open(f"/datasets/{ids[0]}")
    _choose(look, "Rename")
    page.get_by_label("Name", exact=True).fill(f"<b>{name}")
    page.get_by_role("button", name="Rename it").click()
    page.get_by_role("heading", name=f"<b>{name} 1.0.0").wait_for()
    _choose(look, "Move")
    page.get_by_label("Project", exact=True).fill("Team/Moved")
    page.get_by_role("button", name="Move it").click()
    page.get_by_role("link", name="Team/Moved").wait_for()
    look.check()


def test_deleting_says_what_goes_along(look: Look, made: tuple[str, list[str]]) -> None:
    name, ids = made
    page = look.open(f"/datasets/{ids[0]}")
    _choose(look, "Delete this version")
    page.get_by_text("1 version descends from it and keeps all that it holds.").wait_for()
    page.get_by_text("No run has used it.").wait_for()
    assert look.violations() == []
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("heading", name=f"{name} 1.0.1").wait_for()
    assert look.site.server.ask("versions.get", id=ids[0])[0] == 400
    assert look.site.server.request("GET", f"/contents/{ids[1]}/0.txt").data == b"text 0"
    look.check()


def test_a_whole_dataset_is_deleted_when_its_name_is_written(look: Look, made: tuple[str, list[str]]) -> None:
    name, ids = made
    page = look.open(f"/datasets/{ids[1]}")
    _choose(look, "Delete the dataset")
    page.get_by_text("All 2 versions go").wait_for()
    delete = page.get_by_role("button", name="Delete", exact=True)
    assert delete.is_disabled()
    page.get_by_label(f"Write {name} to delete it").fill(name)
    delete.click()
    page.wait_for_url(re.compile(r"/datasets$"))
    assert [look.site.server.ask("versions.get", id=id)[0] for id in ids] == [400, 400]
    look.check()


def test_what_a_version_holds_is_drawn_and_leads_to_the_files(look: Look) -> None:
    page = look.open(f"/datasets/{look.site.versions[0]}")
    page.get_by_role("link", name=".png 3").click()
    page.get_by_role("row", name="pictures/cat/tom.png").wait_for()
    assert page.get_by_role("row", name="labels.csv").count() == 0
    look.check()
