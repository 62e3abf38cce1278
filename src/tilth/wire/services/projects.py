"""Requests about projects. Unknown fields are ignored."""

from msgspec import UNSET, Struct, UnsetType

__all__ = ["CreateProject", "MoveProject", "OneProject", "SearchProjects", "UpdateProject"]


class CreateProject(Struct, kw_only=True):
    """A project to be made, with all those above it."""

    name: str
    description: str = ""
    tags: list[str] = []


class OneProject(Struct):
    """Whatever is to be done with one project."""

    project: str


class SearchProjects(Struct, kw_only=True):
    """Which projects are wanted, and which page of them."""

    id: list[str] = []
    name: str | None = None
    search_hidden: bool = False
    page: int = 0
    page_size: int = 500


class UpdateProject(Struct, kw_only=True):
    """What is to be changed; what is not given stays."""

    project: str
    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET


class MoveProject(Struct, kw_only=True):
    """A project and the one it is to lie in; the top if that is empty."""

    project: str
    new_location: str
