"""Sealed points of a Series: a thousand at a time, in compressed columns, with what a chart needs of them beside.

The extremes of a block are real points, so a long Series is drawn from them alone and its spikes survive.
"""

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import zstandard

__all__ = ["BLOCK", "Bands", "Columns", "Extremes", "bands_of", "dump_points", "extremes_of", "load_points", "pick", "reduce_points"]

BLOCK = 1_024
"""As many points are sealed at once."""

_EXTREMES = struct.Struct("<qqdqqd")
_HEAD = struct.Struct("<I")
_COMPRESSOR = zstandard.ZstdCompressor(level=1)


class Columns(NamedTuple):
    """Points as columns, in the order of their iterations."""

    iters: Sequence[int]
    timestamps: Sequence[int]
    values: Sequence[float]


class Bands(NamedTuple):
    """Stretches of a curve in the order of iterations: the mean of each, and the smallest and the largest value in it."""

    iters: Sequence[int]
    timestamps: Sequence[int]
    values: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]


class Extremes(NamedTuple):
    """The points of the smallest and the largest value."""

    min_iter: int
    min_timestamp: int
    min_value: float
    max_iter: int
    max_timestamp: int
    max_value: float

    def dump(self) -> bytes:
        return _EXTREMES.pack(*self)

    @classmethod
    def load(cls, data: bytes) -> "Extremes":
        return cls(*_EXTREMES.unpack(data))

    def points(self) -> list[tuple[int, int, float]]:
        """Both points, or the one that is both, in order."""
        low, high = (self.min_iter, self.min_timestamp, self.min_value), (self.max_iter, self.max_timestamp, self.max_value)
        return [low] if low == high else sorted([low, high])


def dump_points(points: Columns) -> bytes:
    """Points as bytes."""
    parts = (array("q", points.iters), array("q", points.timestamps), array("d", points.values))
    return _HEAD.pack(len(points.iters)) + _COMPRESSOR.compress(b"".join(part.tobytes() for part in parts))


def load_points(data: bytes) -> Columns:
    """The points behind bytes."""
    (count,) = _HEAD.unpack_from(data)
    raw = memoryview(zstandard.ZstdDecompressor().decompress(bytes(data[_HEAD.size :]), max_output_size=count * 24))
    return Columns(raw[: 8 * count].cast("q"), raw[8 * count : 16 * count].cast("q"), raw[16 * count :].cast("d"))


def extremes_of(points: Columns) -> Extremes:
    """The extremes of points, of which there is at least one."""
    values = points.values
    low, high = min(values), max(values)
    at_low, at_high = _index(values, low), _index(values, high)
    return Extremes(points.iters[at_low], points.timestamps[at_low], low, points.iters[at_high], points.timestamps[at_high], high)


def reduce_points(points: Columns, most: int) -> Columns:
    """At most about `most` of the points: of each stretch of equal width the smallest and the largest, and the first and last of all."""
    count = len(points.iters)
    if count <= most or most < 4:
        return points if count <= most else pick(points, [0, count - 1])
    buckets = (most - 2) // 2
    first, last = points.iters[0], points.iters[-1]
    width = max((last - first + 1) / buckets, 1e-9)
    chosen = {0, count - 1}
    start = 0
    for bucket in range(buckets):
        if start >= count:
            break
        stop = count if bucket == buckets - 1 else bisect_left(points.iters, first + width * (bucket + 1), start)
        if stop > start:
            part = points.values[start:stop]
            chosen.add(start + _index(part, min(part)))
            chosen.add(start + _index(part, max(part)))
        start = stop
    return pick(points, sorted(chosen))


def bands_of(points: Columns, most: int) -> Bands:
    """At most about `most` stretches of equal width, each where its middle point is; the first and the last point stay by themselves."""
    count = len(points.iters)
    if count <= max(most, 3):
        return Bands(points.iters, points.timestamps, points.values, points.values, points.values)
    rows = [_stretch(points, start, stop) for start, stop in _stretches(points.iters, max(most - 2, 1))]
    return Bands(*(list(column) for column in zip(*rows, strict=True)))


def pick(points: Columns, places: Iterable[int]) -> Columns:
    """The points at some places."""
    kept = list(places)
    return Columns(*([column[place] for place in kept] for column in points))  # type: ignore[arg-type]


def _stretches(iters: Sequence[int], buckets: int) -> Iterator[tuple[int, int]]:
    count = len(iters)
    yield 0, 1
    first, width = iters[1], max((iters[-2] - iters[1] + 1) / buckets, 1e-9)
    start = 1
    for bucket in range(buckets):
        stop = count - 1 if bucket == buckets - 1 else min(bisect_left(iters, first + width * (bucket + 1), start), count - 1)
        if stop > start:
            yield start, stop
        start = stop
    yield count - 1, count


def _stretch(points: Columns, start: int, stop: int) -> tuple[int, int, float, float, float]:
    part = points.values[start:stop]
    low, high = min(part), max(part)
    mean = min(max(sum(part) / len(part), low), high)  # a sum may be rounded, or too large for a number
    middle = (start + stop) // 2
    return points.iters[middle], points.timestamps[middle], mean, low, high


def _index(values: Sequence[float], wanted: float) -> int:
    if isinstance(values, (list, array)):
        return values.index(wanted)
    return next((place for place, value in enumerate(values) if value == wanted), 0)
