"""How far a long command is: files, bytes, rate and time left, on a terminal only."""

import sys
import time
from typing import Self

from tilth.base.units import readable_bytes, readable_duration
from tilth.sdk.taking import Watcher

__all__ = ["Progress"]

_EVERY_S = 0.1
_AFTER_S = 0.5
_MOST_WARNINGS = 5


class Progress(Watcher):
    """Draws one line on standard error and draws it over as the work goes on; does nothing where nobody can see it.

    Short work is never drawn. Use as a context manager, so that the line goes away at the end.
    """

    def __init__(self, what: str, *, verbose: bool = False, unit: str = "files") -> None:
        super().__init__(verbose=verbose)
        self._warnings = 0
        self._what = what
        self._unit = unit
        self.visible = sys.stderr.isatty()
        self._begun = self._drawn_at = time.monotonic()
        self._drawn = False
        self._files = self._size = self._all_files = self._all_size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tell_more()
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def found(self, files: int, size: int) -> None:
        self._tell_more()
        self._all_files += files
        self._all_size += size

    def done(self, files: int, size: int) -> None:
        self._files += files
        self._size += size
        if self.visible:
            self._draw()

    def changed(self, change: str, path: str) -> None:
        if self._verbose:
            print(change, path, file=sys.stderr)

    def warned(self, message: str) -> None:
        """Tell it now, before anything is stored; of many, the first few and their number."""
        self._warnings += 1
        if self._warnings <= _MOST_WARNINGS:
            print(f"warning: {message}", file=sys.stderr)

    def _tell_more(self) -> None:
        more = self._warnings - _MOST_WARNINGS
        if more > 0:
            print(f"warning: and {more:,} more like these", file=sys.stderr)
        self._warnings = 0

    def _draw(self) -> None:
        now = time.monotonic()
        if now - self._drawn_at < _EVERY_S or now - self._begun < _AFTER_S:
            return
        self._drawn_at, self._drawn = now, True
        rate = self._size / (now - self._begun)
        left = f", {readable_duration((self._all_size - self._size) / rate)} left" if rate and self._all_size > self._size else ""
        moved = f", {readable_bytes(self._size)}, {readable_bytes(rate)}/s{left}" if self._size or self._unit == "files" else ""
        of = f" of {self._all_files:,}" if self._unit == "links" and self._all_files else ""
        line = f"{self._what}: {self._files:,}{of} {self._unit}{moved}"
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()
