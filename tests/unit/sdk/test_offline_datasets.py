"""Datasets that are made with nobody to ask, and imported later."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tilth import Dataset
from tilth.base.errors import AlreadyExists, Invalid, NotFound, SourceChanged
from tilth.base.faultpoints import CRASH_STATUS
from tilth.base.ids import VersionId
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home
from tilth.sdk.offline_mode import _offline
from tilth.sdk.previews import background
from tilth.sdk.sessions import carried as sessions_carried
from tilth.sdk.sessions.notes import Noted, Notes, change_notes, read_notes
from tilth.testing import forking
from tilth.testing.homes import current_home


@pytest.fixture(autouse=True)
def mode() -> Iterator[None]:
    yield
    _offline.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "birds"
    made.mkdir()
    for name in ("robin", "wren", "heron"):
        (made / f"{name}.txt").write_text(f"{name}\n" * 50)
    return made


def contents(dataset: Dataset) -> dict[str, bytes]:
    found = {}
    for path in dataset.list_files():
        with dataset.open(path) as file:
            found[path] = file.read()
    return found


def made(folder: Path, name: str = "birds") -> Dataset:
    dataset = Dataset.create(name, "Team", ["wild"], description="seen in May")
    dataset.add_files(folder)
    dataset.upload()
    return dataset


def carried(dataset: Dataset, place: Path) -> Path:
    """The session as somebody carries it: a zip."""
    session = dataset.get_offline_mode_folder()
    assert session
    return Path(shutil.make_archive(str(place / "session"), "zip", session))


def test_a_dataset_made_offline_is_whole_where_it_is_imported(home: Home, folder: Path, tmp_path: Path) -> None:
    Dataset.set_offline(True)
    dataset = made(folder)
    dataset.set_metadata({"kinds": 3}, "facts")
    dataset.get_logger().report_scalar("heard", "wren", 7.0, 1)
    assert dataset.finalize()
    assert Dataset.get(dataset_name="birds", dataset_project="Team").id == dataset.id
    dataset.get_logger()  # the preview is made by then
    archive = carried(dataset, tmp_path)
    Dataset.set_offline(False)
    with pytest.raises(NotFound):
        Dataset.get(dataset.id)
    for _ in range(2):
        assert Dataset.import_offline_session(archive) == dataset.id
    imported = Dataset.get(dataset.id)
    assert imported.is_final()
    assert contents(imported) == contents(dataset) == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert (imported.project, imported.name, imported.tags) == ("Team", "birds", ["wild"])
    assert imported.get_metadata("facts") == {"kinds": 3}
    assert imported.get_offline_mode_folder() is None
    scalars = home.api.call("events.get_task_events", task=dataset.id, event_type="training_stats_scalar")["events"]
    assert [event["value"] for event in scalars if event["metric"] == "heard"] == [7.0]
    assert home.api.call("events.get_task_plots", task=dataset.id)["plots"]
    assert len([found for found in Dataset.list_datasets(partial_name="birds") if found["id"] == dataset.id]) == 1


def test_nothing_is_written_any_more_into_a_folder_that_is_to_be_carried(own: Home, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def show(_home: Home, version: DatasetVersion, *_: object) -> None:
        time.sleep(0.3)
        written.append(version.id)

    monkeypatch.setattr(background, "try_to_show", show)
    Dataset.set_offline(True)
    dataset = made(folder)
    dataset.finalize()
    assert dataset.get_offline_mode_folder()
    assert written == [dataset.id]


def test_what_is_stored_already_is_not_stored_again(own: Home, folder: Path) -> None:
    (folder / "large.bin").write_bytes(os.urandom(6 << 20))
    before = made(folder, "before")
    before.finalize()
    stored = sum(info.size_bytes for info in own.repository.store.list("packs/"))
    Dataset.set_offline(True)
    dataset = made(folder)
    dataset.finalize()
    Dataset.set_offline(False)
    session = dataset.get_offline_mode_folder()
    assert session
    Dataset.import_offline_session(session)
    assert sum(info.size_bytes for info in own.repository.store.list("packs/")) == stored
    assert contents(Dataset.get(dataset.id)) == contents(before)


def test_versions_that_build_on_each_other_keep_their_lineage(home: Home, folder: Path) -> None:
    Dataset.set_offline(True)
    first = made(folder, "lineage")
    first.finalize()
    second = Dataset.create(parent_datasets=[first.id])
    second.remove_files("wren.txt")
    (folder / "robin.txt").write_text("another")
    second.add_files(folder / "robin.txt")
    second.upload()
    second.finalize()
    assert second.get_offline_mode_folder() == first.get_offline_mode_folder()
    Dataset.set_offline(False)
    session = first.get_offline_mode_folder()
    assert session
    assert Dataset.import_offline_session(session) == second.id
    imported = Dataset.get(second.id)
    assert imported.get_dependency_graph() == {first.id: [], second.id: [first.id]}
    assert contents(imported) == {"heron.txt": b"heron\n" * 50, "robin.txt": b"another"}


def test_what_parents_hold_elsewhere_stays_but_for_what_was_taken_away(home: Home, folder: Path, tmp_path: Path) -> None:
    parent = made(folder, "elsewhere")
    parent.finalize()
    Dataset.set_offline(True)
    dataset = Dataset.create("elsewhere", "Team", parent_datasets=[parent.id])
    dataset.remove_files("w*.txt")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "owl.txt").write_text("owl")
    (tmp_path / "new" / "heron.txt").write_text("changed")
    dataset.add_files(tmp_path / "new")
    dataset.upload()
    dataset.finalize()
    assert dataset.list_files() == ["heron.txt", "owl.txt"]
    with pytest.raises(Invalid, match="offline"):
        Dataset.create("mixed", "Team", parent_datasets=[parent.id, dataset.id])
    Dataset.set_offline(False)
    session = dataset.get_offline_mode_folder()
    assert session
    imported = Dataset.get(Dataset.import_offline_session(session))
    assert contents(imported) == {"heron.txt": b"changed", "owl.txt": b"owl", "robin.txt": b"robin\n" * 50}
    assert imported.get_dependency_graph()[imported.id] == [parent.id]


def test_a_folder_synchronised_offline_replaces_what_parents_hold_elsewhere(own: Home, folder: Path, tmp_path: Path) -> None:
    parent = made(folder, "synced")
    parent.finalize()
    Dataset.set_offline(True)
    dataset = Dataset.create(parent_datasets=[parent])  # its name is known here, and what it holds is not
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "owl.txt").write_text("owl")
    dataset.sync_folder(tmp_path / "other")
    with pytest.raises(Invalid, match="sync_external_files"):
        dataset.sync_external_files(tmp_path.as_uri())
    Dataset.set_offline(False)
    session = dataset.get_offline_mode_folder()
    assert session
    imported = Dataset.get(Dataset.import_offline_session(session, finalize=True))
    assert imported.name == "synced"
    assert contents(imported) == {"owl.txt": b"owl"}


def test_what_was_not_final_or_not_uploaded_goes_on_where_it_is_imported(home: Home, folder: Path, tmp_path: Path) -> None:
    Dataset.set_offline(True)
    dataset = made(folder, "going-on")
    (tmp_path / "late.txt").write_text("late")
    dataset.add_files(tmp_path / "late.txt")
    archive = carried(dataset, tmp_path)
    Dataset.set_offline(False)
    id = Dataset.import_offline_session(archive, upload=False)
    assert Dataset.get(id).is_dirty()
    assert not Dataset.get(id).is_final()
    seen = (tmp_path / "late.txt").stat().st_mtime_ns
    (tmp_path / "late.txt").write_text("changed")
    with pytest.raises(SourceChanged, match=r"late\.txt"):
        Dataset.import_offline_session(archive)
    (tmp_path / "late.txt").write_text("late")
    os.utime(tmp_path / "late.txt", ns=(seen, seen))
    Dataset.import_offline_session(archive, finalize=True)
    assert set(contents(Dataset.get(id))) == {"heron.txt", "late.txt", "robin.txt", "wren.txt"}


def test_links_come_along(own: Home, folder: Path) -> None:
    Dataset.set_offline(True)
    dataset = Dataset.create("linked", "Team")
    dataset.add_external_files(folder.as_uri() + "/")
    dataset.finalize()
    Dataset.set_offline(False)
    session = dataset.get_offline_mode_folder()
    assert session
    imported = Dataset.get(Dataset.import_offline_session(session))
    assert imported.link_entries == dataset.link_entries
    assert len(imported.link_entries) == 3


def test_a_version_that_was_deleted_is_imported_again(own: Home, folder: Path) -> None:
    Dataset.set_offline(True)
    dataset = made(folder)
    dataset.get_logger().report_scalar("heard", "wren", 7.0, 1)
    dataset.finalize()
    dataset.publish()
    Dataset.set_offline(False)
    session = dataset.get_offline_mode_folder()
    assert session
    first = Dataset.import_offline_session(session)
    Dataset.delete(first, force=True)
    again = Dataset.import_offline_session(session)
    assert again != first
    assert Dataset.import_offline_session(session) == again
    assert contents(Dataset.get(again)) == contents(dataset)
    scalars = own.api.call("events.get_task_events", task=again, event_type="training_stats_scalar")["events"]
    assert [event["value"] for event in scalars if event["metric"] == "heard"] == [7.0]


def test_a_number_that_is_taken_is_told_and_keeps_nothing_from_being_imported_later(own: Home, folder: Path) -> None:
    taken = Dataset.create("birds", "Team", dataset_version="2.0.0")
    Dataset.set_offline(True)
    dataset = Dataset.create("birds", "Team", dataset_version="2.0.0")
    dataset.add_files(folder)
    dataset.upload()
    dataset.finalize()
    Dataset.set_offline(False)
    session = dataset.get_offline_mode_folder()
    assert session
    with pytest.raises(AlreadyExists, match=r"2\.0\.0"):
        Dataset.import_offline_session(session)
    Dataset.delete(taken.id)
    assert Dataset.import_offline_session(session) == dataset.id


def test_parents_that_are_not_here_are_named(own: Home, folder: Path) -> None:
    Dataset.set_offline(True)
    dataset = Dataset.create("orphan", "Team", parent_datasets=["0" * 32])
    dataset.add_files(folder)
    dataset.upload()
    Dataset.set_offline(False)
    session = dataset.get_offline_mode_folder()
    assert session
    with pytest.raises(NotFound, match="orphan builds on what is not here.*" + "0" * 32):
        Dataset.import_offline_session(session)
    Dataset.set_offline(True)
    sessions = set((own.folder / "offline").iterdir())
    with pytest.raises(Invalid, match="no name"):
        Dataset.create(parent_datasets=["0" * 32])
    assert set((own.folder / "offline").iterdir()) == sessions
    with pytest.raises(Invalid, match="whole id"):
        Dataset.create("orphan", "Team", parent_datasets=["Team/unknown"])


def test_what_is_no_session_is_refused(own: Home, folder: Path, tmp_path: Path) -> None:
    Dataset.set_offline(True)
    dataset = made(folder)
    dataset.finalize()
    Dataset.set_offline(False)
    session = dataset.get_offline_mode_folder()
    assert session
    whole = carried(dataset, tmp_path).read_bytes()

    def refused(place: Path, *, match: str) -> None:
        with pytest.raises(Invalid, match=match):
            Dataset.import_offline_session(place)

    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "cut.zip", match="no whole zip")
    (tmp_path / "noise.zip").write_bytes(b"noise" * 100)
    refused(tmp_path / "noise.zip", match="no whole zip")
    refused(tmp_path / "missing.zip", match="does not exist")
    refused(folder, match="holds no datasets")
    with zipfile.ZipFile(tmp_path / "slip.zip", "w") as archive:
        archive.writestr("session.json", "{}")
        archive.writestr("../outside.txt", "x")
    refused(tmp_path / "slip.zip", match="outside of its folder")
    assert not (tmp_path / "outside.txt").exists()
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("session.json", json.dumps({"format": 1, "versions": [{"secret": "a", "parents": ["b"]}]}))
    refused(tmp_path / "empty.zip", match="no session says")
    linked = tmp_path / "linked"
    shutil.copytree(session, linked)
    (linked / "store" / "more").symlink_to("/etc/hostname")
    refused(linked, match="no plain file")
    (linked / "store" / "more").unlink()
    (linked / "tilth.db-wal").unlink(missing_ok=True)
    (linked / "tilth.db").write_bytes(b"not a database at all" * 100)
    refused(linked, match=r"tilth\.db")
    assert Dataset.list_datasets() == []


def test_what_was_attached_here_since_stays(own: Home, folder: Path) -> None:
    Dataset.set_offline(True)
    dataset = made(folder)
    dataset.set_metadata({"kinds": 3}, "facts")
    dataset.finalize()
    Dataset.set_offline(False)
    session = dataset.get_offline_mode_folder()
    assert session
    Dataset.get(Dataset.import_offline_session(session)).set_metadata({"kinds": 4}, "facts")
    assert Dataset.get(Dataset.import_offline_session(session)).get_metadata("facts") == {"kinds": 4}


def test_what_was_written_last_comes_along_from_where_nothing_can_be_written(
    own: Home, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Dataset.set_offline(True)
    dataset = made(folder)
    dataset.finalize()
    session = dataset.get_offline_mode_folder()
    assert session
    carried = tmp_path / "carried"
    shutil.copytree(session, carried)  # while the catalog is open: most of it is in its log
    assert (carried / "tilth.db-wal").stat().st_size > (carried / "tilth.db").stat().st_size
    (carried / "tilth.db-shm").unlink()
    copy = sessions_carried._copy_database

    def copy_if_nothing_is_written(source: Path, target: Path, how: str) -> None:
        if "immutable" not in how:
            raise sqlite3.OperationalError("unable to open database file")  # as SQLite says where it can't make a file beside
        copy(source, target, how)

    monkeypatch.setattr(sessions_carried, "_copy_database", copy_if_nothing_is_written)
    Dataset.set_offline(False)
    assert Dataset.import_offline_session(carried) == dataset.id
    assert contents(Dataset.get(dataset.id)) == contents(dataset)


def test_a_session_reads_nothing_that_lies_elsewhere(own: Home, folder: Path, tmp_path: Path) -> None:
    Dataset.set_offline(True)
    dataset = made(folder)
    dataset.finalize()
    session = dataset.get_offline_mode_folder()
    assert session
    carried = tmp_path / "carried"
    shutil.copytree(session, carried)
    (carried / "store").rename(tmp_path / "elsewhere")
    with closing(sqlite3.connect(carried / "tilth.db")) as catalog, catalog:
        catalog.execute("UPDATE version SET storage = ?", ((tmp_path / "elsewhere").as_uri(),))
    Dataset.set_offline(False)
    with pytest.raises(Invalid, match="keeps a version elsewhere"):
        Dataset.import_offline_session(carried)


def test_a_draft_that_was_damaged_on_the_way_is_told(own: Home, folder: Path, tmp_path: Path) -> None:
    Dataset.set_offline(True)
    dataset = made(folder)
    session = dataset.get_offline_mode_folder()
    assert session
    damaged = tmp_path / "damaged"
    shutil.copytree(session, damaged)
    origin = damaged / "drafts" / dataset.id / "origin.json"
    origin.write_bytes(origin.read_bytes().replace(dataset.id.encode(), b"\xb3" + dataset.id[1:].encode(), 1))
    Dataset.set_offline(False)
    with pytest.raises(Invalid, match="carry the folder again"):
        Dataset.import_offline_session(damaged)


def test_notes_of_many_versions_are_read_in_time(tmp_path: Path) -> None:
    versions: list[Noted] = []
    for number in range(1_200):
        versions.append(Noted(secret=str(number), parents=(versions[-1].id,) * 2 if versions else ()))
    change_notes(tmp_path, lambda _: Notes(versions=tuple(versions)))
    notes = read_notes(tmp_path)
    assert notes.is_whole(notes.versions[-1])
    elsewhere = Noted(secret="elsewhere", parents=(VersionId("0" * 32),))
    child = Noted(secret="child", parents=(elsewhere.id,))
    assert not Notes(versions=(elsewhere, child)).is_whole(child)


def test_contents_that_were_damaged_on_the_way_are_told(own: Home, folder: Path, tmp_path: Path) -> None:
    Dataset.set_offline(True)
    dataset = made(folder)
    dataset.finalize()
    Dataset.set_offline(False)
    damaged = tmp_path / "damaged"
    session = dataset.get_offline_mode_folder()
    assert session
    shutil.copytree(session, damaged)
    for pack in (damaged / "store" / "packs").rglob("*"):
        if pack.is_file():
            pack.chmod(0o600)
            pack.write_bytes(bytes(len(pack.read_bytes())))
    with pytest.raises(Exception, match=r"\.txt") as error:
        Dataset.import_offline_session(damaged)
    assert type(error.value).__name__ == "Corrupt"
    assert Dataset.import_offline_session(session) == dataset.id
    assert contents(Dataset.get(dataset.id)) == contents(dataset)


IMPORT = """
import sys
from tilth import Dataset
from tilth.sdk.sessions import importing
importing._BATCH = 10
print(Dataset.import_offline_session(sys.argv[1]))
"""
POINTS = [
    "session.after-claim", "session.after-draft", "session.after-batch:2",
    "session.before-final", "finalize.after-register", "session.before-reports",
]  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
def test_an_import_that_was_killed_goes_on_when_it_is_done_again(tmp_path: Path, point: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(35):
        (source / f"{number:02}.bin").write_bytes(os.urandom(2_000))
    with current_home(tmp_path / "field"):
        Dataset.set_offline(True)
        dataset = made(source)
        dataset.get_logger().report_scalar("heard", "wren", 7.0, 1)
        dataset.finalize()
        Dataset.set_offline(False)
        session = dataset.get_offline_mode_folder()
    here = {**os.environ, "TILTH_HOME": str(tmp_path / "home"), "TILTH_CACHE": str(tmp_path / "cache"), "TILTH_PREVIEW": "0"}
    killed = forking.run(["-c", IMPORT, str(session)], env={**here, "TILTH_CRASH_AT": point})
    assert killed.returncode == CRASH_STATUS, killed.stderr
    again = forking.run(["-c", IMPORT, str(session)], env=here)
    assert again.returncode == 0, again.stderr
    with current_home(tmp_path / "home") as home:
        imported = Dataset.get(again.stdout.strip())
        assert imported.is_final()
        assert contents(imported) == {path.name: path.read_bytes() for path in source.iterdir()}
        assert len(Dataset.list_datasets(only_completed=False)) == 1
        assert len(home.api.call("events.get_task_events", task=imported.id, event_type="training_stats_scalar")["events"]) == 1
        assert home.repository.plan_gc().doomed_bytes <= 100_000


def test_a_dataset_is_made_while_the_server_is_away(tmp_path: Path, folder: Path) -> None:
    script = (
        "import sys\nfrom tilth import Dataset\n"
        "dataset = Dataset.create('birds', 'Team')\ndataset.add_files(sys.argv[1])\ndataset.upload()\ndataset.finalize()\n"
        "print(dataset.get_offline_mode_folder())"
    )
    away = {"TILTH_API_SERVER": "http://127.0.0.1:9/api", "TILTH_API_TOKEN": "none", "TILTH_OFFLINE_MODE": "1"}
    here = {**os.environ, **away, "TILTH_HOME": str(tmp_path / "field"), "TILTH_CACHE": str(tmp_path / "cache"), "TILTH_PREVIEW": "0"}
    done = subprocess.run([sys.executable, "-c", script, str(folder)], env=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    with current_home(tmp_path / "home"):
        imported = Dataset.get(Dataset.import_offline_session(Path(done.stdout.strip())))
        assert set(contents(imported)) == {"heron.txt", "robin.txt", "wren.txt"}
