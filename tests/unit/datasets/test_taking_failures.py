"""Whatever fails while files are taken: nothing is called stored that is not, and the same command then goes on."""

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tilth.base.errors import Corrupt, DiskFull, SourceChanged, SourceUnreadable
from tilth.datasets.chunking import ONE_CHUNK_BYTES
from tilth.datasets.ingest import hash_file
from tilth.datasets.journal import Waiting
from tilth.datasets.scanning import SourceFile
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


@pytest.mark.parametrize("size", [10, ONE_CHUNK_BYTES + 1])
def test_a_file_that_can_not_be_read_is_named(bench: Workbench, size: int) -> None:
    state = bench.root.stat()
    file = SourceFile("file", str(bench.root), size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino, 0o644)
    with pytest.raises(SourceUnreadable, match="Is a directory"):
        hash_file(file)
    with bench.draft() as draft:
        draft.journal.put([Waiting(file, bytes(32))])
        with pytest.raises(SourceUnreadable, match="Is a directory"):
            upload(draft, bench.context())


def test_a_damaged_candidate_is_no_candidate(bench: Workbench) -> None:
    candidate = bench.version({"a": b"shared" * 1_000})
    for segment in bench.store.list("segments/"):
        Path(bench.store.root, segment.key).write_bytes(b"damaged")
    folder = bench.folder({"b": b"shared" * 1_000})
    with bench.draft() as draft:
        sync(draft, folder, bench.context([candidate]))
        assert not draft.session.bases
        assert bench.contents(bench.commit(draft)) == {"b": b"shared" * 1_000}


def test_a_damaged_footer_is_told(bench: Workbench) -> None:
    version = bench.version({"a": b"a"})
    for segment in bench.store.list("segments/"):
        path = Path(bench.store.root, segment.key)
        whole = path.read_bytes()
        path.write_bytes(whole[:-60] + b"\xff" * 20 + whole[-40:])
    with pytest.raises(Corrupt, match="segment segments/"):
        list(bench.repository.needed_keys(version))
