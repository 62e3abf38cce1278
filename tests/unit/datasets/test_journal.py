"""The journal says what a person can do when it can't be written or read, and goes on afterwards."""

import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tilth.base.errors import Corrupt, DiskFull, TilthError, Unavailable
from tilth.datasets.journal import Journal, Removed

PATHS = [f"{number:05}" * 20 for number in range(3_000)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def test_a_full_journal_says_so_and_goes_on_when_there_is_room(journal: Journal) -> None:
    journal.put([Removed("before")])
    journal._connection.execute("PRAGMA max_page_count = 20")
    for _ in range(2):
        with pytest.raises(DiskFull, match="no space left"):
            journal.put(map(Removed, PATHS))
    journal._connection.execute("PRAGMA max_page_count = 100000")
    journal.put([Removed("after")])
    assert [row.path for row in journal.rows()] == ["after", "before"]


def test_a_journal_that_can_not_be_flushed_loses_only_what_was_being_recorded(journal: Journal) -> None:
    journal.put([Removed("before")])
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, unlimited[1]))
    try:
        for _ in range(2):
            with pytest.raises((DiskFull, Unavailable), match="journal"):
                journal.put(map(Removed, PATHS))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        signal.signal(signal.SIGXFSZ, ignored)
    journal.put([Removed("after")])
    assert [row.path for row in journal.rows()] == ["after", "before"]


def test_a_damaged_journal_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.put(map(Removed, PATHS))
    journal.close()
    data = bytearray(path.read_bytes())
    data[3 * 4096 :] = b"\xff" * (len(data) - 3 * 4096)
    path.write_bytes(data)
    for use in (lambda found: list(found.rows()), lambda found: found.find(PATHS[1_000]), lambda found: found.count_waiting()):
        damaged = Journal(path)
        with pytest.raises(Corrupt, match="journal"):
            use(damaged)
        damaged.close()


def test_what_is_no_journal_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database" * 1_000)
    with pytest.raises(TilthError, match="journal"):
        Journal(path)
