"""Models: made by tasks and known by hand, found, described, fetched, published, deleted; with a server and without one."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tilth import InputModel, Model, OutputModel, StorageManager, Task
from tilth.base.errors import AlreadyExists, FieldInvalid, Invalid, ModelNotFound, NotFound, PathNotFound
from tilth.base.ids import new_id
from tilth.sdk.home import Home


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OutputModel, "_default_upload_uri", None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "net.pt"
    made.write_bytes(b"weights")
    return made


def read(model: Any, **how: Any) -> bytes:
    copy = model.get_local_copy(raise_on_error=True, **how)
    return Path(copy).read_bytes()


def test_a_model_is_made_with_its_task_and_its_file(task: Task, file: Path) -> None:
    model = OutputModel(task, name="best", tags=["good", "good"], label_enumeration={"cat": 1}, config_dict={"layers": 3}, comment="said")
    assert model.url is None
    uri = model.update_weights(str(file), iteration=3)
    assert not file.exists(), "the file moves to where it is kept"
    files = task._home.files_urls[0] if task._home.files_urls else "tilth://files"
    assert uri == f"{files}/Team/Pets/train.{task.id}/models/net.pt"
    task.flush(wait_for_uploads=True)
    found = Model(model.id)
    for one in (model, found):
        assert (one.name, one.tags, one.labels, one.framework) == ("best", ["good"], {"cat": 1}, "PyTorch")
        assert (one.config_dict, one.task, one.published, one.is_package) == ({"layers": 3}, task.id, False, False)
        assert one.comment == "snapshot net.pt stored\nsaid"
    assert read(found) == read(model) == b"weights"
    made = task.models["output"]
    assert ([one.id for one in made], made.keys(), made["best"].id, made[0].id) == ([model.id], ["best"], model.id, model.id)
    assert found.project == task.export_task()["project"]


def test_weights_are_replaced(task: Task, tmp_path: Path) -> None:
    model = OutputModel(task, framework="Custom")
    for number in (1, 2):
        (tmp_path / "m.bin").write_text(str(number))
        model.update_weights(str(tmp_path / "m.bin"), auto_delete_file=False, async_enable=False)
        assert read(model) == str(number).encode()
    assert (tmp_path / "m.bin").exists()
    assert model.comment.count("snapshot") == 1
    assert (model.name, model.framework) == ("train", "Custom")
    assert len(task.models["output"]) == 1


def test_several_files_are_a_package(task: Task, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "a").write_text("a")
    (folder / "deep/b").write_text("b")
    package = OutputModel(task, name="package")
    package.update_weights_package(weights_path=str(folder), auto_delete_file=False)
    files = package.get_weights_package(raise_on_error=True)
    assert isinstance(files, list)
    assert [path.read_text() for path in files] == ["a", "b"]
    assert package.is_package
    assert Path(package.get_local_copy(raise_on_error=True) or "").is_dir()
    assert zipfile.is_zipfile(package.get_weights(raise_on_error=True) or "")
    other = OutputModel(task, name="other")
    other.update_weights_package(weights_filenames=[str(folder / "a"), str(folder / "deep/b")], target_filename="two.zip")
    assert (other.url or "").endswith("/models/two.zip")
    assert not (folder / "a").exists()
    copy = Path(str(other.get_weights_package(return_path=True, raise_on_error=True)))
    assert sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()) == ["a", "deep/b"]
    (tmp_path / "w.bin").write_text("w")
    other.update_weights(str(tmp_path / "w.bin"))
    assert read(other) == b"w"
    assert not other.is_package


def test_the_address_of_weights_is_the_one_that_the_server_gives(task: Task, file: Path) -> None:
    model = OutputModel(task)
    address = model.update_weights(str(file))
    task.flush(wait_for_uploads=True)
    assert model.url == Model(model.id).url == address
    assert Path(StorageManager.get_local_copy(address) or "").read_bytes() == b"weights"


def test_what_a_run_has_just_said_of_a_model_is_known_to_whoever_asks(home: Home) -> None:
    run = Task.init("Team/Pets", "train", reuse_last_task_id=False, auto_connect_frameworks=False, auto_connect_streams=False)
    try:
        model = OutputModel(name="just made")
        assert InputModel(model.id).name == "just made"
        model.publish()
        assert [found.id for found in Model.query_models(model_name="just made", only_published=True)] == [model.id]
        model.archive()
        again = OutputModel(name="published")
        again.publish()
        assert Model.remove(again.id) is False
        assert Model(again.id).published
    finally:
        run.close()


def test_a_file_may_lie_elsewhere(task: Task, file: Path, tmp_path: Path) -> None:
    model = OutputModel(task)
    model.set_upload_destination(str(tmp_path / "elsewhere"))
    assert model.upload_storage_uri == str(tmp_path / "elsewhere")
    uri = model.update_weights(str(file), target_filename="other.pt")
    place = tmp_path / f"elsewhere/Team/Pets/train.{task.id}/models/other.pt"
    assert (uri, place.read_bytes(), file.exists()) == (place.as_uri(), b"weights", False)
    assert read(model) == b"weights"
    OutputModel.set_default_upload_uri(str(tmp_path / "default"))
    file.write_bytes(b"w2")
    assert str(tmp_path / "default") in OutputModel(task, name="second").update_weights(str(file))
    assert model.update_weights(register_uri="https://h/net.onnx") == "https://h/net.onnx"
    assert (model.url, model.framework) == ("https://h/net.onnx", "PyTorch")


def test_what_is_said_of_a_model_is_kept(task: Task) -> None:
    model = OutputModel(task, name="first")
    model.name, model.comment, model.tags, model.labels = "renamed", "c", ["t"], {"dog": 2}
    model.config_text = "layers: 4"
    model.set_metadata("accuracy", 0.9)
    model.set_metadata("note", "ü", "str")
    model.publish()
    model.archive()
    task.flush(wait_for_uploads=True)
    for one in (model, Model(model.id)):
        assert (one.name, one.comment, one.tags, one.labels, one.config_text) == ("renamed", "c", ["t"], {"dog": 2}, "layers: 4")
        assert (one.published, one.system_tags, one.get_metadata("note")) == (True, ["archived"], "ü")
        assert (one.get_metadata_casted("accuracy"), one.get_metadata("none"), one.get_metadata_casted("none")) == (0.9, None, None)
    model.unarchive()
    model.set_all_metadata({"only": {"value": "true", "type": "bool"}, "odd": {"value": "x", "type": "int"}})
    task.flush(wait_for_uploads=True)
    for one in (model, Model(model.id)):
        values = {key: item["value"] for key, item in one.get_all_metadata_casted().items()}
        assert (one.system_tags, values) == ([], {"only": True, "odd": "x"})


def test_a_model_reports(task: Task) -> None:
    model = OutputModel(task, name="reports")
    model.report_scalar("loss", "val", 1.5, 1)
    model.report_single_value("score", 0.5)
    model.report_table("table", "t", iteration=0, table_plot=[["a"], [1]])
    assert model.get_logger().flush(wait=True)
    home = task._home
    metrics = home.api.call("models.get_by_id", model=model.id)["model"]["last_metrics"]
    assert sorted(item["metric"] for found in metrics.values() for item in found.values()) == ["Summary", "loss"]
    assert len(home.api.call("events.get_task_plots", task=model.id, model_events=True)["plots"]) == 1


def test_models_are_found(draft: Task) -> None:
    first = OutputModel(draft, name="best (of all)", tags=["a", "b"])
    second = OutputModel(draft, name="best", tags=["a"])
    first.set_metadata("k.x", "ü")
    first.publish()

    def found(**wanted: Any) -> list[str]:
        return [model.id for model in Model.query_models(project_name="Team/Pets", **wanted) if model.task == draft.id]

    assert found() == [second.id, first.id]
    assert found(model_name="best (of all)") == found(only_published=True) == found(metadata={"k.x": "ü"}) == [first.id]
    assert (found(tags=["b"]), found(tags=["-b"]), found(max_results=1)) == ([first.id], [second.id], [second.id])
    second.archive()
    assert (found(), found(include_archived=True)) == ([first.id], [second.id, first.id])
    assert Model.query_models(project_name="No/Such") == []
    assert InputModel(name="best (of all)", project="Team/Pets", tags=["b"]).name == "best (of all)"


def test_a_file_from_anywhere_is_made_known_once(home: Home, task: Task) -> None:
    url = f"https://h/{new_id()}/m.onnx"
    model = InputModel.import_model(url, name="outside", project="Other/Zoo", tags=["t"], config_text="c", create_as_published=True)
    assert (model.name, model.url, model.framework, model.published, model.tags) == ("outside", url, "ONNX", True, ["t"])
    assert InputModel.import_model(url, name="again").id == model.id
    known = InputModel.load_model(url)
    assert known is not None
    assert known.id == model.id
    assert InputModel.load_model(f"{url}x") is None
    assert [one.id for one in Model.query_models(project_name="Other/Zoo", model_name="outside") if one.url == url] == [model.id]
    model.connect(task, name="start")
    task.flush(wait_for_uploads=True)
    assert task.models["input"]["start"].id == model.id
    empty = InputModel.empty(config_dict={"a": 1}, label_enumeration={"x": 0})
    assert (empty.url, empty.config_dict, empty.labels) == (None, {"a": 1}, {"x": 0})


def test_a_local_file_is_made_known_by_its_address(own: Home, file: Path) -> None:
    model = InputModel.import_model(str(file))
    assert (model.url, model.name, read(model)) == (file.as_uri(), "net", b"weights")
    assert InputModel.import_model(str(file)).id == model.id


def test_a_removed_model_is_gone_with_its_file(task: Task, file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = OutputModel(task)
    uri = model.update_weights(str(file), async_enable=False)
    task.flush(wait_for_uploads=True)
    assert Model.remove(model.id, force=True)
    assert Model.query_models(model_name=model.id) == []
    assert task._home.files.size(uri.removeprefix("tilth://files/")) is None
    assert Model.remove(model.id) is False
    assert "does not exist" in capfd.readouterr().err
    with pytest.raises(ModelNotFound):
        Model.remove(model.id, raise_on_errors=True)
    assert task.models["output"] == []


def test_a_model_that_is_taken_is_removed_by_force_only(draft: Task, capfd: pytest.CaptureFixture[str]) -> None:
    model = InputModel.import_model(f"https://h/{new_id()}")
    model.connect(draft)
    assert Model.remove(model.id, delete_weights_file=False) is False
    assert "is used by 1 tasks" in capfd.readouterr().err
    assert Model.remove(model.id, delete_weights_file=False, force=True)


def test_a_file_that_can_not_be_deleted_is_told(own: Home, capfd: pytest.CaptureFixture[str]) -> None:
    model = InputModel.import_model("https://h/x")
    assert Model.remove(model.id) is False
    assert "nothing can be deleted at https://h/x" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("act", "error", "said"),
    [
        (lambda model, path: model.update_weights(), Invalid, "given once"),
        (lambda model, path: model.update_weights(str(path), register_uri="https://h/x"), Invalid, "given once"),
        (lambda model, path: model.update_weights(str(path / "none")), PathNotFound, "does not exist"),
        (lambda model, path: model.update_weights(__file__, target_filename="../x"), Invalid, "name of a file"),
        (lambda model, path: model.update_weights(__file__, upload_uri="ftp://h"), Invalid, "no address"),
        (lambda model, path: model.update_weights_package(), Invalid, "given once"),
        (lambda model, path: model.update_weights_package(weights_path=str(path / "none")), PathNotFound, "holds no file"),
        (lambda model, path: model.update_weights_package(weights_filenames=[str(path / "none")]), PathNotFound, "holds no file"),
        (lambda model, path: model.update_weights_package(weights_filenames=[]), PathNotFound, "holds no file"),
        (lambda model, path: model.update_design(), Invalid, "no configuration"),
        (lambda model, path: model.update_design("a", {"a": 1}), Invalid, "both given"),
        (lambda model, path: model.update_design(config_dict={"a": object()}), Invalid, "can't be written as JSON"),
        (lambda model, path: model.update_labels({"cat": "one"}), Invalid, "no label"),
        (lambda model, path: setattr(model, "tags", [3]), Invalid, "is no tag"),
        (lambda model, path: setattr(model, "name", "x" * 1001), Invalid, "name of a model"),
        (lambda model, path: model.set_metadata("", 1), Invalid, "has no value"),
        (lambda model, path: model.set_all_metadata({"a": 3}), Invalid, "has no value"),
        (lambda model, path: model.set_upload_destination(""), Invalid, "no address"),
        (lambda model, path: model.get_local_copy(raise_on_error=True), NotFound, "has no file"),
        (lambda model, path: InputModel(), Invalid, "no model is named"),
        (lambda model, path: InputModel(name="no such"), ModelNotFound, "'no such'"),
        (lambda model, path: Model("nonsense"), ModelNotFound, "no id of a model"),
        (lambda model, path: Model("0" * 32), ModelNotFound, "does not exist"),
        (lambda model, path: InputModel.import_model(""), Invalid, "no address"),
    ],
    ids=range(24),
)
def test_bad_input_is_refused_where_it_is_given(own: Home, tmp_path: Path, act: Any, error: type[Exception], said: str) -> None:
    model = OutputModel(Task.create(project_name="P", task_name="t"))
    with pytest.raises(error, match=said):
        act(model, tmp_path)


def test_a_model_needs_a_task(own: Home) -> None:
    with pytest.raises(Invalid, match="no task is given, and none is running"):
        OutputModel()


def test_a_configuration_that_is_no_dictionary(own: Home) -> None:
    task = Task.create(project_name="P", task_name="t")
    assert OutputModel(task, config_text="layers: [1, 2]").config_dict == {"layers": [1, 2]}
    assert OutputModel(task, config_text="layers = 3\nnet { size = 4 }").config_dict == {"layers": 3, "net": {"size": 4}}
    assert OutputModel(task).config_dict == {}
    for text in ("just text", "a = [", "[1]", 'include "/etc/passwd"\na = 1'):
        with pytest.raises(Invalid, match="configuration"):
            _ = OutputModel(task, config_text=text).config_dict


def test_no_file_is_none_if_one_asks_so(own: Home, capfd: pytest.CaptureFixture[str]) -> None:
    model = OutputModel(Task.create(project_name="P", task_name="t"))
    assert model.get_weights() is model.get_weights_package() is None
    assert "has no file" in capfd.readouterr().err


def test_a_client_may_choose_the_id_once(own: Home) -> None:
    id = new_id()
    assert own.api.call("models.create", id=id, uri="u", name="n", project_name="A/B")["id"] == id
    with pytest.raises(AlreadyExists):
        own.api.call("models.create", id=id, uri="u", name="n")
    with pytest.raises(FieldInvalid, match="is no id"):
        own.api.call("models.create", id="x", uri="u", name="n")


def test_a_whole_run_leaves_its_models(tmp_path: Path, own: Home) -> None:
    code = """
from pathlib import Path
from tilth import Task, OutputModel, InputModel
task = Task.init(project_name="P", task_name="t", auto_connect_frameworks=False)
Path("m.pt").write_bytes(b"m")
model = OutputModel(name="net")
model.report_scalar("loss", "a", 1.0, 1)
model.update_weights("m.pt")
assert model.get_weights() and Path(model.get_weights()).read_bytes() == b"m"
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "TILTH_HOME": str(own.folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (model,) = Model.query_models(model_name="net")
    assert read(model) == b"m"


def test_a_model_that_is_published_is_removed_by_force_only(draft: Task, capfd: pytest.CaptureFixture[str]) -> None:
    model = OutputModel(draft, name=f"published {new_id()}")
    draft.flush(wait_for_uploads=True)
    model.publish()
    assert Model.remove(model.id) is False
    assert "is published" in capfd.readouterr().err
    assert Model(model.id).published
    assert Model.remove(model.id, force=True)


def test_a_text_is_one_tag_where_models_are_looked_for(draft: Task) -> None:
    tag = f"solo-{new_id()}"
    model = OutputModel(draft, name="net", tags=[tag])
    draft.flush(wait_for_uploads=True)
    assert [found.id for found in Model.query_models(tags=tag)] == [model.id]
