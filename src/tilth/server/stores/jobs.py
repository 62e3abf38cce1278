"""Work that is done after a call was answered, and goes on after a restart."""

from typing import Any

import msgspec
from msgspec import Struct

from tilth.server.db.engine import Connection

__all__ = ["Job", "Jobs"]


class Job(Struct, frozen=True):
    """One piece of work; doing it twice does no harm."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int


class Jobs:
    """The work that is to be done."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, kind: str, payload: dict[str, Any], run_at: str) -> None:
        self._db.execute(
            "INSERT INTO job (kind, payload, run_at, attempts) VALUES (?, ?, ?, 0)", (kind, msgspec.json.encode(payload).decode(), run_at)
        )

    def take(self, now: str, lease_until: str, *, kind: str = "", but: str = "") -> Job | None:
        """The next piece of work that is due, of one kind or of all `but` one, for whoever asks first.

        It is due again when the lease ends.
        """
        row = self._db.one(
            f"SELECT id, kind, payload, attempts FROM job WHERE kind {'=' if kind else '!='} ?"
            " AND run_at <= ? AND (lease_until IS NULL OR lease_until < ?) ORDER BY id LIMIT 1",
            (kind or but, now, now),
        )
        if row is None:
            return None
        self._db.execute("UPDATE job SET lease_until = ?, attempts = attempts + 1 WHERE id = ?", (lease_until, row[0]))
        return Job(row[0], row[1], msgspec.json.decode(row[2]), row[3])

    def renew(self, id: int, lease_until: str) -> None:
        """Keep a piece of work that is still being done."""
        self._db.execute("UPDATE job SET lease_until = ? WHERE id = ? AND lease_until IS NOT NULL", (lease_until, id))

    def done(self, id: int) -> None:
        self._db.execute("DELETE FROM job WHERE id = ?", (id,))

    def failed(self, id: int, error: str, run_at: str) -> None:
        """Note why a piece of work failed, and when it is to be tried again."""
        self._db.execute("UPDATE job SET error = ?, run_at = ?, lease_until = NULL WHERE id = ?", (error, run_at, id))

    def pending(self) -> list[tuple[int, str, int, str | None]]:
        """Number, kind, attempts and last error of all work that is left."""
        return [
            (id, kind, attempts, error)
            for id, kind, attempts, error in self._db.all("SELECT id, kind, attempts, error FROM job ORDER BY id")
        ]
