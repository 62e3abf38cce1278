"""Large files behind links come piece by piece, and what has come does not come again."""

import fcntl
import hashlib
import random
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from tilth.base.errors import SourceChanged, Unavailable
from tilth.domain.dataset import Entry, Link, fingerprint
from tilth.sdk.links import reading
from tilth.sdk.links.begun import download_large_link
from tilth.sdk.links.reading import hash_of
from tilth.sdk.links.remote import Opened, RemoteFile
from tilth.sdk.links.sources import Sources

ADDRESS = "https://lake.example.org/large.bin"
STEP = 16 << 20
LARGE = random.Random(5).randbytes(1 << 20) * 50


class BrokenLine:
    """A source whose line breaks after so many bytes of each answer, and is dead after the last one."""

    def __init__(self, data: bytes, *lasts: int, parts: bool = True, etag: str = "one") -> None:
        self.data, self.lasts, self.parts, self.etag = data, list(lasts), parts, etag
        self.asked: list[int] = []

    def of(self, address: str) -> tuple["BrokenLine", str]:
        return self, address

    @contextmanager
    def open(self, address: str, start: int = 0) -> Iterator[Opened]:
        self.asked.append(start)
        if not self.lasts:
            raise Unavailable("the line is dead", hint="try again")
        begin, left = start if self.parts else 0, self.lasts.pop(0)
        at = begin

        def read(size: int) -> bytes:
            nonlocal at, left
            if at < len(self.data) and not left:
                raise Unavailable("the line broke", hint="try again")
            piece = self.data[at : at + min(size, left)]
            at, left = at + len(piece), left - len(piece)
            return piece

        yield Opened(RemoteFile(address, len(self.data), self.etag, 0), begin, read)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PAUSE_S", 0)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp"


def entry_of(data: bytes, *, etag: str = "one", is_hashed: bool = False) -> Entry:
    digest = hashlib.sha256(data).digest() if is_hashed else fingerprint(ADDRESS, len(data), etag)
    return Entry("large.bin", len(data), digest, 0o644, 0, (), Link(ADDRESS, etag, is_hashed))


def bring(line: BrokenLine, entry: Entry, kept: Path, stopped: Event | None = None) -> bytes:
    target = kept.parent / "target"
    digest = download_large_link(cast("Sources", line), entry, target, kept=kept, stopped=stopped)
    assert hashlib.sha256(target.read_bytes()).digest() == digest
    return digest


@pytest.mark.parametrize("is_hashed", [False, True])
def test_another_process_goes_on_where_the_line_died(kept: Path, is_hashed: bool) -> None:
    entry = entry_of(LARGE, is_hashed=is_hashed)
    with pytest.raises(Unavailable, match="the line is dead; 34 MB of it are kept: the same command goes on there; try again"):
        bring(BrokenLine(LARGE, 20_000_000, 20_000_000), entry, kept)
    again = BrokenLine(LARGE, len(LARGE))
    assert bring(again, entry, kept) == hashlib.sha256(LARGE).digest()
    assert again.asked == [2 * STEP]
    assert not list(kept.iterdir())


def test_what_may_not_have_reached_the_disk_comes_again(kept: Path) -> None:
    entry = entry_of(LARGE)
    (kept / f"{entry.sha256.hex()}.link").write_bytes(LARGE[:STEP] + bytes(STEP))
    again = BrokenLine(LARGE, len(LARGE))
    assert bring(again, entry, kept) == hashlib.sha256(LARGE).digest()
    assert again.asked == [STEP]


def test_a_file_that_changed_meanwhile_is_not_joined_with_what_came(kept: Path) -> None:
    entry = entry_of(LARGE)
    with pytest.raises(Unavailable):
        bring(BrokenLine(LARGE, 40_000_000), entry, kept)
    with pytest.raises(SourceChanged):
        bring(BrokenLine(LARGE[::-1], len(LARGE), etag="two"), entry, kept)
    assert not list(kept.iterdir())


def test_a_server_without_parts_sends_all_again(kept: Path) -> None:
    entry = entry_of(LARGE)
    with pytest.raises(Unavailable):
        bring(BrokenLine(LARGE, 40_000_000), entry, kept)
    assert bring(BrokenLine(LARGE, len(LARGE), parts=False), entry, kept) == hashlib.sha256(LARGE).digest()


def test_what_somebody_else_put_there_is_left_alone(kept: Path) -> None:
    entry = entry_of(LARGE)
    place = kept / f"{entry.sha256.hex()}.link"
    place.symlink_to(kept.parent / "elsewhere")
    assert bring(BrokenLine(LARGE, len(LARGE)), entry, kept) == hashlib.sha256(LARGE).digest()
    assert place.is_symlink()
    assert not (kept.parent / "elsewhere").exists()


def test_a_part_in_other_hands_is_left_to_them(kept: Path) -> None:
    entry = entry_of(LARGE)
    place = kept / f"{entry.sha256.hex()}.link"
    place.write_bytes(LARGE[: STEP + 1])
    with place.open("rb") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        line = BrokenLine(LARGE, len(LARGE))
        assert bring(line, entry, kept) == hashlib.sha256(LARGE).digest()
    assert line.asked == [0]
    assert place.read_bytes() == LARGE[: STEP + 1]


def test_a_part_that_the_disk_spoiled_is_fetched_again_if_that_can_be_told(kept: Path) -> None:
    entry = entry_of(LARGE, is_hashed=True)
    (kept / f"{entry.sha256.hex()}.link").write_bytes(bytes(STEP + 1))
    line = BrokenLine(LARGE, len(LARGE), len(LARGE))
    assert bring(line, entry, kept) == hashlib.sha256(LARGE).digest()
    assert line.asked == [STEP, 0]


def test_whoever_stops_it_keeps_what_came(kept: Path) -> None:
    entry, stopped = entry_of(LARGE), Event()
    stopped.set()
    (kept / f"{entry.sha256.hex()}.link").write_bytes(LARGE[: STEP + 1])
    with pytest.raises(CancelledError):
        bring(BrokenLine(LARGE, len(LARGE)), entry, kept, stopped)
    assert (kept / f"{entry.sha256.hex()}.link").stat().st_size == STEP
    assert bring(BrokenLine(LARGE, len(LARGE)), entry, kept) == hashlib.sha256(LARGE).digest()


def test_reading_for_the_hash_goes_on_as_long_as_the_state_is_the_same() -> None:
    line: Any = BrokenLine(LARGE, 30_000_000, 1, len(LARGE))
    digest, file = hash_of(line, RemoteFile(ADDRESS, len(LARGE), "one", 0))
    assert (digest, file.size, line.asked) == (hashlib.sha256(LARGE).digest(), len(LARGE), [0, 30_000_000, 30_000_001])
    unknown: Any = BrokenLine(LARGE, 30_000_000, len(LARGE), len(LARGE), etag="")
    assert hash_of(unknown, RemoteFile(ADDRESS, -1, "", 0))[0] == hashlib.sha256(LARGE).digest()
    assert unknown.asked == [0, 30_000_000, 0]


@pytest.mark.parametrize("is_hashed", [False, True])
def test_a_server_without_parts_whose_line_breaks_now_here_and_now_there_is_given_up(kept: Path, is_hashed: bool) -> None:
    line = BrokenLine(LARGE, *[100, 200] * 20, parts=False)
    with pytest.raises(Unavailable, match="the line broke"):
        _ = hash_of(cast("Sources", line), RemoteFile(ADDRESS, -1, "", 0)) if is_hashed else bring(line, entry_of(LARGE), kept)
    assert len(line.asked) < 10
