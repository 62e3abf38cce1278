"""Files that lie elsewhere as parts of versions: registered, fetched, told when they changed, synchronised and imported."""

import os
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from tilth import Dataset
from tilth.base.errors import Denied, Invalid, PathCollision, PathNotFound, SourceChanged
from tilth.base.ids import VersionId
from tilth.datasets.cache import locks
from tilth.datasets.format import version_key
from tilth.datasets.records import Fence, dump_record
from tilth.domain.dataset import Entry
from tilth.sdk import contents, copies, lifecycle
from tilth.sdk.adopting import _link
from tilth.sdk.home import Home
from tilth.sdk.links.checking import Compared
from tilth.sdk.links.fetching import LinkFetcher
from tilth.sdk.links.reading import LinkFile, download_link
from tilth.sdk.links.sources import Sources
from tilth.sdk.links.verifying import verify_links
from tilth.sdk.mounting.tree import MountedVersion
from tilth.sdk.reading import reading_of
from tilth.server.services.contents import Contents
from tilth.testing.crowds import allow_open_files, crowd
from tilth.testing.repositories import write_files
from tilth.wire.dataset_state import LinkRow, load_state

FILES = {"one.txt": b"one", "a/t w#o%20.txt": b"two", "a/b/three.bin": b"3" * 70_000, "a/empty": b""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(write_files(tmp_path / "elsewhere", FILES))


@pytest.fixture
def draft(own: Home) -> Dataset:
    return Dataset.create("linked", "p")


def linked(folder: Path, **named: object) -> Dataset:
    made = Dataset.create("linked", "p")
    made.add_external_files(str(folder), **named)  # type: ignore[arg-type]
    made.finalize()
    return made


def files_in(folder: str | None) -> dict[str, bytes]:
    assert folder
    found = [Path(at, name) for at, _, names in os.walk(folder) for name in names]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


def test_a_folder_is_registered_without_being_copied(own: Home, folder: Path) -> None:
    made = linked(folder)
    assert [(entry.relative_path, entry.size, entry.hash) for entry in made.link_entries] == [
        (path, len(data), None) for path, data in sorted(FILES.items())
    ]
    assert made.link_entries_dict["one.txt"].link == f"file://{folder}/one.txt"
    assert made.file_entries == []
    assert made.list_files() == sorted(FILES)
    assert made.get_num_chunks() == 0


def test_copies_fetch_links_and_leave_them_out_when_asked(own: Home, folder: Path, tmp_path: Path) -> None:
    made = linked(folder)
    assert files_in(made.get_local_copy()) == FILES
    assert files_in(made.get_mutable_local_copy(tmp_path / "copy")) == FILES
    assert files_in(made.get_local_copy(skip_links=True)) == {}


def test_copies_and_what_is_stored_of_a_version_with_links_are_verified(own: Home, folder: Path, tmp_path: Path) -> None:
    made = linked(folder)
    assert copies.check_stored(own, made._version, level="content", sample=1.0) == []
    copy = Path(str(made.get_mutable_local_copy(tmp_path / "copy")))
    assert made.verify_dataset_hash(str(copy)) == []
    (copy / "one.txt").write_bytes(b"ONE")
    assert made.verify_dataset_hash(str(copy)) == ["one.txt"]
    assert {(found.compared, found.problem) for found in verify_links(own, made._version)} == {(Compared.STATE, None)}


def test_a_server_gives_out_a_state_with_links_and_fetches_none(own: Home, folder: Path) -> None:
    stored = Path(write_files(folder.parent / "own", {"kept.txt": b"kept"}))
    made = Dataset.create("linked", "p")
    made.add_external_files(str(folder / "one.txt"))
    made.add_files(stored)
    made.finalize(auto_upload=True)
    served = Contents(own)
    state = load_state(served.state(made.id))
    assert [row.relative_path for row in state.dataset_file_entries] == ["kept.txt"]
    assert [(row.relative_path, row.link, row.size) for row in state.dataset_link_entries] == [("one.txt", f"file://{folder}/one.txt", 3)]
    with pytest.raises(Invalid, match=r"one\.txt is a link to file://.*which the server does not fetch"):
        served.file(made.id, "one.txt")
    entries = served.listings.folder(made.id, "", after=None, limit=10)["entries"]
    assert [entry.get("link") for entry in entries] == [None, f"file://{folder}/one.txt"]


def test_a_version_of_clearml_s_client_is_taken_over_with_its_links(own: Home, folder: Path) -> None:
    made = Dataset.create("linked", "p")
    row = LinkRow(link=f"file://{folder}/one.txt", relative_path="x/one.txt", size=None, hash=None)
    with own.repository.open_draft(VersionId(made.id)) as draft:
        draft.journal.put([_link(row)])
    made.finalize()
    assert files_in(made.get_local_copy()) == {"x/one.txt": b"one"}


def test_a_link_that_was_fetched_once_is_not_fetched_again(own: Home, folder: Path, tmp_path: Path) -> None:
    made = linked(folder)
    made.get_local_copy()
    for path in FILES:
        (folder / path).unlink()
    assert files_in(made.get_mutable_local_copy(tmp_path / "copy")) == FILES


def test_what_changed_since_is_told_and_not_taken(own: Home, folder: Path) -> None:
    made = linked(folder)
    (folder / "one.txt").write_bytes(b"ONE")
    os.utime(folder / "one.txt", ns=(1, 1))
    (folder / "a/empty").unlink()
    with pytest.raises(SourceChanged, match="2 links can't be had") as told:
        made.get_local_copy()
    assert "one.txt was changed since it was registered" in str(told.value)
    assert "a/empty can't be had: nothing lies at" in str(told.value)


def test_other_contents_under_a_known_hash_are_not_taken(own: Home, folder: Path) -> None:
    made = linked(folder, read_hash=True)
    (folder / "one.txt").write_bytes(b"ONE")
    with pytest.raises(SourceChanged, match=r"one\.txt was changed"):
        made.get_local_copy()


def test_the_same_contents_under_a_known_hash_are_taken_whatever_the_time_says(own: Home, folder: Path) -> None:
    made = linked(folder, read_hash=True)
    os.utime(folder / "one.txt", ns=(5, 5))
    assert files_in(made.get_local_copy()) == FILES


def test_of_a_link_with_a_hash_just_these_bytes_are_read_wherever_one_begins(own: Home, folder: Path) -> None:
    made = linked(folder, read_hash=True)
    (folder / "a/b/three.bin").write_bytes(b"4" * 70_000)
    os.utime(folder / "a/b/three.bin", ns=(5, 5))
    with made.open("a/b/three.bin") as opened:
        opened.seek(60_000)
        with pytest.raises(SourceChanged, match=r"a/b/three\.bin was changed .* is of other contents"):
            opened.read(10)
    with pytest.raises(SourceChanged, match=r"three\.bin was changed"):
        made.fs().cat("a/b/three.bin")


def test_a_link_with_a_hash_is_read_in_another_state_if_its_bytes_are_the_same(own: Home, folder: Path) -> None:
    made = linked(folder, read_hash=True)
    os.utime(folder / "a/b/three.bin", ns=(5, 5))
    (folder / "one.txt").touch()
    with made.open("a/b/three.bin") as opened:
        assert (opened.seek(69_990), opened.read(), opened.seek(0), opened.read(2)) == (69_990, b"3" * 10, 0, b"33")
    assert made.open("one.txt").read() == b"one"


def test_a_state_that_is_another_each_time_is_told_with_the_way_out(own: Home, folder: Path) -> None:
    made = linked(folder)
    os.utime(folder / "one.txt", ns=(5, 5))
    with pytest.raises(SourceChanged, match="tells another state each time, register it with --read-hash"):
        made.open("one.txt").read()


def test_a_synchronised_folder_shows_what_was_added_removed_and_changed(own: Home, folder: Path) -> None:
    first = linked(folder)
    stored = Path(write_files(folder.parent / "own", {"kept.txt": b"kept"}))
    (folder / "one.txt").write_bytes(b"other")
    (folder / "a/empty").unlink()
    write_files(folder / "new", {"file": b"new"})
    second = Dataset.create("linked", "p", parent_datasets=[first.id])
    second.add_files(stored)
    second.upload()
    assert second.sync_external_files(str(folder)) == (1, 1, 1)
    assert second.sync_external_files(str(folder)) == (0, 0, 0)
    second.finalize()
    assert second.list_added_files() == ["kept.txt", "new/file"]
    assert second.list_removed_files() == ["a/empty"]
    assert second.list_modified_files() == ["one.txt"]


def test_an_imported_link_is_stored_content(own: Home, folder: Path) -> None:
    made = Dataset.create("linked", "p")
    made.add_external_files(str(folder))
    assert made.import_external_files("a/*") == 3
    made.finalize()
    assert [entry.relative_path for entry in made.link_entries] == ["one.txt"]
    for path in ("a/t w#o%20.txt", "a/b/three.bin", "a/empty"):
        (folder / path).unlink()
    assert files_in(made.get_local_copy()) == FILES


def test_what_changed_since_is_not_imported(own: Home, folder: Path) -> None:
    made = Dataset.create("linked", "p")
    made.add_external_files(str(folder))
    (folder / "one.txt").write_bytes(b"other")
    with pytest.raises(SourceChanged, match=r"one\.txt was changed.* \(the others are imported\); `tilth data add --links`"):
        made.import_external_files()
    made.finalize()
    assert list(made.link_entries_dict) == ["one.txt"]
    assert made.list_files() == sorted(FILES)


def test_wildcards_folders_of_the_dataset_and_depth(draft: Dataset, folder: Path) -> None:
    assert draft.add_external_files(str(folder), wildcard="*.txt", dataset_path="x/y") == 2
    assert draft.add_external_files(f"{folder}/a/b/*.bin", dataset_path="z") == 1
    assert draft.add_external_files(str(folder), recursive=False) == 1
    assert draft.list_files() == ["one.txt", "x/y/a/t w#o%20.txt", "x/y/one.txt", "z/three.bin"]
    assert draft.remove_files("x/") == 2
    assert draft.add_external_files(str(folder), recursive=False) == 0


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://name:word@example.org/a.bin", "a name or password"),
        ("https://example.org/a.bin?X-Amz-Signature=abc", r"a signature or key \(X-Amz-Signature=\)"),
        ("s3://key:secret@bucket/a.bin", "a name or password"),
        ("ftp://example.org/a.bin", "is no address"),
    ],
)
def test_addresses_that_let_their_holder_in_are_refused_and_not_repeated(draft: Dataset, address: str, message: str) -> None:
    with pytest.raises(Invalid, match=message) as told:
        draft.add_external_files(address)
    assert not any(secret in str(told.value) for secret in ("word@", "=abc", "secret"))


