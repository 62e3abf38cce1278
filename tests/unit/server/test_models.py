"""What is asked before a model is deleted."""

import pytest

from tilth.base.errors import ModelInUse, ModelPublished
from tilth.testing.catalogs import CatalogBench


def make(catalog: CatalogBench, name: str, *, ready: bool = False) -> str:
    return str(catalog.ask("models.create", uri=f"s3://b/{name}", name=name, ready=ready)["id"])


def names(catalog: CatalogBench) -> list[str]:
    return sorted(model["name"] for model in catalog.ask("models.get_all")["models"])


def test_a_published_model_is_deleted_only_by_force(catalog: CatalogBench) -> None:
    free, published = make(catalog, "free"), make(catalog, "published")
    catalog.ask("models.set_ready", model=published)
    with pytest.raises(ModelPublished, match=f"model {published} is published; use force if you mean it"):
        catalog.ask("models.delete", model=published)
    assert catalog.ask("models.delete", model=free) == {"deleted": True, "url": "s3://b/free"}
    assert names(catalog) == ["published"]
    assert catalog.ask("models.delete", model=published, force=True)["deleted"]
    assert names(catalog) == []


def test_of_many_models_those_are_deleted_that_nobody_needs(catalog: CatalogBench) -> None:
    free, published, taken = make(catalog, "free"), make(catalog, "published", ready=True), make(catalog, "taken")
    task = catalog.ask("tasks.create", name="t", type="training")["id"]
    catalog.ask("tasks.add_or_update_model", task=task, name="in", model=taken, type="input")
    with pytest.raises(ModelInUse):
        catalog.ask("models.delete", model=taken)
    answer = catalog.ask("models.delete_many", ids=[free, published, taken])
    assert [item["id"] for item in answer["succeeded"]] == [free]
    assert {item["id"]: item["error"]["codes"] for item in answer["failed"]} == {published: [400, 203], taken: [400, 205]}
    assert names(catalog) == ["published", "taken"]
    assert len(catalog.ask("models.delete_many", ids=[published, taken], force=True)["succeeded"]) == 2
    assert names(catalog) == []
