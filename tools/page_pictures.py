"""The pictures of the web page in the README and the guide, with runs that are made up: `make picture` takes them anew."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tilth.testing.servers import RunningServer, running_server

__all__: list[str] = []

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

RUNS = """
import math, random
from tilth import Task

random.seed(7)
print("made up")
for number, (net, rate) in enumerate([("resnet18", 0.02), ("resnet50", 0.012), ("vit-small", 0.03), ("mixer", 0.016), ("vit-base", 0.024)]):
    tags = ["baseline"] if number % 2 else ["augmented"]
    task = Task.init("Team/Pets", net, tags=tags, reuse_last_task_id=False, auto_resource_monitoring=False)
    task.connect({"lr": rate, "batch_size": 64})
    logger = task.get_logger()
    for step in range(300):
        down = math.exp(-step * rate)
        logger.report_scalar("loss", "train", 0.12 + down + random.gauss(0, 0.02), step)
        logger.report_scalar("accuracy", "train", 0.97 - 0.7 * down + random.gauss(0, 0.008), step)
        if step % 10 == 0:
            logger.report_scalar("loss", "validation", 0.2 + 1.05 * down + random.gauss(0, 0.01), step)
            logger.report_scalar("accuracy", "validation", 0.93 - 0.7 * down + random.gauss(0, 0.005), step)
    logger.report_single_value("best accuracy", 0.93 + number / 100)
    task.close()
    print("task", task.id)
"""


def main() -> None:
    """Make some runs, and look at them."""
    with tempfile.TemporaryDirectory() as scratch, running_server(Path(scratch) / "home") as server:
        id = _runs(Path(scratch), server)
        link = subprocess.run(
            [sys.executable, "-m", "tilth.cli.main", "link", "--home", f"{scratch}/home"], capture_output=True, text=True, check=True
        ).stdout.split()[0]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_context(viewport=DESK).new_page()  # type: ignore[arg-type]
            page.goto(link)
            page.wait_for_selector("nav[aria-label=Places]")
            address = f"{server.web}/experiments/{id}?smooth=0.8"
            for name, size in (("run", DESK), ("phone", PHONE)):
                page.set_viewport_size(size)  # type: ignore[arg-type]
                page.goto(address)
                page.locator(".chart canvas").first.wait_for()
                page.wait_for_timeout(500)
                page.screenshot(path=FOLDER / f"page-{name}.png")
            page.set_viewport_size(DESK)  # type: ignore[arg-type]
            page.goto(f"{server.web}/experiments?columns=loss/validation,accuracy/validation")
            page.get_by_text("vit-base").first.wait_for()
            page.wait_for_timeout(500)
            page.screenshot(path=FOLDER / "page-experiments.png")
            browser.close()


def _runs(folder: Path, server: RunningServer) -> str:
    known = server.credentials
    said = {"TILTH_API_SERVER": known["api_server"], "TILTH_API_FILES_SERVER": known["files_server"], "TILTH_HOME": str(folder / "client")}
    said |= {"TILTH_API_ACCESS_KEY": known["access_key"], "TILTH_API_SECRET_KEY": known["secret_key"]}
    (folder / "train.py").write_text(RUNS)
    done = subprocess.run([sys.executable, "train.py"], cwd=folder, env=os.environ | said, capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


if __name__ == "__main__":
    main()
