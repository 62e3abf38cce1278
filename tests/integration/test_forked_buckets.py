"""A fork of a process that used a bucket uses it too, though the library's threads stayed behind."""

import os
import signal
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tilth.base.errors import ObjectNotFound, Unavailable
from tilth.base.ids import new_id
from tilth.store.api import Key
from tilth.store.buckets import BucketStore
from tilth.store.opening import open_store
from tilth.testing.radosgw import S3Server

_PATIENCE_S = 300
BODY = os.urandom(3_000_000)


@pytest.fixture
def store(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BucketStore:
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    made = open_store(f"s3://{s3.make_bucket(f'b-{new_id()}')}/folder", tmp_path)
    assert isinstance(made, BucketStore)
    made.put(Key("packs/00/one"), [BODY])
    assert made.get_range(Key("packs/00/one"), 10, 5) == BODY[10:15]
    return made


def in_a_fork(work: Callable[[], None]) -> None:
    """Let a fork do some work; fails if that fails, or takes for ever."""
    child = os.fork()
    if child == 0:
        signal.alarm(_PATIENCE_S)
        try:
            work()
        except BaseException:  # noqa: BLE001  the end of a process
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_fork_reads_writes_lists_and_deletes(store: BucketStore) -> None:
    def work() -> None:
        assert store.get(Key("packs/00/one")) == BODY
        store.put(Key("packs/00/two"), [b"two", memoryview(b" parts")])
        assert store.put_if_absent(Key("packs/00/two"), b"other") is False
        assert [info.key for info in store.list("packs/")] == ["packs/00/one", "packs/00/two"]
        info = store.head(Key("packs/00/two"))
        assert info is not None
        assert info.size_bytes == 9
        store.delete(key for key in (Key("packs/00/one"),))
        store.check()

    in_a_fork(work)
    assert store.get(Key("packs/00/two")) == b"two parts"
    assert store.head(Key("packs/00/one")) is None


def test_errors_come_over_as_they_are(store: BucketStore) -> None:
    def work() -> None:
        with pytest.raises(ObjectNotFound, match="packs/00/none"):
            store.get(Key("packs/00/none"))

    in_a_fork(work)


def test_threads_of_a_fork_ask_at_once(store: BucketStore) -> None:
    def work() -> None:
        with ThreadPoolExecutor(8) as threads:
            found = list(
                threads.map(lambda at: store.get_range(Key("packs/00/one"), at, 1000) == BODY[at : at + 1000], range(0, 200_000, 1000))
            )
        assert all(found)

    in_a_fork(work)


def test_a_fork_of_a_fork_has_a_process_of_its_own(store: BucketStore) -> None:
    def work() -> None:
        assert store.get_range(Key("packs/00/one"), 0, 3) == BODY[:3]
        in_a_fork(lambda: assert_equal(store.get_range(Key("packs/00/one"), 3, 3), BODY[3:6]))
        assert store.get_range(Key("packs/00/one"), 6, 3) == BODY[6:9]

    in_a_fork(work)


def test_the_other_process_may_die(store: BucketStore) -> None:
    def work() -> None:
        assert store.get_range(Key("packs/00/one"), 0, 3) == BODY[:3]
        process = store.elsewhere._process
        assert process is not None
        process.kill()
        process.wait()
        assert store.get_range(Key("packs/00/one"), 3, 3) == BODY[3:6]
        process = store.elsewhere._process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(store.get_range, Key("packs/00/one"), 0, 3)
            deadline = time.monotonic() + _PATIENCE_S
            while not store.elsewhere._waiting:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.kill()
            with pytest.raises(Unavailable, match="ended; try again"):
                asked.result()

    in_a_fork(work)


def assert_equal(one: bytes, other: bytes) -> None:
    assert one == other
