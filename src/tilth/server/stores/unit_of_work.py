"""One transaction as services see it: the aggregates, the time, and the feed of changes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tilth.base.clock import Clock
from tilth.domain.event import name_hash
from tilth.server.db.engine import Connection, Dialect
from tilth.server.stores.accounts import Accounts
from tilth.server.stores.documents import Documents
from tilth.server.stores.files import Files
from tilth.server.stores.jobs import Jobs
from tilth.server.stores.pipelines import Pipelines
from tilth.server.stores.projects import Projects
from tilth.server.stores.query import SqlText, json_text
from tilth.server.stores.queues import QueueEntries
from tilth.server.stores.rows import marks
from tilth.server.stores.serving import Containers
from tilth.server.stores.tables import MODELS, PROJECTS, QUEUES, TASKS, WORKERS
from tilth.server.stores.tasks import Tasks
from tilth.server.stores.versions import Versions
from tilth.server.stores.workers import WorkerSamples

if TYPE_CHECKING:
    from tilth.server.stores.logs import Logs
    from tilth.server.stores.media import Media
    from tilth.server.stores.scalars import Scalars, Series

__all__ = ["DocumentSet", "Tx"]

_AT_ONCE = 5_000
_FEED_LOCK = 0x54494C46
"""The number of the lock that is held in PostgreSQL while changes are written."""


class DocumentSet:
    """The documents of ClearML's protocol."""

    def __init__(self, connection: Connection) -> None:
        self.tasks = Documents(connection, TASKS)
        self.projects = Documents(connection, PROJECTS)
        self.models = Documents(connection, MODELS)
        self.queues = Documents(connection, QUEUES)
        self.workers = Documents(connection, WORKERS)


