"""Reports: who writes at the same time as somebody else is told so, and what belongs to a report goes with it."""

from typing import Any

import pytest

from tilth.base.errors import Conflict, FieldInvalid, TaskNotFound
from tilth.testing.catalogs import CatalogBench


def report(catalog: CatalogBench, **more: Any) -> str:
    id: str = catalog.ask("reports.create", **({"name": "weekly", "report": "# Week 1"} | more))["id"]
    return id


def read(catalog: CatalogBench, id: str) -> dict[str, Any]:
    found: dict[str, Any] = catalog.ask("reports.get_all_ex", id=[id])["tasks"][0]
    return found


def test_a_report_is_written_by_who_has_read_it(catalog: CatalogBench) -> None:
    id = report(catalog)
    before = read(catalog, id)["last_change"]
    done = catalog.ask("reports.update", task=id, report="# Week 2", unchanged_since=before)
    assert (read(catalog, id)["report"], read(catalog, id)["last_change"]) == ("# Week 2", done["fields"]["last_change"])
    with pytest.raises(Conflict, match="has changed this report at"):
        catalog.ask("reports.update", task=id, report="# Mine", unchanged_since=before)
    assert read(catalog, id)["report"] == "# Week 2"
    catalog.ask("reports.update", task=id, report="# Mine", unchanged_since=done["fields"]["last_change"])
    catalog.ask("reports.update", task=id, report="# Mine in any case")
    assert read(catalog, id)["report"] == "# Mine in any case"


def test_a_published_report_stays_as_it_is(catalog: CatalogBench) -> None:
    id = report(catalog)
    catalog.ask("reports.publish", task=id)
    with pytest.raises(FieldInvalid, match="published"):
        catalog.ask("reports.update", task=id, report="late")
    assert read(catalog, id)["report"] == "# Week 1"


def test_the_pictures_of_a_report_go_with_it(catalog: CatalogBench) -> None:
    id = report(catalog)
    address = f"tilth://files/reports/report.{id}/a.png"
    catalog.ask("reports.update", task=id, report_assets=[address])
    assert read(catalog, id)["report_assets"] == [address]
    assert catalog.ask("tasks.delete", task=id, return_file_urls=True)["urls"]["artifact_urls"] == [address]


def test_reports_lie_beside_the_project_that_they_are_about(catalog: CatalogBench) -> None:
    pets, cars = (catalog.ask("projects.create", name=name)["id"] for name in ("Team/Pets", "Team/Cars"))
    id = report(catalog, project=pets)

    def names(project: str) -> list[str]:
        return [one["name"] for one in catalog.ask("reports.get_all_ex", project=[project], include_subprojects=True)["tasks"]]

    assert (names(pets), names(cars), read(catalog, id)["project"]["name"]) == (["weekly"], [], "Team/Pets/.reports")
    catalog.ask("reports.move", task=id, project=cars)
    assert (names(pets), names(cars), read(catalog, id)["project"]["name"]) == ([], ["weekly"], "Team/Cars/.reports")


def test_other_tasks_are_no_reports(catalog: CatalogBench) -> None:
    task = catalog.ask("tasks.create", name="task", type="training")["id"]
    with pytest.raises(TaskNotFound, match="is no report"):
        catalog.ask("reports.update", task=task, report="x")


def test_a_page_of_reports_says_how_many_there_are(catalog: CatalogBench) -> None:
    pets = catalog.ask("projects.create", name="Pets")["id"]
    for number in range(3):
        report(catalog, name=f"week {number}", project=pets)
    report(catalog)
    page = catalog.ask("reports.get_all_ex", project=[pets], include_subprojects=True, page=1, page_size=2, order_by=["name"])
    assert ([one["name"] for one in page["tasks"]], page["total"]) == (["week 2"], 3)
