"""Tasks in the database."""

from typing import Any

from tilth.domain.task import Task, TaskStatus
from tilth.server.db.engine import Connection
from tilth.server.stores.rows import dumped, dumped_words, loaded, marks, strings

__all__ = ["Tasks"]

_PLAIN = ("id", "name", "type", "status", "project", "author", "comment", "parent", "created", "started", "completed", "published")
_TIMES = ("status_changed", "last_update", "status_message", "status_reason")
_LISTS = ("tags", "system_tags")
_OBJECTS = ("hyperparams", "configuration", "runtime", "execution", "script")
_ALL = (*_PLAIN, *_TIMES, *_LISTS, *_OBJECTS)
_COLUMNS = ", ".join(f"task.{name}" for name in _ALL)


class Tasks:
    """Tasks, by id and by what they are."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def get(self, id: str) -> Task | None:
        row = self._db.one(f"SELECT {_COLUMNS} FROM task WHERE id = ?", (id,))
        return _task(row) if row else None

    def insert(self, task: Task) -> None:
        names = ", ".join(_ALL)
        self._db.execute(f"INSERT INTO task ({names}, last_change, rev) VALUES ({marks(_ALL)}, ?, 1)", (*_values(task), task.last_update))

    def update(self, task: Task) -> None:
        names = ", ".join(f"{name} = ?" for name in _ALL[1:])
        self._db.execute(
            f"UPDATE task SET {names}, last_change = ?, rev = rev + 1 WHERE id = ?", (*_values(task)[1:], task.last_update, task.id)
        )

    def delete(self, id: str) -> None:
        self._db.execute("DELETE FROM task WHERE id = ?", (id,))

    def rename_in(self, project: str, name: str, now: str) -> None:
        """Give every task that lies in `project` another name."""
        self._db.execute("UPDATE task SET name = ?, last_update = ?, rev = rev + 1 WHERE project = ?", (name, now, project))


def _values(task: Task) -> tuple[Any, ...]:
    plain = [getattr(task, "user" if name == "author" else name) for name in (*_PLAIN, *_TIMES)]
    lists = [dumped_words(getattr(task, name)) for name in _LISTS]
    return (*plain, *lists, *(dumped(getattr(task, name)) for name in _OBJECTS))


def _task(row: tuple[Any, ...]) -> Task:
    values = dict(zip(_ALL, row, strict=True))
    values["user"] = values.pop("author")
    values["status"] = TaskStatus(values["status"])
    values |= {name: strings(values[name]) for name in _LISTS}
    values |= {name: loaded(values[name], dict[str, Any]) for name in _OBJECTS}
    return Task(**values)