def test_two_files_can_not_be_one_path(draft: Dataset, folder: Path) -> None:
    write_files(folder / "other", {"one.txt": b"1"})
    with pytest.raises(PathCollision, match=r"would both be one\.txt"):
        draft.add_external_files([f"{folder}/one.txt", f"{folder}/other/one.txt"])


def test_what_is_not_there_can_not_be_registered(draft: Dataset, folder: Path) -> None:
    with pytest.raises(PathNotFound, match="does not exist"):
        draft.add_external_files(f"{folder}/none.txt")
    with pytest.raises(Invalid, match="nothing to register"):
        draft.add_external_files(str(folder), wildcard="*.none")


def stored(made: Dataset) -> dict[str, str]:
    return {entry.relative_path: entry.hash for entry in made.file_entries}


def test_files_that_are_added_over_links_of_the_same_content_are_stored(own: Home, folder: Path, tmp_path: Path) -> None:
    before = linked(folder, read_hash=True)
    for begun in (Dataset.create("added", "p", parent_datasets=[before]), Dataset.create("new", "p")):
        if begun.name == "new":
            begun.add_external_files(str(folder), read_hash=True)
        assert begun.add_files(str(folder)) == len(FILES)
        begun.finalize(auto_upload=True)
        assert not begun.link_entries
        assert set(stored(begun)) == set(FILES)
    for path in FILES:
        (folder / path).unlink()
    assert files_in(begun.get_mutable_local_copy(tmp_path / "copy")) == FILES


