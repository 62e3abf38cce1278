"""Limits of bandwidth, with a time that does not pass."""

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest

from tilth.store.bandwidth import Bandwidth, Lane, PacedFile


class Time:
    """Time that passes only while somebody sleeps, for all of them at once: each sleep is told, and ends at once."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)

    def pass_by(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def lane(limit: int, time: Time) -> Lane:
    return Lane(limit, now=time.now, sleep=time.sleep)


def test_without_a_limit_nobody_waits(time: Time) -> None:
    free = lane(0, time)
    for _ in range(10):
        free.take(1 << 30)
    assert time.slept == []
    assert free.piece_bytes(most=1 << 30) == 1 << 30


def test_the_first_piece_goes_at_once_and_each_other_waits_for_those_before(time: Time) -> None:
    slow = lane(100, time)
    for size in (50, 200, 10, 0):
        slow.take(size)
    assert time.slept == [0.5, 2.5]


def test_threads_share_what_there_is(time: Time) -> None:
    slow = lane(1_000, time)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(slow.take, [500] * 40))
    # At one moment, forty pieces of half a second's worth each: whoever comes in whatever order, their turns are half a second apart.
    assert sorted(time.slept) == pytest.approx([0.5 * turn for turn in range(1, 40)])


def test_time_in_which_nothing_was_sent_is_not_made_up_for(time: Time) -> None:
    slow = lane(100, time)
    slow.take(100)
    time.pass_by(60)
    slow.take(100)
    slow.take(100)
    assert time.slept == [1.0]


def test_pieces_are_small_beside_a_second(time: Time) -> None:
    assert lane(1_000_000, time).piece_bytes(most=16 << 20) == 500_000
    assert lane(10, time).piece_bytes(most=16 << 20) == 64 << 10
    assert lane(1 << 40, time).piece_bytes(most=16 << 20) == 16 << 20
    assert lane(10, time).piece_bytes(least=5 << 20, most=16 << 20) == 5 << 20


def test_a_paced_file_takes_what_was_read(time: Time) -> None:
    file = PacedFile(BytesIO(b"0123456789"), lane(2, time))
    assert (file.read(4), file.read(4), file.read(), file.read()) == (b"0123", b"4567", b"89", b"")
    file.seek(0)
    assert file.read(1) == b"0"
    assert time.slept == [2.0, 4.0, 5.0]


def test_another_process_has_the_same_limits() -> None:
    copied = pickle.loads(pickle.dumps(Bandwidth(upload=5, download=7)))
    assert (copied.upload.limit, copied.download.limit) == (5, 7)
