"""Dataset versions in the database: what a task's row does not say of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from tilth.base.ids import VersionId
from tilth.domain.dataset import ChangeTotals
from tilth.domain.project import split_dataset_project
from tilth.domain.task import TaskStatus
from tilth.domain.version import DatasetSummary, DatasetVersion, Metadata, VersionStatus, status_of
from tilth.server.db.engine import Connection
from tilth.server.stores.archived import in_archived_project
from tilth.server.stores.patterns import containing
from tilth.server.stores.query import SqlText
from tilth.server.stores.rows import dumped, loaded, marks, strings

__all__ = ["DATASET_ORDERS", "VersionFilter", "VersionRow", "Versions"]

_SELECT = """
    SELECT task.id, project.name, version.number, task.status, version.archived, task.tags, task.comment, task.author, task.created,
           task.completed, version.entries, version.size_bytes, version.root, version.changes, version.storage
    FROM version JOIN task ON task.id = version.task JOIN project ON project.id = version.dataset
"""
_STATUSES = {
    VersionStatus.UPLOADING: (TaskStatus.CREATED, TaskStatus.QUEUED, TaskStatus.IN_PROGRESS),
    VersionStatus.FINAL: (TaskStatus.COMPLETED, TaskStatus.CLOSED),
    VersionStatus.PUBLISHED: (TaskStatus.PUBLISHED, TaskStatus.PUBLISHING),
    VersionStatus.ABORTED: (TaskStatus.STOPPED, TaskStatus.FAILED, TaskStatus.UNKNOWN),
}
_FINAL = (*_STATUSES[VersionStatus.FINAL], *_STATUSES[VersionStatus.PUBLISHED])


_PLAIN_NAME = "replace(project.name, '/.datasets/', '/')"
"""Of a dataset's hidden project: where the dataset lies, and what it is called."""

DATASET_ORDERS: Mapping[str, str] = {
    "created": "task.created",
    "name": "lower(task.name)",
    "entries": "version.entries",
    "size_bytes": "version.size_bytes",
    "versions": "placed.versions",
}
"""What lists of datasets can be ordered by."""

_SAID_OF_DATASET = f"""(
    fits(?, {_PLAIN_NAME}) OR fits(?, task.author) OR fits(?, task.tags)
    OR version.dataset IN (SELECT found.dataset FROM version AS found WHERE found.task >= ? AND found.task < ?)
)"""
"""Where it lies and what it is called, who made its newest version and how that is tagged, or how the id of any version begins."""

_ARCHIVED = f"(version.archived = 1 OR {in_archived_project('version', 'version.dataset')})"

_ALIASED = "SELECT 1 FROM version_alias WHERE version_alias.version = version.task AND alias = ?"


class VersionRow(Struct, frozen=True, kw_only=True):
    """A version's own columns."""

    task: VersionId
    dataset: str
    """The id of the dataset's hidden project."""
    number: str
    number_key: str
    parents: tuple[VersionId, ...]
    storage: str = ""


class VersionFilter(Struct, frozen=True, kw_only=True):
    """Which versions are wanted; all conditions that are given have to hold."""

    ids: Sequence[str] = ()
    id_prefix: str | None = None
    project: str | None = None
    recursive: bool = True
    dataset: str | None = None
    """The exact name of the dataset."""
    name: str | None = None
    """A part of the dataset's name."""
    number: str | None = None
    alias: str | None = None
    tags: Sequence[str] = ()
    only_final: bool = False
    only_published: bool = False
    include_archived: bool = True


