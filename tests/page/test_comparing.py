"""Runs are compared: chosen in the table, drawn over each other, and told apart by what they differ in."""

import csv
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.page.conftest import Look, at_rest, seen


def test_runs_that_are_chosen_are_compared(look: Look) -> None:
    page = look.open("/experiments?q=net")
    for name in ("net 1", "net 2"):
        page.get_by_role("row", name=name).get_by_role("checkbox").click()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name="Compare 2 runs").wait_for()
    page.wait_for_url(re.compile("/compare\\?ids="))
    legend = page.get_by_role("list", name="Legend").first
    expect(legend.get_by_role("button")).to_have_count(2)
    look.check()


def test_a_run_has_one_colour_in_all_charts(look: Look) -> None:
    page = look.open(f"/compare?ids={','.join(look.site.tasks)}")
    page.get_by_role("list", name="Legend").nth(1).get_by_role("button").first.wait_for()
    runs = page.get_by_role("list", name="The runs").locator(".swatch").evaluate_all("all => all.map(one => one.style.background)")
    for at in range(2):
        marks = (
            page.get_by_role("list", name="Legend")
            .nth(at)
            .locator(".legend-mark")
            .evaluate_all("all => all.map(one => one.style.background)")
        )
        assert marks == runs
    assert len(set(runs)) == len(runs)


def test_groups_are_means_with_what_deviates(look: Look) -> None:
    page = look.open(f"/compare?ids={','.join(look.site.tasks)}")
    page.get_by_label("Group the runs").select_option("tag")
    page.get_by_role("list", name="Legend").first.get_by_role("button", name="small (5)").wait_for()
    page.wait_for_url("**group=tag**")
    look.check()


def test_a_table_of_differences_is_saved_whole(look: Look, tmp_path: Path) -> None:
    page = look.open(f"/compare?ids={','.join(look.site.tasks)}&tab=table")
    seen(look, "General/net/depth")
    assert page.get_by_role("row", name="state").count() == 0
    page.get_by_label("only differences").uncheck()
    page.get_by_role("row", name="state").wait_for()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save as CSV").click()
    waiting.value.save_as(tmp_path / "compared.csv")
    rows = {row[0]: row[1:] for row in csv.reader((tmp_path / "compared.csv").read_text().splitlines())}
    assert rows["id"] == look.site.tasks
    assert rows["General/net/depth"] == ["0", "1", "2", "3", "4"]


def test_a_chart_is_saved_as_a_drawing_that_says_which_curve_is_which(look: Look, tmp_path: Path) -> None:
    page = look.open(f"/experiments/{look.site.tasks[0]}")
    for kind, beginning in (("Drawing (SVG)", b"<svg"), ("Picture (PNG)", b"\x89PNG"), ("All points (CSV)", b"curve,step,value")):
        page.get_by_role("button", name="Save loss").click()
        with page.expect_download() as waiting:
            page.get_by_role("menuitem", name=kind).click()
        waiting.value.save_as(tmp_path / "chart")
        kept = (tmp_path / "chart").read_bytes()
        assert kept.startswith(beginning)
        assert beginning != b"<svg" or (b">train<" in kept and kept.count(b'stroke-width="1.75"') == 2)
    look.check()


def test_too_few_runs_are_told_what_to_do(look: Look) -> None:
    look.open(f"/compare?ids={look.site.tasks[0]}")
    seen(look, "Two runs or more can be compared")
    look.check()


def test_runs_that_pass_a_part_of_an_axis_are_kept_and_compared_alone(look: Look) -> None:
    page = look.open(f"/compare?ids={','.join(look.site.tasks)}&tab=parallel&by=metric loss / val")
    axis = page.locator("[data-axis='General/net/depth']")
    axis.scroll_into_view_if_needed()
    (box,) = at_rest(page, axis)
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + box["height"] * 0.45)  # depths of 2 to 0 lie below
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] * 0.7, steps=3)
    page.mouse.move(middle, box["y"] + box["height"], steps=3)
    page.mouse.up()
    seen(look, "3 of 5 runs pass there")
    page.wait_for_url(re.compile("brush="))
    assert look.violations() == []
    page.get_by_role("button", name="Compare these alone").click()
    page.get_by_role("heading", name="Compare 3 runs").wait_for()
    look.check()


def test_a_point_says_what_it_is_and_leads_to_its_run(look: Look) -> None:
    page = look.open(f"/compare?ids={','.join(look.site.tasks)}&tab=scatter&px=parameter General/lr&plog=1&by=parameter General/net/depth")
    point = page.get_by_role("link", name=re.compile("net 2: 0.033"))
    point.focus()
    page.locator(".scatter-tip").get_by_text("net 2").wait_for()
    expect(page.get_by_text("Correlation of ranks over 5 runs")).to_be_visible()
    assert look.violations() == []
    point.press("Enter")
    page.wait_for_url(f"**/experiments/{look.site.tasks[2]}**")
    look.check()


def test_parameters_are_weighed_by_how_much_they_go_with_a_metric(look: Look) -> None:
    page = look.open(f"/compare?ids={','.join(look.site.tasks)}&tab=importance")
    page.get_by_label("What goes with").select_option(label="Summary / accuracy")
    row = page.get_by_role("row", name="General/net/depth")
    expect(row).to_contain_text("1.00")
    expect(row.get_by_label("more goes with more")).to_be_visible()
    expect(page.get_by_role("row", name="General/lr").get_by_label("more goes with less")).to_be_visible()
    assert look.violations() == []
    look.check()


def test_a_run_is_given_another_colour_and_keeps_it(look: Look) -> None:
    page = look.open(f"/compare?ids={','.join(look.site.tasks)}")
    page.get_by_role("button", name="Change the colour of net 1").click()
    page.get_by_role("button", name="Colour 7").click()
    mark = page.get_by_role("list", name="The runs").locator("li").filter(has_text="net 1").locator(".swatch")
    expect(mark).to_have_attribute("style", "background: rgb(193, 39, 45);")
    page.reload()
    expect(mark).to_have_attribute("style", "background: rgb(193, 39, 45);")
    page.get_by_role("button", name="Change the colour of net 1").click()
    page.get_by_role("button", name="As before").click()
    look.check()


def test_pictures_of_runs_are_looked_at_closely_one_after_the_other(look: Look) -> None:
    page = look.open(f"/compare?ids={','.join(look.site.tasks[:2])}&tab=samples")
    page.get_by_role("button", name="Look at samples / first, step 99").first.click()
    close = page.get_by_role("dialog")
    expect(close).to_have_accessible_name("first: net 0")
    expect(close.get_by_role("button", name="Larger")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(close).to_have_accessible_name("first: net 1")
    expect(page.get_by_role("button", name="The picture after")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(close).to_have_count(0)
    expect(page).not_to_have_url(re.compile("open="))
    look.check()
