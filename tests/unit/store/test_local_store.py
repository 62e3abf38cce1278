"""What the operating system refuses is told as what it means for the store."""

from pathlib import Path

import pytest

from tilth.base.errors import Invalid, Unavailable
from tilth.store.api import Key
from tilth.store.local import LocalStore
from tilth.store.opening import open_store


def test_a_file_is_no_place_to_store_in(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Invalid, match="is a file, and no place to store in; name a folder"):
        open_store(str(tmp_path / "file"), tmp_path)


def test_an_object_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    (tmp_path / "roots").write_text("not a folder")
    (tmp_path / "packs" / "folder").mkdir(parents=True)
    for read in (store.get, store.head, lambda key: store.get_range(key, 0, 1), lambda key: list(store.list("roots/"))):
        with pytest.raises(Unavailable, match="roots/"):
            read(Key("roots/some"))
    with pytest.raises(Unavailable, match="packs/folder"):
        store.get(Key("packs/folder"))
