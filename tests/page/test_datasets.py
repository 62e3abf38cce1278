"""Datasets and their versions, on a desk and on a phone: found, followed, described, looked into."""

from playwright.sync_api import expect

from tests.page.conftest import Look, seen


def test_a_dataset_is_found_and_its_first_version_is_reached_by_its_descent(look: Look) -> None:
    page = look.open("/datasets")
    page.get_by_label("Find by name, project, tag, author or id").fill("team/pets/pet")
    page.get_by_role("row", name="pets").filter(has_text="1.0.1").click()
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
    expect(page.get_by_role("textbox", name="Description")).to_have_count(0)  # it holds the same text until it is saved
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


def test_folders_open_and_a_file_is_looked_into(look: Look) -> None:
    page = look.open(f"/datasets/{look.site.versions[0]}?tab=contents")
    page.get_by_role("row", name="notes").click()
    page.get_by_role("row", name="<img src=x").click()
    page.get_by_text("<b>said</b> of pets").wait_for()
    page.reload()
    page.get_by_text("<b>said</b> of pets").wait_for()
    page.get_by_role("button", name="Close the file").click()
    page.get_by_role("navigation", name="Folder").get_by_role("button", name="pets").click()
    page.get_by_role("row", name="labels.csv").wait_for()
    look.check()


def test_files_are_found_by_a_part_of_their_path(look: Look) -> None:
    page = look.open(f"/datasets/{look.site.versions[0]}?tab=contents")
    page.get_by_label("Find files").fill("rex")
    page.get_by_role("row", name="pictures/dog/rex.png").wait_for()
    assert page.get_by_role("row", name="labels.csv").count() == 0
    page.get_by_label("Find files").fill("nothing like it")
    page.get_by_role("heading", name="No file fits").wait_for()
    look.check()


def test_a_picture_is_shown_and_a_broken_one_says_so(look: Look) -> None:
    page = look.open(f"/datasets/{look.site.versions[0]}?tab=contents&folder=pictures/cat&view=grid")
    page.get_by_role("button", name="broken.png").get_by_text("not shown").wait_for()
    expect(page.get_by_role("img", name="pictures/cat/tom.png")).to_have_js_property("naturalWidth", 8)


def test_versions_are_compared_as_one_list(look: Look) -> None:
    page = look.open(f"/datasets/{look.site.versions[0]}?tab=changes&view=list")
    seen(look, "5 added")
    page.get_by_label("Compare with").select_option(look.site.versions[1])
    page.get_by_role("row", name="pictures/dog/rex.png added").click()
    dialog = page.get_by_role("dialog", name="rex.png")
    dialog.get_by_text("It is not in the version before.").wait_for()
    dialog.get_by_role("img", name="pictures/dog/rex.png").wait_for()
    look.check()


def test_changes_are_followed_from_folder_to_folder_and_by_kind(look: Look) -> None:
    page = look.open(f"/datasets/{look.site.versions[1]}?tab=changes")
    page.get_by_role("row", name="labels.csv modified").wait_for()
    page.get_by_role("row", name="folder pictures").click()
    page.get_by_role("row", name="folder dog").click()
    page.get_by_role("row", name="rex.png removed").wait_for()
    page.reload()
    page.get_by_role("row", name="rex.png removed").wait_for()
    page.get_by_role("navigation", name="Folder").get_by_role("button", name="pets").click()
    page.get_by_role("button", name="1 removed").click()
    page.get_by_role("row", name="labels.csv modified").wait_for(state="detached")
    page.get_by_label("Find changes").fill("no such file")
    page.get_by_role("heading", name="No change fits").wait_for()
    look.check()
    assert look.violations() == []


def test_rows_of_a_table_are_compared(look: Look) -> None:
    page = look.open(f"/datasets/{look.site.versions[1]}?tab=changes&file=labels.csv")
    dialog = page.get_by_role("dialog", name="labels.csv")
    dialog.get_by_role("row", name="kit 0.9").wait_for()
    for name in ("1 added", "1 removed", "0 changed"):
        expect(dialog.get_by_role("button", name=name)).to_have_count(1)
    dialog.get_by_role("button", name="1 removed").click()
    dialog.get_by_role("row", name="kit 0.9").wait_for(state="detached")
    dialog.get_by_role("row", name="tom 0.75").wait_for()
    look.check()
    assert look.violations() == []


def test_any_other_version_is_chosen_to_compare_with(look: Look) -> None:
    page = look.open(f"/datasets/{look.site.versions[1]}?tab=changes")
    page.get_by_role("row", name="labels.csv modified").wait_for()
    page.get_by_label("Compare with").select_option("more")
    page.get_by_label("Name of a dataset").fill("pets")
    page.get_by_role("button", name="pets 1.0.1 Team/Pets").click()
    page.get_by_role("heading", name="They hold the same").wait_for()
    look.check()


def test_a_table_is_shown_with_what_its_columns_hold(look: Look) -> None:
    page = look.open(f"/datasets/{look.site.versions[0]}?tab=contents&file=labels.csv")
    page.get_by_role("cell", name="rex").wait_for()
    page.get_by_role("columnheader", name="score").get_by_text("mean 0.625").wait_for()
    seen(look, "2 rows, 2 columns.")
    look.check()
    assert look.violations() == []


def test_rows_of_a_table_that_can_not_be_read_are_named_and_samples_come_by_themselves(look: Look) -> None:
    server = look.site.server
    version = str(server.call("contents.begin", name=f"ragged {look.page.viewport_size}", project="Team/Ragged")["version"]["id"])
    fields = {"ragged.csv": ("file", b"a,b\n1,2\n3\n4,5,6\n")}
    assert server.request("POST", f"/contents/{version}", fields=fields).status == 200
    server.call("contents.finish", version=version)
    page = look.open(f"/datasets/{version}?tab=contents&file=ragged.csv")
    note = page.get_by_role("note")
    note.get_by_text("2 of 3 rows can").wait_for()
    note.get_by_text("Line 4: it has 3 fields and not 2").wait_for()
    look.check()
    page.get_by_role("tab", name="Samples").click()
    page.get_by_text("Malformed rows / ragged.csv").wait_for(state="attached")
    look.check()


def test_a_folder_is_downloaded_as_an_archive(look: Look) -> None:
    page = look.open(f"/datasets/{look.site.versions[0]}?tab=contents&folder=notes")
    with page.expect_download() as download:
        page.get_by_role("link", name="Folder as zip").click()
    assert download.value.suggested_filename == "pets-1.0.0-notes.zip"
