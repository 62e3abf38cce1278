"""Whatever fails while files are taken: nothing is called stored that is not, and the same command then goes on."""

import random
from collections.abc import Sequence

import pytest

from tilth.base.errors import DiskFull
from tilth.datasets.taking import sync
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
