"""Searches find all that fits, page by page, in a number of statements that does not grow with what they find."""

from typing import Any

import pytest

from tilth.base.errors import FieldInvalid
from tilth.domain.version import VersionPage
from tilth.testing.catalogs import CatalogBench


@pytest.fixture
def names(catalog: CatalogBench) -> dict[str, str]:
    """The names of the versions in the catalog, by their ids, in the order in which they were made."""
    old = catalog.final("cats", "Team/Pictures", tags=["good", "old"], version="old")
    deep = catalog.final("Cats of old", "Team/Pictures/Deep/Down", tags=["good"], version="deep")
    other = catalog.final("cats", "Team2", version="other")
    hidden = catalog.final("cats", "Team/Pictures", version="hidden", tags=["old"])
    draft = catalog.draft("dogs", "Team/Pictures", version="draft", tags=["good"])
    catalog.api.versions.archive(hidden.id)
    return {version.id: version.version for version in (old, deep, other, hidden, draft)}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["hidden", "other", "deep", "old"]),
        ({"only_final": False}, ["draft", "hidden", "other", "deep", "old"]),
        ({"include_archived": False}, ["other", "deep", "old"]),
        ({"name": "cats"}, ["hidden", "other", "deep", "old"]),
        ({"name": "OF OLD"}, ["deep"]),
        ({"name": "%"}, []),
        ({"name": "_"}, []),
        ({"tags": ["good"]}, ["deep", "old"]),
        ({"tags": ["good", "old"]}, ["old"]),
        ({"tags": ["goo"]}, []),
        ({"project": "Team"}, ["hidden", "deep", "old"]),
        ({"project": " Team / Pictures /"}, ["hidden", "deep", "old"]),
        ({"project": "Team", "recursive": False}, []),
        ({"project": "Team/Pictures", "recursive": False}, ["hidden", "old"]),
        ({"project": "team"}, []),
        ({"project": "Team/Pictures", "name": "cats", "tags": ["old"], "include_archived": False}, ["old"]),
        ({"project": "Team/Pictures", "only_final": False, "tags": ["good"]}, ["draft", "deep", "old"]),
    ],
)
def test_all_that_is_asked_for_has_to_fit(catalog: CatalogBench, names: dict[str, str], wanted: dict[str, Any], found: list[str]) -> None:
    page = catalog.api.versions.search(**wanted)
    assert ([names[version.id] for version in page.versions], page.total) == (found, len(found))


def test_versions_are_found_by_their_ids(catalog: CatalogBench, names: dict[str, str]) -> None:
    ids = {id for id, name in names.items() if name in {"old", "hidden", "draft"}}
    assert {version.id for version in catalog.api.versions.search(ids=sorted(ids), only_final=False).versions} == ids


def test_what_is_found_is_whole(catalog: CatalogBench) -> None:
    parents = [catalog.final("a").id, catalog.final("b").id]
    made = catalog.final("c", parents=parents, tags=["x", "y"], description="said", author="me", version="3.0")
    for alias in ("stable", "best"):
        catalog.api.versions.set_alias(made.id, alias)
    whole = catalog.api.versions.get(made.id)
    assert (whole.parents, whole.aliases, whole.tags) == (tuple(parents), ("best", "stable"), ("x", "y"))
    assert catalog.api.versions.search(name="c") == VersionPage((whole,), 1)


def test_pages_follow_each_other(catalog: CatalogBench) -> None:
    made = [catalog.final().id for _ in range(5)]
    pages = [catalog.api.versions.search(page=page, page_size=2) for page in range(4)]
    assert [([version.id for version in page.versions], page.total) for page in pages] == [
        ([made[4], made[3]], 5),
        ([made[2], made[1]], 5),
        ([made[0]], 5),
        ([], 5),
    ]


@pytest.mark.parametrize(("page", "size", "found"), [(-1, 2, 2), (0, 0, 1), (0, -5, 1), (0, 10**6, 3), (10**9, 10**6, 0)])
def test_pages_that_make_no_sense_are_the_nearest_that_do(catalog: CatalogBench, page: int, size: int, found: int) -> None:
    for _ in range(3):
        catalog.final()
    assert len(catalog.api.versions.search(page=page, page_size=size).versions) == found


@pytest.mark.parametrize("call", ["versions.search", "versions.newest", "versions.datasets", "projects.get_all", "tasks.get_all"])
def test_the_number_of_statements_is_constant(catalog: CatalogBench, call: str) -> None:
    parent = catalog.final("first", tags=["a"])
    before = catalog.statements(call)
    for number in range(20):
        made = catalog.final(f"more-{number}", parents=[parent.id], tags=["a", "b"])
        catalog.api.versions.set_alias(made.id, "stable")
    assert catalog.statements(call) == before


