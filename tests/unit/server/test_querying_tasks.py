"""Tasks are filtered and sorted by what lies in them, on both engines alike."""

from typing import Any

import pytest

from tilth.base.errors import Invalid
from tilth.domain.event import name_hash
from tilth.testing.catalogs import CatalogBench

RATES = {"a": "10", "b": "9", "c": "1e-3", "d": "fast", "e": None}


@pytest.fixture
def tasks(catalog: CatalogBench) -> CatalogBench:
    """Five tasks with a rate that is a number, a word, or not there; each has a parameter with a dot in its name."""
    for name, rate in RATES.items():
        values = {"net.depth": {"value": str(len(name) * ord(name))}} | ({} if rate is None else {"lr": {"value": rate}})
        catalog.ask("tasks.create", name=name, type="training", project_name=f"P/{name}", hyperparams={"Args": values})
    return catalog


def names(bench: CatalogBench, **query: Any) -> str:
    fields = ["name", "hyperparams.Args.lr", "project.name"]
    return "".join(task["name"] for task in bench.ask("tasks.get_all_ex", only_fields=fields, **query)["tasks"])


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (["hyperparams.Args.lr.value"], "cbade"),
        (["-hyperparams.Args.lr.value"], "abcde"),
        (["-hyperparams.Args.net%2Edepth.value"], "edcba"),
        (["-project.name"], "edcba"),
        (["user.name", "-project.name"], "edcba"),
        (["-hyperparams.Args.none.value", "-project.name"], "edcba"),
    ],
)
def test_order(tasks: CatalogBench, order: list[str], found: str) -> None:
    assert names(tasks, order_by=order) == found
    assert "".join(names(tasks, order_by=order, page=page, page_size=2) for page in range(3)) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([{"fields": ["hyperparams.Args.lr.value"], "range": [9, None]}], "ab"),
        ([{"fields": ["hyperparams.Args.lr.value"], "range": [None, 9]}], "bc"),
        ([{"fields": ["hyperparams.Args.lr.value"], "range": [0, 9]}, {"fields": ["name"], "pattern": "^c"}], "c"),
        ([{"fields": ["hyperparams.Args.lr.value"], "pattern": "FAS"}], "d"),
        ([{"fields": ["hyperparams.Args.net%2Edepth.value"], "range": 97}], "a"),
        ([], "abcde"),
    ],
)
def test_each_of_several_conditions_has_to_hold(tasks: CatalogBench, wanted: list[dict[str, Any]], found: str) -> None:
    assert names(tasks, _all_=wanted, order_by=["name"]) == found


def test_only_what_is_asked_for_comes_along(tasks: CatalogBench) -> None:
    id = tasks.ask("tasks.get_all", name="^a$", only_fields=["id"])["tasks"][0]["id"]
    for metric in ("loss", "f1"):
        tasks.ask("events.add", type="training_stats_scalar", task=id, iter=1, value=2.0, metric=metric, variant="val")
    loss, val = name_hash("loss"), name_hash("val")

    def shown(*fields: str) -> dict[str, Any]:
        found = tasks.ask("tasks.get_all", id=[id], only_fields=list(fields))["tasks"][0]
        metrics = [series["metric"] for variants in found.get("last_metrics", {}).values() for series in variants.values()]
        return {"metrics": sorted(metrics), "names": sorted(found.get("hyperparams", {}).get("Args", {}))}

    assert shown("last_metrics") == {"metrics": ["f1", "loss"], "names": []}
    assert shown(f"last_metrics.{loss}.{val}", "hyperparams.Args.net%2Edepth") == {"metrics": ["loss"], "names": ["net.depth"]}
    assert shown(f"last_metrics.{loss}", "hyperparams.Args") == {"metrics": ["loss"], "names": ["lr", "net.depth"]}
    assert shown("last_metrics.none.none") == {"metrics": [], "names": []}


@pytest.mark.parametrize("said", [["a", 1], [None, None], [True, None], "1", [1, 2, 3]])
def test_a_range_is_of_numbers(tasks: CatalogBench, said: Any) -> None:
    with pytest.raises(Invalid, match="a range takes the least and the greatest number"):
        names(tasks, _all_=[{"fields": ["hyperparams.Args.lr.value"], "range": said}])


def test_a_range_ends_with_numbers_that_databases_know(tasks: CatalogBench) -> None:
    with pytest.raises(Invalid, match=r"at most 1\.8e308"):
        names(tasks, _all_=[{"fields": ["hyperparams.Args.lr.value"], "range": [10**400, None]}])
