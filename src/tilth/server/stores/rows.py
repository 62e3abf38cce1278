"""How values stand in columns: JSON texts for lists and objects."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

__all__ = ["dumped", "dumped_words", "loaded", "marks", "strings"]

T = TypeVar("T")


def dumped(value: Any) -> str:
    """`value` as JSON text."""
    return msgspec.json.encode(value).decode()


def dumped_words(words: Iterable[str]) -> str:
    """Words as the JSON text of a list in which each can be searched for as it is written.

    A line end stands between them. In no word is one, as JSON writes it, so that what is found never reaches over two words.
    """
    return "[" + ",\n".join(dumped(word) for word in words) + "]"


def loaded(text: str, type: type[T]) -> T:
    """The value behind a JSON text."""
    return msgspec.json.decode(text, type=type)


def strings(text: str) -> tuple[str, ...]:
    """The strings behind the JSON text of a list."""
    return msgspec.json.decode(text, type=tuple[str, ...])


def marks(values: Sequence[Any] | Iterable[Any]) -> str:
    """As many parameter marks as there are values, for `IN (...)`; of none, a NULL, which nothing is in."""
    return ", ".join("?" for _ in values) or "NULL"
