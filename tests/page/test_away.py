"""A server that goes away, and a session that ends: what somebody was writing stays, and the page goes on."""

import re
import signal
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.conftest import Site, new_context, until
from tilth.testing import forking
from tilth.testing.servers import RunningServer, free_port, running_server

BACK = """window.told = false;
const look = () => { told ||= document.body.innerText.includes("The server is back.") };
new MutationObserver(look).observe(document.body, { childList: true, subtree: true })"""


class Restarted:
    """A server that is killed and started again at the same address."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port(3)
        self.started = ExitStack()

    def start(self) -> RunningServer:
        return self.started.enter_context(running_server(self.home, port=self.port))

    def link(self) -> str:
        return forking.run(["-m", "tilth.cli.main", "link", "--home", str(self.home)], check=True).stdout.split()[0]


@pytest.fixture
def restarted(tmp_path: Path) -> Iterator[Restarted]:
    made = Restarted(tmp_path / "home")
    yield made
    made.started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = new_context(browser)
    yield context.new_page()
    context.close()


def test_a_server_that_comes_back_finds_the_form_as_it_was(restarted: Restarted, page: Page) -> None:
    server = restarted.start()
    page.goto(restarted.link())
    page.goto(f"{server.web}/projects")
    page.get_by_role("button", name="New project").click()
    dialog = page.get_by_role("dialog", name="New project")
    dialog.get_by_role("textbox", name="Name").fill("Kept/While away")
    server.stop(signal.SIGKILL)
    banner = page.get_by_text("What you see may be old")
    expect(banner).to_be_visible()
    dialog.get_by_role("button", name="Make it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The server does not answer")
    page.evaluate(BACK)
    server = restarted.start()
    until(page, "told")  # which is said for some seconds only
    expect(banner).to_have_count(0)
    expect(dialog.get_by_role("textbox", name="Name")).to_have_value("Kept/While away")
    dialog.get_by_role("button", name="Make it").click()
    page.get_by_role("link", name="Kept").wait_for()
    server.call("projects.create", name="Seen live", description="")
    page.get_by_role("link", name="Seen live").wait_for()


def test_a_page_that_opens_while_the_server_has_no_database_goes_on_by_itself(restarted: Restarted, page: Page) -> None:
    server = restarted.start()
    page.goto(restarted.link())
    page.get_by_role("navigation", name="Places").wait_for()
    page.route("**/api/users.get_current_user", lambda route: route.fulfill(status=503, body="{}"))
    page.goto(f"{server.web}/queues")
    page.get_by_role("heading", name="The server does not answer").wait_for()
    page.unroute("**/api/users.get_current_user")
    page.get_by_role("heading", name="Queues").wait_for()


def signed_in(page: Page, site: Site, *, path: str) -> str:
    """The name of a new person, who is signed in and looks at `path`."""
    name = f"person {uuid.uuid4().hex[:8]}"
    site.server.call("auth.create_user", name=name, password="a long word", role="member")
    page.goto(f"{site.server.web}{path}")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("a long word")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Places").wait_for()
    return name


def test_a_session_that_ended_is_asked_for_once_and_nothing_is_lost(page: Page, site: Site) -> None:
    task = site.server.call("tasks.create", name="of a long session", type="training")["id"]
    path = f"/experiments/{task}?tab=info"
    name = signed_in(page, site, path=path)
    page.get_by_role("tabpanel", name="Info").get_by_text(task[:8]).wait_for()  # nothing is asked for any more
    page.get_by_role("button", name="Edit name, tags and comment").click()
    comment = page.get_by_role("textbox", name="Comment")
    comment.fill("a long thought")
    page.context.clear_cookies()
    edit = page.get_by_role("dialog", name="Edit the run")
    edit.get_by_role("button", name="Save").click()
    again = page.get_by_role("dialog", name="Sign in again")
    expect(again).to_have_count(1)
    expect(again.get_by_label("Name")).to_have_value(name)
    expect(again.get_by_label("Password")).to_be_focused()
    page.keyboard.press("Escape")
    expect(again).to_have_count(1)
    page.keyboard.type("a long word")
    page.keyboard.press("Enter")
    expect(again).to_have_count(0)
    expect(page).to_have_url(f"{site.server.web}{path}")
    expect(comment).to_have_value("a long thought")
    edit.get_by_role("button", name="Save").click()
    expect(edit).to_have_count(0)
    assert site.server.call("tasks.get_by_id", task=task)["task"]["comment"] == "a long thought"


def test_a_session_that_ended_is_noticed_by_whatever_is_asked_next(page: Page, site: Site) -> None:
    signed_in(page, site, path="/models")
    page.get_by_role("row", name="cats").first.wait_for()  # all that the page asks for is there
    page.context.clear_cookies()
    page.get_by_role("link", name="Queues").click()
    again = page.get_by_role("dialog", name="Sign in again")
    expect(again).to_have_count(1)
    other = f"person {uuid.uuid4().hex[:8]}"
    site.server.call("auth.create_user", name=other, password="a long word", role="member")
    again.get_by_label("Name").fill(other)
    again.get_by_label("Password").fill("a long word")
    again.get_by_role("button", name="Sign in").click()
    expect(page.locator("header").get_by_text(other)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/queues$"))


def test_signing_out_leaves_nothing_behind(page: Page, site: Site) -> None:
    signed_in(page, site, path="/settings")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in to Tilth").wait_for()
    assert (
        page.evaluate(
            "fetch('/api/users.get_current_user', {method: 'POST', headers: {'x-tilth-csrf': '1'}, body: '{}'}).then(a => a.status)"
        )
        == 401
    )


def test_a_part_that_does_not_arrive_is_asked_for_again(page: Page, site: Site) -> None:
    signed_in(page, site, path="/queues")
    page.route("**/assets/console-*.js", lambda route: route.abort())
    page.goto(f"{site.server.web}/experiments/{site.tasks[0]}?tab=console")
    page.get_by_text("A part of this page could not be fetched.").wait_for()
    page.get_by_role("tab", name="Console").wait_for()
    page.unroute("**/assets/console-*.js")
    page.get_by_role("button", name="Try again").click()
    page.locator(".log-line").first.wait_for()


def test_people_say_in_the_settings_what_they_are_called(page: Page, site: Site) -> None:
    name = signed_in(page, site, path="/settings")
    you = page.get_by_role("region", name="You")
    expect(you.get_by_label("Name")).to_have_value(name)
    you.get_by_label("Name").fill(f"{name} the second")
    you.get_by_label("E-mail").fill("second@example.org")
    you.get_by_role("button", name="Save").click()
    expect(page.locator(".who")).to_have_text(f"{name} the second")
    you.get_by_label("Name").fill("admin")
    you.get_by_role("button", name="Save").click()
    expect(you.get_by_role("alert")).to_contain_text("there is an account admin already")
    page.reload()
    expect(you.get_by_label("Name")).to_have_value(f"{name} the second")
    expect(you.get_by_label("E-mail")).to_have_value("second@example.org")
    you.get_by_label("New password").fill("a longer word")
    you.get_by_role("button", name="Set the password").click()
    page.get_by_text("The password is changed.").wait_for()