def test_a_folder_that_is_synchronised_over_links_to_it_is_stored(own: Home, folder: Path) -> None:
    made = Dataset.create("linked", "p", parent_datasets=[linked(folder, read_hash=True)])
    assert made.sync_folder(str(folder))[:3] == (0, 0, len(FILES))
    assert made.sync_folder(str(folder))[:3] == (0, 0, 0)
    made.finalize(auto_upload=True)
    assert not made.link_entries
    assert set(stored(made)) == set(FILES)


def test_who_reads_on_after_the_error_gets_no_other_bytes(own: Home, folder: Path) -> None:
    (entry,) = contents.links_of(own, linked(folder / "one.txt")._version)
    (folder / "one.txt").write_bytes(b"ONE")
    os.utime(folder / "one.txt", ns=(1, 1))
    with LinkFile(own.link_sources, entry, own.link_fetcher().open) as file:
        for _ in range(2):
            with pytest.raises(SourceChanged):
                file.read(3)


def test_a_note_of_a_content_that_a_crash_left_empty_counts_as_none(own: Home, folder: Path, tmp_path: Path) -> None:
    made = linked(folder / "one.txt")
    made.get_local_copy()
    (note,) = (own.cache_folder / "links").glob("??/*")
    note.write_text("")
    assert files_in(made.get_mutable_local_copy(tmp_path / "copy")) == {"one.txt": b"one"}


