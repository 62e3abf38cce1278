"""The table of runs shows any parameter and metric, and sorts by it."""

from playwright.sync_api import expect

from tests.page.conftest import Look


def test_columns_are_picked_and_sorted_by(look: Look) -> None:
    page = look.open("/experiments?q=net")
    page.get_by_role("row", name="net 4").wait_for()
    page.get_by_role("button", name="Columns").click()
    dialog = page.get_by_role("dialog", name="Columns")
    dialog.get_by_label("Find a parameter or metric").fill("val min")
    dialog.get_by_label("loss/val (min)").check()
    dialog.get_by_label("Find a parameter or metric").fill("depth")
    dialog.get_by_label("net/depth").check()
    assert look.violations() == []
    dialog.get_by_role("button", name="Done").click()
    page.get_by_role("columnheader", name="net/depth").get_by_role("button").click()
    rows = page.get_by_role("row", name="net ").filter(has=page.get_by_role("checkbox"))
    expect(rows.first).to_contain_text("net 4")
    page.get_by_role("columnheader", name="net/depth").get_by_role("button").click()
    expect(rows.first).to_contain_text("net 0")
    page.reload()
    expect(page.get_by_role("columnheader", name="loss/val (min)")).to_be_visible()
    expect(rows.first).to_contain_text("net 0")
    page.get_by_role("columnheader", name="loss/val (min)").get_by_role("button").click()
    expect(page.get_by_role("columnheader", name="loss/val (min)")).to_have_attribute("aria-sort", "descending")
    expect(rows.first).to_contain_text("0.012")
    look.check()


def test_runs_are_found_by_tag_and_type(look: Look) -> None:
    page = look.open("/experiments?tag=small&type=training")
    page.get_by_role("row", name="net 4").wait_for()
    assert page.get_by_label("Tag", exact=True).input_value() == "small"
    page.get_by_label("Type", exact=True).select_option("testing")
    page.get_by_text("None fits what is asked for.").wait_for()
    look.check()
