"""What lies in an archived project is archived, until the project is brought back."""

from typing import Any

import pytest

from tilth.testing.catalogs import CatalogBench


@pytest.fixture
def made(catalog: CatalogBench) -> dict[str, str]:
    """A project with one thing of each kind in it or below it, and a neighbour whose name begins alike."""
    project = catalog.ask("projects.create", name="Team/Old")["id"]
    below = catalog.ask("projects.create", name="Team/Old/Deep")["id"]
    neighbour = catalog.ask("projects.create", name="Team/Older")["id"]
    pipeline = catalog.ask("projects.create", name="Team/Old/.pipelines/nightly", system_tags=["pipeline"])["id"]
    return {
        "project": project,
        "pipeline": pipeline,
        "task": catalog.ask("tasks.create", name="old run", type="training", project=below)["id"],
        "kept": catalog.ask("tasks.create", name="kept run", type="training", project=neighbour)["id"],
        "homeless": catalog.ask("tasks.create", name="run of no project", type="training")["id"],
        "model": catalog.ask("models.create", name="old model", uri="file:///none", project=below)["id"],
        "loose": catalog.ask("models.create", name="model of no project", uri="file:///none")["id"],
        "report": catalog.ask("reports.create", name="old report", project=project)["id"],
        "run": catalog.ask("tasks.create", name="run", type="controller", system_tags=["pipeline"], project=pipeline)["id"],
        "version": catalog.final("cats", "Team/Old/Deep").id,
        "other": catalog.final("cats", "Team/Older").id,
    }


def archive(catalog: CatalogBench, made: dict[str, str], *tags: str) -> None:
    catalog.ask("projects.update", project=made["project"], system_tags=list(tags))


def seen(catalog: CatalogBench, made: dict[str, str], *, archived: bool) -> set[str]:
    """Which of the things are listed, as the lists are asked for on the page."""
    names = {id: name for name, id in made.items()}
    tags: dict[str, Any] = {"system_tags": ["archived" if archived else "-archived"]}
    found = [(call, catalog.ask(f"{call}.get_all_ex", **tags)[name]) for call, name in (("projects", "projects"), ("models", "models"))]
    ids = {one["id"] for _, listed in found for one in listed}
    ids |= {one["id"] for one in catalog.ask("tasks.get_all_ex", search_hidden=True, **tags)["tasks"]}
    ids |= {one["id"] for one in catalog.ask("reports.get_all_ex", **tags)["tasks"]}
    ids |= {one["newest"]["id"] for one in catalog.ask("versions.datasets", archived=archived)["datasets"]}
    ids |= {one["project"]["id"] for one in catalog.ask("pipelines.find", archived=archived)["pipelines"]}
    return {names[id] for id in ids if id in names}


LOST = {"project", "pipeline", "task", "model", "report", "run", "version"}
KEPT = {"kept", "homeless", "loose", "other"}


def test_what_lies_in_an_archived_project_is_listed_with_what_is_archived(catalog: CatalogBench, made: dict[str, str]) -> None:
    assert (seen(catalog, made, archived=False), seen(catalog, made, archived=True)) == (LOST | KEPT, set())
    archive(catalog, made, "archived")
    assert (seen(catalog, made, archived=False), seen(catalog, made, archived=True)) == (KEPT, LOST)
    archive(catalog, made)
    assert (seen(catalog, made, archived=False), seen(catalog, made, archived=True)) == (LOST | KEPT, set())


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"system_tags": ["__$not", "archived"]}, {"kept", "homeless"}),
        ({"system_tags": ["__$all", "archived", "__$not", "dataset"]}, {"task"}),
        ({"filters": {"system_tags": {"any": {"exclude": ["archived"]}}}}, {"kept", "homeless"}),
        ({"filters": {"system_tags": {"any": {"include": ["archived"]}}}}, {"task"}),
        ({"tags": ["-archived"]}, {"kept", "homeless", "task"}),
        ({}, {"kept", "homeless", "task"}),
    ],
)
def test_every_way_to_ask_for_the_tag_means_the_same(
    catalog: CatalogBench, made: dict[str, str], asked: dict[str, Any], found: set[str]
) -> None:
    archive(catalog, made, "archived")
    listed = catalog.ask("tasks.get_all_ex", type=["training"], **asked)["tasks"]
    assert {one["id"] for one in listed} == {made[name] for name in found}
    assert all("archived" not in one["system_tags"] for one in listed)


def test_nothing_of_an_archived_project_is_counted(catalog: CatalogBench, made: dict[str, str]) -> None:
    wanted = ["-archived"]
    kinds = ("projects", "tasks", "models", "datasets", "dataset_versions", "pipeline_runs", "reports")

    def counted() -> list[int]:
        answer = catalog.ask("organization.get_entities_count", **{kind: {"system_tags": wanted} for kind in kinds})
        return [answer[kind] for kind in kinds]

    before = counted()
    archive(catalog, made, "archived")
    assert [there - left for there, left in zip(before, counted(), strict=True)] == [2, 4, 1, 1, 1, 1, 1]


def test_a_project_is_summed_up_without_versions_and_what_is_archived_below_it(catalog: CatalogBench, made: dict[str, str]) -> None:
    def of(name: str) -> tuple[int, int, int, list[str]]:
        asked = {"name": f"^{name}$", "include_stats": True, "stats_with_children": True}
        (found,) = catalog.ask("projects.get_all_ex", **asked)["projects"]
        stats = found["stats"]
        below = [one["name"] for one in found["sub_projects"]]
        return stats["active"]["total_tasks"], stats["archived"]["total_tasks"], stats["datasets"]["count"], below

    inside = of("Team/Old")
    assert of("Team") == (3, 0, 2, ["Team/Old", "Team/Old/Deep", "Team/Older"])
    archive(catalog, made, "archived")
    assert of("Team") == (1, 2, 1, ["Team/Older"])
    assert of("Team/Old") == inside  # seen from inside nothing is different


def test_a_dataset_of_an_archived_project_is_found_by_who_names_it(catalog: CatalogBench, made: dict[str, str]) -> None:
    archive(catalog, made, "archived")
    assert catalog.api.versions.get(made["version"]).id == made["version"]
    assert [one.id for one in catalog.api.versions.search(name="cats", include_archived=False).versions] == [made["other"]]
    assert {one.id for one in catalog.api.versions.search(name="cats").versions} == {made["version"], made["other"]}
