"""Spread over processes, a folder becomes the very version that one process makes; whatever is lost on the way is made up for."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tilth.base.errors import Conflict, DiskFull, Invalid, PathCollision, SessionFenced, SourceChanged, Unavailable
from tilth.base.ids import VersionId, new_id
from tilth.datasets import ranges, segments, spreading, stat_cache
from tilth.datasets.bases import ConflictRule
from tilth.datasets.drafts import Draft
from tilth.datasets.journal import Stored
from tilth.datasets.scanning import SourceFile
from tilth.datasets.spreading import Spread, add_spread, sync_spread
from tilth.datasets.taking import AddRequest, Outcome, add, sync, upload
from tilth.domain.dataset import ChangeTotals, Entry, Link, Total
from tilth.store.api import Buffer, Key
from tilth.store.local import LocalStore
from tilth.testing.engines import InlineEngine
from tilth.testing.repositories import Workbench

FILES = {f"d{number % 7}/{number:03}.bin": os.urandom(500 + number) for number in range(60)} | {"empty": b"", "large": os.urandom(9 << 20)}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    monkeypatch.setattr(spreading, "LEAST_FILES", 4)
    monkeypatch.setattr(spreading, "MOST_FILES", 16)
    monkeypatch.setattr(segments, "LEAST_WEIGHT", 16)
    monkeypatch.setattr(segments, "MOST_WEIGHT", 64)
    monkeypatch.setattr(segments, "CUT_MASK", 7)
    monkeypatch.setattr(stat_cache, "RACY_NS", -(10**12))  # files that were just made are remembered
    return Workbench(tmp_path)


def spread_over(bench: Workbench, engine: InlineEngine) -> Spread:
    return Spread(engine, partial(LocalStore, bench.root / "store"))


def synced(bench: Workbench, folder: str, *parents: VersionId, engine: InlineEngine | None = None, **more: Any) -> VersionId:
    with bench.draft(*parents) as draft:
        sync_spread(draft, folder, bench.context(**more), spread_over(bench, engine or InlineEngine()))
        return bench.commit(draft)


def without_places(bench: Workbench, version: VersionId) -> list[tuple[Any, ...]]:
    entries: Iterator[Entry] = bench.repository.manifest(version).entries()
    return [(e.path, e.size, e.sha256, e.mode, e.mtime_ns, [(c.sha256, c.raw, c.stored) for c in e.chunks]) for e in entries]


def cuts(bench: Workbench, version: VersionId) -> list[tuple[str, str, int, int]]:
    return [(s.first_path, s.last_path, s.entries, s.size_bytes) for s in bench.repository.manifest(version).segments]


def test_what_earlier_ranges_stored_is_not_stored_again(bench: Workbench) -> None:
    contents = [os.urandom(2_000) for _ in range(10)]
    files = {f"{number:03}": contents[number % 10] for number in range(120)}
    folder = bench.folder(files)
    outcomes: list[Outcome] = []
    with bench.draft() as draft:
        outcomes.append(sync_spread(draft, folder, bench.context(), spread_over(bench, InlineEngine(slots=1))))
        version = bench.commit(draft)
    # Those that were under way together do not know of each other.
    assert 20_000 <= outcomes[0].stored_bytes < 3 * 20_000
    bench.repository.execute_gc(bench.repository.plan_gc(), confirmed=True)
    assert bench.contents(version) == files


def test_the_version_is_the_one_that_a_single_process_makes(bench: Workbench) -> None:
    folder = bench.folder(FILES)
    alone = bench.version_of(folder)
    engine = InlineEngine()
    spread = synced(bench, folder, engine=engine)
    assert engine.begun > 5
    assert without_places(bench, spread) == without_places(bench, alone)
    assert cuts(bench, spread) == cuts(bench, alone)
    assert len(cuts(bench, spread)) > 2
    assert bench.contents(spread) == FILES


def test_where_everything_is_stored_already_the_listing_is_equal_byte_by_byte(bench: Workbench) -> None:
    parent = bench.version(FILES)
    changed = {path: data for path, data in FILES.items() if not path.startswith("d3")} | {"d9/copy": FILES["d3/003.bin"]}
    folder = bench.folder(changed)
    alone = bench.version_of(folder, parent)
    stored = bench.stored_bytes()
    spread = synced(bench, folder, parent)
    assert bench.stored_bytes() == stored
    one, other = (bench.repository.manifest(version).segments for version in (alone, spread))
    assert [segment.sha256 for segment in other] == [segment.sha256 for segment in one]
    inherited = {segment.key for segment in bench.repository.manifest(parent).segments}
    assert {s.key for s in other} & inherited == {s.key for s in one} & inherited != set()


def test_what_a_candidate_holds_is_not_stored_again(bench: Workbench) -> None:
    other = bench.version(FILES)
    stored = bench.stored_bytes()
    spread = synced(bench, bench.folder(FILES), candidates=[other])
    assert bench.stored_bytes() == stored
    assert other in bench.repository.record(spread).bases


@pytest.mark.parametrize("how", ["before", "after"])
def test_ranges_of_lost_processes_are_done_again_and_nothing_is_overwritten(
    bench: Workbench, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[str] = []
    plain = LocalStore.put

    def told(self: LocalStore, key: Key, parts: Sequence[Buffer]) -> None:
        put.append(key)
        plain(self, key, parts)

    monkeypatch.setattr(LocalStore, "put", told)
    lost = (1, 3, 4)
    engine = InlineEngine(lost_before=lost) if how == "before" else InlineEngine(lost_after=lost)
    folder = bench.folder(FILES)
    spread = synced(bench, folder, engine=engine)
    assert bench.contents(spread) == FILES
    packs_and_segments = [key for key in put if key.startswith(("packs/", "segments/"))]
    assert len(set(packs_and_segments)) == len(packs_and_segments)
    needed = set(bench.repository.needed_keys(spread))
    plan = bench.repository.plan_gc()
    bench.repository.execute_gc(plan, confirmed=True)
    assert bench.contents(spread) == FILES
    kept = {info.key for prefix in ("packs/", "segments/", "roots/") for info in bench.store.list(prefix)}
    assert kept == needed
    assert (plan.doomed_bytes > 0) == (how == "after")


def test_a_range_that_is_lost_again_and_again_ends_the_command(bench: Workbench) -> None:
    with (
        bench.draft() as draft,
        pytest.raises(Unavailable, match="4 processes in turn were lost with the same files, the last because it was"),
    ):
        sync_spread(draft, bench.folder(FILES), bench.context(), spread_over(bench, InlineEngine(lost_before=range(100))))


class _Away(LocalStore):
    """A store that does not answer a number of times when packs are put there, on machines of the cluster."""

    def __init__(self, root: Path, times: int, why: type[Unavailable] = Unavailable) -> None:
        super().__init__(root)
        self._root, self._times, self._why = root, times, why

    def put(self, key: Key, parts: Sequence[Buffer]) -> None:
        failed = self._root / "failed"
        if key.startswith("packs/") and len(os.listdir(failed)) < self._times:
            (failed / new_id()).touch()
            raise self._why("the store does not answer", hint="wait")
        super().put(key, parts)


def store_that_fails(bench: Workbench, times: int, why: type[Unavailable] = Unavailable) -> Spread:
    (bench.root / "store" / "failed").mkdir(parents=True, exist_ok=True)
    return Spread(InlineEngine(), partial(_Away, bench.root / "store", times, why))


def test_a_store_that_is_away_for_some_time_is_waited_for(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "PAUSES_S", (0.01, 0.01, 0.01))
    with bench.draft() as draft:
        sync_spread(draft, bench.folder(FILES), bench.context(), store_that_fails(bench, 3))
        made = bench.commit(draft)
    assert bench.contents(made) == FILES
    assert len(bench.warnings) == 3
    assert bench.warnings[0].startswith("the store does not answer (on ")
    assert bench.warnings[0].endswith(" files are tried again in 0.01 seconds")


def test_a_store_that_stays_away_ends_the_command_with_its_error_and_nothing_is_lost(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreading, "PAUSES_S", (0.0, 0.0, 0.0))
    folder = bench.folder(FILES)
    with bench.draft() as draft, pytest.raises(Unavailable, match=r"the store does not answer \(on "):
        sync_spread(draft, folder, bench.context(), store_that_fails(bench, 1_000))
    with bench.repository.open_draft(draft.id) as again:
        sync_spread(again, folder, bench.context(), spread_over(bench, InlineEngine()))
        made = bench.commit(again)
    assert bench.contents(made) == FILES


def test_a_store_that_is_full_is_not_tried_again(bench: Workbench) -> None:
    where = store_that_fails(bench, 1_000, DiskFull)
    with bench.draft() as draft, pytest.raises(DiskFull):
        sync_spread(draft, bench.folder({"one": b"1"}), bench.context(), where)
    assert len(os.listdir(bench.root / "store" / "failed")) == 1


def test_signs_of_life_that_a_store_does_not_take_do_not_end_the_command(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Draft) -> None:
        raise Unavailable("the store does not answer", hint="wait")

    monkeypatch.setattr(Draft, "show_life", refuse)
    assert bench.contents(synced(bench, bench.folder(FILES))) == FILES


def test_a_cluster_without_machines_is_told_once_and_waited_for(bench: Workbench) -> None:
    class Empty(InlineEngine):
        """Has no machine when it is waited for the first times."""

        waits = 3

        def wait(self, timeout_s: float) -> Any:
            self.waits -= 1
            self.slots = 0 if self.waits > 0 else 2
            return super().wait(timeout_s) if self.waits < 0 else None

    assert bench.contents(synced(bench, bench.folder(FILES), engine=Empty())) == FILES
    assert bench.warnings == ["no machine of the cluster has a processor to work with; waiting for one"]


def test_an_interrupted_command_goes_on_with_what_was_recorded(bench: Workbench) -> None:
    folder = bench.folder(FILES)
    id = VersionId(new_id())
    bench.repository.create_draft(id, ()).close()
    with bench.repository.open_draft(id) as draft, pytest.raises(KeyboardInterrupt):
        sync_spread(draft, folder, bench.context(), spread_over(bench, InlineEngine(stops_at=5)))
    with bench.repository.open_draft(id) as draft:
        there = {path for path, _, _ in draft.digests()}
        engine = InlineEngine()
        sync_spread(draft, folder, bench.context(), spread_over(bench, engine))
        read = {item[0] for job in engine.jobs for item in job.items}
        assert there
        assert read == set(FILES) - there
        alone = bench.version_of(folder)
        bench.commit(draft)
    assert bench.contents(id) == FILES
    assert cuts(bench, id) == cuts(bench, alone)


def test_numbers_of_a_killed_command_are_not_given_out_again(bench: Workbench) -> None:
    folder = bench.folder(FILES)
    numbers: list[int] = []
    for _ in range(2):
        with bench.draft() as draft:
            engine = InlineEngine()
            sync_spread(draft, folder, bench.context(), spread_over(bench, engine))
            numbers += [job.number for job in engine.jobs]
    assert len(set(numbers)) == len(numbers)


def test_what_is_wrong_on_another_machine_is_told_as_here(bench: Workbench) -> None:
    folder = bench.folder(FILES)

    def gone(draft: Draft, error: type[Exception], match: str, path: str) -> None:
        with pytest.raises(error, match=match):
            sync_spread(draft, folder, bench.context(), Spread(_Meddling(Path(folder, path)), partial(LocalStore, bench.root / "store")))

    with bench.draft() as draft:
        gone(draft, SourceChanged, r"d3/003.bin vanished while it was being read \(on ", "d3/003.bin")
        assert len({path for path, _, _ in draft.digests()}) == 0
    with bench.repository.open_draft(draft.id) as again:
        assert len({path for path, _, _ in again.digests()}) > 5


class _Meddling(InlineEngine):
    """Something happens to a file after it was listed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def begin(self, function: Any, shared: Any, job: Any) -> Any:
        if any(item[1] == str(self._path) for item in job.items):
            self._path.unlink()
        return super().begin(function, shared, job)


