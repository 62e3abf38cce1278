"""Processes and users share a cache: each content comes once, whoever is killed breaks nothing, and nothing that is used goes."""

import fcntl
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from tilth.base.errors import DiskFull, HomeReadOnly
from tilth.base.ids import VersionId, new_id
from tilth.datasets import materialise
from tilth.datasets.cache import evicting, leases, locks
from tilth.datasets.cache.blobs import BlobCache, blobs_in
from tilth.datasets.cache.chunks import ChunkCache, is_damaged
from tilth.datasets.cache.evicting import clean, plan_removal, remove_view
from tilth.datasets.cache.inventory import Linked, Weights, view_names, views_in, weigh
from tilth.datasets.cache.notes import Limits, Link, Pin
from tilth.datasets.materialise import view_in
from tilth.datasets.reader import ChunkSource
from tilth.testing.crowds import KILLED, CountingStore, become, crowd
from tilth.testing.repositories import Workbench

FILES = {f"{number % 7}/{number}.bin": random.Random(number).randbytes(3_000) for number in range(40)}
NEXT = FILES | {f"new/{number}": random.Random(100 + number).randbytes(3_000) for number in range(5)}


class Team:
    """A cache that several processes share, and a store that counts."""

    def __init__(self, root: Path, *, delay_s: float = 0.0) -> None:
        self.bench = Workbench(root)
        self.root = root / "cache"
        self.store = CountingStore(root / "store", root / "asked", delay_s=delay_s)

    def cache(self, **limits: float) -> BlobCache:
        return BlobCache(self.root, limits=Limits(**limits) if limits else None)  # type: ignore[arg-type]

    def view(self, version: VersionId, *, name: str = "", cache: BlobCache | None = None) -> Path:
        manifest = self.bench.repository.manifest(version)
        return view_in(self.store, cache or self.cache(), name or version, manifest.digests, manifest.entries, workers=1, group="dataset")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def make(team: Team, version: VersionId, name: str, _: int) -> None:
    team.view(version, name=name)


