"""How a large file is cut: FastCDC, at places that depend on nearby bytes only, so that an insertion moves one or two cuts.

Files of at most `ONE_CHUNK_BYTES` are one Chunk, whose SHA-256 is then the file's own.
"""

from pyfastcdc.cy import FastCDC

from tilth.datasets.format import Chunker
from tilth.store.api import Buffer

__all__ = ["CHUNKER", "ONE_CHUNK_BYTES", "cut_points"]

MIN_BYTES = 256 << 10
AVERAGE_BYTES = 1 << 20
MAX_BYTES = 4 << 20
ONE_CHUNK_BYTES = MAX_BYTES
CHUNKER: Chunker = {"name": "fastcdc-2020", "min": MIN_BYTES, "average": AVERAGE_BYTES, "max": MAX_BYTES, "normalization": 2, "seed": 0}
"""What `format.json` records of the chunker; a repository is only ever written with the one that it names."""


def cut_points(block: Buffer, *, last: bool) -> list[int]:
    """Where `block`, which begins at a cut, is cut: the ends of its chunks.

    Unless it is the `last` block of its file, bytes after the last cut that more bytes might extend are left over.
    """
    ends, end = [], 0
    for chunk in FastCDC(AVERAGE_BYTES, min_size=MIN_BYTES, max_size=MAX_BYTES, normalized_chunking=2).cut_buf(block):
        end += chunk.length
        ends.append(end)
    if not last and ends:
        ends.pop()
    return ends
