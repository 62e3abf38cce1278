"""The table of runs: any parameter and metric as a column, sorted and filtered by any of them, kept as a view."""

import json
import re
import uuid

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.page.conftest import DESK, Look, at_rest
from tests.page.test_doing import call


@pytest.fixture
def word(look: Look) -> str:
    """A word that finds four runs: with rates that are sorted otherwise as texts, and a loss each."""
    page = look.open("/queues")
    word = f"w{uuid.uuid4().hex[:10]}"
    for at, rate in enumerate(("9", "10", "0.5", "auto")):
        parameters = {"Args": {"net.rate": {"section": "Args", "name": "net.rate", "value": rate}}}
        kind = "training" if at else "testing"
        id = call(page, "tasks.create", name=f"{word} {at}", type=kind, tags=[word], hyperparams=parameters)["id"]
        for step in (1, 2):
            event = {"type": "training_stats_scalar", "task": id, "iter": step, "metric": "loss", "variant": word}
            call(page, "events.add", **event, value=at + step)
    return word


def rows(page: Page, word: str) -> Locator:
    return page.get_by_role("row", name=word).filter(has=page.get_by_role("checkbox"))


def order(page: Page, word: str, *numbers: int) -> None:
    """Wait until the runs with these numbers stand there in this order."""
    expect(rows(page, word)).to_have_text([re.compile(rf"{word} {number}") for number in numbers])


def pick(page: Page, *columns: str) -> None:
    page.get_by_role("button", name="Columns").click()
    dialog = page.get_by_role("dialog", name="Columns")
    for column in columns:
        dialog.get_by_label("Find a parameter or metric").fill(column)
        dialog.get_by_role("group", name="Columns").get_by_label(column).first.check()
    dialog.get_by_role("button", name="Done").click()


def sort(look: Look, column: str) -> None:
    """Sort by a column, or the other way round."""
    page = look.page
    if page.viewport_size == DESK:
        page.get_by_role("columnheader", name=column).get_by_role("button", name=column, exact=True).click()
    elif page.get_by_label("Sort by").evaluate("one => one.selectedOptions[0].textContent") == column:
        page.get_by_role("button", name=re.compile("(Greatest|Least) first")).click()
    else:
        page.get_by_label("Sort by").select_option(label=column)


def test_columns_are_picked_and_sorted_by_numbers(look: Look, word: str) -> None:
    page = look.open(f"/experiments?q={word}")
    rows(page, word).first.wait_for()
    pick(page, "net.rate", f"loss/{word} (max)")
    sort(look, "net.rate")
    order(page, word, 1, 0, 2, 3)
    sort(look, "net.rate")
    order(page, word, 2, 0, 1, 3)
    page.reload()
    order(page, word, 2, 0, 1, 3)
    sort(look, f"loss/{word} (max)")
    expect(rows(page, word).first).to_contain_text(f"{word} 3" if page.viewport_size == DESK else f"{word} 0")
    expect(rows(page, word).filter(has_text=f"{word} 3")).to_contain_text("5")
    assert look.violations() == []
    look.check()


def test_no_page_is_asked_for_behind_the_last_one(look: Look, word: str) -> None:
    asked: set[int] = set()

    def on_request(one: Request) -> None:
        if one.url.endswith("/tasks.get_all_ex"):
            asked.add(json.loads(one.post_data or "{}")["page"])

    look.page.on("request", on_request)
    page = look.open(f"/experiments?q={word}")
    order(page, word, 3, 2, 1, 0)
    page.wait_for_timeout(1_000)  # what lies ahead is asked for once the first rows are there
    assert asked == {0}
    look.check()


def test_a_card_is_as_high_as_what_it_says(phone: Look) -> None:
    word = f"w{uuid.uuid4().hex[:10]}"
    page = phone.open("/queues")
    for at, tags in enumerate(([], ["one", "two"], [])):
        call(page, "tasks.create", name=f"{word} {at}", type="testing", tags=tags)
    phone.open(f"/experiments?q={word}")
    order(page, word, 2, 1, 0)
    plain, tagged, last = at_rest(page, *rows(page, word).all())
    assert tagged["height"] > plain["height"] == last["height"]
    assert (plain["y"] + plain["height"], tagged["y"] + tagged["height"]) == (tagged["y"], last["y"])
    for one in rows(page, word).all():  # nothing of a card lies below its edge
        assert one.evaluate("one => one.scrollHeight <= one.clientHeight")
    phone.check()


def test_a_filter_of_a_column_is_in_the_address_and_a_chip_takes_it_away(look: Look, word: str) -> None:
    page = look.open(f"/experiments?q={word}&columns=param:Args/net.rate")
    order(page, word, 3, 2, 1, 0)
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_label("Column", exact=True).select_option(label="net.rate")
    page.get_by_label("or is at least").fill("x")
    page.get_by_role("dialog").get_by_role("button", name="Filter").click()
    expect(page.get_by_role("alert")).to_contain_text("Write numbers")
    page.get_by_label("or is at least").fill("9")
    assert look.violations() == []
    page.get_by_role("dialog").get_by_role("button", name="Filter").click()
    order(page, word, 1, 0)
    expect(page.get_by_role("list", name="Filters")).to_contain_text("net.rate from 9")
    page.reload()
    order(page, word, 1, 0)
    page.get_by_role("button", name="Remove the filter of net.rate").click()
    order(page, word, 3, 2, 1, 0)
    look.check()