class Tx:
    """Everything that a service may touch. What it writes is there when the transaction ends, or none of it is."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._db = connection
        self._changed: list[tuple[str, str, str | None, str]] = []
        self._shown_changes: SqlText = ("", [])
        self.time: datetime = clock.now()
        self.now = self.time.isoformat(timespec="microseconds").replace("+00:00", "Z")
        self.projects = Projects(connection)
        self.tasks = Tasks(connection)
        self.versions = Versions(connection)
        self.documents = DocumentSet(connection)

    def hide(self, account: str) -> None:
        """From here on lists leave out what lies in the projects that are closed to an account."""
        closed, values = self.accounts.closed(account)
        within = f"(SELECT project.id FROM project WHERE {closed})"
        self.documents.projects.shown = (f"NOT ({closed})", values)
        self.documents.tasks.shown = (f"(task.project IS NULL OR task.project NOT IN {within})", values)
        self.documents.models.shown = (f"(model.project IS NULL OR model.project NOT IN {within})", values)
        self.versions.shown = (f"version.dataset NOT IN {within}", values)
        self._shown_changes = (f" AND (project IS NULL OR project NOT IN {within})", values)

    def projects_of(self, ids: Sequence[str]) -> list[str]:
        """The projects that `ids` are, or that tasks and models with these ids lie in."""
        if not ids:
            return []
        found: set[str] = set()
        for query in ("SELECT id FROM project", "SELECT project FROM task", "SELECT project FROM model"):
            for start in range(0, len(ids), _AT_ONCE):
                part = ids[start : start + _AT_ONCE]
                found.update(row[0] for row in self._db.all(f"{query} WHERE id IN ({marks(part)})", part) if row[0])
        return sorted(found)

    @property
    def dialect(self) -> Dialect:
        """Which engine's SQL conditions are to be written in."""
        return self._db.dialect

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self._db)

    @cached_property
    def entries(self) -> QueueEntries:
        return QueueEntries(self._db)

    @cached_property
    def pipelines(self) -> Pipelines:
        return Pipelines(self._db)

    @cached_property
    def samples(self) -> WorkerSamples:
        return WorkerSamples(self._db)

    @cached_property
    def containers(self) -> Containers:
        return Containers(self._db)

    @cached_property
    def files(self) -> Files:
        return Files(self._db)

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self._db)

    @cached_property
    def scalars(self) -> "Scalars":
        from tilth.server.stores.scalars import Scalars  # noqa: PLC0415 - a command that needs no events does not wait for them

        return Scalars(self._db)

    @cached_property
    def logs(self) -> "Logs":
        from tilth.server.stores.logs import Logs  # noqa: PLC0415 - as above

        return Logs(self._db)

    @cached_property
    def media(self) -> "Media":
        from tilth.server.stores.media import Media  # noqa: PLC0415 - as above

        return Media(self._db)

    def last_metrics(self, entities: list[str], only: Sequence[tuple[str, str]] = ()) -> "list[tuple[Series, str, str]]":
        """The summaries of scalars of entities, all or `only` some, with the names under which `last_metrics` holds them."""
        if not entities or not self._db.one("SELECT 1 FROM series LIMIT 1"):
            return []
        return [(series, name_hash(series.metric), name_hash(series.variant)) for series in self.scalars.series_of(entities, only)]

    def default_queue(self) -> str | None:
        """The id of the queue that is used when none is named."""
        row = self._db.one("SELECT id FROM queue WHERE instr(system_tags, ?) > 0 ORDER BY created LIMIT 1", ('"default"',))
        return str(row[0]) if row else None

    def uses_of_model(self, id: str, *, but: Sequence[str] = ()) -> list[str]:
        """The tasks that take a model, or that made it, without some."""
        condition = f" AND id NOT IN ({marks(but)})" if but else ""
        rows = self._db.all(f"SELECT id FROM task WHERE instr(models, ?) > 0{condition} ORDER BY id LIMIT 100", (f'"{id}"', *but))
        return [row[0] for row in rows]

    def task_totals(self, where: Sequence[SqlText]) -> tuple[int, str | None]:
        """For how many seconds tasks ran, and when the last one began."""
        text = " AND ".join(piece for piece, _ in where)
        values = [value for _, found in where for value in found]
        row = self._db.one(f"SELECT coalesce(sum(active_duration), 0), max(started) FROM task WHERE {text}", values)
        return (int(row[0]), row[1]) if row else (0, None)

    def completed_since(self, where: Sequence[SqlText], *, hours: int = 24) -> int:
        """How many tasks were completed in the last hours."""
        since = (self.time - timedelta(hours=hours)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return self.documents.tasks.count([*where, ("task.completed >= ?", [since])])

    def is_watched(self, queue: str) -> bool:
        """Whether a worker that is still there looks into a queue."""
        query = "SELECT 1 FROM worker WHERE expires >= ? AND instr(queues, ?) > 0 LIMIT 1"
        return self._db.one(query, (self.now, f'"{queue}"')) is not None

    def watchers(self, queue: str) -> list[str]:
        """The workers that look into a queue."""
        rows = self._db.all("SELECT id FROM worker WHERE expires >= ? AND instr(queues, ?) > 0 ORDER BY id", (self.now, f'"{queue}"'))
        return [row[0] for row in rows]

    def metric_names(self, table: str, projects: Sequence[str], ids: Sequence[str]) -> list[dict[str, str]]:
        """The metrics and variants of scalars of tasks or models."""
        conditions, values = self._within(table, projects, ids)
        query = f"""
            SELECT DISTINCT metric, metric_hash, variant, variant_hash FROM series JOIN {table} ON {table}.id = series.entity
            WHERE {conditions} ORDER BY metric, variant LIMIT 10000
        """
        names = ("metric", "metric_hash", "variant", "variant_hash")
        return [dict(zip(names, row, strict=True)) for row in self._db.all(query, values)]

    def parameter_names(self, projects: Sequence[str]) -> list[tuple[str, str]]:
        """The sections and names of hyperparameters of tasks."""
        conditions, values = self._within("task", projects, ())
        each = "json_each" if self.dialect == "sqlite" else "json_each_text"
        cast = "" if self.dialect == "sqlite" else "::json"
        query = f"""
            SELECT DISTINCT section.key, parameter.key FROM task, {each}(task.hyperparams{cast}) AS section,
            {each}(section.value{cast}) AS parameter WHERE {conditions} ORDER BY 1, 2
        """
        return [(section, name) for section, name in self._db.all(query, values)]

    def parameter_values(self, projects: Sequence[str], section: str, name: str) -> list[str]:
        """The values that one hyperparameter has in tasks."""
        conditions, values = self._within("task", projects, ())
        text, used = json_text("task.hyperparams", (section, name, "value"), self.dialect)
        query = f"SELECT DISTINCT {text} AS found FROM task WHERE {conditions} ORDER BY 1"
        return [str(value) for (value,) in self._db.all(query, (*used, *values)) if value is not None]

    def changed(self, kind: str, entity: str, project: str | None = None) -> None:
        """Note in the same transaction that something changed, for whoever follows the feed."""
        if not self._changed:
            self._db.before_commit.append(self._write_changes)
        self._changed.append((kind, entity, project, self.now))

    def _write_changes(self) -> None:
        # Numbers in the order of commits, so that a follower who has seen one has seen all below it: who writes changes has the
        # lock until the commit is seen by all. It comes last, when no other lock is waited for any more.
        if self.dialect == "postgres":
            self._db.all("SELECT pg_advisory_xact_lock(?)", (_FEED_LOCK,))
        self._db.execute_many("INSERT INTO change (kind, entity, project, at) VALUES (?, ?, ?, ?)", self._changed)

    def changes(self, after: int, limit: int) -> list[dict[str, Any]]:
        """What changed after a place in the feed."""
        shown, values = self._shown_changes
        query = f"SELECT seq, kind, entity, project, at FROM change WHERE seq > ?{shown} ORDER BY seq LIMIT ?"
        rows = self._db.all(query, (after, *values, limit))
        return [dict(zip(("seq", "kind", "entity", "project", "at"), row, strict=True)) for row in rows]

    def last_change(self) -> int:
        """The end of the feed."""
        row = self._db.one("SELECT max(seq) FROM change")
        return int(row[0] or 0) if row else 0

    def forget_changes(self, before: str) -> None:
        """Drop what changed before a time, but for the last: places in the feed are never used twice."""
        self._db.execute("DELETE FROM change WHERE at < ? AND seq < (SELECT max(seq) FROM change)", (before,))

    def audit(self, actor: str, action: str, entity: str, address: str) -> None:
        """Write into the audit log."""
        self._db.execute(
            "INSERT INTO audit (at, actor, action, entity, address) VALUES (?, ?, ?, ?, ?)", (self.now, actor, action, entity, address)
        )

    def audit_log(self, *, before: int | None, limit: int) -> list[dict[str, Any]]:
        """The last entries of the audit log, newest first."""
        condition, values = ("WHERE seq < ?", [before]) if before is not None else ("", [])
        rows = self._db.all(
            f"SELECT seq, at, actor, action, entity, address FROM audit {condition} ORDER BY seq DESC LIMIT ?", (*values, limit)
        )
        return [dict(zip(("seq", "at", "actor", "action", "entity", "address"), row, strict=True)) for row in rows]

    def setting(self, name: str) -> str | None:
        """What is remembered under a name."""
        row = self._db.one("SELECT value FROM setting WHERE name = ?", (name,))
        return str(row[0]) if row else None

    def set_setting(self, name: str, value: str) -> None:
        self._db.execute(
            "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
        )

    def _within(self, table: str, projects: Sequence[str], ids: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        shown, values = (self.documents.tasks if table == "task" else self.documents.models).shown
        pieces = [shown] if shown else []
        pieces += [f"{table}.project IN ({marks(projects)})"] if projects else []
        pieces += [f"{table}.id IN ({marks(ids)})"] if ids else []
        return " AND ".join(pieces) or "1 = 1", (*values, *projects, *ids)
