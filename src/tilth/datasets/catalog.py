"""Which Versions a repository holds, read from the repository itself."""

from collections.abc import Iterator

from tilth.base.clock import Clock
from tilth.base.faultpoints import reach
from tilth.base.ids import VersionId
from tilth.datasets.format import TOMBSTONES, VERSIONS, owner_of, tombstone_key
from tilth.datasets.records import Tombstone, VersionRecord, dump_record, fetch_register, not_there, read_record, timestamp
from tilth.store.api import ObjectStore

__all__ = ["list_records", "read_record", "write_tombstone"]


def list_records(store: ObjectStore) -> Iterator[VersionRecord]:
    """The record of every living Version, in the order of their ids."""
    deleted = {owner_of(info.key) for info in store.list(TOMBSTONES)}
    for info in store.list(VERSIONS):
        version = owner_of(info.key)
        register = None if version in deleted else fetch_register(store, version)
        if isinstance(register, VersionRecord):
            yield register


def write_tombstone(store: ObjectStore, version: VersionId, clock: Clock) -> None:
    """Delete a Version, irrevocably; garbage collection frees its bytes later. Safe to repeat.

    Sessions that hold the Version as a base keep what they need of it; nobody else can read it any more.
    """
    key = tombstone_key(version)
    if store.head(key) is not None:
        return
    if not isinstance(fetch_register(store, version), VersionRecord):
        raise not_there(store, version)
    reach("delete.before-tombstone")
    store.put_if_absent(key, dump_record(Tombstone(version, timestamp(clock))))
    reach("delete.after-tombstone")
