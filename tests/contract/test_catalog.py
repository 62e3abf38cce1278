"""What the catalog promises, through the typed calls; any transport that carries them has to keep it."""

import multiprocessing
import re
from pathlib import Path
from typing import Any

import pytest

from tilth.base.clock import SystemClock
from tilth.base.errors import (
    AlreadyExists,
    AmbiguousId,
    Invalid,
    NotFound,
    ProjectInUse,
    StatusRefused,
    VersionNameTaken,
    VersionNotFinal,
    VersionNotFound,
)
from tilth.base.ids import new_id
from tilth.client.api import Api
from tilth.client.transport import Transport
from tilth.domain.dataset import ChangeTotals, Total
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.server.app.embedded import EmbeddedTransport

CHANGES = ChangeTotals(added=Total(2, 30), moved=Total(1, 5))


@pytest.fixture(params=["embedded"])
def api(tmp_path: Path, request: pytest.FixtureRequest) -> Api:
    transports: dict[str, Transport] = {"embedded": EmbeddedTransport(tmp_path, SystemClock())}
    return Api(transports[request.param])


def final(api: Api, **wanted: Any) -> DatasetVersion:
    made = api.versions.create(**{"name": "cats", "project": "Team/Pictures"} | wanted)
    return api.versions.register(made.id, entries=3, size_bytes=35, root="roots/x", changes=CHANGES, finished="2026-01-01T00:00:00Z")


def test_versions_are_numbered_one_after_the_other(api: Api) -> None:
    assert [final(api).version for _ in range(3)] == ["1.0.0", "1.0.1", "1.0.2"]
    assert final(api, version="2.9").version == "2.9"
    assert [final(api).version for _ in range(2)] == ["2.9.1", "2.9.2"]
    assert final(api, name="dogs").version == "1.0.0"


def test_a_number_is_given_once(api: Api) -> None:
    final(api, version="1.5.0")
    with pytest.raises(VersionNameTaken, match=r"Team/Pictures/cats has a version 1\.5\.0 already"):
        final(api, version="1.5.0")


def test_a_new_version_is_uploading_and_a_registered_one_final(api: Api) -> None:
    made = api.versions.create(name="cats", project="P", tags=["a", "b", "a"], description="said", author="me")
    assert (made.status, made.tags, made.description, made.author) == (VersionStatus.UPLOADING, ("a", "b"), "said", "me")
    registered = api.versions.register(made.id, entries=3, size_bytes=35, root="roots/x", changes=CHANGES, finished="2026-01-01T00:00:00Z")
    assert (registered.status, registered.entries, registered.size_bytes, registered.changes) == (VersionStatus.FINAL, 3, 35, CHANGES)
    again = api.versions.register(made.id, entries=9, size_bytes=9, root="roots/y", changes=ChangeTotals(), finished="2027-01-01T00:00:00Z")
    assert again == registered


def test_parents_have_to_be_final(api: Api) -> None:
    draft = api.versions.create(name="cats", project="P")
    with pytest.raises(VersionNotFinal, match=draft.id):
        api.versions.create(name="more", parents=[draft.id])
    with pytest.raises(VersionNotFound):
        api.versions.create(name="more", parents=[new_id()])


def test_without_a_project_the_first_parents_is_taken(api: Api) -> None:
    parents = [final(api, name=name, project=project).id for name, project in (("a", "One"), ("b", "Two"))]
    child = api.versions.create(name="c", parents=parents)
    assert (child.project, child.parents) == ("One", tuple(parents))
    assert api.versions.create(name="alone").project == "Datasets"


@pytest.mark.parametrize("project", ["/".join("abcdefghijkl"), " spaced / out //name ", "x" * 1000, "ünï/漢字"])
def test_projects_nest_and_are_cleaned(api: Api, project: str) -> None:
    made = final(api, project=project)
    parts = [part.strip() for part in project.split("/") if part.strip()]
    assert made.project == "/".join(parts)
    names = {found.name for found in api.projects.search()}
    assert {"/".join(parts[: depth + 1]) for depth in range(len(parts))} <= names
    assert not any(".datasets" in name for name in names)
    assert any(".datasets" in found.name for found in api.projects.search(hidden=True))


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a@b", "x" * 1001])
def test_names_that_could_not_be_found_again_are_refused(api: Api, name: str) -> None:
    with pytest.raises(Invalid, match="can't be the name of a dataset"):
        api.versions.create(name=name)


