"""What a session of datasets made offline says of itself: its versions, and what each is to become where it is imported.

A session is a folder that is a home: a catalog, a store, drafts, and reports that nobody sends. `session.json` adds what they do not say.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from tilth.base.atomic_io import replace_durably, translated_os_errors
from tilth.base.errors import FormatUnsupported, Invalid
from tilth.base.ids import VersionId, is_id

__all__ = ["FILE", "Noted", "Notes", "Removal", "change_notes", "id_of", "read_notes"]

FILE = "session.json"
_FORMAT = 1
_LONGEST_BYTES = 16 << 20


class Removal(Struct, frozen=True):
    """A call that takes files away; those of parents that are not here can be taken away only where they are."""

    pattern: str
    recursive: bool


class Noted(Struct, frozen=True, kw_only=True):
    """A version of the session."""

    secret: str
    """What its ids are derived from: who has only seen an id can't make a session that claims it."""
    parents: tuple[VersionId, ...] = ()
    """Its parents in their order, those that are not here too."""
    number: str | None = None
    """The number that was asked for; without one, it gets the next one where it is imported."""
    storage: str | None = None
    """Where its bytes are to be kept then."""
    removals: tuple[Removal, ...] = ()
    metadata: tuple[str, ...] = ()
    """The names of what was attached to it."""

    @property
    def id(self) -> VersionId:
        """What it is called in the session, and wherever it is imported first."""
        return id_of(self.secret)


class Notes(Struct, frozen=True):
    """All versions of a session, each after its parents."""

    format: int = _FORMAT
    versions: tuple[Noted, ...] = ()

    def of(self, id: str) -> Noted | None:
        """What is noted of a version; None if the session does not hold it."""
        return next((noted for noted in self.versions if noted.id == id), None)

    def is_whole(self, noted: Noted) -> bool:
        """Whether everything that a version begins with is here: then what it holds is all that it is to hold."""
        whole: set[str] = set()
        for other in self.versions:  # parents come first
            if whole.issuperset(other.parents):
                whole.add(other.id)
        return whole.issuperset(noted.parents)


def id_of(secret: str, again: int = 0) -> VersionId:
    """The id of a version; one that was deleted where it was imported, or given up, is imported `again` under another."""
    return VersionId(sha256(f"{secret}:{again}".encode()).hexdigest()[:32])


def read_notes(folder: Path) -> Notes:
    """What a session says of itself; `Invalid` if the folder is none."""
    path = folder / FILE
    try:
        with path.open("rb") as file:
            notes = msgspec.json.decode(file.read(_LONGEST_BYTES), type=Notes)
    except FileNotFoundError:
        raise Invalid(f"{folder} holds no datasets that were made offline", hint=_HINT) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} can't be read ({error})", hint=_HINT) from error
    if notes.format > _FORMAT:
        raise FormatUnsupported(f"{path} was written by a newer release", hint="upgrade Tilth")
    ids = [noted.id for noted in notes.versions]
    here, known = set(ids), set[str]()
    for id, noted in zip(ids, notes.versions, strict=True):
        if not noted.secret or id in known or not all(is_id(parent) for parent in noted.parents):
            raise Invalid(f"{path} says something that no session says", hint=_HINT)
        if any(parent in here and parent not in known for parent in noted.parents):
            raise Invalid(f"{path} names a version before its parents", hint=_HINT)
        known.add(id)
    return notes


def change_notes(folder: Path, change: Callable[[Notes], Notes]) -> None:
    """Change what a session says of itself; of several processes one after the other."""
    with _alone(folder):
        changed = change(read_notes(folder) if (folder / FILE).exists() else Notes())
        replace_durably(folder / FILE, [msgspec.json.encode(changed)], scratch=folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with translated_os_errors(folder):
        lock = os.open(folder / "session.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


_HINT = "give the folder that Dataset.get_offline_mode_folder() names, or a zip of it"
