"""The report of a check of links: a line of JSON for each, in the order of their paths, so that a check that ends early goes on there.

{"version": "...", "level": "content", "sample": 1.0}                 what is being checked
{"path": "a.csv", "compared": "content", "size": 4}                   a link
{"path": "b.csv", "compared": "state", "size": 4, "problem": "..."}   and one that is not as it was registered
{"links": 2, "problems": 1}                                           the end: all were checked
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import AlreadyExists, Conflict
from tilth.sdk.links.checking import CheckedLink

__all__ = ["LinkReport", "ReportHead", "open_report"]


class ReportHead(Struct, frozen=True, forbid_unknown_fields=True):
    """What a report is about."""

    version: str
    level: str
    sample: float


class _End(Struct, frozen=True, forbid_unknown_fields=True):
    links: int
    problems: int


class LinkReport:
    """A report that is being written. Its file is this process's alone."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file, self._path = file, path
        self._encoder = msgspec.json.Encoder()
        self._links = self._problems = 0

    def earlier(self) -> Iterator[CheckedLink]:
        """What an earlier check found; a line that was not finished is taken away, and the next one is written in its place."""
        whole = self._file.tell()
        for line in self._file:
            try:
                found = msgspec.json.decode(line, type=CheckedLink) if line.endswith(b"\n") else None
            except msgspec.DecodeError:
                found = None
            if found is None:
                break
            whole += len(line)
            self._count(found)
            yield found
        self._file.seek(whole)
        self._file.truncate()

    def add(self, found: CheckedLink) -> None:
        """Tell of one more link."""
        self._write(found)
        self._count(found)

    def end(self) -> None:
        """All links were checked."""
        self._write(_End(self._links, self._problems))
        with translated_os_errors(self._path):
            os.fsync(self._file.fileno())

    def _write(self, line: Struct) -> None:
        with translated_os_errors(self._path):
            self._file.write(self._encoder.encode(line) + b"\n")
            self._file.flush()  # a link that was read may have been large

    def _count(self, found: CheckedLink) -> None:
        self._links += 1
        self._problems += found.problem is not None


@contextmanager
def open_report(path: Path, head: ReportHead) -> Iterator[LinkReport]:
    """Begin a report, or go on with one of the same check that has not come to its end. Read `earlier` before anything is added."""
    with translated_os_errors(path):
        file = path.open("a+b")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(f"{path} is being written by another command", hint="wait for it, or name another file") from error
        with translated_os_errors(path):
            file.seek(0)
            first = file.readline()
            if not first.endswith(b"\n"):  # nothing yet, or what a killed command left of a first line
                _require_ours(path, first, msgspec.json.encode(head).startswith(first))
                file.seek(0)
                file.truncate()
                file.write(msgspec.json.encode(head) + b"\n")
            else:
                _require_unfinished(path, file, first, head)
        yield LinkReport(file, path)


def _require_unfinished(path: Path, file: IO[bytes], first: bytes, head: ReportHead) -> None:
    try:
        found = msgspec.json.decode(first, type=ReportHead)
    except msgspec.DecodeError:
        found = None
    _require_ours(path, first, found is not None)
    if found != head:
        assert found is not None
        what = f"the links of version {found.version} at level {found.level}, sample {found.sample:g}"
        raise AlreadyExists(f"{path} is the report of another check: {what}", hint="name another file")
    begin = file.tell()
    file.seek(max(begin, file.seek(0, os.SEEK_END) - 200))
    last = file.read().rpartition(b"\n")[0].rpartition(b"\n")[2]
    try:
        end = msgspec.json.decode(last, type=_End)
    except msgspec.DecodeError:
        file.seek(begin)
        return
    raise AlreadyExists(
        f"{path} is a finished report: {end.links:,} links, {end.problems:,} of them with a problem",
        hint="name another file to check them again",
    )


def _require_ours(path: Path, first: bytes, is_ours: bool) -> None:
    if not is_ours:
        raise AlreadyExists(f"{path} is no report of links: it begins with {first[:40]!r}", hint="name another file")
