"""From an address to a store. Whoever keeps data in a folder does not wait for what speaks to object stores."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from tilth.base.errors import Invalid
from tilth.config.storage import Place, access_to, parse_storage
from tilth.store.api import ObjectStore
from tilth.store.bandwidth import Bandwidth
from tilth.store.local import LocalStore
from tilth.store.streams import LocalStreams, Streams

__all__ = ["open_store", "open_streams"]


def open_store(
    said: str | Path, home: Path, environment: Mapping[str, str] | None = None, *, bandwidth: Bandwidth | None = None
) -> ObjectStore:
    """The store at an address, or in a folder; nothing is asked of it yet. `Invalid` if it can't be one.

    Keys are found as `access_to` tells, in the settings of `home` among other places. What goes to and from a bucket keeps to `bandwidth`.
    """
    place = said if isinstance(said, Path) else parse_storage(said)
    if isinstance(place, Place):
        store: ObjectStore = import_module("tilth.store.buckets").BucketStore(place, access_to(place, home, environment), bandwidth)
        return store
    if place.is_file():
        raise Invalid(f"{place} is a file, and no place to store in", hint="name a folder")
    return LocalStore(place)


def open_streams(store: ObjectStore, *, spool: Path, direct: bool = False) -> Streams:
    """Large objects in a store that `open_store` opened; `spool` is a folder for what is on its way to a bucket.

    Signed addresses are given out only if clients may get to the bucket by themselves: `direct`.
    """
    if isinstance(store, LocalStore):
        return LocalStreams(store.root)
    streams: Streams = import_module("tilth.store.bucket_streams").BucketStreams(store, spool, direct=direct)
    return streams
