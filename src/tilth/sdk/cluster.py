"""How taking files is spread over a cluster: what `--engine` names, and how the other machines find the store.

No key travels: each machine opens the store at the address of the version with what it finds itself, in its environment, in the files
of its user, or in the role that it has. Where a server keeps the objects, each machine signs in as its own configuration says.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from importlib import import_module
from urllib.parse import urlsplit

from tilth.base.errors import Invalid
from tilth.config.settings import load_settings
from tilth.datasets.drafts import Draft
from tilth.datasets.ingest import Ingest
from tilth.datasets.ranges import Took
from tilth.datasets.spreading import Engine, Item, Spread, add_spread, spread, sync_spread
from tilth.datasets.taking import AddRequest, Outcome, TakingContext, add, sync
from tilth.domain.dataset import Entry
from tilth.domain.version import DatasetVersion
from tilth.sdk._current import current_home
from tilth.sdk.home import Home
from tilth.sdk.links.importing import import_links, links_meant, refuse_none, take_links
from tilth.sdk.storage import storage_of
from tilth.store.api import ObjectStore
from tilth.store.opening import open_store

__all__ = ["add_on", "engine_address", "import_on", "opened_spread", "sync_on", "take_links_here"]


def sync_on(
    engine: str | None,
    home: Home,
    version: DatasetVersion,
    draft: Draft,
    folder: str,
    context: TakingContext,
    *,
    prefix: str,
    checked: bool,
) -> Outcome:
    """Make a draft what a folder is, on this machine or on those of an engine."""
    if engine is None:
        return sync(draft, folder, context, prefix=prefix, checked=checked)
    with opened_spread(engine, home, version) as where:
        return sync_spread(draft, folder, context, where, prefix=prefix, checked=checked)


def add_on(engine: str | None, home: Home, version: DatasetVersion, draft: Draft, request: AddRequest, context: TakingContext) -> Outcome:
    """Add files; those that an engine's machines read are stored at once."""
    if engine is None:
        return add(draft, request, context)
    with opened_spread(engine, home, version) as where:
        return add_spread(draft, request, context, where)


def import_on(
    engine: str | None, home: Home, version: DatasetVersion, draft: Draft, context: TakingContext, *, pattern: str = ""
) -> Outcome:
    """Store the bytes behind links, fetched by this machine or by those of an engine."""
    if engine is None:
        return import_links(home.link_sources, home.cache, draft, context, pattern=pattern)
    outcome = Outcome()

    def taken(items: Sequence[Item], took: Sequence[Took], _begun_ns: int) -> None:
        outcome.modified += len(took)
        for item in items:
            context.on_change("modified", item.given.path)

    items = (Item(entry, entry.size) for entry in links_meant(draft, pattern))
    with opened_spread(engine, home, version) as where:
        spread(draft, items, context, where, outcome, taking=take_links_here, on_taken=taken)
    refuse_none(outcome, pattern)
    return outcome


def take_links_here(ingest: Ingest, items: Sequence[Entry]) -> list[Took]:
    """On a machine of a cluster: take what links mean, with the keys that are here."""
    home = _home_here()
    with home.cache.scratch() as scratch:
        return [Took(entry.sha256, was_read=True) for entry in take_links(home.link_sources, ingest, items, scratch)]


@contextmanager
def opened_spread(engine: str, home: Home, version: DatasetVersion) -> Iterator[Spread]:
    """The machines of an engine, for as long as the block runs: `ray://host:port`, or `ray` for the cluster that Ray finds itself."""
    opened: Engine = import_module("tilth.datasets.ray_engine").RayEngine(engine_address(engine))
    try:
        yield Spread(opened, _store_opener(home, version))
    finally:
        opened.close()


def engine_address(engine: str) -> str | None:
    """The address of the cluster that `--engine` names; None for the one that Ray finds itself."""
    if engine == "ray":
        return None
    parts = urlsplit(engine)
    if parts.scheme != "ray" or not parts.netloc:
        raise Invalid(f"there is no engine {engine!r}", hint="name ray, or a cluster as ray://host:10001")
    return engine


def _store_opener(home: Home, version: DatasetVersion) -> Callable[[], ObjectStore]:
    if home.web_url and not version.storage:
        return _servers_store
    return partial(_store_at, storage_of(home, version))


@cache
def _store_at(address: str) -> ObjectStore:
    return open_store(address, load_settings().home)


def _servers_store() -> ObjectStore:
    return _home_here().repository.store


@cache
def _home_here() -> Home:
    import_module("tilth._wiring")
    return current_home()
