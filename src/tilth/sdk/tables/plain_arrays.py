"""Columns of PyArrow out of Python's plain values, by their bytes.

PyArrow's own conversion gives the same, but loads pandas for it where that is installed, which takes longer than all the rest of a preview.
"""

import struct
from array import array
from collections.abc import Sequence
from importlib import import_module
from itertools import accumulate
from typing import Any

__all__ = ["binary_array", "is_plain", "number_of", "places_array", "plain_array", "whole_array"]

_WHOLE = range(-(1 << 63), 1 << 63)
_EXACT = range(-(1 << 53), (1 << 53) + 1)
"""Whole numbers that stay the same beside others that are none."""
_KINDS: tuple[set[type], ...] = ({bool}, {int}, {float}, {int, float}, {str})


def is_plain(values: Sequence[Any]) -> bool:
    """Whether all are truths, all numbers that an array can hold as they are, or all texts, None aside."""
    kinds = {type(value) for value in values if value is not None}
    room = _WHOLE if kinds == {int} else _EXACT
    return not kinds or (kinds in _KINDS and (int not in kinds or all(value in room for value in values if type(value) is int)))


def plain_array(values: Sequence[Any]) -> Any:
    """Values that are plain as an array: of bool, int64, double, string, or null if there are none."""
    arrow = import_module("pyarrow")
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return arrow.nulls(len(values))
    valid = arrow.py_buffer(_bits([value is not None for value in values])) if None in values else None
    if kinds == {str}:
        texts = [b"" if value is None else value.encode() for value in values]
        ends = array("i", accumulate(map(len, texts), initial=0))
        return arrow.Array.from_buffers(arrow.string(), len(values), [valid, arrow.py_buffer(ends), arrow.py_buffer(b"".join(texts))])
    if kinds == {bool}:
        return arrow.Array.from_buffers(arrow.bool_(), len(values), [valid, arrow.py_buffer(_bits(values))])
    if kinds == {int}:
        whole = array("q", (value or 0 for value in values))
        return arrow.Array.from_buffers(arrow.int64(), len(values), [valid, arrow.py_buffer(whole)])
    broken = array("d", (value or 0.0 for value in values))
    return arrow.Array.from_buffers(arrow.float64(), len(values), [valid, arrow.py_buffer(broken)])


def whole_array(kind: Any, values: "array[int] | bytes") -> Any:
    """Whole numbers that lie there as an array of the type `kind` has them."""
    arrow = import_module("pyarrow")
    return arrow.Array.from_buffers(kind, len(values), [None, arrow.py_buffer(values)])


def places_array(places: Sequence[int]) -> Any:
    """Places of rows, as what takes some of them wants them."""
    return whole_array(import_module("pyarrow").int64(), array("q", places))


def binary_array(values: Sequence[bytes]) -> Any:
    """Bytes, none of which is None."""
    arrow = import_module("pyarrow")
    ends = array("q", accumulate(map(len, values), initial=0))
    return arrow.Array.from_buffers(arrow.large_binary(), len(values), [None, arrow.py_buffer(ends), arrow.py_buffer(b"".join(values))])


def number_of(value: float) -> Any:
    """A number as PyArrow's functions take it."""
    arrow = import_module("pyarrow")
    return arrow.Array.from_buffers(arrow.float64(), 1, [None, arrow.py_buffer(struct.pack("d", value))])[0]


def _bits(values: Sequence[Any]) -> bytes:
    """A bit for each value, the first one lowest."""
    digits = "".join("1" if value else "0" for value in reversed(values))
    return int(digits, 2).to_bytes((len(values) + 7) // 8, "little")
