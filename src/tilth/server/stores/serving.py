"""Which containers serve models."""

from typing import Any

import msgspec
from msgspec import Struct

from tilth.server.db.engine import Connection

__all__ = ["Container", "Containers"]

_COLUMNS = "id, data, registered, last_update, expires"


class Container(Struct, frozen=True, kw_only=True):
    """A container and what it said of itself."""

    id: str
    data: dict[str, Any]
    registered: str
    last_update: str
    expires: str


class Containers:
    """Containers by their ids."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def get(self, id: str) -> Container | None:
        row = self._db.one(f"SELECT {_COLUMNS} FROM serving_container WHERE id = ?", (id,))
        return _container(row) if row else None

    def put(self, container: Container) -> None:
        self._db.execute("DELETE FROM serving_container WHERE id = ?", (container.id,))
        values = (
            container.id,
            msgspec.json.encode(container.data).decode(),
            container.registered,
            container.last_update,
            container.expires,
        )
        self._db.execute(f"INSERT INTO serving_container ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", values)

    def remove(self, id: str) -> bool:
        return self._db.execute("DELETE FROM serving_container WHERE id = ?", (id,)) > 0

    def alive(self, now: str) -> list[Container]:
        """The containers that were heard of lately."""
        return [_container(row) for row in self._db.all(f"SELECT {_COLUMNS} FROM serving_container WHERE expires >= ? ORDER BY id", (now,))]


def _container(row: tuple[Any, ...]) -> Container:
    values = dict(zip(Container.__struct_fields__, row, strict=True))
    values["data"] = msgspec.json.decode(values["data"])
    return Container(**values)
