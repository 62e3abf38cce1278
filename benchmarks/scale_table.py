"""What each step costs for a data set of a given shape, on a number of machines, given measured constants."""

from msgspec import Struct

__all__ = ["Constants", "Shape", "table"]

_MACHINES = (1, 10, 100)
_CHUNK_BYTES = 1.21 * (1 << 20)
_PACK_BYTES = 64 << 20
_RANGE_BYTES = 8 << 30
_HOUR = 3_600.0


class Shape(Struct, frozen=True):
    """Many small files and few large ones, and machines to take them in with."""

    small_files: int = 95_000_000
    small_bytes: int = 200_000
    large_files: int = 5_000_000
    large_bytes: int = 196_000_000
    cores: int = 16
    network_bytes_s: float = 10e9 / 8

    @property
    def files(self) -> int:
        return self.small_files + self.large_files

    @property
    def size_bytes(self) -> int:
        return self.small_files * self.small_bytes + self.large_files * self.large_bytes

    @property
    def chunks(self) -> float:
        """Chunks of large files; a small file's own is part of its entry."""
        return self.large_files * self.large_bytes / _CHUNK_BYTES

    @property
    def packs(self) -> float:
        return self.size_bytes / _PACK_BYTES

    @property
    def ranges(self) -> float:
        return self.size_bytes / _RANGE_BYTES


class Constants(Struct, frozen=True, kw_only=True):
    """What was measured: things a second, and bytes a thing."""

    scan_files_s: float
    small_files_s_core: float
    large_bytes_s_core: float
    segment_entries_s: float
    segment_chunks_s: float
    bytes_per_entry: float
    bytes_per_chunk: float
    mark_segment_s: float
    root_of_7000_s: float
    merge_entries_s: float
    merge_over_entries_s: float
    driver_files_s: float
    journal_deltas_s: float
    put_bytes_s_gateway: float = 0.0
    small_puts_s_gateway: float = 0.0
    list_keys_s_gateway: float = 0.0
    tail_reads_s_gateway: float = 0.0
    ray_ranges_s: float = 0.0


def table(measured: Constants, shape: Shape) -> str:
    """The steps, one a line, with the hours that each takes on so many machines."""
    listing = shape.files * measured.bytes_per_entry + shape.chunks * measured.bytes_per_chunk
    segments = (shape.files + shape.chunks) / 80_000
    cpu = shape.small_files / measured.small_files_s_core + shape.large_files * shape.large_bytes / measured.large_bytes_s_core
    # Bytes come in from where they lie and go out to the store, each way at the full rate.
    network = shape.size_bytes / shape.network_bytes_s
    # A chunk takes about as long to be merged as it takes to be written and read again.
    merge = shape.files / measured.merge_entries_s + 2 * shape.chunks / measured.segment_chunks_s
    rows: list[tuple[str, float, bool]] = [
        ("walk and look at each file, one thread", shape.files / measured.scan_files_s, False),
        ("decide, and remember each file", shape.files / measured.driver_files_s, False),
        ("journal, one row a range", shape.ranges / measured.journal_deltas_s, False),
        ("read, cut, hash, compress", cpu / shape.cores, True),
        ("network, in and out at once", network, True),
        ("write deltas", (shape.files / measured.segment_entries_s + shape.chunks / measured.segment_chunks_s) / shape.cores, True),
        ("merge deltas", merge, False),
    ]
    if measured.ray_ranges_s:
        rows.insert(3, ("hand out ranges", shape.ranges / measured.ray_ranges_s, False))
    if measured.tail_reads_s_gateway:
        footers = segments * (measured.mark_segment_s + 1 / measured.tail_reads_s_gateway)
        rows.append(("collect: read the footers of segments", footers, False))
    if measured.list_keys_s_gateway:
        rows.append(("collect: list packs, one thread", shape.packs / measured.list_keys_s_gateway, False))
    what = f"{shape.files:,} files, {shape.size_bytes / 1e15:.2f} PB: {shape.chunks / 1e6:,.0f} M chunks of large files"
    where = f"{shape.packs / 1e6:.1f} M packs, {shape.ranges:,.0f} ranges, {segments:,.0f} segments, a listing of {listing / 1e9:.0f} GB"
    lines = [what, where, "", f"{'hours on so many machines':42}" + "".join(f"{count:>10}" for count in _MACHINES)]
    for name, seconds, spreads in rows:
        hours = [seconds / _HOUR / (count if spreads else 1) for count in _MACHINES]
        lines.append(f"{name:42}" + "".join(f"{value:>10.2f}" for value in hours))
    return "\n".join(lines)
