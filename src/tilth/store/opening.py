"""From an address to a store. Whoever keeps data in a folder does not wait for what speaks to object stores."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from tilth.config.storage import Place, access_to, parse_storage
from tilth.store.api import ObjectStore
from tilth.store.local import LocalStore

__all__ = ["open_store"]


def open_store(said: str | Path, environment: Mapping[str, str], home: Path) -> ObjectStore:
    """The store at an address, or in a folder; nothing is asked of it yet. `Invalid` if it can't be one."""
    place = said if isinstance(said, Path) else parse_storage(said)
    if isinstance(place, Place):
        store: ObjectStore = import_module("tilth.store.buckets").BucketStore(place, access_to(place, environment, home))
        return store
    return LocalStore(place)
