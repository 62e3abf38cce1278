"""Tables of Parquet are joined and compared as one would by hand over Python's values, whatever types hold them."""

import io
import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tilth.sdk.tables.formats import Source
from tilth.sdk.tables.merging import JoinRules, RowConflict, join_tables
from tilth.sdk.tables.row_changes import compare_rows

pytestmark = pytest.mark.property

Rule = Callable[[Any], Any]


def as_it_is(value: Any) -> Any:
    return repr(value)


def number(value: Any) -> Any:
    """A floating number beside others: nothing that is no number is another one, and zero has a sign."""
    return value if value is None else "nan" if math.isnan(value) else (value, math.copysign(1, value))


def text(value: str | None) -> Any:
    return value or None  # where rows are compared, a text without characters is nothing


TEXTS = ["", "a", "null", '"', "\\", '","', "a\nb", "\x00", "\x1f", "ü", '\\"', "]"]
KINDS: list[tuple[Any, list[Any], Rule]] = [
    (pa.string(), TEXTS, text),
    (pa.large_string(), TEXTS, text),
    (pa.dictionary(pa.int8(), pa.string()), TEXTS, text),
    (pa.dictionary(pa.int8(), pa.int64()), [0, 2**53, 2**53 + 1], as_it_is),
    (pa.int64(), [0, 1, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)], as_it_is),
    (pa.uint64(), [0, 2**63, 2**64 - 1], as_it_is),
    (pa.float64(), [0.0, -0.0, 1.0, 0.1, 0.1 + 2**-55, 1e300, math.inf, -math.inf, math.nan], number),
    (pa.float32(), [0.0, -0.0, 0.5, math.inf, math.nan], number),
    (pa.bool_(), [True, False], as_it_is),
    (pa.decimal128(38, 2), [Decimal("0.00"), Decimal("1.50"), Decimal("1.51"), Decimal("123456789012345678901234567890.12")], as_it_is),
    (pa.date32(), [date(1, 1, 1), date(2026, 11, 30)], as_it_is),
    (pa.timestamp("us", "UTC"), [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)], as_it_is),
    (pa.binary(), [b"", b"\xff", b'"'], as_it_is),
    (pa.list_(pa.int64()), [[], [1], [1, None], [2**53 + 1]], as_it_is),
    (pa.struct([("a", pa.string())]), [{"a": ""}, {"a": None}, {"a": '"'}], as_it_is),
]
Row = tuple[Any, ...]
Columns = list[tuple[Any, list[Any], Rule]]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Columns, list[list[Row]]]:
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    row = st.tuples(*(st.one_of(st.none(), st.sampled_from(values)) for _, values, _ in kinds))
    return kinds, [draw(st.lists(row, max_size=8)) for _ in range(2)]


def parquet(kinds: Columns, rows: list[Row]) -> bytes:
    out = io.BytesIO()
    columns = [pa.array([row[at] for row in rows], kind) for at, (kind, _, _) in enumerate(kinds)]
    pq.write_table(pa.table(columns, names=[f"c{at}" for at in range(len(kinds))]), out)
    return out.getvalue()


def sources(kinds: Columns, parts: list[list[Row]]) -> list[Source]:
    files = [parquet(kinds, rows) for rows in parts]
    return [Source("t.parquet", str(at), lambda file=file: io.BytesIO(file)) for at, file in enumerate(files)]  # type: ignore[misc]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs(), st.integers(1, 2))
def test_such_rows_are_compared_as_by_hand(tmp_path: Path, drawn: tuple[Columns, list[list[Row]]], keys: int) -> None:
    kinds, parts = drawn
    key = [f"c{at}" for at in range(len(kinds))][:keys]
    found = compare_rows(*sources(kinds, parts), key=key, shown=100, scratch=tmp_path, skip_malformed=False)
    old, new = ([tuple(rule(cell) for cell, (_, _, rule) in zip(row, kinds, strict=True)) for row in rows] for rows in parts)
    counts: Counter[str] = Counter()
    cells: Counter[str] = Counter()
    lines = []
    for name in dict.fromkeys(row[: len(key)] for row in [*old, *new]):
        was, now = ([(at, row) for at, row in enumerate(rows, 1) if row[: len(key)] == name] for rows in (old, new))
        for (_, one), (line, other) in zip(was, now, strict=False):
            differing = [f"c{at}" for at in range(len(kinds)) if one[at] != other[at]]
            counts["changed" if differing else "same"] += 1
            cells.update(differing)
            lines += [("changed", line)] if differing else []
        for change, more in (("removed", was[len(now) :]), ("added", now[len(was) :])):
            counts[change] += len(more)
            lines += [(change, line) for line, _ in more]
    assert (found.same, found.changed, found.added, found.removed) == tuple(
        counts[name] for name in ("same", "changed", "added", "removed")
    )
    assert found.cells == {f"c{at}": cells[f"c{at}"] for at in range(len(kinds)) if cells[f"c{at}"]}
    assert Counter((row.change, row.line) for row in found.rows) == Counter(lines)
    for row in found.rows:
        if row.change == "changed":
            assert row.before is not None
            assert row.after is not None
            assert all(row.before[name] != row.after[name] for name in row.before)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs(), st.sampled_from([RowConflict.FIRST, RowConflict.LAST]))
def test_such_rows_are_joined_as_by_hand(tmp_path: Path, drawn: tuple[Columns, list[list[Row]]], rule: RowConflict) -> None:
    kinds, parts = drawn
    out = io.BytesIO()
    rules = JoinRules(key=["c0"], on_conflict=rule)
    report = join_tables(sources(kinds, parts), rules, out, tmp_path, lambda rows: None, skip_malformed=False)
    rows = [row for part in parts for row in part]
    exact = [tuple(number(cell) if isinstance(cell, float) else repr(cell) for cell in row) for row in rows]
    groups: dict[Any, list[int]] = {}
    for at, row in enumerate(exact):
        groups.setdefault(row[0], []).append(at)
    standing = sorted(group[-1 if rule is RowConflict.LAST else 0] for group in groups.values())
    written = pq.read_table(io.BytesIO(out.getvalue()))
    expected = pq.read_table(io.BytesIO(parquet(kinds, [rows[at] for at in standing])))
    assert repr(written.to_pylist()) == repr(expected.to_pylist())
    assert report.conflicts == sum(len({exact[at] for at in group}) > 1 for group in groups.values())
    stands = {row: at for at in standing for row in [exact[at][0]]}
    assert report.overridden == sum(exact[at] != exact[stands[exact[at][0]]] for at in range(len(rows)))
    assert report.duplicates == len(rows) - len(standing) - report.overridden
