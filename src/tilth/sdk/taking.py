"""What taking files into a draft needs from a home."""

import logging
from collections.abc import Callable, Iterable, Iterator

from tilth.base.ids import VersionId
from tilth.datasets.known_chunks import MOST_CANDIDATES
from tilth.datasets.scanning import SourceFile
from tilth.datasets.taking import TakingContext
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home
from tilth.sdk.storage import own_folders
from tilth.store.api import Key

__all__ = ["NO_PREVIEW", "SEEN", "LoggingWatcher", "Watcher", "is_worth_looking_at", "taking_context"]

log = logging.getLogger("tilth.taking")

_MOST_WARNINGS = 20

NO_PREVIEW = "no-preview"
"""Marks the draft of a version that is to have no preview, whoever finalizes it."""
SEEN = "seen"
"""Lies with the draft of a version: what was seen of its files while they were stored."""


class Watcher:
    """Somebody who wants to know how taking files goes on; this one prints changes and warnings, if asked to."""

    def __init__(self, *, verbose: bool = False) -> None:
        self._verbose = verbose

    def found(self, files: int, size: int) -> None:
        """So many more files, of so many bytes, have to be looked at."""

    def done(self, files: int, size: int) -> None:
        """So many of them are done."""

    def changed(self, change: str, path: str) -> None:
        """A path was `added`, `modified` or `removed`."""
        if self._verbose:
            print(change, path)

    def warned(self, message: str) -> None:
        """Something is not wrong but should be known."""


class LoggingWatcher(Watcher):
    """One that also logs warnings: the first few of many."""

    def __init__(self, *, verbose: bool = False) -> None:
        super().__init__(verbose=verbose)
        self._warnings = 0

    def warned(self, message: str) -> None:
        self._warnings += 1
        if self._warnings <= _MOST_WARNINGS:
            log.warning("%s", message)
        elif self._warnings == _MOST_WARNINGS + 1:
            log.warning("there are more like these, which are not told one by one")


def taking_context(
    home: Home,
    version: DatasetVersion,
    *,
    verbose: bool = False,
    watcher: Watcher | None = None,
    workers: int | None = None,
    chunk_mb: int | None = None,
    shown: Callable[[], Iterable[SourceFile]] | None = None,
) -> TakingContext:
    """The context for changing `version`, with the newest versions of its own and other datasets as candidates for shared contents.

    Of the files that are `shown`, a preview looks at some as soon as one is found that has to be stored.
    """
    told = watcher or Watcher(verbose=verbose)
    return TakingContext(
        home.stat_cache,
        workers=workers,
        pack_bytes=chunk_mb << 20 if chunk_mb and chunk_mb > 0 else None,
        candidates=_candidates(home, version),
        on_found=_looking_ahead(home, version, shown, told.found) if shown else told.found,
        on_done=told.done,
        on_change=told.changed,
        on_warning=told.warned,
        kept=own_folders(home, version.storage),
    )


def is_worth_looking_at(home: Home, version: DatasetVersion) -> bool:
    """Whether a preview should look at files while they are stored that another process makes a version: it would have to fetch them."""
    return home.repository_of(version).store.local_path(Key("")) is None


def _looking_ahead(
    home: Home, version: DatasetVersion, shown: Callable[[], Iterable[SourceFile]], found: Callable[[int, int], None]
) -> Callable[[int, int], None]:
    """`found`, and when it is called with files for the first time, a preview begins to look at what is shown."""
    begun = not home.preview or home.repository_of(version).has_mark(version.id, NO_PREVIEW)

    def first_found(files: int, size: int) -> None:
        nonlocal begun
        if files and not begun:
            begun = True
            home.reports.look_ahead(version, shown())  # now: the draft may be gone before that thread runs
        found(files, size)

    return first_found


def _candidates(home: Home, version: DatasetVersion) -> Callable[[], Iterator[VersionId]]:
    def newest() -> Iterator[VersionId]:
        found = home.api.versions.newest(limit=MOST_CANDIDATES)
        own_name_first = sorted(found, key=lambda candidate: candidate.name != version.name)
        near = (candidate for candidate in own_name_first if candidate.storage == version.storage)
        return (candidate.id for candidate in near if candidate.id != version.id)

    return newest
