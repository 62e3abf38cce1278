"""What taking files into a draft needs from a home."""

from collections.abc import Callable, Iterator

from tilth.base.ids import VersionId
from tilth.datasets.known_chunks import MOST_CANDIDATES
from tilth.datasets.taking import TakingContext
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home

__all__ = ["Watcher", "taking_context"]


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


def taking_context(
    home: Home,
    version: DatasetVersion,
    *,
    verbose: bool = False,
    watcher: Watcher | None = None,
    workers: int | None = None,
    chunk_mb: int | None = None,
) -> TakingContext:
    """The context for changing `version`, with the newest versions of its own and other datasets as candidates for shared contents."""
    told = watcher or Watcher(verbose=verbose)
    return TakingContext(
        home.stat_cache,
        workers=workers,
        pack_bytes=chunk_mb << 20 if chunk_mb and chunk_mb > 0 else None,
        candidates=_candidates(home, version),
        on_found=told.found,
        on_done=told.done,
        on_change=told.changed,
        on_warning=told.warned,
    )


def _candidates(home: Home, version: DatasetVersion) -> Callable[[], Iterator[VersionId]]:
    def newest() -> Iterator[VersionId]:
        found = home.api.versions.newest(limit=MOST_CANDIDATES)
        own_name_first = sorted(found, key=lambda candidate: candidate.name != version.name)
        near = (candidate for candidate in own_name_first if candidate.storage == version.storage)
        return (candidate.id for candidate in near if candidate.id != version.id)

    return newest
