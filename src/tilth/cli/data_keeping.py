"""Commands that keep order: descriptions, tags, names, publishing, deleting, and freeing what nobody needs."""

from typing import Annotated

from cyclopts import Parameter

from tilth._wiring import open_home
from tilth.base.errors import Invalid
from tilth.cli.data_making import title, version_document
from tilth.cli.options import Id, Json, Words
from tilth.cli.output import Output, count, size
from tilth.cli.state import current_id
from tilth.cli.words import one_way
from tilth.sdk import lifecycle, lookup
from tilth.sdk.dataset_uses import users_told
from tilth.sdk.storage import address_in

__all__: list[str] = []


def set_description_command(id: Id = None, *, description: str, json: Json = False) -> None:
    """Describe a version; also a final one, since a description is no content."""
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    changed = home.api.versions.update(id=found.id, description=description)
    Output(json=json).result(version_document(changed) | {"description": description}, [f"described {title(changed)}", f"id={changed.id}"])


def tag_command(id: Id = None, *, add: Words = None, remove: Words = None, json: Json = False) -> None:
    """Add tags to a version, or take some away."""
    if not (add or remove):
        raise Invalid("no tag was named", hint="say --add or --remove")
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    changed = home.api.versions.update(id=found.id, add_tags=add or [], remove_tags=remove or [])
    Output(json=json).result(version_document(changed), [f"{title(changed)}: {', '.join(changed.tags) or 'no tags'}", f"id={changed.id}"])


def alias_command(id: Id = None, *, name: str, remove: bool = False, json: Json = False) -> None:
    """Give a version a name to be found by, `project/name@NAME`, taking it from the version that had it."""
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    if remove:
        home.api.versions.remove_alias(id=found.id, alias=name)
    else:
        home.api.versions.set_alias(id=found.id, alias=name)
    said = f"{found.project}/{found.name}@{name}"
    Output(json=json).result(
        {"id": found.id, "alias": None if remove else said}, [f"{said} {'is gone' if remove else f'means {found.id}'}"]
    )


def rename_command(*, new_name: str, project: str, name: str, json: Json = False) -> None:
    """Give a dataset another name; ids, versions and lineage stay."""
    open_home().api.versions.rename(project=project, name=name, new_name=new_name)
    Output(json=json).result({"project": project, "name": new_name}, [f"{project}/{name} is now {project}/{new_name}"])


def move_command(*, new_project: str, project: str, name: str, json: Json = False) -> None:
    """Move a dataset to another project; ids, versions and lineage stay."""
    open_home().api.versions.move(project=project, name=name, new_project=new_project)
    Output(json=json).result({"project": new_project, "name": name}, [f"{project}/{name} is now {new_project}/{name}"])


def publish_command(id: Id = None, *, json: Json = False) -> None:
    """Mark a final version as published."""
    home = open_home()
    changed = home.api.versions.publish(id=lifecycle.require_final(lookup.find(home, current_id(home.folder, id))).id)
    Output(json=json).result(version_document(changed), [f"{title(changed)} is published", f"id={changed.id}"])


def archive_command(id: Id = None, *, undo: bool = False, json: Json = False) -> None:
    """Put a version out of sight of searches, or back with --undo."""
    home = open_home()
    found = lookup.find(home, current_id(home.folder, id))
    changed = home.api.versions.unarchive(id=found.id) if undo else home.api.versions.archive(id=found.id)
    Output(json=json).result(version_document(changed), [f"{title(changed)} is {'back' if undo else 'archived'}", f"id={changed.id}"])


def delete_command(
    id: Annotated[str | None, Parameter(help="The version: an id, the beginning of one, or project/name@version.")] = None,
    *,
    project: str | None = None,
    name: str | None = None,
    version: str | None = None,
    force: Annotated[bool, Parameter(help="Also what is published, and several versions at once.")] = False,
    entire_dataset: Annotated[bool, Parameter(help="All versions of the dataset.")] = False,
    json: Json = False,
) -> None:
    """Delete a version. Versions that build on it are never harmed; `gc` frees what nobody needs any more."""
    if not (id or name):
        raise Invalid("no version was named", hint="say --id, or --project and --name")
    one_way(id, project=project, name=name, version=version)
    home = open_home()
    doomed = lookup.to_delete(home, id=id, project=project, name=name, version=version, entire=entire_dataset, force=force)
    told = [said for found in doomed if (said := users_told(home, found))]
    for found in doomed:
        lifecycle.delete(home, found)
    out = Output(json=json)
    out.warn(told)
    out.result(
        {"deleted": [found.id for found in doomed]},
        [*(f"deleted {title(found)}  id={found.id}" for found in doomed), "`tilth data gc` frees what nobody needs any more"],
    )


def gc_command(
    *,
    yes: Annotated[bool, Parameter(help="Remove it, after showing the plan.")] = False,
    storage: Annotated[str | None, Parameter(help="The store to look into. Default: the home's own.")] = None,
    json: Json = False,
) -> None:
    """Show what no version needs any more; with --yes, remove it."""
    home = open_home()
    repository = home.repository_at(address_in(home, storage)) if storage else home.repository
    plan = repository.plan_gc()
    if yes:
        repository.execute_gc(plan, confirmed=True)
    document = {
        "objects": len(plan.doomed),
        "freed_bytes": plan.doomed_bytes,
        "kept_bytes": plan.kept_bytes,
        "deleted_versions": list(plan.dropped),
        "given_up_drafts": list(plan.fenced),
        "executed": yes,
    }
    will = "removed" if yes else "would remove"
    lines = [
        f"{will} {count(len(plan.doomed), 'object')}, {size(plan.doomed_bytes)}; {size(plan.kept_bytes)} are needed",
        *(f"  version {version}, deleted" for version in plan.dropped),
        *(f"  draft {draft}, given up" for draft in plan.fenced),
    ]
    Output(json=json).result(document, lines if yes or not plan.doomed else [*lines, "`tilth data gc --yes` does it"])