class Versions:
    """Versions, by id, by dataset and by what they are called."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self.shown: SqlText = ("", [])
        """What holds for the versions that lists may show."""

    def get(self, id: str) -> DatasetVersion | None:
        found = self._versions(f"{_SELECT} WHERE version.task = ?", (id,))
        return found[0] if found else None

    def insert(self, row: VersionRow) -> None:
        self._db.execute(
            "INSERT INTO version (task, dataset, number, number_key, archived, entries, size_bytes, storage)"
            " VALUES (?, ?, ?, ?, 0, 0, 0, ?)",
            (row.task, row.dataset, row.number, row.number_key, row.storage),
        )
        self._db.execute_many(
            "INSERT INTO version_parent (version, position, parent) VALUES (?, ?, ?)",
            [(row.task, position, parent) for position, parent in enumerate(row.parents)],
        )

    def finish(self, id: str, *, entries: int, size_bytes: int, root: str, changes: ChangeTotals) -> None:
        self._db.execute(
            "UPDATE version SET entries = ?, size_bytes = ?, root = ?, changes = ? WHERE task = ?",
            (entries, size_bytes, root, dumped(changes), id),
        )

    def set_archived(self, id: str, *, archived: bool) -> None:
        self._db.execute("UPDATE version SET archived = ? WHERE task = ?", (int(archived), id))

    def numbers(self, dataset: str) -> list[str]:
        """The highest number that is taken in a dataset, if any is."""
        rows = self._db.all("SELECT number FROM version WHERE dataset = ? ORDER BY number_key DESC LIMIT 1", (dataset,))
        return [number for (number,) in rows]

    def has_number(self, dataset: str, number: str) -> bool:
        return self._db.one("SELECT 1 FROM version WHERE dataset = ? AND number = ?", (dataset, number)) is not None

    def search(self, wanted: VersionFilter, *, limit: int, offset: int = 0, newest_number_first: bool = False) -> list[DatasetVersion]:
        """The versions that fit, the last made first, or the highest number first."""
        where, values = self._where(wanted)
        order = (
            "version.number_key DESC, task.created DESC, task.id"
            if newest_number_first
            else "task.created DESC, version.number_key DESC, task.id"
        )
        return self._versions(f"{_SELECT} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?", (*values, limit, offset))

    def count(self, wanted: VersionFilter) -> int:
        where, values = self._where(wanted)
        query = (
            f"SELECT count(*) FROM version JOIN task ON task.id = version.task JOIN project ON project.id = version.dataset WHERE {where}"
        )
        row = self._db.one(query, values)
        return int(row[0]) if row else 0

    def total(self) -> tuple[int, int]:
        """How many versions there are, and how many bytes they list; what several of them list lies in the store once."""
        row = self._db.one("SELECT count(*), coalesce(sum(size_bytes), 0) FROM version", ())
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def names(self, project: str | None, *, limit: int) -> list[tuple[str, str]]:
        """The projects and names of datasets, in one project and below it or everywhere."""
        where, values = self._where(VersionFilter(project=project))
        query = f"SELECT DISTINCT project.name FROM version JOIN project ON project.id = version.dataset WHERE {where} LIMIT ?"
        return [split_dataset_project(name) for (name,) in self._db.all(query, (*values, limit))]

    def newest_of_each(self, limit: int) -> list[DatasetVersion]:
        """The newest final version of each dataset, the last made first."""
        shown, values = self.shown
        query = f"""
            {_SELECT} WHERE task.id IN (
                SELECT id FROM (
                    SELECT o.id, row_number() OVER (
                        PARTITION BY other.dataset ORDER BY other.number_key DESC, o.created DESC, o.id
                    ) AS place
                    FROM version AS other JOIN task AS o ON o.id = other.task WHERE o.status IN ({marks(_FINAL)})
                ) AS placed WHERE place = 1
            ){f" AND {shown}" if shown else ""} ORDER BY task.created DESC, task.id LIMIT ?
        """
        return self._versions(query, (*_FINAL, *values, limit))

    def datasets(
        self, text: str, tags: Sequence[str], *, order: str, limit: int, offset: int, archived: bool = False
    ) -> tuple[list[DatasetSummary], int]:
        """A page of the datasets that fit, each with its newest version, and how many fit in all; of their archived versions if asked."""
        shown, more = self.shown
        table: list[tuple[bool, str, Sequence[Any]]] = [
            (True, "place = 1", ()),
            (bool(text), _SAID_OF_DATASET, (*[containing(text)] * 3, text.lower(), f"{text.lower()}g")),
            *((True, "instr(task.tags, ?) > 0", (dumped(tag),)) for tag in tags),
            (bool(shown), shown, more),
        ]
        asked = [(condition, values) for is_asked, condition, values in table if is_asked]
        values = [value for _, some in asked for value in some]
        placed = f"""
            WITH placed AS (
                SELECT o.id AS id, count(*) OVER (PARTITION BY other.dataset) AS versions, row_number() OVER (
                    PARTITION BY other.dataset
                    ORDER BY CASE WHEN o.status IN ({marks(_FINAL)}) THEN 0 ELSE 1 END, other.number_key DESC, o.created DESC, o.id
                ) AS place
                FROM version AS other JOIN task AS o ON o.id = other.task
                WHERE {"" if archived else "NOT "}(other.archived = 1 OR {in_archived_project("version", "other.dataset")})
            )
        """
        joined = f"""
            FROM placed JOIN version ON version.task = placed.id JOIN task ON task.id = version.task
            JOIN project ON project.id = version.dataset WHERE {" AND ".join(condition for condition, _ in asked)}
        """
        by = DATASET_ORDERS[order.removeprefix("-")]
        ordered = f"ORDER BY {by} {'DESC' if order.startswith('-') else 'ASC'}, task.id LIMIT ? OFFSET ?"
        rows = self._db.all(f"{placed} SELECT task.id, placed.versions {joined} {ordered}", (*_FINAL, *values, limit, offset))
        counted = self._db.one(f"{placed} SELECT count(*) {joined}", (*_FINAL, *values))
        ids = [id for id, _ in rows]
        known = {one.id: one for one in self._versions(f"{_SELECT} WHERE version.task IN ({marks(ids)})", ids)} if ids else {}
        return [DatasetSummary(known[id], int(versions)) for id, versions in rows if id in known], int(counted[0]) if counted else 0

    def children(self, ids: Sequence[str]) -> list[VersionId]:
        """The versions that have one of `ids` as a parent."""
        rows = self._db.all(f"SELECT DISTINCT version FROM version_parent WHERE parent IN ({marks(ids)}) ORDER BY version", ids)
        return [VersionId(id) for (id,) in rows]

    def ancestry(self, ids: Sequence[str]) -> dict[VersionId, tuple[VersionId, ...]]:
        """The parents of each version that `ids` descend from, themselves included, in one query."""
        rows = self._db.all(
            f"""
            WITH RECURSIVE line (id) AS (
                SELECT task FROM version WHERE task IN ({marks(ids)})
                UNION SELECT parent FROM version_parent JOIN line ON version_parent.version = line.id
            )
            SELECT line.id, version_parent.parent FROM line LEFT JOIN version_parent ON version_parent.version = line.id
            ORDER BY line.id, version_parent.position
            """,
            ids,
        )
        parents: dict[VersionId, tuple[VersionId, ...]] = {}
        for id, parent in rows:
            parents[id] = (*parents.get(id, ()), parent) if parent else parents.get(id, ())
        return parents

    def set_alias(self, dataset: str, alias: str, id: str) -> None:
        """Let `alias` mean version `id`, whatever it meant before."""
        self._db.execute("DELETE FROM version_alias WHERE dataset = ? AND alias = ?", (dataset, alias))
        self._db.execute("INSERT INTO version_alias (dataset, alias, version) VALUES (?, ?, ?)", (dataset, alias, id))

    def remove_alias(self, id: str, alias: str) -> bool:
        return self._db.execute("DELETE FROM version_alias WHERE version = ? AND alias = ?", (id, alias)) > 0

    def set_metadata(self, id: str, metadata: Metadata) -> None:
        self._db.execute("DELETE FROM version_metadata WHERE version = ? AND name = ?", (id, metadata.name))
        self._db.execute(
            "INSERT INTO version_metadata (version, name, kind, value) VALUES (?, ?, ?, ?)",
            (id, metadata.name, metadata.kind, metadata.value),
        )

    def get_metadata(self, id: str, name: str) -> Metadata | None:
        row = self._db.one("SELECT name, kind, value FROM version_metadata WHERE version = ? AND name = ?", (id, name))
        return Metadata(*row) if row else None

    def _where(self, wanted: VersionFilter) -> SqlText:
        text, values = _conditions(wanted)
        shown, more = self.shown
        return (f"{text} AND {shown}", [*values, *more]) if shown else (text, values)

    def _versions(self, query: str, values: Sequence[Any]) -> list[DatasetVersion]:
        rows = self._db.all(query, values)
        ids = [row[0] for row in rows]
        parents = self._grouped("SELECT version, parent FROM version_parent WHERE version IN", "ORDER BY version, position", ids)
        aliases = self._grouped("SELECT version, alias FROM version_alias WHERE version IN", "ORDER BY alias", ids)
        return [_version(row, parents.get(row[0], ()), aliases.get(row[0], ())) for row in rows]

    def _grouped(self, query: str, order: str, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        grouped: dict[str, tuple[Any, ...]] = {}
        for version, value in self._db.all(f"{query} ({marks(ids)}) {order}", ids) if ids else ():
            grouped[version] = (*grouped.get(version, ()), value)
        return grouped


def _conditions(wanted: VersionFilter) -> tuple[str, list[Any]]:
    """The WHERE clause, and its values: a row for each condition, which holds if it is not asked for."""
    below = f"{wanted.project}/" if wanted.recursive else f"{wanted.project}/.datasets/"
    published = _STATUSES[VersionStatus.PUBLISHED]
    table: list[tuple[bool, str, Sequence[Any]]] = [
        (bool(wanted.ids), f"version.task IN ({marks(wanted.ids)})", wanted.ids),
        (bool(wanted.id_prefix), "version.task >= ? AND version.task < ?", (wanted.id_prefix, f"{wanted.id_prefix}g")),
        (bool(wanted.project), "project.name >= ? AND project.name < ?", (below, f"{below[:-1]}0")),
        (bool(wanted.dataset), "task.name = ?", (wanted.dataset,)),
        (bool(wanted.name), "fits(?, task.name)", (containing(wanted.name or ""),)),
        (bool(wanted.number), "version.number = ?", (wanted.number,)),
        (bool(wanted.alias), f"EXISTS ({_ALIASED})", (wanted.alias,)),
        (wanted.only_final, f"task.status IN ({marks(_FINAL)})", _FINAL),
        (wanted.only_published, f"task.status IN ({marks(published)})", published),
        (not wanted.include_archived, f"NOT {_ARCHIVED}", ()),
        *((True, "instr(task.tags, ?) > 0", (dumped(tag),)) for tag in wanted.tags),
    ]
    asked = [(condition, values) for is_asked, condition, values in table if is_asked]
    where = " AND ".join(condition for condition, _ in asked)
    return where or "1 = 1", [value for _, values in asked for value in values]


def _version(row: tuple[Any, ...], parents: Iterable[VersionId], aliases: Iterable[str]) -> DatasetVersion:
    id, hidden, number, status, archived, tags, comment, author, created, completed, entries, size_bytes, root, changes, storage = row
    project, name = split_dataset_project(hidden)
    return DatasetVersion(
        id=id,
        project=project,
        name=name,
        version=number,
        status=status_of(TaskStatus(status), archived=bool(archived)),
        parents=tuple(parents),
        tags=strings(tags),
        aliases=tuple(aliases),
        description=comment,
        author=author,
        created=created,
        finished=completed,
        entries=entries,
        size_bytes=size_bytes,
        root=root,
        changes=loaded(changes, ChangeTotals) if changes else None,
        storage=storage,
    )
