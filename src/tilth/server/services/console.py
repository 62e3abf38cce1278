"""The console of a task by the numbers of its lines: any part of it, and where a text stands in it.

A report of a client may hold many lines, or a part of one that is drawn anew. Lines are counted in the order in which batches of
reports begin, so that a number means the same line while a run goes on.
"""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from tilth.base.errors import FieldInvalid
from tilth.domain.event import Line
from tilth.server.services.context import Call

__all__ = ["find_text", "line_page"]

_MOST_LINES = 5_000
_LONGEST = 20_000
"""Of a longer line only the beginning is shown."""
_MOST_FOUND = 20_000
_LOOKS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What gives a text a look in a terminal."""


class TextLine(Struct, frozen=True):
    """One line of text, and who wrote it when."""

    text: str
    timestamp: int
    level: str
    worker: str


def line_page(call: Call, task: str, *, first: int | None, limit: int) -> dict[str, Any]:
    """The lines from a number on, or the last ones; with how many there are."""
    size = min(max(limit, 1), _MOST_LINES)
    batches = call.tx.logs.batches(task)
    total = sum(batch.lines for batch in batches)
    start = max(0, total - size) if first is None else max(0, first)
    wanted: list[int] = []
    before, skipped = 0, 0
    for batch in batches:
        if before + batch.lines > start and before < start + size:
            if not wanted:
                skipped = start - before
            wanted.append(batch.id)
        before += batch.lines
    found = [line for report in call.tx.logs.read(wanted) for line in _lines(report)]
    return {"total": total, "first": start, "lines": found[skipped : skipped + size]}


def find_text(call: Call, task: str, text: str, *, exact_case: bool) -> dict[str, Any]:
    """The numbers of the lines that hold `text`, without the codes that colour them; how many there are, and the first ones' numbers."""
    if not text or "\n" in text:
        raise FieldInvalid("text: one line of text is needed", hint="write what is looked for")
    wanted = text if exact_case else text.casefold()
    numbers: list[int] = []
    count, number = 0, 0
    for batch in call.tx.logs.each_batch(task):
        # A batch is made plain as a whole, which is many times faster than line by line.
        whole = "\n".join(_text(report) for report in batch)
        plain = _LOOKS.sub("", whole) if "\x1b" in whole else whole
        lines = (plain if exact_case else plain.casefold()).split("\n")
        places = [place for place, line in enumerate(lines) if wanted in line]
        numbers += [number + place for place in places[: _MOST_FOUND - len(numbers)]]
        count += len(places)
        number += len(lines)
    return {"count": count, "lines": numbers}


def _lines(report: Line) -> Iterator[TextLine]:
    for text in _text(report).split("\n"):
        yield TextLine(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…", report.timestamp, report.level, report.worker)


def _text(report: Line) -> str:
    return report.msg.removesuffix("\n")
