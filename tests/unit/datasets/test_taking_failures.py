"""Whatever fails while files are taken: nothing is called stored that is not, and the same command then goes on."""

import os
import random
from collections.abc import Sequence

import pytest

from tilth.base.errors import DiskFull, SourceChanged
from tilth.datasets.taking import AddRequest, Outcome, add, sync, upload
from tilth.store.api import Buffer, Key
from tilth.store.local import LocalStore
from tilth.testing.repositories import Workbench

FILES = {f"{number:02}.bin": random.Random(number).randbytes(3_000) for number in range(20)}


@pytest.mark.parametrize("refusal", [DiskFull("no space left"), KeyboardInterrupt(), OSError("a cable was pulled")])
@pytest.mark.parametrize("uploads", [1, 4])
def test_no_file_is_called_stored_whose_pack_was_refused(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, refusal: BaseException, uploads: int
) -> None:
    really_put = LocalStore.put

    def put(store: LocalStore, key: Key, parts: Sequence[Buffer]) -> None:
        if key.endswith("-1"):
            raise refusal
        really_put(store, key, parts)

    context = bench.context(pack_bytes=10_000, workers=uploads)
    folder = bench.folder(FILES)
    with bench.draft() as draft:
        with monkeypatch.context() as patched:
            patched.setattr(LocalStore, "put", put)
            with pytest.raises(type(refusal)):
                sync(draft, folder, context)
        sync(draft, folder, context)
        assert bench.contents(bench.commit(draft)) == FILES


def test_a_file_that_was_touched_after_being_added_is_stored_once_it_is_added_again(bench: Workbench) -> None:
    folder = bench.folder({"a": b"one", "b": b"two"})
    request = AddRequest(sources=[folder])
    with bench.draft() as draft:
        add(draft, request, bench.context())
        os.utime(f"{folder}/a")
        with pytest.raises(SourceChanged, match="source/a"):
            upload(draft, bench.context())
        assert add(draft, request, bench.context()) == Outcome(unchanged=2)
        assert upload(draft, bench.context()).added == 1
        assert bench.contents(bench.commit(draft)) == {"a": b"one", "b": b"two"}


def test_synchronising_stores_what_was_waiting(bench: Workbench) -> None:
    parent = bench.version({"a": b"before"})
    folder = bench.folder({"a": b"one", "b": b"two", "empty": b""})
    with bench.draft(parent) as draft:
        add(draft, AddRequest(sources=[folder]), bench.context())
        assert sync(draft, folder, bench.context()) == Outcome(unchanged=3, stored_bytes=16 + 6 + 2 * 48 + 48)
        assert not draft.is_dirty()
        assert bench.contents(bench.commit(draft)) == {"a": b"one", "b": b"two", "empty": b""}