def test_a_file_for_its_owner_alone_does_not_get_into_a_shared_cache(own: Home, folder: Path) -> None:
    made = linked(folder)
    (folder / "one.txt").chmod(0o600)
    own.cache_folder.mkdir(parents=True, exist_ok=True)
    own.cache_folder.chmod(0o777)
    with pytest.raises(Denied, match=r"one\.txt can't be had: .*only for its owner"):
        made.get_local_copy()
    assert not [blob for blob in (own.cache_folder / "blobs").rglob("*") if blob.is_file() and blob.read_bytes() == b"one"]
    (folder / "one.txt").chmod(0o644)
    assert files_in(made.get_local_copy()) == FILES


def test_no_file_passes_for_a_link_that_nobody_read(own: Home, folder: Path, tmp_path: Path) -> None:
    link = linked(folder / "one.txt").link_entries[0].link
    said = f"link\0{link}\0{3}\0{(folder / 'one.txt').stat().st_mtime_ns}"
    write_files(tmp_path / "planted", {"one.txt": said.encode()})
    planted = Dataset.create("planted", "p")
    planted.add_files(str(tmp_path / "planted"))
    planted.finalize(auto_upload=True)
    assert files_in(planted.get_local_copy()) == {"one.txt": said.encode()}
    assert files_in(linked(folder / "one.txt").get_local_copy()) == {"one.txt": b"one"}


def test_a_query_over_a_link_that_is_gone_says_so_in_words(own: Home, tmp_path: Path) -> None:
    folder = Path(write_files(tmp_path / "tables", {"t.csv": b"x\n1\n"}))
    made = linked(folder)
    assert made.query("SELECT x FROM t").to_pydict() == {"x": [1]}
    (folder / "t.csv").unlink()
    with pytest.raises(PathNotFound, match=r"t\.csv can't be had: nothing lies at") as told:
        made.query("SELECT x FROM t")
    assert "Traceback" not in str(told.value)
    with pytest.raises(Denied, match="nothing can be written"):
        made.query("EXPLAIN ANALYZE COPY (SELECT 1) TO 'tilth://w.csv'")