def test_what_a_reference_means(api: Api) -> None:
    first, ninth, tenth = final(api), final(api, version="1.9.0"), final(api, version="1.10.0")
    draft = api.versions.create(name="cats", project="Team/Pictures")
    api.versions.set_alias(ninth.id, "stable")
    means = {
        first.id: first.id,
        first.id[:8]: first.id,
        "Team/Pictures/cats@1.0.0": first.id,
        "cats@1.0.0": first.id,
        "Team/Pictures/cats@stable": ninth.id,
        "Team/Pictures/cats@latest": tenth.id,
        "Team/Pictures/cats": draft.id,
    }
    assert {reference: api.versions.resolve(reference=reference).id for reference in means} == means


def test_what_means_nothing_is_told_with_what_is_near(api: Api) -> None:
    final(api, name="cats_vs_dogs")
    with pytest.raises(VersionNotFound, match=r"cats_vs_dog.*cats_vs_dogs"):
        api.versions.resolve(reference="Team/Pictures/cats_vs_dog")
    with pytest.raises(VersionNotFound, match="does not exist"):
        api.versions.resolve(reference=new_id())


def test_the_beginning_of_several_ids_is_ambiguous(api: Api) -> None:
    ids = ["abcd" + new_id()[4:] for _ in range(2)]
    for id in ids:
        api.versions.create(name="cats", id=id)
    with pytest.raises(AmbiguousId) as caught:
        api.versions.resolve(reference="abcd")
    assert all(id in str(caught.value) for id in ids)


def test_searches_combine_and_page(api: Api) -> None:
    cats = [final(api) for _ in range(3)]
    deep = final(api, project="Team/Pictures/Old", name="Cats of old")
    dogs = final(api, name="dogs")
    api.versions.update(cats[0].id, add_tags=["good"])
    draft = api.versions.create(name="cats", project="Team/Pictures")

    def ids(**wanted: object) -> set[str]:
        return {version.id for version in api.versions.search(**wanted).versions}

    assert ids(name="CAT") == {deep.id, *(version.id for version in cats)}
    assert ids(project="Team") == {deep.id, dogs.id, *(version.id for version in cats)}
    assert ids(project="Team/Pictures", recursive=False, name="cat") == {version.id for version in cats}
    assert ids(tags=["good"]) == {cats[0].id}
    assert draft.id in ids(only_final=False)
    assert ids(ids=[dogs.id, deep.id]) == {dogs.id, deep.id}
    pages = [api.versions.search(page=page, page_size=2) for page in range(3)]
    assert [page.total for page in pages] == [5, 5, 5]
    assert [version.id for page in pages for version in page.versions] == [dogs.id, deep.id, *(version.id for version in reversed(cats))]


def test_publishing_and_archiving_are_for_final_versions(api: Api) -> None:
    draft, done = api.versions.create(name="cats"), final(api)
    for refused in (api.versions.publish, api.versions.archive):
        with pytest.raises(StatusRefused, match=draft.id):
            refused(draft.id)
    assert api.versions.publish(done.id).status is VersionStatus.PUBLISHED
    assert api.versions.archive(done.id).status is VersionStatus.ARCHIVED
    assert done.id not in {v.id for v in api.versions.search(include_archived=False).versions}
    assert api.versions.resolve(reference="Team/Pictures/cats").id == done.id
    assert api.versions.unarchive(done.id).status is VersionStatus.PUBLISHED


def test_a_deleted_parent_stays_in_the_lineage(api: Api) -> None:
    grandparent = final(api)
    left, right = (api.versions.create(name=name, parents=[grandparent.id]) for name in ("left", "right"))
    for side in (left, right):
        api.versions.register(side.id, entries=1, size_bytes=1, root="r", changes=ChangeTotals(), finished="2026-01-01T00:00:00Z")
    child = api.versions.create(name="child", parents=[right.id, left.id])
    assert api.versions.delete(left.id) == [child.id]
    graph = {node.id: (node.parents, node.deleted) for node in api.versions.lineage(id=child.id)}
    assert graph[child.id] == ((right.id, left.id), False)
    assert graph[right.id] == ((grandparent.id,), False)
    assert graph[left.id][1] is True
    assert api.versions.get(child.id).parents == (right.id, left.id)
    with pytest.raises(VersionNotFound):
        api.versions.get(left.id)