def test_a_machine_that_sees_another_store_is_refused(bench: Workbench) -> None:
    elsewhere = Spread(InlineEngine(), partial(LocalStore, bench.root / "other"))
    with bench.draft() as draft, pytest.raises(Invalid, match="another store is found here than the one that the command writes into"):
        sync_spread(draft, bench.folder(FILES), bench.context(), elsewhere)
    assert not (bench.root / "other").exists()


def test_a_machine_with_another_release_is_refused(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "__version__", "0.0.7")
    with bench.draft() as draft, pytest.raises(Conflict, match=r"Tilth 0.0.7 is installed here, and the command runs with"):
        sync_spread(draft, bench.folder(FILES), bench.context(), spread_over(bench, InlineEngine()))


def test_a_second_command_changes_what_the_first_one_made(bench: Workbench) -> None:
    parent = bench.version(FILES)
    folder = bench.folder(FILES | {"d1/new": b"new", "d2/002.bin": b"changed"})
    with bench.draft(parent) as draft:
        outcome = sync_spread(draft, folder, bench.context(), spread_over(bench, InlineEngine()))
        assert (outcome.added, outcome.modified, outcome.removed) == (1, 1, 0)
        assert draft.is_changed()
        assert draft.remove("d3") == sorted(path for path in FILES if path.startswith("d3/"))
        request = AddRequest(sources=[bench.folder({"x": b"x", "empty": b"no more"}, "more")])
        outcome = add_spread(draft, request, bench.context(), spread_over(bench, InlineEngine()))
        assert (outcome.added, outcome.modified, outcome.unchanged) == (1, 1, 0)
        expected = {path: data for path, data in FILES.items() if not path.startswith("d3/")}
        expected |= {"d1/new": b"new", "d2/002.bin": b"changed", "x": b"x", "empty": b"no more"}
        gone = [len(data) for path, data in FILES.items() if path.startswith("d3/")]
        totals = draft.totals()
        assert (totals.added, totals.modified, totals.removed) == (Total(2, 4), Total(2, 14), Total(len(gone), sum(gone)))
        id = bench.commit(draft)
    assert bench.contents(id) == expected
    whole = bench.version_of(bench.folder(expected, "expected"))
    assert [row[:3] for row in without_places(bench, id)] == [row[:3] for row in without_places(bench, whole)]
    assert cuts(bench, id) == cuts(bench, whole)


