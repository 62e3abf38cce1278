"""Calls about dataset versions."""

from typing import Any

from msgspec import UNSET

from tilth.domain.project import clean_name
from tilth.domain.version import DatasetPage, DatasetVersion, LineageNode, Metadata, VersionPage
from tilth.server.routes.rpc import rpc
from tilth.server.services import versions as service
from tilth.server.stores.unit_of_work import Tx
from tilth.server.stores.versions import VersionFilter
from tilth.wire.services import versions as wire

__all__: list[str] = []


@rpc("versions.create", wire.CreateVersion, writes=True, signed=True)
def create(tx: Tx, request: wire.CreateVersion) -> DatasetVersion:
    return service.create_version(
        tx,
        name=request.name,
        id=request.id,
        project=request.project,
        number=request.version,
        parents=request.parents,
        said=service.Said(tags=request.tags, description=request.description or "", author=request.author),
        storage=request.storage,
        use_task=request.use_task,
    )


@rpc("versions.get", wire.OneVersion)
def get(tx: Tx, request: wire.OneVersion) -> DatasetVersion:
    return service.get_version(tx, request.id)


@rpc("versions.resolve", wire.ResolveVersion)
def resolve(tx: Tx, request: wire.ResolveVersion) -> DatasetVersion:
    if request.reference is not None:
        return service.resolve_reference(tx, request.reference)
    return service.resolve_parts(
        tx,
        project=request.project,
        name=request.name,
        number=request.version,
        tags=request.tags,
        only_final=request.only_final,
        only_published=request.only_published,
        include_archived=request.include_archived,
    )


@rpc("versions.search", wire.SearchVersions)
def search(tx: Tx, request: wire.SearchVersions) -> VersionPage:
    wanted = VersionFilter(
        ids=request.ids,
        project=clean_name(request.project) if request.project else None,
        name=request.name,
        tags=request.tags,
        only_final=request.only_final,
        recursive=request.recursive,
        include_archived=request.include_archived,
    )
    size = max(1, min(request.page_size, 1_000))
    found = tx.versions.search(wanted, limit=size, offset=max(0, request.page) * size)
    return VersionPage(tuple(found), tx.versions.count(wanted))


@rpc("versions.register", wire.RegisterVersion, writes=True)
def register(tx: Tx, request: wire.RegisterVersion) -> DatasetVersion:
    return service.register_version(
        tx,
        request.id,
        entries=request.entries,
        size_bytes=request.size_bytes,
        root=request.root,
        changes=request.changes,
        finished=request.finished,
    )


@rpc("versions.adopt", wire.AdoptVersion, writes=True)
def adopt(tx: Tx, request: wire.AdoptVersion) -> DatasetVersion:
    return service.adopt_version(
        tx,
        request.id,
        parents=request.parents,
        entries=request.entries,
        size_bytes=request.size_bytes,
        root=request.root,
        changes=request.changes,
    )


@rpc("versions.update", wire.UpdateVersion, writes=True)
def update(tx: Tx, request: wire.UpdateVersion) -> DatasetVersion:
    return service.update_version(
        tx,
        request.id,
        description=None if request.description is UNSET else request.description,
        tags=None if request.tags is UNSET else request.tags,
        add_tags=request.add_tags,
        remove_tags=request.remove_tags,
    )


@rpc("versions.publish", wire.OneVersion, writes=True)
def publish(tx: Tx, request: wire.OneVersion) -> DatasetVersion:
    return service.publish_version(tx, request.id)


@rpc("versions.archive", wire.OneVersion, writes=True)
def archive(tx: Tx, request: wire.OneVersion) -> DatasetVersion:
    return service.archive_version(tx, request.id, archived=True)


@rpc("versions.unarchive", wire.OneVersion, writes=True)
def unarchive(tx: Tx, request: wire.OneVersion) -> DatasetVersion:
    return service.archive_version(tx, request.id, archived=False)


@rpc("versions.delete", wire.OneVersion, writes=True)
def delete(tx: Tx, request: wire.OneVersion) -> dict[str, Any]:
    return {"children": service.delete_version(tx, request.id)}


@rpc("versions.rename", wire.RenameDataset, writes=True)
def rename(tx: Tx, request: wire.RenameDataset) -> dict[str, Any]:
    service.rename_dataset(tx, request.project, request.name, request.new_name)
    return {}


@rpc("versions.move", wire.MoveDataset, writes=True)
def move(tx: Tx, request: wire.MoveDataset) -> dict[str, Any]:
    service.move_dataset(tx, request.project, request.name, request.new_project)
    return {}


@rpc("versions.set_alias", wire.NameVersion, writes=True)
def set_alias(tx: Tx, request: wire.NameVersion) -> dict[str, Any]:
    service.set_alias(tx, request.id, request.alias)
    return {}


@rpc("versions.remove_alias", wire.NameVersion, writes=True)
def remove_alias(tx: Tx, request: wire.NameVersion) -> dict[str, Any]:
    service.remove_alias(tx, request.id, request.alias)
    return {}


@rpc("versions.set_metadata", wire.SetMetadata, writes=True)
def set_metadata(tx: Tx, request: wire.SetMetadata) -> dict[str, Any]:
    service.set_metadata(tx, request.id, Metadata(request.name, request.kind, request.value))
    return {}


@rpc("versions.get_metadata", wire.SetMetadata)
def get_metadata(tx: Tx, request: wire.SetMetadata) -> dict[str, Metadata | None]:
    service.get_version(tx, request.id)
    return {"metadata": tx.versions.get_metadata(request.id, request.name)}


@rpc("versions.lineage", wire.Lineage)
def lineage(tx: Tx, request: wire.Lineage) -> dict[str, list[LineageNode]]:
    return {"nodes": service.lineage(tx, id=request.id, project=request.project, name=request.name, whole=request.whole)}


@rpc("versions.newest", wire.Newest)
def newest(tx: Tx, request: wire.Newest) -> VersionPage:
    found = tx.versions.newest_of_each(max(1, min(request.limit, 100)))
    return VersionPage(tuple(found), len(found))


@rpc("versions.datasets", wire.ListDatasets)
def datasets(tx: Tx, request: wire.ListDatasets) -> DatasetPage:
    size = max(1, min(request.page_size, 1_000))
    return service.list_datasets(
        tx,
        text=request.text,
        tags=request.tags,
        order=request.order,
        limit=size,
        offset=max(0, request.page) * size,
        archived=request.archived,
    )
