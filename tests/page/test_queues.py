"""What waits is put into another order with the pointer and with the keyboard; workers show what they do."""

import time
import uuid
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import Look, Site, at_rest, seen

ITEMS = {"cpu_usage": [40.0, 60.0], "memory_used": 3_000.0, "memory_free": 9_000.0, "network_rx": 1.5, "network_tx": 0.5}


def queue_of(site: Site, count: int) -> tuple[str, str, list[str]]:
    """A new queue, its name, and the names of the drafts that wait in it."""
    name = f"q {uuid.uuid4().hex[:8]}"
    queue = site.server.call("queues.create", name=name)["id"]
    names = [f"{name} task {at}" for at in range(count)]
    for one in names:
        task = site.server.call("tasks.create", name=one, type="training")["id"]
        site.server.call("tasks.enqueue", task=task, queue=queue)
    return queue, name, names


def order(site: Site, queue: str) -> list[str]:
    found: dict[str, Any] = site.server.call("queues.get_all_ex", id=[queue])["queues"][0]
    return [entry["task"]["name"] for entry in found["entries"]]


def lines(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name=f"What waits in {name}").locator("[data-task]")


def expect_order(look: Look, queue: str, name: str, expected: list[str]) -> None:
    """The page and the server have this order."""
    found = lines(look.page, name)
    expect(found).to_have_count(len(expected))
    for at, one in enumerate(expected):
        expect(found.nth(at)).to_contain_text(one)
    deadline = time.monotonic() + 120
    while order(look.site, queue) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert order(look.site, queue) == expected


