"""The files of a version as rows that somebody wants to see: counted, and taken from any row on, in batches of columns.

A listing may have millions of rows, so none is ever kept, and no object is made for each. Where the whole listing is wanted, it is counted
without reading it; of a part, only the Segments are read that hold it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from tilth.base.addresses import shown_address
from tilth.datasets.browsing import Listing, Pieces, children
from tilth.datasets.facts import facts_of_rows, filtered
from tilth.datasets.manifests import Manifest
from tilth.datasets.matching import literal_prefix, matcher
from tilth.datasets.segments import SegmentRef
from tilth.domain.dataset import Total, knows_size
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk.contents import digests, links_of, manifest_of
from tilth.sdk.home import Home

__all__ = ["Listed", "Measure", "TableRows", "any_of", "in_folder", "listed", "measure_of"]

_BATCH = 1 << 15
_KEPT_BYTES = 64 << 20


class Measure(Struct, frozen=True):
    """What rows add up to, and how much room they take when they are printed."""

    total: Total = Total()
    widest: int = 0
    """Characters of the longest path."""
    largest: int = 0
    """Bytes of the largest file."""
    has_links: bool = False
    """Whether any of them lies elsewhere."""

    def __add__(self, other: "Measure") -> "Measure":
        total = Total(self.total.files + other.total.files, self.total.size_bytes + other.total.size_bytes)
        return Measure(total, max(self.widest, other.widest), max(self.largest, other.largest), has_links=self.has_links or other.has_links)


class Listed(Protocol):
    """Files in the order of their paths, with the columns `path`, `size`, `sha256` and `link` of `Dataset.files`."""

    def total(self) -> Total:
        """How many files there are, and bytes in them."""

    def measure(self) -> Measure:
        """The same, and how wide they are."""

    def batches(self, start: int = 0, stop: int | None = None) -> Iterator[pa.RecordBatch]:
        """The rows `start` up to `stop`, or to the end."""


def listed(home: Home, version: DatasetVersion, patterns: Sequence[str] = ()) -> Listed:
    """The files of a version, or those that one of `patterns` means (see `tilth.datasets.matching`)."""
    means = any_of(patterns)
    prefix = literal_prefix(patterns[0]) if len(patterns) == 1 else ""
    if version.status is VersionStatus.UPLOADING:
        return _DraftRows(home, version, prefix, means)
    return _FinalRows(manifest_of(home, version), prefix, means)


def in_folder(home: Home, version: DatasetVersion, folder: str) -> Iterator[tuple[str, int | None, str, str]]:
    """What lies right in a folder: name, size, hash in hexadecimal digits and address, each empty where it is not known, or there is none.

    A folder in it is named with a slash behind it, and has the size of all below it.
    """
    if version.status is VersionStatus.UPLOADING:
        listing = Listing.of_digests(digests(home, version, folder), links_of(home, version, folder))
    else:
        listing = Listing.of_manifest(manifest_of(home, version), Pieces(keep_bytes=_KEPT_BYTES))
    for child in children(listing, folder, after=None, limit=len(listing))[0]:
        if child.is_folder:
            yield f"{child.name}/", listing.total(child.start, child.stop).size_bytes, "", ""
            continue
        size, sha256, link = listing.size(child.start), listing.sha256(child.start), listing.link(child.start)
        known = size if knows_size(size, sha256, link) else None
        yield child.name, known, sha256.hex() if link is None or link.is_hashed else "", shown_address(link.address) if link else ""


class TableRows:
    """The rows of a table that is in memory."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def total(self) -> Total:
        return self.measure().total

    def measure(self) -> Measure:
        return measure_of(self._table)

    def batches(self, start: int = 0, stop: int | None = None) -> Iterator[pa.RecordBatch]:
        return iter(self._table.slice(start, None if stop is None else stop - start).combine_chunks().to_batches(_BATCH))


class _FinalRows:
    """Those of a final version."""

    def __init__(self, manifest: Manifest, prefix: str, means: Callable[[str], bool] | None) -> None:
        self._manifest = manifest
        self._segments = manifest.segments_of(prefix, itself=True)
        self._means = means

    @cached_property
    def _measures(self) -> list[Measure]:
        return [self._measure_of(segment) for segment in self._segments]

    def total(self) -> Total:
        if self._means is None:
            return Total(self._manifest.count, self._manifest.size_bytes)
        return self.measure().total

    def measure(self) -> Measure:
        return sum(self._measures, Measure())

    def batches(self, start: int = 0, stop: int | None = None) -> Iterator[pa.RecordBatch]:
        counts = [segment.entries for segment in self._segments] if self._means is None else [one.total.files for one in self._measures]
        stop = sum(counts) if stop is None else stop
        for segment, count, end in zip(self._segments, counts, accumulate(counts), strict=True):
            if end - count >= stop:
                return
            if end > start and count:
                yield from _sliced(self._narrowed(segment), start - (end - count), stop - (end - count))

    def _narrowed(self, segment: SegmentRef) -> Iterator[pa.RecordBatch]:
        batches = self._manifest.facts_of(segment, batch_rows=_BATCH)
        return batches if self._means is None else (filtered(batch, self._means) for batch in batches)

    def _measure_of(self, segment: SegmentRef) -> Measure:
        rows = self._manifest.outline(segment)
        return measure_of(rows if self._means is None else filtered(rows, self._means))


class _DraftRows:
    """Those of a version that is being made, as it stands at each call."""

    def __init__(self, home: Home, version: DatasetVersion, prefix: str, means: Callable[[str], bool] | None) -> None:
        self._home = home
        self._version = version
        self._prefix = prefix
        self._means = means

    def total(self) -> Total:
        sizes = [size for path, size, _ in digests(self._home, self._version, self._prefix) if self._means is None or self._means(path)]
        return Total(len(sizes), sum(sizes))

    def measure(self) -> Measure:
        return sum(map(measure_of, self.batches()), Measure())

    def batches(self, start: int = 0, stop: int | None = None) -> Iterator[pa.RecordBatch]:
        with self._home.repository_of(self._version).peek_draft(self._version.id) as draft:
            batches = facts_of_rows(draft.facts(self._prefix), batch_rows=_BATCH if stop is None else max(1, min(stop, _BATCH)))
            means = self._means
            yield from _sliced(batches if means is None else (filtered(batch, means) for batch in batches), start, stop)


def _sliced(batches: Iterable[pa.RecordBatch], start: int, stop: int | None) -> Iterator[pa.RecordBatch]:
    """Of rows in batches those from `start` up to `stop`."""
    at = 0
    for batch in batches:
        first = max(0, start - at)
        last = batch.num_rows if stop is None else min(batch.num_rows, stop - at)
        if last > first:
            yield batch.slice(first, last - first)
        at += batch.num_rows
        if stop is not None and at >= stop:
            return


def any_of(patterns: Sequence[str]) -> Callable[[str], bool] | None:
    if not any(patterns):
        return None
    means = [matcher(pattern) for pattern in patterns]
    return means[0] if len(means) == 1 else lambda path: any(test(path) for test in means)


def measure_of(rows: pa.Table | pa.RecordBatch) -> Measure:
    """What rows with the columns `path`, `size` and `link` add up to."""
    paths, sizes, links = (rows.column(name) for name in ("path", "size", "link"))
    if not len(paths):
        return Measure()
    total = Total(len(paths), pc.sum(sizes).as_py() or 0)
    widest = pc.max(pc.utf8_length(paths)).as_py()
    return Measure(total, widest, pc.max(sizes).as_py() or 0, has_links=links.null_count < len(links))
