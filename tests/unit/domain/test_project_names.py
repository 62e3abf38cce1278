"""Names of projects are paths in a tree, and datasets lie in hidden ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.base.errors import Invalid
from tilth.domain.project import Project, clean_name, dataset_project, is_hidden, parent_name, split_dataset_project


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Cats", "Cats"),
        ("Team/Pictures/Cats", "Team/Pictures/Cats"),
        (" Team / Pictures ", "Team/Pictures"),
        ("/Team//Pictures/", "Team/Pictures"),
        ("two words/drei Wörter", "two words/drei Wörter"),
        ("漢字/🐈", "漢字/🐈"),
        ("x" * 4_000, "x" * 4_000),
    ],
)
def test_a_name_is_cleaned(written: str, name: str) -> None:
    assert clean_name(written) == name


@pytest.mark.parametrize("text", ["", " ", "/", " / // ", "x" * 4_001])
def test_what_leaves_no_name_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"the name of a project: it (is empty|has 4001 characters); use 1 to 4,000, with slashes"):
        clean_name(text)


@given(st.text(min_size=1).filter(lambda text: text.strip("/ ") and text.strip()))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    try:
        name = clean_name(text)
    except Invalid:
        return
    assert clean_name(name) == name


@pytest.mark.parametrize(("name", "above"), [("A/B/C", "A/B"), ("A/B", "A"), ("A", None)])
def test_the_project_above_is_the_name_without_its_last_part(name: str, above: str | None) -> None:
    assert parent_name(name) == above


def test_the_basename_is_the_last_part() -> None:
    assert [Project(id="", name=name, parent=None).basename for name in ("A/B/C", "A")] == ["C", "A"]


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("A/.datasets/cats", True),
        (".pipelines", True),
        ("A/.reports/B", True),
        ("A/datasets", False),
        ("A/.datasetsx", False),
        (".hidden", False),
    ],
)
def test_what_lies_in_a_hidden_part_is_hidden(name: str, hidden: bool) -> None:
    assert is_hidden(name) is hidden


@pytest.mark.parametrize("project", ["A", "A/B", "/".join("abcdefghijkl"), "A/.datasets/B", "漢字"])
def test_a_datasets_project_is_split_as_it_was_joined(project: str) -> None:
    assert split_dataset_project(dataset_project(project, "cats")) == (project, "cats")
