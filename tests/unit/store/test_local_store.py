"""What the operating system refuses is told as what it means for the store."""

from pathlib import Path

import pytest

from tilth.base.errors import Unavailable
from tilth.store.api import Key
from tilth.store.local import LocalStore


def test_an_object_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    (tmp_path / "roots").write_text("not a folder")
    (tmp_path / "packs" / "folder").mkdir(parents=True)
    for read in (store.get, store.head, lambda key: store.get_range(key, 0, 1), lambda key: list(store.list("roots/"))):
        with pytest.raises(Unavailable, match="roots/"):
            read(Key("roots/some"))
    with pytest.raises(Unavailable, match="packs/folder"):
        store.get(Key("packs/folder"))
