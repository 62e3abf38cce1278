"""A listing in numbers: how many files of which type, and of which size; of a very long one, of some Segments spread evenly."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from tilth.datasets.browsing import Listing
from tilth.datasets.columns import numbers
from tilth.domain.dataset import Total

__all__ = ["EDGES", "Shape", "shape_of"]

EDGES = tuple(10**power for power in range(3, 13))
"""Each next bar of the sizes begins at one of these: 1 kB, 10 kB and so on."""

_TYPE = r"[^/]\.(?P<type>[^./\n]{1,12})$"
"""The ending of a name that has something before it."""


class Shape(Struct, frozen=True):
    """What was counted."""

    seen: int
    """As many files were looked at."""
    types: dict[str, Total]
    """By the ending of the name, without the dot; an empty one for none."""
    sizes: list[int]
    """For each pair of neighbours among 0, `EDGES` and infinity."""


def shape_of(listing: Listing, *, most: int) -> Shape:
    """Count at most so many files, or one Segment."""
    files: Counter[str] = Counter()
    size_bytes: Counter[str] = Counter()
    sizes = [0] * (len(EDGES) + 1)
    seen = 0
    step = max(1, -(-len(listing) // most))
    for segment in listing.segments[::step]:
        table = listing.sizes(segment)
        seen += len(table)
        for type, count, total in _by_type(table):
            files[type or ""] += count
            size_bytes[type or ""] += total
        below = [0, *(pc.sum(pc.less(table.column("size"), edge)).as_py() for edge in numbers(EDGES)), len(table)]
        sizes = [count + stop - start for count, start, stop in zip(sizes, below, below[1:], strict=False)]
    return Shape(seen, {type: Total(files[type], size_bytes[type]) for type in files}, sizes)


def _by_type(table: pa.Table) -> list[tuple[str | None, int, int]]:
    endings = pc.struct_field(pc.extract_regex(table.column("path"), _TYPE), "type")
    columns = pa.table({"type": pc.utf8_lower(endings), "size": table.column("size")})
    grouped = columns.group_by("type").aggregate([("size", "count"), ("size", "sum")])
    return list(zip(*(grouped.column(name).to_pylist() for name in ("type", "size_count", "size_sum")), strict=True))
