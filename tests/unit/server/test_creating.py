"""Creating a version reserves its number, in a dataset that is made when it is missing."""

import pytest

from tilth.base.errors import AlreadyExists, Invalid, VersionNameTaken, VersionNotFinal, VersionNotFound
from tilth.base.ids import is_id, new_id
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.testing.catalogs import CatalogBench
from tilth.testing.versions import numbered_id

LONG = "ü漢🐈x" * 250


def test_a_version_is_what_was_asked_for(catalog: CatalogBench) -> None:
    parent = catalog.final()
    made = catalog.draft(
        "dogs", "Zoo", id=numbered_id(7), version="2.0", parents=[parent.id], tags=["b", "a", "b"], description="said", author="me"
    )
    assert made == DatasetVersion(
        id=numbered_id(7),
        project="Zoo",
        name="dogs",
        version="2.0",
        status=VersionStatus.UPLOADING,
        parents=(parent.id,),
        tags=("b", "a"),
        description="said",
        author="me",
        created="2025-01-01T00:00:03.000000Z",
    )


def test_an_id_is_chosen_if_none_is_given(catalog: CatalogBench) -> None:
    first, second = catalog.draft(), catalog.draft()
    assert is_id(first.id)
    assert first.id != second.id


def test_numbers_go_on_from_the_highest(catalog: CatalogBench) -> None:
    asked = [None, None, "1.9.0", "1.10.0", None, "1.0.5", None, "2.0.0-rc.1", None]
    assert [catalog.draft(version=number).version for number in asked] == [
        "1.0.0",
        "1.0.1",
        "1.9.0",
        "1.10.0",
        "1.10.1",
        "1.0.5",
        "1.10.2",
        "2.0.0-rc.1",
        "2.0.1",
    ]


def test_each_dataset_counts_for_itself(catalog: CatalogBench) -> None:
    catalog.draft("cats", "A", version="5.0")
    assert [catalog.draft(name, project).version for name, project in (("cats", "B"), ("dogs", "A"))] == ["1.0.0", "1.0.0"]


def test_the_number_of_a_deleted_version_is_free_again(catalog: CatalogBench) -> None:
    catalog.draft(version="1.0.0")
    catalog.api.versions.delete(catalog.draft(version="1.5.0").id)
    assert catalog.draft(version="1.5.0").version == "1.5.0"


@pytest.mark.parametrize("number", ["", "  "])
def test_an_empty_number_is_none(catalog: CatalogBench, number: str) -> None:
    assert catalog.draft(version=number).version == "1.0.0"


@pytest.mark.parametrize("number", ["final", "2026-01-01", "v1", "a/b", "a@b", LONG])
def test_a_number_may_be_any_text(catalog: CatalogBench, number: str) -> None:
    made = catalog.draft(version=number)
    assert catalog.api.versions.resolve(reference=f"Team/Pictures/cats@{number}") == made


@pytest.mark.parametrize("number", ["latest", " latest ", "x" * 1_001])
def test_a_number_that_could_not_be_asked_for_is_refused(catalog: CatalogBench, number: str) -> None:
    with pytest.raises(Invalid, match="can't be the number of a version"):
        catalog.draft(version=number)


def test_a_number_that_is_taken_is_refused(catalog: CatalogBench) -> None:
    catalog.draft(version="1.5.0")
    with pytest.raises(VersionNameTaken) as caught:
        catalog.draft(version=" 1.5.0 ")
    assert str(caught.value) == "Team/Pictures/cats has a version 1.5.0 already; choose another number, or leave it out"


def test_an_id_that_is_taken_is_refused(catalog: CatalogBench) -> None:
    made = catalog.draft()
    with pytest.raises(AlreadyExists, match=f"task {made.id} exists already"):
        catalog.draft(id=made.id)


@pytest.mark.parametrize("id", ["abc", "../../etc/passwd", "A" * 32, "g" * 32, "a" * 31, "a" * 33])
def test_an_id_that_is_none_is_refused(catalog: CatalogBench, id: str) -> None:
    with pytest.raises(Invalid, match="can't be the id of a version"):
        catalog.draft(id=id)


def test_without_project_and_parents_the_default_is_taken(catalog: CatalogBench) -> None:
    assert catalog.draft(project=None).project == "Datasets"


def test_without_project_the_first_parents_is_taken(catalog: CatalogBench) -> None:
    parents = [catalog.final(project=project).id for project in ("B/C", "A")]
    assert catalog.draft(project=None, parents=parents).project == "B/C"


