"""What an object does in a fork of its process, where the threads are gone that held its locks and used its connections."""

import os
import weakref
from collections.abc import Callable

__all__ = ["renew_after_fork", "rest_during_fork"]


def renew_after_fork(method: Callable[[], None]) -> None:
    """Call a bound method in each fork of this process that happens while its object is there."""
    known = weakref.WeakMethod(method)

    def renew() -> None:
        found = known()
        if found is not None:
            found()

    os.register_at_fork(after_in_child=renew)


def rest_during_fork(rest: Callable[[], None], go_on: Callable[[], None]) -> None:
    """Call one bound method before each fork that happens while its object is there, and the other one after it, in the parent."""
    known = weakref.WeakMethod(rest), weakref.WeakMethod(go_on)

    def call(method: "weakref.WeakMethod[Callable[[], None]]") -> None:
        found = method()
        if found is not None:
            found()

    os.register_at_fork(before=lambda: call(known[0]), after_in_parent=lambda: call(known[1]))
