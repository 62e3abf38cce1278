"""The user guide is true: what its blocks do is what its pages show; and the machine that checks this does check."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs.guide import Block, Command, Page, blocks_of, commands_of, environment_of, matches
from tilth.testing.azurite import AzureServer
from tilth.testing.forking import Forker
from tilth.testing.fuse import needs_fuse
from tilth.testing.radosgw import S3Server

NEEDS = {"mounting.md": [needs_fuse]}
ELSEWHERE = ("scale.md",)
"""Needs Ray: `tests/integration/test_ray.py` runs it."""
PAGES = [
    pytest.param(page, marks=NEEDS.get(page.name, []), id=page.name)
    for page in sorted((Path(__file__).parents[2] / "docs").glob("*.md"))
    if page.name not in ELSEWHERE
]

Open = Callable[[], Page]


@pytest.fixture(scope="module")
def forker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forker]:
    """What forks the commands of pages."""
    found = Forker(environment_of(tmp_path_factory.mktemp("nobody"), Path(sys.executable).parent))
    yield found
    found.end()


@pytest.fixture
def open_page(tmp_path: Path, forker: Forker) -> Open:
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    return lambda: Page(home, folder, forker=forker)


@pytest.fixture
def services(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Brings what a page needs beside Tilth into its environment."""

    def bring(page: str) -> None:
        if page != "stores.md":
            return
        s3: S3Server = request.getfixturevalue("s3")
        azure: AzureServer = request.getfixturevalue("azure")
        s3.make_bucket("team-data")
        azure.make_container("team-data")
        for name, value in (s3.environment() | azure.environment()).items():
            monkeypatch.setenv(name, value)

    return bring


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_true(page: Path, services: Callable[[str], None], open_page: Open) -> None:
    services(page.name)
    with open_page() as opened:
        for block in blocks_of(page.read_text()):
            opened.run(block)


def test_blocks_are_found_with_their_lines() -> None:
    page = "# Page\n\n```console\n$ true\n```\n\n<!-- not run -->\n```console\n$ false\n```\n\n```json\n{}\n```\n\n```python\nx = 1\n```\n"
    assert list(blocks_of(page)) == [Block("console", "$ true\n", 4), Block("python", "x = 1\n", 17)]


def test_commands_have_output_continuation_and_status() -> None:
    text = "$ cat <<END\n> one\n> END\none\n$ false  # exits 1\n"
    assert commands_of(text) == [Command("cat <<END\none\nEND", "one\n"), Command("false", status=1)]


@pytest.mark.parametrize(
    ("expected", "got"),
    [("one\n", "one\n"), ("o...e ...\n", "orange  3\n"), ("a\n...\nz\n", "a\nb\nc\nz\n"), ("a\n...\n", "a\n"), ("(a+)\n", "(a+)  \n")],
)
def test_output_that_fits(expected: str, got: str) -> None:
    assert matches(expected, got)


@pytest.mark.parametrize(("expected", "got"), [("one\n", "two\n"), ("one\n", "one\ntwo\n"), ("a...z\n", "a\nz\n"), ("a\nb\n", "a\n")])
def test_output_that_does_not(expected: str, got: str) -> None:
    assert not matches(expected, got)


def test_blocks_of_a_page_share_variables_folder_and_home(open_page: Open) -> None:
    with open_page() as page:
        page.run(Block("console", "$ mkdir sub && cd sub\n$ word=three\n$ echo $word > $HOME/file\n", 1))
        page.run(Block("python", "import os\nhere = os.path.basename(os.getcwd())\n", 1))
        page.run(Block("python", ">>> here\n'sub'\n>>> open(os.environ['HOME'] + '/file').read()\n'thr...\n", 1))
        page.run(Block("console", "$ echo $word; pwd; exec_missing 2>&1  # exits 127\nthree\n.../sub\n...\n", 1))


@pytest.mark.parametrize(
    "block",
    [
        Block("console", "$ echo one\ntwo\n", 1),
        Block("console", "$ false\n", 1),
        Block("console", "$ exit 3\n", 1),
        Block("python", "1 / 0\n", 1),
        Block("python", ">>> 1 + 1\n3\n", 1),
        Block("python", "raise SystemExit\n", 1),
    ],
    ids=lambda block: block.text.strip(),
)
def test_a_page_that_is_not_true_is_told(block: Block, open_page: Open) -> None:
    with open_page() as page, pytest.raises(AssertionError, match=r"line 1|the shell ended"):
        page.run(block)


def test_what_goes_on_in_the_background_ends_with_the_page(open_page: Open, tmp_path: Path) -> None:
    ended = tmp_path / "folder" / "ended"
    with open_page() as page:
        page.run(Block("console", "$ (trap 'touch ended; exit' TERM; touch begun; sleep 1000 & wait) &\n", 1))
        page.run(Block("console", "$ until test -f begun; do sleep 0.01; done\n", 1))
        assert not ended.exists()
    deadline = time.monotonic() + 120
    while not ended.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_port_is_a_free_one_and_shown_as_the_usual_one(open_page: Open, tmp_path: Path) -> None:
    with open_page() as page:
        page.run(
            Block("console", "$ echo http://localhost:8008/x --port 8008 180080 | tee file\nhttp://localhost:8008/x --port ... 180080\n", 1)
        )
    assert "8008/x" not in (tmp_path / "folder" / "file").read_text()
