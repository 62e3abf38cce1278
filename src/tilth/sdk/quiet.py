"""What is shown on the console and reported already: whoever records the console passes it over."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["is_silent", "silence"]


class _Told(threading.local):
    value = False


_told = _Told()


def is_silent() -> bool:
    """Whether what this thread writes now is reported already."""
    return _told.value


@contextmanager
def silence() -> Iterator[None]:
    """Let what this thread writes meanwhile be shown, and not be recorded a second time."""
    before, _told.value = _told.value, True
    try:
        yield
    finally:
        _told.value = before