def test_imported_files_of_a_version_that_was_given_up_are_links_again(own: Home, folder: Path) -> None:
    hashed = Dataset.create("linked", "p")
    hashed.add_external_files(str(folder / "one.txt"), read_hash=True)
    hashed.finalize()
    made = Dataset.create("linked", "p", parent_datasets=[hashed.id])
    made.add_external_files(str(folder))
    before = {entry.relative_path: (entry.link, entry.size, entry.hash) for entry in made.link_entries}
    assert made.import_external_files() == len(FILES)
    assert made.link_entries == []
    fence = dump_record(Fence(VersionId(made.id), "2026-01-01T00:00:00Z"))
    assert own.repository.store.put_if_absent(version_key(VersionId(made.id)), fence)
    rescued = Dataset(own, lifecycle.rescue(own, made._version))
    assert {entry.relative_path: (entry.link, entry.size, entry.hash) for entry in rescued.link_entries} == before
    assert rescued.import_external_files("a") == 3
    rescued.finalize(auto_upload=True)
    assert files_in(rescued.get_local_copy()) == FILES
    assert list(rescued.link_entries_dict) == ["one.txt"]


def test_a_link_of_unknown_size_is_read_whole_and_in_parts(own: Home, folder: Path) -> None:
    made = Dataset.create("linked", "p")
    rows = [
        LinkRow(link=f"file://{folder}/one.txt", relative_path="bare"),
        LinkRow(link=f"file://{folder}/a/b/three.bin", relative_path="hashed", hash=sha256(FILES["a/b/three.bin"]).hexdigest()),
        LinkRow(link=f"file://{folder}/a/empty", relative_path="empty", hash=sha256(b"").hexdigest()),
    ]
    with lifecycle.opened_draft(own, made._version) as draft:
        draft.journal.put(map(_link, rows))
    made.finalize()
    assert [entry.size for entry in made.link_entries] == [None, 0, None]
    with made.open("bare") as file:
        assert file.seek(-2, os.SEEK_END) == 1
        assert file.read() == b"ne"
    assert b"".join(copies.read(own, made._version, "hashed")) == FILES["a/b/three.bin"]
    assert b"".join(copies.read(own, made._version, "hashed", start=69_998)) == b"33"
    assert made.fs().cat_file("bare") == b"one"
    assert made.fs().cat_file("bare", start=-2) == b"ne"
    assert made.fs().cat(["bare", "hashed", "empty"]) == {"bare": b"one", "hashed": FILES["a/b/three.bin"], "empty": b""}
    assert made.fs().size("bare") == 3
    assert made.fs().du("") == 3 + len(FILES["a/b/three.bin"])
    known = {"bare": None, "empty": 0, "hashed": None}
    assert {info["name"]: info["size"] for info in made.fs().ls("")} == known
    assert {name: info["size"] for name, info in made.fs().find("", detail=True).items()} == known
    tree = MountedVersion(reading_of(own, made._version))
    assert [tree.attributes(path)["st_size"] for path in known] == [3, 0, len(FILES["a/b/three.bin"])]
    assert tree.read(tree.open("bare"), 100, 0) == b"one"
    (folder / "one.txt").rename(folder / "away.txt")
    assert made.fs().info("bare")["size"] is None
    with pytest.raises(PathNotFound, match="nothing lies at"):
        made.fs().cat_file("bare")
    assert tree.attributes("bare")["st_size"] == 3  # whoever mounted it was told
    with pytest.raises(OSError, match="bare"):
        MountedVersion(reading_of(own, made._version)).attributes("bare")
    (folder / "away.txt").rename(folder / "one.txt")
    assert files_in(made.get_local_copy()) == {"bare": b"one", "hashed": FILES["a/b/three.bin"], "empty": b""}


