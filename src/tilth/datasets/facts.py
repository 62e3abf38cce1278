"""What a listing says of its files, as Arrow tables for people's own tools: paths, sizes, hashes, times and modes, without places."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tilth.base.errors import Corrupt
from tilth.domain.dataset import Link

__all__ = ["Fact", "below", "facts_of_rows", "facts_of_segment", "filtered", "table_of"]

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
        elsewhere = [(link.address, link.is_hashed) if link else (None, None) for link in links]
        yield _batch(
            pa.array(paths, pa.string()),
            pa.array(sizes, pa.int64()),
            pa.array(digests, pa.binary(_DIGEST)),
            pa.array(times, pa.int64()),
            pa.array(modes, pa.uint16()),
            pa.StructArray.from_arrays(
                [pa.array([one[0] for one in elsewhere], pa.string()), pa.array([one[1] for one in elsewhere], pa.bool_())],
                ["address", "hashed"],
            ),
        )


def below(batch: pa.RecordBatch, prefix: str) -> pa.RecordBatch:
    """The files at `prefix`, or below it as a folder."""
    path = batch.column("path")
    inside = pc.and_(pc.greater_equal(path, f"{prefix}/"), pc.less(path, f"{prefix}0"))  # "0" is the character after "/"
    return batch.filter(pc.or_(inside, pc.equal(path, prefix)))


def filtered(batch: pa.RecordBatch, means: Callable[[str], bool]) -> pa.RecordBatch:
    """The files whose paths pass a test."""
    return batch.filter(pa.array([means(path) for path in batch.column("path").to_pylist()], pa.bool_()))


def table_of(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    """All batches as one table, which has its columns also without rows."""
    return pa.Table.from_batches(list(batches), schema=_FACTS)


def _batch(
    paths: pa.Array, sizes: pa.Array, digests: pa.Array, times: pa.Array, modes: pa.Array, links: pa.StructArray | None
) -> pa.RecordBatch:
    hashes = _hexadecimal(digests)
    addresses = pa.nulls(len(paths), pa.string())
    if links is not None:
        addresses, is_hashed = links.flatten()[links.type.get_field_index("address")], links.flatten()[links.type.get_field_index("hashed")]
        # The hash of a link that nobody read is none of its bytes.
        hashes = pc.if_else(pc.fill_null(is_hashed, True), hashes, pa.scalar(None, pa.string()))  # noqa: FBT003
    columns = [
        paths,
        sizes.cast(pa.int64()),
        hashes,
        times.cast(_FACTS.field("modified").type),
        modes.cast(pa.uint16()),
        addresses.cast(pa.string()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_FACTS)


def _hexadecimal(digests: pa.Array) -> pa.Array:
    """In one piece: a string for each of a million hashes would take most of the time."""
    raw = digests.cast(pa.binary(_DIGEST)).buffers()[1]
    begin, length = digests.offset * _DIGEST, len(digests) * _DIGEST
    text = memoryview(raw)[begin : begin + length].hex().encode() if len(digests) else b""
    ends = array("i", range(0, 2 * length + 1, 2 * _DIGEST))
    return pa.StringArray.from_buffers(len(digests), pa.py_buffer(ends), pa.py_buffer(text))
