"""What everything in the SDK works on: a catalog, a repository, a cache, and who is working."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tilth.base.clock import Clock
from tilth.base.errors import Internal
from tilth.client.api import Api
from tilth.client.files import Files
from tilth.domain.version import DatasetVersion
from tilth.store.api import ObjectStore
from tilth.store.bandwidth import Bandwidth

if TYPE_CHECKING:
    from tilth.client.live import Change
    from tilth.datasets.cache.blobs import BlobCache
    from tilth.datasets.cache.chunks import ChunkCache
    from tilth.datasets.reader import ChunkSource
    from tilth.datasets.repository import Repository
    from tilth.datasets.stat_cache import StatCache
    from tilth.sdk.dataset_reports import DatasetReports
    from tilth.sdk.links.fetching import LinkFetcher
    from tilth.sdk.links.sources import Sources
    from tilth.sdk.previews.background import Previews
    from tilth.sdk.reading import Reading

__all__ = ["Home"]


class OpensSession(Protocol):
    """Opens the home that a session is."""

    def __call__(self, folder: Path, store: Path | None = None) -> "Home":
        """The one in `folder`; its objects may lie in another folder, `store`."""


@dataclass(frozen=True)
class Home:
    """One home: its parts are opened when they are first needed, and the engine of datasets is loaded only then."""

    folder: Path
    cache_folder: Path
    author: str
    """Who makes versions here; nobody where a server says so, which knows whose key it is given."""
    clock: Clock
    api: Api
    open_repository: Callable[[str], "Repository"]
    """Opens the repository at an address; no address means the home's own."""
    user: str = ""
    """Who is said to have started a run."""
    storage: str = ""
    """The address of the repository's store; none is the folder in the home, or what the server has."""
    open_files: Callable[[], Files] | None = None
    open_reporting: Callable[[], tuple[Api, Files]] | None = None
    """Opens what reports are sent through: it never waits for a server that is away."""
    exit_wait_s: float = 10.0
    """How long a recorded process waits at its end for what is not sent yet."""
    outbox_limit_gb: int = 20
    """How much of models' files may wait to be sent, of each process."""
    listen: "Callable[[], Iterator[Change | None]] | None" = None
    """Hears what changes on the server from now on, see `tilth.client.live`; None without a server."""
    files_urls: tuple[str, ...] = ()
    """The addresses that the server's files have besides `tilth://files/`."""
    web_url: str = ""
    """The address of the server's page; none without a server."""

    preview: bool = True
    """Whether versions that become final show samples of what they hold."""
    preview_s: float = 10.0
    """After so many seconds a preview begins nothing new."""
    preview_bytes: int = 500_000_000
    """How much a preview reads at the most."""
    show_later: Callable[[DatasetVersion], None] | None = None
    """Has the preview of a version that became final here made by another thread or process; without it, this one makes it."""
    shows_published: bool = False
    """Whether versions are shown that are published: nobody who publishes one waits for a server's turn to show it."""
    announce: bool = True
    """Whether a run that begins says where it is seen."""
    record_untracked: bool = False
    """Whether the changes that a run records hold files that git does not track."""

    open_session: "OpensSession | None" = None
    """Opens the home that a folder is, with nobody but it to ask: datasets that are made offline lie in such ones."""
    is_session: bool = False
    """Whether this is such a home, whose reports wait for somebody to import them."""

    open_bucket: Callable[[str], ObjectStore] | None = None
    """Opens the bucket that an address names, with the keys that this machine has for it."""
    cache_source: Path | None = None
    """Another cache, which others may write to: its contents are compared before they are taken."""
    chunk_cache_bytes: int = 0
    """How much of the files that are read without downloading them stays in the cache."""
    cache_limit_bytes: int = 0
    """How much of local copies stays in the cache, unless its folder says otherwise; 0 is no limit."""
    cache_age_days: int = 0
    bandwidth: Bandwidth = field(default_factory=Bandwidth)
    """What everything that is opened here keeps to when it talks to stores that are far."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # it may hold keys
    """The variables by which another process works in this home too."""

    @property
    def repository(self) -> "Repository":
        """The home's own repository."""
        return self.repository_at("")

    def repository_of(self, version: DatasetVersion) -> "Repository":
        """The repository that holds, or will hold, what a version holds."""
        return self.repository_at(version.storage)

    def repository_at(self, storage: str) -> "Repository":
        """The repository at an address; without one, the home's own. Drafts lie together, wherever the bytes go."""
        if storage not in self._repositories:
            self._repositories[storage] = self.open_repository(storage)
        return self._repositories[storage]

    @cached_property
    def sessions(self) -> "dict[Path, Home]":
        """The sessions of datasets made offline that this process opened, see `tilth.sdk.sessions`."""
        return {}

    @cached_property
    def _repositories(self) -> "dict[str, Repository]":
        return {}

    @cached_property
    def reports(self) -> "DatasetReports":
        """What this process reports versions of datasets through."""
        made: DatasetReports = import_module("tilth.sdk.dataset_reports").DatasetReports(self)
        return made

    @cached_property
    def previews(self) -> "Previews":
        """The previews of versions that this process is making."""
        made: Previews = import_module("tilth.sdk.previews.background").Previews(self)
        return made

    @cached_property
    def files(self) -> Files:
        """The files that are kept beside tasks and models."""
        if self.open_files is None:
            raise Internal("this home has no files", hint="open it with tilth, not from its parts")
        return self.open_files()

    @cached_property
    def reporting(self) -> tuple[Api, Files]:
        """Calls and files for reports."""
        return self.open_reporting() if self.open_reporting else (self.api, self.files)

    @cached_property
    def cache(self) -> "BlobCache":
        """Contents and views on this machine; `FormatUnsupported` if a newer release made them."""
        self._require_cache_format()
        limits = import_module("tilth.datasets.cache.notes").Limits(size_bytes=self.cache_limit_bytes, age_s=self.cache_age_days * 86_400.0)
        made: BlobCache = import_module("tilth.datasets.cache.blobs").BlobCache(self.cache_folder, limits=limits, source=self.cache_source)
        return made

    def tidy_cache(self) -> None:
        """Bring the cache within its limits if it is over them."""
        import_module("tilth.datasets.cache.evicting").keep_within(self.cache)

    @cached_property
    def chunk_cache(self) -> "ChunkCache":
        """Chunks of files that are read without downloading them; `FormatUnsupported` if a newer release made them."""
        self._require_cache_format()
        made: ChunkCache = import_module("tilth.datasets.cache.chunks").ChunkCache(self.cache_folder, limit_bytes=self.chunk_cache_bytes)
        return made

    def _require_cache_format(self) -> None:
        import_module("tilth.datasets.cache.format").require_format(self.cache_folder)

    @cached_property
    def link_sources(self) -> "Sources":
        """Where the bytes behind links are read."""
        made: Sources = import_module("tilth.sdk.links.sources").Sources(self)
        return made

    def link_fetcher(self, workers: int | None = None) -> "LinkFetcher":
        """What brings the bytes behind links into the cache."""
        made: LinkFetcher = import_module("tilth.sdk.links.fetching").LinkFetcher(self.link_sources, self.cache, workers=workers)
        return made

    def chunks_of(self, version: DatasetVersion) -> "ChunkSource":
        """The chunks of the store that holds what a version holds."""
        if version.storage not in self._chunks:
            source = import_module("tilth.datasets.reader").ChunkSource(self.repository_of(version).store, self.chunk_cache)
            self._chunks[version.storage] = source
        return self._chunks[version.storage]

    @cached_property
    def readings(self) -> "dict[str, Reading]":
        """What is known of final versions that were read lately, by their ids; see `tilth.sdk.reading`."""
        return {}

    @cached_property
    def _chunks(self) -> "dict[str, ChunkSource]":
        return {}

    @cached_property
    def stat_cache(self) -> "StatCache":
        """What is known of this user's files that did not change. It lies in the home: a cache may be others' too."""
        made: StatCache = import_module("tilth.datasets.stat_cache").StatCache(self.folder / "stat.sqlite")
        return made

    def close(self) -> None:
        """Send what was reported of datasets, and let go of databases."""
        if "reports" in vars(self):
            self.reports.close(self.exit_wait_s)
        self.api.close()
        for session in self.sessions.values() if "sessions" in vars(self) else ():
            session.close()
        if "stat_cache" in vars(self):
            self.stat_cache.close()
