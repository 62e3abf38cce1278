"""The pages about frameworks name the versions that are tested, and are all there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "docs" / "frameworks"
ROW = r"^\| (?:\[([\w-]+)\]\(([\w./-]+)\)|([\w-]+)) \| ([\w. ]+) \|"


def rows() -> list[tuple[str, str, str]]:
    """Of each row of the matrix the framework, its page, and its version."""
    found = re.findall(ROW, (PAGES / "README.md").read_text(), re.MULTILINE)
    return [(linked or name, page, version) for linked, page, name, version in found if version != "version"]


def test_the_matrix_has_the_tested_versions() -> None:
    lists = "".join(file.read_text() for file in (ROOT / "requirements").glob("frameworks*.in"))
    pinned = set(re.findall(r"^([\w-]+)==(\S+)$", lists, re.MULTILINE))
    assert {(name, version) for name, _, version in rows() if version != "of Python"} == pinned


def test_the_matrix_leads_to_each_page() -> None:
    pages = {page.name for page in PAGES.glob("*.md")} - {"README.md"}
    linked = {page for _, page, _ in rows()}
    assert {page for page in linked if "/" not in page} == pages
    assert all((PAGES / page).is_file() for page in linked)


def test_what_ci_installs_is_what_is_tested() -> None:
    light = re.findall(r"^[\w-]+==\S+$", (ROOT / "requirements" / "frameworks-light.in").read_text(), re.MULTILINE)
    locked = re.findall(r"^[\w-]+==[^\s;]+", (ROOT / "requirements" / "frameworks-light.txt").read_text(), re.MULTILINE)
    assert {pin.lower() for pin in light} - {pin.lower() for pin in locked} == set()
