"""A draft that ended, in whatever way, leaves nothing behind on its machine."""

from pathlib import Path

import pytest

from tilth.base.clock import SystemClock
from tilth.base.errors import SessionFenced
from tilth.client.api import Api
from tilth.datasets.format import version_key
from tilth.datasets.records import Fence, dump_record
from tilth.datasets.repository import Repository
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk import lifecycle
from tilth.sdk.home import Home
from tilth.sdk.taking import Watcher
from tilth.server.app.embedded import EmbeddedTransport
from tilth.store.local import LocalStore


@pytest.fixture
def home(tmp_path: Path) -> Home:
    clock = SystemClock()
    folder = tmp_path / "home"
    repository = Repository(LocalStore(folder / "store"), drafts=folder / "drafts", clock=clock)
    return Home(folder, tmp_path / "cache", "tester", clock, Api(EmbeddedTransport(folder, clock)), lambda _: repository)


@pytest.fixture
def begun(home: Home, tmp_path: Path) -> DatasetVersion:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_text("a")
    version = lifecycle.create(home, name="dataset", project="project")
    lifecycle.sync_into(home, version, str(source), "", Watcher())
    return version


def test_a_rescued_draft_is_forgotten(home: Home, begun: DatasetVersion) -> None:
    assert home.repository.store.put_if_absent(version_key(begun.id), dump_record(Fence(begun.id, "2026-01-01T00:00:00Z")))
    with pytest.raises(SessionFenced, match="resume"):
        lifecycle.finalize(home, begun)
    home.repository.mark_draft(begun.id, "noted")
    rescued = lifecycle.rescue(home, begun)
    assert home.repository.has_mark(rescued.id, "noted")
    assert (rescued.name, rescued.version) == (begun.name, begun.version)
    assert home.repository.has_draft(rescued.id)
    assert not home.repository.has_draft(begun.id)


def test_a_draft_whose_registration_was_interrupted_is_forgotten_when_it_is_repeated(
    home: Home, begun: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(lifecycle, "_register", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lifecycle.finalize(home, begun)
    assert home.repository.has_draft(begun.id)
    assert lifecycle.finalize(home, begun).status is VersionStatus.FINAL
    assert not home.repository.has_draft(begun.id)
