"""Columns, and single values to compute with, made of Python's values.

`pyarrow.array`, `pyarrow.scalar` and whatever else is given values of Python's import pandas when they are first called, which takes longer
than listing 100,000 files.
"""

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["flag", "flags", "hashes", "nothing", "number", "numbers", "text", "texts"]

_HASH = 32
_CODES = {pa.int64(): "q", pa.uint64(): "Q", pa.uint32(): "I", pa.uint16(): "H", pa.int32(): "i"}


def numbers(values: Iterable[int], kind: pa.DataType = pa.int64()) -> pa.Array:  # noqa: B008  it never changes
    """A column of whole numbers."""
    found = array(_CODES[kind], values)
    return pa.Array.from_buffers(kind, len(found), [None, pa.py_buffer(found)])


def flags(values: Iterable[bool]) -> pa.BooleanArray:
    """A column of truths."""
    found = array("B", values)
    return pa.Array.from_buffers(pa.uint8(), len(found), [None, pa.py_buffer(found)]).cast(pa.bool_())


def texts(values: Sequence[str | None]) -> pa.StringArray:
    """A column of texts, of which some may be missing."""
    data = [b"" if value is None else value.encode() for value in values]
    ends = array("i", accumulate(map(len, data), initial=0))
    found = pa.StringArray.from_buffers(len(data), pa.py_buffer(ends), pa.py_buffer(b"".join(data)))
    is_missing = [value is None for value in values]
    return pc.if_else(flags(is_missing), nothing(pa.string()), found) if any(is_missing) else found


def hashes(digests: Sequence[bytes | None]) -> pa.FixedSizeBinaryArray:
    """A column of hashes of 32 bytes, of which some may be missing."""
    data = b"".join(bytes(_HASH) if digest is None else digest for digest in digests)
    if len(data) != _HASH * len(digests):
        raise ValueError(f"a hash has {_HASH} bytes")
    found = pa.Array.from_buffers(pa.binary(_HASH), len(digests), [None, pa.py_buffer(data)])
    is_missing = [digest is None for digest in digests]
    return pc.if_else(flags(is_missing), nothing(pa.binary(_HASH)), found) if any(is_missing) else found


def text(value: str) -> pa.StringScalar:
    """A text."""
    return texts([value])[0]


def flag(*, value: bool) -> pa.BooleanScalar:
    """True or false."""
    return flags([value])[0]


def number(value: int) -> pa.Int64Scalar:
    """A whole number."""
    return numbers([value])[0]


def nothing(kind: pa.DataType) -> pa.Scalar:
    """No value of some type."""
    return pa.nulls(1, kind)[0]
