"""Plots and samples of a run: as tables, as figures, as what could not be drawn; step by step, and closely."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.page.conftest import Look, Site, call, listens, seen


@pytest.fixture(scope="module")
def run(signed_in: BrowserContext, site: Site) -> str:
    """A run with a table, a matrix at three steps, what is no plot, and two pictures at two steps."""
    id: str = call(signed_in, site, "tasks.create", json.dumps({"name": "a run with plots", "type": "training"}))["id"]
    body = {"metrics": [{"task": site.tasks[0], "metric": "samples"}]}
    url = call(signed_in, site, "events.debug_images", json.dumps(body))["metrics"][0]["iterations"][0]["events"][0]["url"]

    def plot(metric: str, step: int, figure: Any) -> dict[str, Any]:
        text = figure if isinstance(figure, str) else json.dumps(figure)
        return {"type": "plot", "task": id, "iter": step, "metric": metric, "variant": "v", "plot_str": text, "timestamp": step}

    table = {"type": "table", "header": {"values": ["file", "score"]}, "cells": {"values": [["<i>a</i>.png", "b.png"], [0.25, 0.5]]}}
    events = [plot("table", 1, {"data": [table], "layout": {}}), plot("broken", 1, "no figure"), plot("odd", 1, {"data": [{"type": 5}]})]
    events += [plot("matrix", step, {"data": [{"type": "heatmap", "z": [[step, 1], [2, 3]]}], "layout": {}}) for step in (10, 20, 30)]
    events += [
        {"type": "training_debug_image", "task": id, "iter": step, "metric": "faces", "variant": name, "url": url, "timestamp": step}
        for step in (1, 2)
        for name in ("first", "second")
    ]
    call(signed_in, site, "events.add_batch", "\n".join(map(json.dumps, events)))
    return id


def test_a_table_is_a_table_and_a_matrix_says_its_numbers(look: Look, run: str) -> None:
    page = look.open(f"/experiments/{run}?tab=plots")
    row = page.get_by_role("region", name="table / v").get_by_role("row").nth(1)
    expect(row.get_by_role("cell")).to_have_text(["a.png", "0.25"])
    matrix = page.locator(".plot-panel").filter(has=page.get_by_role("heading", name="matrix / v"))
    matrix.scroll_into_view_if_needed()
    number = matrix.locator(".heatmaplayer text").filter(has_text="30")
    expect(number).to_have_css("fill", "rgb(255, 255, 255)")  # it stands on the darkest shade
    expect(matrix.locator(".heatmaplayer text").filter(has_text=re.compile("^1$"))).to_have_css("fill", "rgb(0, 0, 0)")
    slider = matrix.get_by_role("slider")
    slider.focus()
    slider.press("ArrowLeft")
    expect(matrix.locator(".heatmaplayer text").filter(has_text="20")).to_have_count(1)
    expect(matrix).to_contain_text("step 20")
    look.check()


def test_each_number_of_a_matrix_stands_in_it_once_in_an_ink_that_can_be_read(look: Look) -> None:
    page = look.open(f"/experiments/{look.site.tasks[0]}?tab=plots")
    numbers = page.locator(".heatmaplayer text")
    expect(numbers.filter(has_text="7")).to_have_css("fill", "rgb(255, 255, 255)")  # on the darkest shade, and on the lightest
    expect(numbers.filter(has_text="1")).to_have_css("fill", "rgb(0, 0, 0)")
    expect(numbers).to_have_count(4)
    look.check()


def test_what_is_no_figure_says_so_in_its_own_frame(look: Look, run: str) -> None:
    page = look.open(f"/experiments/{run}?tab=plots")
    broken = page.locator(".plot-panel").filter(has=page.get_by_role("heading", name="broken / v"))
    expect(broken).to_contain_text("This figure can't be drawn: what was reported is no JSON.")
    page.get_by_role("region", name="table / v").wait_for()


def test_a_picture_is_looked_at_closely_with_the_keyboard(look: Look, run: str) -> None:
    page = look.open(f"/experiments/{run}?tab=samples")
    seen(look, "second")
    page.get_by_role("button", name="Look at faces / first, step 2").click()
    dialog = page.get_by_role("dialog", name="faces / first")
    dialog.wait_for()
    listens(page)
    page.keyboard.press("ArrowRight")
    page.get_by_role("dialog", name="faces / second").wait_for()
    page.keyboard.press("ArrowDown")
    page.get_by_role("img", name="faces / second, step 1").first.wait_for()
    page.wait_for_url(re.compile("open=second"))
    page.keyboard.press("+")
    expect(page.locator(".lightbox-scale")).to_have_text("150 %")
    assert look.violations() == []
    page.reload()
    page.get_by_role("dialog", name="faces / second").wait_for()
    listens(page)
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    expect(page.get_by_role("button", name="Look at faces / first, step 1")).to_be_visible()
    look.check()
