"""What a version shows of itself: samples of its pictures, sounds, films and texts, the first rows of its tables, and how its files lie.

These are reports of the version's task like any others. Whatever goes wrong is told in one line, and the version is what it is.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from io import BytesIO
from itertools import pairwise

from tilth.base.clock import Clock
from tilth.base.errors import StatusRefused, TilthError
from tilth.datasets.manifests import Manifest
from tilth.domain.dataset import Entry
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk.home import Home
from tilth.sdk.logger import Logger
from tilth.sdk.media.containers import container_problem
from tilth.sdk.previews.columns import columns_of
from tilth.sdk.previews.ranges import head_of
from tilth.sdk.previews.rows import first_rows
from tilth.sdk.previews.surveying import Candidate, Survey, folders_shown, survey
from tilth.sdk.previews.thumbnails import LARGEST, dimensions_of, thumbnail_of
from tilth.sdk.recording import warn
from tilth.store.api import ObjectStore

__all__ = ["Shown", "show", "try_to_show"]

_MOST = {"image": 10, "table": 10, "text": 5, "audio": 3, "video": 3}
"""How many files of each kind are shown."""
_TRIES = 3
"""For each that is to be shown, as many are tried: some may be broken."""
_LARGEST = {"image": LARGEST, "audio": 2 << 20, "video": 4 << 20}
"""Larger files of these kinds are not shown; of the others only the beginning is read."""
_PICTURE_HEAD = 64 << 10
_MOST_MEASURED = 100
"""Of so many pictures the dimensions are counted."""
_READ = {"image": LARGEST, "table": 48 << 20, "text": 4 << 20, "audio": 4 << 20, "video": 8 << 20}
"""What one file of a kind may cost: what is fetched is whole chunks."""
_MOST_HISTOGRAMS = 5
"""Of each table."""
_PLAYED_AS = {"oga": "ogg", "m4v": "mp4"}
"""Endings that are the same as others, which players know."""
_TITLES = {"image": "Images", "table": "Tables", "text": "Texts", "audio": "Audio", "video": "Videos"}
_TEXT_HEAD = 4 << 10
_MOST_BARS = 40
_MOST_TYPES = 20
_LONGEST_NAME = 200
_UNLIMITED = 1 << 62

Shown = dict[str, int]
"""How much was shown, by its title."""


def try_to_show(home: Home, version: DatasetVersion) -> None:
    """Report a preview of a final version; if that can't be done, say so in one line."""
    try:
        show(home, version)
    except Exception as error:  # noqa: BLE001 - the boundary between a version that is final and what is only shown of it
        said = error.message if isinstance(error, TilthError) else f"{type(error).__name__}: {error}"
        what = f"{version.project}/{version.name} {version.version}"
        warn(f"{what} is final, but its preview failed: {said:.300}; `tilth data preview --id {version.id}` tries again")


def show(home: Home, version: DatasetVersion) -> Shown:
    """Report a preview of a final version, in the place of one that it has, within the home's limits of time and bytes."""
    if version.status is VersionStatus.PUBLISHED:
        raise StatusRefused(f"version {version.id} is published and takes no more reports", hint="make its preview before you publish it")
    manifest = home.repository_of(version).manifest(version.id)
    store = home.repository_of(version).store
    logger = home.reports.logger_of(version)
    until = home.clock.monotonic() + home.preview_s
    left = _Allowance(home.preview_bytes)
    found = survey(manifest, largest=lambda kind: _LARGEST.get(kind, _UNLIMITED), go_on=lambda: home.clock.monotonic() < until)
    if found.files:
        _show_numbers(logger, found)
    shown = {"Files": found.files}
    for kind, report in _REPORTS.items():
        wanted = _opened(manifest, found.candidates[kind][: _MOST[kind] * _TRIES], home.clock, until, left, _READ[kind])
        count = 0
        for entry in wanted:
            count += report(logger, store, entry)
            if count == _MOST[kind]:
                break
        shown[_TITLES[kind]] = count
    looked_at = _opened(manifest, found.candidates["image"][:_MOST_MEASURED], home.clock, until, left, _READ["image"])
    _show_dimensions(logger, [dimensions_of(head_of(store, entry, _PICTURE_HEAD)) for entry in looked_at])
    return shown


class _Allowance:
    """How many more bytes may be read."""

    def __init__(self, size: int) -> None:
        self.size = size

    def take(self, size: int) -> bool:
        """Whether so many more may be read; they count as read then."""
        if size > self.size:
            return False
        self.size -= size
        return True


def _opened(
    manifest: Manifest, candidates: Iterable[Candidate], clock: Clock, until: float, left: _Allowance, most_bytes: int
) -> Iterable[Entry]:
    """The entries of candidates, as long as there is time, and what is read of each, at most `most_bytes`, is allowed."""
    for candidate in candidates:
        if clock.monotonic() > until:
            return
        entry = manifest.entry(manifest.segments[candidate.segment], candidate.row)
        # Nobody asked for links to be fetched.
        if not entry.link and left.take(min(candidate.size, most_bytes)):
            yield entry


