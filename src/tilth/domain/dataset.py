"""What a dataset version consists of: Entries, the Chunks that hold their bytes, and how two listings differ in numbers."""

from hashlib import sha256

from msgspec import Struct

__all__ = ["NO_BYTES", "ChangeTotals", "ChunkRef", "Entry", "Link", "Total", "fingerprint", "knows_size"]

NO_BYTES = sha256().digest()
"""The hash of an empty file."""


class ChunkRef(Struct, frozen=True, gc=False, array_like=True):
    """Where one Chunk lies: `stored` bytes at `offset` of the object `pack`, which unpack to `raw` bytes.

    `stored == raw` means the bytes lie there as they are; otherwise they are one zstd frame.
    """

    sha256: bytes
    pack: str
    offset: int
    stored: int
    raw: int


class Link(Struct, frozen=True, gc=False):
    """Where the bytes of an entry lie that is only registered, and what was known of them when it was."""

    address: str
    etag: str
    """A text that the other side changes with the content; empty if it says nothing."""
    is_hashed: bool
    """Whether the entry's `sha256` is that of the bytes. Otherwise it is their `fingerprint`."""


class Entry(Struct, frozen=True, gc=False):
    """One path of a version. Its bytes are the bytes of `chunks`, in order; an empty file has none, and neither has a link."""

    path: str
    size: int
    sha256: bytes
    mode: int
    """Permission bits of the file, such as 0o644."""
    mtime_ns: int
    """When the file was last modified, in nanoseconds since the epoch; informative, never part of what makes two entries equal."""
    chunks: tuple[ChunkRef, ...]
    link: Link | None = None
    """Set if the bytes lie elsewhere."""

    @property
    def knows_size(self) -> bool:
        """Whether `size` is that of the bytes (see the function `knows_size`)."""
        return knows_size(self.size, self.sha256, self.link)


def knows_size(size: int, sha256: bytes, link: Link | None) -> bool:
    """Whether a size is that of the bytes. ClearML's clients may register a link without asking how long it is; its size is then 0."""
    return link is None or bool(size or link.etag) or (link.is_hashed and sha256 == NO_BYTES)


def fingerprint(address: str, size: int, etag: str) -> bytes:
    """What stands for the hash of bytes that nobody read: equal only for the same address in the same state.

    Every bit is turned, so that no file has it as its hash: not even one that somebody fills with what is hashed here.
    """
    said = sha256(f"link\0{address}\0{size}\0{etag}".encode()).digest()
    return bytes(byte ^ 0xFF for byte in said)


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
