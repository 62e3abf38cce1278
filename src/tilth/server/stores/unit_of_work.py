"""One transaction as services see it: the aggregates, the time, and the feed of changes."""

from tilth.base.clock import Clock
from tilth.server.db.engine import Connection
from tilth.server.stores.projects import Projects
from tilth.server.stores.tasks import Tasks
from tilth.server.stores.versions import Versions

__all__ = ["Tx"]


class Tx:
    """Everything that a service may touch. What it writes is there when the transaction ends, or none of it is."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._db = connection
        self.projects = Projects(connection)
        self.tasks = Tasks(connection)
        self.versions = Versions(connection)
        self.now = clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z")

    def changed(self, kind: str, entity: str, project: str | None = None) -> None:
        """Note in the same transaction that something changed, for whoever follows the feed."""
        self._db.execute("INSERT INTO change (kind, entity, project, at) VALUES (?, ?, ?, ?)", (kind, entity, project, self.now))
