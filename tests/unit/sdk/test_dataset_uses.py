"""A run knows which versions of datasets it got, and a version which runs and models were made with it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tilth import Dataset, OutputModel, Task
from tilth.base.errors import Invalid, VersionNotFound
from tilth.sdk import beginning
from tilth.sdk.home import Home

QUIET = dict.fromkeys(("auto_connect_arg_parser", "auto_connect_frameworks", "auto_resource_monitoring", "auto_connect_streams"), False)


@pytest.fixture
def run(home: Home) -> Iterator[Task]:
    """A task that is recorded here."""
    task = Task.init("Team/Pets", "train", reuse_last_task_id=False, **QUIET)  # type: ignore[arg-type]
    yield task
    task.close()


def _final(name: str, folder: Path, text: str = "a") -> Dataset:
    (folder / "a.txt").write_text(text)
    made = Dataset.create(name, "Team/Pets")
    made.add_files(folder / "a.txt")
    made.finalize(auto_upload=True)
    return made


def test_a_run_records_what_it_gets(run: Task, tmp_path: Path) -> None:
    cats, dogs = _final("cats", tmp_path), _final("dogs", tmp_path)
    Dataset.get(cats.id)
    Dataset.get(dataset_project="Team/Pets", dataset_name="dogs", alias="training")
    expected = [
        {"id": cats.id, "project": "Team/Pets", "name": "cats", "version": cats.version, "aliases": []},
        {"id": dogs.id, "project": "Team/Pets", "name": "dogs", "version": dogs.version, "aliases": ["training"]},
    ]
    assert run.get_datasets() == expected
    run.close()
    read = Task.get_task(run.id)
    assert read.get_datasets() == expected
    assert read.get_parameters() == {"Datasets/training": dogs.id}
    assert read.data["runtime"]["datasets"] == [cats.id, dogs.id]
    assert read.data["runtime"][f"orig_datasets.dogs/{dogs.version}"] == dogs.id


def test_a_version_knows_its_runs_and_models(run: Task, tmp_path: Path) -> None:
    used, unused = _final("used", tmp_path), _final("unused", tmp_path)
    Dataset.get(used.id, alias="data")
    model = OutputModel(name="net")
    assert model.get_datasets()[0]["id"] == used.id
    run.close()
    found = Dataset.get(used.id).get_used_by()
    assert [(task["id"], task["name"], task["project"], task["aliases"]) for task in found["tasks"]] == [
        (run.id, "train", "Team/Pets", ["data"])
    ]
    assert [(made["id"], made["name"], made["task"]) for made in found["models"]] == [(model.id, "net", run.id)]
    assert unused.get_used_by() == {"tasks": [], "models": []}


def test_a_run_that_clearml_recorded_is_read_too(own: Home, tmp_path: Path) -> None:
    made = _final("theirs", tmp_path)
    runtime = {"datasets": [made.id, "0" * 32], f"orig_datasets.theirs/{made.version}": made.id, "orig_datasets.gone / far/2.0": "0" * 32}
    aliases = {"Datasets": {"data": {"section": "Datasets", "name": "data", "value": made.id, "type": "str"}}}
    id = own.api.call("tasks.create", name="theirs", type="training", project_name="Team/Pets", runtime=runtime, hyperparams=aliases)["id"]
    assert Task.get_task(id).get_datasets() == [
        {"id": made.id, "project": "Team/Pets", "name": "theirs", "version": made.version, "aliases": ["data"]},
        {"id": "0" * 32, "project": "", "name": "gone / far", "version": "2.0", "aliases": []},
    ]
    assert [task["id"] for task in made.get_used_by()["tasks"]] == [id]


def test_names_are_kept_as_they_were(run: Task, tmp_path: Path) -> None:
    made = _final("renamed", tmp_path)
    Dataset.get(made.id)
    run.close()
    Dataset.rename("another", "Team/Pets", "renamed")
    assert Task.get_task(run.id).get_datasets()[0]["name"] == "renamed"
    Dataset.delete(made.id)
    assert Task.get_task(run.id).get_datasets()[0]["project"] == "Team/Pets"


def test_processes_of_a_run_record_without_losing_each_other(home: Home, tmp_path: Path) -> None:
    made = [_final(f"part-{number}", tmp_path) for number in range(3)]
    task = Task.init("Team/Pets", "many", reuse_last_task_id=False, **QUIET)  # type: ignore[arg-type]
    try:
        Dataset.get(made[0].id)
        code = "import sys; from tilth import Dataset, Task; Task.init(); Dataset.get(sys.argv[1])"
        api = {"TILTH_API_SERVER": f"{home.files_urls[0].removesuffix('/files')}/api"} if home.files_urls else {}
        session = getattr(home.api._transport, "_session", None)
        token = {"TILTH_API_TOKEN": session._token} if api and session is not None else {}
        environment = os.environ | {"TILTH_HOME": str(home.folder)} | api | token
        children = [subprocess.Popen([sys.executable, "-c", code, other.id], env=environment) for other in made[1:]]
        assert [child.wait() for child in children] == [0, 0]
        assert {used["id"] for used in task.get_datasets()} == {version.id for version in made}
    finally:
        task.close()


def test_who_deletes_a_version_is_told_what_was_made_with_it(run: Task, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = _final("doomed", tmp_path)
    Dataset.get(made.id)
    OutputModel(name="net")
    run.close()
    Dataset.delete(made.id)
    assert "was used by 1 task and 1 model made by them" in capfd.readouterr().err


def test_an_alias_that_changes_its_meaning_is_told(run: Task, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, two = _final("one", tmp_path), _final("two", tmp_path)
    Dataset.get(one.id, alias="data")
    Dataset.get(two.id, alias="data", silence_alias_warnings=True)
    assert "alias data" not in capfd.readouterr().err
    Dataset.get(one.id, alias="data")
    assert f"alias data meant version {two.id}" in capfd.readouterr().err
    assert run.get_parameter("Datasets/data") == one.id


def test_an_alias_has_to_be_a_word(run: Task, tmp_path: Path) -> None:
    made = _final("named", tmp_path)
    with pytest.raises(Invalid, match="can't be an alias"):
        Dataset.get(made.id, alias="  ")


@pytest.fixture
def remote(run: Task, monkeypatch: pytest.MonkeyPatch) -> Task:
    """The same run as if an agent had started it."""
    monkeypatch.setattr(beginning, "_remote", [True])
    return run


def test_an_agents_run_takes_the_version_that_somebody_set(remote: Task, tmp_path: Path) -> None:
    coded, wanted = _final("coded", tmp_path), _final("wanted", tmp_path, "b")
    remote.set_parameter("Datasets/data", wanted.id)
    assert Dataset.get(coded.id, alias="data", overridable=True).id == wanted.id
    assert Dataset.get(coded.id, alias="free", overridable=True).id == coded.id
    assert [used["id"] for used in remote.get_datasets()] == [wanted.id, coded.id]


def test_without_overridable_the_code_decides(remote: Task, tmp_path: Path) -> None:
    coded, wanted = _final("coded", tmp_path), _final("wanted", tmp_path, "b")
    remote.set_parameter("Datasets/data", wanted.id)
    assert Dataset.get(coded.id, alias="data").id == coded.id
    assert remote.get_parameter("Datasets/data") == coded.id


def test_a_run_by_hand_takes_what_the_code_says(run: Task, tmp_path: Path) -> None:
    coded, wanted = _final("coded", tmp_path), _final("wanted", tmp_path, "b")
    run.set_parameter("Datasets/data", wanted.id)
    assert Dataset.get(coded.id, alias="data", overridable=True).id == coded.id


def test_an_override_that_means_nothing_names_the_parameter(remote: Task, tmp_path: Path) -> None:
    coded = _final("coded", tmp_path)
    remote.set_parameter("Datasets/data", "0" * 32)
    with pytest.raises(VersionNotFound, match="parameter Datasets/data"):
        Dataset.get(coded.id, alias="data", overridable=True, auto_create=True, dataset_name="never")


def test_overridable_needs_an_alias(run: Task, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = _final("plain", tmp_path)
    Dataset.get(made.id, overridable=True)
    assert "no alias" in capfd.readouterr().err
    Dataset.get(made.id, overridable=True, silence_alias_warnings=True)
    assert "no alias" not in capfd.readouterr().err
