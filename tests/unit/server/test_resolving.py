"""What a person writes means one version, or is refused with what may have been meant."""

import pytest

from tilth.base.errors import AmbiguousId, Invalid, VersionNotFound
from tilth.base.ids import new_id
from tilth.testing.catalogs import CatalogBench
from tilth.testing.versions import numbered_id


def resolve(catalog: CatalogBench, reference: str) -> str:
    return catalog.api.versions.resolve(reference=reference).id


def test_an_id_means_its_version(catalog: CatalogBench) -> None:
    made = catalog.draft()
    assert catalog.api.versions.resolve(reference=f" {made.id} ") == made


@pytest.mark.parametrize("length", [4, 8, 31])
def test_the_beginning_of_an_id_means_its_version(catalog: CatalogBench, length: int) -> None:
    made = catalog.draft(id="abcdef" * 5 + "00")
    catalog.draft(id="b" * 32)
    assert resolve(catalog, made.id[:length]) == made.id


@pytest.mark.parametrize("letters", ["ffff", "0000"])
def test_the_first_and_the_last_id_have_beginnings_too(catalog: CatalogBench, letters: str) -> None:
    catalog.draft(id="f" * 32)
    catalog.draft(id="0" * 32)
    assert resolve(catalog, letters) == letters[0] * 32


def test_the_beginning_of_several_ids_is_refused_with_some_of_them(catalog: CatalogBench) -> None:
    for number in range(7):
        catalog.draft(id=numbered_id(number))
    with pytest.raises(AmbiguousId) as caught:
        resolve(catalog, "0000")
    shown = ", ".join(f"{numbered_id(number)} (cats 1.0.{number})" for number in (6, 5, 4, 3, 2))
    assert str(caught.value) == f"0000 begins the ids of several versions: {shown}; give more of the id"


def test_a_name_that_could_be_the_beginning_of_an_id_is_found(catalog: CatalogBench) -> None:
    made = catalog.draft("cafe", id="b" * 32)
    assert resolve(catalog, "cafe") == made.id


def test_a_number_means_the_version_that_has_it(catalog: CatalogBench) -> None:
    first, _ = catalog.draft(), catalog.draft()
    assert [resolve(catalog, reference) for reference in ("Team/Pictures/cats@1.0.0", "cats@1.0.0")] == [first.id, first.id]


def test_an_alias_means_the_version_that_has_it(catalog: CatalogBench) -> None:
    first, _ = catalog.draft(), catalog.draft()
    catalog.api.versions.set_alias(first.id, "stable")
    assert resolve(catalog, "Team/Pictures/cats@stable") == first.id


def test_an_alias_of_another_dataset_means_nothing(catalog: CatalogBench) -> None:
    catalog.api.versions.set_alias(catalog.draft("dogs").id, "stable")
    catalog.draft("cats")
    with pytest.raises(VersionNotFound, match="no version fits Team/Pictures/cats@stable"):
        resolve(catalog, "Team/Pictures/cats@stable")


def test_a_number_stands_over_an_alias(catalog: CatalogBench) -> None:
    first = catalog.draft(version="1.0.0")
    catalog.api.versions.set_alias(first.id, "good")
    named = catalog.draft(version="good")
    assert resolve(catalog, "cats@good") == named.id


def test_latest_means_the_newest_that_is_final(catalog: CatalogBench) -> None:
    newest = catalog.final()
    catalog.draft()
    assert resolve(catalog, "Team/Pictures/cats@latest") == newest.id


def test_a_dataset_means_its_newest_version(catalog: CatalogBench) -> None:
    catalog.final()
    newest = catalog.draft()
    assert resolve(catalog, "Team/Pictures/cats") == newest.id


def test_newest_is_the_highest_number_and_not_the_last_made(catalog: CatalogBench) -> None:
    ids = {number: catalog.final(version=number).id for number in ("1.10.0", "1.11.0-rc.1", "1.9.0", "good")}
    catalog.api.versions.delete(ids["1.11.0-rc.1"])
    assert resolve(catalog, "cats") == ids["1.10.0"]


def test_of_versions_without_numbers_the_last_made_is_newest(catalog: CatalogBench) -> None:
    catalog.final(version="zero")
    last = catalog.final(version="more")
    assert resolve(catalog, "cats") == last.id


