"""What is kept of Segments is kept as it is looked at: one row costs no copy of all."""

from typing import Any

import pyarrow as pa

from tilth.datasets.browsing import Listing, Pieces
from tilth.datasets.columns import flags, hashes, numbers, texts
from tilth.datasets.segments import SegmentRef
from tilth.domain.dataset import Link

DIGESTS = [bytes([number]) * 32 for number in range(4)]
LINKS = pa.StructArray.from_arrays(
    [texts([f"s3://b/{n}" for n in range(4)]), texts([""] * 4), flags([True] * 4)], ["address", "etag", "hashed"]
)


class InPieces:
    """A manifest whose columns come in several pieces, as Parquet gives those of larger Segments."""

    segments = (SegmentRef("a", "d", 4, 10, "key", b""),)

    def columns(self, _segment: SegmentRef, names: list[str]) -> pa.Table:
        known = {"path": texts(["a", "b", "c", "d"]), "size": numbers([1, 2, 3, 4]), "sha256": hashes(DIGESTS), "link": LINKS}
        table = pa.table({name: known[name] for name in names})
        return pa.concat_tables([table.slice(0, 2), table.slice(2)])


def test_no_column_is_copied_for_each_row() -> None:
    manifest: Any = InPieces()
    pieces = Pieces(keep_bytes=1 << 20)
    listing = Listing.of_manifest(manifest, pieces)
    assert [listing.sha256(at) for at in range(4)] == DIGESTS
    assert listing.link(3) == Link("s3://b/3", "", is_hashed=True)
    (segment,) = manifest.segments
    for column in (pieces.hashes, pieces.links):
        first, second = column(manifest, segment), column(manifest, segment)
        assert first is not None
        assert second is not None
        places = [[buffer.address for buffer in found.buffers() if buffer] for found in (first, second)]
        assert places[0] == places[1]
