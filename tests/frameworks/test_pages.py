"""The pages about frameworks are true: their trainings run with the framework itself, and the task has what the page shows."""

import re
from pathlib import Path

import pytest

from tests.docs.guide import Block, Page, blocks_of
from tests.frameworks.conftest import ALL, LIGHT, ROOT, TENSORFLOW, python_with

PAGES = sorted(page for page in (ROOT / "docs" / "frameworks").glob("*.md") if page.stem not in ("README", "notebooks"))
NEEDS_ALL = re.compile(r"^\s*(?:import|from) (?:accelerate|fastai|ignite|keras|lightning|torch|transformers)\b", re.MULTILINE)
NOTHING_FAILED = """
from tilth import Task
for _found in Task.query_tasks(project_name="Examples"):
    _said = Task.get_task(task_id=_found).get_reported_console_output(number_of_reports=1000)
    assert not [line for line in _said if "no longer records" in line], _said
assert _found
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_training_is_recorded_as_its_page_says(page: Path, tmp_path: Path) -> None:
    text = page.read_text()
    python = python_with(TENSORFLOW if page.stem == "tensorflow" else ALL if NEEDS_ALL.search(text) else LIGHT)
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    blocks = list(blocks_of(text))
    assert any("\n>>> " in f"\n{block.text}" for block in blocks), "the page shows nothing that was recorded"
    with Page(home, folder, python=python) as opened:
        for block in [*blocks, Block("python", NOTHING_FAILED, 0)]:
            opened.run(block)