def test_each_kind_of_filter_finds_its_runs(look: Look, word: str) -> None:
    for where, found in (
        (f"min:loss/{word}=2..3", (2, 1)),
        (f"max:loss/{word}=..3", (1, 0)),
        (f"loss/{word}=3..,param:Args/net.rate~AUT", (3,)),
        ("@started=2020-01-01T00:00:00.000Z..", ()),
        ("@created=2020-01-01T00:00:00.000Z..", (3, 2, 1, 0)),
        ("@created=..2020-01-01T00:00:00.000Z", ()),
        ("@iteration=2..2", (3, 2, 1, 0)),
        ("@iteration=3..", ()),
        (f"@name~{word} 2", (2,)),
        ("loss/of nobody=1..", ()),
    ):
        page = look.open(f"/experiments?q={word}&where={where}")
        if found:
            order(page, word, *found)
        else:
            page.get_by_text("None fits what is asked for.").wait_for()
    me = call(look.page, "users.get_current_user")["user"]["id"]
    for said, found in (
        (f"tag={word}&type=testing", (0,)),
        (f"status=created,failed&user={me}&tag={word}", (3, 2, 1, 0)),
        ("status=failed", ()),
    ):
        page = look.open(f"/experiments?q={word}&{said}")
        if found:
            order(page, word, *found)
        else:
            page.get_by_text("None fits what is asked for.").wait_for()
    look.check()


def test_a_column_is_filtered_moved_and_put_away_from_its_head(look: Look, word: str) -> None:
    look.page.set_viewport_size(DESK)  # type: ignore[arg-type]
    page = look.open(f"/experiments?q={word}")
    order(page, word, 3, 2, 1, 0)

    def act(column: str, what: str) -> None:
        page.get_by_role("columnheader", name=column).hover()
        page.get_by_role("button", name=f"Filter and arrange {column}").click()
        page.get_by_role("button", name=what).click()

    page.get_by_role("columnheader", name="State").hover()
    page.get_by_role("button", name="Filter and arrange State").click()
    page.get_by_label("failed").check()
    page.get_by_text("None fits what is asked for.").wait_for()
    page.get_by_label("draft").check()
    order(page, word, 3, 2, 1, 0)
    assert look.violations() == []
    page.keyboard.press("Escape")
    act("Tags", "Move to the left")
    heads = page.get_by_role("columnheader")
    expect(heads.nth(3)).to_contain_text("Tags")
    page.get_by_role("columnheader", name="Changed").drag_to(page.get_by_role("columnheader", name="State"))
    expect(heads.nth(2)).to_contain_text("Changed")
    act("Step", "Put the column away")
    expect(page.get_by_role("columnheader", name="Step")).to_have_count(0)
    (name,) = at_rest(page, page.get_by_role("columnheader", name="Tags"))
    page.mouse.move(name["x"] + name["width"] - 3, name["y"] + 18)
    page.mouse.down()
    page.mouse.move(name["x"] + name["width"] + 97, name["y"] + 18, steps=4)
    page.mouse.up()
    page.wait_for_url("**widths=*tags*")
    page.reload()
    expect(heads.nth(2)).to_contain_text("Changed")
    (wider,) = at_rest(page, page.get_by_role("columnheader", name="Tags"))
    assert abs(wider["width"] - name["width"] - 100) < 3
    look.check()


def test_a_view_is_kept_and_opened_again(look: Look, word: str) -> None:
    page = look.open(f"/experiments?q={word}&where=param:Args/net.rate%3D9..&order=name&columns=param:Args/net.rate")
    order(page, word, 0, 1)
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Name of this view").fill(f"<b>{word}</b>")
    with page.expect_response("**/users.set_preferences"):  # the page shows it before the server has it
        page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name=f"<b>{word}</b>", exact=True).wait_for()
    assert look.violations() == []
    look.open("/experiments?q=nothing-is-called-so")
    page.get_by_text("None fits what is asked for.").wait_for()
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name=f"<b>{word}</b>", exact=True).click()
    order(page, word, 0, 1)
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name=f"Forget <b>{word}</b>").click()
    expect(page.get_by_role("button", name=f"<b>{word}</b>", exact=True)).to_have_count(0)
    look.check()


def test_a_state_that_changes_is_seen_without_asking(look: Look, word: str) -> None:
    page = look.open(f"/experiments?q={word}")
    order(page, word, 3, 2, 1, 0)
    id = call(page, "tasks.get_all", tags=[word], name=f"^{word} 1$", only_fields=["id"])["tasks"][0]["id"]
    call(page, "tasks.started", task=id)
    expect(rows(page, word).filter(has_text=f"{word} 1")).to_contain_text("running")
    look.check()


def test_runs_are_found_by_tag_and_type(look: Look) -> None:
    page = look.open("/experiments?tag=small&type=training")
    page.get_by_role("row", name="net 4").wait_for()
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_label("Column", exact=True).select_option(label="Type")
    choices = page.get_by_role("dialog").get_by_role("group", name="Choices")
    choices.get_by_label("training").uncheck()
    choices.get_by_label("testing").check()
    page.get_by_text("None fits what is asked for.").wait_for()
    look.check()
