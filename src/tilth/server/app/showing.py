"""The jobs that make previews of versions which became final in a browser: whoever made one goes on at once.

A preview that waits is a row of the database, so that any number of them may, and one that is left when the server stops, or is killed, is
made when it runs again.
"""

from threading import Event

from tilth.base.clock import Clock
from tilth.base.errors import VersionNotFound
from tilth.base.ids import VersionId
from tilth.domain.version import DatasetVersion
from tilth.sdk import lookup
from tilth.sdk.home import Home
from tilth.server.db.engine import Database
from tilth.server.stores.unit_of_work import Tx

__all__ = ["JOB_KIND", "Showing"]

JOB_KIND = "show_version"
_LONGEST_WAIT_S = 30.0


class Showing:
    """The previews that a server is to make."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.due = Event()
        """Set when there is one more of them."""

    def add(self, version: DatasetVersion) -> None:
        """Let a version that is final be shown when it is its turn."""
        self._database.run(lambda connection: self._add(Tx(connection, self._clock), version), writes=True)
        self.due.set()

    def _add(self, tx: Tx, version: DatasetVersion) -> None:
        tx.jobs.add(JOB_KIND, {"version": version.id}, tx.now)

    def show(self, home: Home, id: str) -> None:
        """Show a version, also one that was published meanwhile; nothing if it was deleted."""
        try:
            version = lookup.find(home, VersionId(id))
        except VersionNotFound:
            return
        home.reports.begin_preview(version)
        home.reports.send(version, _LONGEST_WAIT_S)
