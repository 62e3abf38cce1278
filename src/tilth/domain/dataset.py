"""What a dataset version consists of: Entries, the Chunks that hold their bytes, and how two listings differ in numbers."""

from msgspec import Struct

__all__ = ["ChangeTotals", "ChunkRef", "Entry", "Total"]


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


class Total(Struct, frozen=True):
    """A number of files, and of the bytes in them."""

    files: int = 0
    size_bytes: int = 0

    def plus(self, size: int) -> "Total":
        return Total(self.files + 1, self.size_bytes + size)


class ChangeTotals(Struct, frozen=True):
    """How a listing differs from another, in numbers. A file that only got another path counts as moved, not as added and removed."""

    added: Total = Total()
    removed: Total = Total()
    modified: Total = Total()
    moved: Total = Total()
    unchanged: Total = Total()
