"""The newest versions of chosen datasets, fetched into the cache before anybody asks for them."""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from fnmatch import fnmatchcase

from msgspec import Struct

from tilth.base.errors import TilthError
from tilth.client.live import Change
from tilth.datasets.cache.blobs import blob_name
from tilth.domain.version import DatasetVersion
from tilth.sdk import copies, lookup
from tilth.sdk.home import Home

__all__ = ["Follower", "News", "concerns_versions"]


class News(Struct, frozen=True, kw_only=True):
    """What became of the newest version of one dataset."""

    version: DatasetVersion
    folder: str = ""
    """Empty if it could not be fetched."""
    fetched_files: int = 0
    fetched_bytes: int = 0
    """What the cache did not have yet."""
    seconds: float = 0.0
    problem: str = ""


class Follower:
    """Keeps the newest version of each chosen dataset in the cache, and in use there, as long as this process lives."""

    def __init__(self, home: Home, *, project: str | None, names: Sequence[str] = (), tags: Sequence[str] = ()) -> None:
        self._home = home
        self._project = project
        self._names = names
        self._tags = tags
        self._held: dict[tuple[str, str], str] = {}

    def newest(self) -> list[DatasetVersion]:
        """The newest final version, with all the tags, of each dataset in the project whose name fits one of the patterns."""
        found: dict[tuple[str, str], DatasetVersion] = {}
        for version in lookup.search(self._home, project=self._project, tags=self._tags, include_archived=False):
            if not self._names or any(fnmatchcase(version.name, pattern) for pattern in self._names):
                found.setdefault((version.project, version.name), version)
        return sorted(found.values(), key=lambda version: (version.project, version.name))

    def look(self) -> list[News]:
        """Fetch what is new; returns what was, and what could not be. One that fails is tried again the next time."""
        return [news for version in self.newest() if (news := self._follow(version)) is not None]

    def _follow(self, version: DatasetVersion) -> News | None:
        dataset = (version.project, version.name)
        before = self._held.get(dataset)
        cache = self._home.cache
        if before == version.id and (cache.views / version.id).exists():
            with suppress(OSError):  # a sign of life, for machines that do not see this one's locks
                cache.leases.take(version.id)
            return None
        was_there = (cache.views / version.id).exists()
        begun = time.monotonic()
        try:
            files, size = (0, 0) if was_there else self._missing(version)
            folder = copies.local_copy(self._home, version)
        except TilthError as error:
            return News(version=version, problem=str(error))
        self._held[dataset] = version.id
        if before and before != version.id:
            cache.leases.drop(before)
        return News(version=version, folder=folder, fetched_files=files, fetched_bytes=size, seconds=time.monotonic() - begun)

    def _missing(self, version: DatasetVersion) -> tuple[int, int]:
        """How many contents of a version the cache does not have, and their bytes."""
        blobs = self._home.cache.blobs
        missing = {
            digest: size
            for _, size, digest in self._home.repository_of(version).manifest(version.id).digests()
            if not os.path.exists(f"{blobs}/{blob_name(digest)}")
        }
        return len(missing), sum(missing.values())


def concerns_versions(change: Change) -> bool:
    """Whether a change may make another version the newest of a dataset, or move a dataset into or out of a project."""
    kind, _, what = change.kind.partition(".")
    return (kind == "version" and what != "created") or (kind == "project" and what in ("renamed", "deleted"))