def test_links_are_fetched_many_at_once_with_few_locks_and_one_thread_that_shows_that_they_are_held(
    own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = linked(Path(write_files(tmp_path / "many", {f"{number:03}": str(number).encode() for number in range(150)})))
    own.previews.wait_for_all()
    for thread in threading.enumerate():
        if thread.name == "tilth-locks":  # of locks that are not held any more
            thread.join(60)
    most: list[int] = []
    held: list[int] = []
    fetch = LinkFetcher._fetch_batch

    def watched(self: LinkFetcher, *given: object) -> None:
        names = [thread.name for thread in threading.enumerate()]
        most.append(sum(name == "tilth-locks" for name in names))
        held.append(len(locks._signs._held))
        fetch(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(LinkFetcher, "_fetch_batch", watched)
    monkeypatch.setattr(locks, "_SIGN_S", 0.0)
    assert len(files_in(made.get_local_copy())) == 150
    assert most == [1, 1]
    assert 1 <= held[0] <= 3, "of the view, of the dataset, and a list of links"
    assert not locks._signs._held


@pytest.mark.parametrize("killed", [(), range(5)])
def test_many_processes_fetch_each_link_once_and_need_few_open_files(
    own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: "range"
) -> None:
    files = {f"{number:03}": f"content {number}".encode() for number in range(200)}
    made = linked(Path(write_files(tmp_path / "many", files)))
    links = list(own.repository.manifest(VersionId(made.id)).entries())

    def counted(sources: Sources, entry: Entry, target: Path, stopped: threading.Event) -> bytes:
        with (tmp_path / "asked").open("a") as log:
            log.write(f"{entry.path}\n")
        return download_link(sources, entry, target, stopped)

    monkeypatch.setattr("tilth.sdk.links.begun.download_link", counted)

    def work(number: int) -> None:
        allow_open_files(24)
        folder = tmp_path / f"folder-{number}"
        folder.mkdir()
        LinkFetcher(own.link_sources, own.cache, workers=4).link(links, folder)
        assert files_in(str(folder)) == files

    ended = crowd(25, work, killed=killed)
    assert [status for number, status in enumerate(ended) if number not in killed] == [0] * (25 - len(killed))
    asked = (tmp_path / "asked").read_text().split()
    assert set(asked) == set(files)
    assert killed or len(asked) == len(files)
    assert list((own.cache_folder / "fetching").iterdir()) == []


def test_what_is_no_readable_file_of_a_folder_is_told_and_left_out(draft: Dataset, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "broken").symlink_to("nowhere")
    (folder / "a/around").symlink_to("..")
    os.mkfifo(folder / "pipe")
    (folder / os.fsdecode(b"se\xf1or.txt")).write_bytes(b"latin")
    assert draft.add_external_files(str(folder)) == len(FILES)
    told = sorted(record.getMessage().replace(str(folder), "") for record in caplog.records)
    assert told == [
        "left out: /a/around is a link that leads back to a folder above it",
        "left out: /broken is a link to nowhere, which does not exist",
        "left out: /pipe is a named pipe, not a file",
        "left out: file:///se%F1or.txt has a name that is not valid UTF-8",
    ]
    assert draft.sync_external_files(str(folder)) == (0, 0, 0)


def test_a_folder_of_this_machine_that_is_not_there_is_told(draft: Dataset, folder: Path) -> None:
    with pytest.raises(PathNotFound, match=r"/none does not exist; check the path"):
        draft.add_external_files(f"{folder}/none/")
    with pytest.raises(PathNotFound, match=r"one\.txt is not a folder"):
        draft.add_external_files(f"{folder}/one.txt/")


def test_names_that_look_like_patterns_mean_the_files_that_have_them(draft: Dataset, folder: Path) -> None:
    write_files(folder / "odd", {"x[1].txt": b"a", "x1.txt": b"b", "q?.txt": b"c"})
    assert draft.add_external_files([f"{folder}/odd/x[1].txt", f"{folder}/odd/q?.txt"]) == 2
    assert draft.list_files() == ["q?.txt", "x[1].txt"]
    assert draft.add_external_files(f"{folder}/odd/x[12].txt", dataset_path="pattern") == 1
    assert draft.list_files("pattern") == ["pattern/x1.txt"]


def test_of_many_named_files_those_that_can_not_be_had_are_told_together_and_the_others_registered(draft: Dataset, folder: Path) -> None:
    addresses = [str(folder / name) for name in ("one.txt", "no-1", "no-2", "a/empty")]
    with pytest.raises(PathNotFound, match=r"2 links can't be had \(the others are registered\):\n .*no-1 does not exist\n .*no-2 does"):
        draft.add_external_files(addresses)
    assert draft.list_files() == ["empty", "one.txt"]
