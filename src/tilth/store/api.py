"""What the engine asks of a place that keeps objects: one small protocol that every store implements.

Keys are relative, `/`-separated, made of `[A-Za-z0-9._-]`. Objects are immutable once read by anybody: the engine never
overwrites a key whose content matters, except the claims and heartbeats of a live Session.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NewType, Protocol, TypeAlias

from msgspec import Struct

__all__ = ["Buffer", "Key", "ObjectInfo", "ObjectStore", "OtherObject", "Signed"]

Key = NewType("Key", str)
Buffer: TypeAlias = bytes | bytearray | memoryview


class ObjectInfo(Struct, frozen=True):
    """An object as a listing shows it."""

    key: Key
    size_bytes: int
    modified_s: float
    """Seconds since the epoch by the store's clock; used for liveness and display only, never for safety."""


class OtherObject(Struct, frozen=True, gc=False):
    """An object of somebody else's, which may be replaced at any time: where it lies, and the state that it is in."""

    key: str
    size_bytes: int
    etag: str
    """Changes with the content."""
    modified_ns: int


class Signed(Struct, frozen=True):
    """An address that says by itself what its holder may do, and the headers that have to come with the request."""

    url: str
    headers: Mapping[str, str] = {}


class ObjectStore(Protocol):
    """Strongly consistent: what a finished call wrote, every later call of anybody sees, listings included."""

    def put(self, key: Key, parts: Sequence[Buffer]) -> None:
        """Write `parts`, joined, at `key`; durable and whole when it returns, absent or the old object otherwise. Safe to retry."""

    def put_if_absent(self, key: Key, data: Buffer) -> bool:
        """Create `key` atomically and durably; return False, changing nothing, if it exists."""

    def get(self, key: Key) -> bytes:
        """The whole object; `ObjectNotFound` if there is none."""

    def get_range(self, key: Key, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`; a negative `start` counts from the end. `Corrupt` if the object is shorter."""

    def head(self, key: Key) -> ObjectInfo | None:
        """What the listing would show, or None if the object does not exist."""

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix` and is greater than `after`, in key order. `prefix` is empty or ends with `/`."""

    def delete(self, keys: Iterable[Key]) -> None:
        """Remove the objects; those that do not exist are passed over. Safe to retry."""

    def local_path(self, key: Key) -> Path | None:
        """The file that holds the object, if this store keeps plain files on this machine; read it, never write it."""
