"""What everything in the SDK works on: a catalog, a repository, a cache, and who is working."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tilth.base.clock import Clock
from tilth.client.api import Api
from tilth.datasets.cache.blobs import BlobCache
from tilth.datasets.repository import Repository
from tilth.datasets.stat_cache import StatCache

__all__ = ["Home"]


@dataclass(frozen=True)
class Home:
    """One home: its parts are opened when they are first needed."""

    folder: Path
    cache_folder: Path
    author: str
    clock: Clock
    api: Api
    repository: Repository

    @cached_property
    def cache(self) -> BlobCache:
        """Contents and views on this machine."""
        return BlobCache(self.cache_folder)

    @cached_property
    def stat_cache(self) -> StatCache:
        """What is known of files that did not change."""
        return StatCache(self.cache_folder / "stat.sqlite")

    def close(self) -> None:
        """Let go of databases."""
        self.api.close()
        if "stat_cache" in vars(self):
            self.stat_cache.close()
