"""Plots, debug images and vectors in the database: one row for each metric, variant and iteration."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import zstandard

from tilth.server.db.engine import Connection
from tilth.server.stores.rows import marks

__all__ = ["Media"]

_COMPRESSOR = zstandard.ZstdCompressor(level=3)

Event = dict[str, Any]


class Media:
    """The events of all Tasks and Models that are whole documents."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def append(self, entity: str, events: Sequence[Event]) -> None:
        """Keep events; one of the same kind, metric, variant and iteration replaces the one before. Safe to repeat."""
        self._db.execute_many(
            "INSERT INTO event (entity, kind, metric, variant, iter, timestamp, url, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (entity, kind, metric, variant, iter)"
            " DO UPDATE SET timestamp = excluded.timestamp, url = excluded.url, data = excluded.data",
            [
                (
                    *(entity, event["type"], event["metric"], event["variant"], event["iter"], event["timestamp"], event.get("url")),
                    _COMPRESSOR.compress(msgspec.json.encode(event)),
                )
                for event in events
            ],
        )

    def names(self, entities: Sequence[str], kind: str) -> list[tuple[str, str, str]]:
        """The metrics and variants that entities reported."""
        query = f"SELECT DISTINCT entity, metric, variant FROM event WHERE entity IN ({marks(entities)}) AND kind = ? ORDER BY 1, 2, 3"
        return [(entity, metric, variant) for entity, metric, variant in self._db.all(query, (*entities, kind))]

    def latest(self, entity: str, kind: str, *, per_series: int, names: Mapping[str, Sequence[str]] | None = None) -> list[Event]:
        """The newest events of each metric and variant, by metric, variant and iteration."""
        condition, values = _named(names)
        query = f"""
            SELECT data FROM (
                SELECT data, metric, variant, iter, row_number() OVER (PARTITION BY metric, variant ORDER BY iter DESC) AS place
                FROM event WHERE entity = ? AND kind = ?{condition}
            ) AS placed WHERE place <= ? ORDER BY metric, variant, iter DESC
        """
        return [_loaded(data) for (data,) in self._db.all(query, (entity, kind, *values, per_series))]

    def iterations(
        self,
        entity: str,
        kind: str,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
        names: Mapping[str, Sequence[str]] | None = None,
    ) -> list[int]:
        """The iterations that have events: the newest before one, or the oldest after one."""
        condition, values = _named(names)
        order = "DESC"
        if before is not None:
            condition, values = f"{condition} AND iter < ?", [*values, before]
        if after is not None:
            condition, values, order = f"{condition} AND iter > ?", [*values, after], "ASC"
        query = f"SELECT DISTINCT iter FROM event WHERE entity = ? AND kind = ?{condition} ORDER BY iter {order} LIMIT ?"
        return [iter for (iter,) in self._db.all(query, (entity, kind, *values, limit))]

    def at(self, entity: str, kind: str, iters: Sequence[int], names: Mapping[str, Sequence[str]] | None = None) -> list[Event]:
        """The events of some iterations, by iteration, metric and variant."""
        condition, values = _named(names)
        query = (
            f"SELECT data FROM event WHERE entity = ? AND kind = ? AND iter IN ({marks(iters)}){condition} ORDER BY iter, metric, variant"
        )
        return [_loaded(data) for (data,) in self._db.all(query, (entity, kind, *iters, *values))] if iters else []

    def page(
        self, entity: str, kind: str, *, offset: int, limit: int, descending: bool, names: Mapping[str, Sequence[str]] | None = None
    ) -> list[Event]:
        """Some events in the order of iterations."""
        condition, values = _named(names)
        order = "DESC" if descending else "ASC"
        query = (
            f"SELECT data FROM event WHERE entity = ? AND kind = ?{condition}"
            f" ORDER BY iter {order}, timestamp {order}, metric, variant LIMIT ? OFFSET ?"
        )
        return [_loaded(data) for (data,) in self._db.all(query, (entity, kind, *values, limit, offset))]

    def count(self, entity: str, kind: str, names: Mapping[str, Sequence[str]] | None = None) -> int:
        condition, values = _named(names)
        row = self._db.one(f"SELECT count(*) FROM event WHERE entity = ? AND kind = ?{condition}", (entity, kind, *values))
        return int(row[0]) if row else 0

    def edges(self, entity: str, kind: str, metric: str, variant: str) -> tuple[int | None, int | None]:
        """The first and the last iteration of a metric and variant."""
        query = "SELECT min(iter), max(iter) FROM event WHERE entity = ? AND kind = ? AND metric = ? AND variant = ?"
        row = self._db.one(query, (entity, kind, metric, variant))
        return (row[0], row[1]) if row else (None, None)

    def urls(self, entities: Sequence[str]) -> list[str]:
        """The addresses of files that events point to."""
        query = f"SELECT DISTINCT url FROM event WHERE entity IN ({marks(entities)}) AND url IS NOT NULL ORDER BY url"
        return [url for (url,) in self._db.all(query, tuple(entities))]

    def drop(self, entities: Sequence[str]) -> int:
        """Forget the events of entities; returns how many there were."""
        return self._db.execute(f"DELETE FROM event WHERE entity IN ({marks(entities)})", tuple(entities))


def _named(names: Mapping[str, Sequence[str]] | None) -> tuple[str, list[Any]]:
    """The condition that an event is of one of the metrics, and of one of its variants if any are given."""
    if not names:
        return "", []
    pieces, values = [], list[Any]()
    for metric, variants in names.items():
        pieces.append(f"(metric = ? AND variant IN ({marks(variants)}))" if variants else "metric = ?")
        values += [metric, *variants]
    return f" AND ({' OR '.join(pieces)})", values


def _loaded(data: bytes) -> Event:
    found: Event = msgspec.json.decode(zstandard.ZstdDecompressor().decompress(bytes(data)))
    return found
