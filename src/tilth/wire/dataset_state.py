"""How ClearML's clients write down what a version of a dataset holds: one JSON text with a row for each file."""

from typing import Any

import msgspec
from msgspec import Struct

from tilth.base.errors import Corrupt

__all__ = ["DATA", "STATE", "DatasetState", "FileRow", "LinkRow", "data_name", "dump_state", "load_state"]

STATE = "state"
"""The key of the artifact that holds the state."""
DATA = "data"
"""The key of the artifact that holds the first files; `data_001` and so on hold the others."""


class FileRow(Struct, kw_only=True):
    """One file."""

    relative_path: str
    hash: str | None = None
    """SHA-256 of the content, in hexadecimal digits."""
    parent_dataset_id: str | None = None
    """The version that holds the bytes."""
    size: int | None = None
    artifact_name: str | None = None
    """Which archive of that version they are in."""


class LinkRow(Struct, kw_only=True):
    """One file that lies elsewhere."""

    link: str
    relative_path: str
    parent_dataset_id: str | None = None
    size: int | None = None
    hash: str | None = None


class DatasetState(Struct, kw_only=True):
    """What a version holds, and which versions its bytes are in."""

    id: str
    file_count: int = 0
    total_size: int = 0
    dirty: bool = False
    dataset_file_entries: list[FileRow] = []
    dataset_link_entries: list[LinkRow] = []
    dependency_graph: dict[str, list[str] | None] = {}
    dependency_chunk_lookup: dict[str, int] | None = None


def data_name(place: int) -> str:
    """The key of the artifact with the archive at this place."""
    return DATA if place == 0 else f"{DATA}_{place:03d}"


def load_state(data: bytes) -> DatasetState:
    """The state behind a JSON text; `Corrupt` if it is none."""
    try:
        return msgspec.json.decode(data, type=DatasetState)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Corrupt(f"the state of the dataset can't be read: {error}", hint="upload the dataset again") from error


def dump_state(state: Any) -> bytes:
    """A state as JSON text."""
    return msgspec.json.encode(state)