def test_the_newest_final_version_of_each_dataset_comes_once(catalog: CatalogBench) -> None:
    cats = [catalog.final("cats", version=number) for number in ("1.10.0", "1.9.0", "1.10")]
    dogs = catalog.final("dogs")
    words = [catalog.final("words", version=number) for number in ("b", "a")]
    catalog.draft("dogs")
    catalog.draft("drafts")
    assert [version.id for version in catalog.api.versions.newest(limit=10)] == [words[1].id, dogs.id, cats[2].id]


def test_no_more_of_the_newest_come_than_are_asked_for(catalog: CatalogBench) -> None:
    made = [catalog.final(name).id for name in "abc"]
    assert [version.id for version in catalog.api.versions.newest(limit=2)] == [made[2], made[1]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [("drafts", 1), ("dogs", 2), ("cats", 3)]),
        ({"order": "name"}, [("cats", 3), ("dogs", 2), ("drafts", 1)]),
        ({"order": "-versions", "page_size": 2}, [("cats", 3), ("dogs", 2)]),
        ({"order": "-versions", "page_size": 2, "page": 1}, [("drafts", 1)]),
        ({"text": "team/PETS/ca"}, [("cats", 3)]),
        ({"text": ".datasets"}, []),
        ({"text": "%"}, []),
        ({"tags": ["new"]}, [("cats", 3)]),
        ({"tags": ["old"]}, []),
    ],
)
def test_datasets_are_listed_by_their_newest_version(catalog: CatalogBench, wanted: dict[str, Any], found: list[tuple[str, int]]) -> None:
    made = [
        catalog.final("cats", "Team/Pets", version=number, tags=[tag]).id for number, tag in (("1.9", "old"), ("1.10", "new"), ("0", "old"))
    ]
    gone = catalog.final("cats", "Team/Pets", version="9.0")
    catalog.api.versions.archive(gone.id)
    made += [catalog.final("dogs", "Team", version="1.0").id, catalog.draft("dogs", "Team", version="2.0").id]
    made += [catalog.draft("drafts", "Team").id]
    newest = {"cats": made[1], "dogs": made[3], "drafts": made[5]}
    page = catalog.ask("versions.datasets", **wanted)
    assert [(one["newest"]["name"], one["versions"]) for one in page["datasets"]] == found
    assert [one["newest"]["id"] for one in page["datasets"]] == [newest[name] for name, _ in found]
    assert page["total"] == (3 if "page_size" in wanted else len(found))


def test_datasets_are_found_by_author_tag_and_id_and_archived_ones_apart(catalog: CatalogBench) -> None:
    cats = [catalog.final("cats", "Team", version=number, tags=["fluffy"]).id for number in ("1.0", "2.0")]
    dogs = catalog.final("dogs", "Team").id
    catalog.api.versions.archive(cats[0])

    def found(**wanted: Any) -> list[tuple[str, int]]:
        return [(one["newest"]["id"], one["versions"]) for one in catalog.ask("versions.datasets", order="name", **wanted)["datasets"]]

    author = catalog.ask("versions.get", id=dogs)["author"]
    assert found(text="FLUFF") == [(cats[1], 1)]
    assert found(text=cats[0][:8].upper()) == [(cats[1], 1)]
    assert found(text=dogs) == [(dogs, 1)]
    assert found(archived=True) == [(cats[0], 1)]
    assert not author or len(found(text=author)) == 2


def test_all_versions_of_a_dataset_are_told_by_the_id_of_one(catalog: CatalogBench) -> None:
    cats = [catalog.final("cats", "Team", version=number).id for number in ("1.0", "2.0")]
    catalog.final("dogs", "Team")
    assert {node["id"] for node in catalog.ask("versions.lineage", id=cats[0], whole=True)["nodes"]} == set(cats)
    catalog.ask("versions.rename", project="Team", name="cats", new_name="lions")
    assert {node["name"] for node in catalog.ask("versions.lineage", id=cats[1], whole=True)["nodes"]} == {"lions"}


def test_an_order_of_datasets_that_is_none_is_refused(catalog: CatalogBench) -> None:
    with pytest.raises(FieldInvalid, match="order"):
        catalog.ask("versions.datasets", order="task.id; --")


def test_tasks_are_found_by_what_they_are(catalog: CatalogBench) -> None:
    final, draft = catalog.final("cats", tags=["good"]), catalog.draft("dogs")
    found = [
        [task["id"] for task in catalog.ask("tasks.get_all", **wanted)["tasks"]]
        for wanted in (
            {"status": ["completed"]},
            {"type": ["data_processing"], "name": "^d.g"},
            {"tags": ["good"]},
            {"id": [draft.id]},
            {"type": ["training"]},
            {"page_size": 1, "page": 1},
        )
    ]
    assert found == [[final.id], [draft.id], [final.id], [draft.id], [], [final.id]]
