"""What a version shows of itself: samples of its pictures, sounds, films and texts, the first rows of its tables, and how its files lie.

These are reports of the version's task like any others. Whatever goes wrong is told in one line, and the version is what it is.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import islice, pairwise

from tilth.base.errors import StatusRefused, TilthError
from tilth.datasets.manifests import Manifest
from tilth.domain.dataset import Entry
from tilth.domain.version import DatasetVersion, VersionStatus
from tilth.sdk.home import Home
from tilth.sdk.logger import Logger
from tilth.sdk.previews.ahead import Ahead
from tilth.sdk.previews.allowance import Allowance
from tilth.sdk.previews.looks import LARGEST_SHOWN, MOST_READ, look_at
from tilth.sdk.previews.ranges import StoredFile, head_of
from tilth.sdk.previews.seen import Columns, Look, MalformedRows, Sample, Table
from tilth.sdk.previews.surveying import KINDS, MOST_MEASURED, MOST_SHOWN, TRIES, Candidate, Survey, folders_shown, survey
from tilth.sdk.previews.thumbnails import dimensions_of
from tilth.sdk.recording import warn
from tilth.store.api import ObjectStore

__all__ = ["Shown", "show", "try_to_show"]

_PICTURE_HEAD = 64 << 10
_MOST_HISTOGRAMS = 5
"""Of each table."""
_TITLES = {"image": "Images", "table": "Tables", "text": "Texts", "audio": "Audio", "video": "Videos"}
_MOST_BARS = 40
_MOST_TYPES = 20
_LONGEST_NAME = 200
_UNLIMITED = 1 << 62

Shown = dict[str, int]
"""How much was shown, by its title."""


def try_to_show(home: Home, version: DatasetVersion, logger: Logger | None = None, ahead: Ahead | None = None) -> None:
    """Report a preview of a final version; if that can't be done, say so in one line."""
    try:
        show(home, version, logger, ahead)
    except Exception as error:  # noqa: BLE001 - the boundary between a version that is final and what is only shown of it
        said = error.message if isinstance(error, TilthError) else f"{type(error).__name__}: {error}"
        what = f"{version.project}/{version.name} {version.version}"
        warn(f"{what} is final, but its preview failed: {said:.300}; `tilth data preview --id {version.id}` tries again")


def show(
    home: Home,
    version: DatasetVersion,
    logger: Logger | None = None,
    ahead: Ahead | None = None,
    *,
    on_malformed: Callable[[str, MalformedRows], None] = lambda path, rows: None,
) -> Shown:
    """Report a preview of a final version, in the place of one that it has, within the home's limits of time and bytes.

    What was seen `ahead` of its files is not looked at again. Rows of tables that can't be read are told on the way.
    """
    if version.status is VersionStatus.PUBLISHED and not home.shows_published:
        raise StatusRefused(f"version {version.id} is published and takes no more reports", hint="make its preview before you publish it")
    manifest = home.repository_of(version).manifest(version.id)
    store = home.repository_of(version).store
    logger = logger or home.reports.logger_of(version)
    ahead = ahead or Ahead(Allowance(home.clock, home.preview_s, home.preview_bytes))
    allowance = ahead.allowance.for_seconds(home.preview_s)
    found = survey(manifest, largest=lambda kind: LARGEST_SHOWN.get(kind, _UNLIMITED), go_on=allowance.is_time)
    if found.files:
        _show_numbers(logger, found)
    shown = {"Files": found.files}
    for kind in KINDS:
        entries = _entries(manifest, found.candidates[kind][: MOST_SHOWN[kind] * TRIES])
        looks = ((entry.path, _look(kind, entry, store, ahead, allowance)) for entry in entries)
        most = islice(((path, look) for path, look in looks if look is not None), MOST_SHOWN[kind])
        shown[_TITLES[kind]] = 0
        for path, look in most:
            _report(logger, _TITLES[kind], path, look)
            if isinstance(look, Table) and look.malformed:
                on_malformed(path, look.malformed)
            shown[_TITLES[kind]] += 1
    pictures = _entries(manifest, found.candidates["image"][:MOST_MEASURED])
    _show_dimensions(logger, [_dimensions(entry, store, ahead, allowance) for entry in pictures])
    return shown


def _look(kind: str, entry: Entry, store: ObjectStore, ahead: Ahead, allowance: Allowance) -> Look | None:
    if ahead.knows(entry):
        return ahead.look(entry)
    may = allowance.is_time() and allowance.take(min(entry.size, MOST_READ[kind]))
    return look_at(kind, StoredFile(store, entry)) if may else None


def _dimensions(entry: Entry, store: ObjectStore, ahead: Ahead, allowance: Allowance) -> tuple[int, int] | None:
    if ahead.knows_dimensions(entry):
        return ahead.dimensions(entry)
    may = allowance.is_time() and allowance.take(min(entry.size, MOST_READ["image"]))
    return dimensions_of(head_of(store, entry, _PICTURE_HEAD)) if may else None


def _entries(manifest: Manifest, candidates: Iterable[Candidate]) -> Iterator[Entry]:
    """The entries of candidates that are stored: nobody asked for links to be fetched."""
    entries = (manifest.entry(manifest.segments[candidate.segment], candidate.row) for candidate in candidates)
    return (entry for entry in entries if not entry.link)


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


def _report(logger: Logger, title: str, path: str, look: Look) -> None:
    if isinstance(look, Sample):
        logger.report_media(title, _end_of(path), 0, stream=BytesIO(look.data), file_extension=look.suffix, max_history=1)
        return
    logger.report_table(title, _end_of(path), 0, table_plot=look.rows)
    if look.columns:
        _show_columns(logger, path, look.columns)
    if look.malformed:
        _show_malformed(logger, path, look.malformed)


def _show_columns(logger: Logger, path: str, found: Columns) -> None:
    rows = f"{found.rows:,} rows" if found.is_all else f"the first {found.rows:,} rows"
    lines = [[column.name, column.type, f"{column.missing:,}", column.smallest, column.largest] for column in found.columns]
    header = ["column", "type", f"missing in {rows}", "smallest", "largest"]
    logger.report_table("Columns", _end_of(path), 0, table_plot=[header, *lines])
    for column in [column for column in found.columns if column.bars][:_MOST_HISTOGRAMS]:
        names, numbers = [name for name, _ in column.bars], [number for _, number in column.bars]
        series = _end_of(f"{path}: {column.name}")
        logger.report_histogram("Values", series, numbers, 0, labels=["rows"], xlabels=names, xaxis=column.name, yaxis=f"of {rows}")


def _show_malformed(logger: Logger, path: str, found: MalformedRows) -> None:
    lines = [[f"{line:,}", what] for line, what in found.first]
    lines += [["…", f"and {found.count - len(lines):,} more"]] if found.count > len(lines) else []
    logger.report_table("Malformed rows", _end_of(path), 0, table_plot=[["line", str(found)], *lines])


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


def _size_names() -> list[str]:
    edges = ["1 kB", "10 kB", "100 kB", "1 MB", "10 MB", "100 MB", "1 GB", "10 GB", "100 GB", "1 TB"]
    return [f"below {edges[0]}", *(f"{low} to {high}" for low, high in pairwise(edges)), f"from {edges[-1]}"]


def _end_of(path: str) -> str:
    """A path, or its end if it is very long."""
    return path if len(path) <= _LONGEST_NAME else f"…{path[1 - _LONGEST_NAME :]}"
