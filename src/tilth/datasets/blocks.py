"""What of a chunk may be handed out without reading all of it: blocks of what was found to be right before.

The SHA-256 of a chunk is of all its bytes. Of a chunk that a process has compared with it, the process can keep what its blocks hash to;
whoever then wants a few bytes reads the blocks that hold them, from wherever the chunk lies, and compares those. So nobody is believed
who may have written there in between.
"""

from collections import OrderedDict
from hashlib import sha256
from threading import Lock

from tilth.store.api import Buffer

__all__ = ["BLOCK_BYTES", "Blocks"]

BLOCK_BYTES = 8 << 10
_HASH_BYTES = 16
_MOST_BYTES = 16 << 20
"""What the blocks of 7 GB hash to."""
_OVERHEAD_BYTES = 256


class Blocks:
    """The hashes of the blocks of chunks, the longest unused forgotten first. Safe for threads."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._held_bytes = 0
        self._known: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = Lock()

    def remember(self, chunk: bytes, data: Buffer) -> None:
        """Note the blocks of the chunk with this SHA-256, which `data` was compared with."""
        with self._lock:
            if chunk in self._known:
                return
        hashes = _hashes(data)
        with self._lock:
            if chunk not in self._known:
                self._known[chunk] = hashes
                self._held_bytes += len(hashes) + _OVERHEAD_BYTES
            while self._held_bytes > self._most_bytes:
                self._held_bytes -= len(self._known.popitem(last=False)[1]) + _OVERHEAD_BYTES

    def knows(self, chunk: bytes) -> bool:
        """Whether the blocks of this chunk are known; asking is a use."""
        with self._lock:
            if chunk not in self._known:
                return False
            self._known.move_to_end(chunk)
            return True

    def are_right(self, chunk: bytes, first: int, data: Buffer) -> bool:
        """Whether `data` is whole blocks of this chunk, from number `first` on; the last one of the chunk may be shorter."""
        hashes = _hashes(data)
        known = self._known.get(chunk, b"")
        return bool(hashes) and known[first * _HASH_BYTES : first * _HASH_BYTES + len(hashes)] == hashes


def _hashes(data: Buffer) -> bytes:
    view = memoryview(data)
    return b"".join(sha256(view[at : at + BLOCK_BYTES]).digest()[:_HASH_BYTES] for at in range(0, len(view), BLOCK_BYTES))
