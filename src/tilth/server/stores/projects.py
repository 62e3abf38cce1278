"""Projects in the database."""

from typing import Any

from tilth.domain.project import Project, is_hidden
from tilth.server.db.engine import Connection
from tilth.server.stores.rows import dumped_words, strings

__all__ = ["Projects"]

_COLUMNS = "id, name, parent, description, tags, system_tags, created, last_update, author, default_output_destination"


class Projects:
    """Projects, by id and by name."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def get(self, id: str) -> Project | None:
        return _project(self._db.one(f"SELECT {_COLUMNS} FROM project WHERE id = ?", (id,)))

    def by_name(self, name: str) -> Project | None:
        return _project(self._db.one(f"SELECT {_COLUMNS} FROM project WHERE name = ?", (name,)))

    def insert(self, project: Project) -> None:
        values = (
            project.id,
            project.name,
            project.parent,
            project.description,
            dumped_words(project.tags),
            dumped_words(project.system_tags),
        )
        self._db.execute(
            f"INSERT INTO project ({_COLUMNS}, hidden, rev) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
            (
                *values,
                project.created,
                project.last_update,
                project.author,
                project.default_output_destination,
                int(is_hidden(project.name)),
            ),
        )

    def update(self, project: Project) -> None:
        self._db.execute(
            "UPDATE project SET name = ?, parent = ?, description = ?, tags = ?, system_tags = ?, hidden = ?, last_update = ?,"
            " rev = rev + 1 WHERE id = ?",
            (
                project.name,
                project.parent,
                project.description,
                dumped_words(project.tags),
                dumped_words(project.system_tags),
                int(is_hidden(project.name)),
                project.last_update,
                project.id,
            ),
        )

    def below(self, name: str) -> list[Project]:
        """Every project below the one called `name`, in the order of their names."""
        rows = self._db.all(f"SELECT {_COLUMNS} FROM project WHERE name >= ? AND name < ? ORDER BY name", (f"{name}/", f"{name}0"))
        return [found for row in rows if (found := _project(row))]

    def delete(self, id: str) -> None:
        self._db.execute("DELETE FROM project WHERE id = ?", (id,))

    def is_used(self, id: str) -> bool:
        """Whether a task, a model or a project lies in this project."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM task WHERE project = ?) OR EXISTS (SELECT 1 FROM project WHERE parent = ?)"
            " OR EXISTS (SELECT 1 FROM model WHERE project = ?)"
        )
        row = self._db.one(query, (id, id, id))
        return bool(row and row[0])


def _project(row: tuple[Any, ...] | None) -> Project | None:
    if row is None:
        return None
    id, name, parent, description, tags, system_tags, created, last_update, author, destination = row
    return Project(
        id=id,
        name=name,
        parent=parent,
        description=description,
        tags=strings(tags),
        system_tags=strings(system_tags),
        created=created,
        last_update=last_update,
        author=author,
        default_output_destination=destination,
    )
