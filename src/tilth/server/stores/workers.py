"""What workers reported of their machines, over time."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tilth.server.db.engine import Connection
from tilth.server.stores.rows import marks

__all__ = ["WorkerSamples"]

_PER_WORKER = 20_000


class WorkerSamples:
    """Reports of machine statistics."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, worker: str, at_s: int, task: str | None, stats: dict[str, Any]) -> None:
        self._db.execute(
            "INSERT INTO worker_sample (worker, at, task, data) VALUES (?, ?, ?, ?)",
            (worker, at_s, task, msgspec.json.encode(stats).decode()),
        )

    def between(self, workers: Sequence[str], start_s: int, stop_s: int) -> list[tuple[str, int, str | None, dict[str, Any]]]:
        """Worker, time, task and statistics of each report, by time; of all workers if none is named."""
        condition, values = (f" AND worker IN ({marks(workers)})", list(workers)) if workers else ("", [])
        query = f"SELECT worker, at, task, data FROM worker_sample WHERE at >= ? AND at <= ?{condition} ORDER BY at LIMIT ?"
        rows = self._db.all(query, (start_s, stop_s, *values, _PER_WORKER * max(1, len(workers))))
        return [(worker, at, task, msgspec.json.decode(data)) for worker, at, task, data in rows]

    def forget(self, before_s: int) -> None:
        self._db.execute("DELETE FROM worker_sample WHERE at < ?", (before_s,))
        self._db.execute("DELETE FROM queue_sample WHERE at < ?", (before_s,))
