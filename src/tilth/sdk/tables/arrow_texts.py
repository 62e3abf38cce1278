"""Values of Arrow as texts: equal values as equal texts, whatever types tell them, and each other value as another one."""

import json
from array import array
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tilth.sdk.tables.plain_arrays import binary_array, places_array, plain_array
from tilth.sdk.tables.rows import Cell

__all__ = ["cells_in", "differing", "lists_of", "moment_texts", "number_texts", "packed_texts", "texts_of"]

_ESCAPED = b'"\\' + bytes(range(0x20))


def packed_texts(batch: Any, places: Sequence[int | None], *, empty: bool) -> list[bytes] | None:
    """What `Rows.packed` says, without looking at each value; None where that does not do."""
    parts = []
    for at in places:
        part = pa.nulls(batch.num_rows, pa.string()) if at is None else _quick_texts(batch.column(at))
        if part is None:
            return None
        if at is not None and not _is_primitive(batch.column(at).type):
            if not _stands_as_it_is(part):
                return None
            part = part if empty else _without_empty(part)
        parts.append(part)
    if not parts:
        return None
    if any(part.null_count for part in parts):
        quote, nothing = _scalar('"'), _scalar("null")
        quoted = [pc.fill_null(_joined(quote, part, quote), nothing) for part in parts]
        inner, before, behind = _joined(*quoted, between=",") if len(quoted) > 1 else quoted[0], "[", "]"
    else:  # what stands between them is the same everywhere
        inner, before, behind = _joined(*parts, between='","') if len(parts) > 1 else parts[0], '["', '"]'
    found: list[bytes] = pc.cast(_joined(_scalar(before), inner, _scalar(behind)), pa.binary()).to_pylist()
    return found


def _joined(*parts: Any, between: str = "") -> Any:
    return pc.binary_join_element_wise(*parts, _scalar(between))


def _scalar(value: Any) -> Any:
    """A value as Arrow's functions take it; given a plain one, they load pandas."""
    return plain_array([value])[0]


def _quick_texts(column: Any) -> Any:
    """A column as texts, if Arrow casts it to those that `texts_of` gives; None otherwise."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if _is_primitive(column.type) or pa.types.is_large_string(column.type):
        return pc.cast(column, pa.string())
    return column if pa.types.is_string(column.type) else None


def _stands_as_it_is(texts: Any) -> bool:
    """Whether nothing in these texts has to be escaped."""
    _, ends, held = texts.buffers()
    if held is None or not len(texts):
        return True
    offsets = memoryview(ends).cast("i")
    bytes_of = held[offsets[texts.offset] : offsets[texts.offset + len(texts)]].to_pybytes()
    return len(bytes_of.translate(None, _ESCAPED)) == len(bytes_of)


def _without_empty(texts: Any) -> Any:
    return pc.if_else(pc.equal(texts, _scalar("")), pa.nulls(1, pa.string())[0], texts)


def cells_in(batch: Any, places: Sequence[int | None]) -> Any:
    """What `Rows.cells_at` says of all rows of a batch."""
    count, width = batch.num_rows, len(places)
    columns = []
    for at in places:
        column = pa.nulls(count, pa.string()) if at is None else _quick_texts(batch.column(at))
        if column is None:
            column = pa.array(texts_of(batch.column(at)), pa.large_string())
        columns.append(pc.cast(_without_empty(column), pa.large_binary()))
    order = array("q", bytes(8 * count * width))
    for at in range(width):
        order[at::width] = array("q", range(at * count, (at + 1) * count))
    values = pa.concat_arrays(columns).take(places_array(order)) if columns else binary_array(())
    return _lists(values, count, width)


def lists_of(flat: Sequence[Cell], count: int, width: int) -> Any:
    """Cells that follow each other as `count` lists."""
    return _lists(plain_array(flat).cast(pa.large_binary()), count, width)


def _lists(values: Any, count: int, width: int) -> Any:
    return pa.LargeListArray.from_arrays(places_array([at * width for at in range(count + 1)]), values)


def differing(old: Any, now: Any, width: int) -> list[int]:
    """In how many of these lists of `width` cells the first cell differs, the second, and so on."""
    was, is_now = old.flatten(), now.flatten()
    differs = pc.fill_null(pc.not_equal(was, is_now), _scalar(value=True))
    differs = pc.and_not(differs, pc.and_(pc.is_null(was), pc.is_null(is_now)))
    said = pc.cast(differs, pa.uint8()).buffers()[1].to_pybytes()[: len(was)]
    return [said[at::width].count(1) for at in range(width)]


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
