"""The page about frameworks names the versions that are tested."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_page_has_the_tested_versions() -> None:
    pinned = dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "requirements" / "frameworks.in").read_text(), re.MULTILINE))
    rows = dict(re.findall(r"^\| ([\w-]+) \| ([\d.]+) \|", (ROOT / "docs" / "frameworks.md").read_text(), re.MULTILINE))
    assert rows == pinned
