"""What the columns of a table look like: their types, how much is missing, and how their values are spread."""

import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["described"]

_BARS = 20
_CATEGORIES = 8
_MOST_DISTINCT = 50
"""A column of texts with more values than these is told by how long they are."""
_LONGEST_CATEGORY = 60

Facts = dict[str, Any]


def described(table: pa.Table, *, patience_s: float, worked: Callable[[], float] = time.thread_time) -> list[Facts]:
    """A row for each column. Those that are not come to within so much work have a name and a type only.

    It is work that counts: a table looks the same whatever else the machine does.
    """
    ends = worked() + patience_s
    found: list[Facts] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        facts: Facts = {"name": name, "type": _word(column.type)}
        if worked() < ends:
            facts |= _facts(column)
        found.append(facts)
    return found


def _facts(column: pa.ChunkedArray) -> Facts:
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    facts: Facts = {"missing": column.null_count}
    said = column.drop_null()
    if not len(said):
        return facts
    kind = column.type
    try:
        if pa.types.is_boolean(kind):
            return facts | _categories(said.cast(pa.string()))
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            return facts | _numbers(said)
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            return facts | _times(said)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
            return facts | _texts(said.cast(pa.string()))
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            return facts | {"histogram": _bars(pc.list_value_length(said).cast(pa.float64()), "lengths", whole=True)}
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return facts | {"histogram": _bars(pc.binary_length(said).cast(pa.float64()), "sizes", whole=True)}
    except (pa.ArrowException, OverflowError, ValueError):
        return facts
    return facts


def _numbers(said: pa.ChunkedArray) -> Facts:
    values = said.cast(pa.float64())
    finite = values.filter(pc.is_finite(values))
    if not len(finite):
        return {}
    facts: Facts = {
        "min": pc.min(finite).as_py(),
        "max": pc.max(finite).as_py(),
        "mean": pc.mean(finite).as_py(),
        "std": pc.stddev(finite).as_py(),
        "histogram": _bars(finite, "numbers", whole=pa.types.is_integer(said.type)),
    }
    if pa.types.is_integer(said.type):
        facts |= {"min": pc.min(said).as_py(), "max": pc.max(said).as_py()}
    return facts


def _times(said: pa.ChunkedArray) -> Facts:
    moments = said.cast(pa.timestamp("us", getattr(said.type, "tz", None)))
    low, high = pc.min(moments), pc.max(moments)
    is_day = pa.types.is_date(said.type)
    shown = [str(one.cast(pa.date32())) if is_day else one.as_py().isoformat() for one in (low, high)]
    bars = _bars(moments.cast(pa.int64()).cast(pa.float64()), "times", whole=False)
    return {"min": shown[0], "max": shown[1], "histogram": bars | {"start": shown[0], "stop": shown[1]}}


def _texts(said: pa.ChunkedArray) -> Facts:
    distinct = pc.count_distinct(said).as_py()
    if distinct <= _MOST_DISTINCT or distinct * 20 <= len(said):
        return _categories(said) | {"distinct": distinct}
    lengths = pc.utf8_length(said).cast(pa.float64())
    facts: Facts = {"distinct": distinct, "histogram": _bars(lengths, "lengths", whole=True)}
    return facts | {"min": int(pc.min(lengths).as_py()), "max": int(pc.max(lengths).as_py()), "mean": pc.mean(lengths).as_py()}


def _categories(said: pa.ChunkedArray) -> Facts:
    counted = pc.value_counts(said)
    pairs = sorted(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True), key=lambda p: (-p[1], p[0]))
    shown = [{"value": value[:_LONGEST_CATEGORY], "count": count} for value, count in pairs[:_CATEGORIES]]
    others = sum(count for _, count in pairs[_CATEGORIES:])
    return {"distinct": len(pairs), "histogram": {"kind": "categories", "values": shown, "others": others}}


def _bars(values: pa.ChunkedArray, kind: str, *, whole: bool) -> Facts:
    """How many values are in each of at most twenty steps; of whole numbers that are few, a step each."""
    low, high = pc.min(values).as_py(), pc.max(values).as_py()
    width = high - low
    if width == 0:
        return {"kind": kind, "start": low, "stop": high, "counts": [len(values)]}
    bars = int(width) + 1 if whole and width < _BARS else _BARS
    # A step for each whole number ends where the next begins.
    scale = bars / (width + 1 if whole and width < _BARS else width)
    steps = pc.min_element_wise(pc.floor(pc.multiply(pc.subtract(values, low), scale)).cast(pa.int64()), bars - 1)
    counted = pc.value_counts(steps)
    counts = [0] * bars
    for step, count in zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True):
        counts[max(0, step)] = count
    return {"kind": kind, "start": low, "stop": high, "counts": counts}


def _word(kind: pa.DataType) -> str:
    for test, word in _WORDS:
        if test(kind):
            return word
    return str(kind)


_WORDS: list[tuple[Callable[[pa.DataType], bool], str]] = [
    (pa.types.is_null, "empty"),
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "integer"),
    (lambda kind: pa.types.is_floating(kind) or pa.types.is_decimal(kind), "number"),
    (pa.types.is_timestamp, "time"),
    (pa.types.is_date, "date"),
    (lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind), "text"),
    (lambda kind: pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind), "list"),
    (pa.types.is_struct, "record"),
    (lambda kind: pa.types.is_binary(kind) or pa.types.is_large_binary(kind), "bytes"),
]
