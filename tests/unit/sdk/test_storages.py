"""Where versions keep their bytes, with folders for stores."""

from pathlib import Path

import pytest

from tilth import Dataset
from tilth.base.errors import Invalid


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_text("a")
    return tmp_path / "data"


def made(data: Path, storage: object = None, **more: object) -> Dataset:
    dataset = Dataset.create("n", "P", output_uri=str(storage) if storage else None, **more)  # type: ignore[arg-type]
    dataset.add_files(str(data))
    dataset.finalize(auto_upload=True)
    return dataset


def test_a_version_lies_where_it_was_begun(data: Path, tmp_path: Path) -> None:
    dataset = made(data, tmp_path / "elsewhere")
    assert dataset.get_default_storage() == (tmp_path / "elsewhere").as_uri()
    assert len(list((tmp_path / "elsewhere" / "packs").rglob("*-*"))) == 1
    found = Dataset.get(dataset_project="P", dataset_name="n")
    assert found.get_default_storage() == (tmp_path / "elsewhere").as_uri()
    assert (Path(found.get_local_copy()) / "a").read_text() == "a"


def test_without_a_storage_it_is_the_homes(data: Path, tmp_path: Path) -> None:
    own = made(data).get_default_storage()
    assert own.endswith("/store")
    assert made(data, own).get_default_storage() == own


def test_what_builds_on_a_version_lies_where_it_lies(data: Path, tmp_path: Path) -> None:
    parent = made(data, tmp_path / "elsewhere")
    child = made(data, parent_datasets=[parent])
    assert child.get_default_storage() == parent.get_default_storage()
    assert made(data, tmp_path / "elsewhere", parent_datasets=[child]).get_default_storage() == parent.get_default_storage()
    squashed = Dataset.squash("s", [parent, child])
    assert squashed.get_default_storage() == parent.get_default_storage()
    assert squashed.list_files() == ["a"]


def test_what_can_not_be_is_refused_with_the_way_out(data: Path, tmp_path: Path) -> None:
    one, other = made(data, tmp_path / "one"), made(data, tmp_path / "other")
    with pytest.raises(Invalid, match=r"one that builds on them can't be in both; copy one out with `tilth data get --copy`"):
        Dataset.create("n", "P", parent_datasets=[one, other])
    with pytest.raises(Invalid, match=r"builds on lies in .*one, and so does the version; leave the storage out"):
        Dataset.create("n", "P", parent_datasets=[one], output_uri=str(tmp_path / "other"))
    begun = Dataset.create("n", "P", output_uri=str(tmp_path / "one"))
    begun.add_files(str(data))
    with pytest.raises(Invalid, match=r"is kept in .*one; name another storage when a version is begun"):
        begun.upload(output_url=str(tmp_path / "other"))
    begun.upload(output_url=str(tmp_path / "one"))


def test_a_deleted_version_of_another_store_leaves_others_alone(data: Path, tmp_path: Path) -> None:
    here, there = made(data), made(data, tmp_path / "elsewhere")
    Dataset.delete(dataset_id=there.id)
    assert (Path(here.get_local_copy()) / "a").read_text() == "a"
    assert [path.name for path in (tmp_path / "elsewhere" / "tombstones").iterdir()] == [there.id]
