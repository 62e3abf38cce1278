"""A catalog for tests of the server: calls over a folder of its own, and a look at what they wrote."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from tilth.base.clock import Clock
from tilth.client.api import Api, Caller
from tilth.domain.access import OWNER
from tilth.domain.dataset import ChangeTotals, Total
from tilth.domain.version import DatasetVersion
from tilth.server.db.engine import Database
from tilth.server.db.sqlite import SqliteDatabase
from tilth.server.routes.rpc import Dispatcher, registered
from tilth.server.services.context import Call, Origin
from tilth.server.stores.unit_of_work import Tx
from tilth.testing.clocks import ManualClock
from tilth.wire.envelope import Meta

__all__ = ["FINISHED", "CatalogBench", "TickingClock"]

FINISHED = "2025-06-01T00:00:00.000000Z"
"""When versions of the bench say that they were finished."""


class TickingClock(ManualClock):
    """A clock that is asked at a later second each time, so that no two things happen at once."""

    def now(self) -> datetime:
        self.advance(timedelta(seconds=1))
        return super().now()


class DispatcherTransport:
    """Calls that are answered in this process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._dispatcher = Dispatcher(database, clock)

    def call(self, name: str, body: bytes) -> bytes:
        return self._dispatcher.call(name, body).body

    def close(self) -> None:
        self._database.close()


class CatalogBench:
    """A catalog in `folder`, and short ways to fill it and to look at it."""

    def __init__(self, folder: Path, database: Database | None = None) -> None:
        self.path = folder / "tilth.db"
        self.clock = TickingClock()
        self.database = database or SqliteDatabase(self.path)
        self.transport = DispatcherTransport(self.database, self.clock)
        self.api = Api(self.transport)

    def draft(self, name: str = "cats", project: str | None = "Team/Pictures", **wanted: Any) -> DatasetVersion:
        """A version that can still be changed."""
        return self.api.versions.create(name=name, project=project, **wanted)

    def final(self, name: str = "cats", project: str | None = "Team/Pictures", *, size_bytes: int = 10, **wanted: Any) -> DatasetVersion:
        """A version that can't be changed any more, of one file."""
        made = self.draft(name, project, **wanted)
        changes = ChangeTotals(added=Total(1, size_bytes))
        return self.api.versions.register(made.id, entries=1, size_bytes=size_bytes, root="roots/1", changes=changes, finished=FINISHED)

    def ask(self, call: str, /, **request: Any) -> dict[str, Any]:
        """The data that a call answers with; what it raises is raised here."""
        found: dict[str, Any] = Caller(self.transport)(call, msgspec.defstruct("Request", list(request))(**request), dict[str, Any])
        return found

    def answer(self, name: str, body: bytes) -> tuple[Meta, dict[str, Any]]:
        """The answer to a call with this very body."""
        envelope = msgspec.json.decode(self.transport.call(name, body))
        return msgspec.convert(envelope["meta"], Meta), envelope["data"]

    def change(self, work: Callable[[Tx], object]) -> None:
        """Do something in a transaction of its own."""
        self.database.run(lambda connection: work(Tx(connection, self.clock)), writes=True)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What anybody else who opens the file finds in it."""
        with self.database.reading() as connection:
            return [tuple(row) for row in connection.all(query, values)]

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that is in the catalog."""
        names = [name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: self.rows(f"SELECT * FROM {name} ORDER BY 1, 2") for name in names}  # noqa: S608 - our own names

    def statements(self, call: str, /, **request: Any) -> int:
        """How many statements a call takes."""
        procedure, database = registered(call), SqliteDatabase(self.path)
        with closing(database), database.writing() if procedure.writes else database.reading() as connection:
            context = Call(tx=Tx(connection, self.clock), actor=OWNER, origin=Origin(), services={})
            procedure.invoke(context, procedure.decode(msgspec.json.encode(request)))
            return connection.statements

    def close(self) -> None:
        self.transport.close()
