"""The server's calls as typed functions. What a call raises where it is served, it raises here."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from tilth.base.errors import Invalid
from tilth.base.ids import VersionId
from tilth.client.transport import Transport
from tilth.domain.dataset import ChangeTotals
from tilth.domain.project import Project
from tilth.domain.version import DatasetVersion, LineageNode, Metadata, VersionPage
from tilth.wire.envelope import Envelope, raise_failure
from tilth.wire.services import projects as projects_wire
from tilth.wire.services import versions as wire

__all__ = ["Api", "ProjectsApi", "VersionsApi"]

T = TypeVar("T")


class Caller:
    """Makes calls over a transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __call__(self, name: str, request: Struct, answer: type[T]) -> T:
        try:
            body = msgspec.json.encode(request)
        except UnicodeEncodeError as error:
            raise Invalid(f"{name}: {error.object!r} is not text in UTF-8", hint="use another name") from error
        envelope = msgspec.json.decode(self._transport.call(name, body), type=Envelope)
        raise_failure(envelope.meta)
        return msgspec.json.decode(envelope.data, type=answer)


class Api:
    """All calls, by service."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        caller = Caller(transport)
        self.versions = VersionsApi(caller)
        self.projects = ProjectsApi(caller)

    def call(self, name: str, /, **fields: Any) -> Any:
        """Make any call; returns its data. Fields that are None are left out."""
        try:
            body = msgspec.json.encode({field: value for field, value in fields.items() if value is not None})
        except UnicodeEncodeError as error:
            raise Invalid(f"{name}: {error.object!r:.100} is not text in UTF-8", hint="use another name") from error
        return self.call_raw(name, body)

    def call_raw(self, name: str, body: bytes) -> Any:
        """Make any call with a body that is written already; returns its data."""
        envelope = msgspec.json.decode(self._transport.call(name, body), type=Envelope)
        raise_failure(envelope.meta)
        return msgspec.json.decode(envelope.data)

    def close(self) -> None:
        """Let go of what the transport holds."""
        self._transport.close()


class _Nodes(Struct):
    nodes: list[LineageNode]


class _Metadata(Struct):
    metadata: Metadata | None


class _Projects(Struct):
    projects: list[Project]


class _One(Struct):
    project: Project


class _Made(Struct):
    id: str


class VersionsApi:
    """Calls about dataset versions; what each does is said where it is served, in `tilth.server.services.versions`."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    def create(
        self,
        *,
        name: str,
        id: str | None = None,
        project: str | None = None,
        version: str | None = None,
        parents: Sequence[str] = (),
        tags: Sequence[str] = (),
        description: str | None = None,
        author: str = "",
        storage: str = "",
        use_task: bool = False,
    ) -> DatasetVersion:
        request = wire.CreateVersion(
            name=name,
            id=id,
            project=project,
            version=version,
            parents=list(parents),
            tags=list(tags),
            description=description,
            author=author,
            storage=storage,
            use_task=use_task,
        )
        return self._call("versions.create", request, DatasetVersion)

    def get(self, id: str) -> DatasetVersion:
        return self._call("versions.get", wire.OneVersion(id), DatasetVersion)

    def resolve(self, **wanted: Any) -> DatasetVersion:
        """Takes the fields of `tilth.wire.services.versions.ResolveVersion`."""
        return self._call("versions.resolve", wire.ResolveVersion(**wanted), DatasetVersion)

    def search(self, **wanted: Any) -> VersionPage:
        """Takes the fields of `tilth.wire.services.versions.SearchVersions`."""
        return self._call("versions.search", wire.SearchVersions(**wanted), VersionPage)

    def register(self, id: str, *, entries: int, size_bytes: int, root: str, changes: ChangeTotals, finished: str) -> DatasetVersion:
        request = wire.RegisterVersion(id=id, entries=entries, size_bytes=size_bytes, root=root, changes=changes, finished=finished)
        return self._call("versions.register", request, DatasetVersion)

    def adopt(self, id: str, *, parents: Sequence[str], entries: int, size_bytes: int, root: str, changes: ChangeTotals) -> DatasetVersion:
        request = wire.AdoptVersion(id=id, parents=list(parents), entries=entries, size_bytes=size_bytes, root=root, changes=changes)
        return self._call("versions.adopt", request, DatasetVersion)

    def update(
        self,
        id: str,
        *,
        description: str | UnsetType = UNSET,
        tags: Sequence[str] | UnsetType = UNSET,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
    ) -> DatasetVersion:
        given = tags if isinstance(tags, UnsetType) else list(tags)
        request = wire.UpdateVersion(id=id, description=description, tags=given, add_tags=list(add_tags), remove_tags=list(remove_tags))
        return self._call("versions.update", request, DatasetVersion)

    def publish(self, id: str) -> DatasetVersion:
        return self._call("versions.publish", wire.OneVersion(id), DatasetVersion)

    def archive(self, id: str) -> DatasetVersion:
        return self._call("versions.archive", wire.OneVersion(id), DatasetVersion)

    def unarchive(self, id: str) -> DatasetVersion:
        return self._call("versions.unarchive", wire.OneVersion(id), DatasetVersion)

    def delete(self, id: str) -> list[VersionId]:
        """Returns the ids of the versions that had it as a parent."""
        return self._call("versions.delete", wire.OneVersion(id), dict[str, list[VersionId]])["children"]

    def rename(self, *, project: str, name: str, new_name: str) -> None:
        self._call("versions.rename", wire.RenameDataset(project=project, name=name, new_name=new_name), dict[str, Any])

    def move(self, *, project: str, name: str, new_project: str) -> None:
        self._call("versions.move", wire.MoveDataset(project=project, name=name, new_project=new_project), dict[str, Any])

    def set_alias(self, id: str, alias: str) -> None:
        self._call("versions.set_alias", wire.NameVersion(id=id, alias=alias), dict[str, Any])

    def remove_alias(self, id: str, alias: str) -> None:
        self._call("versions.remove_alias", wire.NameVersion(id=id, alias=alias), dict[str, Any])

    def set_metadata(self, id: str, *, name: str, kind: str, value: str) -> None:
        self._call("versions.set_metadata", wire.SetMetadata(id=id, name=name, kind=kind, value=value), dict[str, Any])

    def get_metadata(self, id: str, *, name: str) -> Metadata | None:
        return self._call("versions.get_metadata", wire.SetMetadata(id=id, name=name), _Metadata).metadata

    def lineage(self, *, id: str | None = None, project: str | None = None, name: str | None = None) -> list[LineageNode]:
        return self._call("versions.lineage", wire.Lineage(id=id, project=project, name=name), _Nodes).nodes

    def newest(self, *, limit: int) -> list[DatasetVersion]:
        return list(self._call("versions.newest", wire.Newest(limit=limit), VersionPage).versions)


class ProjectsApi:
    """Calls about projects; what each does is said in `tilth.server.services.projects`."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    def create(self, name: str, *, description: str = "") -> str:
        """Returns the project's id."""
        return self._call("projects.create", projects_wire.CreateProject(name=name, description=description), _Made).id

    def get(self, id: str) -> Project:
        return self._call("projects.get_by_id", projects_wire.OneProject(id), _One).project

    def search(self, *, name: str | None = None, hidden: bool = False, page: int = 0) -> list[Project]:
        request = projects_wire.SearchProjects(name=name, search_hidden=hidden, page=page)
        return self._call("projects.get_all", request, _Projects).projects

    def move(self, id: str, location: str) -> Project:
        self._call("projects.move", projects_wire.MoveProject(project=id, new_location=location), dict[str, Any])
        return self.get(id)

    def delete(self, id: str) -> None:
        self._call("projects.delete", projects_wire.OneProject(id), dict[str, Any])
