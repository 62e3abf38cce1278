"""Values of Arrow as texts: equal values as equal texts, whatever types tell them, and each other value as another one."""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tilth.sdk.tables.rows import Cell

__all__ = ["moment_texts", "number_texts", "packed_texts", "texts_of"]

_ESCAPED = r'["\\\x00-\x1f]'


def packed_texts(batch: Any, places: Sequence[int | None], *, empty: bool) -> list[bytes] | None:
    """What `Rows.packed` says, without looking at each value; None where that does not do."""
    parts = []
    for at in places:
        if at is None:
            parts.append(pa.nulls(batch.num_rows, pa.string()))
            continue
        column = batch.column(at)
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_large_string(column.type):
            column = pc.cast(column, pa.string())
        if pa.types.is_string(column.type):
            if pc.any(pc.match_substring_regex(column, _ESCAPED)).as_py():
                return None
            column = column if empty else pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
        elif _is_primitive(column.type):
            column = pc.cast(column, pa.string())
        else:
            return None
        parts.append(column)
    if not parts:
        return None
    if any(part.null_count for part in parts):
        quoted = [pc.fill_null(pc.binary_join_element_wise('"', part, '"', ""), "null") for part in parts]
        inner, before, behind = pc.binary_join_element_wise(*quoted, ",") if len(quoted) > 1 else quoted[0], "[", "]"
    else:  # what stands between them is the same everywhere
        inner, before, behind = pc.binary_join_element_wise(*parts, '","') if len(parts) > 1 else parts[0], '["', '"]'
    found: list[bytes] = pc.cast(pc.binary_join_element_wise(before, inner, behind, ""), pa.binary()).to_pylist()
    return found


def _is_primitive(kind: Any) -> bool:
    """Whether values of this type are cast to texts in which nothing has to be escaped."""
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_date, pa.types.is_timestamp)
    return any(test(kind) for test in tests) and not pa.types.is_float16(kind)


def texts_of(column: Any) -> list[Cell]:
    """The values as texts, each other value as another one; numbers as short as they can be without losing anything."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return texts_of(column.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return list(column.to_pylist())
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return [None if value is None else json.dumps(value, default=_plain, ensure_ascii=False) for value in column.to_pylist()]
    try:
        return list(pc.cast(column, pa.string()).to_pylist())
    except pa.ArrowNotImplementedError:
        return [None if value is None else str(value) for value in column.to_pylist()]


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def number_texts(column: Any) -> Any:
    """Whole numbers and others as texts, equal ones exactly where the numbers are: of whole ones all digits, up to those that are in none.

    Of columns within columns it is the texts of all that they hold.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_nested(column.type):
        found = [None if value is None else json.dumps(_whole(value), default=_plain, ensure_ascii=False) for value in column.to_pylist()]
        return pa.array(found, pa.string())
    if not pa.types.is_floating(column.type):
        return pc.cast(column, pa.string())
    numbers = pc.cast(column, pa.float64())
    texts = pc.cast(numbers, pa.string())
    is_whole = pc.equal(pc.floor(numbers), numbers)
    for kind, least, most in ((pa.int64(), -(2.0**63), 2.0**63), (pa.uint64(), 2.0**63, 2.0**64)):
        fits = pc.and_(is_whole, pc.and_(pc.greater_equal(numbers, least), pc.less(numbers, most)))
        whole = pc.cast(pc.if_else(fits, numbers, 0.0), kind, safe=False)
        texts = pc.if_else(fits, pc.cast(whole, pa.string()), texts)
    return texts


def moment_texts(column: Any) -> Any:
    """Moments as texts, equal ones however finely they are told: without zeros behind the last digit of a second, in UTC if in any zone."""
    if pa.types.is_timestamp(column.type) and column.type.tz:
        column = pc.cast(column, pa.timestamp(column.type.unit, "UTC"))
    texts = pc.cast(column, pa.string())
    for pattern, kept in ((r"(\.[0-9]*[1-9])0+(Z?)$", r"\1\2"), (r"\.0+(Z?)$", r"\1")):
        texts = pc.replace_substring_regex(texts, pattern, kept)
    return texts


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    return [_whole(one) for one in value] if isinstance(value, list) else value
