"""Work that is begun before its turn, by threads, so that nobody waits for one answer after the other; the order stays."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from typing import TypeVar

__all__ = ["ahead", "done"]

T = TypeVar("T")
R = TypeVar("R")


def ahead(begin: Callable[[T], "Future[R]"], items: Iterable[T], most: int) -> Iterator[tuple[T, R]]:
    """Each item with what became of it, in order; at most so many are begun and not asked for."""
    waiting: deque[tuple[T, Future[R]]] = deque()
    todo = iter(items)
    try:
        while True:
            for item in islice(todo, most - len(waiting)):
                waiting.append((item, begin(item)))
            if not waiting:
                return
            item, future = waiting.popleft()
            yield item, future.result()
    finally:
        for _, future in waiting:
            future.cancel()


def done(result: R) -> "Future[R]":
    """Work of which the result is known already."""
    future: Future[R] = Future()
    future.set_result(result)
    return future
