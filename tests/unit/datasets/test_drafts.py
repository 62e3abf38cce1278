"""Drafts hold just what was put into them, and store nothing twice."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tilth.base.errors import (
    DraftBusy,
    Invalid,
    PathCollision,
    PathInvalid,
    PathNotFound,
    SessionFenced,
    SourceChanged,
    SourceUnreadable,
    VersionDeleted,
    VersionFinal,
    VersionNotFinal,
    VersionNotFound,
)
from tilth.base.ids import VersionId, new_id
from tilth.datasets import stat_cache
from tilth.datasets.bases import Collision, ConflictRule
from tilth.datasets.chunking import ONE_CHUNK_BYTES
from tilth.datasets.drafts import Draft
from tilth.datasets.format import version_key
from tilth.datasets.records import Fence, dump_record
from tilth.datasets.taking import AddRequest, Outcome, add, sync, upload
from tilth.domain.dataset import ChangeTotals, Total
from tilth.testing.repositories import Workbench

PICTURES = {"Cat/1.jpg": b"cat one", "Cat/2.jpg": b"cat two", "Dog/1.jpg": b"dog one", "empty": b"", "Dog-list.txt": b"1.jpg"}


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def test_a_version_holds_just_what_its_folder_held(bench: Workbench) -> None:
    large = noise(3 * ONE_CHUNK_BYTES + 17)
    files = {**PICTURES, "large.bin": large, "large.txt": b"line of text\n" * 600_000}
    assert bench.contents(bench.version(files)) == files


def test_a_next_version_stores_only_what_is_new(bench: Workbench) -> None:
    first = bench.version({f"{number}.bin": noise(50_000, number) for number in range(20)})
    before = bench.stored_bytes()
    after = {f"moved/{number}.bin": noise(50_000, number) for number in range(5, 20)} | {"0.bin": noise(50_000, 0), "new": noise(1000, 99)}
    second = bench.version(after, first)
    assert bench.contents(second) == after
    assert bench.stored_bytes() - before < 1_300


def test_the_same_folder_under_another_name_stores_nothing(bench: Workbench) -> None:
    files = {f"{number}.bin": noise(50_000, number) for number in range(20)} | {"large": noise(2 * ONE_CHUNK_BYTES)}
    first = bench.version(files)
    before = bench.stored_bytes()
    with bench.draft() as draft:
        sync(draft, bench.folder(files, "elsewhere"), bench.context([first]))
        assert first in draft.session.bases
        second = bench.commit(draft)
    assert bench.contents(second) == files
    assert bench.stored_bytes() == before


def test_a_candidate_that_shares_nothing_is_not_pinned(bench: Workbench) -> None:
    first = bench.version({"a": b"something"})
    with bench.draft() as draft:
        sync(draft, bench.folder({"b": b"else"}), bench.context([first]))
        assert not draft.session.bases


def test_a_file_twice_in_a_folder_is_stored_once(bench: Workbench) -> None:
    bench.version({"a": noise(80_000), "b": noise(80_000)})
    assert bench.stored_bytes() < 81_000


def test_an_insertion_into_a_large_file_stores_little(bench: Workbench) -> None:
    data = noise(30 << 20)
    first = bench.version({"large": data})
    before = bench.stored_bytes()
    changed = data[: 15 << 20] + b"inserted" + data[15 << 20 :]
    second = bench.version({"large": changed}, first)
    assert bench.contents(second) == {"large": changed}
    assert bench.stored_bytes() - before < 3 << 20


def test_an_unchanged_folder_is_not_opened_again(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stat_cache, "RACY_NS", 0)
    first = bench.version(PICTURES)
    folder = bench.folder(PICTURES)
    opened: list[str] = []
    really_open = os.open

    def watched_open(path: str, *rest: int) -> int:
        opened.append(str(path))
        return really_open(path, *rest)

    monkeypatch.setattr(os, "open", watched_open)
    with bench.draft(first) as draft:
        assert sync(draft, folder, bench.context()) == Outcome(unchanged=len(PICTURES))
    assert opened
    assert not [path for path in opened if path.startswith(folder)]


def test_a_file_that_was_just_written_is_never_trusted(bench: Workbench) -> None:
    folder = bench.folder({"a": b"old"})
    os.utime(Path(folder, "a"))
    first = bench.version({"a": b"old"})
    state = Path(folder, "a").stat()
    Path(folder, "a").write_bytes(b"new")
    os.utime(Path(folder, "a"), ns=(state.st_atime_ns, state.st_mtime_ns))
    with bench.draft(first) as draft:
        assert sync(draft, folder, bench.context()) == Outcome(modified=1, stored_bytes=16 + 3 + 48 + 48)


def test_adding_waits_for_the_upload(bench: Workbench) -> None:
    with bench.draft() as draft:
        folder = bench.folder(PICTURES)
        assert add(draft, AddRequest(sources=[folder]), bench.context()) == Outcome(added=5)
        assert [path for path, _, _ in draft.digests()] == sorted(PICTURES)
        assert draft.is_dirty()
        assert bench.stored_bytes() == 0
        with pytest.raises(VersionNotFinal, match="not stored yet"):
            draft.write()
        assert upload(draft, bench.context()).added == 5
        assert not draft.is_dirty()
        assert bench.contents(bench.commit(draft)) == PICTURES


def test_adding_again_counts_what_changed(bench: Workbench) -> None:
    first = bench.version(PICTURES)
    with bench.draft(first) as draft:
        folder = bench.folder({"Cat/1.jpg": b"cat one", "Cat/2.jpg": b"edited", "Cat/3.jpg": b"new"}, "more")
        assert add(draft, AddRequest(sources=[folder]), bench.context()) == Outcome(added=1, modified=1, unchanged=1)


@pytest.mark.parametrize(
    ("request_of", "paths"),
    [
        (lambda root: AddRequest(sources=[f"{root}/Cat"]), ["1.jpg", "2.jpg"]),
        (lambda root: AddRequest(sources=[f"{root}/Cat"], base=str(root)), ["Cat/1.jpg", "Cat/2.jpg"]),
        (lambda root: AddRequest(sources=[f"{root}/Cat"], prefix="./animals/"), ["animals/1.jpg", "animals/2.jpg"]),
        (lambda root: AddRequest(sources=[str(root)], wildcards=["*.jpg"]), ["Cat/1.jpg", "Cat/2.jpg", "Dog/1.jpg"]),
        (lambda root: AddRequest(sources=[str(root)], recursive=False), ["Dog-list.txt", "empty"]),
        (lambda root: AddRequest(sources=[f"{root}/empty", f"{root}/Dog/1.jpg"]), ["1.jpg", "empty"]),
        (lambda root: AddRequest(sources=[f"{root}/Dog/1.jpg"], base=str(root)), ["Dog/1.jpg"]),
        (lambda root: AddRequest(sources=[f"{root}/Cat/*.jpg"]), ["1.jpg", "2.jpg"]),
    ],
)
def test_what_is_added_under_which_path(bench: Workbench, request_of: object, paths: list[str]) -> None:
    folder = bench.folder(PICTURES)
    with bench.draft() as draft:
        add(draft, request_of(folder), bench.context())  # type: ignore[operator]
        assert [path for path, _, _ in draft.digests()] == paths


@pytest.mark.parametrize(
    ("pattern", "recursive", "left"),
    [
        ("Cat", True, {"Dog/1.jpg", "Dog/sub/2.jpg", "Dog-list.txt", "Catalogue"}),
        ("./Cat/", True, {"Dog/1.jpg", "Dog/sub/2.jpg", "Dog-list.txt", "Catalogue"}),
        ("Cat/1.jpg", True, {"Cat/2.jpg", "Dog/1.jpg", "Dog/sub/2.jpg", "Dog-list.txt", "Catalogue"}),
        ("*.jpg", True, {"Dog-list.txt", "Catalogue"}),
        ("*.jpg", False, {"Cat/1.jpg", "Cat/2.jpg", "Dog/1.jpg", "Dog/sub/2.jpg", "Dog-list.txt", "Catalogue"}),
        ("*/1.jpg", False, {"Cat/2.jpg", "Dog/sub/2.jpg", "Dog-list.txt", "Catalogue"}),
        ("Dog", False, {"Cat/1.jpg", "Cat/2.jpg", "Dog/sub/2.jpg", "Dog-list.txt", "Catalogue"}),
        ("Dog/*", True, {"Cat/1.jpg", "Cat/2.jpg", "Dog-list.txt", "Catalogue"}),
        ("D?g", True, {"Cat/1.jpg", "Cat/2.jpg", "Dog-list.txt", "Catalogue"}),
        ("Cat*", True, {"Dog/1.jpg", "Dog/sub/2.jpg", "Dog-list.txt"}),
        ("nothing", True, {"Cat/1.jpg", "Cat/2.jpg", "Dog/1.jpg", "Dog/sub/2.jpg", "Dog-list.txt", "Catalogue"}),
        ("*", True, set()),
    ],
)
@pytest.mark.parametrize("inherited", [True, False])
def test_removing_takes_exactly_what_is_meant(bench: Workbench, pattern: str, recursive: bool, left: set[str], inherited: bool) -> None:
    files = {path: path.encode() for path in ("Cat/1.jpg", "Cat/2.jpg", "Dog/1.jpg", "Dog/sub/2.jpg", "Dog-list.txt", "Catalogue")}
    parents = [bench.version(files)] if inherited else []
    with bench.draft(*parents) as draft:
        if not inherited:
            sync(draft, bench.folder(files), bench.context())
        gone = draft.remove(pattern, recursive=recursive)
        assert set(gone) == files.keys() - left
        assert {path for path, _, _ in draft.digests()} == left
        assert bench.contents(bench.commit(draft)).keys() == left


@pytest.mark.parametrize("name", ["img[1].png", "what?", "a*b"])
def test_a_name_that_looks_like_a_pattern_means_itself(bench: Workbench, name: str) -> None:
    first = bench.version({name: b"1", "img1.png": b"2", "whatx": b"3", "axb": b"4"})
    with bench.draft(first) as draft:
        assert draft.remove(name) == [name]


def test_a_removed_file_that_is_added_again_is_unchanged(bench: Workbench) -> None:
    first = bench.version(PICTURES)
    with bench.draft(first) as draft:
        draft.remove("Cat")
        sync(draft, bench.folder(PICTURES), bench.context())
        assert draft.totals() == ChangeTotals(unchanged=Total(5, sum(map(len, PICTURES.values()))))


def test_totals_tell_moves_from_additions(bench: Workbench) -> None:
    first = bench.version({"a": b"a", "b": b"bb", "c": b"ccc", "d": b"dddd"})
    with bench.draft(first) as draft:
        sync(draft, bench.folder({"a": b"a", "b": b"edited", "moved/c": b"ccc", "e": b"eeeee"}), bench.context())
        assert draft.totals() == ChangeTotals(Total(1, 5), Total(1, 4), Total(1, 6), Total(1, 3), Total(1, 1))


@pytest.mark.parametrize(("rule", "winner"), [(ConflictRule.FIRST, b"left"), (ConflictRule.LAST, b"right")])
def test_several_parents_are_united(bench: Workbench, rule: ConflictRule, winner: bytes) -> None:
    left = bench.version({"both": b"left", "left": b"l", "same": b"same"})
    right = bench.version({"both": b"right", "right": b"r", "same": b"same"})
    with bench.draft(left, right, rule=rule) as draft:
        assert list(draft.collisions()) == [Collision("both", (0, 1), 0 if rule is ConflictRule.FIRST else 1)]
        united = bench.contents(bench.commit(draft))
    assert united == {"both": winner, "left": b"l", "right": b"r", "same": b"same"}


def test_parents_that_collide_are_refused_if_asked_for(bench: Workbench) -> None:
    left, right = bench.version({"both": b"left"}), bench.version({"both": b"right"})
    with bench.draft(left, right, rule=ConflictRule.FAIL) as draft, pytest.raises(PathCollision, match="both"):
        list(draft.collisions())


def test_a_merged_version_outlives_its_parents(bench: Workbench) -> None:
    left, right = bench.version({"l": noise(9000, 1)}), bench.version({"r": noise(9000, 2)})
    with bench.draft(left, right) as draft:
        united = bench.commit(draft)
    bench.repository.delete(left)
    bench.repository.delete(right)
    bench.repository.execute_gc(bench.repository.plan_gc(), confirmed=True)
    assert bench.contents(united) == {"l": noise(9000, 1), "r": noise(9000, 2)}
    with pytest.raises(VersionDeleted):
        bench.repository.record(left)


def test_collection_frees_what_only_a_deleted_version_held(bench: Workbench) -> None:
    first = bench.version({"shared": noise(9000, 1)})
    second = bench.version({"shared": noise(9000, 1), "own": noise(90_000, 2)}, first)
    bench.repository.delete(second)
    bench.repository.execute_gc(bench.repository.plan_gc(), confirmed=True)
    assert bench.contents(first) == {"shared": noise(9000, 1)}
    assert bench.stored_bytes() < 10_000


@pytest.mark.parametrize(("inherited", "added"), [("a", "a/b"), ("a/b", "a"), ("a/b/c", "a/b")])
def test_a_path_is_not_a_file_and_a_folder_at_once(bench: Workbench, inherited: str, added: str) -> None:
    first = bench.version({inherited: b"1"})
    with bench.draft(first) as draft:
        source = bench.folder({"x": b"2"}, "other") + "/x"
        os.rename(source, Path(source).parent / Path(added).name)
        add(draft, AddRequest(sources=[str(Path(source).parent)], prefix=os.path.dirname(added)), bench.context())
        upload(draft, bench.context())
        with pytest.raises(PathCollision, match="file and also the folder"):
            draft.write()
        draft.remove(inherited)
        bench.commit(draft)


def test_one_process_changes_a_draft_at_a_time(bench: Workbench) -> None:
    with bench.draft() as draft, pytest.raises(DraftBusy, match=str(os.getpid())):
        bench.repository.open_draft(draft.id)
    bench.repository.open_draft(draft.id).close()


def forked(do: Callable[[], object], until: int) -> int:
    """A process that has the descriptors of its parent, as one that is just being started has; it ends when the pipe does."""
    child = os.fork()
    if child == 0:
        try:
            do()
            os.read(until, 1)
        finally:
            os._exit(0)
    return child


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_that_begins_meanwhile_neither_holds_a_draft_nor_gives_it_up(bench: Workbench) -> None:
    begun, go = os.pipe(), os.pipe()

    def tell(*, closes: bool) -> None:
        os.close(go[1])
        if closes:
            draft.close()
        os.write(begun[1], b"x")

    with bench.draft() as draft:
        children = [forked(lambda: tell(closes=True), go[0]), forked(lambda: tell(closes=False), go[0])]
        try:
            assert os.read(begun[0], 1) + os.read(begun[0], 1) == b"xx"
            with pytest.raises(DraftBusy):
                bench.repository.open_draft(draft.id)
            draft.close()
            bench.repository.open_draft(draft.id).close()
        finally:
            os.close(go[1])
            assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    for end in (*begun, go[0]):
        os.close(end)


def test_a_committed_draft_can_not_be_changed(bench: Workbench) -> None:
    with bench.draft() as draft:
        sync(draft, bench.folder({"a": b"a"}), bench.context())
        folder = bench.root / "drafts" / draft.id
        os.rename(folder, bench.root / "kept")
        os.symlink(bench.root / "kept", folder)
        bench.commit(draft)
    with pytest.raises((VersionFinal, VersionNotFound)):
        bench.repository.open_draft(draft.id)


def test_a_fenced_draft_is_rescued_into_a_new_one(bench: Workbench) -> None:
    first = bench.version({"old": b"old"})
    with bench.draft(first) as draft:
        sync(draft, bench.folder(PICTURES), bench.context())
    assert bench.store.put_if_absent(version_key(draft.id), dump_record(Fence(draft.id, "2026-01-01T00:00:00Z")))
    with pytest.raises(SessionFenced):
        bench.repository.open_draft(draft.id)
    with bench.repository.rescue_draft(draft.id, VersionId(new_id())) as rescued:
        upload(rescued, bench.context())
        assert bench.contents(bench.commit(rescued)) == PICTURES


def test_a_file_that_changes_between_add_and_upload_is_told(bench: Workbench) -> None:
    folder = bench.folder({"a": b"one", "b": b"two"})
    with bench.draft() as draft:
        add(draft, AddRequest(sources=[folder]), bench.context())
        Path(folder, "a").write_bytes(b"changed")
        with pytest.raises(SourceChanged, match="source/a"):
            upload(draft, bench.context())
        add(draft, AddRequest(sources=[folder]), bench.context())
        upload(draft, bench.context())
        assert bench.contents(bench.commit(draft)) == {"a": b"changed", "b": b"two"}


def test_a_file_that_vanishes_between_add_and_upload_is_told(bench: Workbench) -> None:
    folder = bench.folder({"a": b"one", "b": b"two"})
    with bench.draft() as draft:
        add(draft, AddRequest(sources=[folder]), bench.context())
        Path(folder, "a").unlink()
        with pytest.raises(SourceChanged, match="source/a"):
            upload(draft, bench.context())


def test_a_folder_without_files_is_refused(bench: Workbench) -> None:
    (bench.root / "void" / "deeper").mkdir(parents=True)
    first = bench.version(PICTURES)
    with bench.draft(first) as draft:
        with pytest.raises(PathNotFound, match="holds no files"):
            sync(draft, str(bench.root / "void"), bench.context())
        with pytest.raises(PathNotFound, match="holds no files"):
            add_folder(bench, draft, "void")
        assert not draft.is_changed()


def add_folder(bench: Workbench, draft: Draft, name: str) -> Outcome:
    return add(draft, AddRequest(sources=[str(bench.root / name)]), bench.context())


def test_what_can_not_be_stored_is_named_before_anything_is(bench: Workbench) -> None:
    folder = Path(bench.folder({"good": b"good"}))
    (folder / "broken").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to("..")
    os.mkfifo(folder / "pipe")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.jpg")).write_bytes(b"x")
    with bench.draft() as draft:
        with pytest.raises(SourceUnreadable) as caught:
            sync(draft, str(folder), bench.context())
        for name in ("broken", "loop", "up", "pipe", "\\xff.jpg"):
            assert name in str(caught.value)
        assert bench.stored_bytes() == 0


def test_links_to_files_and_folders_are_followed(bench: Workbench) -> None:
    folder = Path(bench.folder({"real/1": b"one"}))
    (folder / "file").symlink_to("real/1")
    (folder / "twin").symlink_to("real")
    assert bench.contents(bench.version_of(folder)) == {"real/1": b"one", "file": b"one", "twin/1": b"one"}


def test_names_equal_but_for_case_are_warned_of(bench: Workbench) -> None:
    bench.version({"a.jpg": b"1", "A.jpg": b"2"})
    assert len(bench.warnings) == 1
    assert "A.jpg and a.jpg" in bench.warnings[0]


@pytest.mark.parametrize("prefix", ["../up", "a/../../b", "/".join(["x" * 200] * 60), "y" * 300, "a\0b"])
def test_a_path_that_nobody_could_restore_is_refused(bench: Workbench, prefix: str) -> None:
    folder = bench.folder({"a": b"a"})
    with bench.draft() as draft, pytest.raises(PathInvalid):
        add(draft, AddRequest(sources=[folder], prefix=prefix), bench.context())


def test_a_missing_source_is_named(bench: Workbench) -> None:
    with bench.draft() as draft, pytest.raises(PathNotFound, match="no-such-folder"):
        add_folder(bench, draft, "no-such-folder")


def test_nothing_that_matches_is_an_error(bench: Workbench) -> None:
    folder = bench.folder(PICTURES)
    with bench.draft() as draft, pytest.raises(Invalid, match="nothing to add"):
        add(draft, AddRequest(sources=[folder], wildcards=["*.png"]), bench.context())
