"""A store in memory, for tests and for models of the protocol."""

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tilth.base.errors import Corrupt, ObjectNotFound
from tilth.store.api import Buffer, Key, ObjectInfo

__all__ = ["MemoryStore"]


class MemoryStore:
    """Objects in a dictionary. Every call is atomic, as one request to a real store is."""

    def __init__(self) -> None:
        self._objects: dict[Key, tuple[bytes, float]] = {}

    def put(self, key: Key, parts: Sequence[Buffer]) -> None:
        self._objects[key] = (b"".join(parts), time.time())

    def put_if_absent(self, key: Key, data: Buffer) -> bool:
        stored = (bytes(data), time.time())
        return self._objects.setdefault(key, stored) is stored

    def get(self, key: Key) -> bytes:
        try:
            return self._objects[key][0]
        except KeyError:
            raise ObjectNotFound(f"object {key} does not exist") from None

    def get_range(self, key: Key, start: int, length: int) -> bytes:
        whole = self.get(key)
        begin = max(len(whole) + start, 0) if start < 0 else start
        data = whole[begin : begin + length]
        if len(data) != length:
            raise Corrupt(
                f"object {key} is {len(whole)} bytes long and can't hold {length} bytes from {start}", hint="run `tilth data verify`"
            )
        return data

    def head(self, key: Key) -> ObjectInfo | None:
        found = self._objects.get(key)
        return ObjectInfo(key, len(found[0]), found[1]) if found else None

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectInfo]:
        found = [(key, *value) for key, value in self._objects.items() if key.startswith(prefix) and key > after]
        for key, data, modified in sorted(found):
            yield ObjectInfo(key, len(data), modified)

    def delete(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._objects.pop(key, None)

    def local_path(self, key: Key) -> Path | None:
        return None
