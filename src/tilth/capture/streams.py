"""What a run writes to its console, and what it logs, also given to whoever records it.

The stream itself is kept: only its `write` is another one, so whoever holds the stream, such as a logging handler made before, is heard,
and everything else of it is as it was.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tilth.base.forking import renew_after_fork
from tilth.capture.guarding import Guard
from tilth.capture.lines import Lines
from tilth.capture.patching import Patch, Patches, replace_attribute
from tilth.sdk.quiet import is_silent

__all__ = ["Console"]

Report = Callable[[str, str], None]
_TICK_S = 1.0
_LEVELS = {"stdout": "info", "stderr": "error"}


class Console:
    """Standard output, standard error and log records of this process. `report(text, level)` gets whole lines.

    A log record is reported by itself only if none of the streams showed it, and if a handler takes it.
    """

    def __init__(self, report: Report, *, stdout: bool = True, stderr: bool = True, records: bool = False) -> None:
        self._report = report
        self._names = [name for name, wanted in (("stdout", stdout), ("stderr", stderr)) if wanted]
        self._records = records
        self._streams: list[_Stream] = []
        self._patches = Patches()
        self._ticking: threading.Thread | None = None
        self._format = logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s")
        self._guard = Guard("log records")

    def start(self) -> None:
        """Record from now on."""
        for name in self._names:
            stream = getattr(sys, name)
            if stream is not None:
                self._streams.append(_Stream(name, stream, self._report, self._begin_ticking))
        if self._records:
            self._patches.install([Patch("logging", "Logger.callHandlers", self._around_handlers)])

    def flush(self) -> None:
        """Report what is there, also lines that are not complete."""
        for stream in self._streams:
            stream.flush()

    def hold(self) -> None:
        """Take streams again whose `write` somebody has set back, as IPython does after each cell."""
        for stream in self._streams:
            stream.hold()

    def stop(self) -> None:
        """Report what is left, and give the streams back."""
        self._patches.undo_all()
        for stream in self._streams:
            stream.close()
        self._streams.clear()

    def _begin_ticking(self) -> None:
        """A part of a line waits: look after it, in a thread. A fork begins one of its own."""
        if self._ticking is None or not self._ticking.is_alive():
            ticking = threading.Thread(target=self._tick, name="tilth-console", daemon=True)
            with suppress(RuntimeError):  # no thread can begin while the interpreter ends; `stop` reports what waits
                ticking.start()
                self._ticking = ticking

    def _tick(self) -> None:
        while self._streams:
            time.sleep(_TICK_S)
            for stream in list(self._streams):
                stream.look()

    def _around_handlers(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> Any:
            before = _writes.count
            result = original(logger, record)
            if _writes.count == before and not record.name.startswith("tilth") and _is_heard(logger, record):
                self._guard.run(self._report_record, record)
            return result

        return call_handlers

    def _report_record(self, record: logging.LogRecord) -> None:
        error, warning = record.levelno >= logging.ERROR, record.levelno >= logging.WARNING
        self._report(self._format.format(record), "error" if error else "warning" if warning else record.levelname.lower())


def _is_heard(logger: logging.Logger, record: logging.LogRecord) -> bool:
    """Whether a handler takes records of this level. Where there is none at all, nobody has said that it is not to be seen."""
    levels: list[int] = []
    asked: logging.Logger | None = logger
    while asked is not None:
        levels += [handler.level for handler in asked.handlers]
        asked = asked.parent if asked.propagate else None
    return not levels or min(levels) <= record.levelno


class _Writes(threading.local):
    """How often this thread wrote to a stream that is recorded, and whether it is in the middle of it."""

    count = 0
    busy = False


_writes = _Writes()


class _Within(threading.local):
    value = False


class _Stream:
    def __init__(self, name: str, stream: Any, report: Report, waits: Callable[[], None]) -> None:
        self._level = _LEVELS[name]
        self._report = report
        self._waits = waits
        self._guard = Guard(f"what is written to {name}")
        self._stream = stream
        self._within = _Within()
        self._lines = Lines()
        self._lock = threading.RLock()
        renew_after_fork(self._renew)
        self._ours = self._heard(stream.write)
        try:
            self._undo = replace_attribute(stream, "write", self._ours)
            self._is_changed = True
        except AttributeError:  # a stream that can't have attributes
            self._undo = replace_attribute(sys, name, _Tee(stream, self._ours))
            self._is_changed = False

    def hold(self) -> None:
        """Take the stream again, if it has another `write`."""
        if self._is_changed and self._stream.write is not self._ours:
            self._ours = self._heard(self._stream.write)
            self._undo = replace_attribute(self._stream, "write", self._ours)

    def _heard(self, original: Callable[[str], Any]) -> Callable[[str], Any]:
        """What `original` does, and then ours, once in each call. What our part writes itself only goes to the stream."""

        def write(text: str) -> Any:
            if self._within.value:
                return original(text)
            self._within.value = True
            try:
                written = original(text)
            finally:
                self._within.value = False
            if not _writes.busy and not is_silent():
                _writes.count += 1
                self._run(self._take, text)
            return written

        return write

    def look(self) -> None:
        """Report what has waited long enough."""
        self._run(self._take_due)

    def flush(self) -> None:
        self._run(self._take_rest)

    def close(self) -> None:
        self._undo()
        self.flush()
        self._guard.off = True

    def _run(self, work: Callable[..., None], *args: Any) -> None:
        busy, _writes.busy = _writes.busy, True
        try:
            self._guard.run(work, *args)
        finally:
            _writes.busy = busy

    def _take(self, text: str) -> None:
        with self._lock:
            self._give(self._lines.feed(text, time.monotonic()))
            waiting = self._lines.waiting
        if waiting:
            self._waits()

    def _take_due(self) -> None:
        with self._lock:
            self._give(self._lines.due(time.monotonic()))

    def _take_rest(self) -> None:
        with self._lock:
            self._give(self._lines.end())

    def _give(self, lines: list[str]) -> None:
        if lines:
            self._report("\n".join(lines), self._level)

    def _renew(self) -> None:
        # Another thread may have held the lock when this process was forked; what waited is reported by the parent.
        self._lock = threading.RLock()
        self._lines = Lines()


class _Tee:
    """A stream with another `write`, for streams that can't be changed."""

    def __init__(self, stream: Any, write: Callable[[str], Any]) -> None:
        self._stream = stream
        self.write = write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)
