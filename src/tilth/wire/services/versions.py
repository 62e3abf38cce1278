"""Requests about dataset versions. Unknown fields are ignored."""

from msgspec import UNSET, Struct, UnsetType

from tilth.domain.dataset import ChangeTotals

__all__ = [
    "AdoptVersion",
    "CreateVersion",
    "Lineage",
    "ListDatasets",
    "MoveDataset",
    "NameVersion",
    "Newest",
    "OneVersion",
    "RegisterVersion",
    "RenameDataset",
    "ResolveVersion",
    "SearchVersions",
    "SetMetadata",
    "UpdateVersion",
]


class CreateVersion(Struct, kw_only=True):
    """Begin a version; the caller may have chosen its id."""

    name: str
    id: str | None = None
    project: str | None = None
    version: str | None = None
    parents: list[str] = []
    tags: list[str] = []
    description: str | None = None
    author: str = ""
    """Who makes it; without a name, the account that calls."""
    storage: str = ""
    """The address of the store that holds it, if it is not the server's own."""
    use_task: bool = False
    """Whether the task with this id, which runs, becomes the version."""


class OneVersion(Struct):
    """Whatever is to be done with one version."""

    id: str


class ResolveVersion(Struct, kw_only=True):
    """What a person wrote to mean a version, or its parts."""

    reference: str | None = None
    project: str | None = None
    name: str | None = None
    version: str | None = None
    tags: list[str] = []
    only_final: bool = False
    only_published: bool = False
    include_archived: bool = False


class SearchVersions(Struct, kw_only=True):
    """Which versions are wanted, and which page of them."""

    project: str | None = None
    name: str | None = None
    tags: list[str] = []
    ids: list[str] = []
    only_final: bool = True
    recursive: bool = True
    include_archived: bool = True
    page: int = 0
    page_size: int = 100


class RegisterVersion(Struct, kw_only=True):
    """What was committed in the repository."""

    id: str
    entries: int
    size_bytes: int
    root: str
    changes: ChangeTotals
    finished: str


class AdoptVersion(Struct, kw_only=True):
    """What was committed in the repository for a task that ClearML's client made as a version of a dataset."""

    id: str
    parents: list[str] = []
    entries: int
    size_bytes: int
    root: str
    changes: ChangeTotals


class UpdateVersion(Struct, kw_only=True):
    """What is to be changed beside the content; what is not given stays."""

    id: str
    description: str | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    add_tags: list[str] = []
    remove_tags: list[str] = []


class NameVersion(Struct, kw_only=True):
    """A name under which a version is to be found."""

    id: str
    alias: str


class SetMetadata(Struct, kw_only=True):
    """What is to be attached to a version."""

    id: str
    name: str
    kind: str = "json"
    value: str = "null"


class RenameDataset(Struct, kw_only=True):
    """A dataset and its new name."""

    project: str
    name: str
    new_name: str


class MoveDataset(Struct, kw_only=True):
    """A dataset and its new project."""

    project: str
    name: str
    new_project: str


class Lineage(Struct, kw_only=True):
    """A version, or a dataset, whose ancestors are wanted."""

    id: str | None = None
    whole: bool = False
    """Whether all versions of the dataset are wanted that the version with this id belongs to."""
    project: str | None = None
    name: str | None = None


class Newest(Struct, kw_only=True):
    """How many of the newest versions are wanted."""

    limit: int = 16


class ListDatasets(Struct, kw_only=True):
    """Which datasets are wanted, in which order, and which page of them."""

    text: str = ""
    """A part of `project/name`, of an author or a tag, or the beginning of an id."""
    tags: list[str] = []
    """Of the newest version."""
    archived: bool = False
    """Whether those with archived versions are wanted, each with the newest of them."""
    order: str = "-created"
    """`created`, `name`, `entries`, `size_bytes` or `versions`; downwards with a `-` before it."""
    page: int = 0
    page_size: int = 100
