"""A browser, and a server with something to look at."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, FloatRect, Locator, Page, Request, expect, sync_playwright

from tilth.testing import forking
from tilth.testing.servers import RunningServer, running_server

ROOT = Path(__file__).parents[2]
AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium")
# What is waited for on a machine that does much else at the same time.
PATIENCE_MS = 180_000
expect.set_options(timeout=PATIENCE_MS)
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
FITS = "document.documentElement.scrollWidth <= innerWidth"
_OF_THE_MACHINE = ("GL Driver Message", "willReadFrequently")
"""What Chromium says of machines that draw without a graphics card: figures in space are slower there."""
_COUNTS = """{ const ask = window.fetch; window.underway = 0;
window.fetch = (...all) => { window.underway += 1; return ask(...all).finally(() => { window.underway -= 1 }) } }"""
"""How many questions to the server have no answer yet."""
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

SEED = """
import random, struct, sys, zlib
from pathlib import Path
from tilth import Dataset, OutputModel, Task

random.seed(1)
for number in range(5):
    task = Task.init("Team/Pets", f"net {number}", tags=["small"], reuse_last_task_id=False, auto_connect_frameworks=False)
    task.connect({"lr": 0.1 / (number + 1), "net": {"depth": number}})
    logger = task.get_logger()
    for step in range(100):
        logger.report_scalar("loss", "train", 1 / (step + 1) + random.random() / 10, step)
        logger.report_scalar("loss", "val", 1.2 / (step + 1), step)
    logger.report_single_value("accuracy", 0.9 + number / 100)
    logger.report_confusion_matrix("confusion", "val", [[5, 1], [2, 7]], 99, xlabels=["cat", "dog"], ylabels=["cat", "dog"])
    logger.report_image("samples", "first", 99, image=[[[0, 120, 250]] * 8] * 8)
    print("\\x1b[32mepoch\\x1b[0m <b>of five</b>")
    task.upload_artifact("scores", {"cat": 0.9})
    if number == 4:
        model = OutputModel(task=task, name="cats", framework="PyTorch", label_enumeration={"cat": 0}, config_dict={"layers": 3})
        Path("cats.pt").write_bytes(b"weights")
        model.update_weights("cats.pt", async_enable=False)
        print("model", model.id)
    task.close()
    print("task", task.id)
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

DOT = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
DOT += chunk(b"IDAT", zlib.compress((b"\\0" + b"\\x00\\x80\\xff" * 8) * 8)) + chunk(b"IEND", b"")
FILES = {
    "labels.csv": b"name,score\\nrex,0.5\\ntom,0.75\\n",
    "pictures/cat/tom.png": DOT,
    "pictures/cat/broken.png": b"no picture",
    "pictures/dog/rex.png": DOT,
    "notes/<img src=x onerror=alert(1)>.txt": b"<b>said</b> of pets",
}
for path, content in FILES.items():
    Path("data", path).parent.mkdir(parents=True, exist_ok=True)
    Path("data", path).write_bytes(content)
