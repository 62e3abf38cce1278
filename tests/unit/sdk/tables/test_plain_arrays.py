"""Columns made of bytes are those that PyArrow's own conversion makes."""

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.sdk.tables.plain_arrays import is_plain, number_of, plain_array

PLAIN = [
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False),
    st.one_of(st.floats(allow_nan=False), st.integers(-(1 << 53), 1 << 53)),
    st.text(),
]


@given(st.one_of(*(st.lists(st.one_of(st.none(), kind)) for kind in PLAIN)))
def test_plain_values_become_the_same_array(values: list[Any]) -> None:
    assert is_plain(values)
    made = plain_array(values)
    made.validate(full=True)
    assert made.equals(pa.array(values))


@pytest.mark.parametrize("values", [[1, "x"], [True, 1], [1 << 63], [(1 << 53) + 1, 0.5], [[1]], [{}], [b"x"]])
def test_other_values_are_not_plain(values: list[Any]) -> None:
    assert not is_plain(values)


def test_numbers_are_what_functions_take() -> None:
    assert number_of(2.5).equals(pa.scalar(2.5))
    assert math.isnan(number_of(math.nan).as_py())
