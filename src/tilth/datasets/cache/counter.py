"""How many bytes lie in a part of the cache, as its processes count them together."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tilth.datasets.cache.locks import let_go, wait_briefly
from tilth.datasets.cache.sharing import Sharing

__all__ = ["Counter"]


class Count:
    """The number, while it is held."""

    def __init__(self, value: int | None) -> None:
        self.value = value


class Counter:
    """A number in a small file. It may be wrong, after a kill or without locks, until somebody looks and sets it right."""

    def __init__(self, path: str, sharing: Sharing, look: Callable[[], int]) -> None:
        self.path = path
        self._sharing = sharing
        self._look = look

    @contextmanager
    def held(self) -> Iterator[Count]:
        """The number of bytes, held alone while it is changed; None if it is not known."""
        descriptor = self._sharing.open(self.path)
        try:
            wait_briefly(descriptor)  # without its lock it only counts less well
            text = os.pread(descriptor, 32, 0)
            count = Count(int(text) if text.strip().isdigit() else None)
            yield count
            if count.value is not None:
                os.pwrite(descriptor, f"{count.value:<31}\n".encode(), 0)
        finally:
            let_go(descriptor)

    def add(self, size: int) -> int:
        """Count `size` more bytes; returns how many there are now."""
        with self.held() as count:
            if count.value is not None:
                count.value = max(0, count.value + size)
                return count.value
        found = self._look()
        with self.held() as count:
            count.value = found
        return found
