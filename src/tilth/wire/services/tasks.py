"""Requests about tasks. Unknown fields are ignored."""

from msgspec import Struct

__all__ = ["OneTask", "SearchTasks"]


class OneTask(Struct):
    """Whatever is to be done with one task."""

    task: str


class SearchTasks(Struct, kw_only=True):
    """Which tasks are wanted, and which page of them."""

    id: list[str] = []
    project: list[str] = []
    name: str | None = None
    type: list[str] = []
    status: list[str] = []
    tags: list[str] = []
    page: int = 0
    page_size: int = 500
