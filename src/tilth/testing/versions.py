"""Versions without content: just enough of each for commits and collections to be right or wrong about it.

A Root is a JSON list of the packs that its Version needs.
"""

import json
from collections.abc import Iterable, Iterator

from tilth.base.clock import Clock
from tilth.base.ids import VersionId
from tilth.datasets.format import pack_key, root_key
from tilth.datasets.records import VersionRecord
from tilth.datasets.sessions import Session, open_session
from tilth.store.api import Key, ObjectStore

__all__ = ["commit_light", "finish_light", "light_record", "light_root", "mark_light", "numbered_id"]


def numbered_id(number: int) -> VersionId:
    """An id that a reader of a failing test recognises."""
    return VersionId(f"{number:032x}")


def light_record(version: VersionId, bases: Iterable[VersionId] = ()) -> VersionRecord:
    """A record of a light Version that was made from `bases`."""
    return VersionRecord(
        id=version,
        project="examples",
        name="light",
        version="1.0.0",
        parents=tuple(bases),
        bases=tuple(bases),
        root=root_key(version),
        root_sha256="0" * 64,
        entries=0,
        size_bytes=0,
        author="somebody",
        message="",
        created="2025-01-01T00:00:00.000000Z",
    )


def light_root(packs: Iterable[Key]) -> bytes:
    """The Root of a light Version that needs `packs`."""
    return json.dumps(sorted(packs)).encode()


def mark_light(store: ObjectStore, record: VersionRecord) -> Iterator[Key]:
    """Every object that a light Version needs besides its record."""
    yield record.root
    yield from json.loads(store.get(record.root))


def commit_light(store: ObjectStore, version: VersionId, *, clock: Clock, packs: int = 1, size_bytes: int = 100) -> list[Key]:
    """Commit a light Version with packs of its own; all keys that it needs come back."""
    session = open_session(store, version, [], clock=clock)
    keys = [pack_key(version, number) for number in range(packs)]
    for key in keys:
        store.put(key, [bytes(size_bytes)])
    return finish_light(store, session, keys)


def finish_light(store: ObjectStore, session: Session, packs: Iterable[Key]) -> list[Key]:
    """Commit the light Version of `session` that needs `packs`; all keys that it needs come back."""
    needs = [root_key(session.id), *packs]
    store.put(root_key(session.id), [light_root(needs[1:])])
    session.commit(light_record(session.id, session.bases))
    return needs
