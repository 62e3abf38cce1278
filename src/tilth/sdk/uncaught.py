"""Which status the process ends with, if it ends by a `SystemExit` that nobody catches.

No hook is called for one, it is gone when `atexit` comes, and in `raise SystemExit(3)` no function takes part that could be replaced.
But Python asks the exception for its `code`, outside of any frame, and only to end the process with it. So the attribute is looked at
while a run is recorded.
"""

import gc
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["status_of", "watch_uncaught"]

_NAME = "code"


def watch_uncaught(tell: Callable[[int], None]) -> Callable[[], None]:
    """Hear of the status with which the main thread ends the process; returns what ends that. Nothing, where Python is another one."""
    attributes = next((found for found in gc.get_referents(SystemExit.__dict__) if isinstance(found, dict)), None)
    if sys.implementation.name != "cpython" or attributes is None or _NAME not in attributes:
        return lambda: None
    before = attributes[_NAME]

    def read(error: SystemExit) -> Any:
        code = before.__get__(error, type(error))
        if sys._getframe().f_back is None and threading.current_thread() is threading.main_thread():
            tell(status_of(code))
        return code

    watched = property(read, before.__set__, before.__delete__, before.__doc__)

    def undo() -> None:
        if attributes[_NAME] is watched:
            _put(attributes, before)

    _put(attributes, watched)
    return undo


def status_of(code: object) -> int:
    """The status that Python makes of what a SystemExit was given."""
    return code if isinstance(code, int) else 0 if code is None else 1


def _put(attributes: dict[str, Any], descriptor: object) -> None:
    """Exchange the attribute of a type that does not let itself be changed, and make Python forget what it remembers of it."""
    attributes[_NAME] = descriptor
    ctypes = import_module("ctypes")
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(SystemExit))
