"""What a Project is: a name in a tree, such as `Team/Pictures/Cats`."""

from msgspec import Struct

from tilth.base.errors import Invalid

__all__ = ["DATASETS", "Project", "clean_name", "dataset_project", "is_hidden", "parent_name", "split_dataset_project"]

DATASETS = ".datasets"
"""The hidden project in a project under which its datasets lie, one hidden project each."""

_LONGEST = 4_000
_HIDDEN = frozenset({".datasets", ".pipelines", ".reports"})


class Project(Struct, frozen=True, kw_only=True):
    """A project as the catalog keeps it; `name` is its whole path."""

    id: str
    name: str
    parent: str | None
    """The id of the project above it."""
    description: str = ""
    tags: tuple[str, ...] = ()
    system_tags: tuple[str, ...] = ()
    created: str = ""
    last_update: str = ""
    author: str = ""
    default_output_destination: str | None = None

    @property
    def basename(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]


def clean_name(text: str) -> str:
    """A project's name as a person writes it, without empty parts and spaces around parts; `Invalid` if nothing is left."""
    parts = [part.strip() for part in text.split("/")]
    name = "/".join(part for part in parts if part)
    if not name or len(name) > _LONGEST:
        why = f"it has {len(name)} characters" if name else "it is empty"
        raise Invalid(f"{text[:60]!r} can't be the name of a project: {why}", hint="use 1 to 4,000, with slashes between the parts")
    return name


def parent_name(name: str) -> str | None:
    """The name of the project above `name`."""
    return name.rpartition("/")[0] or None


def is_hidden(name: str) -> bool:
    """Whether a project by this name is kept out of lists."""
    return not _HIDDEN.isdisjoint(name.split("/"))


def dataset_project(project: str, dataset: str) -> str:
    """The hidden project of a dataset."""
    return f"{project}/{DATASETS}/{dataset}"


def split_dataset_project(name: str) -> tuple[str, str]:
    """The project and the dataset behind the name of a dataset's hidden project."""
    project, _, dataset = name.rpartition(f"/{DATASETS}/")
    return project, dataset