def unused_for(view: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(view, (then, then))


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


@pytest.fixture
def versions(team: Team) -> list[VersionId]:
    first = team.bench.version(FILES)
    return [first, team.bench.version(NEXT, first)]


def test_fifty_processes_that_want_two_versions_fetch_each_content_once(team: Team, versions: list[VersionId]) -> None:
    def work(number: int) -> None:
        assert contents(team.view(versions[number % 2])) == (FILES, NEXT)[number % 2]

    assert crowd(50, work) == [0] * 50
    assert team.store.asked_twice() == []
    assert sum(end - begin for _, begin, end in team.store.asked()) == sum(map(len, NEXT.values()))
    assert team.cache().leases.users() == {}
    assert not any((team.root / "tmp").iterdir())
    weights = weigh(team.cache())
    assert (weights.total_bytes, weights.unused_bytes) == (sum(map(len, NEXT.values())), 0)
    assert team.cache().counter.add(0) == weights.total_bytes


def test_datasets_that_share_contents_fetch_each_once_whoever_is_killed(team: Team) -> None:
    """Two datasets of two repositories: what they share lies in packs of each. Those that are killed hold the others up for a moment."""
    shared = {f"s/{number}": random.Random(200 + number).randbytes(20_000) for number in range(30)}
    wanted = [
        shared | {f"own-{which}/{number}": random.Random(f"{which} {number}").randbytes(9_000) for number in range(9)} for which in "ab"
    ]
    teams = [Team(team.bench.root / which, delay_s=0.02) for which in "ab"]
    ids = [one.bench.version(files) for one, files in zip(teams, wanted, strict=True)]
    for one in teams:
        one.root = team.root

    def work(number: int, killed: int = 0) -> None:
        one = number % 2
        name = f"view-{number}" if number < killed else ids[one]
        manifest = teams[one].bench.repository.manifest(ids[one])
        view = view_in(teams[one].store, team.cache(), name, manifest.digests, manifest.entries, workers=1, group=f"dataset-{one}")
        assert contents(view) == wanted[one]

    assert crowd(12, work) == [0] * 12
    came = sum(end - begin for one in teams for _, begin, end in one.store.asked())
    assert came == sum(map(len, {data for files in wanted for data in files.values()}))
    assert not any((team.root / "fetching").iterdir())

    shutil.rmtree(team.root)
    statuses = crowd(12, partial(work, killed=6), killed=range(6), within_s=0.4)
    assert statuses[6:] == [0] * 6
    assert set(statuses[:6]) <= {0, KILLED}
    assert not any(is_damaged(entry.path) for entry, _, _ in blobs_in(team.cache().blobs))
    with team.cache().announcements.fetching([bytes(32)]) as (own, others):
        assert (own, list(others)) == ({bytes(32)}, [])


def test_a_list_of_contents_whose_process_is_silent_counts_no_more(team: Team) -> None:
    contents = {sha256(b"%d" % number).digest() for number in range(3)}
    first, *rest = sorted(contents)
    with team.cache().announcements.fetching([first]) as (own, _):
        assert own == {first}
        with team.cache().announcements.fetching(contents) as (left, others):
            assert left == set(rest)
        (path,) = others
        unused_for(Path(path), locks.SILENT_S + 60)
        with team.cache().announcements.fetching(contents) as (left, others):
            assert (left, list(others)) == (contents, [])


def test_fifty_processes_some_of_which_are_killed_leave_whole_views(team: Team, versions: list[VersionId]) -> None:
    """Three die one after the other, each at another step of making the same view; then the others begin, of which ten are killed."""
    points = ("cache.before-install", "cache.after-install", "cache.before-view")
    graves = [team.bench.root / point for point in points]

    def work(number: int) -> None:
        if number:
            wait_for(graves[min(number, len(points)) - 1])
        if number < len(points):
            die_at(points[number], graves[number])
        which = number % 2 if number >= len(points) else 0
        assert contents(team.view(versions[which])) == (FILES, NEXT)[which]

    statuses = crowd(50, work, killed=range(40, 50), within_s=2.0)
    assert statuses[: len(points)] == [KILLED] * len(points)
    assert statuses[len(points) : 40] == [0] * (40 - len(points))
    assert set(statuses[40:]) <= {0, KILLED}
    assert sorted(view_names(team.cache())) == sorted(versions)
    assert not any(is_damaged(entry.path) for entry, _, _ in blobs_in(team.cache().blobs))
    assert team.cache().leases.users() == {}
    for left in (team.root / "tmp").iterdir():  # of those that were killed
        unused_for(left, 2 * 24 * 3600)
    asked = len(team.store.asked())
    assert contents(team.view(versions[1])) == NEXT
    clean(team.cache(size_bytes=1))
    assert not any((team.root / "tmp").iterdir())
    assert len(team.store.asked()) == asked


def die_at(point: str, grave: Path) -> None:
    """Let this process be killed at a fault point, having said so."""

    def reach(reached: str) -> None:
        if reached == point:
            grave.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    for module in (materialise, evicting):
        vars(module)["reach"] = reach


@pytest.mark.parametrize("killed", [(), range(8)])
def test_fifty_processes_that_read_a_file_ask_for_each_piece_once(tmp_path: Path, killed: "range") -> None:
    team = Team(tmp_path, delay_s=0.05)
    data = random.Random(1).randbytes(6 << 20)
    version = team.bench.version({"large": data})
    entry = team.bench.repository.manifest(version).find("large")
    assert entry is not None
    assert len(entry.chunks) > 3

    def work(number: int) -> None:
        source = ChunkSource(team.store, ChunkCache(team.root, limit_bytes=1 << 30))
        begin = random.Random(number).randrange(len(data))
        assert source.read(entry, begin, begin + 300_000) == data[begin : begin + 300_000]
        assert source.read(entry, 0, len(data)) == data

    statuses = crowd(50, work, killed=killed, within_s=0.2)
    assert statuses[len(killed) :] == [0] * (50 - len(killed))
    if not killed:
        assert team.store.asked_twice() == []
        assert sum(end - begin for _, begin, end in team.store.asked()) == sum(chunk.stored for chunk in entry.chunks)
    assert ChunkCache(team.root, limit_bytes=1 << 30).size_bytes() == len(data)


def test_whoever_is_patient_enough_asks_for_a_piece_itself(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilth.datasets.reader.PATIENCE_S", 0.05)
    version = team.bench.version({"file": b"content"})
    entry = team.bench.repository.manifest(version).find("file")
    assert entry is not None
    cache = ChunkCache(team.root, limit_bytes=1 << 20)
    with cache.claims.open() as other:
        assert other.claim(entry.chunks[0].sha256)
        assert ChunkSource(team.store, cache).read(entry, 0, 7) == b"content"


def test_nothing_goes_that_somebody_reads(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six versions, room for two, four that evict all the time, and forty that each read one version for a while."""
    monkeypatch.setattr(evicting, "_RECENT_S", 0.0)
    all_files = [{f"{number}/{file}": random.Random(number * 9 + file).randbytes(2_000) for file in range(9)} for number in range(6)]
    found = [team.bench.version(files) for files in all_files]
    limits = {"size_bytes": 2 * 9 * 2_000}

    def work(number: int) -> None:
        until = time.monotonic() + 1.5
        if number < 4:
            while time.monotonic() < until:
                clean(team.cache(**limits))
            return
        time.sleep(random.Random(number).uniform(0, 1))
        view = team.view(found[number % 6], cache=team.cache(**limits))
        while time.monotonic() < until:
            assert contents(view) == all_files[number % 6]

    assert crowd(44, work) == [0] * 44
    assert clean(team.cache(**limits)).left_bytes <= limits["size_bytes"]
    assert weigh(team.cache()).total_bytes <= limits["size_bytes"]


def test_what_goes_first_was_not_used_for_longest_and_what_stays_keeps_its_contents(team: Team, versions: list[VersionId]) -> None:
    cache = team.cache()
    for age, name in ((300, "old"), (200, "middle"), (100, "new")):
        crowd(1, partial(make, team, versions[name == "new"], name))
        unused_for(cache.views / name, age)
    size = sum(map(len, NEXT.values()))
    freed = clean(team.cache(size_bytes=size))
    assert (freed.views, freed.left_bytes) == ((), size)
    freed = clean(team.cache(size_bytes=size - 1))
    assert freed.views == ("old", "middle", "new")  # they share nearly all
    assert (freed.left_bytes, list(blobs_in(cache.blobs))) == (0, [])


def test_age_pins_links_and_processes(team: Team, versions: list[VersionId], tmp_path: Path) -> None:
    cache = team.cache()
    names = ["plain", "pinned", "linked", "held", "young"]
    for name in names[:3] + names[4:]:
        crowd(1, partial(make, team, versions[0], name))
    team.view(versions[0], name="held", cache=cache)
    cache.notes.pin("pinned", Pin(by="ann", since="today"))
    (tmp_path / "link").symlink_to(cache.views / "linked")
    cache.notes.link(Link(view="linked", path=str(tmp_path / "link"), by="ann"))
    for name in names[:4]:
        unused_for(cache.views / name, 3 * 3600)
    assert clean(team.cache(age_s=3600)).views == ("plain",)
    assert {view.name: len(view.reasons()) for view in views_in(cache)} == {"pinned": 1, "linked": 1, "held": 1, "young": 0}
    assert not any(remove_view(cache, name) for name in ("pinned", "linked", "held"))
    (tmp_path / "link").unlink()
    cache.notes.unpin("pinned")
    cache.leases.drop("held")
    assert set(clean(team.cache(age_s=3600)).views) == {"pinned", "linked", "held"}


def test_a_limit_makes_room_before_a_version_comes(team: Team) -> None:
    one, two = ({"file": random.Random(seed).randbytes(10_000)} for seed in (1, 2))
    first, second = team.bench.version(one), team.bench.version(two)
    limited = team.cache(size_bytes=15_000)
    crowd(1, lambda _: team.view(first, cache=limited))
    unused_for(limited.views / first, 100)
    team.view(second, cache=limited)
    assert view_names(limited) == [second]
    assert weigh(limited).total_bytes == 10_000


def test_what_is_all_in_use_is_not_looked_through_each_time(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evicting, "_PAUSE_S", 1_000.0)
    looks: list[int] = []

    def look(cache: BlobCache) -> Weights:
        looks.append(1)
        return weigh(cache)

    monkeypatch.setattr(evicting, "weigh", look)
    one, two = (team.bench.version({"file": random.Random(seed).randbytes(10_000)}) for seed in (1, 2))
    limited = team.cache(size_bytes=5_000)
    crowd(1, lambda _: team.view(two, cache=limited))
    team.view(one, cache=limited)
    looks.clear()
    evicting.keep_within(limited)  # somebody may be about to use what was asked for in this minute
    assert looks == []
    unused_for(limited.views / two, 100)
    evicting.keep_within(limited)
    assert view_names(limited) == [one]
    looks.clear()
    evicting.keep_within(limited)
    assert looks == []
    monkeypatch.setattr(evicting, "_PAUSE_S", -1.0)
    monkeypatch.setattr(evicting, "_LOOKS_SHARE", 0)
    evicting.keep_within(limited)
    assert len(looks) == 1


def test_what_is_known_of_links_goes_with_their_contents(team: Team) -> None:
    cache = team.cache()
    version = team.bench.version({"file": b"content"})
    crowd(1, lambda _: team.view(version))
    for number, content in enumerate((sha256(b"content").hexdigest(), "cd" * 32)):
        note = cache.root / "links" / "ab" / f"ab{number:062}"
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(content)
    (cache.root / "blobs" / "cd").mkdir(exist_ok=True)
    (cache.root / "blobs" / "cd" / ("cd" * 32)).write_text("of no version")
    evicting.sweep_blobs(cache)
    assert [note.name for note in (cache.root / "links" / "ab").iterdir()] == [f"ab{0:062}"]
    assert remove_view(cache, version)
    evicting.sweep_blobs(cache)
    assert not any((cache.root / "links" / "ab").iterdir())


def test_what_a_removal_frees() -> None:
    """Three views: the first two share a content, which a blob has a name for too."""
    views = [("a", {1: Linked(10, 3, 1), 2: Linked(5, 2, 1)}), ("b", {1: Linked(10, 3, 1)}), ("c", {3: Linked(7, 1, 1)})]
    assert plan_removal(views, blobs={1, 2}, free_bytes=5) == ["a"]
    assert plan_removal(views, blobs={1, 2}, free_bytes=6) == ["a", "b"]
    assert plan_removal(views, blobs={1, 2}, free_bytes=15) == ["a", "b"]
    assert plan_removal(views, blobs={1, 2}, free_bytes=16) == ["a", "b", "c"]
    assert plan_removal(views, blobs={1, 2}, free_bytes=0) == []


def test_a_kill_while_a_view_is_removed_leaves_none_of_it(team: Team, versions: list[VersionId]) -> None:
    def work(_: int) -> None:
        die_at("evict.after-rename", team.bench.root / "grave")
        remove_view(team.cache(), versions[0])

    crowd(1, lambda _: team.view(versions[0]))
    assert crowd(1, work) == [KILLED]
    assert view_names(team.cache()) == []
    assert contents(team.view(versions[0])) == FILES


def test_a_fork_keeps_what_its_parent_used(team: Team, versions: list[VersionId]) -> None:
    ended, end = os.pipe()

    def work(_: int) -> None:
        team.view(versions[0])
        if not os.fork():
            os.close(end)
            os.read(ended, 1)
            os._exit(0)

    assert crowd(1, work) == [0]
    assert list(team.cache().leases.users()) == [versions[0]]
    assert not remove_view(team.cache(), versions[0])
    os.close(end)
    os.close(ended)
    until = time.monotonic() + 60
    while team.cache().leases.users():
        assert time.monotonic() < until
        time.sleep(0.01)
    assert remove_view(team.cache(), versions[0])


def a_user(**changes: object) -> bytes:
    here = leases._described(os.getpid(), by_lock=False)
    return msgspec.json.encode(msgspec.structs.replace(here, **changes)) + b"\n+view\n"


@pytest.mark.parametrize(
    ("changes", "age_s", "counts"),
    [
        ({}, 0, True),
        ({"started": "1"}, 0, False),
        ({"boot": "another", "started": "1"}, 0, False),
        ({"boot": "another", "host": "elsewhere"}, 3600, True),
        ({"boot": "another", "host": "elsewhere"}, 90_000, False),
        ({"boot": "another", "host": "elsewhere"}, -90_000, False),
        ({"space": "another container", "started": "1"}, 3600, True),
        ({"space": "another container", "started": "1", "by_lock": True}, 0, False),
        ({"boot": "another", "host": "elsewhere", "by_lock": True}, 3600, True),
    ],
)
def test_whose_use_counts(tmp_path: Path, changes: dict[str, object], age_s: float, counts: bool) -> None:
    cache = BlobCache(tmp_path)
    path = tmp_path / "uses" / new_id()
    path.parent.mkdir()
    path.write_bytes(a_user(**changes))
    unused_for(path, age_s)
    assert list(cache.leases.users()) == (["view"] if counts else [])
    assert path.exists() == counts


@pytest.mark.parametrize("text", [b"", b"nonsense\n+view\n", b'{"pid": 1}', msgspec.json.encode({"pid": "x"}) + b"\n"])
def test_a_use_that_nobody_understands_goes_after_a_day(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "uses" / "odd"
    path.parent.mkdir()
    path.write_bytes(text)
    assert BlobCache(tmp_path).leases.users() == {}
    assert path.exists()
    unused_for(path, 90_000)
    assert BlobCache(tmp_path).leases.users() == {}
    assert not path.exists()


def test_a_use_of_another_release_counts_while_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "uses" / "odd"
    path.parent.mkdir()
    path.write_bytes(b'{"format": 2}\n+view\n')
    with path.open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert [user.program for user in BlobCache(tmp_path).leases.users()["view"]] == ["another release of Tilth"]
    assert BlobCache(tmp_path).leases.users() == {}


def test_what_was_asked_for_in_the_future_goes_as_if_it_had_been_now(team: Team, versions: list[VersionId]) -> None:
    """A machine of the team had a wrong clock."""
    crowd(1, lambda _: team.view(versions[0]))
    unused_for(team.cache().views / versions[0], -900 * 24 * 3600)
    assert clean(team.cache(age_s=3600)).views == ()
    assert (team.cache().views / versions[0]).stat().st_mtime == pytest.approx(time.time(), abs=1_000)


def test_a_program_that_was_told_a_path_uses_it_while_it_lives(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path)
    with subprocess.Popen(["sleep", "60"]) as program:
        cache.leases.take_for("view", program.pid)
        assert [(user.pid, user.program) for user in cache.leases.users()["view"]] == [(program.pid, "sleep")]
        program.kill()
    assert cache.leases.users() == {}


def test_a_lock_whose_holder_is_silent_for_long_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with path.open("r+") as stale:
        fcntl.flock(stale, fcntl.LOCK_EX)
        unused_for(path, 100)
        begun = time.monotonic()
        with locks.held(str(path), BlobCache(tmp_path).sharing, silent_s=100.2):
            assert time.monotonic() - begun >= 0.1
        with locks.held(str(path), BlobCache(tmp_path).sharing, wait=False) as alone:
            assert not alone


def test_without_locks_views_are_whole_all_the_same(team: Team, versions: list[VersionId], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)

    def work(number: int) -> None:
        assert contents(team.view(versions[number % 2])) == (FILES, NEXT)[number % 2]

    assert crowd(8, work) == [0] * 8
    team.view(versions[0])
    assert not remove_view(team.cache(), versions[0])
    assert remove_view(team.cache(), versions[1])


GROUP, ANN, BOB, EVE = 47_110, 47_111, 47_112, 47_113

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for several users")


@pytest.fixture
def office(request: pytest.FixtureRequest) -> Iterator[Team]:
    """A team whose cache belongs to a group."""
    root = Path(tempfile.mkdtemp(prefix="tilth-office-"))
    root.chmod(0o755)
    team = Team(root)
    team.root.mkdir()
    os.chown(team.root, 0, GROUP)
    team.root.chmod(request.param)
    (root / "asked").touch()
    (root / "asked").chmod(0o666)
    yield team
    shutil.rmtree(root)


@needs_root
@pytest.mark.parametrize("office", [0o2770], indirect=True)
def test_users_of_a_group_share_a_cache(office: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    first = office.bench.version(FILES)
    second = office.bench.version(NEXT, first)

    def as_user(user: int, *versions: VersionId) -> int:
        def work(_: int) -> None:
            become(user, GROUP)
            for version in versions:
                assert contents(office.view(version)) == (FILES if version == first else NEXT)

        return crowd(1, work)[0]

    assert as_user(ANN, first) == 0
    asked = len(office.store.asked())
    assert as_user(BOB, first) == 0
    assert len(office.store.asked()) == asked
    assert as_user(BOB, second) == 0
    assert as_user(ANN, first, second) == 0
    assert office.store.asked_twice() == []
    modes = {path.stat().st_mode & 0o7777 for path in (office.root / "views").rglob("*") if path.is_file()}
    assert modes == {0o440}
    assert {path.stat().st_gid for path in office.root.rglob("*")} == {GROUP}

    def remove(_: int) -> None:
        become(BOB, GROUP)
        cache = office.cache(size_bytes=1)
        assert clean(cache).left_bytes == 0

    monkeypatch.setattr(evicting, "_RECENT_S", -60.0)
    assert crowd(1, remove) == [0]
    assert view_names(office.cache()) == []

    def stranger(_: int) -> None:
        become(EVE)
        with pytest.raises(HomeReadOnly, match=r"may not use the cache .*set TILTH_CACHE to a folder of your own"):
            office.view(first)
        with pytest.raises(HomeReadOnly, match="may not use the cache"), office.cache().changed():
            weigh(office.cache())

    assert crowd(1, stranger) == [0]


@needs_root
@pytest.mark.parametrize("office", [0o2775], indirect=True)
def test_who_may_only_read_uses_what_is_there_and_keeps_it(office: Team) -> None:
    version = office.bench.version(FILES)
    reads, refused = office.bench.root / "reads", office.bench.root / "refused"
    office.bench.root.chmod(0o777)

    def make(_: int) -> None:
        become(ANN, GROUP)
        office.view(version)

    def read_or_remove(number: int) -> None:
        become((EVE, BOB)[number], *((), (GROUP,))[number])
        if number:
            wait_for(reads)
            assert not remove_view(office.cache(), version)
            refused.touch()
        else:
            view = office.view(version)
            reads.touch()
            wait_for(refused)
            assert contents(view) == FILES

    assert crowd(1, make) == [0]
    assert crowd(2, read_or_remove) == [0, 0]
    assert remove_view(office.cache(), version)


def wait_for(file: Path) -> None:
    until = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


@needs_root
def test_a_full_disk_is_told_and_breaks_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "cache"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", disk], capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts nothing")
    try:
        team = Team(tmp_path)
        small, large = {"small": os.urandom(1 << 20)}, {f"{part}": os.urandom(1 << 20) for part in range(5)}
        first, second = team.bench.version(small), team.bench.version(large)
        assert crowd(1, lambda _: team.view(first)) == [0]
        with pytest.raises(DiskFull, match="free some space"):
            team.view(second)
        assert view_names(team.cache()) == [first]
        assert contents(team.view(first)) == small
        assert not any((disk / "tmp").iterdir())
        assert {entry.name for entry, _, _ in blobs_in(team.cache().blobs)} == {sha256(small["small"]).hexdigest()}
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
