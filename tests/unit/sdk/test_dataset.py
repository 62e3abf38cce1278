"""`tilth.Dataset` as scripts written for ClearML's use it: the same names, parameters and defaults, and what they do."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from tilth import Dataset
from tilth.base.errors import Denied, Invalid, PathNotFound, VersionDeleted, VersionFinal, VersionNotFinal, VersionNotFound
from tilth.sdk import _current
from tilth.testing.repositories import write_files

FILES = {"PetImages/Cat/1.jpg": b"cat one", "PetImages/Cat/2.jpg": b"cat two", "PetImages/Dog/1.jpg": b"dog", "PetImages/Catalogue": b"c"}

SIGNATURES = {
    "add_tags": "tags",
    "add_files": "path, wildcard=None, local_base_folder=None, dataset_path=None, recursive=True, verbose=False, max_workers=None, "
    "engine=None",
    "add_external_files": "source_url, wildcard=None, dataset_path=None, recursive=True, verbose=False, max_workers=None, read_hash=False",
    "remove_files": "dataset_path=None, recursive=True, verbose=False",
    "sync_folder": "local_path, dataset_path=None, verbose=False, engine=None",
    "upload": "show_progress=True, verbose=False, output_url=None, compression=None, chunk_size=None, max_workers=None, retries=3, "
    "preview=True",
    "finalize": "verbose=False, raise_on_error=True, auto_upload=False",
    "set_metadata": "metadata, metadata_name='metadata', ui_visible=True",
    "get_metadata": "metadata_name='metadata'",
    "set_description": "description",
    "publish": "raise_on_error=True",
    "is_final": "",
    "is_dirty": "",
    "get_local_copy": "use_soft_links=None, part=None, num_parts=None, raise_on_error=True, max_workers=None, files=None, skip_links=False",
    "get_mutable_local_copy": "target_folder, overwrite=False, part=None, num_parts=None, raise_on_error=True, max_workers=None, "
    "skip_links=False",
    "list_files": "dataset_path=None, recursive=True, dataset_id=None",
    "list_removed_files": "dataset_id=None",
    "list_modified_files": "dataset_id=None",
    "list_added_files": "dataset_id=None",
    "get_dependency_graph": "",
    "get_logger": "",
    "verify_dataset_hash": "local_copy_path=None, skip_hash=False, verbose=False",
    "get_default_storage": "",
    "get_num_chunks": "include_parents=True",
    "create": "dataset_name=None, dataset_project=None, dataset_tags=None, parent_datasets=None, use_current_task=False, "
    "dataset_version=None, output_uri=None, description=None",
    "delete": "dataset_id=None, dataset_project=None, dataset_name=None, force=False, dataset_version=None, entire_dataset=False, "
    "shallow_search=False, delete_files=True, delete_external_files=False",
    "set_offline": "offline_mode=False",
    "is_offline": "",
    "get_offline_mode_folder": "",
    "import_offline_session": "session_folder_zip, upload=True, finalize=False",
    "rename": "new_dataset_name, dataset_project, dataset_name",
    "move_to_project": "new_dataset_project, dataset_project, dataset_name",
    "get": "dataset_id=None, dataset_project=None, dataset_name=None, dataset_tags=None, only_completed=False, only_published=False, "
    "include_archived=False, auto_create=False, writable_copy=False, dataset_version=None, alias=None, overridable=False, "
    "shallow_search=False, silence_alias_warnings=False",
    "squash": "dataset_name, dataset_ids=None, dataset_project_name_pairs=None, output_url=None, close_squashed_dataset=True",
    "list_datasets": "dataset_project=None, partial_name=None, tags=None, ids=None, only_completed=True, recursive_project_search=True, "
    "include_archived=True",
}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(_current, "_opened", [])
    yield
    for opened in _current._opened:
        opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return write_files(tmp_path / "data", FILES)


def made(folder: str, **wanted: str) -> Dataset:
    dataset = Dataset.create(**{"dataset_name": "cats", "dataset_project": "Deep/School"} | wanted)  # type: ignore[arg-type]
    dataset.sync_folder(folder)
    dataset.finalize(auto_upload=True)
    return dataset


@pytest.mark.parametrize("name", SIGNATURES)
def test_parameters_and_defaults_are_those_that_scripts_use(name: str) -> None:
    parameters = list(inspect.signature(getattr(Dataset, name)).parameters.values())
    if parameters and parameters[0].name == "self":
        del parameters[0]
    assert ", ".join(str(p.replace(annotation=p.empty)) for p in parameters) == SIGNATURES[name]


def test_from_create_to_a_copy(folder: str, tmp_path: Path) -> None:
    dataset = Dataset.create(dataset_name="cats", dataset_project="Deep/School", dataset_tags=["init"], description="pictures")
    assert dataset.add_files(folder) == 4
    assert dataset.is_dirty()
    dataset.upload()
    assert not dataset.is_dirty()
    assert not dataset.is_final()
    assert dataset.finalize()
    assert dataset.is_final()
    found = Dataset.get(dataset_project="Deep/School", dataset_name="cats")
    assert (found.id, found.name, found.project, found.version, found.tags) == (dataset.id, "cats", "Deep/School", "1.0.0", ["init"])
    view = Path(found.get_local_copy())
    assert {str(path.relative_to(view)): path.read_bytes() for path in view.rglob("*") if path.is_file()} == FILES
    copy = found.get_mutable_local_copy(tmp_path / "mine")
    assert copy
    assert found.verify_dataset_hash(copy) == []
    (tmp_path / "mine" / "PetImages/Dog/1.jpg").write_bytes(b"god")
    assert found.verify_dataset_hash(copy) == ["PetImages/Dog/1.jpg"]
    assert found.verify_dataset_hash(copy, skip_hash=True) == []


def test_removing_is_exact_and_fetches_nothing(folder: str) -> None:
    first = made(folder)
    second = Dataset.create(parent_datasets=[first.id])
    assert second.remove_files("./PetImages/Cat") == 2
    assert second.remove_files("nothing") == 0
    second.finalize(auto_upload=True)
    assert second.list_files() == ["PetImages/Catalogue", "PetImages/Dog/1.jpg"]
    assert second.list_removed_files() == ["PetImages/Cat/1.jpg", "PetImages/Cat/2.jpg"]
    assert (second.list_added_files(), second.list_modified_files()) == ([], [])
    assert second.list_added_files(first.id) == []
    assert (second.name, second.version) == ("cats", "1.0.1")


def test_listing_by_pattern_and_by_owner(folder: str) -> None:
    first = made(folder)
    second = Dataset.create(parent_datasets=[first])
    second.add_files(write_files(Path(folder).parent / "more", {"new.jpg": b"new"}), dataset_path="PetImages")
    second.upload()
    assert second.list_files("PetImages/*.jpg") == [
        "PetImages/Cat/1.jpg",
        "PetImages/Cat/2.jpg",
        "PetImages/Dog/1.jpg",
        "PetImages/new.jpg",
    ]
    assert second.list_files("PetImages/*.jpg", recursive=False) == ["PetImages/new.jpg"]
    second.finalize()
    assert second.list_files(dataset_id=second.id) == ["PetImages/new.jpg"]
    assert second.file_entries_dict["PetImages/Dog/1.jpg"].parent_dataset_id == first.id
    assert second.get_dependency_graph() == {second.id: [first.id], first.id: []}
    assert (second.get_num_chunks(), second.get_num_chunks(include_parents=False)) == (2, 1)


def test_a_merge_outlives_its_parents(folder: str) -> None:
    left = made(folder, dataset_name="left")
    right = made(write_files(Path(folder).parent / "right", {"PetImages/Dog/1.jpg": b"other", "r": b"r"}), dataset_name="right")
    united = Dataset.create("united", "Deep", parent_datasets=[left, right], dataset_version="1.0", dataset_tags=["united"])
    united.finalize()
    Dataset.delete(left.id)
    Dataset.delete(right.id)
    home = _current.current_home()
    home.repository.execute_gc(home.repository.plan_gc(), confirmed=True)
    view = Path(Dataset.get(dataset_name="united").get_local_copy())
    assert (view / "PetImages/Dog/1.jpg").read_bytes() == b"dog"
    assert (view / "r").read_bytes() == b"r"
    with pytest.raises((VersionNotFound, VersionDeleted)):
        Dataset.get(left.id)


def test_a_squash_stands_alone_and_the_last_one_wins(folder: str) -> None:
    first = made(folder)
    second = made(write_files(Path(folder), {"PetImages/Dog/1.jpg": b"edited"}))
    squashed = Dataset.squash("all", [first.id, second.id])
    assert squashed.is_final()
    assert squashed.get_dependency_graph() == {squashed.id: []}
    assert set(squashed.list_files()) == FILES.keys()
    assert Path(squashed.get_local_copy(), "PetImages/Dog/1.jpg").read_bytes() == b"edited"


def test_what_is_final_stays_as_it_is(folder: str) -> None:
    dataset = made(folder)
    for change in (lambda: dataset.add_files(folder), lambda: dataset.remove_files("*"), lambda: dataset.sync_folder(folder)):
        with pytest.raises(VersionFinal, match="create a new version"):
            change()
    assert dataset.finalize()
    dataset.add_tags(["good"])
    dataset.set_description("better")
    assert Dataset.get(dataset.id).tags == ["good"]
    assert dataset.publish()


def test_a_draft_is_no_parent_and_has_no_copy(folder: str) -> None:
    draft = Dataset.create("cats", "P")
    draft.add_files(folder)
    with pytest.raises(VersionNotFinal):
        Dataset.create("child", parent_datasets=[draft])
    with pytest.raises(VersionNotFinal):
        draft.get_local_copy()
    with pytest.raises(VersionNotFinal, match="4 files"):
        draft.finalize()
    assert draft.finalize(raise_on_error=False) is False


def test_finding_renaming_and_moving(folder: str) -> None:
    dataset = made(folder)
    Dataset.rename("lions", "Deep/School", "cats")
    Dataset.move_to_project("Zoo", "Deep/School", "lions")
    assert Dataset.get(dataset_project="Zoo", dataset_name="lions").id == dataset.id
    (listed,) = Dataset.list_datasets(partial_name="lio")
    assert (listed["id"], listed["project"], listed["version"]) == (dataset.id, "Zoo", "1.0.0")
    assert Dataset.get(dataset_name="fresh", dataset_project="P", auto_create=True).version == "1.0.0"
    assert Dataset.get(dataset.id, writable_copy=True).version == "1.0.1"
    with pytest.raises(Invalid):
        Dataset.get()


def test_parts_make_the_whole(folder: str, tmp_path: Path) -> None:
    dataset = made(folder)
    parts = [Path(dataset.get_local_copy(part=part, num_parts=3)) for part in range(3)]
    found = [str(path.relative_to(part)) for part in parts for path in part.rglob("*") if path.is_file()]
    assert sorted(found) == sorted(FILES)
    chosen = Path(dataset.get_local_copy(files=["PetImages/Cat"]))
    assert sorted(path.name for path in chosen.rglob("*.jpg")) == ["1.jpg", "2.jpg"]


def test_metadata_comes_back_as_it_was(folder: str) -> None:
    dataset = made(folder)
    assert dataset.get_metadata() is None
    dataset.set_metadata({"labels": ["cat", "dog"], "split": {"train": 0.8}})
    assert dataset.get_metadata() == {"labels": ["cat", "dog"], "split": {"train": 0.8}}
    with pytest.raises(Invalid, match="can't be kept"):
        dataset.set_metadata(object(), "bad")


def test_a_folder_that_is_not_there(folder: str) -> None:
    with pytest.raises(PathNotFound, match="no-such"):
        Dataset.create("cats", "P").add_files(folder + "/no-such")


def test_arrays_come_back_as_they_were(folder: str) -> None:
    numpy = pytest.importorskip("numpy")
    dataset = made(folder)
    for array in (
        numpy.arange(6, dtype="int16").reshape(2, 3),
        numpy.array([0.1, numpy.nan, numpy.inf, -numpy.inf], dtype="float32"),
        numpy.array([b"x", b"longer"]),
        numpy.array(["2026-01-01"], dtype="datetime64[s]"),
        numpy.zeros((0, 3)),
        numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
    ):
        dataset.set_metadata(array, "array")
        found = dataset.get_metadata("array")
        assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())
    dataset.set_metadata({"epoch": numpy.int64(3), "loss": numpy.float32(0.5)})
    assert dataset.get_metadata() == {"epoch": 3, "loss": 0.5}
    with pytest.raises(Invalid, match="can't be kept"):
        dataset.set_metadata(numpy.array([object()]), "objects")


def test_tables_come_back_as_they_were(folder: str) -> None:
    pandas = pytest.importorskip("pandas")
    dataset = made(folder)
    for table in (
        pandas.DataFrame({"label": ["cat", "dog"], "share": [0.4, 0.6]}, index=["a", "b"]),
        pandas.DataFrame({"x": [1.0, float("nan"), float("inf")], "label": ["a", None, "c"]}),
        pandas.DataFrame({"day": pandas.to_datetime(["2026-01-01", "2026-02-03"]), "kind": pandas.Categorical(["a", "b"])}),
        pandas.DataFrame({1: [1, 2], 2: [True, False]}, index=pandas.Index([5, 6], name="row")),
        pandas.DataFrame([[1, 2]], columns=["same", "same"]),
    ):
        dataset.set_metadata(table, "table")
        pandas.testing.assert_frame_equal(dataset.get_metadata("table"), table)
    with pytest.raises(Invalid, match="can't be restored"):
        dataset.set_metadata(pandas.DataFrame({"a": [1]}, index=pandas.MultiIndex.from_tuples([("x", 1)])), "table")


@pytest.mark.parametrize("value", [float("nan"), {"a": float("inf")}, b"bytes", {"a": {1, 2}}, object()])
def test_metadata_that_would_come_back_as_something_else_is_refused(folder: str, value: object) -> None:
    dataset = made(folder)
    with pytest.raises(Invalid, match=r"metadata 'metadata' can't be kept: .*; use what JSON can hold"):
        dataset.set_metadata(value)
    assert dataset.get_metadata() is None


def test_metadata_has_names_and_is_replaced(folder: str) -> None:
    dataset = made(folder)
    values: list[object] = [[1, 2.5, None, "text", True], {"later": {"deep": []}}, "text", 0, False, []]
    for value in values:
        dataset.set_metadata(value, "one")
        assert Dataset.get(dataset.id).get_metadata("one") == value
    assert dataset.get_metadata("other") is None


def test_the_articles_first_version(folder: str) -> None:
    dataset = Dataset.create(dataset_name="cats_vs_dogs", dataset_project="datasets")
    assert dataset.sync_folder(f"{folder}/PetImages") == (0, 4, 0)
    assert dataset.finalize(auto_upload=True)
    changed = write_files(Path(folder), {"PetImages/Cat/1.jpg": b"edited", "PetImages/Cat/2.jpg": b"cat two", "PetImages/new": b"new"})
    child = Dataset.create(dataset_name="cats_vs_dogs", dataset_project="datasets", parent_datasets=[dataset.id])
    assert child.sync_folder(f"{changed}/PetImages") == (2, 1, 1)
    assert child.list_added_files() == ["new"]
    assert child.list_modified_files() == ["Cat/1.jpg"]
    assert child.list_removed_files(dataset.id) == ["Catalogue", "Dog/1.jpg"]
    child.finalize(auto_upload=True)
    assert Dataset.get(dataset_name="cats_vs_dogs").id == child.id
    assert Dataset.get(dataset_name="cats_vs_dogs", dataset_version="1.0.0").id == dataset.id


@pytest.mark.parametrize(
    ("path", "recursive", "gone"),
    [
        ("PetImages/Cat", True, {"PetImages/Cat/1.jpg", "PetImages/Cat/2.jpg"}),
        ("./PetImages/Cat/", True, {"PetImages/Cat/1.jpg", "PetImages/Cat/2.jpg"}),
        ("PetImages/Cata*", False, {"PetImages/Catalogue"}),
        ("PetImages/Cat*", False, {"PetImages/Catalogue", "PetImages/Cat/1.jpg", "PetImages/Cat/2.jpg"}),
        ("PetImages/Cat/1.jpg", True, {"PetImages/Cat/1.jpg"}),
        ("PetImages/Ca", True, set()),
        ("1.jpg", True, set()),
        ("*/1.jpg", True, {"PetImages/Cat/1.jpg", "PetImages/Dog/1.jpg"}),
        ("PetImages/*/1.jpg", False, {"PetImages/Cat/1.jpg", "PetImages/Dog/1.jpg"}),
        ("*.jpg", True, FILES.keys() - {"PetImages/Catalogue"}),
        ("*.jpg", False, set()),
        ("PetImages", False, {"PetImages/Catalogue"}),
        ("*", True, set(FILES)),
    ],
)
def test_just_what_is_named_is_removed(folder: str, path: str, recursive: bool, gone: set[str]) -> None:
    child = Dataset.create(parent_datasets=[made(folder)])
    assert child.list_files(path, recursive=recursive) == sorted(gone)
    assert child.remove_files(path, recursive=recursive) == len(gone)
    assert child.list_files() == sorted(FILES.keys() - gone)
    assert child.list_removed_files() == sorted(gone)


def test_versions_are_found_by_tags_and_states(folder: str) -> None:
    first, second = made(folder), made(folder)
    first.tags = ["gold", "old"]
    second.add_tags("gold")
    first.publish()
    draft = Dataset.create("cats", "Deep/School", ["gold"])
    assert Dataset.get(dataset_name="cats", dataset_tags=["gold"]).id == draft.id
    assert Dataset.get(dataset_name="cats", only_completed=True).id == second.id
    assert Dataset.get(dataset_name="cats", only_published=True).id == first.id
    assert Dataset.get(dataset_project="Deep/School", dataset_tags=["gold", "old"]).id == first.id
    assert Dataset.get(first.id[:12]).id == first.id
    assert Dataset.get("Deep/School/cats@1.0.1").id == second.id
    assert [found["id"] for found in Dataset.list_datasets(tags=["gold"])] == [second.id, first.id]
    assert len(Dataset.list_datasets("Deep", only_completed=False)) == 3
    assert Dataset.list_datasets("Deep", recursive_project_search=False) == []


def test_deleting_takes_force_where_much_is_lost(folder: str) -> None:
    first, second = made(folder), made(folder)
    with pytest.raises(Denied, match="2 versions"):
        Dataset.delete(dataset_project="Deep/School", dataset_name="cats", entire_dataset=True)
    Dataset.delete(dataset_project="Deep/School", dataset_name="cats", dataset_version=first.version)
    second.publish()
    with pytest.raises(Denied, match="published"):
        Dataset.delete(second.id)
    Dataset.delete(dataset_project="Deep/School", dataset_name="cats", entire_dataset=True, force=True)
    assert Dataset.list_datasets() == []


def test_what_is_not_stored_yet_is_told_in_words_of_python(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("text")
    made = Dataset.create("waits", "Team")
    made.add_files(tmp_path / "file.txt")
    with pytest.raises(VersionNotFinal, match=r"1 files of version .* `upload\(\)` first, or `finalize\(auto_upload=True\)`"):
        made.finalize()
    assert not made.finalize(raise_on_error=False)
    assert made.finalize(auto_upload=True)