def test_files_that_wait_are_stored_by_the_cluster(bench: Workbench) -> None:
    folder = bench.folder(FILES)
    with bench.draft() as draft:
        add(draft, AddRequest(sources=[folder]), bench.context())
        sync_spread(draft, folder, bench.context(), spread_over(bench, InlineEngine()))
        assert not draft.is_dirty()
        assert upload(draft, bench.context()) == Outcome()
        assert draft.totals() == ChangeTotals(added=Total(len(FILES), sum(map(len, FILES.values()))))
        id = bench.commit(draft)
    assert bench.contents(id) == FILES


def test_several_parents_are_united_first(bench: Workbench) -> None:
    one, two = bench.version({"a": b"1", "b": b"1"}), bench.version({"b": b"2", "c": b"2"})
    with bench.draft(one, two, rule=ConflictRule.LAST) as draft:
        add_spread(draft, AddRequest(sources=[bench.folder({"d": b"3"})]), bench.context(), spread_over(bench, InlineEngine()))
        assert draft.totals().added == Total(1, 1)
        id = bench.commit(draft)
    assert bench.contents(id) == {"a": b"1", "b": b"2", "c": b"2", "d": b"3"}


def test_a_path_that_is_a_file_and_a_folder_is_refused(bench: Workbench) -> None:
    with bench.draft() as draft:
        for files in ({"a": b"1", "a-b": b"1"}, {"a/c": b"2"}):
            add_spread(draft, AddRequest(sources=[bench.folder(files)]), bench.context(), spread_over(bench, InlineEngine()))
        with pytest.raises(PathCollision, match="a would be a file and also the folder that holds a/c"):
            bench.commit(draft)
        draft.remove("a")
        id = bench.commit(draft)
    assert bench.contents(id) == {"a-b": b"1", "a/c": b"2"}


