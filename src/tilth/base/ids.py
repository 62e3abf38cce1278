"""How things are named: 32 lower-case hexadecimal digits, random, as ClearML's clients expect."""

import re
import uuid
from typing import NewType

__all__ = ["ProjectId", "TaskId", "VersionId", "is_id", "looks_like_id_prefix", "new_id"]

ProjectId = NewType("ProjectId", str)
TaskId = NewType("TaskId", str)
VersionId = NewType("VersionId", str)
"""A dataset version's id. It is also the id of the version's Task and of the Session that writes it."""

_ID = re.compile(r"[0-9a-f]{32}")
_PREFIX = re.compile(r"[0-9a-f]{4,32}")


def new_id() -> str:
    """A fresh random id."""
    return uuid.uuid4().hex


def is_id(text: str) -> bool:
    """Whether `text` is a whole id."""
    return _ID.fullmatch(text) is not None


def looks_like_id_prefix(text: str) -> bool:
    """Whether `text` may stand for an id: at least four hexadecimal digits."""
    return _PREFIX.fullmatch(text) is not None
