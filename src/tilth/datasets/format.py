"""What a repository's objects are called, and which promises its `format.json` makes.

Every name contains the id of the Session that wrote the object, so no name ever stands for two different things, and the
owner of an object is known from its name alone. Content hashes are kept beside the names, in whatever refers to them.
"""

import re
from collections.abc import Mapping
from hashlib import sha256

import msgspec
from msgspec import Struct

from tilth.base.errors import Corrupt, FormatUnsupported, Invalid, NotFound, ObjectNotFound
from tilth.base.ids import VersionId
from tilth.store.api import Key, ObjectStore
from tilth.store.probe import address_of, name_of

__all__ = [
    "FORMAT_KEY",
    "FORMAT_VERSION",
    "HEARTBEATS",
    "PACKS",
    "ROOTS",
    "SEGMENTS",
    "SESSIONS",
    "TOMBSTONES",
    "VERSIONS",
    "Chunker",
    "Format",
    "find_owner",
    "heartbeat_key",
    "init_format",
    "late_claim_key",
    "missing",
    "owner_of",
    "pack_key",
    "read_format",
    "require_unused",
    "root_key",
    "segment_key",
    "session_key",
    "tombstone_key",
    "version_key",
]

FORMAT_VERSION = 1
FEATURES: frozenset[str] = frozenset()
"""The optional features that this release can read and write. `relocations` is a name to come."""

FORMAT_KEY = Key("format.json")
PACKS, SEGMENTS, ROOTS = "packs/", "segments/", "roots/"
VERSIONS, SESSIONS, HEARTBEATS, TOMBSTONES = "versions/", "sessions/", "heartbeats/", "tombstones/"

Chunker = Mapping[str, str | int]
"""The chunker's name and its parameters."""

_OWNED = re.compile(r"(?:.*/)?([0-9a-f]{32})(?:-[0-9a-f]+)?")


def pack_key(session: VersionId, sequence: int) -> Key:
    """The name of the Session's pack number `sequence`."""
    return _spread(PACKS, f"{session}-{sequence}")


def segment_key(session: VersionId, sequence: int) -> Key:
    """The name of the Session's Segment number `sequence`."""
    return _spread(SEGMENTS, f"{session}-{sequence}")


def root_key(session: VersionId) -> Key:
    """The name of the Root that the Session commits."""
    return Key(f"{ROOTS}{session}")


def version_key(session: VersionId) -> Key:
    """The name of the Session's register: what it holds, once it holds anything, decides what became of the Session."""
    return Key(f"{VERSIONS}{session}")


def session_key(session: VersionId) -> Key:
    """The name of the claim that opens the Session."""
    return Key(f"{SESSIONS}{session}")


def late_claim_key(session: VersionId, base: VersionId) -> Key:
    """The name of the claim by which an open Session pins one more base."""
    return Key(f"{SESSIONS}{session}-{base}")


def heartbeat_key(session: VersionId) -> Key:
    """The name of the Session's sign of life."""
    return Key(f"{HEARTBEATS}{session}")


def tombstone_key(version: VersionId) -> Key:
    """The name of the request to forget the Version."""
    return Key(f"{TOMBSTONES}{version}")


def find_owner(key: Key) -> VersionId | None:
    """The Session whose object `key` names, or None if no release of Tilth gave that name."""
    match = _OWNED.fullmatch(key)
    return VersionId(match[1]) if match else None


def owner_of(key: Key) -> VersionId:
    """The Session whose object `key` names; `Corrupt` if it is nobody's."""
    owner = find_owner(key)
    if owner is None:
        raise Corrupt(f"object {key} has a name that Tilth does not give", hint="move it out of the repository")
    return owner


def missing(store: ObjectStore, key: Key) -> ObjectNotFound:
    """What is told of an object that a Version needs and that is not there."""
    return ObjectNotFound(
        f"{address_of(store)} does not have {key} any more, which holds a part of the version",
        hint="unless the version was deleted meanwhile, something else than Tilth removed it: put it back from a backup; "
        "`tilth data verify` shows which files are affected",
    )


class Format(Struct, frozen=True):
    """What one must know of a repository before its other objects mean anything."""

    version: int
    chunker: dict[str, str | int]
    hash: str = "sha256"
    required: tuple[str, ...] = ()
    """Features without which the repository must be neither read nor written."""


def init_format(store: ObjectStore, chunker: Chunker) -> Format:
    """The repository's format, created if this is the first use; of several first users, one decides for all."""
    fresh = Format(FORMAT_VERSION, dict(chunker))
    if store.put_if_absent(FORMAT_KEY, msgspec.json.encode(fresh, order="sorted")):
        return fresh
    return read_format(store)


def require_unused(store: ObjectStore) -> None:
    """Refuse a place without a format that has objects where a repository's would lie: they are somebody else's, or their format is lost.

    Whatever has other names may lie beside a repository, which never touches it.
    """
    for prefix in (PACKS, SEGMENTS, ROOTS, VERSIONS, SESSIONS, HEARTBEATS, TOMBSTONES):
        found = next(iter(store.list(prefix)), None)
        if found is None or store.head(FORMAT_KEY) is not None:  # somebody made a repository meanwhile
            continue
        said = f"{name_of(store)} holds something else: {found.key}, and no {FORMAT_KEY}, which every repository of Tilth has"
        raise Invalid(said, hint=f"name another folder of the store; or, if it was Tilth's, restore {FORMAT_KEY} from a backup")


def read_format(store: ObjectStore) -> Format:
    """The repository's format.

    `NotFound` if there is no repository, `FormatUnsupported` if this release does not understand all that it must.
    """
    if store.head(FORMAT_KEY) is None:
        raise NotFound("this place holds no Tilth repository", hint="check the path, or create a dataset there first")
    data = store.get(FORMAT_KEY)
    try:
        version = msgspec.json.decode(data, type=_AnyFormat).version
        if version > FORMAT_VERSION:
            raise _unsupported(f"has format {version}, and this release reads up to {FORMAT_VERSION}")
        found = msgspec.json.decode(data, type=Format)
    except msgspec.MsgspecError as error:
        said = f"the {FORMAT_KEY} of {name_of(store)} is none of Tilth's, or damaged ({error})"
        raise Corrupt(said, hint="name another folder of the store, or restore it from a backup") from error
    if unknown := sorted(set(found.required) - FEATURES):
        raise _unsupported(f"needs {', '.join(unknown)}, which this release does not know")
    if found.hash != "sha256":
        raise _unsupported(f"uses the hash {found.hash}, which this release does not know")
    return found


class _AnyFormat(Struct):
    """The one part of `format.json` that every format version has."""

    version: int


def _unsupported(what: str) -> FormatUnsupported:
    return FormatUnsupported(f"the repository {what}", hint="install a newer release of Tilth")


def _spread(kind: str, name: str) -> Key:
    """Spread names over 256 prefixes, so that no folder and no index partition of a store takes all the load."""
    return Key(f"{kind}{sha256(name.encode()).hexdigest()[-2:]}/{name}")
