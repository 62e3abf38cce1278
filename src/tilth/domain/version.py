"""What a dataset version is called and how it stands: all that is known of it beside its content."""

import re
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from tilth.base.errors import Invalid
from tilth.base.ids import VersionId
from tilth.domain.dataset import ChangeTotals
from tilth.domain.task import TaskStatus

__all__ = [
    "DatasetPage",
    "DatasetSummary",
    "DatasetVersion",
    "LineageNode",
    "Metadata",
    "VersionPage",
    "VersionStatus",
    "next_number",
    "number_key",
    "status_of",
]

FIRST = "1.0.0"

_HIGHEST = 10**18 - 1
"""The highest that a part of a number may be; parts are kept with as many digits, so that texts sort as numbers do."""
_NUMBER = re.compile(r"v?([0-9]{1,18})(?:\.([0-9]{1,18}))?(?:\.([0-9]{1,18}))?(?:([-+.])(.*))?")


class VersionStatus(StrEnum):
    """How a version stands."""

    UPLOADING = "uploading"
    """It can be changed."""
    FINAL = "final"
    """It can't be changed any more."""
    PUBLISHED = "published"
    """It is final and meant for others."""
    ARCHIVED = "archived"
    """It is final and out of sight."""
    ABORTED = "aborted"
    """It was given up, and holds nothing."""


class DatasetVersion(Struct, frozen=True, kw_only=True):
    """One version of a dataset. Times are RFC 3339 in UTC."""

    id: VersionId
    project: str
    name: str
    version: str
    status: VersionStatus
    parents: tuple[VersionId, ...] = ()
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    description: str = ""
    author: str = ""
    created: str = ""
    finished: str | None = None
    entries: int = 0
    size_bytes: int = 0
    root: str | None = None
    """The object in the repository that its listing begins with."""
    changes: ChangeTotals | None = None
    """Against its parents; None until it is final."""
    storage: str = ""
    """The address of the store that holds its bytes; empty if that is the one of the home, or of the server."""


class VersionPage(Struct, frozen=True):
    """Some of the versions that fit, and how many there are in all."""

    versions: tuple[DatasetVersion, ...]
    total: int


class DatasetSummary(Struct, frozen=True):
    """A dataset in a list: its newest version, which is final if any is, and how many it has that are not archived."""

    newest: DatasetVersion
    versions: int


class DatasetPage(Struct, frozen=True):
    """Some of the datasets that fit, and how many there are in all."""

    datasets: tuple[DatasetSummary, ...]
    total: int


class LineageNode(Struct, frozen=True, kw_only=True):
    """A version among its ancestors. Of a deleted one only the id is known."""

    id: VersionId
    project: str = ""
    name: str = ""
    version: str = ""
    status: VersionStatus | None = None
    parents: tuple[VersionId, ...] = ()
    created: str = ""
    deleted: bool = False


class Metadata(Struct, frozen=True):
    """What somebody attached to a version under a name: JSON text, and what it stands for (`json`, `array` or `table`)."""

    name: str
    kind: str
    value: str


def status_of(task: TaskStatus, *, archived: bool) -> VersionStatus:
    """How a version stands whose Task has this status."""
    if task in (TaskStatus.CREATED, TaskStatus.QUEUED, TaskStatus.IN_PROGRESS):
        return VersionStatus.UPLOADING
    if task in (TaskStatus.STOPPED, TaskStatus.FAILED, TaskStatus.UNKNOWN):
        return VersionStatus.ABORTED
    if archived:
        return VersionStatus.ARCHIVED
    return VersionStatus.PUBLISHED if task in (TaskStatus.PUBLISHED, TaskStatus.PUBLISHING) else VersionStatus.FINAL


def number_key(version: str) -> str:
    """A text that sorts as semantic versions do: `1.9.0` before `1.10.0-rc.1` before `1.10.0`, and what is no number before all numbers."""
    match = _NUMBER.fullmatch(version)
    if match is None:
        return ""
    major, minor, patch, mark, rest = match.groups()
    number = ".".join(_digits(part or "0") for part in (major, minor, patch))
    said = " ".join(_identifier(part) for part in (rest or "").partition("+")[0].split("."))
    # "-" sorts before "~", and both before what a longer number goes on with.
    return f"{number}-{said}" if mark == "-" else f"{number}~{said}" if mark == "." else f"{number}~"


def next_number(taken: Iterable[str]) -> str:
    """The number after the highest of `taken`, whose last part is one more; the first one if none of them is a number."""
    match = _NUMBER.fullmatch(max(taken, key=number_key, default=""))
    if match is None:
        return FIRST
    numbers = [int(part or 0) for part in match.groups()[:3]]
    while numbers and numbers[-1] == _HIGHEST:
        numbers.pop()
    if not numbers:
        raise Invalid("no number is higher than those that are taken", hint="give the new version a number of your own")
    numbers[-1] += 1
    return ".".join(map(str, [*numbers, 0, 0][:3]))


def _digits(number: str) -> str:
    return f"{int(number):018d}"


def _identifier(part: str) -> str:
    """One part of what follows a number: numbers by their value, and before words."""
    return f"0{_digits(part)}" if part.isascii() and part.isdecimal() and len(part) <= 18 else f"1{part}"