first = Dataset.create("pets", "Team/Pets", dataset_tags=["<b>tag</b>"], description="<b>Pets</b> of the team")
first.add_files("data")
first.finalize(auto_upload=True)
Path("data/labels.csv").write_text("name,score\\nrex,0.5\\nkit,0.9\\n")
second = Dataset.create("pets", "Team/Pets", parent_datasets=[first.id])
second.add_files("data")
second.remove_files("pictures/dog/*")
second.finalize(auto_upload=True)
print("version", first.id)
print("version", second.id)
Path("far").mkdir()
Path("far/away.txt").write_text("elsewhere")
linked = Dataset.create("links", "Team/Far")
linked.add_external_files(Path("far").absolute().as_uri() + "/", dataset_path="far")
linked.finalize(auto_upload=True)
print("linked", linked.id)
user = Task.init("Team/Pets", "net of pets", reuse_last_task_id=False, auto_connect_frameworks=False)
Dataset.get(second.id, alias="train")
user.close()
hostile = Task.init("<img src=x onerror=alert(1)>", "<script>alert('name')</script>", tags=["<b>tag</b>"], reuse_last_task_id=False)
hostile.close()
print("hostile", hostile.id)
waiting = Task.create(project_name="Team/Pets", task_name="waiting")
Task.enqueue(waiting, queue_name="default")
"""


@dataclass
class Site:
    """A server that is looked at."""

    server: RunningServer
    tasks: list[str]
    model: str
    hostile: str
    versions: list[str]
    linked: str
    """A version of links."""


@dataclass
class Look:
    """One tab of a browser, and what went wrong in it."""

    page: Page
    site: Site
    said: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.site.server.web}{path}")
        return self.page

    def watch(self) -> None:
        """Note what the page complains of, and whom it asks."""

        def on_console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning") and not any(hint in message.text for hint in _OF_THE_MACHINE):
                self.said.append(message.text)

        def on_request(asked: Request) -> None:
            if not asked.url.startswith((self.site.server.web, "data:", "blob:")):
                self.foreign.append(asked.url)

        self.page.on("console", on_console)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", on_request)

    def begin_anew(self) -> Page:
        """Close the tab, whatever it was doing, and open another one of the same size."""
        old, self.page = self.page, self.page.context.new_page()
        self.page.set_viewport_size(old.viewport_size or DESK)  # type: ignore[arg-type]
        self.watch()
        old.close()
        return self.page

    def check(self) -> None:
        """Nothing was complained of, no other host was asked, and nothing runs out of the page sideways once it is at rest."""
        assert (self.said, self.foreign) == ([], [])
        for _ in range(100):  # what is drawn in the size of the page is measured first
            if self.page.evaluate(FITS):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError("something runs out of the page sideways")

    def violations(self, *, outline: bool = False) -> list[str]:
        """What axe finds against WCAG 2.1 AA; with `outline`, also against headings that leave out a level."""
        self.page.evaluate(AXE.read_text())
        # What passes is not asked for: to describe every element that does takes most of the time.
        kinds = "runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations']"
        options = f"{{ {kinds}, rules: {{ 'heading-order': {{ enabled: {str(outline).lower()} }} }} }}"
        found = self.page.evaluate(f"axe.run({options})")
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not here: `make services` installs it")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=_QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as people install it: what is in a built wheel, which all processes of a run of tests share."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "wheel"
    folder.mkdir(exist_ok=True)
    package = folder / "unpacked"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not package.exists():
            building = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
            subprocess.run(building, cwd=ROOT, check=True, capture_output=True, timeout=900)
            (wheel,) = folder.glob("*.whl")
            shutil.unpack_archive(wheel, folder / "unpacking", format="zip")
            (folder / "unpacking").rename(package)
    where = [sys.executable, "-c", "import tilth; print(tilth.__file__)"]
    found = subprocess.run(where, env=os.environ | {"PYTHONPATH": str(package)}, check=True, capture_output=True, text=True)
    assert Path(found.stdout.strip()).parent == package / "tilth"
    return package


@pytest.fixture(scope="session")
def site(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with running_server(folder / "home", PYTHONPATH=str(package)) as server:
        known = server.credentials
        keys = {"TILTH_API_ACCESS_KEY": known["access_key"], "TILTH_API_SECRET_KEY": known["secret_key"]}
        keys |= {"TILTH_API_SERVER": known["api_server"], "TILTH_API_FILES_SERVER": known["files_server"]}
        keys |= {"TILTH_HOME": str(folder / "client")}
        (folder / "seed.py").write_text(SEED)
        seeded = subprocess.run(
            [sys.executable, "seed.py"], cwd=folder, env=os.environ | keys, capture_output=True, text=True, check=False, timeout=900
        )
        assert seeded.returncode == 0, seeded.stderr
        kinds = ("task", "model", "hostile", "version", "linked")
        said = [line.split() for line in seeded.stdout.splitlines() if line.partition(" ")[0] in kinds]
        ids = {name: [id for kind, id in said if kind == name] for name in kinds}
        yield Site(server, ids["task"], ids["model"][0], ids["hostile"][0], ids["version"], ids["linked"][0])


def new_context(browser: Browser) -> BrowserContext:
    """Somebody's browser, in which nobody has signed in."""
    context = browser.new_context(viewport=DESK)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(_COUNTS)
    return context


@pytest.fixture(scope="session")
def signed_in(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    context = new_context(browser)
    page = context.new_page()
    link = ["-m", "tilth.cli.main", "link", "--home", str(site.server.home)]  # it is good for some minutes, so not earlier
    page.goto(forking.run(link, check=True).stdout.split()[0])
    page.wait_for_selector("nav[aria-label=Places]")
    page.close()
    yield context
    context.close()


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def look(request: pytest.FixtureRequest, signed_in: BrowserContext, site: Site) -> Iterator[Look]:
    yield from _look(signed_in, site, request.param)


@pytest.fixture
def phone(signed_in: BrowserContext, site: Site) -> Iterator[Look]:
    yield from _look(signed_in, site, PHONE)


def _look(signed_in: BrowserContext, site: Site, size: dict[str, int]) -> Iterator[Look]:
    found = Look(signed_in.new_page(), site)
    found.page.set_viewport_size(size)  # type: ignore[arg-type]
    found.watch()
    yield found
    found.page.close()


def call(context: BrowserContext, site: Site, name: str, body: str) -> dict[str, Any]:
    """Make a call of the server as the page makes it."""
    headers = {"content-type": "application/json", "x-tilth-csrf": "1"}
    answer = context.request.post(f"{site.server.web}/api/{name}", data=body.encode(), headers=headers)
    assert answer.ok, answer.text()
    found: dict[str, Any] = answer.json()["data"]
    return found


def seen(look: Look, *texts: str) -> Any:
    """Wait until each of these texts is on the page."""
    for text in texts:
        look.page.get_by_text(text, exact=False).first.wait_for()


def listens(page: Page) -> None:
    """Wait until what stands in front of the page has the focus: keys that are pressed before are the page's."""
    page.locator("[role=dialog]:focus-within").wait_for()


def until(page: Page, holds: str) -> None:
    """Wait until an expression holds. Playwright's `wait_for_function` asks from within the page, where what is a text may not be run."""
    for _ in range(PATIENCE_MS // 100):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"it never holds that {holds}")


def at_rest(page: Page, *wanted: Locator) -> list[FloatRect]:
    """Where these are, once nothing above them comes or goes any more, and nothing is asked for that may come."""
    before: list[FloatRect | None] = []
    still = 0
    for _ in range(600):
        boxes = [one.bounding_box() for one in wanted]
        still = still + 1 if boxes == before and None not in boxes and page.evaluate("underway") == 0 else 0
        if still == 3:
            return [box for box in boxes if box]
        before = boxes
        page.wait_for_timeout(100)
    raise AssertionError("the page does not come to rest")
