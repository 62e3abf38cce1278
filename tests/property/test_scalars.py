"""Scalars against a dictionary: whatever is reported in whatever order, what is read is what was reported last."""

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilth.domain.event import Point
from tilth.server.db.sqlite import SqliteDatabase
from tilth.server.stores import scalars as module
from tilth.server.stores.scalars import Scalars

POINTS = st.lists(st.tuples(st.integers(0, 300), st.floats(-100, 100, width=32)), min_size=1, max_size=60)


@given(batches=st.lists(POINTS, min_size=1, max_size=12), most=st.integers(4, 40))
@settings(max_examples=60)
def test_scalars_are_a_dictionary_by_iteration(batches: list[list[tuple[int, float]]], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(module, "BLOCK", 8)
        patch.setattr(module, "_LOOSE", 16)
        with closing(SqliteDatabase(Path(folder) / "tilth.db")) as database:
            expected: dict[int, float] = {}
            low, high = float("inf"), float("-inf")
            for batch in batches:
                with database.writing() as connection:
                    points = [Point(iter, iter * 10, value) for iter, value in batch]
                    Scalars(connection).append("task", {("m", "v"): points}, {})
                expected |= dict(batch)
                low, high = min(low, *dict(batch).values()), max(high, *dict(batch).values())
            with database.reading() as connection:
                scalars = Scalars(connection)
                (series,) = scalars.series_of(["task"])
                whole = scalars.curve(series, 10_000)
                assert dict(zip(whole.iters, whole.values, strict=True)) == expected
                assert list(whole.iters) == sorted(expected)
                assert (series.count, series.value, series.min_value, series.max_value) == (
                    len(expected),
                    expected[max(expected)],
                    low,
                    high,
                )
                assert [point.iter for point in scalars.points(series, after=None, limit=10_000)] == sorted(expected)
                low_part, high_part = sorted(expected)[len(expected) // 3], sorted(expected)[-1 - len(expected) // 3]
                part = scalars.between(series, low_part, high_part)
                near = set(sorted(expected)[max(0, len(expected) // 3 - 1) : len(expected) - len(expected) // 3 + 1])
                assert near <= set(part.iters) <= set(expected)
                assert [expected[iter] for iter in part.iters] == list(part.values)
                reduced = scalars.curve(series, most)
                assert list(reduced.iters) == sorted(set(reduced.iters))
                assert {reduced.iters[0], reduced.iters[-1]} == {min(expected), max(expected)}
                assert all(expected[iter] == value for iter, value in zip(reduced.iters, reduced.values, strict=True))
                assert max(reduced.values) == max(expected.values())
                assert min(reduced.values) == min(expected.values())
