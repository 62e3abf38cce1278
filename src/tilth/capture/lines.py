"""Which lines a terminal would show: pieces of text in, whole lines out, and a progress bar as one line that changes."""

import re

__all__ = ["Lines"]

BAR_EVERY_S = 10.0
PART_AFTER_S = 2.0
LONGEST = 16_000
# Cursor movements and erasures; colours (…m) stay.
_MOVES = re.compile(r"\x1b\[[0-9;?]*[A-HJKSTfhlnsu]")


class Lines:
    """Not safe for threads. `now` is in seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._line = ""
        self._returned = False
        """The next text stands in place of the line, not behind it."""
        self._bar = False
        self._since = 0.0
        self._reported = ""

    @property
    def waiting(self) -> bool:
        """Is there text that was not given out yet?"""
        return self._line != self._reported

    def feed(self, text: str, now: float) -> list[str]:
        """The lines that `text` completes."""
        *whole, rest = text.replace("\r\n", "\n").split("\n")
        lines: list[str] = []
        for piece in whole:
            self._write(piece, now, lines)
            self._end_line(lines)
        self._write(rest, now, lines)
        return lines + self.due(now)

    def due(self, now: float) -> list[str]:
        """A line that nobody ended and that has waited: a bar as it is now, or the part of a line that is there."""
        if not self.waiting or now - self._since < (BAR_EVERY_S if self._bar else PART_AFTER_S):
            return []
        return self._give(now)

    def end(self) -> list[str]:
        """What is left."""
        lines: list[str] = []
        if self.waiting:
            self._end_line(lines)
        return lines

    def _write(self, piece: str, now: float, lines: list[str]) -> None:
        if not piece:
            return
        if not self.waiting and not self._bar:
            self._since = now
        for index, state in enumerate(piece.replace("\b", "\r").split("\r")):
            if index:
                self._returned = self._bar = True
            if state:
                self._line = state if self._returned else self._line + state
                self._returned = False
        if len(self._line) > LONGEST:
            self._end_line(lines)

    def _end_line(self, lines: list[str]) -> None:
        rest = self._rest()
        if rest or not (self._bar or self._reported):
            lines.extend(rest[at : at + LONGEST] for at in range(0, max(len(rest), 1), LONGEST))
        self._line, self._returned, self._bar, self._reported = "", False, False, ""

    def _give(self, now: float) -> list[str]:
        rest = self._rest()
        self._since, self._reported = now, self._line
        return [rest] if rest else []

    def _rest(self) -> str:
        """What of the line was not given out: all of a bar that has changed, the new part of any other."""
        if not self.waiting:
            return ""
        return _MOVES.sub("", self._line if self._bar else self._line.removeprefix(self._reported)).rstrip()