def test_a_parent_is_one_only_once(catalog: CatalogBench) -> None:
    first, second = catalog.final(), catalog.final()
    assert catalog.draft(parents=[second.id, first.id, second.id]).parents == (second.id, first.id)


def test_a_parent_that_is_not_final_is_refused(catalog: CatalogBench) -> None:
    parent = catalog.draft()
    with pytest.raises(VersionNotFinal) as caught:
        catalog.draft(parents=[parent.id])
    assert str(caught.value) == f"parent {parent.id} (cats 1.0.0) is not final; close it first"


@pytest.mark.parametrize("publish", [True, False])
def test_a_parent_may_be_published_or_archived(catalog: CatalogBench, publish: bool) -> None:
    parent = catalog.final()
    (catalog.api.versions.publish if publish else catalog.api.versions.archive)(parent.id)
    assert catalog.draft(parents=[parent.id]).parents == (parent.id,)


def test_a_parent_that_is_missing_is_refused(catalog: CatalogBench) -> None:
    missing = new_id()
    with pytest.raises(VersionNotFound, match=missing):
        catalog.draft(parents=[missing])


def test_projects_nest_twelve_deep(catalog: CatalogBench) -> None:
    made = catalog.draft(project="/".join("abcdefghijkl"))
    assert made.project == "a/b/c/d/e/f/g/h/i/j/k/l"
    assert [project.name for project in catalog.api.projects.search()] == ["/".join("abcdefghijkl"[:depth]) for depth in range(1, 13)]


def test_projects_nest_as_deep_as_a_name_is_long(catalog: CatalogBench) -> None:
    project = "/".join("x" * 1_900)
    assert catalog.draft(project=project).project == project


@pytest.mark.parametrize("name", [LONG, "  spaced  ", "漢字", "ünï", "🐈", "a.b-c_d", "line\nline", "'; DROP TABLE task; --", "%"])
def test_names_may_be_long_and_of_any_letters(catalog: CatalogBench, name: str) -> None:
    made = catalog.draft(name, project="Ünï/漢字")
    assert (made.project, made.name) == ("Ünï/漢字", name.strip())
    assert catalog.api.versions.resolve(project="Ünï/漢字", name=name.strip()) == made


@pytest.mark.parametrize("name", ["", "  ", "a/b", "/", "a@b", "x" * 1_001])
def test_names_that_could_not_be_found_again_are_refused(catalog: CatalogBench, name: str) -> None:
    with pytest.raises(Invalid, match="can't be the name of a dataset; use 1 to 1,000 characters without / and @"):
        catalog.draft(name)


def test_a_name_that_is_no_text_is_refused(catalog: CatalogBench) -> None:
    with pytest.raises(Invalid, match="is not text in UTF-8"):
        catalog.draft("cats\udcff")


@pytest.mark.parametrize("project", ["A/.datasets/cats", ".pipelines", "A/.datasets"])
def test_a_dataset_does_not_lie_in_a_hidden_project(catalog: CatalogBench, project: str) -> None:
    with pytest.raises(Invalid, match="can't lie in the hidden project"):
        catalog.draft(project=project)


def test_a_version_is_a_task(catalog: CatalogBench) -> None:
    made = catalog.draft(tags=["good"], description="said", author="me")
    task = catalog.ask("tasks.get_by_id", task=made.id)["task"]
    said = {name: task[name] for name in ("name", "type", "status", "user", "comment", "tags", "system_tags", "runtime", "hyperparams")}
    assert said == {
        "name": "cats",
        "type": "data_processing",
        "status": "in_progress",
        "user": "me",
        "comment": "said",
        "tags": ["good"],
        "system_tags": ["dataset"],
        "runtime": {"version": "1.0.0", "orig_dataset_name": "cats", "orig_dataset_id": made.id},
        "hyperparams": {
            "properties": {"version": {"section": "properties", "name": "version", "value": "1.0.0", "type": "str", "description": ""}}
        },
    }


def test_a_dataset_is_a_hidden_project(catalog: CatalogBench) -> None:
    made = catalog.draft()
    task = catalog.ask("tasks.get_by_id", task=made.id)["task"]
    project = catalog.api.projects.get(task["project"])
    assert (project.name, project.system_tags) == ("Team/Pictures/.datasets/cats", ("hidden", "dataset"))
