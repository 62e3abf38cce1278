"""Earlier contents of large files, as far as the cache may have them: what they have in common with later ones is not fetched again."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tilth.base.errors import TilthError
from tilth.base.ids import VersionId
from tilth.datasets.cache.blobs import blob_name
from tilth.domain.dataset import Entry
from tilth.domain.version import DatasetVersion
from tilth.sdk.home import Home
from tilth.sdk.lookup import find

__all__ = ["earlier_contents"]

_MOST_VERSIONS = 4
_MOST_VIEWS = 500
"""In a cache of more, looking for those of a dataset would take longer than it spares."""


def earlier_contents(home: Home, version: DatasetVersion, files: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Of `files`, those of which the cache has the content that they have in another version of the same dataset, or in a parent."""
    left = {entry.path: entry for entry in files}
    for candidate in _candidates(home, version)[:_MOST_VERSIONS]:
        with suppress(TilthError):  # it may have been deleted, and nothing is lost then
            other = find(home, candidate)
            manifest = home.repository_of(other).manifest(other.id)
            for path, entry in list(left.items()):
                before = manifest.find(path)
                if before is not None and len(before.chunks) > 1 and Path(home.cache.blobs, blob_name(before.sha256)).is_file():
                    del left[path]
                    yield entry, before
        if not left:
            return


def _candidates(home: Home, version: DatasetVersion) -> list[VersionId]:
    """Versions whose files the cache is likely to have, the likeliest first."""
    views = home.cache.notes.views_told()
    told = [home.cache.notes.about(view) for view in views] if len(views) <= _MOST_VIEWS else []
    own = [about for about in told if about and (about.project, about.name) == (version.project, version.name)]
    newest = sorted(own, key=lambda about: about.number, reverse=True)
    found = dict.fromkeys([*version.parents, *(VersionId(about.version) for about in newest)])
    return [candidate for candidate in found if candidate != version.id]
