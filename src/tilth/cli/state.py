"""Which dataset the next command means when it names none."""

from pathlib import Path

import msgspec
from msgspec import Struct

from tilth.base.atomic_io import replace_durably
from tilth.base.errors import Invalid

__all__ = ["current_id", "remember_id"]


class _State(Struct):
    id: str | None = None


def current_id(home: Path, id: str | None) -> str:
    """`id`, or else the version that was last made or changed from the command line."""
    if id:
        return id
    try:
        found = msgspec.json.decode(_path(home).read_bytes(), type=_State).id
    except (FileNotFoundError, msgspec.MsgspecError):
        found = None
    if not found:
        raise Invalid("no version was named and none was made before", hint="say --id, or begin one with `tilth data create`")
    return found


def remember_id(home: Path, id: str | None) -> None:
    """Let the next commands mean `id`."""
    replace_durably(_path(home), [msgspec.json.encode(_State(id))], scratch=home)


def _path(home: Path) -> Path:
    return home / "state.json"