def _show_numbers(logger: Logger, found: Survey) -> None:
    about = "" if found.seen == found.files else f" (of {found.seen:,} of {found.files:,} files)"
    folders = folders_shown(found.folders, _MOST_BARS)
    types = sorted(found.types.items(), key=lambda item: (-item[1], item[0]))
    if len(types) > _MOST_TYPES:
        rest = types[_MOST_TYPES - 1 :]
        types = [*types[: _MOST_TYPES - 1], (f"{len(rest):,} others", sum(number for _, number in rest))]
    last = max((at for at, number in enumerate(found.sizes) if number), default=0)
    bars = {
        "per folder": ("folder", [(_end_of(folder) or "(top)", number) for folder, number in folders]),
        "by size": ("size", list(zip(_size_names(), found.sizes, strict=True))[: last + 1]),
        "by type": ("type", [(suffix or "(none)", number) for suffix, number in types]),
    }
    for series, (axis, values) in bars.items():
        if values:
            names, numbers = [name for name, _ in values], [number for _, number in values]
            logger.report_histogram("Files", series, numbers, 0, labels=["files"], xlabels=names, xaxis=axis, yaxis=f"files{about}")


def _show_image(logger: Logger, store: ObjectStore, entry: Entry) -> bool:
    made = thumbnail_of(head_of(store, entry, LARGEST))
    if made is None:
        return False
    _put(logger, "image", entry, made.data, made.suffix)
    return True


def _show_table(logger: Logger, store: ObjectStore, entry: Entry) -> bool:
    rows = first_rows(store, entry)
    if rows is None:
        return False
    logger.report_table(_TITLES["table"], _end_of(entry.path), 0, table_plot=rows)
    _show_columns(logger, store, entry)
    return True


def _show_columns(logger: Logger, store: ObjectStore, entry: Entry) -> None:
    found = columns_of(store, entry)
    if found is None:
        return
    rows = f"{found.rows:,} rows" if found.is_all else f"the first {found.rows:,} rows"
    lines = [[column.name, column.type, f"{column.missing:,}", column.smallest, column.largest] for column in found.columns]
    header = ["column", "type", f"missing in {rows}", "smallest", "largest"]
    logger.report_table("Columns", _end_of(entry.path), 0, table_plot=[header, *lines])
    for column in [column for column in found.columns if column.bars][:_MOST_HISTOGRAMS]:
        names, numbers = [name for name, _ in column.bars], [number for _, number in column.bars]
        series = _end_of(f"{entry.path}: {column.name}")
        logger.report_histogram("Values", series, numbers, 0, labels=["rows"], xlabels=names, xaxis=column.name, yaxis=f"of {rows}")


def _show_dimensions(logger: Logger, found: Iterable[tuple[int, int] | None]) -> None:
    known = Counter(size for size in found if size)
    if not known:
        return
    if len(known) <= _MOST_TYPES:
        bars = [(f"{width} x {height}", number) for (width, height), number in sorted(known.items())]
    else:  # by the longer edge, between powers of two
        edges: Counter[int] = Counter()
        for size, number in known.items():
            edges[1 << (max(size) - 1).bit_length()] += number
        bars = [(f"up to {edge}", number) for edge, number in sorted(edges.items())]
    names, numbers = [name for name, _ in bars], [number for _, number in bars]
    of = f"pictures (of {known.total():,} looked at)"
    logger.report_histogram("Files", "by dimensions", numbers, 0, labels=["pictures"], xlabels=names, xaxis="pixels", yaxis=of)


def _show_text(logger: Logger, store: ObjectStore, entry: Entry) -> bool:
    data = head_of(store, entry, _TEXT_HEAD)
    text = data.decode("utf-8-sig", "ignore")
    if "\x00" in text or len(text.encode()) < len(data) - 8 or not text.strip():
        return False
    more = f"\n… {entry.size:,} bytes in all\n" if entry.size > len(data) else ""
    _put(logger, "text", entry, (text + more).encode(), "txt")
    return True


def _show_whole(kind: str) -> Callable[[Logger, ObjectStore, Entry], bool]:
    def report(logger: Logger, store: ObjectStore, entry: Entry) -> bool:
        data = head_of(store, entry, _LARGEST[kind])
        suffix = entry.path.rpartition(".")[2].lower()
        if container_problem(BytesIO(data), len(data), suffix):
            return False
        _put(logger, kind, entry, data, _PLAYED_AS.get(suffix, suffix))
        return True

    return report


def _put(logger: Logger, kind: str, entry: Entry, data: bytes, suffix: str) -> None:
    logger.report_media(_TITLES[kind], _end_of(entry.path), 0, stream=BytesIO(data), file_extension=suffix, max_history=1)


_REPORTS: dict[str, Callable[[Logger, ObjectStore, Entry], bool]] = {
    "image": _show_image,
    "table": _show_table,
    "text": _show_text,
    "audio": _show_whole("audio"),
    "video": _show_whole("video"),
}


def _size_names() -> list[str]:
    edges = ["1 kB", "10 kB", "100 kB", "1 MB", "10 MB", "100 MB", "1 GB", "10 GB", "100 GB", "1 TB"]
    return [f"below {edges[0]}", *(f"{low} to {high}" for low, high in pairwise(edges)), f"from {edges[-1]}"]


def _end_of(path: str) -> str:
    """A path, or its end if it is very long."""
    return path if len(path) <= _LONGEST_NAME else f"…{path[1 - _LONGEST_NAME :]}"
