"""Scalars in the database: every point once, a summary of each Series, and curves that are read in milliseconds.

New points are loose rows, where reporting one again replaces it. When many are loose, the oldest are sealed into blocks. A
loose point stands over a sealed one of the same iteration, until both are sealed into one block.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from tilth.domain.event import SINGLE_VALUE, Point, name_hash
from tilth.server.db.engine import Connection
from tilth.server.stores.blocks import BLOCK, Columns, Extremes, dump_points, extremes_of, load_points, reduce_points
from tilth.server.stores.rows import marks

__all__ = ["Scalars", "Series"]

_LOOSE = 2 * BLOCK
"""With as many loose points, a Series is sealed."""
_BATCH = 500

_COLUMNS = (
    "id, entity, metric, variant, value, value_iteration, value_timestamp, min_value, min_value_iteration,"
    " max_value, max_value_iteration, first_value, first_value_iteration, total, count, loose, x_axis_label"
)


class Series(Struct, kw_only=True):
    """The scalars of one entity, metric and variant: a summary of all that was reported."""

    id: int
    entity: str
    metric: str
    variant: str
    value: float
    """The value at the highest iteration."""
    value_iteration: int
    value_timestamp: int
    min_value: float
    min_value_iteration: int
    max_value: float
    max_value_iteration: int
    first_value: float
    first_value_iteration: int
    total: float
    count: int
    loose: int
    x_axis_label: str | None

    def document(self) -> dict[str, Any]:
        """The summary as a Task's `last_metrics` holds it."""
        return {
            "metric": self.metric,
            "variant": self.variant,
            "value": self.value,
            "min_value": self.min_value,
            "min_value_iteration": self.min_value_iteration,
            "max_value": self.max_value,
            "max_value_iteration": self.max_value_iteration,
            "first_value": self.first_value,
            "first_value_iteration": self.first_value_iteration,
            "mean_value": self.total / self.count if self.count else self.value,
            "count": self.count,
            "x_axis_label": self.x_axis_label or "",
        }