def drag(page: Page, line: Locator, onto: Locator, *, below: bool) -> None:
    onto.scroll_into_view_if_needed()
    grip, target = at_rest(page, line.get_by_role("button", name="Move "), onto)
    page.mouse.move(grip["x"] + 8, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(target["x"] + 60, target["y"] + target["height"] * (0.4 if below else 0.6), steps=4)
    page.mouse.move(target["x"] + 60, target["y"] + target["height"] * (0.8 if below else 0.2), steps=2)
    page.mouse.up()


def test_tasks_are_dragged_into_another_order(look: Look) -> None:
    queue, name, (first, second, third) = queue_of(look.site, 3)
    page = look.open("/queues")
    lines(page, name).nth(2).wait_for()
    drag(page, lines(page, name).nth(2), lines(page, name).nth(0), below=False)
    expect_order(look, queue, name, [third, first, second])
    drag(page, lines(page, name).nth(0), lines(page, name).nth(1), below=True)
    expect_order(look, queue, name, [first, third, second])
    look.check()
    look.site.server.call("queues.delete", queue=queue, force=True)


def test_tasks_are_moved_with_the_keyboard(look: Look) -> None:
    queue, name, (first, second, third) = queue_of(look.site, 3)
    page = look.open("/queues")
    lines(page, name).nth(2).get_by_role("button", name="Move ").focus()
    page.keyboard.press("ArrowUp")
    expect_order(look, queue, name, [first, third, second])
    page.keyboard.press("ArrowUp")  # the focus went with the line
    expect_order(look, queue, name, [third, first, second])
    page.keyboard.press("End")
    expect_order(look, queue, name, [first, second, third])
    page.keyboard.press("Home")
    expect_order(look, queue, name, [third, first, second])
    expect(page.get_by_role("status").filter(has_text=f"{third} is number 1 in {name}")).to_have_count(1)
    assert look.violations() == []
    look.check()
    look.site.server.call("queues.delete", queue=queue, force=True)


def test_a_task_goes_into_another_queue_and_out_and_back(look: Look) -> None:
    queue, name, (first, second) = queue_of(look.site, 2)
    other, other_name, (there,) = queue_of(look.site, 1)
    page = look.open("/queues")
    page.get_by_role("button", name=f"What can be done with {first}").click()
    page.get_by_role("menuitem", name=f"Into {other_name}").click()
    expect_order(look, other, other_name, [there, first])
    expect_order(look, queue, name, [second])
    task = look.site.server.call("tasks.get_all_ex", name=first)["tasks"][0]
    assert (task["status"], task["execution"]["queue"]) == ("queued", other)
    page.get_by_role("button", name=f"What can be done with {there}").click()
    page.get_by_role("menuitem", name="Take it out").click()
    page.locator(".toast").filter(has_text=f"{there} does not wait any more.").hover()  # it stays while it is pointed at
    expect_order(look, other, other_name, [first])
    page.get_by_role("button", name="Undo").click()
    expect_order(look, other, other_name, [there, first])
    look.check()
    for one in (queue, other):
        look.site.server.call("queues.delete", queue=one, force=True)


def test_a_queue_is_made_renamed_emptied_and_deleted(look: Look) -> None:
    page = look.open("/queues")
    name = f"made {uuid.uuid4().hex[:8]}"
    page.get_by_role("button", name="New queue").click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("button", name="Make it").click()
    seen(look, name)
    queue = look.site.server.call("queues.get_all", name=name)["queues"][0]["id"]
    task = look.site.server.call("tasks.create", name=f"in {name}", type="training")["id"]
    look.site.server.call("tasks.enqueue", task=task, queue=queue)
    seen(look, f"in {name}")  # live
    doing = page.get_by_role("button", name=f"What can be done with the queue {name}")
    doing.click()
    page.get_by_role("menuitem", name="Rename…").click()
    page.get_by_role("textbox", name="Name").fill(f"{name} new")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("heading", name=f"{name} new").wait_for()
    doing.click()
    page.get_by_role("menuitem", name="Empty…").click()
    seen(look, "1 run waits in it")
    page.get_by_role("button", name="Empty it").click()
    page.get_by_text(f"Nothing waits in {name} new any more.").wait_for()
    page.get_by_role("list", name=f"What waits in {name} new").wait_for(state="attached")  # nothing behind a dialog has a role
    expect(lines(page, f"{name} new")).to_have_count(0)
    assert look.site.server.call("tasks.get_by_id", task=task)["task"]["status"] == "created"
    doing.click()
    page.get_by_role("menuitem", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text(f"The queue {name} new is deleted.").wait_for()
    expect(page.get_by_role("heading", name=f"{name} new")).to_have_count(0)
    look.check()


def test_workers_show_what_they_run_and_how_busy_they_are(look: Look) -> None:
    call = look.site.server.call
    queue, name, (task_name,) = queue_of(look.site, 1)
    worker = f"lab:{uuid.uuid4().hex[:8]}"
    call("workers.register", worker=worker, queues=[queue])
    task = call("queues.get_next_task", queue=queue)["entry"]["task"]
    call("tasks.started", task=task)
    call("workers.status_report", worker=worker, queues=[queue], queue=queue, task=task, machine_stats=ITEMS)
    page = look.open("/queues?tab=workers")
    page.get_by_role("link", name=task_name).wait_for()
    line = page.get_by_role("listitem").filter(has_text=worker)
    expect(line).to_contain_text("running")
    expect(line).to_contain_text("50 %")
    expect(line).to_contain_text("25 %")
    page.get_by_role("button", name=f"The load of {worker} over time").click()
    for shown in ("CPU, %", "Memory, GB", "Network, MB/s"):
        page.get_by_role("img", name=f"{shown} of {worker}, over time").locator("canvas").first.wait_for()
    assert page.get_by_role("img", name=f"GPU, % of {worker}").count() == 0
    assert look.violations() == []
    page.reload()
    page.get_by_role("img", name=f"CPU, % of {worker}, over time").wait_for()
    look.open("/queues")
    page.get_by_role("img", name="Tasks that waited, over time").locator("canvas").first.wait_for()
    seen(look, name)
    assert look.violations() == []
    look.check()
    call("workers.unregister", worker=worker)
    call("tasks.stopped", task=task)
    call("queues.delete", queue=queue)
