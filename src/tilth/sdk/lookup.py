"""How a version is found: by id, by the beginning of an id, by `project/name@version`, or by its parts."""

from collections.abc import Iterable, Sequence
from typing import Any

from tilth.base.errors import Denied, Invalid
from tilth.domain.version import DatasetVersion, VersionPage, VersionStatus
from tilth.sdk.home import Home
from tilth.sdk.lifecycle import settled

__all__ = ["find", "find_parts", "resolve_all", "search", "search_page", "summary", "to_delete"]


_PAGE = 500


def find(home: Home, reference: str) -> DatasetVersion:
    """The version that `reference` means: an id, its beginning, or `project/name@version`."""
    return settled(home, home.api.versions.resolve(reference=reference))


def find_parts(
    home: Home,
    *,
    project: str | None,
    name: str | None,
    version: str | None = None,
    tags: Sequence[str] = (),
    only_final: bool = False,
    only_published: bool = False,
    include_archived: bool = False,
) -> DatasetVersion:
    """The newest version that fits all that is given."""
    if not (project or name or tags):
        raise Invalid("no dataset was named", hint="give an id, a name, a project or tags")
    return settled(
        home,
        home.api.versions.resolve(
            project=project,
            name=name,
            version=version,
            tags=list(tags),
            only_final=only_final,
            only_published=only_published,
            include_archived=include_archived,
        ),
    )


def resolve_all(home: Home, references: Iterable[str]) -> list[DatasetVersion]:
    """What each of `references` means, in their order, each once."""
    found = [find(home, reference) for reference in references]
    return list({version.id: version for version in found}.values())


def search_page(
    home: Home,
    *,
    project: str | None,
    name: str | None,
    tags: Sequence[str],
    ids: Sequence[str],
    only_final: bool,
    recursive: bool,
    include_archived: bool,
    page: int,
    page_size: int,
) -> VersionPage:
    """One page of the versions that fit, newest first, and how many there are."""
    return home.api.versions.search(
        project=project,
        name=name,
        tags=list(tags),
        ids=list(ids),
        only_final=only_final,
        recursive=recursive,
        include_archived=include_archived,
        page=page,
        page_size=page_size,
    )


def search(
    home: Home,
    *,
    project: str | None = None,
    name: str | None = None,
    tags: Sequence[str] = (),
    ids: Sequence[str] = (),
    only_final: bool = True,
    recursive: bool = True,
    include_archived: bool = True,
) -> list[DatasetVersion]:
    """Every version that fits, newest first."""
    found: list[DatasetVersion] = []
    while True:
        page = home.api.versions.search(
            project=project,
            name=name,
            tags=list(tags),
            ids=list(ids),
            only_final=only_final,
            recursive=recursive,
            include_archived=include_archived,
            page=len(found) // _PAGE,
            page_size=_PAGE,
        )
        found += page.versions
        if len(page.versions) < _PAGE:
            return found


def summary(version: DatasetVersion) -> dict[str, Any]:
    """`version` as `Dataset.list_datasets` shows it."""
    return {
        "id": version.id,
        "name": version.name,
        "project": version.project,
        "version": version.version,
        "tags": list(version.tags),
        "created": version.created,
        "status": str(version.status),
    }


def to_delete(
    home: Home, *, id: str | None, project: str | None, name: str | None, version: str | None, entire: bool, force: bool
) -> list[DatasetVersion]:
    """The versions that a request to delete means, children before parents; refused where it needs `force` and has it not."""
    first = find(home, id) if id else find_parts(home, project=project, name=name, version=version, include_archived=True)
    found = [first]
    if entire:
        found = [v for v in search(home, project=first.project, only_final=False, recursive=False) if v.name == first.name]
    if len(found) > 1 and not force:
        raise Denied(f"{first.project}/{first.name} has {len(found)} versions", hint="say --force to delete them all")
    published = [v for v in found if v.status is VersionStatus.PUBLISHED]
    if published and not force:
        raise Denied(
            f"version {published[0].version} of {first.name} ({published[0].id}) is published", hint="say --force to delete it all the same"
        )
    return found
