"""The server as a library: the same calls, answered in the caller's process over a home's own database."""

from pathlib import Path

from tilth.base.clock import Clock
from tilth.server.db.engine import Database
from tilth.server.db.sqlite import SqliteDatabase
from tilth.server.routes.rpc import Dispatcher

__all__ = ["EmbeddedTransport"]


class EmbeddedTransport:
    """Answers calls over the catalog in `folder`, which is made if it is missing. Many processes may use one home at once."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.database: Database = SqliteDatabase(folder / "tilth.db")
        self._dispatcher = Dispatcher(self.database, clock)

    def call(self, name: str, body: bytes) -> bytes:
        return self._dispatcher.call(name, body).body

    def close(self) -> None:
        self.database.close()
