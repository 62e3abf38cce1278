"""The pictures of the web page in the README and the guide, with data that is made up: `make picture` takes them anew."""

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tilth.testing.servers import RunningServer, running_server

__all__: list[str] = []

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

MADE = """
import math, random
from pathlib import Path
from PIL import Image, ImageDraw
from tilth import Dataset, OutputModel, Task

random.seed(7)
print("made up")

def pet(kind, size=96):
    shade = random.randrange(140)
    fur = (90 + shade, 110 + shade * 2 % 90, 70 + shade * 3 % 120)
    picture = Image.new("RGB", (size, size), (235 - shade // 3, 225, 205 + shade // 6))
    draw = ImageDraw.Draw(picture)
    x, y, r = size / 2 + random.uniform(-8, 8), size * 0.55, size * 0.3 + random.uniform(-4, 4)
    draw.ellipse([x - r, y - r, x + r, y + r], fill=fur)
    for side in (-1, 1):
        if kind == "cat":
            draw.polygon([(x + side * r, y - r * 0.4), (x + side * r * 0.8, y - r * 1.4), (x + side * r * 0.2, y - r * 0.9)], fill=fur)
        else:
            ear = sorted([x + side * r * 1.25, x + side * r * 0.6])
            draw.ellipse([ear[0], y - r * 0.8, ear[1], y + r * 0.4], fill=tuple(part - 30 for part in fur))
        draw.ellipse([x + side * r * 0.4 - 3, y - 6, x + side * r * 0.4 + 3, y], fill=(20, 20, 20))
    draw.ellipse([x - 3, y + 6, x + 3, y + 11], fill=(60, 30, 30))
    return picture

def keep(kind, numbers):
    for number in numbers:
        place = Path(f"pets/{kind}/{kind}-{number:03}.jpg")
        place.parent.mkdir(parents=True, exist_ok=True)
        pet(kind).save(place)

keep("cat", range(24))
keep("dog", range(24))
said = "Pictures of **cats** and **dogs**: one animal each, 96 by 96."
first = Dataset.create("cats_vs_dogs", "Team/Pets", dataset_tags=["raw"], description=said)
first.add_files("pets")
first.finalize(auto_upload=True)
keep("cat", range(24, 30))
more = Dataset.create("cats_vs_dogs", "Team/Pets", parent_datasets=[first.id], dataset_tags=["more cats"])
more.add_files("pets")
more.finalize(auto_upload=True)
clean = Dataset.create("cats_vs_dogs", "Team/Pets", parent_datasets=[first.id], dataset_tags=["clean"])
clean.remove_files("dog/dog-00*")
clean.finalize(auto_upload=True)
both = Dataset.create("cats_vs_dogs", "Team/Pets", parent_datasets=[more.id, clean.id], dataset_tags=["reviewed"], description=said)
both.finalize(auto_upload=True)
print("version", both.id)

NETS = [("resnet18", 0.02), ("resnet50", 0.012), ("vit-small", 0.03), ("mixer", 0.016), ("vit-base", 0.024)]
for number, (net, rate) in enumerate(NETS):
    tags = ["baseline"] if number % 2 else ["augmented"]
    task = Task.init("Team/Pets", net, tags=tags, reuse_last_task_id=False, auto_resource_monitoring=False, auto_connect_frameworks=False)
    task.connect({"lr": rate, "batch_size": 64})
    Dataset.get(both.id, alias="train")
    logger = task.get_logger()
    for step in range(300):
        down = math.exp(-step * rate)
        logger.report_scalar("loss", "train", 0.12 + down + random.gauss(0, 0.02), step)
        logger.report_scalar("accuracy", "train", 0.97 - 0.7 * down + random.gauss(0, 0.008), step)
        if step % 10 == 0:
            logger.report_scalar("loss", "validation", 0.2 + 1.05 * down + random.gauss(0, 0.01), step)
            logger.report_scalar("accuracy", "validation", 0.93 - 0.7 * down + random.gauss(0, 0.005), step)
    logger.report_single_value("best accuracy", 0.93 + number / 100)
    if number % 2 == 0:
        model = OutputModel(task=task, name=f"{net}-pets", framework="PyTorch", label_enumeration={"cat": 0, "dog": 1})
        Path("weights.pt").write_bytes(random.randbytes(4_000))
        model.update_weights("weights.pt", async_enable=False)
    task.close()
    print("task", task.id)
for number in range(4):
    waits = Task.create(project_name="Team/Signs", task_name=f"sweep {number + 1}, width {2 ** (number + 4)}")
    Task.enqueue(waits, queue_name="default")
    print("waits", waits.id)
"""


def main() -> None:
    """Make some data, and look at it."""
    with tempfile.TemporaryDirectory() as scratch, running_server(Path(scratch) / "home") as server:
        made = _made(Path(scratch), server)
        for task in made["waits"][:2]:  # as an agent does
            server.call("tasks.dequeue", task=task)
            server.call("tasks.started", task=task)
        link = subprocess.run(
            [sys.executable, "-m", "tilth.cli.main", "link", "--home", f"{scratch}/home"], capture_output=True, text=True, check=True
        ).stdout.split()[0]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_context(viewport=DESK).new_page()  # type: ignore[arg-type]
            page.goto(link)
            page.wait_for_selector("nav[aria-label=Places]")
            run, version = made["task"][-1], made["version"][0]
            compared = f"/compare?ids={','.join(made['task'])}&smooth=0.6"
            curves = ".chart canvas"
            for name, size, path, shown in (
                ("home", DESK, "/", "text=Last changed"),
                ("experiments", DESK, "/experiments?columns=loss/validation,accuracy/validation", "text=vit-base"),
                ("run", DESK, f"/experiments/{run}?smooth=0.8", curves),
                ("compare", DESK, compared, curves),
                ("dataset", DESK, f"/datasets/{version}", "text=reviewed"),
                ("contents", DESK, f"/datasets/{version}?tab=contents&folder=cat&view=grid", "text=cat-001.jpg"),
                ("phone", PHONE, f"/experiments/{run}?smooth=0.8", curves),
            ):
                page.set_viewport_size(size)  # type: ignore[arg-type]
                page.goto(f"{server.web}{path}")
                page.locator(shown).first.wait_for()
                _take(page, name)
            browser.close()


def _take(page: Page, name: str) -> None:
    page.wait_for_load_state()
    for _ in range(20):
        page.wait_for_timeout(500)  # what is drawn fades in
        if not page.locator(".turning").count():
            break
    page.wait_for_timeout(1_000)
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    taken.quantize(256, dither=Image.Dither.NONE).save(FOLDER / f"page-{name}.png", optimize=True)


def _made(folder: Path, server: RunningServer) -> dict[str, list[str]]:
    """The ids of what was made up, by kind."""
    known = server.credentials
    said = {"TILTH_API_SERVER": known["api_server"], "TILTH_API_FILES_SERVER": known["files_server"], "TILTH_HOME": str(folder / "client")}
    said |= {"TILTH_API_ACCESS_KEY": known["access_key"], "TILTH_API_SECRET_KEY": known["secret_key"]}
    (folder / "train.py").write_text(MADE)
    done = subprocess.run([sys.executable, "train.py"], cwd=folder, env=os.environ | said, capture_output=True, text=True, check=True)
    made: dict[str, list[str]] = {"task": [], "version": [], "waits": []}
    for line in done.stdout.splitlines():
        kind, _, id = line.partition(" ")
        if kind in made and len(id) == 32:
            made[kind].append(id)
    return made


if __name__ == "__main__":
    main()