def test_renaming_and_moving_keep_ids_and_aliases(api: Api) -> None:
    version = final(api)
    api.versions.set_alias(version.id, "stable")
    final(api, name="dogs")
    with pytest.raises(AlreadyExists, match="dogs exists"):
        api.versions.rename(project="Team/Pictures", name="cats", new_name="dogs")
    with pytest.raises(NotFound, match="birds does not exist"):
        api.versions.rename(project="Team/Pictures", name="birds", new_name="crows")
    api.versions.rename(project="Team/Pictures", name="cats", new_name="lions")
    api.versions.move(project="Team/Pictures", name="lions", new_project="Zoo/Big")
    found = api.versions.resolve(reference="Zoo/Big/lions@stable")
    assert (found.id, found.project, found.name, found.version) == (version.id, "Zoo/Big", "lions", "1.0.0")


def test_tags_descriptions_and_metadata_change_when_final(api: Api) -> None:
    version = final(api)
    changed = api.versions.update(version.id, description="new", add_tags=["b", "a"])
    changed = api.versions.update(version.id, remove_tags=["a"])
    assert (changed.description, changed.tags, changed.status) == ("new", ("b",), VersionStatus.FINAL)
    assert api.versions.update(version.id, tags=["only"]).tags == ("only",)
    assert api.versions.get_metadata(version.id, name="notes") is None
    api.versions.set_metadata(version.id, name="notes", kind="json", value="1")
    api.versions.set_metadata(version.id, name="notes", kind="json", value="2")
    found = api.versions.get_metadata(version.id, name="notes")
    assert found is not None
    assert found.value == "2"


@pytest.mark.parametrize("alias", ["latest", "", "a/b", "a@b"])
def test_aliases_that_would_mislead_are_refused(api: Api, alias: str) -> None:
    with pytest.raises(Invalid, match="can't be an alias"):
        api.versions.set_alias(final(api).id, alias)


def test_projects_move_with_what_lies_in_them(api: Api) -> None:
    version = final(api, project="A/B/C")
    (moved,) = [found for found in api.projects.search() if found.name == "A/B"]
    with pytest.raises(Invalid, match="into itself"):
        api.projects.move(moved.id, "A/B/C")
    api.projects.move(moved.id, "Elsewhere")
    assert api.versions.get(version.id).project == "Elsewhere/B/C"
    with pytest.raises(ProjectInUse, match="has 1 datasets"):
        api.projects.delete(moved.id)


@pytest.mark.parametrize(
    ("call", "body", "said"),
    [
        ("versions.dance", b"{}", "no call versions.dance"),
        ("versions.get", b"{", "malformed|truncated"),
        ("versions.get", b"{}", "id"),
        ("versions.create", b'{"name": 5}', "name: Expected"),
        ("versions.search", b'{"page": "x"}', "page: Expected"),
    ],
)
def test_bad_requests_are_refused_with_the_field(tmp_path: Path, call: str, body: bytes, said: str) -> None:
    answer = EmbeddedTransport(tmp_path, SystemClock()).call(call, body).decode()
    assert f'"result_code":{404 if call.endswith("dance") else 400}' in answer
    assert re.search(said, answer)


def test_unknown_fields_are_ignored(tmp_path: Path) -> None:
    answer = EmbeddedTransport(tmp_path, SystemClock()).call("versions.create", b'{"name": "cats", "later": 1}').decode()
    assert '"result_code":200' in answer


def make_ten(folder: Path) -> None:
    api = Api(EmbeddedTransport(folder, SystemClock()))
    for _ in range(10):
        api.versions.create(name="cats", project="P")


def test_many_processes_get_numbers_of_their_own(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=make_ten, args=(tmp_path,)) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=120)
    assert [process.exitcode for process in processes] == [0] * 6
    found = Api(EmbeddedTransport(tmp_path, SystemClock())).versions.search(only_final=False, page_size=100)
    assert {version.version for version in found.versions} == {f"1.0.{number}" for number in range(60)}
