"""What Tasks wrote to the console: a compressed row for each batch that was reported.

A batch that arrives twice, because its answer was lost, is kept once: its digest is its name.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

import msgspec
import zstandard
from msgspec import Struct

from tilth.domain.event import Line
from tilth.server.db.engine import Connection
from tilth.server.stores.rows import marks

__all__ = ["Batch", "Logs"]

_COMPRESSOR = zstandard.ZstdCompressor(level=3)
_DECODER = msgspec.msgpack.Decoder(list[Line])
_PAGE = 64


class Batch(Struct, frozen=True):
    """Where some reports lie, and how many lines of text they hold."""

    id: int
    lines: int


class Logs:
    """The console output of all Tasks."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def append(self, entity: str, lines: Sequence[Line], numbers: str = "") -> None:
        """Keep a batch, once. Whoever numbers lines can report the same ones at the same moment, and both are kept."""
        packed = msgspec.msgpack.encode(lines)
        times = [line.timestamp for line in lines]
        self._db.execute(
            f"INSERT INTO log (entity, digest, first_timestamp, last_timestamp, count, lines, data) VALUES ({marks(range(7))})"
            " ON CONFLICT (entity, digest) DO NOTHING",
            (
                *(entity, sha256(packed + numbers.encode()).hexdigest(), min(times), max(times)),
                *(len(lines), text_lines(lines), _COMPRESSOR.compress(packed)),
            ),
        )

    def batches(self, entity: str) -> list[Batch]:
        """The batches of an entity in the order in which they begin."""
        rows = self._db.all("SELECT id, lines FROM log WHERE entity = ? ORDER BY first_timestamp, id", (entity,))
        # Those that an older Tilth kept are counted each time.
        old = {id: text_lines(lines) for id, lines in self._batches_of([id for id, lines in rows if lines is None])}
        return [Batch(id, old[id] if lines is None else lines) for id, lines in rows]

    def read(self, ids: Sequence[int]) -> list[Line]:
        """The reports of some batches, in the order of `ids`."""
        found = dict(self._batches_of(ids))
        return [line for id in ids for line in found[id]]

    def each_batch(self, entity: str) -> Iterator[list[Line]]:
        """The reports of each batch, in the order in which they begin."""
        ids = [row[0] for row in self._db.all("SELECT id FROM log WHERE entity = ? ORDER BY first_timestamp, id", (entity,))]
        for start in range(0, len(ids), _PAGE):
            part = ids[start : start + _PAGE]
            found = dict(self._batches_of(part))
            yield from (found[id] for id in part)

    def count(self, entity: str) -> int:
        row = self._db.one("SELECT coalesce(sum(count), 0) FROM log WHERE entity = ?", (entity,))
        return int(row[0]) if row else 0

    def earlier(self, entity: str, before: int | None, limit: int) -> list[Line]:
        """The last lines before a time, oldest first; all lines of the first one's millisecond are among them."""
        found: list[Line] = []
        condition, values = ("AND first_timestamp < ?", [before]) if before is not None else ("", [])
        offset = 0
        while True:
            rows = self._db.all(
                f"SELECT first_timestamp, data FROM log WHERE entity = ? {condition}"
                " ORDER BY first_timestamp DESC, id DESC LIMIT ? OFFSET ?",
                (entity, *values, _PAGE, offset),
            )
            for place, (_, data) in enumerate(rows):
                lines = _loaded(data)
                found = [*(line for line in lines if before is None or line.timestamp < before), *found]
                following = rows[place + 1][0] if place + 1 < len(rows) else None
                if len(found) >= limit and (following is None or following < found[0].timestamp) and place + 1 < len(rows):
                    return _last(found, limit)
            if len(rows) < _PAGE:
                return _last(found, limit)
            offset += _PAGE

    def later(self, entity: str, after: int | None, limit: int) -> list[Line]:
        """The first lines after a time, oldest first; all lines of the last one's millisecond are among them."""
        found: list[Line] = []
        offset = 0
        condition, values = ("AND last_timestamp > ?", [after]) if after is not None else ("", [])
        while True:
            rows = self._db.all(
                f"SELECT data FROM log WHERE entity = ? {condition} ORDER BY first_timestamp, id LIMIT ? OFFSET ?",
                (entity, *values, _PAGE, offset),
            )
            for (data,) in rows:
                found += [line for line in _loaded(data) if after is None or line.timestamp > after]
            if len(rows) < _PAGE or len(found) >= limit + _PAGE:
                return _first(found, limit)
            offset += _PAGE

    def page(self, entity: str, *, offset: int, limit: int) -> list[Line]:
        """Some lines, counted from the oldest."""
        return self.later(entity, None, offset + limit)[offset : offset + limit]

    def _batches_of(self, ids: Sequence[int]) -> Iterator[tuple[int, list[Line]]]:
        for start in range(0, len(ids), _PAGE):
            part = ids[start : start + _PAGE]
            for id, data in self._db.all(f"SELECT id, data FROM log WHERE id IN ({marks(part)})", tuple(part)):
                yield id, _loaded(data)

    def drop(self, entities: Sequence[str], *, before: int | None = None) -> int:
        """Forget the lines of entities; those before a time if that is given. Returns how many went."""
        condition, values = (" AND last_timestamp < ?", [before]) if before is not None else ("", [])
        where = f"entity IN ({marks(entities)}){condition}"
        row = self._db.one(f"SELECT coalesce(sum(count), 0) FROM log WHERE {where}", (*entities, *values))
        self._db.execute(f"DELETE FROM log WHERE {where}", (*entities, *values))
        return int(row[0]) if row else 0


def text_lines(reports: Sequence[Line]) -> int:
    """How many lines of text reports hold."""
    return sum(report.msg.removesuffix("\n").count("\n") + 1 for report in reports)


def _loaded(data: bytes) -> list[Line]:
    return _DECODER.decode(zstandard.ZstdDecompressor().decompress(bytes(data)))


def _last(lines: Sequence[Line], limit: int) -> list[Line]:
    ordered = sorted(lines, key=lambda line: line.timestamp)
    if len(ordered) <= limit:
        return ordered
    edge = ordered[-limit].timestamp if limit else 0
    return [line for line in ordered if line.timestamp >= edge] if limit else []


def _first(lines: Sequence[Line], limit: int) -> list[Line]:
    ordered = sorted(lines, key=lambda line: line.timestamp)
    if len(ordered) <= limit or not limit:
        return ordered[:limit] if not limit else ordered
    edge = ordered[limit - 1].timestamp
    return [line for line in ordered if line.timestamp <= edge]
