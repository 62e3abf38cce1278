"""How a dataset is made with nobody to ask: in a session, a home of its own within the home, which is imported later.

A version whose parents are in a session goes into that session; all others begin one. What parents hold that are elsewhere is not known
here: the version then holds what it adds to them, and notes what it takes away.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tilth.base.atomic_io import translated_os_errors
from tilth.base.errors import Internal, Invalid, NotFound, VersionNotFound
from tilth.base.ids import VersionId, is_id, new_id
from tilth.domain.version import DatasetVersion
from tilth.sdk import lifecycle, lookup
from tilth.sdk.home import Home
from tilth.sdk.sessions.notes import FILE, Noted, Notes, Removal, change_notes, read_notes

__all__ = ["create", "find", "note_metadata", "note_removal", "parent_of", "refuse_unknown_parents"]

_FOLDER = "offline"


def create(
    home: Home,
    *,
    name: str | None,
    project: str | None,
    parents: Sequence["tuple[VersionId, DatasetVersion | None]"],
    number: str | None,
    tags: Sequence[str],
    description: str | None,
    storage: str | None,
) -> tuple[Home, DatasetVersion]:
    """Begin a version in a session; of parents that are known, name and project are taken if none are said."""
    here = {id: found for id, _ in parents if (found := _session_of(home, id))}
    _refuse_order([id for id, _ in parents], set(here))
    known = next((version for _, version in parents if version), None)
    if not (name or known):
        raise Invalid("the dataset has no name", hint="give one: what the parents are called is not known offline")
    folder = next(iter(here.values()), None) or home.folder / _FOLDER / new_id()
    if any(other != folder for other in here.values()):
        raise Invalid("the parents lie in several sessions", hint="import them first, and name what they became")
    with translated_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    noted = Noted(secret=new_id() + new_id(), parents=tuple(id for id, _ in parents), number=number, storage=storage)
    change_notes(folder, lambda notes: replace(notes, versions=(*notes.versions, noted)))
    session = opened(home, folder)
    version = lifecycle.create(
        session,
        name=name or (known.name if known else None),
        project=project or (known.project if known else None),
        version=number,
        parents=list(here),
        tags=tags,
        description=description,
        id=noted.id,
    )
    return session, version


def find(home: Home, look: Callable[[Home], DatasetVersion]) -> tuple[Home, DatasetVersion]:
    """What `look` finds in one of the sessions in a home, the newest first; `VersionNotFound` if it finds nothing."""
    for folder in _sessions(home):
        session = opened(home, folder)
        with suppress(NotFound):
            return session, look(session)
    raise VersionNotFound(
        "no such version was made offline on this machine", hint="Dataset.set_offline(False) goes back to the home, or to its server"
    )


def parent_of(home: Home, said: Any) -> tuple[VersionId, DatasetVersion | None]:
    """The id of a parent, which may be a dataset or what a person calls one; and what is known of it here."""
    version: DatasetVersion | None = getattr(said, "_version", None)
    if version is not None:
        return lifecycle.require_final(version).id, version
    try:
        _, version = find(home, lambda session: lookup.find(session, said))
    except NotFound:
        if not is_id(said):
            raise Invalid(f"nobody can say offline what {said!r:.100} is", hint="name the parent by its whole id, of 32 digits") from None
        return VersionId(said), None
    return lifecycle.require_final(version).id, version


def opened(home: Home, folder: Path) -> Home:
    """The home that a session is; the same one for as long as this process works in `home`."""
    if home.open_session is None:
        raise Internal("this home opens no sessions", hint="open it with tilth, not from its parts")
    if folder not in home.sessions:
        home.sessions[folder] = home.open_session(folder)
    return home.sessions[folder]


def note_removal(home: Home, version: DatasetVersion, pattern: str, *, recursive: bool = True) -> None:
    """Note, in a session, that files are taken away: also of parents that are not here."""
    _note(home, version, lambda noted: replace(noted, removals=(*noted.removals, Removal(pattern, recursive))))


def note_metadata(home: Home, version: DatasetVersion, name: str) -> None:
    """Note, in a session, that something was attached."""
    _note(home, version, lambda noted: replace(noted, metadata=tuple(dict.fromkeys((*noted.metadata, name)))))


def refuse_unknown_parents(home: Home, version: DatasetVersion, what: str) -> None:
    """Refuse what can't be done without knowing what parents hold that are not here."""
    if home.is_session:
        notes = read_notes(home.folder)
        noted = notes.of(version.id)
        if noted and not notes.is_whole(noted):
            raise Invalid(f"{what} needs to know what the parents hold, which are not here", hint="do it when the session is imported")


def _note(home: Home, version: DatasetVersion, change: Callable[[Noted], Noted]) -> None:
    if home.is_session:
        change_notes(
            home.folder,
            lambda notes: Notes(notes.format, tuple(change(noted) if noted.id == version.id else noted for noted in notes.versions)),
        )


def _refuse_order(parents: Sequence[VersionId], here: set[VersionId]) -> None:
    """Where several parents have a path, the first one's file stands: what is not known here can't come before what is."""
    sides = [parent in here for parent in parents]
    if sides != sorted(sides, reverse=True):
        raise Invalid("parents that are not here come before those that were made offline", hint="name those that were made offline first")


def _session_of(home: Home, id: VersionId) -> Path | None:
    return next((folder for folder in _sessions(home) if read_notes(folder).of(id)), None)


def _sessions(home: Home) -> list[Path]:
    found = [path.parent for path in (home.folder / _FOLDER).glob(f"*/{FILE}")]
    return sorted(found, key=lambda folder: (folder / FILE).stat().st_mtime_ns, reverse=True)
