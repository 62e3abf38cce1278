"""A child process is killed at each named step of making a view or a copy; the next one finds nothing broken and ends right."""

import os
import subprocess
from pathlib import Path

import pytest

from tilth.base.faultpoints import CRASH_STATUS
from tilth.testing import forking
from tilth.testing.repositories import Workbench

CHILD = """
import sys
from pathlib import Path
from tilth.base.ids import VersionId
from tilth.datasets.cache.blobs import BlobCache
from tilth.datasets.materialise import copy_to, view_in
from tilth.testing.repositories import Workbench

bench, version = Workbench(Path(sys.argv[1])), VersionId(sys.argv[2])
manifest = bench.repository.manifest(version)
if sys.argv[3] == "view":
    view_in(bench.store, BlobCache(bench.root / "cache"), version, manifest.digests, manifest.entries)
else:
    copy_to(bench.store, version, manifest.entries(), bench.root / "copy", overwrite=sys.argv[3] == "overwrite")
"""

FILES = {f"{number % 5}/{number}": os.urandom(2_000) for number in range(60)}
POINTS = [
    ("view", "cache.before-install"),
    ("view", "cache.after-install"),
    ("view", "cache.before-view"),
    ("copy", "copy.before-rename"),
    ("overwrite", "copy.before-rename"),
    ("overwrite", "copy.between-renames"),
]


@pytest.mark.parametrize(("what", "point"), POINTS)
def test_a_killed_copy_is_made_again(tmp_path: Path, what: str, point: str) -> None:
    bench = Workbench(tmp_path)
    version = bench.version(FILES)
    if what == "overwrite":
        bench.folder({"old": b"old"}, "copy")
    killed = run_child(tmp_path, version, what, crash_at=point)
    assert killed.returncode == CRASH_STATUS, killed.stderr
    target = tmp_path / ("cache/views/" + version if what == "view" else "copy")
    if point != "copy.between-renames":
        assert target.exists() == (what == "overwrite")
    again = run_child(tmp_path, version, what)
    assert again.returncode == 0, again.stderr
    assert {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()} == FILES
    assert bench.contents(version) == FILES
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".copy")]


def run_child(root: Path, version: str, what: str, *, crash_at: str = "") -> "subprocess.CompletedProcess[str]":
    return forking.run(["-c", CHILD, str(root), version, what], env={**os.environ, "TILTH_CRASH_AT": crash_at})
