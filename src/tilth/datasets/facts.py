"""What a listing says of its files, as Arrow tables for people's own tools: paths, sizes, hashes, times and modes, without places."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tilth.base.errors import Corrupt
from tilth.datasets.columns import flag, flags, hashes, nothing, number, numbers, text, texts
from tilth.domain.dataset import NO_BYTES, Link

__all__ = [
    "LINK",
    "Fact",
    "below",
    "contents_of_rows",
    "facts_of_rows",
    "facts_of_segment",
    "filtered",
    "links_in_columns",
    "table_of",
    "told",
]

Filtered = TypeVar("Filtered", pa.RecordBatch, pa.Table)
Fact = tuple[str, int, bytes, int, int, Link | None]
"""Path, size, SHA-256, time of modification in nanoseconds, permission bits of a file, and where it lies if that is elsewhere."""

_FACTS = pa.schema(
    [
        ("path", pa.string()),
        ("size", pa.int64()),
        ("sha256", pa.string()),
        ("modified", pa.timestamp("ns", tz="UTC")),
        ("mode", pa.uint16()),
        ("link", pa.string()),
    ]
)
_COLUMNS = ["path", "size", "sha256", "mtime_ns", "mode"]
_DIGEST = 32
_ROWS_AT_ONCE = 1 << 18
LINK = pa.struct([("address", pa.string()), ("etag", pa.string()), ("hashed", pa.bool_())])
"""How a link stands in a column."""
_CONTENTS = pa.schema([("path", pa.string()), ("size", pa.int64()), ("sha256", pa.binary(_DIGEST)), ("link", LINK)])


def facts_of_segment(data: bytes, *, name: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
    """The files of an encoded Segment, at most so many in a batch; `Corrupt` names it if it can't be read."""
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        columns = [*_COLUMNS, "link"] if "link" in file.schema_arrow.names else _COLUMNS
        for batch in file.iter_batches(batch_rows, columns=columns, use_threads=False):
            column = {field: batch.column(field) for field in batch.schema.names}
            yield _batch(
                column["path"].cast(pa.string()), column["size"], column["sha256"], column["mtime_ns"], column["mode"], column.get("link")
            )
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise Corrupt(f"segment {name} is damaged: {error}", hint="run `tilth data verify`") from error


def facts_of_rows(rows: Iterable[Fact], *, batch_rows: int) -> Iterator[pa.RecordBatch]:
    """The same of rows that were put together here."""
    iterator = iter(rows)
    while batch := list(islice(iterator, batch_rows)):
        paths, sizes, digests, times, modes, links = zip(*batch, strict=True)
        yield _batch(
            texts(paths),
            numbers(sizes),
            hashes(digests),
            numbers(times),
            numbers(modes, pa.uint16()),
            links_in_columns(links),
        )


def contents_of_rows(rows: Iterable[Fact]) -> pa.Table:
    """Paths, sizes, hashes and links of rows, as Segments have them."""
    iterator = iter(rows)
    tables = []
    while batch := list(islice(iterator, _ROWS_AT_ONCE)):
        paths, sizes, digests, _, _, links = zip(*batch, strict=True)
        columns = {"path": texts(paths), "size": numbers(sizes), "sha256": hashes(digests), "link": links_in_columns(links)}
        tables.append(pa.table(columns, schema=_CONTENTS))
    return pa.concat_tables(tables) if tables else pa.Table.from_arrays([pa.nulls(0, field.type) for field in _CONTENTS], schema=_CONTENTS)


def links_in_columns(links: Sequence[Link | None]) -> pa.StructArray:
    """Links as Segments have them, null where a file is none."""
    is_none = flags(link is None for link in links)
    columns = [
        texts([link.address if link else None for link in links]),
        texts([link.etag if link else None for link in links]),
        pc.if_else(is_none, nothing(pa.bool_()), flags(link is not None and link.is_hashed for link in links)),
    ]
    return pa.StructArray.from_arrays(columns, fields=list(LINK), mask=is_none)


def below(batch: pa.RecordBatch, prefix: str) -> pa.RecordBatch:
    """The files at `prefix`, or below it as a folder."""
    path = batch.column("path")
    inside = pc.and_(pc.greater_equal(path, text(f"{prefix}/")), pc.less(path, text(f"{prefix}0")))  # "0" is the character after "/"
    return batch.filter(pc.or_(inside, pc.equal(path, text(prefix))))


def filtered(batch: Filtered, means: Callable[[str], bool]) -> Filtered:
    """The files whose paths pass a test."""
    return batch.filter(flags(map(means, batch.column("path").to_pylist())))


def table_of(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    """All batches as one table, which has its columns also without rows."""
    return pa.Table.from_batches(list(batches), schema=_FACTS)


def told(sizes: pa.Array, digests: pa.Array, links: pa.StructArray | None) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Sizes, hashes in hexadecimal digits and addresses as they are told: null where nobody knows them, or there is none."""
    digits, sizes = _hexadecimal(digests), sizes.cast(pa.int64())
    if links is None:
        return sizes, digits, pa.nulls(len(sizes), pa.string())
    addresses, etags, is_hashed = (links.flatten()[links.type.get_field_index(name)] for name in ("address", "etag", "hashed"))
    # The hash of a link that nobody read is none of its bytes.
    digits = pc.if_else(pc.fill_null(is_hashed, flag(value=True)), digits, nothing(pa.string()))
    sizes = pc.if_else(_is_of_unknown_size(sizes, digits, etags), nothing(pa.int64()), sizes)
    return sizes, digits, addresses.cast(pa.string())


def _batch(
    paths: pa.Array, sizes: pa.Array, digests: pa.Array, times: pa.Array, modes: pa.Array, links: pa.StructArray | None
) -> pa.RecordBatch:
    sizes, digits, addresses = told(sizes, digests, links)
    columns = [paths, sizes, digits, times.cast(_FACTS.field("modified").type), modes.cast(pa.uint16()), addresses]
    return pa.RecordBatch.from_arrays(columns, schema=_FACTS)


def _is_of_unknown_size(sizes: pa.Array, digits: pa.Array, etags: pa.Array) -> pa.Array:
    """As `Entry.knows_size` has it."""
    no = flag(value=False)
    is_bare = pc.fill_null(pc.equal(etags, text("")), no)
    is_empty = pc.fill_null(pc.equal(digits, text(NO_BYTES.hex())), no)
    return pc.and_(pc.and_(is_bare, pc.equal(sizes, number(0))), pc.invert(is_empty))


def _hexadecimal(digests: pa.Array) -> pa.Array:
    """In one piece: a string for each of a million hashes would take most of the time."""
    raw = digests.cast(pa.binary(_DIGEST)).buffers()[1]
    begin, length = digests.offset * _DIGEST, len(digests) * _DIGEST
    digits = memoryview(raw)[begin : begin + length].hex().encode() if len(digests) else b""
    ends = array("i", range(0, 2 * length + 1, 2 * _DIGEST))
    return pa.StringArray.from_buffers(len(digests), pa.py_buffer(ends), pa.py_buffer(digits))