class Scalars:
    """The scalars of all Tasks and Models, which are entities here."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def append(self, entity: str, reported: Mapping[tuple[str, str], Sequence[Point]], labels: Mapping[tuple[str, str], str]) -> None:
        """Keep points, by metric and variant. Safe to repeat: a point of an iteration that is there replaces it."""
        metrics = list(dict.fromkeys(metric for metric, _ in reported))
        known = {
            (found.metric, found.variant): found
            for start in range(0, len(metrics), _BATCH)
            for found in self._series("entity = ? AND metric IN", metrics[start : start + _BATCH], entity)
        }
        rows: list[tuple[int, int, int, float]] = []
        changed: list[Series] = []
        for name, points in reported.items():
            by_iter = {point.iter: point for point in points}
            ordered = [by_iter[iter] for iter in sorted(by_iter)]
            series = known.get(name) or self._new(entity, name, ordered[0])
            series.x_axis_label = labels.get(name, series.x_axis_label)
            self._summarise(series, ordered)
            rows += [(series.id, point.iter, point.timestamp, point.value) for point in ordered]
            changed.append(series)
        self._db.execute_many(
            "INSERT INTO scalar (series, iter, timestamp, value) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (series, iter) DO UPDATE SET timestamp = excluded.timestamp, value = excluded.value",
            rows,
        )
        for series in changed:
            if series.loose >= _LOOSE:
                self._seal(series)
        self._save(changed)

    def series_of(self, entities: Sequence[str], only: Sequence[tuple[str, str]] = ()) -> list[Series]:
        """The Series of entities, by metric and variant; if pairs of hashes are given, only those of these metrics and variants."""
        named = f"(metric_hash, variant_hash) IN (VALUES {', '.join('(?, ?)' for _ in only)}) AND " if only else ""
        hashes = [name for pair in only for name in pair]
        order = " ORDER BY entity, metric, variant"
        return [
            found
            for start in range(0, len(entities), _BATCH)
            for found in self._series(f"{named}entity IN", entities[start : start + _BATCH], *hashes, order=order)
        ]

    def curve(self, series: Series, most: int) -> Columns:
        """The points of a Series in the order of iterations, without its single value; at most about `most`, extremes kept."""
        loose = self._loose(series.id)
        blocks = self._db.all("SELECT first_iter, last_iter, extremes FROM scalar_block WHERE series = ? ORDER BY first_iter", (series.id,))
        if not blocks:
            return reduce_points(loose, most)
        if series.count > most and len(blocks) * 2 >= most:
            found: list[tuple[int, int, float]] = []
            for first, last, extremes in blocks:
                if loose.iters and last >= loose.iters[0]:  # what was an extreme may have been replaced
                    found += zip(*self._block(series.id, first), strict=True)
                else:
                    found += Extremes.load(extremes).points()
            sealed = Columns(*(list(column) for column in zip(*found, strict=True)))
            edges = [self._block(series.id, blocks[0][0]), *([self._block(series.id, blocks[-1][0])] if not loose.iters else [])]
            sealed = _merged(sealed, *(Columns(*((column[0], column[-1]) for column in edge)) for edge in edges))  # type: ignore[arg-type]
        else:
            sealed = self._sealed(series.id)
        overlap = bool(loose.iters) and loose.iters[0] <= sealed.iters[-1]
        whole = _merged(sealed, loose) if overlap else _appended(sealed, loose)
        return reduce_points(whole, most)

    def between(self, series: Series, low: int | None, high: int | None) -> Columns:
        """All points of a Series from `low` to `high`, without its single value; and at least the next one on each side."""
        blocks = self._db.all("SELECT first_iter, last_iter FROM scalar_block WHERE series = ? ORDER BY first_iter", (series.id,))
        begin = 0 if low is None else max(0, next((at for at, (_, last) in enumerate(blocks) if last >= low), len(blocks)) - 1)
        stop = len(blocks) if high is None else next((at for at, (first, _) in enumerate(blocks) if first > high), len(blocks)) + 1
        sealed = _concatenated([self._block(series.id, first) for first, _ in blocks[begin:stop]])
        loose = self._loose(series.id)
        overlap = bool(loose.iters) and bool(sealed.iters) and loose.iters[0] <= sealed.iters[-1]
        return _merged(sealed, loose) if overlap else _appended(sealed, loose)

    def points(self, series: Series, *, after: int | None, limit: int, descending: bool = False) -> list[Point]:
        """The next `limit` points of a Series after an iteration, its single value included."""
        if not self._db.one("SELECT 1 FROM scalar_block WHERE series = ? LIMIT 1", (series.id,)):
            sign, order = ("<", "DESC") if descending else (">", "ASC")
            condition, values = (f" AND iter {sign} ?", [after]) if after is not None else ("", [])
            query = f"SELECT iter, timestamp, value FROM scalar WHERE series = ?{condition} ORDER BY iter {order} LIMIT ?"
            return [Point(*row) for row in self._db.all(query, (series.id, *values, limit))]
        single = self._db.all("SELECT iter, timestamp, value FROM scalar WHERE series = ? AND iter = ?", (series.id, SINGLE_VALUE))
        columns = _merged(self._sealed(series.id), self._loose(series.id))
        found = [*(Point(*row) for row in single), *(Point(*row) for row in zip(*columns, strict=True))]
        found = found[::-1] if descending else found
        wanted = (point for point in found if after is None or (point.iter < after if descending else point.iter > after))
        return [point for _, point in zip(range(limit), wanted, strict=False)]

    def single_values(self, entities: Sequence[str]) -> list[tuple[Series, float, int]]:
        """The values that belong to no iteration, with their timestamps."""
        found = {series.id: series for series in self.series_of(entities)}
        ids = list(found)
        rows = [
            row
            for start in range(0, len(ids), _BATCH)
            for row in self._db.all(
                f"SELECT series, value, timestamp FROM scalar WHERE iter = ? AND series IN ({marks(ids[start : start + _BATCH])})",
                (SINGLE_VALUE, *ids[start : start + _BATCH]),
            )
        ]
        return [(found[id], value, timestamp) for id, value, timestamp in rows]

    def drop(self, entities: Sequence[str]) -> None:
        """Forget all scalars of entities."""
        ids = [row[0] for row in self._db.all(f"SELECT id FROM series WHERE entity IN ({marks(entities)})", tuple(entities))]
        for table, column in (("scalar", "series"), ("scalar_block", "series"), ("scalar_data", "series"), ("series", "id")):
            for start in range(0, len(ids), _BATCH):
                part = ids[start : start + _BATCH]
                self._db.execute(f"DELETE FROM {table} WHERE {column} IN ({marks(part)})", part)

    def _series(self, condition: str, values: Sequence[Any], *first: Any, order: str = "") -> list[Series]:
        rows = self._db.all(f"SELECT {_COLUMNS} FROM series WHERE {condition} ({marks(values)}){order}", (*first, *values))
        fields = Series.__struct_fields__
        return [Series(**dict(zip(fields, row, strict=True))) for row in rows]

    def _new(self, entity: str, name: tuple[str, str], first: Point) -> Series:
        metric, variant = name
        row = self._db.one(
            "INSERT INTO series (entity, metric, variant, metric_hash, variant_hash, value, value_iteration, value_timestamp, min_value,"
            " min_value_iteration, max_value, max_value_iteration, first_value, first_value_iteration, total, count, loose)"
            f" VALUES ({marks(range(17))}) RETURNING id",
            (
                *(entity, metric, variant, name_hash(metric), name_hash(variant)),
                *(first.value, first.iter, first.timestamp, first.value, first.iter, first.value, first.iter, first.value, first.iter),
                *(0.0, 0, 0),
            ),
        )
        assert row is not None
        return Series(
            id=row[0],
            entity=entity,
            metric=metric,
            variant=variant,
            value=first.value,
            value_iteration=first.iter,
            value_timestamp=first.timestamp,
            min_value=first.value,
            min_value_iteration=first.iter,
            max_value=first.value,
            max_value_iteration=first.iter,
            first_value=first.value,
            first_value_iteration=first.iter,
            total=0.0,
            count=0,
            loose=0,
            x_axis_label=None,
        )

    def _summarise(self, series: Series, points: Sequence[Point]) -> None:
        """Take points, in the order of iterations, into the summary; those that were there before are not counted again."""
        known = self._known(series, [point.iter for point in points if series.count and point.iter <= series.value_iteration])
        for point in points:
            if point.value < series.min_value:
                series.min_value, series.min_value_iteration = point.value, point.iter
            if point.value > series.max_value:
                series.max_value, series.max_value_iteration = point.value, point.iter
            if point.iter not in known:
                series.count += 1
                series.loose += 1
                series.total += point.value
        last, first = points[-1], points[0]
        if last.iter >= series.value_iteration:
            series.value, series.value_iteration, series.value_timestamp = last.value, last.iter, last.timestamp
        if first.iter < series.first_value_iteration:
            series.first_value, series.first_value_iteration = first.value, first.iter

    def _known(self, series: Series, iters: Sequence[int]) -> set[int]:
        """Which of `iters` were reported before."""
        if not iters:
            return set()
        found = {
            row[0]
            for start in range(0, len(iters), _BATCH)
            for row in self._db.all(
                f"SELECT iter FROM scalar WHERE series = ? AND iter IN ({marks(iters[start : start + _BATCH])})",
                (series.id, *iters[start : start + _BATCH]),
            )
        }
        blocks = self._db.all(
            "SELECT first_iter FROM scalar_block WHERE series = ? AND first_iter <= ? AND last_iter >= ?",
            (series.id, max(iters), min(iters)),
        )
        wanted = set(iters)
        for (first,) in blocks:
            found |= wanted.intersection(self._block(series.id, first).iters)
        return found

    def _save(self, changed: Sequence[Series]) -> None:
        self._db.execute_many(
            "UPDATE series SET value = ?, value_iteration = ?, value_timestamp = ?, min_value = ?, min_value_iteration = ?, max_value = ?,"
            " max_value_iteration = ?, first_value = ?, first_value_iteration = ?, total = ?, count = ?, loose = ?, x_axis_label = ?"
            " WHERE id = ?",
            [
                (
                    *(series.value, series.value_iteration, series.value_timestamp, series.min_value, series.min_value_iteration),
                    *(series.max_value, series.max_value_iteration, series.first_value, series.first_value_iteration),
                    *(series.total, series.count, series.loose, series.x_axis_label, series.id),
                )
                for series in changed
            ],
        )

    def _seal(self, series: Series) -> None:
        """Move the oldest loose points into blocks; the newest thousand stays loose, where it is often replaced."""
        loose = self._loose(series.id)
        count = (len(loose.iters) // BLOCK - 1) * BLOCK
        if count <= 0:
            series.loose = len(loose.iters)
            return
        sealed = Columns(*(column[:count] for column in loose))  # type: ignore[arg-type]
        last = sealed.iters[-1]
        overlapping = self._db.all(
            "SELECT first_iter FROM scalar_block WHERE series = ? AND last_iter >= ? ORDER BY first_iter", (series.id, sealed.iters[0])
        )
        if overlapping:
            older = _concatenated([self._block(series.id, first) for (first,) in overlapping])
            sealed = _merged(older, sealed)
            self._db.execute("DELETE FROM scalar_block WHERE series = ? AND first_iter >= ?", (series.id, overlapping[0][0]))
            self._db.execute("DELETE FROM scalar_data WHERE series = ? AND first_iter >= ?", (series.id, overlapping[0][0]))
        for part in _parts(sealed):
            place = (series.id, part.iters[0])
            self._db.execute(
                "INSERT INTO scalar_block (series, first_iter, last_iter, count, extremes) VALUES (?, ?, ?, ?, ?)",
                (*place, part.iters[-1], len(part.iters), extremes_of(part).dump()),
            )
            self._db.execute("INSERT INTO scalar_data (series, first_iter, data) VALUES (?, ?, ?)", (*place, dump_points(part)))
        self._db.execute("DELETE FROM scalar WHERE series = ? AND iter > ? AND iter <= ?", (series.id, SINGLE_VALUE, last))
        series.loose = len(loose.iters) - count

    def _loose(self, id: int) -> Columns:
        rows = self._db.all("SELECT iter, timestamp, value FROM scalar WHERE series = ? AND iter > ? ORDER BY iter", (id, SINGLE_VALUE))
        return Columns(*(list(column) for column in zip(*rows, strict=True))) if rows else Columns([], [], [])

    def _block(self, id: int, first: int) -> Columns:
        row = self._db.one("SELECT data FROM scalar_data WHERE series = ? AND first_iter = ?", (id, first))
        assert row is not None
        return load_points(row[0])

    def _sealed(self, id: int) -> Columns:
        rows = self._db.all("SELECT data FROM scalar_data WHERE series = ? ORDER BY first_iter", (id,))
        return _concatenated([load_points(data) for (data,) in rows])


def _concatenated(parts: Sequence[Columns]) -> Columns:
    columns: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    for part in parts:
        for target, column in zip(columns, part, strict=True):
            target.extend(column.tolist() if isinstance(column, memoryview) else column)
    return Columns(*columns)


def _appended(older: Columns, newer: Columns) -> Columns:
    return _concatenated([older, newer])


def _merged(*parts: Columns) -> Columns:
    """Points of several columns in the order of iterations; of equal ones, that of the later columns."""
    found: dict[int, tuple[int, float]] = {}
    for part in parts:
        found.update(zip(part.iters, zip(part.timestamps, part.values, strict=True), strict=True))
    iters = sorted(found)
    return Columns(iters, [found[iter][0] for iter in iters], [found[iter][1] for iter in iters])


def _parts(points: Columns) -> Iterator[Columns]:
    count = len(points.iters)
    for start in range(0, count, BLOCK):
        yield Columns(*(column[start : start + BLOCK] for column in points))  # type: ignore[arg-type]
