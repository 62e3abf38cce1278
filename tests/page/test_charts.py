"""Curves of a long run: what is drawn, what is asked for when one looks closely, and what stands in the address."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.page.conftest import DESK, Look, Site, at_rest, call, until

STEPS = 6_000


@pytest.fixture(scope="module")
def run(signed_in: BrowserContext, site: Site) -> str:
    """A run of thousands of steps with one value that stands out, a curve of the machine, and a value of the whole."""
    id: str = call(signed_in, site, "tasks.create", json.dumps({"name": "a long run", "type": "training"}))["id"]

    def scalar(metric: str, variant: str, step: int, value: float) -> str:
        return json.dumps(
            {"type": "training_stats_scalar", "task": id, "iter": step, "metric": metric, "variant": variant}
            | {"value": value, "timestamp": 1_700_000_000_000 + 1_000 * step}
        )

    lines = [scalar("train/loss", "loss", step, 50.0 if step == 3_000 else 1 + step % 10 / 10) for step in range(STEPS)]
    lines += [scalar("val/loss", "loss", step, 2.0) for step in range(0, STEPS, 100)]
    lines += [scalar(":monitor:machine", "cpu_usage", step, 50.0) for step in range(50)]
    lines += [scalar("Summary", "accuracy", -(2**31), 0.75)]
    call(signed_in, site, "events.add_batch", "\n".join(lines))
    return id


@pytest.fixture
def tab(signed_in: BrowserContext) -> Iterator[Page]:
    page = signed_in.new_page()
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    yield page
    page.close()


def chart(page: Page, title: str) -> Any:
    found = page.locator(".chart-panel").filter(has=page.get_by_role("heading", name=title, exact=True))
    found.locator(".u-over").wait_for()
    return found


def asked(page: Page, act: Any, *, word: str = "") -> dict[str, Any]:
    """What the page asks the server for curves after something is done, in the first request that has a word."""

    def is_it(request: Request) -> bool:
        return "scalar_metrics_iter_histogram" in request.url and word in (request.post_data or "")

    with page.expect_request(is_it) as waiting:
        act()
    found = waiting.value.post_data_json
    assert found is not None
    return dict(found)


def drag(page: Page, over: Any, start: float, stop: float) -> None:
    (box,) = at_rest(page, over)
    page.mouse.move(box["x"] + box["width"] * start, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (start + stop) / 2, box["y"] + 42, steps=4)
    page.mouse.move(box["x"] + box["width"] * stop, box["y"] + 44, steps=4)
    page.mouse.up()


def test_curves_stand_in_sections_that_close_and_stay_closed(look: Look, run: str) -> None:
    page = look.open(f"/experiments/{run}")
    chart(page, "train/loss")
    expect(page.get_by_role("list", name="Single values")).to_contain_text("0.75")
    sections = page.locator(".section-toggle")
    expect(sections).to_have_text(["train1", "val1", "Machine1"])
    sections.first.click()
    page.wait_for_url("**shut=train**")
    expect(page.get_by_role("heading", name="train/loss")).to_have_count(0)
    page.reload()
    chart(page, "val/loss")
    expect(sections.first).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("heading", name="train/loss")).to_have_count(0)
    look.check()


def test_a_part_that_is_dragged_over_comes_in_full_detail_and_stands_in_the_address(tab: Page, site: Site, run: str) -> None:
    tab.goto(f"{site.server.web}/experiments/{run}")
    over = chart(tab, "train/loss").locator(".u-over")
    said = asked(tab, lambda: drag(tab, over, 0.4, 0.5), word="between")
    low, high = said["between"]
    assert 2_300 < low < 2_500
    assert 2_900 < high < 3_100
    tab.wait_for_url(re.compile("from=2[345].*to=(29|30)"))
    expect(tab.get_by_title("Show all of the axis again")).to_contain_text("step 2,")
    again = asked(tab, tab.reload)
    assert "between" not in again  # the whole first: it says whether there is more to see
    tab.wait_for_url(re.compile("from="))
    at_rest(tab, chart(tab, "train/loss"))
    chart(tab, "train/loss").locator(".u-over").dblclick()
    tab.wait_for_url(lambda url: "from=" not in url)


def test_what_is_pointed_at_is_said_in_all_charts_of_the_page(tab: Page, site: Site, run: str) -> None:
    tab.goto(f"{site.server.web}/experiments/{run}")
    over = chart(tab, "train/loss").locator(".u-over")
    value = chart(tab, "val/loss").locator(".legend-value")
    expect(value).to_have_text("2")
    (box,) = at_rest(tab, over)
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 8)
    tip = tab.locator(".chart-tip")
    expect(tip).to_contain_text(re.compile(r"step (29|30)\d\d|step [23],\d{3}"))
    expect(tip).to_contain_text("loss")
    tab.mouse.move(5, 5)
    expect(tip).to_have_count(0)


def test_every_point_is_saved_though_fewer_are_drawn(tab: Page, site: Site, run: str, tmp_path: Path) -> None:
    tab.goto(f"{site.server.web}/experiments/{run}")
    chart(tab, "train/loss")
    tab.get_by_role("button", name="Save train/loss").click()
    with tab.expect_download() as waiting:
        tab.get_by_role("menuitem", name="All points (CSV)").click()
    waiting.value.save_as(tmp_path / "points.csv")
    rows = list(csv.reader((tmp_path / "points.csv").read_text().splitlines()))
    assert rows[0] == ["curve", "step", "value"]
    assert len(rows) == STEPS + 1
    assert ["loss", "3000", "50"] in rows


def test_how_curves_are_drawn_stands_in_the_address(tab: Page, site: Site, run: str) -> None:
    tab.goto(f"{site.server.web}/experiments/{run}")
    chart(tab, "train/loss")
    tab.get_by_role("button", name="View").click()
    tab.get_by_label("logarithmic upwards").check()
    tab.get_by_label("ignore outliers").check()
    tab.get_by_label("bands from least to most").uncheck()
    tab.get_by_label("How curves are made smooth").select_option("gaussian")
    tab.get_by_label("Which curves share a chart").select_option("name")
    tab.keyboard.press("Escape")
    expect(chart(tab, "loss").get_by_role("list", name="Legend").get_by_role("button")).to_have_count(2)
    tab.reload()
    chart(tab, "loss")
    for word in ("log=1", "calm=1", "bands=0", "how=gaussian", "group=name"):
        assert word in tab.url


def test_a_chart_says_how_long_it_took_to_draw(tab: Page, site: Site, run: str) -> None:
    tab.goto(f"{site.server.web}/experiments/{run}?find=train")
    chart(tab, "train/loss")
    until(tab, "performance.getEntriesByName('chart-draw').length > 0")
    detail = tab.evaluate("performance.getEntriesByName('chart-draw').at(-1).detail")
    assert detail["lines"] == 1
    assert 700 < detail["points"] <= 800
