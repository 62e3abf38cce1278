"""Which pipelines there are, and what a run that is started again has of the one before it."""

from typing import Any

import pytest

from tilth.base.errors import Invalid, TaskNotFound
from tilth.domain.access import OWNER
from tilth.testing.catalogs import CatalogBench


def project(catalog: CatalogBench, name: str) -> str:
    id: str = catalog.ask("projects.create", name=f"Team/.pipelines/{name}", system_tags=["pipeline"])["id"]
    return id


def run(catalog: CatalogBench, project: str, name: str = "run", **more: Any) -> str:
    tags = {"type": "controller", "system_tags": ["pipeline"]}
    id: str = catalog.ask("tasks.create", name=name, project=project, **(tags | more))["id"]
    return id


def found(catalog: CatalogBench, **asked: Any) -> list[tuple[str, int, int, list[str]]]:
    answer = catalog.ask("pipelines.find", **asked)
    return [
        (pipeline["project"]["name"], pipeline["runs"], pipeline["active"], [one["id"] for one in pipeline["recent"]])
        for pipeline in answer["pipelines"]
    ]


def test_pipelines_are_listed_with_their_last_runs(catalog: CatalogBench) -> None:
    cats, dogs = project(catalog, "cats"), project(catalog, "dogs")
    first, second = run(catalog, cats), run(catalog, cats)
    only = run(catalog, dogs)
    run(catalog, cats, type="training", system_tags=[])
    run(catalog, cats, type="controller", system_tags=[])
    catalog.ask("tasks.started", task=second)
    expected = [("Team/.pipelines/dogs", 1, 0, [only]), ("Team/.pipelines/cats", 2, 1, [second, first])]
    assert found(catalog) == expected
    assert found(catalog, order="name") == expected[::-1]
    assert found(catalog, order="-runs") == expected[::-1]
    assert found(catalog, text="TEAM/dog") == expected[:1]
    assert found(catalog, page=1, page_size=1) == expected[1:]
    assert catalog.ask("pipelines.find", page_size=1)["total"] == 2
    last = catalog.ask("pipelines.find", text="cats")["pipelines"][0]["last"]
    assert (last["id"], last["status"], last["user"]["id"]) == (second, "in_progress", OWNER.id)


def test_of_many_runs_the_last_ten_are_told(catalog: CatalogBench) -> None:
    cats = project(catalog, "cats")
    runs = [run(catalog, cats, f"run {number}") for number in range(12)]
    assert found(catalog) == [("Team/.pipelines/cats", 12, 0, runs[:1:-1])]


def test_archived_runs_are_told_apart(catalog: CatalogBench) -> None:
    cats, dogs = project(catalog, "cats"), project(catalog, "dogs")
    old, new, other = run(catalog, cats), run(catalog, cats), run(catalog, dogs)
    catalog.ask("tasks.archive_many", ids=[old, other])
    assert found(catalog) == [("Team/.pipelines/cats", 1, 0, [new])]
    assert found(catalog, archived=True, order="name") == [("Team/.pipelines/cats", 1, 0, [old]), ("Team/.pipelines/dogs", 1, 0, [other])]


def test_an_order_that_there_is_not_is_refused(catalog: CatalogBench) -> None:
    with pytest.raises(Invalid, match="can't be ordered by 'size'"):
        catalog.ask("pipelines.find", order="size")


def test_a_run_that_is_started_again_is_no_step_of_the_one_before(catalog: CatalogBench) -> None:
    cats = project(catalog, "cats")
    catalog.ask("queues.create", name="services")
    arguments = {"Args": {"n": {"section": "Args", "name": "n", "value": "1", "type": "int"}}}
    first = run(catalog, cats, hyperparams=arguments)
    step = catalog.ask("tasks.create", name="step", type="training", parent=first)["id"]
    second = catalog.ask("pipelines.start_pipeline", task=first, queue="services", args=[{"name": "n", "value": 2}])["pipeline"]
    task = catalog.ask("tasks.get_by_id", task=second)["task"]
    assert (task["parent"], task["status"], task["name"], task["project"]) == (None, "queued", "run", cats)
    assert task["hyperparams"]["Args"]["n"] == {"section": "Args", "name": "n", "value": "2", "type": "int"}
    copied = catalog.ask("tasks.clone", task=first)["id"]
    assert catalog.ask("tasks.get_by_id", task=copied)["task"]["parent"] == first
    catalog.ask("pipelines.delete_runs", ids=[first], project=cats)
    left = catalog.ask("tasks.get_all", search_hidden=True, only_fields=["id"], order_by=["created"])["tasks"]
    assert [one["id"] for one in left] == [second, copied]
    assert step not in {one["id"] for one in left}


def test_deleting_a_run_with_its_steps_leaves_the_runs_that_were_copied_from_it(catalog: CatalogBench) -> None:
    cats = project(catalog, "cats")
    first = run(catalog, cats)
    catalog.ask("tasks.create", name="step", type="training", parent=first)
    copied = catalog.ask("tasks.clone", task=first)["id"]
    catalog.ask("tasks.delete", task=first, include_pipeline_steps=True, force=True)
    assert [one["id"] for one in catalog.ask("tasks.get_all", search_hidden=True, only_fields=["id"])["tasks"]] == [copied]


def test_only_pipelines_are_started_again(catalog: CatalogBench) -> None:
    task = catalog.ask("tasks.create", name="task", type="training")["id"]
    with pytest.raises(TaskNotFound, match="is no pipeline"):
        catalog.ask("pipelines.start_pipeline", task=task)
