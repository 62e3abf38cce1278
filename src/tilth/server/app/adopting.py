"""The jobs that keep datasets of ClearML's clients and the repository together."""

from collections.abc import Sequence
from typing import Any, BinaryIO

from tilth.base.clock import Clock
from tilth.base.errors import Invalid, ObjectNotFound, VersionNotFound
from tilth.base.ids import VersionId
from tilth.domain.project import split_dataset_project
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk.adopting import adopt
from tilth.sdk.home import Home
from tilth.server.db.engine import Database
from tilth.server.services.cleaning import stored_path
from tilth.server.stores.unit_of_work import Tx
from tilth.store.streams import Streams
from tilth.wire.dataset_state import STATE, load_state

__all__ = ["JOB_KINDS", "Adopting"]


class Adopting:
    """Takes finished versions into the repository, and deleted ones out of it."""

    def __init__(self, database: Database, clock: Clock, objects: Streams, home: Home) -> None:
        self._database = database
        self._clock = clock
        self._objects = objects
        self._home = home

    def adopt_version(self, payload: dict[str, Any]) -> None:
        """Take a version in; nothing if it is there, or gone, or its files lie elsewhere."""
        found = self._database.run(lambda connection: self._read(Tx(connection, self._clock), payload), writes=False)
        if found is None:
            return
        version, places = found
        with self._open(places, STATE) as opened:
            state = load_state(opened.read())
        adopt(self._home, version, state, lambda name: self._open(places, name))

    def drop_version(self, payload: dict[str, Any]) -> None:
        """Let the repository forget a version whose task was deleted."""
        id = VersionId(payload["version"])
        try:
            if self._home.repository.is_committed(id):
                self._home.repository.delete(id)
        except VersionNotFound:
            return

    def _read(self, tx: Tx, payload: dict[str, Any]) -> tuple[DatasetVersion, dict[str, str]] | None:
        """What is known of the task, and the objects that hold its artifacts."""
        task = tx.documents.tasks.get(payload["task"])
        if task is None or tx.versions.get(payload["task"]) is not None:
            return None
        project = tx.projects.get(task["project"] or "")
        places = self._places(tx, task["execution"].get("artifacts") or (), payload["files_urls"])
        if project is None or "dataset" not in project.system_tags or STATE not in places:
            return None
        within, name = split_dataset_project(project.name)
        account = tx.accounts.get(task["user"])
        version = DatasetVersion(
            id=VersionId(task["id"]),
            project=within,
            name=name,
            version=str(task["runtime"].get("version") or ""),
            status=VersionStatus.UPLOADING,
            author=account.name if account else task["user"],
            description=task["comment"],
        )
        return version, places

    def _places(self, tx: Tx, artifacts: Sequence[dict[str, Any]], files_urls: Sequence[str]) -> dict[str, str]:
        """The keys of the objects behind artifacts that lie on this server, by the names of the artifacts."""
        found: dict[str, str] = {}
        for artifact in artifacts:
            path = stored_path(artifact.get("uri") or "", files_urls)
            file = tx.files.get(path) if path else None
            if file:
                found[artifact["key"]] = file.key
        return found

    def _open(self, places: dict[str, str], name: str) -> BinaryIO:
        if name not in places:
            raise Invalid(f"the artifact {name} does not lie on this server", hint="nothing has to be done")
        try:
            return self._objects.open(places[name])
        except ObjectNotFound as error:
            raise ObjectNotFound(f"the content of the artifact {name} is gone", hint="upload the dataset again") from error


JOB_KINDS = ("adopt_version", "drop_version")
"""The kinds of jobs that are done here."""
