"""Which pipelines there are: the projects that controllers of pipelines lie in, and which of their runs came last."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from tilth.server.db.engine import Connection
from tilth.server.stores.archived import in_archived_project
from tilth.server.stores.patterns import containing
from tilth.server.stores.query import SqlText
from tilth.server.stores.rows import marks

__all__ = ["PIPELINE_ORDERS", "PipelineRow", "Pipelines"]

_NAME = "replace(project.name, '/.pipelines/', '/')"
"""Of a pipeline's hidden project: where the pipeline lies, and what it is called."""

PIPELINE_ORDERS: Mapping[str, str] = {"created": "run.created", "name": f"lower({_NAME})", "runs": "run.runs"}
"""What lists of pipelines can be ordered by: when the last run was made, names, and how many runs there are."""

_RECENT = 10


class PipelineRow(Struct, frozen=True, kw_only=True):
    """A pipeline: its project, how many runs it has, and the ids of the last ones, the newest first."""

    project: str
    name: str
    runs: int
    active: int
    recent: tuple[str, ...]


class Pipelines:
    """Pipelines, read from their runs."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def page(self, text: str, *, archived: bool, order: str, limit: int, offset: int, shown: SqlText) -> tuple[list[PipelineRow], int]:
        """A page of the pipelines that have a run which is archived, or is not; and how many there are in all."""
        condition, values = shown
        runs = f"""
            WITH run AS (
                SELECT task.id AS id, task.project AS project, task.created AS created, count(*) OVER (PARTITION BY task.project) AS runs,
                    sum(CASE WHEN task.status IN ('queued', 'in_progress') THEN 1 ELSE 0 END) OVER (PARTITION BY task.project) AS active,
                    row_number() OVER (PARTITION BY task.project ORDER BY task.created DESC, task.id) AS place
                FROM task WHERE task.type = 'controller' AND instr(task.system_tags, '"pipeline"') > 0
                    AND {"" if archived else "NOT "}(instr(task.system_tags, '"archived"') > 0 OR {in_archived_project("task")})
                    {f"AND {condition}" if condition else ""}
            )
        """
        fits: SqlText = (f"fits(?, {_NAME})", [containing(text)]) if text else ("1 = 1", [])
        joined = f"FROM run JOIN project ON project.id = run.project WHERE run.place = 1 AND {fits[0]}"
        by = f"{PIPELINE_ORDERS[order.removeprefix('-')]} {'DESC' if order.startswith('-') else 'ASC'}"
        found = self._db.all(
            f"{runs} SELECT project.id, project.name, run.runs, run.active {joined} ORDER BY {by}, project.id LIMIT ? OFFSET ?",
            (*values, *fits[1], limit, offset),
        )
        counted = self._db.one(f"{runs} SELECT count(*) {joined}", (*values, *fits[1]))
        ids = [row[0] for row in found]
        recent = self._recent(runs, values, ids)
        rows = [
            PipelineRow(project=id, name=name, runs=int(many), active=int(active), recent=tuple(recent[id]))
            for id, name, many, active in found
        ]
        return rows, int(counted[0]) if counted else 0

    def _recent(self, runs: str, values: Sequence[Any], projects: Sequence[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {project: [] for project in projects}
        rows = self._db.all(
            f"{runs} SELECT project, id FROM run WHERE place <= {_RECENT} AND project IN ({marks(projects)}) ORDER BY project, place",
            (*values, *projects),
        )
        for project, id in rows:
            found[project].append(id)
        return found
