"""Firefox shows every page too: nothing is complained of, and curves and plots are drawn."""

from collections.abc import Iterator

import pytest

from tests.page.conftest import FITS, Site
from tests.page.firefox import FIREFOX, Firefox, started_firefox
from tests.page.test_pages import PAGES
from tilth.testing import forking

SIZES = {"desk": (1440, 900), "phone": (390, 844)}
INKED = """[...document.querySelectorAll('.chart canvas')].some(canvas => canvas.width &&
 canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value))"""
DRAWN = """[...document.querySelectorAll('.main-svg')].some(svg =>
 svg.getBoundingClientRect().width > 100 && svg.querySelector('path, text'))"""
SEES = {"scalars": INKED, "compare scalars": INKED, "plots": DRAWN, "compare plots": DRAWN}


@pytest.fixture(scope="module")
def firefox(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    if FIREFOX is None:
        pytest.skip("Firefox is not here: `make services` installs it")
    link = ["-m", "tilth.cli.main", "link", "--home", str(site.server.home)]
    with started_firefox(tmp_path_factory.mktemp("firefox") / "profile") as opened:
        opened.open(forking.run(link, check=True).stdout.split()[0])
        opened.wait_for("document.querySelector('nav[aria-label=Places]')")
        yield opened


@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_shown(firefox: Firefox, site: Site, size: str) -> None:
    firefox.resize(*SIZES[size])
    for name, (path, text) in PAGES.items():
        firefox.said.clear()
        address = path.format(
            task=site.tasks[-1], model=site.model, version=site.versions[-1], all=",".join(site.tasks), linked=site.linked
        )
        firefox.open(f"{site.server.web}{address}")
        firefox.wait_for(f"document.body.innerText.includes({text!r})")
        if name in SEES:
            firefox.wait_for(SEES[name])
        firefox.wait_for(FITS)
        assert firefox.said == [], name
