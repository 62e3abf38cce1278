"""Columns that are put together from buffers are those that pyarrow makes, and pandas is not asked."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.datasets.columns import flags, hashes, numbers, texts

WRITES = """
import sys
from pathlib import Path
from tilth.testing.repositories import Workbench
bench = Workbench(Path(sys.argv[1]))
first = bench.version({"a": b"1", "b/c": b"2" * 9_000_000})
second = bench.version({"a": b"1", "d": b"3"}, first)
assert bench.contents(second) == {"a": b"1", "d": b"3"}
assert "pandas" not in sys.modules
"""


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]))))
def test_texts(values: list[str | None]) -> None:
    made = texts(values)
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.string()))


@given(st.lists(st.none() | st.binary(min_size=32, max_size=32)))
def test_hashes(values: list[bytes | None]) -> None:
    made = hashes(values)
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.binary(32)))


def test_hashes_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        hashes([bytes(32), bytes(31)])


@given(st.lists(st.booleans()))
def test_flags(values: list[bool]) -> None:
    assert flags(values).equals(pa.array(values, pa.bool_()))


@pytest.mark.parametrize("kind", [pa.uint16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64()], ids=str)
def test_numbers(kind: Any) -> None:
    bits = kind.bit_width
    values = [0, 1, 2 ** (bits - 1) - 1] + ([-(2 ** (bits - 1))] if str(kind).startswith("int") else [2**bits - 1])
    assert numbers(values, kind).equals(pa.array(values, kind))
    with pytest.raises(OverflowError):
        numbers([2**bits], kind)


def test_writing_a_version_does_not_load_pandas(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    subprocess.run([sys.executable, "-c", WRITES, str(tmp_path)], check=True, timeout=120)
