"""What a dataset version consists of: Entries, and the Chunks that hold their bytes."""

from msgspec import Struct

__all__ = ["ChunkRef", "Entry"]


class ChunkRef(Struct, frozen=True, gc=False, array_like=True):
    """Where one Chunk lies: `stored` bytes at `offset` of the object `pack`, which unpack to `raw` bytes.

    `stored == raw` means the bytes lie there as they are; otherwise they are one zstd frame.
    """

    sha256: bytes
    pack: str
    offset: int
    stored: int
    raw: int


class Entry(Struct, frozen=True, gc=False):
    """One path of a version. Its bytes are the bytes of `chunks`, in order; an empty file has none."""

    path: str
    size: int
    sha256: bytes
    mode: int
    """Permission bits of the file, such as 0o644."""
    mtime_ns: int
    """When the file was last modified, in nanoseconds since the epoch; informative, never part of what makes two entries equal."""
    chunks: tuple[ChunkRef, ...]
