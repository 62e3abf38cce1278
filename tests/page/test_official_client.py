"""What the official client has recorded is seen on the page as what ours has."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.compat.conftest import User, clients, forks
from tests.compat.forks import Forks
from tests.compat.quick import quickly
from tests.page.conftest import Look, Site, seen

__all__ = ["clients", "forks"]


@dataclass
class Recorded:
    """The ids of what the official client has made."""

    plots: str
    run: str


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, clients: Path, forks: Forks, site: Site) -> Recorded:
    with closing(User(tmp_path_factory.mktemp("official"), clients, forks, site.server)) as somebody:
        folder = somebody.folder / "boxes"
        folder.mkdir()
        (folder / "box one.csv").write_text("a,b\n1,2\n")
        somebody.run("clearml-data", "sync", "--project", "compat/boxes", "--name", "boxes of theirs", "--folder", str(folder))
        quick = quickly(somebody)
        return Recorded(quick.play("plots")["id"], quick.play("record")["id"])


def test_its_curves_plots_and_samples_are_drawn(look: Look, recorded: Recorded) -> None:
    page = look.open(f"/experiments/{recorded.plots}")
    page.get_by_role("heading", name="a title / with : marks.and $").wait_for()
    look.check()
    look.open(f"/experiments/{recorded.plots}?tab=plots")
    for name in ("cloud / s", "confusion / c", "drawn / curves", "histogram / stacked", "line", "plotly / own", "surface / s"):
        panel = page.locator(".plot-panel").filter(has=page.get_by_role("heading", name=name, exact=True))
        panel.first.scroll_into_view_if_needed()
        panel.first.locator(".js-plotly-plot .plot-container").first.wait_for()
    expect(page.get_by_text("can't be drawn")).to_have_count(0)
    look.check()
    look.open(f"/experiments/{recorded.plots}?tab=samples&sample=image")
    seen(look, "i/1")
    look.check()


def test_its_runs_are_seen_whole(look: Look, recorded: Recorded) -> None:
    for tab, texts in {
        "console": ["words on the console"],
        "artifacts": ["numbers", "frame", "weights"],
        "configuration": ["deep/layers", "Optimizer", "somebody"],
        "execution": ["record.py"],
        "samples&sample=picture": ["random"],
    }.items():
        look.open(f"/experiments/{recorded.run}?tab={tab}")
        seen(look, *texts)
        look.check()


@pytest.mark.usefixtures("recorded")
def test_its_datasets_are_seen(look: Look) -> None:
    page = look.open("/datasets?q=boxes of theirs")
    page.get_by_text("boxes of theirs").first.click()
    page.get_by_role("tab", name="Contents").click()
    seen(look, "box one.csv")
    look.check()
