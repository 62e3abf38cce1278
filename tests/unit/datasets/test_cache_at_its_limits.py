"""The cache where systems are small or odd: few open files, and locks as network disks have them."""

import errno
import fcntl
import os
import stat
import struct
from pathlib import Path

import pytest

from tests.unit.datasets.test_shared_cache import FILES, NEXT, Team, contents, unused_for
from tilth.base.ids import VersionId
from tilth.datasets.cache import counter, locks
from tilth.datasets.cache.counter import Counter
from tilth.datasets.cache.evicting import remove_view
from tilth.datasets.cache.inventory import weigh
from tilth.datasets.cache.sharing import PRIVATE
from tilth.testing.crowds import KILLED, allow_open_files, crowd

_KINDS = {fcntl.LOCK_EX: fcntl.F_WRLCK, fcntl.LOCK_SH: fcntl.F_RDLCK, fcntl.LOCK_UN: fcntl.F_UNLCK}


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


@pytest.fixture
def versions(team: Team) -> list[VersionId]:
    first = team.bench.version(FILES)
    return [first, team.bench.version(NEXT, first)]


def as_on_a_network_disk(descriptor: int, operation: int) -> None:
    """`flock` as Linux has it over NFS: a lock on all bytes of the file, which has to be open for what it is locked for; no folders."""
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        raise OSError(errno.EBADF, "Bad file descriptor")
    at_once = operation & (fcntl.LOCK_NB | fcntl.LOCK_UN)
    lock = struct.pack("hhqqi4x", _KINDS[operation & ~fcntl.LOCK_NB], os.SEEK_SET, 0, 0, 0)
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK if at_once else fcntl.F_OFD_SETLKW, lock)


@pytest.mark.skipif(not hasattr(fcntl, "F_OFD_SETLK"), reason="only Linux has such locks")
@pytest.mark.parametrize("killed", [(), range(6)])
def test_locks_of_network_disks_do(team: Team, versions: list[VersionId], monkeypatch: pytest.MonkeyPatch, killed: "range") -> None:
    monkeypatch.setattr(fcntl, "flock", as_on_a_network_disk)

    def work(number: int) -> None:
        view = team.view(versions[number % 2])
        assert contents(view) == (FILES, NEXT)[number % 2]
        assert not remove_view(team.cache(), view.name), "it is used"

    ended = crowd(30, work, killed=killed)
    assert [status for number, status in enumerate(ended) if number not in killed] == [0] * (30 - len(killed))
    assert {status for number, status in enumerate(ended) if number in killed} <= {0, KILLED}
    if not killed:
        assert team.store.asked_twice() == []
    assert team.cache().leases.users() == {}
    for version in versions:
        unused_for(team.cache().views / version, 1_000)
        assert remove_view(team.cache(), version)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="nobody says which files are open")
def test_few_open_files_are_enough_for_a_view(team: Team, versions: list[VersionId]) -> None:
    def work(number: int) -> None:
        allow_open_files(24)
        assert contents(team.view(versions[number % 2])) == (FILES, NEXT)[number % 2]

    assert crowd(10, work) == [0] * 10
    assert team.store.asked_twice() == []
    assert weigh(team.cache()).total_bytes == sum(map(len, NEXT.values()))


def test_a_counter_whose_lock_a_lost_machine_holds_is_counted_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_BRIEFLY_S", 0.05)
    there = Counter(str(tmp_path / "size"), PRIVATE, lambda: 7)
    assert there.add(1) == 7
    with (tmp_path / "size").open("rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert there.add(5) == 12
    assert counter.Counter(there.path, PRIVATE, lambda: 0).add(0) == 12
