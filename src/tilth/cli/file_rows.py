"""How a version's files are printed row by row: a million lines at once in columns, since a string for each would take most of the time."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tilth.base.addresses import shown_address
from tilth.cli.output import count, size, stream_bytes, stream_json, stream_lines
from tilth.datasets.columns import flag, number, text
from tilth.domain.dataset import Total
from tilth.domain.version import DatasetVersion
from tilth.sdk.listed import Listed, Measure, measure_of

__all__ = ["ELSEWHERE", "UNKNOWN", "tell_files"]

ELSEWHERE = "sha256, or where it lies"
UNKNOWN = "?"
"""Stands for the size of a file that nobody has asked for."""
_PLAIN = r"^[a-z][a-z0-9+.-]*://[^@?#\s\x00-\x1f]+$"
_LONGEST_PLAIN = 250


def tell_files(rows: Listed, version: DatasetVersion, page: int | None, page_size: int, *, json: bool) -> None:
    """Print files, all or one page of them, and the total; those that lie elsewhere with their address."""
    first = 0 if page is None else page * page_size
    batches = rows.batches(first, None if page is None else first + page_size)
    if json:
        total = rows.total()
        head = {"id": version.id, "total_files": total.files, "total_bytes": total.size_bytes}
        stream_json(head, "files", chain.from_iterable(map(_documents, batches)))
        return
    if page is None:
        measure = rows.measure()
    else:  # a page is as wide as what is on it
        shown = list(batches)
        measure = sum(map(measure_of, shown), Measure())
        batches = iter(shown)
    total = rows.total()
    unknown: list[int] = []
    stream_bytes(_texts(batches, measure, unknown) if total.files else ())
    stream_lines([_total_line(total, sum(unknown))])


def _texts(batches: Iterable[pa.RecordBatch], measure: Measure, unknown: list[int]) -> Iterator[memoryview]:
    """The header and the lines of all rows, many at once; appends to `unknown` how many sizes are not known."""
    size_width = max(len(str(measure.largest)), len("bytes"))
    widths = {"change": len("modified"), "path": max(measure.widest, len("path")), "size": size_width}
    told_header = False
    for batch in batches:
        columns = [name for name in ("change", "path", "size") if name in batch.schema.names]
        if not told_header:
            names = ["bytes" if name == "size" else name for name in columns]
            header = [name.ljust(widths[column]) for name, column in zip(names, columns, strict=True)]
            yield memoryview("  ".join([*header, ELSEWHERE if measure.has_links else "sha256"]).encode() + b"\n")
            told_header = True
        unknown.append(batch.column("size").null_count)
        cells = [pc.utf8_rpad(_text(batch.column(column)), widths[column]) for column in columns]
        yield _lines([*cells, pc.coalesce(_shown(batch.column("link")), batch.column("sha256"), text(""))])


def _lines(cells: Sequence[pa.StringArray]) -> memoryview:
    """One line for each row, in one piece."""
    lines = pc.utf8_rtrim_whitespace(pc.binary_join_element_wise(*cells, text("  ")))
    ended = pc.binary_join_element_wise(lines, text(""), text("\n"))
    ends = ended.buffers()[1]
    first, last = (memoryview(ends).cast("i")[at] for at in (ended.offset, ended.offset + len(ended)))
    return memoryview(ended.buffers()[2])[first:last]


def _text(cells: pa.Array) -> pa.StringArray:
    return cells if cells.type == pa.string() else cells.cast(pa.string()).fill_null(text(UNKNOWN))


def _documents(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    names = [name for name in ("change", "path", "size", "sha256") if name in batch.schema.names]
    columns = (batch.column(name).to_pylist() for name in names)
    if batch.column("link").null_count == batch.num_rows:
        return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
    links = _shown(batch.column("link")).to_pylist()
    rows = zip(zip(*columns, strict=True), links, strict=True)
    return (dict(zip(names, row, strict=True)) | ({"link": link} if link else {}) for row, link in rows)


def _shown(addresses: pa.StringArray) -> pa.StringArray:
    """Addresses as `shown_address` tells them. Those that it leaves as they are, nearly all, are not looked at one by one."""
    plain = pc.and_(pc.match_substring_regex(addresses, _PLAIN), pc.less_equal(pc.utf8_length(addresses), number(_LONGEST_PLAIN)))
    others = pc.fill_null(pc.invert(plain), flag(value=False))
    if not pc.any(others).as_py():
        return addresses
    told = [shown_address(address) for address in addresses.filter(others).to_pylist()]
    return pc.replace_with_mask(addresses, others, pa.array(told, pa.string()))


def _total_line(total: Total, unknown: int) -> str:
    if unknown:
        more = f"at least {size(total.size_bytes)} ({total.size_bytes} bytes): of {count(unknown, 'link')} the size is not known"
        return f"total {count(total.files, 'file')}, {more}"
    return f"total {count(total.files, 'file')}, {size(total.size_bytes)} ({total.size_bytes} bytes)"