def test_a_request_that_means_no_file_is_refused_and_one_that_names_a_file_twice_is_not(bench: Workbench) -> None:
    folder = bench.folder(FILES)
    with bench.draft() as draft:
        with pytest.raises(Invalid, match="nothing to add"):
            add_spread(draft, AddRequest(sources=[folder], wildcards=["*.jpg"]), bench.context(), spread_over(bench, InlineEngine()))
        both = [f"{folder}/large", f"{folder}/empty", f"{folder}/large"]
        add_spread(draft, AddRequest(sources=both), bench.context(), spread_over(bench, InlineEngine()))
        assert [path for path, _, _ in draft.digests()] == ["empty", "large"]


def test_a_session_that_was_given_up_is_begun_anew(bench: Workbench) -> None:
    with bench.draft() as draft:
        sync_spread(draft, bench.folder(FILES), bench.context(), spread_over(bench, InlineEngine()))
    with pytest.raises(SessionFenced, match="what the machines of a cluster had stored for it"):
        bench.repository.rescue_draft(draft.id, VersionId(new_id()))


def test_unchanged_files_are_not_read_again(bench: Workbench) -> None:
    folder = bench.folder(FILES)
    first = synced(bench, folder)
    engine = InlineEngine()
    with bench.draft(first) as draft:
        outcome = sync_spread(draft, folder, bench.context(), spread_over(bench, engine))
        assert not draft.is_changed()
    assert outcome == Outcome(unchanged=len(FILES))
    assert engine.begun == 0


