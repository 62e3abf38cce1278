"""An exported version is opened by other programs, and is whole or not there."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from tilth.base.errors import Corrupt
from tilth.base.ids import VersionId
from tilth.datasets.export import ArchiveKind, export_to
from tilth.testing.repositories import Workbench

FILES = {"a/1": b"one", "a/2": b"", "b/ü 漢.txt": b"text " * 50_000, "large": bytes(range(256)) * 30_000}


@pytest.fixture
def version(bench: Workbench) -> VersionId:
    return bench.version(FILES)


def exported(bench: Workbench, version: VersionId, kind: ArchiveKind, prefix: str = "") -> Path:
    target = bench.root / f"out.{kind}"
    size = export_to(bench.store, bench.repository.manifest(version).entries(prefix), target, kind)
    assert size == target.stat().st_size
    return target


def test_a_zip_holds_the_version(bench: Workbench, version: VersionId) -> None:
    with zipfile.ZipFile(exported(bench, version, ArchiveKind.ZIP)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES


def test_a_tar_holds_the_version(bench: Workbench, version: VersionId) -> None:
    with tarfile.open(exported(bench, version, ArchiveKind.TAR)) as archive:
        found = {member.name: archive.extractfile(member) for member in archive}
        assert {name: file.read() for name, file in found.items() if file} == FILES


@pytest.mark.parametrize("kind", list(ArchiveKind))
def test_a_part_is_exported_alone(bench: Workbench, version: VersionId, kind: ArchiveKind) -> None:
    target = exported(bench, version, kind, "a")
    if kind is ArchiveKind.ZIP:
        with zipfile.ZipFile(target) as archive:
            assert archive.namelist() == ["a/1", "a/2"]
    else:
        with tarfile.open(target) as tar:
            assert tar.getnames() == ["a/1", "a/2"]


@pytest.mark.parametrize("kind", list(ArchiveKind))
def test_a_damaged_version_leaves_no_file(bench: Workbench, version: VersionId, kind: ArchiveKind) -> None:
    for info in bench.store.list("packs/"):
        pack = bench.root / "store" / info.key
        pack.write_bytes(pack.read_bytes()[:100])
    with pytest.raises(Corrupt):
        exported(bench, version, kind)
    assert not [path for path in bench.root.iterdir() if "out." in path.name]
