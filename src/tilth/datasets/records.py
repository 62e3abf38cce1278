"""What the small objects of a repository say: who holds what, what was committed, what is to be forgotten.

All are canonical JSON: keys sorted, no spaces, UTF-8. A reader passes over fields that it does not know.
"""

from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from tilth.base.clock import Clock
from tilth.base.errors import Corrupt, Invalid, ObjectNotFound, VersionDeleted, VersionNotFound
from tilth.base.ids import VersionId
from tilth.datasets.format import owner_of, tombstone_key, version_key
from tilth.store.api import Key, ObjectStore
from tilth.store.probe import address_of

__all__ = [
    "LARGEST_BYTES",
    "Claim",
    "Fence",
    "Heartbeat",
    "Record",
    "Register",
    "Tombstone",
    "VersionRecord",
    "dump_record",
    "fetch_register",
    "load_claim",
    "load_heartbeat",
    "load_register",
    "load_tombstone",
    "not_there",
    "read_record",
    "timestamp",
]

LARGEST_BYTES: Final = 64 << 10
"""No record is larger. A usual one is below 4 KiB; only long messages, metadata or lists of parents make it grow."""


class VersionRecord(Struct, frozen=True, kw_only=True, tag_field="type", tag="version"):
    """A committed Version. Everything that it names exists for as long as the Version has no Tombstone."""

    id: VersionId
    project: str
    name: str
    version: str
    parents: tuple[VersionId, ...]
    bases: tuple[VersionId, ...]
    """Every Version whose objects this one may share."""
    root: Key
    root_sha256: str
    entries: int
    size_bytes: int
    author: str
    message: str
    created: str
    metadata: dict[str, str] = {}


class Fence(Struct, frozen=True, tag_field="type", tag="fence"):
    """The refusal of a Session: it never became a Version and never will."""

    id: VersionId
    fenced: str


Register = VersionRecord | Fence
"""What `versions/<id>` holds. It is written once, by whoever decides first."""


class Claim(Struct, frozen=True):
    """A writer's announcement: objects of Session `id` may appear, and it may share those of `bases`."""

    id: VersionId
    bases: tuple[VersionId, ...]
    host: str
    created: str

    def __post_init__(self) -> None:
        _ = self.created_at

    @property
    def created_at(self) -> datetime:
        """The moment that `created` names."""
        moment = datetime.fromisoformat(self.created)
        if moment.tzinfo is None:
            raise ValueError(f"{self.created} has no time zone")
        return moment


class Heartbeat(Struct, frozen=True):
    """A sign of life of Session `id`, and the bases that it has checked to be alive after it claimed them."""

    id: VersionId
    held: tuple[VersionId, ...]
    seen: str


class Tombstone(Struct, frozen=True):
    """The irrevocable request to forget a Version."""

    version: VersionId
    created: str


Record = VersionRecord | Fence | Claim | Heartbeat | Tombstone


def dump_record(record: Record) -> bytes:
    """`record` as canonical JSON: equal records are equal bytes. `Invalid` if it is too large to be one small object."""
    data = msgspec.json.encode(record, order="sorted")
    if len(data) > LARGEST_BYTES:
        kind = type(record).__name__
        raise Invalid(f"the {kind} is {len(data)} bytes long, {LARGEST_BYTES} are allowed", hint="shorten its message or metadata")
    return data


def load_register(data: bytes, key: Key) -> Register:
    """What the register `key` says; `Corrupt` names it if it can't be read or belongs elsewhere."""
    register = _load(_REGISTER, data, key)
    _require_home(register.id, key)
    return register


def load_claim(data: bytes, key: Key) -> Claim:
    """What the claim at `key` says; `Corrupt` names it if it can't be read or belongs elsewhere."""
    claim = _load(_CLAIM, data, key)
    _require_home(claim.id, key)
    return claim


def load_heartbeat(data: bytes, key: Key) -> Heartbeat:
    """What the heartbeat at `key` says; `Corrupt` names it if it can't be read or belongs elsewhere."""
    heartbeat = _load(_HEARTBEAT, data, key)
    _require_home(heartbeat.id, key)
    return heartbeat


def load_tombstone(data: bytes, key: Key) -> Tombstone:
    """What the tombstone at `key` says; `Corrupt` names it if it can't be read or belongs elsewhere."""
    tombstone = _load(_TOMBSTONE, data, key)
    _require_home(tombstone.version, key)
    return tombstone


def fetch_register(store: ObjectStore, version: VersionId) -> Register | None:
    """What became of Session `version`: a record, a Fence, or None while it is open or if it never was."""
    key = version_key(version)
    try:
        data = store.get(key)
    except ObjectNotFound:
        return None
    return load_register(data, key)


def read_record(store: ObjectStore, version: VersionId) -> VersionRecord:
    """The record of a living Version; `VersionDeleted` once it has a Tombstone, `VersionNotFound` if it was never committed."""
    if store.head(tombstone_key(version)) is not None:
        raise VersionDeleted(f"version {version} was deleted")
    register = fetch_register(store, version)
    if not isinstance(register, VersionRecord):
        raise not_there(store, version)
    return register


def not_there(store: ObjectStore, version: VersionId) -> VersionNotFound:
    """What is told of a version that a store has no record of."""
    return VersionNotFound(
        f"{address_of(store)} holds no version {version}",
        hint="if `tilth data search` shows it, something else than Tilth emptied or replaced that store: "
        "put it back from a backup, or give the version up with `tilth data delete`",
    )


def timestamp(clock: Clock) -> str:
    """The current time as records write it: RFC 3339, UTC, whole microseconds."""
    return clock.now().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


_REGISTER: msgspec.json.Decoder[Register] = msgspec.json.Decoder(Register)
_CLAIM = msgspec.json.Decoder(Claim)
_HEARTBEAT = msgspec.json.Decoder(Heartbeat)
_TOMBSTONE = msgspec.json.Decoder(Tombstone)

_T = TypeVar("_T")


def _load(decoder: msgspec.json.Decoder[_T], data: bytes, key: Key) -> _T:
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Corrupt(f"object {key} can't be read ({error})", hint="run `tilth data verify`") from error


def _require_home(version: VersionId, key: Key) -> None:
    if version != owner_of(key):
        raise Corrupt(f"object {key} speaks of {version}, not of what its name says", hint="run `tilth data verify`")