def test_after_the_commit_no_delta_is_left(bench: Workbench) -> None:
    spread = synced(bench, bench.folder(FILES))
    kept = {info.key for info in bench.store.list("segments/")}
    assert kept == {segment.key for segment in bench.repository.manifest(spread).segments}


def test_who_goes_on_with_the_draft_finds_what_the_processes_stored(bench: Workbench) -> None:
    folder = Path(bench.folder(FILES))
    with bench.draft() as draft:
        sync_spread(draft, str(folder), bench.context(), spread_over(bench, InlineEngine()))
        assert {path: draft.held(path) for path in FILES} == {path: draft.find(path) for path in FILES}
        (folder / "empty").unlink()
        outcome = sync(draft, str(folder), bench.context())
        assert (outcome.removed, outcome.unchanged, outcome.added, outcome.modified) == (1, len(FILES) - 1, 0, 0)
        again = add(draft, AddRequest(sources=[str(folder)]), bench.context())
        assert (again.unchanged, again.is_change) == (len(FILES) - 1, False)
        made = bench.commit(draft)
    assert bench.contents(made) == {path: data for path, data in FILES.items() if path != "empty"}


def test_files_that_are_links_to_the_same_content_are_stored(bench: Workbench) -> None:
    folder = bench.folder(FILES)
    takes: Sequence[Callable[[Draft], Outcome]] = (
        lambda draft: add_spread(draft, AddRequest(sources=[folder]), bench.context(), spread_over(bench, InlineEngine())),
        lambda draft: sync_spread(draft, folder, bench.context(), spread_over(bench, InlineEngine())),
    )
    for take in takes:
        with bench.draft() as draft:
            rows = []
            for path, data in FILES.items():
                entry = Entry(path, len(data), sha256(data).digest(), 0o644, 1, (), Link(f"s3://b/{path}", "1", is_hashed=True))
                rows.append(Stored(entry, SourceFile(path, "", len(data), 1, 0, 0, 0o644)))
            draft.journal.put(rows)
            take(draft)
            assert list(draft.links()) == []
            assert bench.contents(bench.commit(draft)) == FILES
