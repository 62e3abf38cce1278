"""Whether a chunk is worth compressing: zstd where a sample shrinks, the bytes as they are where it does not.

Kinds of files are told apart by suffix, and a kind that did not shrink lately is tried less and less often.
"""

import zstandard

from tilth.store.api import Buffer

__all__ = ["Compressor"]

_LEVEL = 3
_LEAST_BYTES = 256
_SAMPLE_BYTES = 64 << 10
_WORTH = 0.95
_MOST_SKIPPED = 255
_DENSE = frozenset(
    [
        "jpg",
        "jpeg",
        "png",
        "gif",
        "webp",
        "heic",
        "avif",
        "jxl",
        "mp3",
        "m4a",
        "aac",
        "ogg",
        "opus",
        "flac",
        "mp4",
        "m4v",
        "mkv",
        "webm",
        "mov",
        "avi",
        "zip",
        "gz",
        "tgz",
        "bz2",
        "xz",
        "zst",
        "lz4",
        "7z",
        "rar",
        "br",
        "npz",
    ]
)


class Compressor:
    """Compresses chunks of many files, and remembers which kinds of files are not worth it."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False, write_content_size=True)
        self._kinds: dict[str, _Kind] = {}

    def squeeze(self, name: str, data: Buffer) -> Buffer:
        """`data`, a chunk of the file `name`, as it is best stored: shorter means one zstd frame, equally long the bytes themselves."""
        if len(data) < _LEAST_BYTES:
            return data
        kind = self._kind(name)
        if kind.skipped < kind.skip:
            kind.skipped += 1
            return data
        if len(data) > _SAMPLE_BYTES and not _shrinks(self._zstd.compress(memoryview(data)[:_SAMPLE_BYTES]), _SAMPLE_BYTES):
            kind.missed()
            return data
        squeezed = self._zstd.compress(data)
        if not _shrinks(squeezed, len(data)):
            kind.missed()
            return data
        kind.hit()
        return squeezed

    def _kind(self, name: str) -> "_Kind":
        suffix = name[name.rfind(".") + 1 :].lower()
        kind = self._kinds.get(suffix)
        if kind is None:
            kind = self._kinds[suffix] = _Kind(_MOST_SKIPPED if suffix in _DENSE else 0)
        return kind


class _Kind:
    def __init__(self, skip: int) -> None:
        self.skip = skip
        self.skipped = 0

    def missed(self) -> None:
        self.skip = min(self.skip * 2 + 1, _MOST_SKIPPED)
        self.skipped = 0

    def hit(self) -> None:
        self.skip = self.skipped = 0


def _shrinks(squeezed: bytes, size: int) -> bool:
    return len(squeezed) < size * _WORTH
