"""Which tasks wait in which queue, in what order, and how long they waited."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from tilth.server.db.engine import Connection
from tilth.server.stores.rows import marks

__all__ = ["Entry", "QueueEntries"]


class Entry(Struct, frozen=True):
    """A task that waits."""

    task: str
    queue: str
    added: str

    def document(self) -> dict[str, Any]:
        return {"task": self.task, "added": self.added}


class QueueEntries:
    """The entries of all queues. A task waits in one queue at most."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def of_task(self, task: str) -> Entry | None:
        row = self._db.one("SELECT task, queue, added FROM queue_entry WHERE task = ?", (task,))
        return Entry(*row) if row else None

    def of_queues(self, queues: Sequence[str], *, limit: int | None = None) -> dict[str, list[Entry]]:
        """The entries of queues, the next one first."""
        if not queues:
            return {}
        query = f"SELECT task, queue, added FROM queue_entry WHERE queue IN ({marks(queues)}) ORDER BY queue, place, task"
        found: dict[str, list[Entry]] = {queue: [] for queue in queues}
        for row in self._db.all(query, tuple(queues)):
            if limit is None or len(found[row[1]]) < limit:
                found[row[1]].append(Entry(*row))
        return found

    def count(self, queue: str) -> int:
        row = self._db.one("SELECT count(*) FROM queue_entry WHERE queue = ?", (queue,))
        return int(row[0]) if row else 0

    def add(self, queue: str, task: str, now: str) -> None:
        """Put a task at the end of a queue."""
        self._db.execute(
            "INSERT INTO queue_entry (task, queue, place, added)"
            " SELECT ?, ?, coalesce(max(place), 0) + 1, ? FROM queue_entry WHERE queue = ?",
            (task, queue, now, queue),
        )

    def take_next(self, queue: str) -> Entry | None:
        """Take the first entry out of a queue: of all that ask at once, one gets it."""
        # SQLite has one writer; PostgreSQL passes over an entry that somebody else is taking.
        passing_over = " FOR UPDATE SKIP LOCKED" if self._db.dialect == "postgres" else ""
        row = self._db.one(
            "DELETE FROM queue_entry WHERE task ="
            f" (SELECT task FROM queue_entry WHERE queue = ? ORDER BY place, task LIMIT 1{passing_over}) RETURNING task, queue, added",
            (queue,),
        )
        return Entry(*row) if row else None

    def remove(self, task: str) -> bool:
        return self._db.execute("DELETE FROM queue_entry WHERE task = ?", (task,)) > 0

    def clear(self, queue: str) -> list[str]:
        """Take all entries out of a queue; returns their tasks."""
        tasks = [row[0] for row in self._db.all("SELECT task FROM queue_entry WHERE queue = ?", (queue,))]
        self._db.execute("DELETE FROM queue_entry WHERE queue = ?", (queue,))
        return tasks

    def reorder(self, tasks: Sequence[str]) -> None:
        """Let the tasks of a queue come in this order."""
        self._db.execute_many("UPDATE queue_entry SET place = ? WHERE task = ?", [(place, task) for place, task in enumerate(tasks, 1)])

    def sample(self, queue: str, at_s: int, waited_s: float) -> None:
        """Note how long a task waited, and how many wait now."""
        self._db.execute(
            "INSERT INTO queue_sample (queue, at, waited, length) SELECT ?, ?, ?, count(*) FROM queue_entry WHERE queue = ?",
            (queue, at_s, waited_s, queue),
        )

    def samples(self, queue: str, start_s: int, stop_s: int) -> list[tuple[int, float, int]]:
        """Times, seconds waited and lengths that were noted."""
        query = "SELECT at, waited, length FROM queue_sample WHERE queue = ? AND at >= ? AND at <= ? ORDER BY at"
        return [(at, waited, length) for at, waited, length in self._db.all(query, (queue, start_s, stop_s))]