def test_a_project_means_itself_and_not_those_below(catalog: CatalogBench) -> None:
    catalog.draft("cats", "Team/Pictures/Old", version="9.0")
    near = catalog.draft("cats", "Team/Pictures")
    assert resolve(catalog, "Team/Pictures/cats") == near.id


def test_projects_with_like_names_are_kept_apart(catalog: CatalogBench) -> None:
    catalog.draft("cats", "Team2", version="9.0")
    near = catalog.draft("cats", "Team")
    assert resolve(catalog, "Team/cats") == near.id


def test_what_is_archived_is_found_only_if_nothing_else_fits(catalog: CatalogBench) -> None:
    old, new = catalog.final(), catalog.final()
    catalog.api.versions.archive(new.id)
    assert [resolve(catalog, reference) for reference in ("cats", "cats@1.0.1", "cats@latest")] == [old.id, new.id, old.id]


def test_all_parts_that_are_given_have_to_fit(catalog: CatalogBench) -> None:
    plain, tagged, published = catalog.final(), catalog.final(tags=["good"]), catalog.final()
    catalog.api.versions.publish(published.id)
    draft = catalog.draft()
    resolve = catalog.api.versions.resolve
    assert [
        resolve(project=" Team / Pictures ", name="cats").id,
        resolve(name="cats", only_final=True).id,
        resolve(name="cats", only_published=True).id,
        resolve(name="cats", tags=["good"]).id,
        resolve(name="cats", version="1.0.0").id,
        resolve(tags=["good"]).id,
    ] == [draft.id, published.id, published.id, tagged.id, plain.id, tagged.id]


def test_an_id_that_does_not_exist_is_refused(catalog: CatalogBench) -> None:
    missing = new_id()
    with pytest.raises(VersionNotFound) as caught:
        resolve(catalog, missing)
    assert str(caught.value) == f"version {missing} does not exist; `tilth data search` shows which do"


@pytest.mark.parametrize("reference", ["", " ", "@1.0.0", "Team/@1.0.0", "/"])
def test_a_reference_without_a_dataset_is_refused(catalog: CatalogBench, reference: str) -> None:
    with pytest.raises(Invalid, match="names no dataset; give an id, or project/name@version"):
        resolve(catalog, reference)


@pytest.mark.parametrize(
    ("reference", "near"),
    [
        ("Team/Pictures/cast", "Team/Pictures/cats"),
        ("Team/Pictures/CATS", "Team/Pictures/cats"),
        ("Team/Picture/cats", "Team/Pictures/cats"),
        ("Other/cats", "Team/Pictures/cats"),
        ("cas", "Team/Pictures/cats"),
        ("Zoo/lion", "Zoo/Big/lions"),
    ],
)
def test_near_names_are_hinted_at(catalog: CatalogBench, reference: str, near: str) -> None:
    catalog.draft("cats")
    catalog.draft("lions", "Zoo/Big")
    with pytest.raises(VersionNotFound) as caught:
        resolve(catalog, reference)
    assert (caught.value.message, caught.value.hint) == (f"no version fits {reference}", f"similar names: {near}")


def test_near_names_are_found_behind_many_versions(catalog: CatalogBench) -> None:
    catalog.draft("dogs")
    for _ in range(30):
        catalog.draft("cats")
    with pytest.raises(VersionNotFound, match=r"; similar names: Team/Pictures/dogs$"):
        resolve(catalog, "Team/Pictures/dogz")


def test_without_near_names_the_hint_is_to_search(catalog: CatalogBench) -> None:
    with pytest.raises(VersionNotFound, match="no version fits cats; `tilth data search` shows which versions there are"):
        resolve(catalog, "cats")


def test_a_draft_is_said_to_be_one_where_final_versions_are_asked_for(catalog: CatalogBench) -> None:
    made = catalog.draft()
    for fields in ({}, {"version": made.version}, {"version": "latest"}):
        with pytest.raises(VersionNotFound) as caught:
            catalog.api.versions.resolve(project=made.project, name=made.name, only_final=True, **fields)
        assert caught.value.message == f"version {made.version} of {made.project}/{made.name} ({made.id}) exists but is not final"


def test_a_version_that_is_not_there_is_refused_with_those_that_are(catalog: CatalogBench) -> None:
    numbers = [catalog.draft().version for _ in range(2)]
    with pytest.raises(VersionNotFound) as caught:
        catalog.api.versions.resolve(name="cats", version="9.9.9")
    assert str(caught.value) == f"no version fits cats@9.9.9; there are {numbers[1]}, {numbers[0]}"
